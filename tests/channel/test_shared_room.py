"""The host's room is everybody's: guests' wishes about it, with real visits through the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

import pytest

from showroom.app import plain_product
from showroom.catalog.products import Catalog
from showroom.catalog.scene import load_scene
from showroom.channel import wishes
from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import (
    Allow,
    Body,
    Command,
    Company,
    Done,
    ErrorUpdate,
    Hello,
    Join,
    Leave,
    Point,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Reply,
    RoomPlan,
    RoomShown,
    Update,
    Utterance,
)
from showroom.visit import Visit
from showroom.visit.visit import interpreter_for

SMALL = ((-2.0, -2.0), (-2.0, 2.0), (2.0, 2.0), (2.0, -2.0))


@cache
def catalog() -> Catalog:
    return Catalog([plain_product("chair"), plain_product("t_shirt")])


@cache
def interpreter():
    return interpreter_for(catalog())


def make_visit() -> Visit:
    return Visit(catalog(), load_scene("store"), interpreter=interpreter())


class Friend:
    """A client that keeps what it was shown, as an engine does."""

    def __init__(self, server: Server) -> None:
        self.client = AsyncClient(server.url, Hello(client="friend/1"))
        self.there: dict[str, ProductShown] = {}
        self.company = Company(room="")
        self.room: RoomShown | None = None
        self.changed: list[ProductChanged] = []
        self._asked = 0

    async def join(self, name: str, room: str = "", **more: str) -> str:
        await self.ask(Join(id=self.key(), room=room, name=name, **more))
        return self.company.room

    async def ask(self, event) -> list[Update]:
        """An event's answers; everything else that comes is taken in, too."""
        answer = await self.client.ask(event, seconds=60.0)
        for update in answer:
            self._take(update)
        await self.look()
        return answer

    async def say(self, text: str, lang: str = "") -> list[Update]:
        return await self.ask(Utterance(id=self.key(), text=text, lang=lang))

    async def do(self, action: str, **more) -> list[Update]:
        return await self.ask(Command(id=self.key(), action=action, **more))

    async def look(self, until: Callable[[], bool] = lambda: True) -> None:
        async with asyncio.timeout(60):
            while True:
                for update in await self.client.poll():
                    self._take(update)
                if until():
                    return
                await asyncio.sleep(0.005)

    def key(self) -> str:
        self._asked += 1
        return f"k{self._asked}"

    def _take(self, update: Update) -> None:
        match update:
            case ProductShown():
                self.there[update.target] = update
            case ProductRemoved():
                self.there.pop(update.target, None)
            case ProductChanged():
                self.changed.append(update)
            case Company():
                self.company = update
            case RoomShown():
                self.room = update


def together(test: Callable[[Friend, Friend], Awaitable[None]], guests: str = "change") -> None:
    """Mia, whose room it is, and Noa, who is her guest and sees it."""
    host = VisitHost.in_process(make_visit)

    async def main() -> None:
        async with open_server(ServerSettings(), host) as server, asyncio.timeout(120):
            mia, noa = Friend(server), Friend(server)
            for friend in (mia, noa):
                await friend.client.open()
                await friend.look(lambda f=friend: "chair" in f.there)
            code = await mia.join("Mia", guests=guests)
            await noa.join("Noa", code)
            await noa.look(lambda: "Mia/chair" in noa.there)
            await test(mia, noa)
            for friend in (mia, noa):
                await friend.client.close()
            assert server.metrics.faults_total == 0

    try:
        asyncio.run(main())
    finally:
        host.stop()


def replies(updates: list[Update]) -> str:
    return " ".join(u.text for u in updates if isinstance(u, Reply))


@pytest.mark.parametrize(
    ("text", "lang", "name"),
    [("make the chair 5 cm wider", "en", "width"), ("椅子加宽五厘米", "zh", "width")],
)
def test_what_a_guest_says_of_the_furniture_changes_the_hosts(text, lang, name):
    async def test(mia: Friend, noa: Friend) -> None:
        answer = await noa.say(text, lang)
        assert isinstance(answer[-1], Done)
        assert ("5 cm" in replies(answer)) or ("5厘米" in replies(answer))
        await mia.look(lambda: bool(mia.changed))
        await noa.look(lambda: bool(noa.changed))
        (own,), (seen,) = mia.changed, noa.changed
        assert (own.target, seen.target) == ("chair", "Mia/chair")
        assert own.glb and own.glb == seen.glb
        (change,) = (c for c in own.changes if c.name == name)
        assert change.new - change.old == pytest.approx(0.05)
        # a second time it goes on from there, so the guest's visit knows what there is now
        await noa.say(text, lang)
        await mia.look(lambda: len(mia.changed) == 2)
        (again,) = (c for c in mia.changed[-1].changes if c.name == name)
        assert again.old == pytest.approx(change.new)

    together(test)


def test_a_guest_points_at_it_and_moves_it_as_they_see_it():
    async def test(mia: Friend, noa: Friend) -> None:
        await noa.client.send(Point(target="Mia/chair"))
        answer = await noa.say("move this 30 cm to the left")
        assert isinstance(answer[-1], Done) and "30 cm" in replies(answer)
        await mia.look(lambda: bool(mia.changed))
        assert {c.name for c in mia.changed[-1].changes} <= {"x", "z"}
        answer = await noa.do("rotate", target="Mia/chair", delta=0.5)
        await mia.look(lambda: len(mia.changed) == 2)
        assert [c.name for c in mia.changed[-1].changes] == ["yaw"]
        await noa.do("undo")
        await mia.look(lambda: len(mia.changed) == 3)
        (change,) = mia.changed[-1].changes
        assert change.new - change.old == pytest.approx(-0.5)
        # what the host has changed since is not the guest's to take back
        await mia.do("rotate", target="chair", delta=0.25)
        answer = await noa.do("undo")
        assert (answer[-1].code, answer[-1].field) == ("refused", "action")
        assert "since" in replies(answer)
        await mia.do("undo")
        answer = await noa.do("undo")
        assert isinstance(answer[-1], Done)

    together(test)


@pytest.mark.parametrize(("guests", "moves"), [("look", False), ("move", True)])
def test_a_host_says_what_guests_may_do(guests, moves):
    async def test(mia: Friend, noa: Friend) -> None:
        assert noa.company.may == guests and mia.company.may == "change"
        assert {c.name: c.may for c in noa.company.companions} == {"Mia": "change", "Noa": guests}
        answer = await noa.do("rotate", target="Mia/chair", delta=0.5)
        assert isinstance(answer[-1], Done) is moves
        answer = await noa.do("scale", target="Mia/chair", factor=1.1)
        assert (answer[-1].code, answer[-1].field) == ("refused", "action")
        assert "Mia" in replies(answer)
        answer = await noa.say("椅子加宽五厘米", "zh")
        assert isinstance(answer[-1], Done) and "Mia" in replies(answer)
        answer = await noa.do("place", target="Mia/chair", at=(1.0, 1.0, 0.0), factor=1.1)
        assert answer[-1].code == "refused"
        await mia.look(lambda: len(mia.changed) >= moves)
        assert len(mia.changed) == moves
        answer = await noa.ask(Allow(id="a", guests="change"))
        assert (answer[-1].code, answer[-1].field) == ("refused", "type")
        answer = await mia.ask(Allow(id="a", guests="change", who="Tom"))
        assert (answer[-1].field, answer[-1].expected) == ("who", "Noa")
        await mia.ask(Allow(id="b", guests="change", who="Noa"))
        await noa.look(lambda: noa.company.may == "change")
        assert {c.may for c in noa.company.companions} == {"change"}
        assert isinstance((await noa.do("scale", target="Mia/chair", factor=1.1))[-1], Done)

    together(test, guests)


def test_what_one_wears_is_ones_own():
    async def test(mia: Friend, noa: Friend) -> None:
        for friend in (mia, noa):
            await friend.ask(Body(id="b", height=1.7))
        await noa.say("try on the t-shirt")
        answer = await noa.say("make the sleeves 3 cm longer")
        assert any(isinstance(u, ProductChanged) and u.target == "t_shirt" for u in answer)
        assert not mia.changed
        assert not noa.there["Mia/t_shirt"].worn  # hers still hangs there
        await noa.do("take_off")
        await mia.do("try_on", target="t_shirt")
        await noa.look(lambda: noa.there["Mia/t_shirt"].worn)
        answer = await noa.do("set_color", target="Mia/t_shirt", color="red")
        assert answer[-1].code in ("no_such_product", "refused")
        await mia.do("take_off")
        await noa.look(lambda: "Mia/t_shirt" in noa.there and not noa.there["Mia/t_shirt"].worn)
        answer = await noa.do("set_color", target="Mia/t_shirt", color="red")
        assert isinstance(answer[-1], Done)
        await mia.look(lambda: any(c.color == "red" for c in mia.changed))

    together(test)


def test_a_sentence_of_several_wishes_ends_once_and_one_without_an_id_is_done_too():
    async def test(mia: Friend, noa: Friend) -> None:
        answer = await noa.say("make the chair 5 cm wider and move it 20 cm to the right")
        assert [type(u) for u in answer].count(Done) == 1
        assert "5 cm" in replies(answer) and "20 cm" in replies(answer)
        await mia.look(lambda: len(mia.changed) == 2)
        await noa.client.send(Command(action="rotate", target="Mia/chair", delta=0.5))
        await mia.look(lambda: len(mia.changed) == 3)
        answer = await noa.do("move", target="Mia/chair", direction="left", delta=50.0)
        assert (answer[-1].code, answer[-1].field) == ("no_room", "delta")

    together(test)


def test_a_guest_brings_and_removes_and_the_next_host_keeps_the_room_as_it_was():
    async def test(mia: Friend, noa: Friend) -> None:
        home = noa.there["chair"].transform
        answer = await noa.do("take_off", target="Mia/chair")
        assert isinstance(answer[-1], Done)
        await mia.look(lambda: "chair" not in mia.there)
        await noa.look(lambda: "Mia/chair" not in noa.there)
        await noa.say("show me a chair")
        await mia.look(lambda: "chair" in mia.there)
        await noa.look(lambda: "Mia/chair" in noa.there)
        await noa.do("rotate", target="Mia/chair", delta=0.7)
        await noa.look(lambda: bool(noa.changed))
        now = noa.changed[-1].transform
        assert now != home
        await mia.ask(Leave(id="l"))
        await noa.look(lambda: noa.company.host == "Noa" and "Mia/chair" not in noa.there)
        await noa.look(lambda: noa.there["chair"].transform == now)
        answer = await noa.do("rotate", target="chair", delta=0.1)  # now it is hers
        assert any(isinstance(u, ProductChanged) and u.target == "chair" for u in answer)

    together(test)


def test_who_leaves_has_their_own_room_again():
    async def test(mia: Friend, noa: Friend) -> None:
        home = noa.there["chair"].transform
        await noa.do("rotate", target="Mia/chair", delta=0.7)
        answer = await noa.ask(RoomPlan(id="r", outline=SMALL))
        assert (answer[-1].code, answer[-1].field) == ("refused", "type")
        await mia.ask(RoomPlan(id="r", outline=SMALL))
        await noa.look(lambda: noa.room.scene == "")
        assert noa.room.outline == SMALL
        del noa.there["chair"]
        await noa.ask(Leave(id="l"))
        await noa.look(lambda: "chair" in noa.there)
        assert noa.there["chair"].transform == home
        assert noa.room.scene == "store"
        assert not any("/" in target for target in noa.there)

    together(test)


def test_a_host_who_does_not_answer_loses_no_guests_event(monkeypatch):
    monkeypatch.setattr(wishes, "PATIENCE_SECONDS", 0.2)

    async def test(mia: Friend, noa: Friend) -> None:
        monkeypatch.setattr("showroom.visit.visit.grant", lambda *_: [])
        answer = await noa.do("rotate", target="Mia/chair", delta=0.5)
        assert (answer[-1].code, answer[-1].field) == ("not_ready", "target")
        assert "reached" in replies(answer)
        monkeypatch.setattr(wishes, "PATIENCE_SECONDS", 30.0)
        await noa.client.send(Command(id="late", action="rotate", target="Mia/chair", delta=0.5))
        await mia.client.close()
        seen: list[Update] = []
        while not any(isinstance(u, ErrorUpdate) and u.ref == "late" for u in seen):
            seen += await noa.client.poll()
            await asyncio.sleep(0.005)

    together(test)


def test_a_visit_that_moves_to_another_process_stays_guest_or_host():
    mia, noa = make_visit(), make_visit()
    from showroom.protocol.messages import Part, SharedRoom, Wish

    (room,) = (u for u in mia.handle(Part(role="host")) if isinstance(u, SharedRoom))
    noa.handle(Part(role="guest", host="Mia", may="change", room=room))
    (wish,) = (
        u
        for u in noa.handle(Command(id="r", action="rotate", target="chair", delta=0.5))
        if isinstance(u, Wish)
    )
    again, host = make_visit(), make_visit()
    again.restore(noa.snapshot())
    host.restore(mia.snapshot())
    *told, granted, shared = host.handle(wish)
    assert any(isinstance(u, ProductChanged) for u in told)
    assert isinstance(shared, SharedRoom)
    said = again.handle(granted)
    assert isinstance(said[-1], Done) and said[-1].ref == "r"
