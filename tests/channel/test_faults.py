"""What goes wrong around a visit, through the socket: disks, clocks, lines; and what logs hold."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import math
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from channel_toys import HEAD, make_toy
from PIL import Image
from rfc6455 import PING, TEXT, frame, raw

from showroom.app import make_visit
from showroom.channel import server as server_module
from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.photos import work_on_photo
from showroom.channel.pool import VisitPool
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.channel.tokens import TokenKey
from showroom.protocol.codec import encode_update
from showroom.protocol.messages import (
    AvatarPose,
    Body,
    Clock,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    Pose,
    Utterance,
)

MARK = "showroom-own-full-"


def serving(
    test: Callable[[Server], Awaitable[None]],
    host: VisitHost | VisitPool | None = None,
    settings: ServerSettings | None = None,
    work=None,
) -> None:
    host = host or VisitHost.in_process(make_toy)

    async def main() -> None:
        async with (
            open_server(settings or ServerSettings(), host, work=work) as server,
            asyncio.timeout(120),
        ):
            await test(server)
            assert server.metrics.faults_total == 0

    try:
        asyncio.run(main())
    finally:
        host.stop()


def work_on_a_full_disk(data, wishes, step):
    """As ever, but the disk is full after the first file."""
    from types import SimpleNamespace

    import reconstruction.pipeline as pipeline
    import reconstruction.product_io as product_io
    from showroom.channel import photos

    def save(product, folder: Path) -> None:
        folder.mkdir()
        (folder / "half.glb").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    place = tempfile.mkdtemp
    photos.tempfile.mkdtemp = lambda prefix: place(prefix=MARK)
    product_io.save_product = save
    pipeline.reconstruct = lambda photo, progress: SimpleNamespace(product=SimpleNamespace(id="x"))
    return work_on_photo(data, wishes, step)


def test_a_full_disk_refuses_an_upload_by_name_and_leaves_nothing_half_written():
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(picture, "PNG")

    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            for key in ("u1", "u2"):  # the second finds the studio as it was
                answer = await client.upload(picture.getvalue(), id=key)
                assert (answer[-1].code, answer[-1].field) == ("busy", "photo")
                assert "disk" in answer[-1].expected
            assert (await client.ask(Utterance(id="u", text="on")))[0].text == "1: on"
            assert not any(session.folders for session in server.sessions)

    serving(test, work=work_on_a_full_disk)
    left = list(Path(tempfile.gettempdir()).glob(f"{MARK}*"))
    for folder in left:
        shutil.rmtree(folder)
    assert left == []


def test_a_line_that_is_half_open_is_noticed_and_its_visit_held(monkeypatch):
    monkeypatch.setattr(server_module, "KEEPALIVE_SECONDS", 0.3)

    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as other, raw(server) as silent:
            assert await silent.wait_for(TEXT) is not None
            assert await silent.wait_for(PING) is not None  # and it is not answered
            async with asyncio.timeout(20):
                while all(session.attached for session in server.sessions):
                    await asyncio.sleep(0.02)
            held = [session for session in server.sessions if not session.attached]
            assert len(held) == 1 and held[0].expires > 0.0
            await other.ask(Utterance(id="u", text="x"))
            assert other.resumed == 0, "who answers stays"

    serving(test)


def test_pings_that_stand_unanswered_behind_a_full_socket_cost_nobody_else(monkeypatch):
    monkeypatch.setattr(server_module, "KEEPALIVE_SECONDS", 0.5)

    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as other, raw(server) as deaf:
            flood = b'{"type": "command", "action": "help", "option": "flood"}'
            deaf.writer.write(frame(TEXT, flood) * 40)
            for number in range(20):
                await other.ask(Utterance(id=f"u{number}", text="x"))
                await asyncio.sleep(0.05)
            assert other.resumed == 0

    serving(test)


def test_clocks_that_jump_move_nothing_out_of_the_world():
    def visit():
        return make_visit(None, "store")

    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            await client.ask(Body(id="b", height=1.7), seconds=60.0)
            await client.ask(Command(id="t", action="try_on", target="tshirt"), seconds=60.0)
            times = [1.0, 1.01, 1e9, 1e9 + 0.01, 0.0, 0.0, 5.0, 4.9, 1e12, 3.0, 3.01, 3.02]
            seen: list = []
            for number, moment in enumerate(times, 1):
                await client.send(Pose(time=moment, head=HEAD, seq=number))
                while not any(
                    (isinstance(u, AvatarPose) and u.seq == number)
                    or (isinstance(u, ErrorUpdate) and u.ref == f"pose/{number}")
                    for u in seen
                ):
                    seen += await client.poll()
                    await asyncio.sleep(0.005)
            poses = [u for u in seen if isinstance(u, AvatarPose)]
            assert len(poses) >= len(times) - 2
            for pose in poses:
                assert math.dist(pose.root, (0.0, 0.95, 0.0)) < 0.5
            meshes = [u for u in seen if isinstance(u, MeshFrame)]
            assert meshes
            for mesh in meshes:
                points = np.frombuffer(mesh.positions, "<f4")
                assert np.isfinite(points).all() and np.abs(points).max() < 3.0
            await client.send(Clock(time=0.5))  # goes back: refused, and nothing happens
            answer = await client.ask(Utterance(id="u", text="make the sleeves 3 cm longer"))
            assert isinstance(answer[-1], Done)

    serving(test, VisitHost.in_process(visit))


def test_a_client_ignores_updates_of_types_that_it_does_not_know(monkeypatch):
    from showroom.channel import connection as connections
    from showroom.protocol.codec import Frame

    def encode(update, encoding, **more) -> Frame:
        made = encode_update(update, encoding, **more)
        if made.text and b'"reply"' in made.data:
            return Frame(made.data.replace(b'"reply"', b'"telepathy"'), True)
        return made

    monkeypatch.setattr(connections, "encode_update", encode)

    async def test(server: Server) -> None:
        async with AsyncClient(server.url, encoding="json") as client:
            answer = await client.ask(Utterance(id="u", text="x"))
            assert [type(u) for u in answer] == [Done]
            assert client.resumed == 0

    serving(test)


SECRETS = ("0.7391", "1.7123", "purple elephants", "0.4321987", "hush-hush-token")


def test_logs_of_a_whole_session_hold_no_token_measure_word_or_pose(tmp_path, caplog, capfd):
    key = TokenKey.make(tmp_path / "key", "HS256")
    token = key.issue("visitor", minutes=5.0)

    async def test(server: Server) -> None:
        hello = Hello(token=token, client="private/1")
        secrets = [token]
        async with AsyncClient(server.url, hello) as client:
            secrets.append(client.welcome.resume)
            secrets.append(client.welcome.watch)
            await client.ask(Body(id="b", height=1.7123, tape={"waist": 0.7391}))
            await client.ask(Utterance(id="u", text="purple elephants"))
            head = (0.4321987, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
            await client.send(Pose(time=1.0, head=head, seq=1))
            await client.ask(Command(id="x", action="help", option="crash"))
            await client.ask(Command(id="d", action="help", option="die"))
            client._ws.transport.abort()
            await client.ask(Utterance(id="v", text="purple elephants"))
            secrets.append(client.welcome.resume)
        for wrong in ("hush-hush-token", token[:-2] + "xx"):
            with pytest.raises(Exception) as caught:
                await AsyncClient(server.url, Hello(token=wrong)).open()
            assert wrong not in str(caught.value)
        async with raw(server, greet=False) as connection:
            connection.writer.write(frame(TEXT, b'{"type": "body", "tape": {"waist": "0.7391"}}'))
            connection.writer.write(frame(TEXT, b"purple elephants"))
            await connection.wait_for(TEXT)
        said.extend(secrets)

    said: list[str] = list(SECRETS)
    with caplog.at_level(logging.DEBUG):
        serving(test, VisitPool(make_toy), ServerSettings(token_key=key))
    out, err = capfd.readouterr()
    written = out + err + caplog.text
    assert "ZeroDivisionError" in written, "the faults themselves are told"
    for secret in said:
        assert secret and secret not in written
