"""RFC 6455's frames, messages and closings, byte by byte against the live port.

Each case is a name that begins with the section of the standard, the bytes that a client sends
after the handshake, and what must come of it.
"""

from __future__ import annotations

import asyncio
import struct
import time

import pytest
from rfc6455 import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HELLO,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Raw,
    close,
    frame,
    raw,
    serving,
)

from showroom.channel import server as server_module
from showroom.channel.server import Server
from showroom.protocol.codec import encode_event
from showroom.protocol.limits import MAX_EVENT_BYTES, MAX_FRAME_BYTES
from showroom.protocol.messages import Ping, Utterance

WORDS = "é再🙂"  # of two, three and four bytes
SAID = encode_event(Utterance(id="said", text=WORDS)).data
ASKED = encode_event(Ping(time=1.0, id="asked")).data
BROKEN = {
    "a byte that never occurs": b"a\xffb",
    "a lone continuation byte": b"a\x80b",
    "two bytes cut short": b"a\xc3b",
    "three bytes cut short": b"a\xe5\x86b",
    "four bytes cut short": b"a\xf0\x9f\x99b",
    "an overlong slash": b"a\xc0\xafb",
    "an overlong nothing": b"a\xe0\x80\x80b",
    "a surrogate": b"a\xed\xa0\x80b",
    "beyond Unicode": b"a\xf4\x90\x80\x80b",
}


def pieces(opcode: int, payload: bytes, cut: int, between: bytes = b"") -> bytes:
    """A message in two fragments, with something between them."""
    rest = frame(CONTINUATION, payload[cut:])
    return frame(opcode, payload[:cut], fin=False) + between + rest


def padded(size: int) -> bytes:
    """A good message of so many bytes."""
    return ASKED + b" " * (size - len(ASKED))


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
    *((f"8.1 {what}, cut at byte {n}", pieces(TEXT, t, n), {1007})
      for what, t in BROKEN.items() for n in range(len(t) + 1)),
    *((f"5.4 {what} between fragments", frame(TEXT, b"a", fin=False) + data, codes)
      for what, data, codes in (
        ("a ping that is not masked", frame(PING, b"x", masked=False), {1002}),
        ("a ping of 126 bytes", frame(PING, bytes(126)), {1002}),
        ("half a ping", frame(PING, b"x", fin=False), {1002}),
        ("a reserved opcode", frame(11, b"x"), {1002}),
        ("a continuation that is not masked", frame(CONTINUATION, b"x", masked=False), {1002}),
        ("a continuation with a reserved bit", frame(CONTINUATION, b"x", rsv=1), {1002}))),
    *((f"5.2 {n} bytes are announced in {w}", frame(TEXT, size=n, wide=w), {1009})
      for n, w in ((MAX_FRAME_BYTES + 1, 8), (2**63 + 5, 8), (2**64 - 1, 8))),
    ("5.5.1 a close of one byte", frame(CLOSE, b"\x03"), {1002}),
    ("5.5 a close with a reason of 124 bytes", close(1000, b"x" * 124), {1002}),
    *((f"7.4 close code {c}", close(c), {1002})
      for c in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535)),
    *((f"5.5.1 a reason that is no UTF-8: {r!r}", close(1000, r), {1002, 1007})
      for r in (b"\xff", b"\xc3", b"\xed\xa0\x80")),
]  # fmt: skip

TAKEN = [
    *(
        (f"5.6 é再🙂 cut at byte {n}", pieces(TEXT, SAID, n), "said")
        for n in range(SAID.index("é".encode()), SAID.index("🙂".encode()) + 5)
    ),
    (
        "5.4 one byte a fragment",
        frame(TEXT, SAID[:1], fin=False)
        + b"".join(frame(CONTINUATION, SAID[i : i + 1], fin=False) for i in range(1, len(SAID)))
        + frame(CONTINUATION),
        "said",
    ),
    (
        "5.4 empty fragments",
        frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) + frame(CONTINUATION, SAID),
        "said",
    ),
    *(
        (f"5.4 {what} between fragments", pieces(TEXT, SAID, 9, data), "said")
        for what, data in (
            ("a ping", frame(PING, b"between")),
            ("an empty ping", frame(PING)),
            ("three pings", frame(PING, b"1") + frame(PING, b"2") + frame(PING, b"3")),
            ("a pong that nobody asked for", frame(PONG, b"x" * 125)),
        )
    ),
    *(
        (f"5.2 {n} bytes", frame(TEXT, padded(n)), "asked")
        for n in (124, 125, 126, 127, 128, 255, 256, 65535, MAX_EVENT_BYTES)
    ),
    *(
        (f"5.2 {n} bytes, their length in {w}", frame(TEXT, padded(n), wide=w), "asked")
        for n, w in ((100, 2), (125, 2), (100, 8), (125, 8), (126, 8), (65535, 8))
    ),
    *(
        (f"5.3 a mask of {m.hex()}", frame(TEXT, SAID, mask=m), "said")
        for m in (bytes(4), b"\xff" * 4, b"\x00\x00\x00\x01", b"\x80\x00\x00\x00", SAID[:4])
    ),
    (
        "5.3 another mask for each fragment",
        frame(TEXT, SAID[:20], fin=False, mask=b"abcd") + frame(CONTINUATION, SAID[20:]),
        "said",
    ),
    *(
        (
            f"5.4 the same in {n} fragments, as MessagePack",
            b"".join(
                frame(
                    CONTINUATION if i else BINARY,
                    packed[i * len(packed) // n : (i + 1) * len(packed) // n],
                    fin=i == n - 1,
                )
                for i in range(n)
            ),
            "said",
        )
        for n in (1, 2, 3, 7)
        for packed in (encode_event(Utterance(id="said", text=WORDS), "msgpack").data,)
    ),
    (
        "5.5.3 pongs of all sizes",
        b"".join(frame(PONG, bytes(n)) for n in range(0, 126, 25)) + frame(TEXT, ASKED),
        "asked",
    ),
    (
        "5.6 a message after a message, in one write",
        frame(TEXT, padded(200)) + frame(TEXT, SAID),
        "said",
    ),
]
PINGS = [0, 1, 2, 3, 7, 31, 63, 64, 100, 123, 124, 125]
GOODBYES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4321, 4999]
CASES = len(VIOLATIONS) + len(TAKEN) + len(PINGS) + len(GOODBYES)


def test_there_are_hundreds_of_different_cases():
    assert len({name for name, *_ in (*VIOLATIONS, *TAKEN)}) == len(VIOLATIONS) + len(TAKEN)
    assert len({data for _, data, _ in (*VIOLATIONS, *TAKEN)}) >= len(VIOLATIONS) + len(TAKEN) - 2
    assert CASES >= 280


@pytest.mark.parametrize("greet", [True, False], ids=["in a visit", "before the hello"])
def test_what_the_standard_forbids_ends_the_connection_with_the_code_it_names(greet):
    async def test(server: Server) -> None:
        wrong = []
        for name, data, codes in VIOLATIONS:
            async with raw(server, greet=greet) as connection:
                code = await connection.verdict(data)
            if code not in codes:
                wrong.append((name, code))
        assert wrong == []

    serving(test)


async def answer_to(connection: Raw, ref: str) -> str:
    """The text or MessagePack of the first update about a message; "" where the line ends."""
    async with asyncio.timeout(PATIENCE):
        while (got := await connection.read()) is not None:
            if got[0] in (TEXT, BINARY) and ref.encode() in got[1]:
                return got[1].decode(errors="replace")
    return ""


def test_what_the_standard_allows_is_taken():
    async def test(server: Server) -> None:
        wrong = []
        for name, data, ref in TAKEN:
            async with raw(server) as connection:
                connection.writer.write(data)
                answer = await answer_to(connection, ref)
                if not answer or (ref == "said" and WORDS not in answer):
                    wrong.append((name, answer))
        assert wrong == []

    serving(test)


def test_a_message_that_is_too_long_is_refused_by_name_and_the_visit_goes_on():
    async def test(server: Server) -> None:
        async with raw(server) as connection:
            connection.writer.write(frame(TEXT, padded(MAX_EVENT_BYTES + 1)))
            assert "too_large" in await answer_to(connection, "error")
            connection.writer.write(frame(TEXT, SAID))
            assert WORDS in await answer_to(connection, "said")

    serving(test)


def test_a_close_is_answered_by_a_close():
    async def test(server: Server) -> None:
        for code in GOODBYES:
            for reason in ("", "再见", "x" * 123):
                async with raw(server) as connection:
                    assert await connection.verdict(close(code, reason.encode())) == code
                    assert await connection.wait_for(CLOSE) is None
        async with raw(server) as connection:
            assert await connection.verdict(frame(CLOSE)) in (1000, 1005)

    serving(test)


def test_a_ping_is_answered_by_its_own_bytes_even_between_fragments():
    async def test(server: Server) -> None:
        async with raw(server) as connection:
            for size in PINGS:
                connection.writer.write(frame(PING, bytes(range(size))))
                assert await connection.wait_for(PONG) == bytes(range(size))
            for number in range(50):  # one after the other, without waiting
                connection.writer.write(frame(PING, bytes([number])))
            last = b""
            while last != bytes([49]):  # 5.5.3: only the latest must be answered
                answer = await connection.wait_for(PONG)
                assert answer is not None and answer > last
                last = answer
            text = encode_event(Utterance(id="a", text="再长一点")).data
            for cut in (1, text.index("再".encode()) + 1, len(text) - 1):
                word = text.replace(b'"a"', f'"a{cut}"'.encode())
                connection.writer.write(pieces(TEXT, word, cut, frame(PING, b"between")))
                assert await connection.wait_for(PONG) == b"between"
                assert "再长一点" in await answer_to(connection, f"a{cut}")
            whole = frame(TEXT, encode_event(Utterance(id="bytes", text="one by one")).data)
            for byte in whole:
                connection.writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert "one by one" in await answer_to(connection, "bytes")

    serving(test)


def test_after_a_close_nothing_is_heard_any_more():
    async def test(server: Server) -> None:
        for after in (frame(PING, b"late"), frame(TEXT, SAID), frame(3), close(1001), b"\xff" * 64):
            async with raw(server) as connection:
                assert await connection.verdict(close(1000) + after) == 1000
                assert await connection.read() is None
        async with raw(server) as connection:  # in the midst of a message, which is then cut short
            code = await connection.verdict(frame(TEXT, b"a", fin=False) + close(1000))
            assert code in (1000, 1002)
            assert await connection.read() is None

    serving(test)


def test_both_ends_may_close_at_once():
    async def test(server: Server) -> None:
        for number in range(20):
            async with raw(server) as connection:
                connection.writer.write(frame(TEXT, b'{"type": "bye"}') + close(1001, b"at once"))
                if number % 2:
                    await asyncio.sleep(0)
                payload = await connection.wait_for(CLOSE)
                assert payload is not None
                assert struct.unpack(">H", payload[:2])[0] in (1000, 1001)
                assert await connection.read() is None

    serving(test)


def test_who_does_not_answer_a_close_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(server_module, "CLOSE_SECONDS", 0.2)

    async def test(server: Server) -> None:
        async with raw(server) as connection:
            began = time.monotonic()
            assert await connection.verdict(frame(TEXT, b'{"type": "bye"}')) == 1000
            async with asyncio.timeout(PATIENCE):
                assert await connection.read() is None
            assert time.monotonic() - began < PATIENCE

    serving(test)


@pytest.mark.parametrize(
    "said", [b"", b"\x81", frame(TEXT, HELLO)[:20], frame(TEXT, b"a", fin=False), frame(PING, b"x")]
)
def test_a_line_that_ends_without_a_close_leaves_nothing(said):
    async def test(server: Server) -> None:
        for abrupt in (False, True):
            async with raw(server) as connection:
                connection.writer.write(said)
                await connection.writer.drain()
                if not abrupt:  # 7.1.1: the client's side is shut, ours must follow
                    connection.writer.write_eof()
                    async with asyncio.timeout(PATIENCE):
                        while await connection.read() is not None:
                            pass

    serving(test)
