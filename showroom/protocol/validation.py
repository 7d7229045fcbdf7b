"""Checks that types alone cannot express: unit rotations, hands and heads inside the space.

:func:`check` is for events that never were on a wire (an engine in the same process makes them);
decoded ones have passed it.
"""

from __future__ import annotations

import math

import msgspec

from .errors import ProtocolError
from .limits import UNIT_TOLERANCE
from .messages import Advice, Event, Input, Pose, Transform

_SQUARE_LOW = (1.0 - UNIT_TOLERANCE) ** 2
_SQUARE_HIGH = (1.0 + UNIT_TOLERANCE) ** 2


def ref_of(event: Input) -> str:
    """How an answer refers to an event: its ``id``; a pose by its number, ``"pose/17"``."""
    if isinstance(event, Advice):
        return event.ref
    if isinstance(event, Pose):
        return f"pose/{event.seq}"
    return getattr(event, "id", "")


def check(event: Input) -> None:
    """Check what decoding cannot.

    Raises:
        ProtocolError: a pose with a coordinate that is not finite or beyond 100 m
            (``out_of_range``) or a rotation that is no unit quaternion (``not_unit``).
    """
    if type(event) is Pose:
        _check_transform(event.head, "head", event)
        if event.left is not None:
            _check_transform(event.left, "left", event)
        if event.right is not None:
            _check_transform(event.right, "right", event)
        for name, transform in event.joints.items():
            _check_transform(transform, f"joints.{name}", event)
        if not 0.0 <= event.time <= 1e12:
            raise ProtocolError(
                "out_of_range",
                "time is not a number of seconds",
                field="time",
                expected="0 to 1e12 s",
                got=str(event.time),
                ref=ref_of(event),
            )


def checked(event: Event) -> Event:
    """The event as if it had come over a wire: every limit holds, or an error is raised.

    Raises:
        ProtocolError: as :func:`showroom.protocol.codec.decode_event`.
    """
    from .codec import decode_event

    return decode_event(msgspec.msgpack.encode(event))


def _check_transform(transform: Transform, field: str, event: Pose) -> None:
    x, y, z, a, b, c, d = transform
    if not (-100.0 <= x <= 100.0 and -100.0 <= y <= 100.0 and -100.0 <= z <= 100.0):
        index = next(i for i, v in enumerate((x, y, z)) if not -100.0 <= v <= 100.0)
        raise ProtocolError(
            "out_of_range",
            "a position is outside the space or not a number",
            field=f"{field}[{index}]",
            expected="-100 to 100 m",
            got=f"{transform[index]:g}",
            ref=ref_of(event),
        )
    square = a * a + b * b + c * c + d * d
    if not _SQUARE_LOW <= square <= _SQUARE_HIGH:
        norm = math.sqrt(square) if square >= 0.0 else square
        raise ProtocolError(
            "not_unit",
            "a rotation is no unit quaternion",
            field=f"{field}[3:7]",
            expected=f"norm 1 ± {UNIT_TOLERANCE}",
            got=f"norm {norm:.4g}",
            ref=ref_of(event),
        )
