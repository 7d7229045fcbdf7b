"""A visit as plain data, to be kept, sent to another process, and gone on with there."""

from __future__ import annotations

from typing import Any

import msgspec

from showroom.protocol.messages import Body, Command, RoomPlan

from .company import Sharing
from .pending import NOTHING, Pending
from .state import State

VERSION = 1


class SnapshotError(Exception):
    """What should be restored is no snapshot of this version."""

    code = "snapshot"


class Snapshot(msgspec.Struct, kw_only=True):
    """Everything that a visit would have to be told again.

    Attributes:
        done, undone: states to go back and forth to, oldest first; ``makers`` and ``unmakers``:
            who made each of them, see :class:`.state.History`.
        sharing: the company that the visit is in.
        choices, wishes: an open question's answers and what each would carry out.
        open: as of the dialogue.
        past: the latest changes that stand, each with the value that it replaced.
        viewer: x, z and yaw of the visitor.
        watched: others look on.
        supplied: folders of products made from the visitor's own photos.
        pending: the event that waits for an errand.
    """

    version: int = VERSION
    lang: str = "en"
    want: tuple[str, ...] = ()
    state: State
    done: list[State] = []
    undone: list[State] = []
    body: Body | None = None
    room: RoomPlan | None = None
    pointed: str = ""
    last: Command | None = None
    colors: list[str] = []
    topic: str = ""
    listed: tuple[str, ...] = ()
    previous: Command | None = None
    past: tuple[tuple[Command, str], ...] = ()
    said: str = ""
    open: str = ""
    question: str = ""
    choices: tuple[str, ...] = ()
    wishes: tuple[tuple[Command, ...], ...] = ()
    viewer: tuple[float, float, float] | None = None
    time: float = 0.0
    utterance: tuple[str, int] = ("", -1)
    watched: bool = False
    pending: Pending = NOTHING
    makers: list[str] = []
    unmakers: list[str] = []
    sharing: Sharing = msgspec.field(default_factory=Sharing)
    supplied: tuple[str, ...] = ()


def to_plain(snapshot: Snapshot) -> dict[str, Any]:
    """As dicts, lists, strings and numbers."""
    plain: dict[str, Any] = msgspec.to_builtins(snapshot)
    return plain


def from_plain(data: dict[str, Any]) -> Snapshot:
    """The snapshot in plain data.

    Raises:
        SnapshotError: it has another form or version.
    """
    try:
        snapshot = msgspec.convert(data, Snapshot)
    except msgspec.ValidationError as error:
        raise SnapshotError(f"this is no snapshot of a visit: {error}") from error
    if snapshot.version != VERSION:
        raise SnapshotError(f"a snapshot of version {snapshot.version}, expected {VERSION}")
    return snapshot
