"""Body measures by tape and rule: ISO 8559-1's names, on any build of the baked body.

Landmarks are fixed vertices of the shared topology, so a measure follows the body through every
shape. Girths are a tight tape around a plane's cut; lengths run between landmarks.

Names: ``height``, ``bust`` (for men chest), ``underbust``, ``waist``, ``hip``, ``neck``,
``shoulder`` (shoulder point to shoulder point), ``arm_length`` (shoulder point, elbow, wrist),
``inseam``, ``thigh``, ``upper_arm``, ``wrist``, ``calf``; and ``weight`` in kilograms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import girth
from .basis import Basis, load, stand
from .errors import BodyError
from .vrm import BONES, INDEX

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

GIRTHS: Final = (
    "bust",
    "underbust",
    "waist",
    "hip",
    "neck",
    "thigh",
    "upper_arm",
    "wrist",
    "calf",
)
LENGTHS: Final = ("height", "shoulder", "arm_length", "inseam")
NAMES: Final = (*LENGTHS, *GIRTHS)
"""Every measure in metres that :func:`measure` gives, besides ``weight`` in kilograms."""

BREADTHS: Final = ("bust", "waist", "hip")
"""Girths whose width and depth are measured too: they are what an outline shows."""
EXTENTS: Final = tuple(f"{n}_{way}" for n in BREADTHS for way in ("width", "depth"))
"""What :func:`breadths` gives."""

DENSITY: Final = 1010.0
"""Mean density of a living body, kg/m³ (Siri 1961 at a quarter fat, lungs half full)."""

_REGION: Final = {
    "neck": "neck",
    "thigh": "leg",
    "calf": "leg",
    "upper_arm": "arm",
    "wrist": "arm",
}
_BAND: Final = 0.10
"""Faces further from a girth's plane than this share of the stature never count."""

_UP = np.array((0.0, 1.0, 0.0), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Fixed vertices and faces of the shared topology.

    Attributes:
        points: vertex numbers by name.
        waist_ring: (k,) vertices of the natural waist, the trunk's narrowest level.
        faces: the faces that each girth counts, (m, 3) each, near its level only.
    """

    points: dict[str, int]
    waist_ring: I32
    faces: dict[str, I32]


@dataclass(frozen=True, eq=False)
class Plane:
    """Where a girth is taken: a point and a unit normal, body frame."""

    origin: F32
    normal: F32


def _share(basis: Basis, prefixes: tuple[str, ...]) -> F32:
    """How much of each vertex's weight belongs to the named bones, (n,)."""
    wanted = [i for i, bone in enumerate(BONES) if bone.startswith(prefixes)]
    return np.asarray((basis.weights * np.isin(basis.joints, wanted)).sum(axis=1), np.float32)


@lru_cache(maxsize=1)
def landmarks() -> Landmarks:
    """Find the landmarks once, on the average woman."""
    basis = load()
    v, j, _ = stand(basis, basis.points({"gender": 1.0}, {}))
    arm = _share(
        basis,
        tuple(s + p for s in ("left", "right") for p in ("UpperArm", "LowerArm", "Hand"))
        + tuple(
            s + f for s in ("left", "right") for f in ("Thumb", "Index", "Middle", "Ring", "Little")
        ),
    )
    head = _share(basis, ("head",))
    neck = _share(basis, ("neck", "head"))
    leg = _share(basis, ("leftUpperLeg", "leftLowerLeg"))
    left_arm = _share(basis, ("leftUpperArm", "leftLowerArm", "leftHand"))
    faces = basis.faces
    trunk = faces[~((arm[faces] > 0.3).any(axis=1) | (neck[faces] > 0.5).any(axis=1))]
    in_trunk = np.unique(trunk)
    y = v[:, 1]
    waist_ring = _narrowest(v, trunk)
    waist = float(y[waist_ring].mean())

    def pick(mask: NDArray[np.bool_], score: F32) -> int:
        inside = in_trunk[mask[in_trunk]]
        return int(inside[np.argmax(score[inside])])

    above, below = y - waist, waist - y
    arm_joint = j[INDEX["leftUpperArm"]]
    points = {
        "bust": pick((above > 0.08) & (above < 0.32) & (v[:, 0] > 0), v[:, 2]),
        "hip": pick((below > 0.08) & (below < 0.35) & (v[:, 0] > 0), -v[:, 2]),
        "crotch": pick((np.abs(v[:, 0]) < 0.006) & (below > 0), -y),
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        near = np.abs(v[:, 0] * sign - arm_joint[0]) < 0.015
        near &= np.abs(v[:, 2] - arm_joint[2]) < 0.03
        points[f"{side}_acromion"] = int(np.argmax(np.where(near, y, -1)))
    regions = {
        "trunk": trunk,
        "leg": faces[(leg[faces] > 0.5).all(axis=1)],
        "arm": faces[(left_arm[faces] > 0.2).all(axis=1)],
        "neck": faces[(neck[faces] > 0.2).all(axis=1) & (head[faces] < 0.9).all(axis=1)],
    }
    found = Landmarks(points, waist_ring, {})
    for name, plane in _planes(v, j, found).items():
        region = regions[_REGION.get(name, "trunk")]
        distance = np.abs((v - plane.origin) @ plane.normal)
        found.faces[name] = region[(distance[region] < _BAND * float(y.max())).all(axis=1)]
    return found


def _narrowest(vertices: F32, trunk: I32) -> I32:
    """Vertices within a centimetre of the level where the trunk is narrowest."""
    top = float(vertices[:, 1].max())
    levels = np.arange(0.56 * top, 0.70 * top, 0.005)
    tapes = [girth.tape(vertices, trunk, _UP * np.float32(y), _UP) for y in levels]
    level = levels[int(np.argmin(tapes))]
    inside = np.unique(trunk)
    near = np.abs(vertices[inside, 1] - level) < 0.01
    return np.asarray(inside[near], dtype=np.int32)


def planes(vertices: F32, joints: F32) -> dict[str, Plane]:
    """Where each girth of ``GIRTHS`` is taken on this body; rest pose.

    Args:
        vertices: (n, 3) skin of the shared topology.
        joints: (52, 3) joint positions.
    """
    return _planes(vertices, joints, landmarks())


def _planes(vertices: F32, joints: F32, mark: Landmarks) -> dict[str, Plane]:
    centre = np.zeros(3, dtype=np.float32)

    def level(height: float) -> Plane:
        return Plane(centre + _UP * np.float32(height), _UP)

    def across(start: str, end: str, share: float) -> Plane:
        a, b = joints[INDEX[start]], joints[INDEX[end]]
        axis = (b - a) / np.linalg.norm(b - a)
        return Plane((a + share * (b - a)).astype(np.float32), axis.astype(np.float32))

    bust = float(vertices[mark.points["bust"], 1])
    waist = float(vertices[mark.waist_ring, 1].mean())
    crotch = float(vertices[mark.points["crotch"], 1])
    knee = float(joints[INDEX["leftLowerLeg"], 1])
    ankle = float(joints[INDEX["leftFoot"], 1])
    return {
        "bust": level(bust),
        "underbust": level(bust - 0.38 * (bust - waist)),
        "waist": level(waist),
        "hip": level(float(vertices[mark.points["hip"], 1])),
        "neck": across("neck", "head", 0.35),
        "thigh": level(crotch - 0.03),
        "upper_arm": across("leftUpperArm", "leftLowerArm", 0.5),
        "wrist": across("leftLowerArm", "leftHand", 0.95),
        "calf": level(knee - 0.28 * (knee - ankle)),
    }


def girths(vertices: F32, joints: F32, names: tuple[str, ...] = GIRTHS) -> dict[str, float]:
    """Tape girths of a body in its rest pose, metres."""
    mark = landmarks()
    result = {}
    at = planes(vertices, joints)
    for name in names:
        if name not in at:
            raise BodyError("no such girth", field="name", expected=", ".join(at), got=name)
        cut = girth.section(vertices, mark.faces[name], at[name].origin, at[name].normal)
        result[name] = cut.tape
    return result


def measure(
    vertices: F32, joints: F32, names: tuple[str, ...] = GIRTHS, weight: bool = True
) -> dict[str, float]:
    """The lengths, the named girths in metres, and ``weight`` in kilograms where wanted.

    Args:
        vertices: (n, 3) float32 skin of the shared topology, rest pose, on the floor.
        joints: (52, 3) float32 joint positions.
    """
    mark = landmarks()
    left = vertices[mark.points["left_acromion"]]
    right = vertices[mark.points["right_acromion"]]
    elbow, wrist = joints[INDEX["leftLowerArm"]], joints[INDEX["leftHand"]]
    floor = float(vertices[:, 1].min())
    result = {
        "height": float(vertices[:, 1].max()) - floor,
        "shoulder": float(np.linalg.norm(left - right)),
        "arm_length": float(np.linalg.norm(left - elbow) + np.linalg.norm(elbow - wrist)),
        "inseam": float(vertices[mark.points["crotch"], 1]) - floor,
        **girths(vertices, joints, names),
    }
    if weight:
        result["weight"] = volume(vertices, load().faces) * DENSITY
    return result


def breadths(vertices: F32, joints: F32) -> dict[str, float]:
    """Width (left to right) and depth (front to back) of the trunk's girths, metres."""
    at, mark = planes(vertices, joints), landmarks()
    found = {}
    for name in BREADTHS:
        cut = girth.section(vertices, mark.faces[name], at[name].origin, at[name].normal)
        width, depth = np.ptp(cut.segments.reshape(-1, 2), axis=0)
        found[f"{name}_width"], found[f"{name}_depth"] = float(width), float(depth)
    return found


def volume(vertices: F32, faces: I32) -> float:
    """Volume that a watertight mesh encloses, m³."""
    return float(girth.enclosed(vertices, faces))


def scan(vertices: F32, faces: I32, step: float = 0.002) -> dict[str, float]:
    """Measure any standing body without landmarks: height, bust, waist and hip, metres.

    The body stands on the floor facing +Z, arms away from the trunk. The waist is the smallest
    girth of the trunk; bust and hip are the fullest within a centimetre of where the chest reaches
    furthest forward and the buttocks furthest back.

    Raises:
        BodyError: the mesh has no trunk between 45% and 80% of its height.
    """
    floor, top = float(vertices[:, 1].min()), float(vertices[:, 1].max())
    height = top - floor
    rows = []
    for y in np.arange(floor + 0.45 * height, floor + 0.80 * height, step):
        origin = np.array((0.0, y, 0.0), dtype=np.float32)
        rings = girth.loops(girth.section(vertices, faces, origin, _UP))
        trunk = [r for r in rings if r[:, 0].min() < 0 < r[:, 0].max()]
        if not trunk:
            continue
        ring = trunk[0]
        width = float(np.ptp(ring[:, 0]))
        rows.append((y, girth.hull_length(ring), ring[:, 1].max(), ring[:, 1].min(), width))
    table = np.array(rows)
    if len(table) < 10:
        raise BodyError(
            "the mesh has no trunk to measure", field="mesh", expected="a standing body, Y up"
        )
    middle = floor + 0.58 * height
    jump = np.flatnonzero((np.diff(table[:, 4]) > 0.05) & (table[1:, 0] > middle))
    trunk_rows = table[: jump[0] + 1] if len(jump) else table
    upper = trunk_rows[trunk_rows[:, 0] > middle]
    upper = upper if len(upper) else trunk_rows[-1:]
    waist = upper[np.argmin(upper[:, 1])]
    seat = trunk_rows[trunk_rows[:, 0] < waist[0] - 0.08]
    chest = trunk_rows[trunk_rows[:, 0] > waist[0] + 0.06]
    if not len(seat) or not len(chest):
        raise BodyError(
            "the mesh has no trunk to measure", field="mesh", expected="arms away from the trunk"
        )
    return {
        "height": height,
        "bust": _fullest(chest, float(chest[np.argmax(chest[:, 2])][0])),
        "waist": float(waist[1]),
        "hip": _fullest(seat, float(seat[np.argmin(seat[:, 3])][0])),
    }


def _fullest(rows: NDArray[np.float64], level: float) -> float:
    """The largest girth within a centimetre of a level."""
    return float(rows[np.abs(rows[:, 0] - level) <= 0.0101, 1].max())
