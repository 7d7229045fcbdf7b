"""The T-pose of a body: what turns mean that come from other skeletons.

VRM 1.0 counts rotations from the T-pose (arms along X, palms down, legs straight down, facing +Z),
the bodies here rest in an A-pose with bent fingers. Bones of the trunk, the shoulders and the feet
are taken to be the same in both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .vrm import BONES, INDEX, PARENTS

F64 = NDArray[np.float64]

FINGERS: Final = ("Thumb", "Index", "Middle", "Ring", "Little")
TIPS: Final = tuple(f"{side}{finger}Tip" for side in ("left", "right") for finger in FINGERS)
"""Ends of fingers, in the rows after the bones where places are given."""

ROWS: Final = len(BONES) + len(TIPS)
"""Rows of an array of places: bones, then tips."""

ROW: Final = {name: i for i, name in enumerate((*BONES, *TIPS))}
"""Row by name."""


_INSTEP: Final = 0.35
"""From ankle to ball of the foot it goes down by this, radians."""


@dataclass(frozen=True, eq=False)
class TPose:
    """One body's T-pose.

    Attributes:
        turns: (52, 4) float64, each bone's rotation from rest to the T-pose, world.
        ways: (52, 3) float64 unit vectors, where each bone points in the T-pose.
    """

    turns: F64
    ways: F64


def t_pose(rest: F64) -> TPose:
    """The T-pose of a body.

    Args:
        rest: (52, 3) joint places of the rest pose, facing +Z.
    """
    ways = _rest_ways(rest)
    turns = [Rotation.identity()] * len(BONES)
    for side, out in (("left", 1.0), ("right", -1.0)):
        across = np.array([out, 0.0, 0.0])
        upper, lower, hand = (INDEX[side + n] for n in ("UpperArm", "LowerArm", "Hand"))
        # An elbow bends forwards: with palms down, about the vertical.
        hinge = np.cross(ways[upper], ways[lower])
        for bone in (upper, lower):
            turns[bone] = _square(across, np.array([0, -out, 0])) * _square(ways[bone], hinge).inv()
        thumb_side = rest[INDEX[f"{side}IndexProximal"]] - rest[INDEX[f"{side}LittleProximal"]]
        ahead = np.array([0.0, 0.0, 1.0])
        turns[hand] = _square(across, ahead) * _square(ways[hand], thumb_side).inv()
        for finger in FINGERS:
            straight = np.array([out, 0, 1]) / math.sqrt(2) if finger == "Thumb" else across
            for name in BONES:
                if name.startswith(side + finger):
                    bone = INDEX[name]
                    turns[bone] = _swing(turns[hand].apply(ways[bone]), straight) * turns[hand]
        for name in ("UpperLeg", "LowerLeg"):
            bone = INDEX[side + name]
            turns[bone] = _swing(ways[bone], np.array([0.0, -1.0, 0.0]))
    table = np.stack([turn.as_quat() for turn in turns])
    pointing = np.stack([turn.apply(way) for turn, way in zip(turns, ways, strict=True)])
    return TPose(np.ascontiguousarray(table), np.ascontiguousarray(pointing))


def straight_ways() -> F64:
    """Where bones point in the T-pose of a body of straight lines, (52, 3): of nobody's own."""
    ways = np.tile([0.0, 1.0, 0.0], (len(BONES), 1))
    for bone, name in enumerate(BONES):
        out = 1.0 if name.startswith("left") else -1.0
        if name.endswith("Leg"):
            ways[bone] = (0.0, -1.0, 0.0)
        elif name.endswith("Foot"):
            ways[bone] = (0.0, -math.sin(_INSTEP), math.cos(_INSTEP))
        elif name.endswith("Toes"):
            ways[bone] = (0.0, 0.0, 1.0)
        elif "Thumb" in name:
            ways[bone] = np.array([out, 0.0, 1.0]) / math.sqrt(2)
        elif name.startswith(("left", "right")):
            ways[bone] = (out, 0.0, 0.0)
    return ways


def _rest_ways(rest: F64) -> F64:
    """Where each bone points at rest: to its child, or on from its parent where it has none."""
    ways = np.zeros_like(rest)
    for bone, name in enumerate(BONES):
        if name.endswith("Hand"):
            child = INDEX[f"{name}".replace("Hand", "MiddleProximal")]
        else:
            child = next((c for c, p in enumerate(PARENTS) if p == bone), -1)
        way = rest[child] - rest[bone] if child >= 0 else np.zeros(3)
        length = float(np.linalg.norm(way))
        if child >= 0 and length < 1e-3:
            way, length = np.array([0.0, 1.0, 0.0]), 1.0
        ways[bone] = way / length if child >= 0 else ways[PARENTS[bone]]
    ways[INDEX["head"]] = (0.0, 1.0, 0.0)
    for side in ("left", "right"):
        ways[INDEX[f"{side}Toes"]] = (0.0, 0.0, 1.0)
    return ways


def _square(along: F64, beside: F64) -> Rotation:
    """Carries +X to ``along`` and +Y to ``beside`` made square to it."""
    x = along / np.linalg.norm(along)
    y = beside - x * (x @ beside)
    y /= np.linalg.norm(y)
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=1))


def _swing(start: F64, end: F64) -> Rotation:
    """The smallest rotation from one direction to another."""
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    angle = math.atan2(sine, float(start @ end))
    return Rotation.from_rotvec(axis / sine * angle if sine > 1e-12 else np.zeros(3))
