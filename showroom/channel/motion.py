"""Recorded motion: JSON lines of pose messages, A-Frame motion captures, or BVH files."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from showroom.fit.bvh import BvhError, parse_bvh
from showroom.fit.recording import recorded
from showroom.protocol.codec import decode_event, encode_event
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Pose, Transform

MAX_FILE_BYTES = 64 * 1024 * 1024


class MotionError(Exception):
    """A recording cannot be read; says where and what was expected."""

    code = "motion"


@dataclass(frozen=True)
class Motion:
    """Poses in order of time, the first at 0 s."""

    poses: tuple[Pose, ...]

    @property
    def duration(self) -> float:
        """Seconds from the first pose to the last."""
        return self.poses[-1].time


def load_motion(path: Path, *, stature: float | None = None) -> Motion:
    """Read a recording: ``.jsonl`` with one pose message a line, ``.bvh``, or A-Frame's JSON.

    Args:
        stature: of who shall play a BVH file, metres, as which it is scaled; as recorded where
            left out.

    Raises:
        MotionError: an unreadable or too large file, no poses, a pose that the protocol refuses,
            or time that goes back.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MotionError(f"{path.name}: larger than {MAX_FILE_BYTES >> 20} MB")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MotionError(f"{path.name}: cannot be read: {error}") from error
    match path.suffix.lower():
        case ".jsonl":
            poses = read_lines(path.name, text)
        case ".bvh":
            poses = _bvh(path.name, text, stature)
        case _:
            poses = _aframe(path.name, text)
    if not poses:
        raise MotionError(f"{path.name}: holds no poses")
    start = poses[0].time
    for number, (before, after) in enumerate(itertools.pairwise(poses)):
        if after.time < before.time:
            raise MotionError(f"{path.name}: time goes back at pose {number + 1}")
    return Motion(
        tuple(
            msgspec.structs.replace(pose, time=pose.time - start, seq=number)
            for number, pose in enumerate(poses)
        )
    )


def save_motion(path: Path, motion: Motion) -> None:
    """Write a recording as JSON lines; whole or not at all."""
    lines = [encode_event(pose, plain=True).data for pose in motion.poses]
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(b"\n".join(lines) + b"\n")
    partial.replace(path)


def read_lines(name: str, text: str) -> list[Pose]:
    """Poses of JSON lines, one pose message a line; ``name`` says where they came from.

    Raises:
        MotionError: a line is no pose message; names it.
    """
    poses = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = decode_event(line)
        except ProtocolError as error:
            raise MotionError(f"{name}:{number}: {error}") from error
        if not isinstance(event, Pose):
            raise MotionError(f"{name}:{number}: expected a pose")
        poses.append(event)
    return poses


def _bvh(name: str, text: str, stature: float | None) -> list[Pose]:
    """A motion capture of a whole body; its eyes are the headset, its bones go as joints."""
    try:
        motion = recorded(parse_bvh(text), stature)
    except BvhError as error:
        raise MotionError(f"{name}: {error}") from error
    rows = np.concatenate([motion.places, motion.turns], axis=2)
    if not np.abs(motion.places).max() <= 100.0:
        raise MotionError(f"{name}: the actor leaves the space of 100 m around the origin")
    return [
        Pose(
            time=number * motion.interval,
            head=tuple(head),
            joints={bone: tuple(row) for bone, row in zip(motion.bones, frame, strict=True)},
            seq=number,
        )
        for number, (head, frame) in enumerate(
            zip(motion.heads.tolist(), rows.tolist(), strict=True)
        )
    ]


def _aframe(name: str, text: str) -> list[Pose]:
    """A-Frame's motion capture: ``camera``, ``left`` and ``right``, Euler degrees, milliseconds.

    https://github.com/dmarcos/aframe-motion-capture-components
    """
    try:
        document = json.loads(text)
        tracks = {
            side: [_sample(entry) for entry in document[side]["poses"]]
            for side in ("camera", "left", "right")
            if side in document
        }
        heads = tracks["camera"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MotionError(
            f"{name}: no A-Frame motion capture: {type(error).__name__} {error}"
        ) from error
    poses = []
    cursor = dict.fromkeys(("left", "right"), 0)
    for number, (time, head) in enumerate(heads):
        hands: dict[str, Transform | None] = {"left": None, "right": None}
        for side in hands:
            track = tracks.get(side, [])
            while cursor[side] + 1 < len(track) and track[cursor[side] + 1][0] <= time:
                cursor[side] += 1
            if track:
                hands[side] = track[cursor[side]][1]
        pose = Pose(time=time, head=head, left=hands["left"], right=hands["right"], seq=number)
        try:
            poses.append(decode_event(encode_event(pose, plain=True).data.decode()))
        except ProtocolError as error:
            raise MotionError(f"{name}: pose {number}: {error}") from error
    return [pose for pose in poses if isinstance(pose, Pose)]


def _sample(entry: dict[str, Any]) -> tuple[float, Transform]:
    position, rotation = entry["position"], entry["rotation"]
    turn = _quaternion(*(math.radians(float(rotation[axis])) for axis in "xyz"))
    place = tuple(float(position[axis]) for axis in "xyz")
    return float(entry["timestamp"]) / 1000.0, (place[0], place[1], place[2], *turn)


def _quaternion(x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Euler angles in radians, applied Y then X then Z (three.js' "YXZ"), as x, y, z, w."""
    cx, cy, cz = (math.cos(a / 2) for a in (x, y, z))
    sx, sy, sz = (math.sin(a / 2) for a in (x, y, z))
    return (
        sx * cy * cz + cx * sy * sz,
        cx * sy * cz - sx * cy * sz,
        cx * cy * sz - sx * sy * cz,
        cx * cy * cz + sx * sy * sz,
    )
