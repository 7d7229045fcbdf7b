"""A websocket's bytes by hand, as RFC 6455 has them, for tests against the live port."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Awaitable, Callable

from channel_toys import make_toy

from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.protocol.codec import encode_event
from showroom.protocol.messages import Hello, Utterance

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
HELLO = encode_event(Hello(client="raw/1")).data
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
    mask: bytes = MASK,
    size: int | None = None,
    wide: int = 0,
) -> bytes:
    """One frame as RFC 6455, 5.2 has it.

    Args:
        size: lies about the payload's length.
        wide: bytes of the extended length, 2 or 8, though fewer would do.
    """
    length = len(payload) if size is None else size
    first = bytes([fin << 7 | rsv << 4 | opcode])
    flag = masked << 7
    if wide:
        head = first + bytes([flag | {2: 126, 8: 127}[wide]]) + length.to_bytes(wide, "big")
    elif length < 126:
        head = first + bytes([flag | length])
    elif length < 65536:
        head = first + bytes([flag | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([flag | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    masks = itertools.cycle(mask)
    return head + mask + bytes(b ^ m for b, m in zip(payload, masks, strict=False))


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
        one = Raw(reader, writer)
        if greet:  # until welcomed: what comes then goes the short way as far as it is good
            writer.write(frame(TEXT, HELLO))
            assert b'"welcome"' in (await one.wait_for(TEXT) or b"")
        yield one
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
