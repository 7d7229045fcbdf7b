"""What the shell passes between the visits of those who shop together; never over a socket."""

from __future__ import annotations

from typing import Literal

import msgspec

from .base import Message
from .limits import Identifier

Guests = Literal["look", "move", "change"]
"""What guests may do with what stands in a host's room: nothing, move it, or whatever they wish."""


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A product in the room: how it is made, and where it stands, in metres and radians."""

    values: dict[str, float]
    choices: dict[str, str]
    size: str = ""
    color: str = ""
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0


class SharedRoom(Message, tag="shared_room"):
    """What stands in a host's room, for the visits of the guests; told whenever that changes.

    Attributes:
        scene: "" for a room of the host's own.
        things: by product id; without what the host wears.
    """

    scene: str
    outline: tuple[tuple[float, float], ...]
    height: float
    things: dict[str, Standing] = msgspec.field(default_factory=dict)


class Part(Message, tag="part"):
    """The part that a visitor has in a company from now on.

    Attributes:
        host: of a guest, the host's name there.
        may: of a guest, what they may do.
        room: of a guest, the host's.
    """

    role: Literal["alone", "host", "guest"] = "alone"
    host: str = ""
    may: Guests = "change"
    room: SharedRoom | None = None


class Granted(Message, tag="granted"):
    """What came of a guest's wish in the host's visit.

    Attributes:
        ref: the wish's.
        text: what to say about it, in the guest's language.
        code: of the error where it was refused, with ``message``, ``field``, ``expected`` and
            ``got``; "" where it was done.
    """

    ref: Identifier
    text: str = ""
    code: str = ""
    message: str = ""
    field: str = ""
    expected: str = ""
    got: str = ""
