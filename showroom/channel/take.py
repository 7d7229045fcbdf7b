"""A recorded session: what visits were told and what they answered, as JSON lines.

The first line says what the file is; each line after it is one turn: an event, when it came, and
the updates that answered it. A visit is a pure state machine, so its events in order are all that
it takes to have the same session again (:mod:`showroom.channel.replay`).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, get_args

import msgspec

from showroom import __version__
from showroom.protocol.errors import ProtocolError
from showroom.protocol.limits import Transform
from showroom.protocol.messages import (
    INTERNAL,
    VERSION,
    Body,
    Hello,
    Input,
    MeshFrame,
    Pose,
    Update,
)
from showroom.protocol.rotations import plain
from showroom.protocol.validation import check

FORMAT = 1
MAX_FILE_BYTES = 256 * 1024 * 1024
STANDARD_BODY = Body(height=1.70)
STANDARD_EYES = 1.59
"""Eye height of a body of 1.70 m in metres, to which recorded motion is scaled."""

PLAUSIBLE_EYES = (0.3, 2.6)


class TakeError(Exception):
    """A recording cannot be written or read; says where and what was expected."""

    code = "take"


class Head(msgspec.Struct, kw_only=True):
    """A recording's first line.

    Attributes:
        session: the file's format.
        protocol: the version that was spoken.
        answered: whether the turns hold the answers too.
        types: the types of update there were; a later server may send others beside them.
    """

    session: int
    protocol: int
    answered: bool
    server: str = ""
    types: tuple[str, ...] = ()


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One event and its answers.

    Attributes:
        t: seconds since the recording began.
        visit: a name; turns of several visits may alternate.
        updates: as a client gets them, without what it need not keep: the vertices of a mesh
            frame are counted in ``vertices``.
    """

    t: float
    visit: str
    event: Input
    updates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Take:
    """A whole recording."""

    head: Head
    turns: tuple[Turn, ...]


def new_head(*, answered: bool) -> Head:
    """The first line of a recording that is made now."""
    types = sorted(
        str(kind.__struct_config__.tag) for kind in get_args(Update) if kind not in INTERNAL
    )
    return Head(
        session=FORMAT,
        protocol=VERSION,
        answered=answered,
        server=f"showroom/{__version__}",
        types=tuple(types),
    )


def plain_updates(updates: Iterable[Update]) -> tuple[dict[str, Any], ...]:
    """Updates as they stand in a recording."""
    rows = []
    for update in updates:
        if isinstance(update, INTERNAL):
            continue
        if isinstance(update, MeshFrame):
            row = msgspec.to_builtins(msgspec.structs.replace(update, positions=b""))
            row["vertices"] = len(update.positions) // 12
        else:
            row = msgspec.to_builtins(update, enc_hook=plain)
        row.pop("n", None)
        rows.append(row)
    return tuple(rows)


def read_take(path: Path) -> Take:
    """Read a recording.

    Raises:
        TakeError: an unreadable or too large file, another format, or a line that is no turn.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TakeError(f"{path.name}: larger than {MAX_FILE_BYTES >> 20} MB")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise TakeError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    try:
        head = msgspec.json.decode(lines[0] if lines else b"", type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TakeError(
            f'{path.name}:1: expected a recording\'s first line, {{"session": 1, …}}: {error}'
        ) from None
    if head.session != FORMAT:
        raise TakeError(f"{path.name}:1: expected format {FORMAT}, got {head.session}")
    decoder = msgspec.json.Decoder(Turn)
    turns: list[Turn] = []
    for number, line in enumerate(lines[1:], 2):
        try:
            turn = decoder.decode(line)
            check(turn.event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise TakeError(f"{path.name}:{number}: expected a turn: {error}") from None
        except ProtocolError as error:
            raise TakeError(f"{path.name}:{number}: {error}") from error
        if turns and turn.t < turns[-1].t:
            raise TakeError(f"{path.name}:{number}: time goes back")
        turns.append(turn)
    if not turns:
        raise TakeError(f"{path.name}: holds no turns")
    return Take(head, tuple(turns))


def write_take(path: Path, take: Take) -> None:
    """Write a recording; whole or not at all.

    Raises:
        TakeError: the file cannot be written.
    """
    rows: Sequence[msgspec.Struct] = (take.head, *take.turns)
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise TakeError(f"{path}: cannot be written: {error.strerror or error}") from error


class Recorder:
    """Writes a recording while it happens; a context manager, thread-safe.

    The file is there once the recording is closed, unless nothing happened. Without ``bodies`` it
    says nothing of a body: the height and tape are a standard body's, poses are scaled to its
    height and lose all but head and hands, and answers, which speak of the body, are left out.
    Tokens are never written.

    Args:
        force: replace a recording that is there already, once this one is closed.

    Raises:
        TakeError: on opening, the file cannot be written, or is there already.
    """

    def __init__(self, path: Path, *, bodies: bool = False, force: bool = False) -> None:
        self.path = path
        self.turns = 0
        self.problem = ""
        self._bodies = bodies
        self._partial = path.with_name(path.name + ".part")
        self._began = time.monotonic()
        self._scales: dict[str, float] = {}
        self._size = 0
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not force:
                raise TakeError(f"{path}: is there already: name another file, or add --force")
            # For its owner alone: it may hold what was said.
            new = os.O_TRUNC if force else os.O_EXCL
            handle = os.open(self._partial, os.O_WRONLY | os.O_CREAT | new, 0o600)
            self._file: BinaryIO = os.fdopen(handle, "wb")
        except FileExistsError as error:
            raise TakeError(
                f"{self._partial}: another recording goes on, or one was cut off: move it away to "
                "keep it, or add --force"
            ) from error
        except OSError as error:
            raise TakeError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._write(new_head(answered=bodies))

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, visit: str, event: Input, updates: Iterable[Update]) -> None:
        """Write one turn; a disk that is full ends the recording and not the visit."""
        with self._lock:
            if self.problem or self._file.closed:
                return
            moment = round(time.monotonic() - self._began, 4)
            if isinstance(event, Hello):
                event = msgspec.structs.replace(event, token="", resume="", have=0)
            if not self._bodies:
                event, updates = self._bodiless(visit, event), ()
            turn = Turn(t=moment, visit=visit, event=event, updates=plain_updates(updates))
            if self._write(turn):
                self.turns += 1

    def forget(self, visit: str) -> None:
        """The visit has ended."""
        with self._lock:
            self._scales.pop(visit, None)

    def close(self) -> None:
        """Put the file in its place, if there is anything in it; idempotent."""
        with self._lock:
            if self._file.closed:
                return
            try:
                self._file.close()
                if self.turns:
                    self._partial.replace(self.path)
                else:
                    self._partial.unlink()
            except OSError as error:
                self.problem = self.problem or f"{error.strerror or error}"

    def _write(self, row: msgspec.Struct) -> bool:
        data = msgspec.json.encode(row) + b"\n"
        if self._size + len(data) > MAX_FILE_BYTES:
            self.problem = f"the recording is full at {MAX_FILE_BYTES >> 20} MB"
            return False
        try:
            self._file.write(data)
        except OSError as error:
            self.problem = f"{error.strerror or error}"
            return False
        self._size += len(data)
        return True

    def _bodiless(self, visit: str, event: Input) -> Input:
        if isinstance(event, Body):
            return msgspec.structs.replace(STANDARD_BODY, id=event.id)
        if not isinstance(event, Pose):
            return event
        low, high = PLAUSIBLE_EYES
        if visit not in self._scales:
            eyes = event.head[1]
            self._scales[visit] = STANDARD_EYES / eyes if low <= eyes <= high else 1.0
        return standing(event, self._scales[visit])


def standing(pose: Pose, scale: float) -> Pose:
    """Head and hands of a pose as of a visitor who is ``scale`` times as tall."""
    x, y, z = pose.head[:3]
    head = (x, max(-100.0, min(100.0, y * scale)), z)

    def hand(transform: Transform | None) -> Transform | None:
        if transform is None:
            return None
        u, v, w = (
            max(-100.0, min(100.0, h + scale * (t - o)))
            for h, t, o in zip(head, transform[:3], (x, y, z), strict=True)
        )
        return (u, v, w, *transform[3:])

    return msgspec.structs.replace(
        pose,
        head=(*head, *pose.head[3:]),
        left=hand(pose.left),
        right=hand(pose.right),
        joints={},
        skeleton="vrm",
    )
