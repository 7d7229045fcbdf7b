from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from channel_toys import GLB, HASH, make_toy
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from showroom.channel.async_client import AsyncClient
from showroom.channel.client import Client
from showroom.channel.host import VisitHost
from showroom.channel.run import ServerThread
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.protocol.codec import decode_update, encode_event
from showroom.protocol.messages import (
    Ack,
    AvatarPose,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    Pose,
    ProductRemoved,
    Reply,
    RoomShown,
    Update,
    Utterance,
    Welcome,
)

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
DOCS = Path(__file__).parents[2] / "docs"


def serving(
    test: Callable[[Server], Awaitable[None]],
    settings: ServerSettings | None = None,
    host: VisitHost | None = None,
) -> None:
    """Run an async test against a real server on a free port."""
    host = host or VisitHost.in_process(make_toy)

    async def main() -> None:
        async with open_server(settings or ServerSettings(), host) as server:
            async with asyncio.timeout(30):
                await test(server)

    try:
        asyncio.run(main())
    finally:
        host.stop()


def dial(server: Server, **options):
    options = {"subprotocols": ["showroom.v1"], "compression": None, "proxy": None} | options
    return connect(server.url, **options)


async def next_of(ws, kind: type[Update]) -> Update:
    while True:
        update = decode_update(await ws.recv())
        if isinstance(update, kind):
            return update


async def greet(ws, **fields) -> Welcome:
    await ws.send(encode_event(Hello(**fields)).data.decode())
    return await next_of(ws, Welcome)


async def alive(ws) -> None:
    key = f"alive-{time.monotonic_ns()}"
    await ws.send(json.dumps({"type": "utterance", "id": key, "text": "still there?"}))
    while True:
        reply = await next_of(ws, Reply)
        if reply.ref == key:
            return


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_a_visit_from_hello_to_goodbye(encoding):
    async def test(server: Server) -> None:
        async with AsyncClient(server.url, encoding=encoding) as client:
            assert client.welcome.visit
            answer = await client.ask(Utterance(id="u1", text="你好", lang="zh"))
            assert [type(u) for u in answer] == [Reply, Done]
            assert answer[0].text == "1: 你好"
            assert isinstance((await client.poll())[0], RoomShown)
            assert server.visits == 1
        for _ in range(100):
            if server.visits == 0:
                break
            await asyncio.sleep(0.01)
        assert server.visits == 0
        assert server.assets.get(HASH) is None

    serving(test)


def test_the_plain_client_works_from_a_thread():
    with (
        ServerThread(ServerSettings(), host := VisitHost.in_process(make_toy)) as server,
        Client(server.url) as client,
    ):
        assert client.ask(Utterance(id="u", text="hi"))[0].text == "1: hi"
        assert client.asset(HASH) == GLB
        assert abs(client.clock_offset()) < 1.0
        poses = [Pose(time=i / 90, head=HEAD, seq=i) for i in range(10)]
        assert client.replay(poses, speed=2.0) == 10
        client.ask(Utterance(id="u2", text="done"))
        kinds = {type(u) for u in client.poll()}
        assert {AvatarPose, MeshFrame} <= kinds
    host.stop()


BAD_TEXT = [
    ("{", "malformed", ""),
    ("x" * 70_000, "too_large", ""),
    ('{"type":"dance","id":"d"}', "unknown_type", "d"),
    ('{"type":"pose","seq":1,"time":1,"head":[0,0,0,0,0,0,9]}', "out_of_range", "pose/1"),
    ('{"type":"pose","seq":1,"time":1,"head":[0,0,0,0,0,0,0]}', "not_unit", "pose/1"),
    ('{"type":"hello","id":"again"}', "hello_twice", "again"),
    ('{"type":"received","upto":4000}', "out_of_order", ""),
    ('{"type":"body","height":1.7,"id":"b"}', "parameter", "b"),
]


@pytest.mark.parametrize(("text", "code", "ref"), BAD_TEXT, ids=lambda v: str(v)[:20])
def test_a_bad_message_gets_a_typed_error_and_the_visit_lives_on(text, code, ref):
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            await ws.send(text)
            error = await next_of(ws, ErrorUpdate)
            assert (error.code, error.ref) == (code, ref)
            assert error.message
            await alive(ws)

    serving(test)


def test_bad_bytes_get_a_typed_error_and_the_visit_lives_on():
    frame = bytearray(encode_event(Pose(time=1.0, head=HEAD)).data)
    struct.pack_into("<d", frame, 8, float("nan"))
    nan_pose = msgspec.msgpack.encode(
        {"type": "pose", "time": 1.0, "head": [float("nan"), 0, 0, 0, 0, 0, 1]}
    )
    cases = [
        (bytes(frame), "out_of_range"),
        (nan_pose, "out_of_range"),
        (b"\xc1\x01cut", "malformed"),
        (b"\xd9", "malformed"),
    ]

    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            for data, code in cases:
                await ws.send(data)
                assert (await next_of(ws, ErrorUpdate)).code == code
            await alive(ws)

    serving(test)


def test_what_comes_before_hello_is_refused_and_hello_may_follow():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await ws.send('{"type":"ping","time":1}')
            assert (await next_of(ws, ErrorUpdate)).code == "hello_first"
            await ws.send('{"type":"hello","version":7}')
            assert (await next_of(ws, ErrorUpdate)).code == "version"
            await ws.send('{"type":"hello","resume":"forged"}')
            assert (await next_of(ws, ErrorUpdate)).code == "resume"
            await greet(ws)
            await alive(ws)

    serving(test)


@pytest.mark.parametrize("offered", [None, ["chat"]])
def test_a_wrong_subprotocol_is_told_which_is_right(offered):
    async def test(server: Server) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with dial(server, subprotocols=offered):
                pass
        assert caught.value.response.status_code == 400
        body = json.loads(caught.value.response.body)
        assert (body["code"], body["expected"]) == ("version", "showroom.v1")

    serving(test)


def test_a_foreign_page_is_kept_out():
    async def test(server: Server) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with dial(server, origin="https://evil.example"):
                pass
        assert caught.value.response.status_code == 403
        async with dial(server, origin="http://localhost:8080") as ws:
            await greet(ws)

    serving(test)


def test_a_fault_of_ours_says_so_and_leaks_nothing(caplog):
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            await ws.send('{"type":"command","action":"help","id":"c","option":"crash"}')
            error = await next_of(ws, ErrorUpdate)
            assert (error.code, error.ref) == ("internal", "c")
            assert "waist" not in msgspec.json.encode(error).decode()
            await alive(ws)

    serving(test)
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_a_client_that_vanishes_mid_message_costs_the_others_nothing():
    async def test(server: Server) -> None:
        async with dial(server) as other:
            await greet(other)
            for cut in range(1, 40, 6):
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(
                    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Protocol: showroom.v1\r\n\r\n"
                )
                await reader.readuntil(b"\r\n\r\n")
                masked = b"\x81\xa2\0\0\0\0" + b'{"type":"hello","client":"gone/1"}'
                writer.write(masked + (b"\x82\xbf\0\0\0\0" + bytes(63))[:cut])
                await writer.drain()
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            await alive(other)
            assert server.metrics.faults_total == 0

    serving(test)


def test_a_broken_connection_resumes_and_nothing_reliable_is_lost_or_doubled():
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            seen: list[Update] = []
            for number in range(20):
                client._ws.transport.abort()
                answer = await client.ask(Command(action="help", id=f"f{number}", option="flood"))
                seen += answer
            assert client.resumed >= 10
            targets = [u.target for u in seen if isinstance(u, ProductRemoved)]
            assert targets == [str(i) for i in range(100)] * 20
            numbers = [u.n for u in seen if u.n]
            assert numbers == sorted(set(numbers))
            assert server.metrics.visits_total == 1

    serving(test)


def test_a_command_that_is_sent_again_after_a_break_is_done_once():
    text = '{"type":"utterance","id":"u1","text":"once"}'

    async def test(server: Server) -> None:
        async with dial(server) as ws:
            welcome = await greet(ws)
            await ws.send(text)
            assert (await next_of(ws, Reply)).text == "1: once"
            await ws.send(text)
            assert (await next_of(ws, ErrorUpdate)).code == "duplicate"
        async with dial(server) as ws:
            await greet(ws, resume=welcome.resume, have=3)
            await ws.send(text)
            await ws.send('{"type":"utterance","id":"u2","text":"next"}')
            assert (await next_of(ws, Reply)).text == "2: next"

    serving(test)


def test_a_token_resumes_once_and_a_spent_one_never():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            first = await greet(ws)
            await alive(ws)
            ws.transport.abort()
        async with dial(server) as ws:
            again = await greet(ws, resume=first.resume, have=2)
            assert again.resumed
            assert again.visit == first.visit
            await alive(ws)
        async with dial(server) as ws:
            await ws.send(json.dumps({"type": "hello", "resume": first.resume}))
            assert (await next_of(ws, ErrorUpdate)).code == "resume"

    serving(test)


def test_a_client_that_lost_everything_is_shown_everything():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            first = await greet(ws)
            await alive(ws)
            await ws.send('{"type":"received","upto":3}')
            await ws.send('{"type":"received","upto":9}')
            assert (await next_of(ws, ErrorUpdate)).code == "out_of_order"
            ws.transport.abort()
        async with dial(server) as ws:
            again = await greet(ws, resume=first.resume)
            assert again.resumed
            shown = await next_of(ws, RoomShown)
            assert shown.n > 3
        async with dial(server) as ws:
            await ws.send(json.dumps({"type": "hello", "resume": again.resume, "have": 99}))
            assert (await next_of(ws, ErrorUpdate)).field == "have"

    serving(test)


def test_a_held_visit_ends_when_nobody_comes_back():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            welcome = await greet(ws)
            ws.transport.abort()
        await asyncio.sleep(0.05)
        assert server.visits == 1
        server.sessions.expire(time.monotonic() + 31.0)
        assert server.visits == 0
        async with dial(server) as ws:
            await ws.send(json.dumps({"type": "hello", "resume": welcome.resume}))
            assert (await next_of(ws, ErrorUpdate)).code == "resume"

    serving(test)


def test_an_open_connection_is_taken_over_by_its_own_token():
    async def test(server: Server) -> None:
        async with dial(server) as old, dial(server) as new:
            first = await greet(old)
            await greet(new, resume=first.resume)
            with pytest.raises(ConnectionClosed) as caught:
                while True:
                    await old.recv()
            assert caught.value.rcvd.code == 4000
            await alive(new)
            assert server.visits == 1

    serving(test)


def test_a_slow_reader_gets_few_fresh_frames_and_a_busy_visit_the_latest_pose():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            for number in range(120):
                pose = Pose(time=float(number), head=HEAD, seq=number)
                await ws.send(encode_event(pose).data)
                await asyncio.sleep(0.002)
            await alive(ws)
            frames: list[MeshFrame] = []
            await ws.send('{"type":"utterance","id":"mark","text":"mark"}')
            frame = None
            while True:
                update = decode_update(await ws.recv())
                if isinstance(update, MeshFrame):
                    frames.append(update)
                if isinstance(update, Done) and update.ref == "mark":
                    break
            assert len(frames) == 0  # both credits were spent before "alive" was answered
            await ws.send(encode_event(Ack(target="shirt", frame=2**31)).data.decode())
            frame = await next_of(ws, MeshFrame)
            assert frame.time == 119.0

    serving(test)


def test_poses_that_pile_up_behind_a_refit_are_not_all_worked_off():
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            await client.send(Command(action="help", id="s", option="sleep", value=0.3))
            await asyncio.sleep(0.05)
            for number in range(50):
                await client.send(Pose(time=float(number), head=HEAD, seq=number))
            answer = await client.ask(Command(action="help", id="count"))
            assert answer[0].text == "poses 1"

    serving(test)


def test_a_flood_is_limited_then_cut_off():
    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            with pytest.raises(ConnectionClosed) as caught:
                for _ in range(4000):
                    await ws.send('{"type":"ping","time":1}')
                while True:
                    await ws.recv()
            assert caught.value.rcvd.code == 1008
        async with dial(server) as ws:
            await greet(ws)
            await alive(ws)

    serving(test, ServerSettings(messages_per_second=50))


def test_a_full_showroom_says_so():
    async def test(server: Server) -> None:
        async with dial(server) as one, dial(server) as two:
            await greet(one)
            await two.send('{"type":"hello","id":"h"}')
            error = await next_of(two, ErrorUpdate)
            assert (error.code, error.ref) == ("busy", "h")
            await alive(one)

    serving(test, ServerSettings(max_visits=1))


def test_a_token_is_asked_for_where_there_is_one():
    async def test(server: Server) -> None:
        with pytest.raises(ChannelError, match="token"):
            await AsyncClient(server.url, Hello(token="wrong")).open()
        async with AsyncClient(server.url, Hello(token="right")) as client:
            assert await client.asset(HASH) == GLB
            client.hello.token = "wrong"
            with pytest.raises(ChannelError, match="401"):
                await client.asset(HASH)

    serving(test, ServerSettings(token="right"))


def fetch(server: Server, path: str, method: str = "GET", **headers: str):
    request = urllib.request.Request(f"http://{server.authority}{path}", method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_http_on_the_same_port():
    with ServerThread(ServerSettings(), host := VisitHost.in_process(make_toy)) as server:
        assert fetch(server, "/health")[::2] == (200, b"ok\n")
        assert fetch(server, "/ready")[0] == 200
        assert fetch(server, "/nowhere")[0] == 404
        status, headers, body = fetch(server, "/asyncapi.json")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert body == (DOCS / "protocol" / "asyncapi.json").read_bytes()
        assert fetch(server, "/asyncapi.json", If_None_Match=headers["ETag"])[0] == 304
        path = f"/asset/{HASH}.glb"
        assert fetch(server, path)[0] == 404
        with Client(server.url) as client:
            client.ask(Utterance(id="u", text="hi"))
            status, headers, body = fetch(server, path)
            assert (status, body) == (200, GLB)
            assert headers["Content-Type"] == "model/gltf-binary"
            assert hashlib.sha256(body).hexdigest() == HASH
            tag = headers["ETag"]
            assert fetch(server, path, If_None_Match=tag)[0] == 304
            status, headers, body = fetch(server, path, Range="bytes=4-7")
            assert (status, body) == (206, GLB[4:8])
            assert headers["Content-Range"] == f"bytes 4-7/{len(GLB)}"
            assert fetch(server, path, Range="bytes=-3")[2] == GLB[-3:]
            assert fetch(server, path, Range="bytes=9-")[2] == GLB[9:]
            assert fetch(server, path, Range="bytes=99999-")[0] == 416
            assert fetch(server, path, Range="bytes=4-7", If_Range='"old"')[0] == 200
            assert fetch(server, path, Range="bytes=x-y")[0] == 200
            metrics = fetch(server, "/metrics")[2].decode()
            assert "showroom_visits 1\n" in metrics
            assert "showroom_faults_total 0\n" in metrics
            assert fetch(server, "/../../etc/passwd")[0] == 404
            assert fetch(server, f"/asset/{HASH}.glb/../x")[0] == 404
    host.stop()


def test_the_door_is_not_opened_to_the_world_by_accident(tmp_path):
    for settings in (
        ServerSettings(host="0.0.0.0"),
        ServerSettings(host="::", token="t"),
        ServerSettings(host="example.org"),
        ServerSettings(certificate=tmp_path / "cert.pem"),
        ServerSettings(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem"),
    ):
        with pytest.raises(ChannelError):
            settings.check()
    assert ServerSettings(host="0.0.0.0", insecure=True).check() is None
    assert ServerSettings(host="::1").check() is None


def test_a_taken_port_is_named():
    async def test(server: Server) -> None:
        taken = ServerSettings(port=server.port)
        with pytest.raises(ChannelError, match=str(server.port)):
            async with open_server(taken, VisitHost.in_process(make_toy)):
                pass

    serving(test)


def test_a_watcher_sees_what_the_visitor_sees_and_cannot_break_it():
    host = VisitHost.in_process(make_toy)
    seen: list[Update] = []
    arrived = threading.Event()

    def broken(visit: str, update: Update) -> None:
        raise RuntimeError

    def watch(visit: str, update: Update) -> None:
        seen.append(update)
        if isinstance(update, Done):
            arrived.set()

    host.subscribe(broken)
    leave = host.subscribe(watch)

    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as client:
            await client.ask(Utterance(id="u", text="hi"))
            assert await asyncio.to_thread(arrived.wait, 5)
            assert [type(u).__name__ for u in seen] == ["AssetReady", "RoomShown", "Reply", "Done"]
            leave()
            await client.ask(Utterance(id="u2", text="unseen"))

    serving(test, host=host)
    assert len(seen) == 4


def test_random_bytes_and_texts_through_the_socket_never_break_it():
    rng = random.Random(5)
    seeds = [
        '{"type":"pose","time":1,"seq":4,"head":[0,1.6,0,0,0,0,1]}',
        '{"type":"utterance","id":"u","text":"你好","rev":3}',
        '{"type":"room","outline":[[0,0],[4,0],[4,3]],"openings":[["door",0,1,0.8,0,2]]}',
        encode_event(Pose(time=1.0, head=HEAD, left=HEAD)).data,
        encode_event(Command(action="move", delta=0.5), "msgpack").data,
    ]

    def mutated() -> str | bytes:
        seed = rng.choice(seeds)
        data = bytearray(seed.encode() if isinstance(seed, str) else seed)
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(data)) if data else 0
            match rng.randrange(3):
                case 0 if data:
                    data[place] = rng.randrange(256)
                case 1:
                    del data[place : place + rng.randint(1, 8)]
                case _:
                    data[place:place] = rng.randbytes(rng.randint(1, 8))
        return bytes(data).decode("utf-8", "ignore") if isinstance(seed, str) else bytes(data)

    async def test(server: Server) -> None:
        async with dial(server) as ws:
            await greet(ws)
            for _ in range(3000):
                message = mutated()
                await ws.send(message)
            await alive(ws)
            assert server.metrics.faults_total == 0
            assert server.metrics.refused_total > 1000

    serving(test, ServerSettings(messages_per_second=1e6))


def test_tls_with_a_token(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate to test with")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    settings = ServerSettings(certificate=certificate, key=key, token="secret")
    trust = ssl.create_default_context(cafile=str(certificate))

    async def test(server: Server) -> None:
        assert server.url.startswith("wss://")
        async with AsyncClient(server.url, Hello(token="secret"), tls=trust) as client:
            assert (await client.ask(Utterance(id="u", text="hi")))[0].text == "1: hi"
            assert await client.asset(HASH) == GLB
        with pytest.raises(ChannelError, match="nobody answers"):
            await AsyncClient(server.url, Hello(token="secret")).open()

    serving(test, settings)


SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from channel_toys import make_toy
from showroom.channel.host import VisitHost
from showroom.channel.run import run_server
from showroom.channel.settings import ServerSettings
host = VisitHost.in_process(make_toy)
run_server(ServerSettings(), host, lambda server: print(server.url, flush=True))
host.stop()
print("closed in order", flush=True)
"""


def test_sigterm_closes_every_connection_in_order():
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        url = process.stdout.readline().strip()

        async def main() -> int:
            options = {"subprotocols": ["showroom.v1"], "compression": None, "proxy": None}
            async with connect(url, **options) as ws:
                await greet(ws)
                process.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed) as caught:
                    while True:
                        await ws.recv()
                return caught.value.rcvd.code

        assert asyncio.run(main()) == 1012
        assert process.wait(10) == 0
        assert process.stdout.read().strip() == "closed in order"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
