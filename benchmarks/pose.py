"""From tracked points to a whole body: time a frame as a ratio to Anny's own forward pass.

Usage: python benchmarks/pose.py [RECORDING]

A frame is one call of ``Tracker.update`` with its checks: headset and two controllers from the
shipped recording (or another that ``load_motion`` reads), the same with a full-body stream of 84
joints as places, and the same under VRM names. Medians and 99th percentiles of CPU time on one
thread, and beside them how exact it was: the reachable palms, the eyes, the slip of planted feet,
and the fastest joint against the fastest tracked point of the recording.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from showroom.bench import anny_forward
from showroom.channel.motion import load_motion
from showroom.fit import body
from showroom.fit.pose import Tracker
from showroom.fit.stream import Stream, skeleton
from showroom.fit.tpose import ROW, ROWS, t_pose
from showroom.fit.vrm import BONES
from showroom.protocol.messages import Pose

STROLL = Path(__file__).resolve().parents[1] / "assets" / "motion" / "stroll.jsonl"
F64 = NDArray[np.float64]
SOURCE = ("head", "left", "right")


def timed(call: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    start = time.thread_time()
    call()
    return (time.thread_time() - start) * 1e3


def main(recording: Path) -> None:
    """Play the recording and print the table."""
    poses = load_motion(recording).poses
    # As tall as whoever was recorded.
    avatar = body.solve(min(max(max(p.head[1] for p in poses) / 0.93 + 0.05, 1.4), 2.1))
    tracker = Tracker(avatar)
    tracker.update(poses[0].head, poses[0].left, poses[0].right, 0.0)
    tracker = Tracker(avatar)
    places = []
    planted, slip, palms, eyes = (False, False), 0.0, 0.0, 0.0
    before: F64 | None = None
    for p in poses:
        tracker.update(p.head, p.left, p.right, p.time)
        toes = np.stack([tracker.joint("leftToes"), tracker.joint("rightToes")])
        if before is not None:
            moved = np.linalg.norm(toes - before, axis=1)
            both = [a and b for a, b in zip(planted, tracker.planted, strict=True)]
            slip = max(slip, float(moved[both].max(initial=0.0)))
        planted, before = tracker.planted, toes
        eyes = max(eyes, float(np.linalg.norm(tracker.eye() - p.head[:3])))
        places.append([tracker.joint(b) for b in BONES])
    # Held still, a palm in reach is where its controller is.
    held = poses[len(poses) // 3]
    if held.left is not None:
        for i in range(120):
            tracker.update(held.head, held.left, held.right, poses[-1].time + (i + 1) / 72)
        if tracker.miss[0] < 1e-6:
            palms = float(np.linalg.norm(tracker.palm("left") - held.left[:3]))
    dt = np.maximum(np.diff([p.time for p in poses]), 1e-3)[:, None]
    joints = np.linalg.norm(np.diff(np.array(places)[:, :22], axis=0), axis=2) / dt
    fastest = np.nanmax(np.linalg.norm(np.diff(_sources(poses), axis=0), axis=2) / dt)
    rows = {"headset and two controllers": _played(Tracker(avatar), poses, None)}
    for name, streams in _streams(np.array(places), avatar.joints.astype(np.float64)).items():
        rows[name] = _played(Tracker(avatar), poses, streams)
    base = anny_forward(time.process_time)
    print(f"{len(poses)} frames of {recording.name}; Anny's forward {base:.1f} ms")
    print(f"{'a frame':34s} {'p50 ms':>8s} {'p99 ms':>8s} {'p50 to Anny':>12s}")
    for name, values in rows.items():
        p50, p99 = np.percentile(values[5:], (50, 99))
        print(f"{name:34s} {p50:8.3f} {p99:8.3f} {p50 / base:12.5f}")
    print(f"eyes {eyes * 1e3:.2f} mm, reachable palm {palms * 1e3:.2f} mm, planted foot slips")
    print(f"{slip * 1e3:.2f} mm; fastest joint {joints.max():.2f} m/s, tracked {fastest:.2f} m/s")


def _played(tracker: Tracker, poses: tuple[Pose, ...], streams: list[Stream] | None) -> list[float]:
    """CPU milliseconds of each frame, with nothing else going on between them."""
    times = []
    for number, p in enumerate(poses):
        if streams is None:
            call = partial(tracker.update, p.head, p.left, p.right, p.time)
        else:
            call = partial(tracker.update, p.head, None, None, p.time, streams[number])
        times.append(timed(call))
    return times


def _sources(poses: tuple[Pose, ...]) -> F64:
    nowhere = (np.nan,) * 3
    return np.array([[(getattr(p, s) or nowhere)[:3] for s in SOURCE] for p in poses])


def _streams(places: F64, rest: F64) -> dict[str, list[Stream]]:
    """The body that was shown, as two kinds of streams."""
    system = skeleton("meta_full_body")
    rows = system.rows
    tips = np.zeros((len(places), ROWS, 3))
    tips[:, : len(BONES)] = places
    for name, row in ROW.items():
        if name.endswith("Tip"):
            tips[:, row] = places[:, ROW[name.replace("Tip", "Distal")]] + (0.0, -0.01, 0.0)
    table = np.where(rows[:, None] >= 0, tips[:, np.maximum(rows, 0)], 0.0)
    turns = t_pose(rest).turns
    placed = np.zeros(ROWS, dtype=np.bool_)
    placed[: len(BONES)] = True
    known = np.ones(len(BONES), dtype=np.bool_)
    return {
        "with 84 joints as places": [system.stream(frame) for frame in table],
        "with 52 joints of VRM": [Stream(frame, placed, turns, known) for frame in tips],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else STROLL)
