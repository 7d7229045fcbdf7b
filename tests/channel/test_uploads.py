"""Photos over the socket: in chunks, over breaks, checked, worked on elsewhere, forgotten."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from channel_toys import ToyVisit

from showroom.app import plain_product
from showroom.catalog.products import Catalog
from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.channel.studio import Worked
from showroom.channel.uploads import Uploads
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    Body,
    Cancel,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    ProductShown,
    Progress,
    Reply,
    Supplied,
    Upload,
    UploadChunk,
)
from showroom.visit import Visit

PHOTO = b"\xff\xd8\xff" + os.urandom(300_000)
"""What begins as a JPEG does."""


def work(data, wishes, step):
    """Says how far it is, and what it got; as told by the photo's last byte."""
    step(0.5, "half")
    if data[-1] == 1:
        os._exit(4)
    if data[-1] == 2:
        time.sleep(30)
    if data[-1] == 3:
        return Worked("error", text="nothing there", error=("no_product", "photo", "one", "none"))
    if wishes["what"] == "body":
        return Worked("body", body={"waist": 0.7})
    folder = Path(tempfile.mkdtemp()) / f"got-{len(data)}-{zlib.crc32(data)}"
    folder.mkdir()
    return Worked("folder", text=str(folder))


class Taking(ToyVisit):
    def handle(self, event):
        if isinstance(event, Supplied):
            there = Path(event.folder).is_dir()
            name = Path(event.folder).name if there else "gone"
            return [Reply(text=name, lang="en", ref=event.ref), Done(ref=event.ref)]
        if isinstance(event, Body):
            said = f"{event.height} {event.tape}"
            return [Reply(text=said, lang="en", ref=event.id), Done(ref=event.id)]
        return super().handle(event)


def serving(test: Callable[[Server], Awaitable[None]], *, works: bool = True) -> None:
    host = VisitHost.in_process(Taking)

    async def main() -> None:
        settings = ServerSettings(messages_per_second=1e6)
        async with open_server(settings, host, work=work if works else None) as server:
            async with asyncio.timeout(60):
                await test(server)

    try:
        asyncio.run(main())
    finally:
        host.stop()


def photo(last: int = 0) -> bytes:
    return PHOTO + bytes((last,))


def test_a_photo_arrives_whole_over_breaks_and_its_product_in_the_visit():
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            assert "upload" in client.welcome.capabilities
            task = asyncio.create_task(client.upload(photo(), id="p1"))
            for _ in range(3):
                await asyncio.sleep(0.02)
                client._ws.transport.abort()
            answer = await task
            assert isinstance(answer[-1], Done)
            assert any(isinstance(u, Progress) and u.task == "reconstruct" for u in answer)
            (said,) = (u for u in answer if isinstance(u, Reply))
            assert said.text == f"got-{len(photo())}-{zlib.crc32(photo())}"
            (session,) = server.sessions
            (folder,) = session.folders
            assert Path(folder).is_dir()
        for _ in range(200):
            if not Path(folder).parent.exists():
                break
            await asyncio.sleep(0.01)
        assert not Path(folder).parent.exists()

    serving(test)


def test_a_body_needs_consent_and_gives_measures(caplog):
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            answer = await client.upload(photo(), id="b1", what="body", height=1.7)
            assert [(u.code, u.field) for u in answer] == [("consent", "consent")]
            answer = await client.upload(photo(), id="b2", what="body", consent=True)
            assert [(u.code, u.field) for u in answer] == [("invalid", "height")]
            answer = await client.upload(photo(), id="b3", what="body", consent=True, height=1.7)
            (said,) = (u for u in answer if isinstance(u, Reply))
            assert said.text == "1.7 {'waist': 0.7}"
            assert not next(iter(server.sessions)).folders

    with caplog.at_level(logging.DEBUG, "showroom.channel"):
        serving(test)
    assert "1.7" not in caplog.text


def test_work_that_dies_fails_or_is_cancelled_ends_in_one_typed_error():
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            dead = await client.upload(photo(1), id="dead")
            assert dead[-1].code == "internal"
            none = await client.upload(photo(3), id="none")
            assert (none[-1].code, none[-1].field) == ("no_product", "photo")
            long = asyncio.create_task(client.upload(photo(2), id="long"))
            while not any(isinstance(u, Progress) and u.ref == "long" for u in await client.poll()):
                await asyncio.sleep(0.02)
            began = time.monotonic()
            await client.send(Cancel(ref="long"))
            assert (await long)[-1].code == "cancelled"
            good = await client.upload(photo(), id="good")
            assert isinstance(good[-1], Done)
            assert time.monotonic() - began < 20.0
            assert server.metrics.faults_total == 0

    serving(test)


def test_a_server_without_a_studio_says_so():
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            assert "upload" not in client.welcome.capabilities
            assert (await client.upload(photo(), id="p"))[-1].code == "not_ready"

    serving(test, works=False)


def announced(data: bytes, **changes) -> Upload:
    fields = {"id": "u", "size": len(data), "hash": hashlib.sha256(data).hexdigest()}
    return Upload(**fields | changes)


def chunk(data: bytes, offset: int, size: int = 100_000, **changes) -> UploadChunk:
    part = data[offset : offset + size]
    fields = {"upload": "u", "offset": offset, "data": part, "crc": zlib.crc32(part)}
    return UploadChunk(**fields | changes)


def code_of(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ProtocolError) as caught:
        call()
    return caught.value.code, caught.value.field


def test_damaged_reordered_and_lying_chunks_are_refused_and_the_upload_goes_on():
    data, uploads = photo(), Uploads()
    assert uploads.begin("v", announced(data)) == 0
    assert code_of(lambda: uploads.take("v", chunk(data, 0, crc=7))) == ("upload", "crc")
    uploads.take("v", chunk(data, 0))
    assert uploads.take("v", chunk(data, 0)) is None  # it had arrived
    assert code_of(lambda: uploads.take("v", chunk(data, 200_000))) == ("upload", "offset")
    assert code_of(lambda: uploads.take("v", chunk(data, 0, upload="x"))) == ("upload", "upload")
    assert code_of(lambda: uploads.take("w", chunk(data, 0))) == ("upload", "upload")
    assert uploads.begin("v", announced(data)) == 100_000
    assert code_of(lambda: uploads.begin("v", announced(data, id="z"))) == ("busy", "id")
    for offset in (100_000, 200_000, 300_000):
        arriving = uploads.take("v", chunk(data, offset))
    assert arriving.complete and bytes(arriving.data) == data


@pytest.mark.parametrize(
    ("data", "changes", "code"),
    [
        (photo(), {"hash": "0" * 64}, "hash"),
        (photo(), {"size": 1000}, "too_large"),
        (b"PK\x03\x04" + bytes(50_000), {}, "hash"),
        (b"<svg onload=alert(1)>" + bytes(500), {}, "hash"),
    ],
)
def test_what_is_not_what_was_announced_is_forgotten(data, changes, code):
    uploads = Uploads()
    uploads.begin("v", announced(data, **changes))

    def send() -> None:
        for offset in range(0, len(data), 100_000):
            uploads.take("v", chunk(data, offset))

    assert code_of(send)[0] == code
    assert not uploads.forget("v")


def test_all_uploads_together_have_their_limit():
    uploads = Uploads()
    size = 16 * 1024 * 1024
    for number in range(8):
        uploads.begin(f"v{number}", announced(b"x", size=size))
    assert code_of(lambda: uploads.begin("more", announced(b"x", size=size)))[0] == "busy"
    uploads.forget("v3")
    uploads.begin("more", announced(b"x", size=size))


def test_a_product_of_ones_own_is_shown_refitted_and_goes_on_elsewhere(tmp_path):
    from reconstruction.product_io import save_product

    folder = save_product(plain_product("chair"), tmp_path / "chair")
    shop = Catalog([plain_product("chair")])
    visit = Visit(shop)
    visit.handle(Hello())
    updates = visit.handle(Supplied(ref="p", folder=str(folder)))
    assert updates[-1] == Done(ref="p")
    shown = next(u for u in updates if isinstance(u, ProductShown))
    assert shown.target == "chair-2" and "chair-2" not in shop
    done = visit.handle(Command(id="s", action="scale", target="chair-2", factor=1.05))
    assert done[-1] == Done(ref="s")
    other = Visit(shop)
    again = other.restore(visit.snapshot())
    assert "chair-2" in {u.target for u in again if isinstance(u, ProductShown)}
    broken = visit.handle(Supplied(ref="q", folder=str(tmp_path / "nothing")))
    assert [type(u) for u in broken] == [ErrorUpdate]
