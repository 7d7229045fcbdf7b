"""Broken messages by the million, at a real server through its socket.

Seeds of every message type, in all three encodings, are mutated as bytes and as fields. They go in
batches, each closed by a ping: a server that hangs or has died does not answer it. What counts as a
finding is a fault that the server has counted, an exception that its event loop has seen, or a ping
without its pong.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from showroom.protocol.codec import encode_event
from showroom.protocol.messages import (
    SUBPROTOCOL,
    Ack,
    Allow,
    AudioChunk,
    AudioStart,
    Body,
    Bye,
    Clock,
    Command,
    Event,
    Hello,
    Join,
    Ping,
    PlaybackFinished,
    Point,
    Pose,
    Received,
    RoomPlan,
    Upload,
    UploadChunk,
    Utterance,
    WitEntity,
    WitIntent,
    WitResponse,
)

from .settings import ChannelError

MOST = 100_000_000
BATCH = 400
PATIENCE = 60.0
"""Seconds that a server may take for one batch, on however busy a machine."""

_WIT = WitResponse(
    text="take it 3 cm in",
    intents=(WitIntent(name="adjust_fit", confidence=0.9),),
    entities={
        "wit$distance:by": (
            WitEntity(name="wit$distance", body="3 cm", value=3.0, unit="centimeter"),
        )
    },
)
_HEAD = (0.1, 1.6, -0.2, 0.0, 0.6, 0.0, 0.8)
_HOSTILE: tuple[Any, ...] = (
    None, True, "", "x" * 3000, "\u202e\x00🧵", -1, 0, 2**63, 2**64, -(2**63), 1e308, -0.0,
    1e-320, [], {}, [[]] * 50, {"a": {"a": {"a": []}}}, [None] * 300, "NaN", "../../etc/passwd",
    {"type": "hello"}, [1, 2, 3, 4, 5, 6, 7], "袖" * 900, False, 0.5, "~", "__proto__",
)  # fmt: skip


@dataclass
class Findings:
    """What a run has found.

    Attributes:
        inputs: messages sent.
        connections: opened for them; some messages rightly end one.
        hangs: pings without a pong.
        faults: that the server counted or its loop saw.
    """

    inputs: int = 0
    connections: int = 0
    hangs: int = 0
    faults: int = 0
    seconds: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.hangs and not self.faults


def seeds() -> list[Event]:
    """One message of every type, each with much in it; no goodbye, which ends a connection."""
    full: list[Event] = [
        Hello(client="fuzz/1", want=("delta", "vertices"), token="t", resume="r", have=3),
        Body(id="b", height=1.7, tape={"waist": 0.8}, weight_kg=60.0),
        Pose(time=2.0, head=_HEAD, left=_HEAD, right=_HEAD, seq=9, joints={"hips": _HEAD}),
        Utterance(id="u", text="袖子加长三厘米 please", lang="zh", rev=2),
        Utterance(id="t", text="", wit=_WIT),
        Command(id="c", action="adjust_fit", target="t-shirt", part="sleeve", delta=0.03),
        Point(id="p", target="chair-1"),
        RoomPlan(id="r", outline=((0, 0), (4, 0), (4, 3), (0, 3)), height=2.5),
        AudioStart(id="a", lang="en"),
        AudioChunk(seq=1, data=bytes(640)),
        Ping(id="i", time=1.0),
        Ack(target="t-shirt", frame=7),
        Received(upto=4),
        Join(id="j", room="x", name="Mia"),
        Allow(id="w", guests="move", who="Noa"),
        Clock(time=3.0),
        PlaybackFinished(ref="r"),
        Upload(id="f", size=5, hash="0" * 64, what="body", consent=True, height=1.7),
        UploadChunk(upload="f", offset=0, data=b"photo", crc=1),
    ]
    there = {type(event) for event in full}
    rest = [kind for kind in get_args(Event) if kind not in there and kind is not Bye]
    return [*full, *(kind() for kind in rest)]


class Mutator:
    """An endless, reproducible stream of broken messages."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        events = seeds()
        self._plain = [msgspec.to_builtins(event, builtin_types=(bytes,)) for event in events]
        self._texts = [encode_event(e, "json", plain=True).data for e in events]
        self._packs = [encode_event(e, "msgpack", plain=True).data for e in events]
        self._compact = [encode_event(e).data for e in events if isinstance(e, Pose | AudioChunk)]
        bare = Pose(time=1.0, head=_HEAD, right=_HEAD, seq=1)
        self._compact += [encode_event(bare).data, b"\xc1\x02", b"\xc1\x05abc"]

    def __iter__(self) -> Iterator[tuple[Opcode, bytes, str]]:
        """The opcode, the payload, and what was done."""
        dice = self._random
        while True:
            way = dice.random()
            if way < 0.35:
                yield Opcode.TEXT, self._text(dice.choice(self._texts)), "JSON bytes"
            elif way < 0.55:
                yield Opcode.BINARY, self._bytes(dice.choice(self._packs)), "MessagePack bytes"
            elif way < 0.75:
                yield Opcode.BINARY, self._bytes(dice.choice(self._compact)), "compact bytes"
            elif way < 0.97:
                message = self._fields()
                if dice.random() < 0.5:
                    yield Opcode.TEXT, _json(message), "JSON fields"
                else:
                    yield Opcode.BINARY, _msgpack(message), "MessagePack fields"
            else:
                noise = dice.randbytes(dice.randrange(200))
                yield Opcode.BINARY, noise, "noise"

    def _bytes(self, seed: bytes) -> bytes:
        dice, data = self._random, bytearray(seed)
        for _ in range(dice.randint(1, 5)):
            place = dice.randrange(len(data) + 1)
            match dice.randrange(6):
                case 0 if place < len(data):
                    data[place] = dice.randrange(256)
                case 1:
                    del data[place : place + dice.randint(1, 8)]
                case 2:
                    data[place:place] = dice.randbytes(dice.randint(1, 8))
                case 3 if place < len(data):
                    data[place] ^= 1 << dice.randrange(8)
                case 4:
                    data[place:place] = data[: dice.randrange(64)]
                case _:
                    number = dice.choice((0, -1, 2**31 - 1, -(2**31), 1))
                    data[place : place + 4] = struct.pack("<i", number)
        return bytes(data)

    def _text(self, seed: bytes) -> bytes:
        return self._bytes(seed).decode("utf-8", "ignore").encode()

    def _fields(self) -> dict[str, Any]:
        dice = self._random
        message = dict(dice.choice(self._plain))
        for _ in range(dice.randint(1, 3)):
            name = dice.choice((*message, "type", "id", "extra"))
            match dice.randrange(3):
                case 0:
                    message.pop(name, None)
                case 1:  # another message's idea of that field
                    message[name] = dice.choice(self._plain).get(name)
                case _:
                    message[name] = dice.choice(_HOSTILE)
        return message


async def fuzz(
    url: str,
    inputs: int,
    *,
    seed: int = 0,
    connections: int = 4,
    told: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Send broken messages until there were ``inputs`` of them.

    Args:
        told: called now and then with how many have been sent.

    Raises:
        ChannelError: a number out of bounds; nobody answers at the URL.
    """
    if not 1 <= inputs <= MOST:
        raise ChannelError(
            "that is no bounded run", field="inputs", expected=f"1 to {MOST}", got=str(inputs)
        )
    findings = Findings()
    began = time.monotonic()
    share = -(-inputs // connections)
    await asyncio.gather(
        *(
            _drive(url, Mutator(seed * 1000 + number), share, findings, told)
            for number in range(connections)
        )
    )
    findings.seconds = time.monotonic() - began
    return findings


async def _drive(
    url: str, mutator: Mutator, inputs: int, findings: Findings, told: Callable[[int], None]
) -> None:
    messages = iter(mutator)
    left = inputs
    while left > 0:
        try:
            async with connect(
                url,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                proxy=None,
                max_size=None,
                ping_interval=None,
            ) as ws:
                findings.connections += 1
                await ws.send(encode_event(Hello(client="fuzz/1")).data.decode())
                while left > 0:
                    batch = list(itertools.islice(messages, min(BATCH, left)))
                    left -= len(batch)
                    findings.inputs += len(batch)
                    for _, _, kind in batch:
                        findings.kinds[kind] = findings.kinds.get(kind, 0) + 1
                    # Masked by zeros, which a mask may be, and written at once.
                    ws.transport.write(b"".join(_frame(code, data) for code, data, _ in batch))
                    await _answered(ws, f"ping-{findings.inputs}-{left}", findings)
                    told(findings.inputs)
        except ConnectionClosed:
            continue  # a message that rightly ends a connection, such as a goodbye
        except (OSError, InvalidHandshake) as error:
            raise ChannelError(f"nobody answers at {url}: {error}", field="url") from error


async def _answered(ws: Any, key: str, findings: Findings) -> None:
    wanted = key.encode()
    await ws.send(_json({"type": "ping", "time": 1.0, "id": key}).decode())
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                data = await ws.recv()
                plain = data.encode() if isinstance(data, str) else data
                if b'"code":"internal"' in plain:
                    findings.faults += 1
                if wanted in plain:
                    return
    except TimeoutError:
        findings.hangs += 1


def _frame(opcode: Opcode, payload: bytes) -> bytes:
    """One frame of a client's (RFC 6455, 5.2), masked with zeros."""
    length = len(payload)
    first = 0x80 | opcode
    if length < 126:
        head = bytes((first, 0x80 | length))
    elif length < 65_536:
        head = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


_json = msgspec.json.Encoder().encode


def _msgpack(message: dict[str, Any]) -> bytes:
    try:
        return msgspec.msgpack.encode(message)
    except OverflowError:  # MessagePack's integers end at 64 bits
        return _json(message)
