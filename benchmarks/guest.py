"""A visitor's hands on the stage: what a frame costs, and how long one waits for a re-fit.

Usage: python benchmarks/guest.py [--products 60] [--frames 400]

**Frame**: controls in, view out (:meth:`showroom.stage.guest.Guest.frame`), with a chair and a
T-shirt repeated to so many products in the store and both hands' rays in the room; CPU
milliseconds of the frame's thread, no drawing, no visit.

**Waiting**: the longest time between two frames while a visitor gives a height, tries on a T-shirt,
takes it a size up and lengthens its sleeves: with the visit on the frame's own thread, and with
:class:`showroom.local_visit.LocalVisit`; in turn, after one round that compiles.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "stage")]

from showroom.app import SHIPPED_PRODUCTS, make_visit  # noqa: E402
from showroom.local_visit import LocalVisit  # noqa: E402
from showroom.protocol.messages import Body, Command, Event, Hello, Pose, Update  # noqa: E402
from showroom.stage.controls import HandInput  # noqa: E402
from showroom.stage.poses import looking  # noqa: E402

SEAT = (0.0, 0.45, -2.45)
HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
WISHES: tuple[Event, ...] = (
    Body(height=1.7),
    Command(action="try_on", target="tshirt"),
    Command(action="set_size", target="tshirt", size="L"),
    Command(action="adjust_fit", target="tshirt", part="sleeve", delta=0.03),
)
EACH = 3.0
"""Seconds for each wish."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--products", type=int, default=60)
    parser.add_argument("--frames", type=int, default=400)
    options = parser.parse_args()
    print(f"a frame among {options.products} products, CPU ms    median    p99")
    for name, times in frames(options.products, options.frames):
        p99 = float(np.percentile(times, 99))
        print(f"  {name:40s} {statistics.median(times):7.2f} {p99:6.2f}")
    waited(direct=True)
    longest = [(waited(direct=True), waited(direct=False)) for _ in range(2)]
    own, apart = (min(pair[k] for pair in longest) for k in (0, 1))
    print(f"longest wait for a frame, ms: own thread {own:.0f}, apart {apart:.0f}")


def frames(products: int, count: int) -> Iterable[tuple[str, list[float]]]:
    """CPU milliseconds of each frame, by what the visitor does."""
    visitor = import_module("test_stage_guest").Visitor(make_visit(SHIPPED_PRODUCTS, "store"))
    visitor.guest.handle = lambda event: ()
    wares = visitor.guest.wares
    for k in range(products - len(wares.all)):
        ware = wares.all["chair" if k % 2 else "tshirt"]
        there = (-4.0 + 0.27 * (k // 2), 0.0, -3.5 - (k % 2), 0.0, 0.0, 0.0, 1.0)
        wares.all[f"{ware.target}-{k}"] = replace(
            ware, target=f"{ware.target}-{k}", transform=there
        )
    wares.version += 1
    rest = (-0.2, 1.0, -0.3, *looking(0.2, -0.3))
    left = HandInput(rest, rest)
    floor = (0.9, 1.1, -3.0)
    acts: tuple[tuple[str, Callable[[int], object]], ...] = (
        ("points at a chair", lambda k: visitor.play(SEAT, left=left)),
        ("walks", lambda k: visitor.play(SEAT, left=replace(left, stick=(0.0, 0.3)))),
        ("aims a teleport", lambda k: visitor.play(floor, left=left, stick=(0.0, 1.0))),
    )
    for name, act in acts:
        yield name, _timed(act, count)
    visitor.play(SEAT, squeeze=1.0)

    def push(k: int) -> object:
        at = (0.5 + 0.5 * math.sin(k / 20), 0.45, -2.2)
        return visitor.play(at, left=left, squeeze=1.0)

    yield "pushes a chair over the floor", _timed(push, count)


def _timed(act: Callable[[int], object], count: int) -> list[float]:
    act(0)
    times = []
    for k in range(count):
        began = time.thread_time()
        act(k)
        times.append(1e3 * (time.thread_time() - began))
    return times


def waited(*, direct: bool) -> float:
    """The longest milliseconds between two frames at 60 Hz while the wishes are carried out."""
    made = make_visit(SHIPPED_PRODUCTS, "store", vertices=True)
    local = None if direct else LocalVisit(lambda: made)
    handle: Callable[[Event], list[Update]] = made.handle if local is None else local
    handle(Hello(want=("vertices",)))
    time.sleep(0.5)
    wishes = list(WISHES)
    began = last = time.perf_counter()
    longest = 0.0
    while (now := time.perf_counter()) - began < EACH * len(WISHES) + 1.0:
        longest, last = max(longest, now - last), now
        if wishes and now - began > EACH * (len(WISHES) - len(wishes)):
            handle(wishes.pop(0))
        handle(Pose(time=now - began, head=HEAD))
        time.sleep(max(0.0, 1 / 60 - (time.perf_counter() - now)))
    if local is not None:
        local.settle()
    return 1e3 * longest


if __name__ == "__main__":
    main()
