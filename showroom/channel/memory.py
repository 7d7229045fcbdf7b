"""Memory that visits have left behind, back to the system."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache


def tidy() -> None:
    """Collect what visits left, and give it back; 2 to 3 ms where :func:`.run.settle` went before.

    Left to itself the collector looks at the oldest generation so seldom that a server of fifty
    visitors grew by half a megabyte a minute for half an hour: connections are full of cycles.
    """
    gc.collect()
    give_back()


def give_back() -> None:
    """Return free memory to the system, where the C library keeps it (glibc); 0.1 to 0.4 ms.

    Products come in pieces of a megabyte between much that is small, which leaves holes: without
    this a server's memory grows by 30 kB a visit, though nothing of a visit is kept.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    found: Callable[[int], int] = trim
    return found
