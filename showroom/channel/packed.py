"""What goes between the channel's process and those of the visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from showroom.protocol.codec import decode_update
from showroom.protocol.messages import AvatarPose, Input, MeshFrame, Update
from showroom.protocol.validation import ref_of

if TYPE_CHECKING:
    from showroom.protocol.mesh_delta import MeshDecoder

LENGTH = 4
"""Bytes of a message's length, little endian, before each message."""


POSE, ASIDE, SHOWN, NOTHING = 0, -1, -2, -3
"""What is no numbered event: a pose; what nobody need hear of; a visit that goes on elsewhere and
shows itself anew; no request at all."""


ALL = "*"
OTHERS = "c"
"""Begins the names of readers who see no more of a visitor than what they wear."""


class Packed(NamedTuple):
    """A frame as compact bytes, ready to be sent.

    ``target`` is "" for the avatar's pose and a companion's name and "/" for theirs, both with
    frame 0.

    Attributes:
        reader: whom it is for alone, where it builds on what they have; :data:`ALL` for whoever
            takes no differences; "" for the visitor's own client.
    """

    target: str
    frame: int
    data: bytes
    reader: str = ""

    def update(self, meshes: MeshDecoder | None = None) -> Update:
        """The frame as an ordinary update; see :func:`decode_update`."""
        return decode_update(self.data, meshes)


class Request(msgspec.Struct, array_like=True):
    """What a visit's process is asked.

    Attributes:
        number: comes back with the answer.
        snapshot: for ``"restore"``, as the process gave it.
        exact: for ``"open"``: frames as they are, not as compact bytes.
        credits: for ``"greet"``, when a client comes: mesh frames of a target that may be on their
            way where it takes differences, else 0.
        acks: the latest frame of each target that the client has shown; of a reader's under
            their name, "/", and the target.
        readers: for ``"readers"``, who takes mesh frames beside the client, each as differences
            of their own: by name, which poses' frames: every, every other one …
        ref: for ``"cancel"``, the event's.
    """

    verb: Literal["open", "greet", "readers", "handle", "restore", "close", "cancel"]
    visit: str
    number: int = 0
    event: Input | None = None
    snapshot: bytes = b""
    exact: bool = False
    credits: int = 0
    acks: dict[str, int] = {}
    ref: str = ""
    readers: dict[str, int] = {}

    def means(self, other: Request) -> bool:
        """Whether this cancels another request."""
        event = other.event
        return other.visit == self.visit and event is not None and ref_of(event) == self.ref


class Placed(msgspec.Struct, array_like=True):
    """Where a frame stands: its place among the updates, and in the ring or in ``data``."""

    index: int
    target: str
    frame: int
    position: int
    length: int
    data: bytes = b""
    reader: str = ""


class Answer(msgspec.Struct, array_like=True):
    """What a visit's process answers; its first names no visit and has its process number.

    Attributes:
        snapshot: the visit after all but poses; "" where nothing new is to be kept.
        spent: seconds that it took.
        failed: of ``"open"`` and ``"restore"``: the visit is not there.
    """

    visit: str
    number: int
    updates: list[Update] = []
    frames: list[Placed] = []
    snapshot: bytes = b""
    spent: float = 0.0
    failed: bool = False


def frame_of(update: AvatarPose | MeshFrame | Packed) -> tuple[str, int]:
    """What a frame takes the place of, and its number; an avatar's pose has 0."""
    if isinstance(update, AvatarPose):
        return f"{update.who}/" if update.who else "", 0
    return update.target, update.frame
