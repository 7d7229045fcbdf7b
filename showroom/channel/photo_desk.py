"""Where visitors' photos arrive, and what becomes of the work on them."""

from __future__ import annotations

import asyncio
import contextlib

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    Body,
    ErrorUpdate,
    Progress,
    Supplied,
    Upload,
    UploadChunk,
    UploadState,
)

from .host import Host
from .session import Session
from .sessions import Sessions
from .studio import Studio, Work, Worked
from .uploads import TELL_EVERY, Uploads, wishes


class PhotoDesk:
    """Takes photos in chunks, has them worked on, and tells their visitors; on the event loop.

    Args:
        work: what works on them; without it none is taken.
    """

    def __init__(self, work: Work | None, host: Host, sessions: Sessions) -> None:
        self._studio = Studio(work) if work is not None else None
        self._host = host
        self._sessions = sessions
        self._uploads = Uploads()
        self._loop = asyncio.get_running_loop()

    @property
    def open(self) -> bool:
        """Whether photos are taken."""
        return self._studio is not None

    def stop(self) -> None:
        """End the work; waits for what is queued."""
        if self._studio is not None:
            self._studio.stop()

    def begin(self, session: Session, event: Upload) -> None:
        """An upload begins, or goes on after a break.

        Raises:
            ProtocolError: ``not_ready`` where none are taken; as :meth:`Uploads.begin`.
        """
        if self._studio is None:
            raise ProtocolError(
                "not_ready", "this server takes no photos", field="type", ref=event.id
            )
        if event.id in session.works:  # asked again after a break, and being worked on
            session.deliver(UploadState(received=event.size, size=event.size, ref=event.id))
        elif self._uploads.under_way(session.name, event.id) or session.is_new(event):
            received = self._uploads.begin(session.name, event)
            session.deliver(
                UploadState(received=received, size=event.size, wanted=True, ref=event.id)
            )

    def take(self, session: Session, chunk: UploadChunk) -> None:
        """A piece of an upload; with the last, the work on it begins.

        Raises:
            ProtocolError: as :meth:`Uploads.take`; ``busy`` where too many wait.
        """
        if chunk.upload in session.works:
            return  # sent again after a break, though it had all arrived
        arriving = self._uploads.take(session.name, chunk)
        if arriving is None:
            return
        asked, received = arriving.asked, len(arriving.data)
        if not arriving.complete:
            if received - arriving.told >= TELL_EVERY:
                arriving.told = received
                session.deliver(UploadState(received=received, size=asked.size, ref=asked.id))
            return
        assert self._studio is not None
        session.deliver(UploadState(received=received, size=asked.size, ref=asked.id))

        def tell(told: Worked) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                self._loop.call_soon_threadsafe(self._worked, session, asked, told)

        cancel = self._studio.start(bytes(arriving.data), wishes(asked), tell)
        if cancel is None:
            raise ProtocolError("busy", "too many photos wait already; try again", ref=asked.id)
        session.works[asked.id] = cancel

    def cancel(self, session: Session, ref: str) -> bool:
        """Forget an upload, or stop the work on it; whether there was one."""
        cancel = session.works.pop(ref, None)
        if cancel is not None:
            self._sessions.later(asyncio.to_thread(cancel))
        elif not self._uploads.forget(session.name, ref):
            return False
        session.deliver(ErrorUpdate(code="cancelled", message="the upload is forgotten", ref=ref))
        return True

    def leave(self, session: Session) -> None:
        """A visit ends, and with it all work for it."""
        self._uploads.forget(session.name)
        for cancel in session.works.values():
            self._sessions.later(asyncio.to_thread(cancel))
        session.works.clear()

    def _worked(self, session: Session, asked: Upload, told: Worked) -> None:
        """What the studio tells of a photo."""
        open_ = session.name in self._sessions and asked.id in session.works
        if told.kind == "folder":
            session.folders.append(told.text)
            if not open_:
                session.delete_folders()
        if not open_:
            return
        if told.kind == "progress":
            task = "measure" if asked.what == "body" else "reconstruct"
            session.deliver(Progress(task=task, done=told.done, text=told.text, ref=asked.id))
            return
        del session.works[asked.id]
        if told.kind == "folder":
            self._host.post(session.name, Supplied(ref=asked.id, folder=told.text))
        elif told.kind == "body" and asked.height is not None:
            body = Body(id=asked.id, height=asked.height, gender=asked.gender, tape=told.body)
            self._host.post(session.name, body)
        else:
            code, name, expected, got = told.error
            session.deliver(
                ErrorUpdate(
                    code=code or "internal",
                    message=told.text,
                    field=name,
                    expected=expected,
                    got=got,
                    ref=asked.id,
                )
            )
