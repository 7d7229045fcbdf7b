"""RFC 6455 against the live port, byte by byte, and random bytes where frames should be."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import struct
import time
from collections.abc import Awaitable, Callable

import pytest
from channel_toys import make_toy

from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.protocol.codec import encode_event
from showroom.protocol.messages import Command, Hello, Pose, Utterance

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
HELLO = encode_event(Hello(client="raw/1")).data
POSE = encode_event(Pose(time=1.0, head=(0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0))).data
MASK = b"\x37\xfa\x21\x3d"
PATIENCE = 5.0
HANDSHAKE = {
    "Host": "x",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "showroom.v1",
}


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    size: int | None = None,
) -> bytes:
    """One frame as RFC 6455, 5.2 has it; ``size`` lies about the payload's length."""
    length = len(payload) if size is None else size
    first = bytes([fin << 7 | rsv << 4 | opcode])
    flag = masked << 7
    if length < 126:
        head = first + bytes([flag | length])
    elif length < 65536:
        head = first + bytes([flag | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([flag | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    mask = itertools.cycle(MASK)
    return head + MASK + bytes(b ^ m for b, m in zip(payload, mask, strict=False))


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack(">H", code) + reason)


def request(
    method: str = "GET", version: str = "1.1", path: str = "/", **changes: str | None
) -> bytes:
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {v}" for name, v in (HANDSHAKE | named).items() if v is not None]
    return "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""]).encode()


class Raw:
    """A connection without a library in between."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> tuple[int, bytes] | None:
        """The next frame of the server's, opcode and payload; None at the end."""
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            assert not second & 0x80, "a server must not mask (5.1)"
            assert not first & 0x70, "no extension was agreed on (5.2)"
            if length == 126:
                (length,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return first & 15, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def wait_for(self, opcode: int) -> bytes | None:
        """The payload of the next frame of a kind; None if the connection ends before."""
        async with asyncio.timeout(PATIENCE):
            while (got := await self.read()) is not None:
                if got[0] == opcode:
                    return got[1]
        return None

    async def verdict(self, data: bytes) -> int | None:
        """The code with which the server ends the connection after some bytes."""
        self.writer.write(data)
        payload = await self.wait_for(CLOSE)
        return None if payload is None else struct.unpack(">H", payload[:2])[0] if payload else 1005


@contextlib.asynccontextmanager
async def raw(server: Server, *, greet: bool = True):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(request())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, "the accept key of RFC 6455, 1.3"
        if greet:
            writer.write(frame(TEXT, HELLO))
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


def serving(test: Callable[[Server], Awaitable[None]]) -> None:
    """A test beside a visitor of good manners, who must not notice."""
    host = VisitHost.in_process(make_toy)

    async def main() -> None:
        settings = ServerSettings(hold=0.0, max_visits=4096, messages_per_second=1e6)
        async with open_server(settings, host) as server, AsyncClient(server.url) as polite:
            async with asyncio.timeout(60):
                await test(server)
            assert (await polite.ask(Utterance(id="u", text="hi")))[0].text == "1: hi"
            assert polite.resumed == 0
            assert server.metrics.faults_total == 0
            for _ in range(200):
                if server.visits == 1:
                    break
                await asyncio.sleep(0.01)
            assert server.visits == 1

    try:
        asyncio.run(main())
    finally:
        host.stop()


VIOLATIONS = [
    *((f"5.2 RSV bits {r} on opcode {o}", frame(o, b"x", rsv=r), {1002})
      for r in range(1, 8) for o in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)),
    *((f"5.2 reserved opcode {o}, FIN {f}, {len(p)} bytes", frame(o, p, fin=f), {1002})
      for o in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) for f in (True, False) for p in (b"", b"x")),
    *((f"5.1 unmasked opcode {o}, {n} bytes", frame(o, bytes(n), masked=False), {1002})
      for o in (TEXT, BINARY, CLOSE, PING, PONG) for n in (0, 2, 125)),
    *((f"5.5 control opcode {o} of {n} bytes", frame(o, bytes(n)), {1002})
      for o in (CLOSE, PING, PONG) for n in (126, 200, 65536)),
    *((f"5.5 control opcode {o} in fragments", frame(o, b"", fin=False), {1002})
      for o in (CLOSE, PING, PONG)),
    *((f"5.4 continuation of nothing, FIN {f}", frame(CONTINUATION, b"x", fin=f), {1002})
      for f in (True, False)),
    *((f"5.4 opcode {b} inside the fragments of {a}", frame(a, b"x", fin=False) + frame(b, b"y"),
       {1002}) for a in (TEXT, BINARY) for b in (TEXT, BINARY)),
    *((f"5.2 a length of 2^{n}", frame(BINARY, b"", size=2**n), {1002, 1009})
      for n in (21, 31, 32, 40, 62, 63)),
    ("10.4 fragments that add up to too much",
     frame(BINARY, bytes(700_000), fin=False) + frame(CONTINUATION, bytes(700_000)), {1009}),
    *((f"8.1 text that is no UTF-8: {t!r}", frame(TEXT, t), {1007}) for t in (
        b"\xff", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\xaf",
        b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\x80", b"a\xf0\x9f\x98")),
    *((f"8.1 the same in two fragments: {t!r}",
       frame(TEXT, t[:1], fin=False) + frame(CONTINUATION, t[1:]), {1007})
      for t in (b"\xff\xff", b"\xed\xa0\x80", b"\xe2\x82", b"\xc0\xaf")),
    ("5.5.1 a close of one byte", frame(CLOSE, b"\x03"), {1002}),
    *((f"7.4 close code {c}", close(c), {1002})
      for c in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535)),
    *((f"5.5.1 a reason that is no UTF-8: {r!r}", close(1000, r), {1002, 1007})
      for r in (b"\xff", b"\xc3", b"\xed\xa0\x80")),
]  # fmt: skip
GOODBYES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4321, 4999]


def test_what_the_standard_forbids_ends_the_connection_with_the_code_it_names():
    async def test(server: Server) -> None:
        wrong = []
        for greet in (True, False):
            for name, data, codes in VIOLATIONS:
                async with raw(server, greet=greet) as connection:
                    code = await connection.verdict(data)
                if code not in codes:
                    wrong.append((name, greet, code))
        assert wrong == []

    assert len(VIOLATIONS) > 150
    serving(test)


def test_a_close_is_answered_by_a_close():
    async def test(server: Server) -> None:
        for code in GOODBYES:
            async with raw(server) as connection:
                assert await connection.verdict(close(code, "再见".encode())) == code
                assert await connection.wait_for(CLOSE) is None
        async with raw(server) as connection:
            assert await connection.verdict(frame(CLOSE)) in (1000, 1005)

    serving(test)


def test_a_ping_is_answered_by_its_own_bytes_even_between_fragments():
    async def test(server: Server) -> None:
        async with raw(server) as connection:
            for size in (0, 1, 2, 7, 63, 64, 124, 125):
                connection.writer.write(frame(PING, bytes(range(size))))
                assert await connection.wait_for(PONG) == bytes(range(size))
            connection.writer.write(frame(PONG, b"nobody asked"))
            text = encode_event(Utterance(id="a", text="再长一点")).data
            for cut in (1, text.index("再".encode()) + 1, len(text) - 1):
                word = text.replace(b'"a"', f'"a{cut}"'.encode())
                connection.writer.write(frame(TEXT, word[:cut], fin=False))
                connection.writer.write(frame(PING, b"between"))
                connection.writer.write(frame(CONTINUATION, b"", fin=False))
                connection.writer.write(frame(CONTINUATION, word[cut:]))
                assert await connection.wait_for(PONG) == b"between"
                answer = await connection.wait_for(TEXT)
                while b'"reply"' not in (answer or b""):
                    assert answer is not None
                    answer = await connection.wait_for(TEXT)
                assert "再长一点".encode() in answer
            whole = frame(TEXT, encode_event(Utterance(id="bytes", text="one by one")).data)
            for byte in whole:
                connection.writer.write(bytes([byte]))
                await asyncio.sleep(0)
            while b"one by one" not in (answer or b""):
                answer = await connection.wait_for(TEXT)
                assert answer is not None

    serving(test)


@pytest.mark.parametrize(
    ("statuses", "changes"),
    [
        ({101}, {}),
        ({101}, {"Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"}),
        ({200}, {"Upgrade": "h2c"}),  # an ordinary GET of the page
        ({404}, {"Upgrade": None, "path": "//["}),
        ({404}, {"Upgrade": None, "path": "/../../etc/passwd"}),
        ({404}, {"Upgrade": None, "path": "http://["}),
        ({400, 405}, {"method": "POST"}),
        ({400, 505}, {"version": "1.0"}),
        ({400}, {"Sec_WebSocket_Key": None}),
        ({400}, {"Sec_WebSocket_Key": "AAAA"}),
        ({400}, {"Sec_WebSocket_Key": "not base64 at all!!!!!!"}),
        ({400}, {"Sec_WebSocket_Version": None}),
        ({400, 426}, {"Sec_WebSocket_Version": "8"}),
        ({400, 426}, {"Sec_WebSocket_Version": "13, 13"}),
        ({400}, {"Sec_WebSocket_Protocol": None}),
        ({400}, {"Sec_WebSocket_Protocol": "showroom.v2"}),
        ({400, 426}, {"Connection": "close"}),
        ({403}, {"Origin": "https://elsewhere.example"}),
        ({403}, {"Origin": "null"}),
        ({403}, {"Origin": "http://["}),
        ({400}, {"Origin": "http://localhost\r\nOrigin: https://elsewhere.example"}),
        ({400}, {"Host": "x\r\nHost: y"}),
        ({101, 400, 426}, {"Upgrade": "h2c\r\nUpgrade: websocket"}),
        ({200}, {"Upgrade": None, "Accept_Encoding": "gzip\r\nAccept-Encoding: br"}),
        ({400}, {"Upgrade": None, "Authorization": "Bearer a\r\nAuthorization: Bearer b"}),
        ({400}, {"Upgrade": None, "Range": "bytes=0-1\r\nRange: bytes=0-2"}),
    ],
)
def test_a_handshake_is_taken_or_refused_as_section_4_says(statuses, changes):
    async def test(server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request(**changes))
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        assert int(answer.split()[1]) in statuses, answer
        if changes.get("Sec_WebSocket_Version") in ("8", "13, 13"):
            assert b"Sec-WebSocket-Version: 13\r\n" in answer

    serving(test)


def test_a_compression_that_was_not_agreed_on_is_not_taken():
    async def test(server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b"101" in answer
        assert b"permessage-deflate" not in answer
        connection = Raw(reader, writer)
        bomb = bytes.fromhex("4a4c4aa15300")
        assert await connection.verdict(frame(TEXT, bomb, rsv=4)) == 1002
        writer.transport.abort()

    serving(test)


def spoiled(rng: random.Random, data: bytes) -> bytes:
    """Some bits turned, some bytes lost, doubled or made up."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(out) + 1)
        match rng.randrange(4):
            case 0 if place < len(out):
                out[place] ^= 1 << rng.randrange(8)
            case 1:
                del out[place : place + rng.randint(1, 12)]
            case 2:
                out[place:place] = out[place : place + rng.randint(1, 30)]
            case _:
                out[place:place] = rng.randbytes(rng.randint(1, 12))
    return bytes(out)


def test_spoiled_bytes_on_the_wire_break_and_hang_nothing():
    rng = random.Random(6455)
    seeds = [
        frame(TEXT, HELLO),
        frame(BINARY, POSE),
        frame(TEXT, encode_event(Utterance(id="u", text="袖子加长三厘米")).data),
        frame(BINARY, encode_event(Command(action="move", delta=0.5), "msgpack").data),
        frame(TEXT, HELLO[:9], fin=False) + frame(PING, b"x") + frame(CONTINUATION, HELLO[9:]),
        close(1000, b"goodbye"),
    ]

    async def one(server: Server, data: bytes, whole: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(data if whole else request() + frame(TEXT, HELLO) + data)
            await writer.drain()
            writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                while await reader.read(65536):
                    pass
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def test(server: Server) -> None:
        began, tried = time.monotonic(), 0
        while tried < 2000 and time.monotonic() - began < 3.0:
            stream = b"".join(rng.choices(seeds, k=rng.randint(1, 6)))
            whole = rng.random() < 0.1  # the handshake is spoiled too
            data = spoiled(rng, request() + stream if whole else stream)
            await one(server, data, whole)
            tried += 1
        assert tried >= 50

    serving(test)
