"""A ring of bytes in shared memory: frames from a visit's process to the channel's.

They take no way through the kernel. One process writes, one reads. Where a record stands is told
beside the ring, over a socket, which also puts the two processes' views of the memory in order; the
ring itself holds only how far it was read.
"""

from __future__ import annotations

import mmap
import os

_HEAD = 64
"""Bytes before the records: how far was read, and what the writer is at."""


class Ring:
    """Records of bytes in ``handle``'s memory; positions grow for ever.

    Args:
        handle: a file descriptor of shared memory, from :func:`shared_memory`; stays the caller's.
    """

    def __init__(self, handle: int) -> None:
        self._map = mmap.mmap(handle, 0)
        self._bytes = memoryview(self._map)
        self._read = self._bytes[:8].cast("Q")
        self._doing = self._bytes[8:16].cast("q")
        self._data = self._bytes[_HEAD:]
        self._size = len(self._data)
        self._head = 0

    def put(self, record: bytes) -> int:
        """Write a record; its position, or -1 where the reader is too far behind for it."""
        length, head = len(record), self._head
        if length > self._size:
            return -1
        start = head % self._size
        if start + length > self._size:  # a record is never torn in two
            head += self._size - start
            start = 0
        if head + length - self._read[0] > self._size:
            return -1
        self._data[start : start + length] = record
        self._head = head + length
        return head

    def take(self, position: int, length: int) -> bytes:
        """Read the record that was put at ``position``; it and all before it are free then."""
        start = position % self._size
        record = self._data[start : start + length].tobytes()
        self._read[0] = position + length
        return record

    @property
    def head(self) -> int:
        """Where the next record may begin; set where another has written meanwhile."""
        return self._head

    @head.setter
    def head(self, position: int) -> None:
        self._head = position

    @property
    def doing(self) -> int:
        """What the writer is at, a number of its own; for the reader to see when it has died."""
        return self._doing[0]

    @doing.setter
    def doing(self, number: int) -> None:
        self._doing[0] = number

    def close(self) -> None:
        """Let go of the memory; idempotent."""
        self._read.release()
        self._doing.release()
        self._data.release()
        self._bytes.release()
        self._map.close()


def shared_memory(size: int) -> int | None:
    """A file descriptor of ``size`` bytes for records; None where a system has no such thing."""
    if not hasattr(os, "memfd_create"):
        return None
    handle = os.memfd_create("showroom-frames", os.MFD_CLOEXEC)
    os.ftruncate(handle, _HEAD + size)
    return handle
