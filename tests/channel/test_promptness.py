"""The channel's thread takes short turns, so that it runs as soon as a message comes."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from showroom.channel.promptness import SHORT_SECONDS, take_short_turns, turns
from showroom.channel.visit_process import settle_in


def asked_in_a_thread(seconds: float) -> tuple[bool, float, float]:
    """Whether the system heeds it, and the turns before and after."""
    said: list[tuple[bool, float, float]] = []

    def ask() -> None:
        before = turns()
        said.append((take_short_turns(seconds), before, turns()))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return said[0]


def _visit(pipe) -> None:
    take_short_turns()
    settle_in()
    pipe.send(turns())


def test_a_thread_has_the_turns_it_asked_for_and_no_other_thread_has():
    ours = turns()
    heeded, before, after = asked_in_a_thread(SHORT_SECONDS)
    assert after == pytest.approx(SHORT_SECONDS if heeded and before else before)
    assert turns() == ours
    assert asked_in_a_thread(0.0)[2] == pytest.approx(before)


def test_a_visit_s_process_goes_back_to_the_system_s_turns():
    ours, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_visit, args=(theirs,))
    process.start()
    assert ours.recv() == pytest.approx(turns())
    process.join()
