"""The life of a process that visits live in: requests in, answers and frames out.

Frames are made ready for the wire here, so that the channel's process only moves bytes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from showroom.protocol.codec import encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.mesh_delta import MeshEncoder
from showroom.protocol.messages import (
    AvatarPose,
    ErrorUpdate,
    MeshFrame,
    Pose,
    Progress,
    Update,
    Watched,
)
from showroom.protocol.rotations import plain
from showroom.protocol.validation import ref_of

from .packed import LENGTH, NOTHING, POSE, SHOWN, Answer, Placed, Request, frame_of
from .promptness import take_short_turns
from .readers import Readers
from .ring import Ring
from .stand_in import (
    CANCEL,
    CAUGHT_UP,
    HANDOVER,
    STOP,
    Experience,
    Handover,
    StandIn,
    StandInLostError,
    framed,
    unframed,
)
from .worker import MakeVisit, VisitLike, guarded, internal_error

logger = logging.getLogger("showroom.channel")

NICENESS = 10
_READ = 256 * 1024
PROGRESS_SECONDS = 0.2
"""Work that takes longer than that says how far it is."""


def run_visits(
    sock: socket.socket, ring: Ring | None, make: MakeVisit, *, forks: bool = False
) -> None:
    """Serve visits until the other side hangs up.

    Poses come before whatever else waits. Where the process may fork, a stand-in answers them while
    it works (:mod:`.stand_in`); elsewhere a visitor who asks for something long holds up their own
    body, and in a shared process others', for as long as one answer takes.
    """
    with contextlib.suppress(OSError):
        _Visits(sock, ring, make, forks).run()


class _Visits:
    def __init__(
        self, sock: socket.socket, ring: Ring | None, make: MakeVisit, forks: bool
    ) -> None:
        self._sock = sock
        self._forks = forks
        self._experience = Experience()
        self._stand_in: StandIn | None = None
        self._gone: list[StandIn] = []
        self._work: Request | None = None
        self._began = 0.0
        self._stopped = False
        self._standing_in = False
        self._ring = ring
        self._make = make
        self._visits: dict[str, VisitLike] = {}
        self._poses: deque[Request] = deque()
        self._rest: deque[Request] = deque()
        self._coming: set[str] = set()
        self._exact = False
        self._meshes: dict[str, MeshEncoder] = {}
        self._readers: dict[str, Readers] = {}
        self._buffer = bytearray()
        self._encoder = msgspec.msgpack.Encoder(enc_hook=plain)
        self._decoder = msgspec.msgpack.Decoder(Request)

    def run(self) -> None:
        if self._ring is not None:
            self._ring.doing = NOTHING
        self._send(Answer("", os.getpid()))
        while self._read():
            while self._poses:
                self._serve(self._poses.popleft())
            if self._rest:
                request = self._rest.popleft()
                self._serve(request)
                if request.verb != "handle" and not self._still_coming(request.visit):
                    self._coming.discard(request.visit)

    def _still_coming(self, visit: str) -> bool:
        """Whether a visit is still to be opened or restored; its poses wait for that."""
        return any(r.visit == visit and r.verb in ("open", "restore") for r in self._rest)

    def _read(self) -> bool:
        """Take in what has come; waits only if there is nothing to do. False at the end."""
        self._sock.setblocking(not self._rest and not self._poses)
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._buffer += data
        for message in self._messages():
            self._sort(self._decoder.decode(message))
        return True

    def _messages(self) -> Iterator[bytes]:
        """The whole messages that have come, taken out of the buffer."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= LENGTH:
            stop = at + LENGTH + int.from_bytes(buffer[at : at + LENGTH], "little")
            if stop > len(buffer):
                break
            yield bytes(buffer[at + LENGTH : stop])
            at = stop
        del buffer[:at]

    def _sort(self, request: Request) -> None:
        if request.verb == "cancel":
            self._cancel(request)
            return
        if request.verb in ("open", "restore"):
            self._coming.add(request.visit)
        (self._poses if self._at_once(request) else self._rest).append(request)

    def _at_once(self, request: Request) -> bool:
        return isinstance(request.event, Pose) and request.visit not in self._coming

    def _cancel(self, request: Request) -> None:
        """Stop what is worked on, or forget what waits for that."""
        if self._work is not None and request.means(self._work):
            self._stopped = True
        for waiting in list(self._rest):
            if request.means(waiting):
                self._rest.remove(waiting)
                error = ProtocolError("cancelled", "it was cancelled", ref=request.ref)
                self._send(Answer(waiting.visit, waiting.number, [error.update()]))

    def _serve(self, request: Request) -> None:
        if self._ring is not None and not self._standing_in:
            self._ring.doing = request.number
        began = time.perf_counter()
        if request.acks:
            self._acknowledge(request)
        answer = Answer(request.visit, request.number)
        event = request.event
        if isinstance(event, Pose):
            self._experience.posed()
        elif self._forks and not self._exact and self._experience.worth(event):
            self._begin_stand_in()
        self._work, self._began, self._stopped = request, time.perf_counter(), False
        try:
            updates = self._answer(request)
        except Exception as error:
            # By type only: a message could carry what the visitor said.
            logger.error("a visit's process failed with %s", type(error).__name__)
            answer.failed = event is None
            updates = [] if event is None else [internal_error(event).update()]
        seconds = time.perf_counter() - self._began
        self._experience.took(event, seconds, shared=self._stand_in is not None)
        self._work = None
        if self._stand_in is not None:
            updates = self._take_over(request, updates)
        if event is not None and not isinstance(event, Pose) and request.visit in self._visits:
            answer.snapshot = self._encoder.encode(self._visits[request.visit].snapshot())
        self._put(updates, answer, aside=isinstance(event, Watched))
        answer.spent = time.perf_counter() - began
        if self._ring is not None and not self._standing_in:
            self._ring.doing = NOTHING
        self._send(answer)

    def _answer(self, request: Request) -> list[Update]:
        match request.verb:
            case "open":
                self._exact = request.exact
                visit = self._visits[request.visit] = self._make()
                visit.attend(self._tell)
            case "close":
                self._visits.pop(request.visit, None)
                self._meshes.pop(request.visit, None)
                self._readers.pop(request.visit, None)
            case "readers":
                readers = self._readers.setdefault(request.visit, Readers())
                readers.are(request.readers, request.credits)
            case "greet":
                self._meshes.pop(request.visit, None)
                if request.credits:
                    self._meshes[request.visit] = MeshEncoder(request.credits)
            case "restore":
                plain = msgspec.msgpack.decode(request.snapshot)
                return self._visits[request.visit].restore(plain)
            case "handle" if request.event is not None and request.visit in self._visits:
                return guarded(self._visits[request.visit], request.event)
        return []

    def _tell(self, done: float, text: str) -> bool:
        """Long work says how far it is; False where it shall stop."""
        work = self._work
        if work is None or work.event is None:
            return True
        stand_in = self._stand_in
        if stand_in is None:
            self._look_up()
        else:
            for message in stand_in.cancelled():
                self._stopped |= self._decoder.decode(message).means(work)
        ref = ref_of(work.event)
        if ref and time.perf_counter() - self._began > PROGRESS_SECONDS:
            told = Answer(work.visit, SHOWN, [Progress(task="fit", done=done, text=text, ref=ref)])
            if stand_in is None:
                self._send(told)
            else:
                stand_in.tell(self._encoder.encode(told))
        return not self._stopped

    def _look_up(self) -> None:
        """Take in what has come in the midst of work; it may cancel that."""
        self._sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._buffer += self._sock.recv(_READ)
        for message in self._messages():
            self._sort(self._decoder.decode(message))

    def _begin_stand_in(self) -> None:
        self._gone = [one for one in self._gone if not one.reap()]
        try:
            self._stand_in = StandIn(self._stand)
        except OSError as error:
            logger.error("no stand-in for a visit: %s", error.strerror)
        else:
            self._experience.forked(self._stand_in.fork_seconds)

    def _stand(self, control: socket.socket) -> None:
        """The stand-in's life: answer poses, keep all else, until the work is done."""
        self._standing_in = True
        left, told = Handover(), bytearray()
        while True:
            ready, _, _ = select.select([self._sock, control], [], [])
            if control in ready:
                data = control.recv(_READ)
                if not data:
                    return  # the work has died, and this with it
                told += data
                for kind, body in unframed(told):
                    if kind == STOP:
                        left.buffer = bytes(self._buffer)
                        left.head = self._ring.head if self._ring is not None else 0
                        control.sendall(framed(HANDOVER, msgspec.msgpack.encode(left)))
                        return
                    self._write(body)
                continue
            data = self._sock.recv(_READ)
            if not data:
                return
            self._buffer += data
            for message in self._messages():
                request = self._decoder.decode(message)
                pose = request.event
                if not (isinstance(pose, Pose) and self._at_once(request)):
                    left.kept.append(message)
                    if request.verb == "cancel":
                        control.sendall(framed(CANCEL, message))
                    continue
                self._serve(request)
                poses = left.poses.setdefault(request.visit, [])
                poses.append(pose)
                del poses[:-CAUGHT_UP]
                left.counts[request.visit] = left.counts.get(request.visit, 0) + 1

    def _left(self) -> bool:
        """Whether the line has ended."""
        try:
            return not self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _take_over(self, request: Request, updates: list[Update]) -> list[Update]:
        """End the stand-in and go on from where it is; what to tell, with meshes as of now."""
        stand_in, self._stand_in = self._stand_in, None
        assert stand_in is not None
        try:
            left = stand_in.end()
        except StandInLostError:
            if self._left():
                raise SystemExit(0) from None  # whoever it was for has gone, and it with them
            if self._ring is not None:
                self._ring.doing = POSE  # it died over one; the work is done again elsewhere
            raise SystemExit(1) from None
        self._gone.append(stand_in)
        if left.counts:
            self._experience.posed()
        if self._ring is not None:
            self._ring.head = left.head
        self._buffer[:0] = left.buffer
        for message in left.kept:
            self._sort(self._decoder.decode(message))
        for name, poses in left.poses.items():
            visit, meshes = self._visits.get(name), self._meshes.get(name)
            if meshes is not None:  # it does not know what was sent; a whole frame follows
                self._meshes[name] = MeshEncoder(meshes.credits)
            if name in self._readers:
                self._readers[name].begin_anew()
            frames = visit.catch_up(poses, left.counts[name]) if visit is not None else []
            if name == request.visit:
                at = next((i for i, u in enumerate(updates) if isinstance(u, MeshFrame)), None)
                if at is not None:
                    rest = [u for u in updates if not isinstance(u, MeshFrame)]
                    updates = [*rest[:at], *frames, *rest[at:]]
        return updates

    def _acknowledge(self, request: Request) -> None:
        meshes, readers = self._meshes.get(request.visit), self._readers.get(request.visit)
        for key, frame in request.acks.items():
            reader, _, target = key.rpartition("/")
            encoder = readers.encoder(reader) if reader and readers is not None else meshes
            if encoder is not None:
                encoder.acknowledge(target, frame)

    def _put(self, updates: list[Update], answer: Answer, *, aside: bool) -> None:
        """Frames into the ring, all else into the answer.

        Args:
            aside: the client does not get them.
        """
        meshes, readers = self._meshes.get(answer.visit), self._readers.get(answer.visit)
        if aside:
            meshes = readers = None
        count = 0
        for update in updates:
            if self._exact or not isinstance(update, AvatarPose | MeshFrame):
                answer.updates.append(update)
                count += 1
                continue
            ways: list[tuple[str, MeshEncoder | None]] = [("", meshes)]
            if readers is not None and isinstance(update, AvatarPose):
                readers.posed()
            elif readers is not None and isinstance(update, MeshFrame):
                ways += readers.due(update.target, own=meshes is not None)
            for reader, encoder in ways:
                target, frame = frame_of(update)
                if encoder is not None and frame and not encoder.ready(target):
                    continue  # they are behind: the next frame will be a newer one
                try:
                    data = encode_update(update, meshes=encoder).data
                except ProtocolError as error:
                    logger.error("a frame cannot be encoded: %s", error.field)
                    fault = ErrorUpdate(code="internal", message=error.message, field=error.field)
                    answer.updates.append(fault)
                    count += 1
                    break
                position = self._ring.put(data) if self._ring is not None else -1
                within = b"" if position >= 0 else data
                answer.frames.append(
                    Placed(count, target, frame, position, len(data), within, reader)
                )
                count += 1

    def _send(self, answer: Answer) -> None:
        self._write(self._encoder.encode(answer))

    def _write(self, data: bytes) -> None:
        self._sock.setblocking(True)
        self._sock.sendall(len(data).to_bytes(LENGTH, "little") + data)


def settle_in() -> None:
    """Make this process one that yields to the channel's and dies before it."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICENESS)
    with contextlib.suppress(AttributeError, OSError):
        # Also where the channel runs in real time (chrt): visits share what is left by niceness.
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    take_short_turns(0.0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        # What a visitor has said and measures must not get into a core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
