"""Full-body streams: joints as a tracking system names them, made into what a body can follow.

``data_files/skeletons.toml`` holds one table for each system: XR_FB_body_tracking,
XR_META_body_tracking_full_body, hand joints of OpenXR and WebXR, Pico's and HTC's bodies. Joints
under VRM 1.0's names (:func:`vrm_stream`) carry rotations too.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import PoseError
from .tpose import ROW, ROWS
from .vrm import BONES, INDEX

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]
Transform = Sequence[float]

FILE: Final = Path(__file__).parent / "data_files" / "skeletons.toml"
VRM: Final = "vrm"
REACH: Final = 100.0
"""Positions further from the origin than this are refused, metres."""

UNIT: Final = 0.02
"""How far a quaternion's length may be from one."""


@dataclass(frozen=True, eq=False)
class Stream:
    """One frame of joints.

    Attributes:
        places: (62, 3) float64, bones' joints and finger tips (rows of ``tpose.ROW``), play space.
        placed: (62,) bool, which of them are known.
        turns: (52, 4) float64, world rotations from the T-pose; where a system has none they come
            from the places (:mod:`directions`).
        turned: (52,) bool, which rotations are known.
    """

    places: F64
    placed: Flags
    turns: F64 = field(default_factory=lambda: np.tile([0.0, 0.0, 0.0, 1.0], (len(BONES), 1)))
    turned: Flags = field(default_factory=lambda: np.zeros(len(BONES), dtype=np.bool_))


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The joints of one tracking system.

    Attributes:
        joints: their names in the system's own order.
        rows: for each joint the row of ``tpose.ROW`` that it is, or -1.
    """

    name: str
    joints: tuple[str, ...]
    rows: NDArray[np.int64]

    def stream(self, places: F64, tracked: Flags | None = None) -> Stream:
        """One frame of arrays as the system gives them.

        Args:
            places: (n, 3) or (n, 7) of all joints in the system's order, metres.
            tracked: (n,), which are tracked; all where left out.

        Raises:
            PoseError: another number of joints, or a tracked one whose place is no number.
        """
        given = np.asarray(places, dtype=np.float64)
        if given.ndim != 2 or len(given) != len(self.joints) or given.shape[1] < 3:
            raise PoseError(
                f"a frame of {self.name} has another number of joints",
                field="joints",
                expected=f"({len(self.joints)}, 3 or 7)",
                got=str(given.shape),
            )
        seen = np.ones(len(given), dtype=np.bool_) if tracked is None else np.asarray(tracked, bool)
        ours = (self.rows >= 0) & seen
        inside = np.abs(given[:, :3]) <= REACH
        if not inside[ours].all():
            worst = int(np.flatnonzero(ours & ~inside.all(axis=1))[0])
            raise _bad_place(f"joints.{self.joints[worst]}", given[worst, :3])
        result = np.zeros((ROWS, 3))
        placed = np.zeros(ROWS, dtype=np.bool_)
        result[self.rows[ours]], placed[self.rows[ours]] = given[ours, :3], True
        return Stream(result, placed)


@cache
def skeletons() -> Mapping[str, Skeleton]:
    """All tracking systems' skeletons by name."""
    tables: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _skeleton(name, table) for name, table in tables.items()}


def skeleton(name: str) -> Skeleton:
    """A tracking system's skeleton.

    Raises:
        PoseError: there is none of that name.
    """
    known = skeletons()
    if name not in known:
        raise PoseError(
            "joints of an unknown tracking system",
            field="skeleton",
            expected=", ".join((VRM, *known)),
            got=name[:40],
        )
    return known[name]


def named_stream(name: str, joints: Mapping[str, Transform]) -> Stream:
    """One frame of joints by name; those that are not tracked are left out.

    Args:
        name: ``"vrm"`` or a table of ``skeletons.toml``.
        joints: position x, y, z and rotation quaternion x, y, z, w by joint.

    Raises:
        PoseError: an unknown system or joint, a number that is not finite, a place out of range,
            a quaternion without unit length.
    """
    if name == VRM:
        return vrm_stream(joints)
    system = skeleton(name)
    places = np.full((len(system.joints), 3), np.nan)
    tracked = np.zeros(len(system.joints), dtype=np.bool_)
    index = _numbers(name)
    for joint, transform in joints.items():
        at = index.get(joint)
        if at is None:
            raise _unknown(joint, system.joints)
        if len(transform) != 7:
            raise _bad_place(f"joints.{joint}", transform)
        places[at], tracked[at] = transform[:3], True
    return system.stream(places, tracked)


def vrm_stream(joints: Mapping[str, Transform]) -> Stream:
    """Joints under VRM 1.0's names: where they are, and world rotations from the T-pose facing +Z.

    That is what a VRM model's normalized humanoid bones have in the scene. Eyes and jaw are known
    names that nothing follows.

    Raises:
        PoseError: as :func:`named_stream`.
    """
    stream = Stream(np.zeros((ROWS, 3)), np.zeros(ROWS, dtype=np.bool_))
    for joint, transform in joints.items():
        at = INDEX.get(joint)
        if at is None:
            if joint in ("leftEye", "rightEye", "jaw"):
                continue
            raise _unknown(joint, BONES)
        values = np.asarray(transform, dtype=np.float64)
        if values.shape != (7,) or not np.all(np.abs(values[:3]) <= REACH):
            raise _bad_place(f"joints.{joint}", transform)
        length = math.sqrt(float(values[3:] @ values[3:]))
        if not abs(length - 1.0) <= UNIT:
            raise PoseError(
                "a rotation has no unit length",
                field=f"joints.{joint}",
                expected="a unit quaternion x, y, z, w",
                got=f"length {length:.3f}",
            )
        stream.places[at], stream.placed[at] = values[:3], True
        stream.turns[at], stream.turned[at] = values[3:] / length, True
    return stream


@cache
def _numbers(name: str) -> Mapping[str, int]:
    return {joint: i for i, joint in enumerate(skeleton(name).joints)}


def _skeleton(name: str, table: Mapping[str, Any]) -> Skeleton:
    joints = tuple(table["joints"])
    bones: dict[str, str] = {}
    for bone, joint in table["bones"].items():
        sides = ("left", "right") if "{side}" in joint else ("",)
        bones |= {joint.replace("{side}", s): bone.replace("{side}", s) for s in sides}
    rows = np.array([ROW[bones[joint]] if joint in bones else -1 for joint in joints])
    return Skeleton(name, joints, rows)


def _unknown(joint: str, known: Sequence[str]) -> PoseError:
    return PoseError(
        "a joint of an unknown name",
        field="joints",
        expected=", ".join(known[:6]) + " …",
        got=joint[:40],
    )


def _bad_place(name: str, got: object) -> PoseError:
    return PoseError(
        "a joint's place cannot be used",
        field=name,
        expected=f"numbers within {REACH:g} m of the origin",
        got="numbers that are not finite, too far or too few" if got is not None else "nothing",
    )
