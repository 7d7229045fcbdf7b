"""How soon a thread runs that wakes up while others keep all cores busy.

Linux hands a waking thread its core at once only where its slice is shorter than that of whoever
runs there (EEVDF, since 6.12: "Lag-based placement and slices", Documentation/scheduler/sched-
eevdf.rst). The channel asks for a short one: it works for 25 µs and waits, while visits fit for
tenths of a second. No privilege is needed; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Final

SHORT_SECONDS: Final = 100e-6
"""The shortest that Linux takes."""
_CALLS: Final = {"x86_64": (314, 315), "aarch64": (274, 275)}
"""Numbers of sched_setattr and sched_getattr by machine."""
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")
"""``struct sched_attr``: size, policy, flags, nice, priority, runtime (of slices), and two more."""


def take_short_turns(seconds: float = SHORT_SECONDS) -> bool:
    """Have the calling thread run in turns of so many seconds; 0: as the system likes.

    Threads and processes that begin later inherit it. One in real time stays as it is.

    Returns:
        Whether the system will heed it.
    """
    calls = _CALLS.get(platform.machine())
    if not sys.platform.startswith("linux") or calls is None:
        return False
    system = ctypes.CDLL(None, use_errno=True).syscall
    now = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if system(calls[1], 0, now, _ATTRIBUTES.size, 0) != 0:
        return False
    _, policy, flags, nice, priority, _, deadline, period = _ATTRIBUTES.unpack(now.raw)
    if policy not in (os.SCHED_OTHER, os.SCHED_BATCH):
        return False
    wanted = _ATTRIBUTES.pack(
        _ATTRIBUTES.size, policy, flags, nice, priority, int(seconds * 1e9), deadline, period
    )
    return bool(system(calls[0], 0, ctypes.create_string_buffer(wanted), 0) == 0)


def turns() -> float:
    """Seconds of the calling thread's turns; 0 where the system does not say."""
    calls = _CALLS.get(platform.machine())
    if not sys.platform.startswith("linux") or calls is None:
        return 0.0
    now = ctypes.create_string_buffer(_ATTRIBUTES.size)
    system = ctypes.CDLL(None, use_errno=True).syscall
    if system(calls[1], 0, now, _ATTRIBUTES.size, 0) != 0:
        return 0.0
    return float(_ATTRIBUTES.unpack(now.raw)[5]) / 1e9
