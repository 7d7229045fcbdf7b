"""RFC 6455's opening handshake against the live port: what is taken, what is refused and how."""

from __future__ import annotations

import asyncio

from rfc6455 import HANDSHAKE, PATIENCE, TEXT, Raw, frame, request, serving

from showroom.channel.server import Server

LONG = "x" * 9000
KEY = HANDSHAKE["Sec-WebSocket-Key"]
REQUESTS: list[tuple[str, set[int], bytes]] = [
    ("1.3 as the standard shows it", {101}, request()),
    *(
        (f"4.1 {name} in {how}", {101}, request(**{name.replace("-", "_"): None}, **{form: value}))
        for name, value in HANDSHAKE.items()
        if name != "Host"
        for how, form in (("small letters", name.lower()), ("capitals", name.upper()))
    ),
    *((f"4.2.1 Upgrade: {v}", {101}, request(Upgrade=v)) for v in ("WebSocket", "WEBSOCKET")),
    *(
        (f"4.2.1 Connection: {v}", {101}, request(Connection=v))
        for v in ("upgrade", "keep-alive, Upgrade", "Upgrade, keep-alive", "UPGRADE,,keep-alive")
    ),
    (
        "4.2.1 Connection in two headers",
        {101},
        request(Connection="keep-alive\r\nConnection: Upgrade"),
    ),
    *(
        (f"4.2.1 without {name}", {400, 426}, request(**{name.replace("-", "_"): None}))
        for name in ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection")
    ),
    ("4.2.1 Connection: close", {400, 426}, request(Connection="close")),
    ("4.2.1 Connection: upgraded", {400, 426}, request(Connection="upgraded")),
    ("4.2.1 Upgrade twice", {101, 400, 426}, request(Upgrade="h2c\r\nUpgrade: websocket")),
    ("4.2.1 Upgrade: websocket, h2c", {200, 400, 426}, request(Upgrade="websocket, h2c")),
    *(
        (f"4.1 a key {what}", {400}, request(Sec_WebSocket_Key=key))
        for what, key in (
            ("of no bytes", ""),
            ("of 3 bytes", "AAAA"),
            ("of 15 bytes", "A" * 20),
            ("of 17 bytes", "A" * 20 + "AAA="),
            ("of 24 bytes", "A" * 32),
            ("that is no base64", "not base64 at all!!!!!!"),
            ("without padding", "A" * 22),
        )
    ),
    (
        "4.1 a key twice",
        {400},
        request(Sec_WebSocket_Key=f"{KEY}\r\nSec-WebSocket-Key: {KEY}"),
    ),
    *(
        (f"4.4 version {v!r}", {400, 426}, request(Sec_WebSocket_Version=v))
        for v in ("", "0", "7", "8", "12", "14", "13, 13", "013", "-13", "13.0", "x", "255", "256")
    ),
    (
        "4.4 version twice",
        {400, 426},
        request(Sec_WebSocket_Version="13\r\nSec-WebSocket-Version: 8"),
    ),
    *(
        (f"4.1 {m}", {400, 405}, request(method=m))
        for m in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "HEAD")
    ),
    *(
        (f"4.1 HTTP/{v}", {400, 505}, request(version=v))
        for v in ("1.0", "0.9", "1.2", "2", "2.0", "", "1.1 ", "11")
    ),
    *(
        (f"4.1 subprotocol {p!r}", {400}, request(Sec_WebSocket_Protocol=p))
        for p in (None, "showroom.v2", "showroom", "SHOWROOM.V1", "chat, superchat")
    ),
    *(
        (f"4.2.2 subprotocol {p!r}", {101}, request(Sec_WebSocket_Protocol=p))
        for p in (
            "showroom.v1",
            "showroom.v2, showroom.v1",
            "showroom.v1, showroom.v2",
            "a,showroom.v1,b",
        )
    ),
    (
        "4.1 subprotocols in two headers",
        {101},
        request(Sec_WebSocket_Protocol="showroom.v2\r\nSec-WebSocket-Protocol: showroom.v1"),
    ),
    *(
        (f"9.1 extensions {e!r}", {101}, request(Sec_WebSocket_Extensions=e))
        for e in (
            "permessage-deflate",
            "x-webkit-deflate-frame",
            "foo; bar=1; baz, permessage-deflate",
        )
    ),
    *(
        (f"9.1 extensions {e!r}", {101, 400}, request(Sec_WebSocket_Extensions=e))
        for e in (";", "=", "a;;b", "permessage-deflate; client_max_window_bits=99")
    ),
    *(
        (f"10.2 from {o}", {403}, request(Origin=o))
        for o in (
            "https://elsewhere.example",
            "null",
            "http://[",
            "http://localhost.elsewhere.example",
            "http://127.0.0.1.elsewhere.example",
            "file://",
            "http://localhost@elsewhere.example",
        )
    ),
    *(
        (f"10.2 from {o}", {101}, request(Origin=o))
        for o in (
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:5",
        )
    ),
    (
        "10.2 two origins",
        {400, 403},
        request(Origin="http://localhost\r\nOrigin: https://elsewhere.example"),
    ),
    ("4.1 two hosts", {400}, request(Host="x\r\nHost: y")),
    *(
        (f"4.1 a header line {what}", {400, 431}, request().replace(b"Host: x", line))
        for what, line in (
            ("without a colon", b"Host x"),
            ("without a name", b": x"),
            ("with a blank before the colon", b"Host : x"),
            ("of two words", b"Ho st: x"),
            ("that is folded", b"Host: x\r\n y"),
            ("with a zero", b"Host: x\x00y"),
            ("too long", b"Host: " + LONG.encode()),
        )
    ),
    (
        "4.1 too many headers",
        {400, 431},
        request(Host="x" + "".join(f"\r\nX-{i}: y" for i in range(300))),
    ),
    ("4.1 a request line that is too long", {400, 414, 431}, request(path="/" + LONG)),
    ("4.1 a request line without a path", {400, 404}, b"GET  HTTP/1.1\r\nHost: x\r\n\r\n"),
    *(
        (f"4.1 request line {line!r}", {400}, line + b"\r\nHost: x\r\n\r\n")
        for line in (
            b"",
            b"GET",
            b"GET /",
            b"GET\t/\tHTTP/1.1",
            b"\x16\x03\x01\x02\x00",
            b"GET / HTTP/1.1 HTTP/1.1",
            "GET /é HTTP/1.1".encode(),
        )
    ),
    ("4.1 a body", {400}, request(Content_Length="5") + b"hello"),
    ("4.1 a body in chunks", {400, 501}, request(Transfer_Encoding="chunked") + b"0\r\n\r\n"),
    ("4.1 an absolute URI", {101, 404}, request(path="http://x/")),
    ("4.1 a query", {101}, request(path="/?a=b")),
    ("an ordinary GET", {200}, request(Upgrade=None)),
    ("an ordinary GET that could speak HTTP/2", {200}, request(Upgrade="h2c")),
    *(
        (f"an ordinary GET of {p}", {404}, request(Upgrade=None, path=p))
        for p in (
            "//[",
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "http://[",
            "/page/../server.py",
        )
    ),
    ("two encodings", {200}, request(Upgrade=None, Accept_Encoding="gzip\r\nAccept-Encoding: br")),
    (
        "two authorizations",
        {400},
        request(Upgrade=None, Authorization="Bearer a\r\nAuthorization: Bearer b"),
    ),
    ("two ranges", {400}, request(Upgrade=None, Range="bytes=0-1\r\nRange: bytes=0-2")),
]


async def answered(server: Server, data: bytes) -> bytes:
    """The head of the answer to a request; empty where the server just hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(data)
        async with asyncio.timeout(PATIENCE):
            return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        return getattr(error, "partial", b"")
    finally:
        writer.transport.abort()


def test_a_handshake_is_taken_or_refused_as_section_4_says():
    async def test(server: Server) -> None:
        wrong = []
        for name, statuses, data in REQUESTS:
            answer = await answered(server, data)
            status = int(answer.split()[1]) if answer else 0
            if status not in statuses:
                wrong.append((name, status))
            if status == 101:
                assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, name
                assert b"Sec-WebSocket-Protocol: showroom.v1\r\n" in answer, name
                assert b"Extensions" not in answer, name
            if " version " in name and status == 426:
                assert b"Sec-WebSocket-Version: 13\r\n" in answer, name  # 4.4
        assert wrong == []

    assert len({name for name, *_ in REQUESTS}) == len(REQUESTS) >= 100
    serving(test)


def test_a_handshake_may_come_byte_by_byte_and_frames_right_behind_it():
    async def test(server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        whole = request() + frame(TEXT, b'{"type": "ping", "time": 1.0, "id": "early"}')
        for byte in whole:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in answer
        told = await Raw(reader, writer).wait_for(TEXT)
        assert told is not None and b"hello_first" in told
        writer.transport.abort()

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
