"""What visits leave behind goes back to the system."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path

import pytest

from showroom.channel.memory import give_back, tidy


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and glibc keeps what is free")
def test_memory_between_what_stays_is_given_back():
    blocks = [bytearray(100_000) for _ in range(400)]
    stays = blocks[::40]
    before = resident()
    blocks.clear()
    give_back()
    assert before - resident() > 20e6
    assert len(stays) == 10


def test_what_refers_to_itself_is_collected_however_seldom_the_collector_comes():
    class Connection:
        """Refers to itself, as connections and their tasks do."""

        def __init__(self) -> None:
            self.itself = self

    gone = weakref.ref(Connection())
    gc.disable()
    try:
        tidy()
    finally:
        gc.enable()
    assert gone() is None
