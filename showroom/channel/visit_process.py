"""The life of a process that visits live in: requests in, answers and frames out.

Frames are made ready for the wire here, so that the channel's process only moves bytes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections import deque
from pathlib import Path

import msgspec

from showroom.protocol.codec import encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.mesh_delta import MeshEncoder
from showroom.protocol.messages import AvatarPose, ErrorUpdate, MeshFrame, Pose, Update
from showroom.protocol.rotations import plain

from .packed import LENGTH, NOTHING, Answer, Placed, Request, frame_of
from .ring import Ring
from .worker import MakeVisit, VisitLike, guarded, internal_error

logger = logging.getLogger("showroom.channel")

NICENESS = 10
_READ = 256 * 1024


def run_visits(sock: socket.socket, ring: Ring | None, make: MakeVisit) -> None:
    """Serve visits until the other side hangs up.

    Poses come before whatever else waits: a visitor who asks for something long holds up nobody's
    body but, in a shared process, for as long as one answer takes.
    """
    with contextlib.suppress(OSError):
        _Visits(sock, ring, make).run()


class _Visits:
    def __init__(self, sock: socket.socket, ring: Ring | None, make: MakeVisit) -> None:
        self._sock = sock
        self._ring = ring
        self._make = make
        self._visits: dict[str, VisitLike] = {}
        self._poses: deque[Request] = deque()
        self._rest: deque[Request] = deque()
        self._coming: set[str] = set()
        self._exact = False
        self._meshes: dict[str, MeshEncoder] = {}
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
        self._sock.setblocking(not self._rest)
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= LENGTH:
            stop = at + LENGTH + int.from_bytes(self._buffer[at : at + LENGTH], "little")
            if stop > len(self._buffer):
                break
            request = self._decoder.decode(self._buffer[at + LENGTH : stop])
            if request.verb in ("open", "restore"):
                self._coming.add(request.visit)
            at_once = isinstance(request.event, Pose) and request.visit not in self._coming
            (self._poses if at_once else self._rest).append(request)
            at = stop
        del self._buffer[:at]
        return True

    def _serve(self, request: Request) -> None:
        if self._ring is not None:
            self._ring.doing = request.number
        began = time.perf_counter()
        if request.acks and (meshes := self._meshes.get(request.visit)):
            for target, frame in request.acks.items():
                meshes.acknowledge(target, frame)
        answer = Answer(request.visit, request.number)
        try:
            updates = self._answer(request, answer)
        except Exception as error:
            # By type only: a message could carry what the visitor said.
            logger.error("a visit's process failed with %s", type(error).__name__)
            answer.failed = request.event is None
            event = request.event
            updates = [] if event is None else [internal_error(event).update()]
        self._put(updates, answer)
        answer.spent = time.perf_counter() - began
        if self._ring is not None:
            self._ring.doing = NOTHING
        self._send(answer)

    def _answer(self, request: Request, answer: Answer) -> list[Update]:
        match request.verb:
            case "open":
                self._exact = request.exact
                self._visits[request.visit] = self._make()
            case "close":
                self._visits.pop(request.visit, None)
                self._meshes.pop(request.visit, None)
            case "greet":
                self._meshes.pop(request.visit, None)
                if request.credits:
                    self._meshes[request.visit] = MeshEncoder(request.credits)
            case "restore":
                plain = msgspec.msgpack.decode(request.snapshot)
                return self._visits[request.visit].restore(plain)
            case "handle" if request.event is not None and request.visit in self._visits:
                visit = self._visits[request.visit]
                updates = guarded(visit, request.event)
                if not isinstance(request.event, Pose):
                    answer.snapshot = self._encoder.encode(visit.snapshot())
                return updates
        return []

    def _put(self, updates: list[Update], answer: Answer) -> None:
        """Frames into the ring, all else into the answer."""
        meshes = self._meshes.get(answer.visit)
        index = -1
        for update in updates:
            if isinstance(update, MeshFrame) and meshes and not meshes.ready(update.target):
                continue  # the client is behind: the next frame will be a newer one
            index += 1
            if self._exact or not isinstance(update, AvatarPose | MeshFrame):
                answer.updates.append(update)
                continue
            try:
                data = encode_update(update, meshes=meshes).data
            except ProtocolError as error:
                logger.error("a frame cannot be encoded: %s", error.field)
                fault = ErrorUpdate(code="internal", message=error.message, field=error.field)
                answer.updates.append(fault)
                continue
            target, frame = frame_of(update)
            position = self._ring.put(data) if self._ring is not None else -1
            within = b"" if position >= 0 else data
            answer.frames.append(Placed(index, target, frame, position, len(data), within))

    def _send(self, answer: Answer) -> None:
        data = self._encoder.encode(answer)
        self._sock.setblocking(True)
        self._sock.sendall(len(data).to_bytes(LENGTH, "little") + data)


def settle_in() -> None:
    """Make this process one that yields to the channel's and dies before it."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        # What a visitor has said and measures must not get into a core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
