"""What a client may send: ranges, lengths and sizes, as constrained types; one place for all.

msgspec checks them while it decodes, and writes them into the JSON Schema. NaN and infinities are
outside every range.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_EVENT_BYTES = 64 * 1024
"""A longer event is refused with ``too_large``; the visit lives on."""

MAX_FRAME_BYTES = 1024 * 1024
"""A longer websocket frame closes the connection (1009); the visit can be resumed."""

MAX_FRAME_VERTICES = 200_000
"""Most vertices of one mesh frame."""

UNIT_TOLERANCE = 0.02
"""A quaternion's norm may differ from 1 by this much."""

Metre = Annotated[float, Meta(ge=-100.0, le=100.0)]
"""A coordinate in the play space."""

UnitPart = Annotated[float, Meta(ge=-1.05, le=1.05)]
"""One component of a unit quaternion."""

Transform = tuple[Metre, Metre, Metre, UnitPart, UnitPart, UnitPart, UnitPart]
"""Position x, y, z in metres and rotation quaternion x, y, z, w."""

Joints = Annotated[dict[Annotated[str, Meta(max_length=64)], Transform], Meta(max_length=128)]
"""Tracked joints by name."""

Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]
Height = Annotated[float, Meta(ge=0.3, le=3.0)]
RoomHeight = Annotated[float, Meta(ge=1.5, le=20.0)]
Girth = Annotated[float, Meta(ge=0.01, le=4.0)]
Weight = Annotated[float, Meta(ge=2.0, le=500.0)]
Offset = Annotated[float, Meta(ge=-100.0, le=100.0)]
"""A signed change: metres or radians."""

Length = Annotated[float, Meta(ge=0.0, le=100.0)]
Factor = Annotated[float, Meta(ge=0.001, le=1000.0)]
SizeStep = Annotated[int, Meta(ge=-20, le=20)]
Spot = tuple[Metre, Metre, Offset]
"""A place on the floor: x and z in metres, and a yaw about +Y in radians."""

Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=0, le=99)]
"""Pieces in a basket."""

Price = Annotated[float, Meta(ge=0.0, le=1e9)]
"""An amount in the shop's currency."""

Counter = Annotated[int, Meta(ge=0, le=2**32 - 1)]
"""A sequence or frame number; fits an unsigned 32-bit integer."""

Identifier = Annotated[str, Meta(max_length=128)]
Word = Annotated[str, Meta(max_length=64)]
MAX_UPLOAD_BYTES = 16 * 1024 * 1024
UploadSize = Annotated[int, Meta(ge=1, le=MAX_UPLOAD_BYTES)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
PublicName = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[^/\x00-\x1f]+$")]
Lang = Annotated[str, Meta(max_length=16)]
Text = Annotated[str, Meta(max_length=2000)]
Secret = Annotated[str, Meta(max_length=4096)]
Words = Annotated[tuple[Word, ...], Meta(max_length=16)]
Tape = Annotated[dict[Word, Girth], Meta(max_length=64)]

Outline = Annotated[tuple[tuple[Metre, Metre], ...], Meta(min_length=3, max_length=256)]
Openings = Annotated[
    tuple[tuple[Word, Annotated[int, Meta(ge=0, le=255)], Length, Length, Length, Length], ...],
    Meta(max_length=64),
]
Obstacles = Annotated[
    tuple[tuple[Metre, Metre, Length, Length, Length, Offset], ...], Meta(max_length=128)
]
