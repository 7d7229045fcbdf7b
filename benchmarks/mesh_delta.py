"""Worn garments over the wire: bytes and CPU time of the differences between frames.

Usage: python benchmarks/mesh_delta.py [SECONDS]

Recorded walking (``stroll``) and a brisk walk with turns, at 72 Hz, on one body. Bytes are for
5,000 vertices. Beside it meshopt's vertex codec (int8 differences to the frame before, version 1)
of the same frames. Every frame is decoded again, and how far it is off an axis at most is said.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from garments import BODIES, FRAME, HERE, Tracked, motion, worn
from numpy.typing import NDArray

from reconstruction.gltf.meshopt import encode_vertices
from showroom.fit.avatar import Avatar
from showroom.fit.body import solve
from showroom.fit.outfit import Outfit
from showroom.fit.pose import Tracker
from showroom.protocol.compact import UNIT
from showroom.protocol.mesh_delta import DELTA, MeshDecoder, MeshEncoder, warm_up
from showroom.protocol.messages import MeshFrame

GARMENTS = ("t_shirt", "dress", "skirt")
SETTLE = 36
"""Frames that a garment gets to hang as it hangs."""
LEAST = 5000


def shapes(avatar: Avatar, name: str, part: list[Tracked]) -> NDArray[np.float32]:
    """The vertices of a worn garment in motion, (frames, n, 3) metres."""
    outfit = Outfit(avatar)
    worn(outfit, name, {})
    tracker = Tracker(avatar)
    frames = []
    for i, t in enumerate(part):
        points = outfit.step(tracker.update(t.head, t.left, t.right, i * FRAME), FRAME)
        if i >= SETTLE:
            frames.append(points[name].astype(np.float32))
    return np.stack(frames)


def differences(frames: NDArray[np.float32]) -> tuple[list[int], list[float], list[float], float]:
    """Bytes of each difference, milliseconds to encode and to decode it; metres off at most."""
    encoder, decoder = MeshEncoder(), MeshDecoder()
    sizes, encoding, decoding, off = [], [], [], 0.0
    for i, points in enumerate(frames):
        frame = MeshFrame(
            target="t", glb="ab" * 32, frame=i + 1, time=i * FRAME, positions=points.tobytes()
        )
        began = time.thread_time()
        data = encoder.encode(frame)
        done = time.thread_time()
        got = decoder.decode(data)
        if data[2] == DELTA:
            decoding.append((time.thread_time() - done) * 1e3)
            encoding.append((done - began) * 1e3)
            sizes.append(len(data))
        came = np.frombuffer(got.positions, "<f4").reshape(-1, 3)
        off = max(off, float(np.abs(came - points).max()))
    return sizes, encoding, decoding, off


def meshopt(frames: NDArray[np.float32]) -> list[int]:
    """Bytes of the same by meshopt's vertex codec."""
    grids = np.rint(frames[::8] / UNIT), np.rint(frames[1::8] / UNIT)
    sizes = []
    for base, grid in zip(*grids, strict=False):
        step = np.zeros((len(grid), 4), np.int8)
        step[:, :3] = np.clip(grid - base - np.rint((grid - base).mean(axis=0)), -128, 127)
        sizes.append(len(encode_vertices(step, version=1, channel=0)))
    return sizes


def main() -> None:
    """Print a row for each garment and motion."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    warm_up()
    avatar = solve(*BODIES["woman"])
    parts = motion(avatar, HERE / "none.json")[:2]
    print(
        "| garment, motion | vertices | bytes for 5,000: p50, p99, most | meshopt p50 "
        "| encode ms | decode ms | mm off an axis |\n|---|---|---|---|---|---|---|"
    )
    for name in GARMENTS:
        for label, part in zip(("stroll", "brisk"), parts, strict=True):
            frames = shapes(avatar, name, part[: round(seconds / FRAME)])
            count = frames.shape[1]
            sizes, encoding, decoding, off = differences(frames)
            scaled = np.array(sizes) * LEAST / count
            p50, p99 = np.percentile(scaled, (50, 99))
            theirs = np.median(meshopt(frames)) * LEAST / count
            whole = len(frames) - 1 - len(sizes)
            print(
                f"| {name}, {label} | {count} | {p50:,.0f}, {p99:,.0f}, {scaled.max():,.0f} "
                f"| {theirs:,.0f} | {np.median(encoding):.2f} | {np.median(decoding):.2f} "
                f"| {off * 1e3:.3f} |" + (f" {whole} whole" if whole else ""),
                flush=True,
            )


if __name__ == "__main__":
    main()
