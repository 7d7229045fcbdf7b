"""Recorded motion of any skeleton as frames that a body can follow: axes, units, floor, names.

The actor's skeleton becomes joints under VRM 1.0's names, and a headset where the actor's eyes are.
What a file's axes and units are is told from its skeleton: heads are above feet, people are neither
ants nor towers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .bvh import Bvh, BvhError
from .directions import turns_from_places
from .tpose import ROW, ROWS, straight_ways
from .vrm import BONES, INDEX, PARENTS

F64 = NDArray[np.float64]

FILE: Final = Path(__file__).parent / "data_files" / "bvh_names.toml"
UNITS: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048}
"""Metres of the units that files come in."""

_STATURE: Final = 1.16
"""Stature over the length of the chain ankle, hip, neck, head of an ordinary body."""

_BELIEVABLE: Final = (1.1, 2.3)
_ORDINARY: Final = 1.70
_EYES: Final = np.array([0.0, 0.045, 0.075])
"""From the head joint to between the eyes, of a body of ordinary stature, metres."""

_ANKLE: Final = 0.045
"""Height of an ankle over the floor as a part of stature."""

_NEEDED: Final = (
    "hips", "head", "leftUpperLeg", "leftLowerLeg", "leftFoot",
    "rightUpperLeg", "rightLowerLeg", "rightFoot", "leftUpperArm", "rightUpperArm",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recording:
    """Frames of one actor.

    Attributes:
        bones: VRM names of the joints that the file has.
        places: (f, b, 3) float64, play space, metres.
        turns: (f, b, 4) float64, world rotations from the T-pose facing +Z.
        heads: (f, 7) float64, position between the eyes and rotation of a headset.
        interval: seconds from frame to frame.
        stature: of the actor as played, metres.
        unit: what the file was taken to be in.
    """

    bones: tuple[str, ...]
    places: F64
    turns: F64
    heads: F64
    interval: float
    stature: float
    unit: str


def recorded(bvh: Bvh, stature: float | None = None) -> Recording:
    """A BVH file's motion in the play space: metres, Y up, standing on the floor.

    Args:
        stature: of who shall play it, metres; steps grow with it. As recorded where left out.

    Raises:
        BvhError: a bone that a person has is missing; names it.
    """
    joints = _named(bvh)
    numbers = list(joints.values())
    rest, places = bvh.rest[numbers], bvh.places[:, numbers]
    turns = bvh.turns[:, numbers].reshape(-1, 4)
    bones = tuple(joints)
    at = {bone: i for i, bone in enumerate(bones)}

    upright = _upright(places, at)
    rest, places = upright.apply(rest), upright.apply(places.reshape(-1, 3)).reshape(places.shape)
    worlds = upright * Rotation.from_quat(turns) * upright.inv()

    count = len(places)
    if _stands(rest, at):
        # From the T-pose facing +Z to the skeleton as drawn, on its heading, and on to the frame.
        faced = _facing(rest, at)
        away = _rest_turns(faced.apply(rest), bones, at)
        worlds = worlds * faced.inv() * away[np.tile(np.arange(len(bones)), count)]
    else:
        worlds = _turns_of_places(places, bones)

    scale, height, unit = _scale(rest, at, stature)
    places = places * scale
    places[..., 1] += _ANKLE * height - _standing(places, at)
    table = worlds.as_quat().reshape(count, len(bones), 4)
    heads = _heads(places[:, at["head"]], table[:, at["head"]], height)
    return Recording(bones, places, table, heads, bvh.interval, height, unit)


def _named(bvh: Bvh) -> dict[str, int]:
    """Joint number by VRM bone, in the order of ``vrm.BONES``."""
    found: dict[str, int] = {}
    plain = {_plain(name): i for i, name in reversed(list(enumerate(bvh.names))) if name}
    for bone, names in _names().items():
        hit = next((plain[n] for n in names if n in plain and plain[n] not in found.values()), None)
        if hit is not None:
            found[bone] = hit
    missing = [bone for bone in _NEEDED if bone not in found]
    if missing:
        raise BvhError(
            "the skeleton has no joint for a bone that a person has",
            expected=", ".join(missing),
            got=", ".join(name for name in bvh.names if name)[:120],
        )
    return {bone: found[bone] for bone in BONES if bone in found}


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    table: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    names: dict[str, tuple[str, ...]] = {}
    for bone, aliases in table.items():
        for side in ("left", "right"):
            named = tuple(a.replace("{side}", side).replace("{s}", side[0]) for a in aliases)
            names[bone.replace("{side}", side)] = named
    return names


def _plain(name: str) -> str:
    short = name.rsplit(":", 1)[-1].lower()
    return "".join(c for c in short if c not in " ._-")


def _upright(places: F64, at: Mapping[str, int]) -> Rotation:
    """From the file's axes to Y up: feet are mostly below heads along one of them."""
    feet = places[:, [at["leftFoot"], at["rightFoot"]]].mean(axis=1)
    way = np.median(places[:, at["head"]] - feet, axis=0)
    axis = int(np.argmax(np.abs(way)))
    up = np.zeros(3)
    up[axis] = np.sign(way[axis])
    if axis == 1 and up[1] > 0:
        return Rotation.identity()
    if axis == 2 and up[2] > 0:
        return Rotation.from_euler("x", -90, degrees=True)
    return Rotation.align_vectors([[0.0, 1.0, 0.0]], [up])[0]


def _stands(rest: F64, at: Mapping[str, int]) -> bool:
    """Whether the skeleton is drawn as a person who stands; some are drawn all along one axis."""
    for side in ("left", "right"):
        leg = rest[at[f"{side}Foot"]] - rest[at[f"{side}UpperLeg"]]
        if -leg[1] < 0.7 * float(np.linalg.norm(leg)):
            return False
    trunk = rest[at["head"]] - rest[at["hips"]]
    return bool(trunk[1] > 0.7 * np.linalg.norm(trunk))


def _turns_of_places(places: F64, bones: tuple[str, ...]) -> Rotation:
    """Rotations from the T-pose from where the joints are; the head goes with the neck."""
    rows = [ROW[bone] for bone in bones]
    table, placed = np.zeros((ROWS, 3)), np.zeros(ROWS, dtype=np.bool_)
    placed[rows] = True
    found, turned = np.zeros((len(BONES), 4)), np.zeros(len(BONES), dtype=np.bool_)
    turns = np.empty((len(places), len(bones), 4))
    ways = straight_ways()
    for frame, joints in enumerate(places):
        table[rows] = joints
        found[:] = (0.0, 0.0, 0.0, 1.0)
        turns_from_places(ways, table, placed, found, turned)
        for bone, parent in enumerate(PARENTS):
            if not turned[bone] and parent >= 0:
                found[bone] = found[parent]
        turns[frame] = found[[INDEX[bone] for bone in bones]]
    return Rotation.from_quat(turns.reshape(-1, 4))


def _facing(rest: F64, at: Mapping[str, int]) -> Rotation:
    """About +Y from how the skeleton is drawn to facing +Z."""
    left = rest[at["leftUpperLeg"]] - rest[at["rightUpperLeg"]]
    if np.hypot(left[0], left[2]) < 1e-9:
        left = rest[at["leftUpperArm"]] - rest[at["rightUpperArm"]]
    return Rotation.from_euler("y", np.arctan2(left[2], left[0]))


def _rest_turns(rest: F64, bones: tuple[str, ...], at: Mapping[str, int]) -> Rotation:
    """From the T-pose to the skeleton as drawn, facing +Z, for each bone.

    The smallest turn of each limb's direction: right for T-poses, A-poses and hanging arms.
    """
    turns: list[Rotation] = []
    for bone in bones:
        side, out = ("left", 1.0) if bone.startswith("left") else ("right", -1.0)
        part = bone.removeprefix(side)
        turn = Rotation.identity()
        if part in _LIMBS:
            child, (x, y, z) = _LIMBS[part]
            way = rest[at[side + child]] - rest[at[bone]] if side + child in at else np.zeros(3)
            if np.linalg.norm(way) > 1e-9:
                turn = _swing(np.array([out * x, y, z]), way)
        elif part.startswith(_OF_HAND) and f"{side}LowerArm" in at:
            turn = turns[at[f"{side}LowerArm"]]
        turns.append(turn)
    return Rotation.concatenate(turns)


_LIMBS: Final = {
    "UpperArm": ("LowerArm", (1.0, 0.0, 0.0)),
    "LowerArm": ("Hand", (1.0, 0.0, 0.0)),
    "UpperLeg": ("LowerLeg", (0.0, -1.0, 0.0)),
    "LowerLeg": ("Foot", (0.0, -1.0, 0.0)),
}
"""What a limb's bone ends at, and where the left one points in the T-pose."""

_OF_HAND: Final = ("Hand", "Thumb", "Index", "Middle", "Ring", "Little")


def _swing(start: F64, way: F64) -> Rotation:
    end = way / np.linalg.norm(way)
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return Rotation.identity()
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, float(start @ end)))


def _scale(rest: F64, at: Mapping[str, int], stature: float | None) -> tuple[float, float, str]:
    """Metres per unit, the stature that is played, and the unit's name."""
    chain = ("leftFoot", "leftLowerLeg", "leftUpperLeg")
    legs = sum(float(np.linalg.norm(rest[at[a]] - rest[at[b]])) for a, b in pairwise(chain))
    middle = (rest[at["leftUpperLeg"]] + rest[at["rightUpperLeg"]]) / 2
    tall = (legs + float(np.linalg.norm(rest[at["head"]] - middle))) * _STATURE
    low, high = _BELIEVABLE
    fitting = {n: m for n, m in UNITS.items() if low <= tall * m <= high}
    unit = min(fitting, key=lambda n: abs(np.log(tall * fitting[n] / _ORDINARY)), default="")
    own = tall * UNITS[unit] if unit else _ORDINARY
    played = stature or own
    return played / tall, played, unit or "unknown"


def _standing(places: F64, at: Mapping[str, int]) -> float:
    """Height of the ankles that stand: few are lower."""
    low = np.minimum(places[:, at["leftFoot"], 1], places[:, at["rightFoot"], 1])
    return float(np.percentile(low, 2))


def _heads(places: F64, turns: F64, stature: float) -> F64:
    look = Rotation.from_quat(turns)
    eyes = places + look.apply(_EYES * stature / _ORDINARY)
    headset = look * Rotation.from_euler("y", 180, degrees=True)
    return np.concatenate([eyes, headset.as_quat()], axis=1)
