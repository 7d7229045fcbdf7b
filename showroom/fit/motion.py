"""Recorded headset streams: this project's own JSON and A-Frame's motion capture.

The own format holds one frame a row, times in seconds, transforms as x, y, z, qx, qy, qz, qw, a
lost hand as null::

    {"format": "showroom.motion", "version": 1, "rate": 72.0,
     "frames": [[time, [head…], [left…] or null, [right…] or null], …]}

A-Frame's ``{"camera": {"poses": […]}, …}`` has positions in metres, Euler degrees (order YXZ) and
milliseconds, each device with its own clock ticks:
https://github.com/dmarcos/aframe-motion-capture-components
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import PoseError

F64 = NDArray[np.float64]
Pose = tuple[float, float, float, float, float, float, float]

FORMAT: Final = "showroom.motion"
MAX_BYTES: Final = 64_000_000
_LOST_AFTER: Final = 0.25


@dataclass(frozen=True)
class MotionFrame:
    """One frame: seconds from the start, headset, and the controllers that were tracked."""

    time: float
    head: Pose
    left: Pose | None
    right: Pose | None


def load_motion(path: Path) -> list[MotionFrame]:
    """Read a recording of either format.

    Raises:
        PoseError: the file is no recording; says what is missing.
    """
    if path.stat().st_size > MAX_BYTES:
        _refuse("size", f"at most {MAX_BYTES} bytes", "more")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        _refuse("file", "JSON", type(error).__name__)
    if not isinstance(data, dict):
        _refuse("file", "an object", type(data).__name__)
    try:
        frames = _own(data) if data.get("format") == FORMAT else _aframe(data)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        _refuse("frames", "poses as described", f"{type(error).__name__} {error}"[:80])
    if not frames:
        _refuse("frames", "at least one frame", "none")
    return frames


def save_motion(path: Path, frames: list[MotionFrame], rate: float) -> None:
    """Write the own format, millimetres and 1e-4 of a quaternion kept."""

    def row(pose: Pose | None) -> list[float] | None:
        return None if pose is None else [round(v, 4) for v in pose]

    rows = [[round(f.time, 4), row(f.head), row(f.left), row(f.right)] for f in frames]
    text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    head = f'{{"format": "{FORMAT}", "version": 1, "rate": {rate}, "frames": [\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + text + "\n]}\n", encoding="utf-8")


def euler_yxz(x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Quaternion of rotations about Z, then X, then Y, in degrees (three.js order YXZ)."""
    hx, hy, hz = (math.radians(v) / 2 for v in (x, y, z))
    cx, sx, cy, sy, cz, sz = (
        math.cos(hx),
        math.sin(hx),
        math.cos(hy),
        math.sin(hy),
        math.cos(hz),
        math.sin(hz),
    )
    return (
        sx * cy * cz + cx * sy * sz,
        cx * sy * cz - sx * cy * sz,
        cx * cy * sz - sx * sy * cz,
        cx * cy * cz + sx * sy * sz,
    )


def _refuse(field: str, expected: str, got: str) -> None:
    raise PoseError(
        "the file is no recorded motion", field=f"motion.{field}", expected=expected, got=got
    )


def _own(data: dict[str, Any]) -> list[MotionFrame]:
    return [
        MotionFrame(float(t), _pose(head), _maybe(left), _maybe(right))
        for t, head, left, right in data["frames"]
    ]


def _maybe(value: Any) -> Pose | None:
    return None if value is None else _pose(value)


def _pose(value: Any) -> Pose:
    x, y, z, a, b, c, d = (float(v) for v in value)
    return (x, y, z, a, b, c, d)


def _aframe(data: dict[str, Any]) -> list[MotionFrame]:
    head = _stream(data["camera"]["poses"])
    controllers = [_stream(device["poses"]) for k, device in data.items() if k != "camera"]
    controllers = [c for c in controllers if len(c[0])]
    left, right = _sides(head, controllers)
    start = head[0][0]
    return [
        MotionFrame(float(time - start), _at(head, i), _nearest(left, time), _nearest(right, time))
        for i, time in enumerate(head[0])
    ]


_Stream = tuple[F64, F64]


def _stream(poses: list[dict[str, Any]]) -> _Stream:
    """Times in seconds (k,) and transforms (k, 7); ticks that do not advance are dropped."""
    rows = []
    for pose in poses:
        p, r = pose["position"], pose["rotation"]
        rotation = euler_yxz(float(r["x"]), float(r["y"]), float(r["z"]))
        place = (float(p["x"]), float(p["y"]), float(p["z"]))
        rows.append((float(pose["timestamp"]) / 1000, *place, *rotation))
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    keep = np.ones(len(table), dtype=bool)
    keep[1:] = np.diff(table[:, 0]) > 0
    return table[keep, 0], table[keep, 1:]


def _at(stream: _Stream, i: int) -> Pose:
    return _pose(stream[1][i])


def _nearest(stream: _Stream | None, time: float) -> Pose | None:
    """The newest pose at ``time``, or None where the device was silent for too long."""
    if stream is None:
        return None
    i = int(np.searchsorted(stream[0], time, side="right")) - 1
    if i < 0 or time - stream[0][i] > _LOST_AFTER:
        return None
    return _at(stream, i)


def _sides(head: _Stream, controllers: list[_Stream]) -> tuple[_Stream | None, _Stream | None]:
    """Which controller is the left one: the one that is more often on the head's left."""
    if not controllers:
        return None, None

    def leftness(stream: _Stream) -> float:
        at = np.clip(np.searchsorted(head[0], stream[0]), 0, len(head[0]) - 1)
        x, y, z, w = head[1][at, 3:].T
        right = np.stack([1 - 2 * (y * y + z * z), 2 * (x * z - y * w)], axis=1)
        away = (stream[1][:, :3] - head[1][at, :3])[:, [0, 2]]
        return float(np.median(-(away * right).sum(axis=1)))

    ranked = sorted(controllers[:2], key=leftness, reverse=True)
    if len(ranked) == 1:
        return (ranked[0], None) if leftness(ranked[0]) > 0 else (None, ranked[0])
    return ranked[0], ranked[1]
