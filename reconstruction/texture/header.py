"""What a PNG's or JPEG's header claims, weighed against its bytes before a decoder sees them.

A decoder allocates what the header declares, walks every chunk and reads every scan. No honest
file needs more than these bounds, and all of them are known from the header alone.
"""

from __future__ import annotations

import struct

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"

DEFLATE_RATIO = 1032
"""The most bytes that one byte of deflate stands for (zlib's technical notes)."""
JPEG_PIXELS = 512
"""The most pixels that a byte of JPEG stands for: a code of one bit for a block of 64."""
MAX_PARTS = 1000
"""Chunks or segments before the pixels."""
MAX_TEXTS = 32
"""Compressed texts of a PNG; Pillow unpacks up to 1 MiB of each."""
MAX_SCANS = 256
"""Scans of a JPEG; each has the decoder pass over the whole picture."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END, _BARE = 0xDA, 0xD9, frozenset((0x01, *range(0xD0, 0xD9)))


def header_fault(data: bytes) -> tuple[str, str] | None:
    """What a picture's header should have said, and what it says; None where it may be decoded.

    Other kinds than PNG and JPEG, and what is cut off within its header, are left to the decoder.
    """
    if data.startswith(PNG):
        return _png(data)
    return _jpeg(data) if data.startswith(JPEG) else None


def _png(data: bytes) -> tuple[str, str] | None:
    at, texts = len(PNG), 0
    for _ in range(MAX_PARTS):
        if at + 12 > len(data):
            return None
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR" and size == 13:
            width, height, depth, color = struct.unpack_from(">IIBB", data, at + 8)
            plain = height * (1 + width * depth * _CHANNELS.get(color, 4) // 8)
            if plain > DEFLATE_RATIO * len(data):
                return f"at most {DEFLATE_RATIO} bytes of pixels a byte", f"{width} x {height}"
        if kind == b"IDAT":
            return None
        texts += kind in (b"zTXt", b"iTXt")
        if texts > MAX_TEXTS:
            return f"at most {MAX_TEXTS} texts that may be compressed", "more"
        at += 12 + size
    return f"pixels after at most {MAX_PARTS} chunks", "more chunks"


def _jpeg(data: bytes) -> tuple[str, str] | None:
    at = 2
    for _ in range(MAX_PARTS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 9 > len(data):
            return None
        marker = data[at + 1]
        if marker in _BARE:
            at += 2
            continue
        if marker in (0x00, 0xFF):  # padding
            at += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            if width * height > JPEG_PIXELS * len(data):
                return f"at most {JPEG_PIXELS} pixels a byte", f"{width} x {height}"
        if marker == _SCAN:
            scans = data.count(b"\xff\xda", at)
            return None if scans <= MAX_SCANS else (f"at most {MAX_SCANS} scans", str(scans))
        if marker == _END:
            return None
        at += 2 + max(struct.unpack_from(">H", data, at + 2)[0], 2)
    return f"pixels after at most {MAX_PARTS} segments", "more segments"
