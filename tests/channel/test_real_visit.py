"""A real visit of a real product over a real socket, in this process and in its own."""

from __future__ import annotations

import pytest

from reconstruction.families import get_family
from reconstruction.family import complete
from reconstruction.gltf.read import read_glb
from reconstruction.product import Estimate, Material, Product
from showroom.catalog.products import Catalog
from showroom.channel.client import Client
from showroom.channel.host import VisitHost
from showroom.channel.pool import VisitPool
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import (
    Command,
    Done,
    ErrorUpdate,
    Heard,
    Hello,
    ProductChanged,
    ProductShown,
    Reply,
    Utterance,
    WitEntity,
    WitResponse,
)
from showroom.visit import Visit


def visit_with_a_chair() -> Visit:
    family = get_family("chair")
    values, choices = complete(family, {}, {})
    mesh = family.build(values, choices)
    chair = Product(
        id="chair-1",
        name={"en": "oak chair", "zh": "橡木椅"},
        family=family,
        values={name: Estimate(v, v, v, 1.0, "photo") for name, v in values.items()},
        choices=choices,
        mesh=mesh,
        materials={slot: Material() for slot in set(mesh.part_material)},
    )
    return Visit(Catalog([chair]))


@pytest.mark.parametrize(
    ("encoding", "host_of"), [("json", VisitHost.in_process), ("msgpack", VisitPool)]
)
def test_a_sentence_changes_the_chair(encoding, host_of):
    host = host_of(visit_with_a_chair)
    with (
        ServerThread(ServerSettings(), host) as server,
        Client(server.url, Hello(client="test/1", lang="zh"), encoding=encoding) as client,
    ):
        said = client.ask(Utterance(id="u1", text="椅子加宽五厘米"), seconds=120.0)
        assert isinstance(said[-1], Done)
        (changed,) = (u for u in said if isinstance(u, ProductChanged))
        width = next(c for c in changed.changes if c.name == "width")
        assert (width.unit, round(width.new - width.old, 6)) == ("m", 0.05)
        (reply,) = (u for u in said if isinstance(u, Reply))
        assert reply.lang == "zh"
        assert "5厘米" in reply.text
        shown = next(u for u in client.poll() if isinstance(u, ProductShown))
        before, after = (read_glb(client.asset(glb)) for glb in (shown.glb, changed.glb))
        assert after.mesh.size[0] - before.mesh.size[0] == pytest.approx(0.05, abs=0.005)
        refused = client.ask(Command(action="set_size", size="M", id="c1"))
        assert isinstance(refused[-1], ErrorUpdate)
        assert refused[-1].ref == "c1"
    host.stop()


def test_a_response_of_wit_ai_is_understood_once_it_is_final():
    said = "make the chair wider by tree centimetros"
    entity = WitEntity(
        name="wit$distance", body="tree centimetros", value=3.0, unit="centimeter", confidence=0.9
    )
    wit = WitResponse(text=said, entities={"wit$distance:by": (entity,)}, is_final=False)
    with (
        ServerThread(ServerSettings(), VisitHost.in_process(visit_with_a_chair)) as server,
        Client(server.url, Hello(client="test/1")) as client,
    ):
        assert "wit" in client.welcome.capabilities
        (heard, done) = client.ask(Utterance(id="u1", text="", wit=wit), seconds=120.0)
        assert isinstance(heard, Heard)
        assert (heard.text, heard.is_final) == (said, False)
        assert isinstance(done, Done)
        wit.is_final = True
        told = client.ask(Utterance(id="u2", text="", wit=wit), seconds=120.0)
        (changed,) = (u for u in told if isinstance(u, ProductChanged))
        width = next(c for c in changed.changes if c.name == "width")
        assert round(width.new - width.old, 6) == 0.03


def broken_visit() -> Visit:
    raise FileNotFoundError("no products")


def test_a_visit_that_cannot_be_made_is_said_to_the_client():
    host = VisitHost.in_process(broken_visit)
    with ServerThread(ServerSettings(), host) as server, Client(server.url) as client:
        answer = client.ask(Utterance(id="u1", text="hello"))
        assert [(u.code, u.ref) for u in answer] == [("internal", "u1")]
    host.stop()
