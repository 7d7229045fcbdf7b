"""Photos over the socket: chunks in order, each checked, resumed after a break, in memory only."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import Any

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Upload, UploadChunk

MAX_TOGETHER = 128 * 1024 * 1024
"""Bytes of all uploads that may be under way at a time."""

TELL_EVERY = 256 * 1024
"""After so many bytes a client is told how far an upload has come."""

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
"""How JPEG, PNG and WebP begin."""

_HEIF = b"ftyp"
"""What HEIC has from its fifth byte on."""


@dataclass
class Arriving:
    """One upload under way."""

    asked: Upload
    data: bytearray = field(default_factory=bytearray)
    told: int = 0

    @property
    def complete(self) -> bool:
        """Whether all bytes are there."""
        return len(self.data) == self.asked.size


class Uploads:
    """The uploads of one server, one for each visit at a time; nothing is written anywhere."""

    def __init__(self) -> None:
        self._arriving: dict[str, Arriving] = {}

    def begin(self, visit: str, asked: Upload) -> int:
        """Begin an upload, or go on with one; from which byte on.

        Raises:
            ProtocolError: ``consent`` for a body's photo that nobody agreed to, ``invalid``
                where its visitor's height is missing, ``busy``.
        """
        if not asked.id:
            raise _refused(asked, "invalid", "an upload needs an id", "id", "an id", "none")
        if asked.what == "body" and not asked.consent:
            raise _refused(
                asked,
                "consent",
                "a body's photo is only taken where the visitor has agreed",
                "consent",
                "true",
                "false",
            )
        if asked.what == "body" and asked.height is None:
            raise _refused(
                asked, "invalid", "a body's photo needs a height", "height", "metres", "nothing"
            )
        under_way = self._arriving.get(visit)
        if under_way is not None and under_way.asked == asked:
            return len(under_way.data)
        if under_way is not None and under_way.asked.id != asked.id:
            raise _refused(
                asked, "busy", "another upload is under way", "id", under_way.asked.id, asked.id
            )
        together = sum(one.asked.size for name, one in self._arriving.items() if name != visit)
        if together + asked.size > MAX_TOGETHER:
            raise _refused(
                asked, "busy", "too much is being uploaded; try again soon", "size", "less", "more"
            )
        self._arriving[visit] = Arriving(asked)
        return 0

    def under_way(self, visit: str, ref: str) -> bool:
        """Whether a visit's upload of that id is under way."""
        arriving = self._arriving.get(visit)
        return arriving is not None and arriving.asked.id == ref

    def take(self, visit: str, chunk: UploadChunk) -> Arriving | None:
        """Take a chunk; None for one that had arrived before.

        Raises:
            ProtocolError: ``upload``: there is none of that id; it is not the next one, or
                damaged: send on from what is expected. ``too_large``: more than was announced.
                ``hash``: the whole is not what was announced, or no picture; it is forgotten.
        """
        arriving = self._arriving.get(visit)
        if arriving is None or arriving.asked.id != chunk.upload:
            raise ProtocolError(
                "upload",
                "no such upload is under way; announce it first",
                field="upload",
                expected=arriving.asked.id if arriving else "upload",
                got=chunk.upload,
            )
        asked, here = arriving.asked, len(arriving.data)
        if chunk.offset + len(chunk.data) <= here and chunk.data:
            return None
        damaged = zlib.crc32(chunk.data) != chunk.crc
        if chunk.offset != here or damaged or not chunk.data:
            raise ProtocolError(
                "upload",
                "a chunk is damaged or not the next one; send on from what is expected",
                field="crc" if damaged else "offset",
                expected=str(here),
                got=str(chunk.offset),
            )
        if here + len(chunk.data) > asked.size:
            self.forget(visit)
            raise _refused(
                asked, "too_large", "more came than was announced", "size", f"{asked.size}", "more"
            )
        arriving.data += chunk.data
        if arriving.complete:
            self.forget(visit)
            if hashlib.sha256(arriving.data).hexdigest() != asked.hash:
                raise _refused(
                    asked,
                    "hash",
                    "what came is not what was announced",
                    "hash",
                    asked.hash,
                    "other",
                )
            if not (arriving.data.startswith(_PICTURES) or arriving.data[4:8] == _HEIF):
                raise _refused(
                    asked, "hash", "that is no picture", "data", "JPEG, PNG, WebP or HEIC", "other"
                )
        return arriving

    def forget(self, visit: str, ref: str = "") -> bool:
        """Forget a visit's upload, or only the one named; whether there was one."""
        arriving = self._arriving.get(visit)
        if arriving is None or (ref and arriving.asked.id != ref):
            return False
        del self._arriving[visit]
        return True


def _refused(
    asked: Upload, code: str, message: str, name: str, expected: str, got: str
) -> ProtocolError:
    return ProtocolError(code, message, field=name, expected=expected, got=got, ref=asked.id)


def wishes(asked: Upload) -> dict[str, Any]:
    """What the one who works on a photo is told of it."""
    return {"what": asked.what, "height": asked.height, "gender": asked.gender}
