"""Random adults: sliders from the priors that a tape solves with, from thin to very large."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..basis import load, stand
from ..body import GENDERS, sliders
from ..measure import breadths, measure

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Rng = np.random.Generator

SEXES: Final = ("female", "male", "neutral")
"""How a visitor may say to be built; ``neutral`` also stands for not saying."""
COARSE_FILE: Final = Path(__file__).parents[1] / "data_files" / "body_coarse.npz"
COARSE: Final = 7_000
"""Triangles of the body that silhouettes are drawn of."""


@dataclass(frozen=True, eq=False)
class Person:
    """One adult in the rest pose.

    Attributes:
        vertices: (n, 3) float32, metres, on the floor, facing +Z.
        joints: (52, 3) float32.
        sex: index into ``SEXES`` of how it was built.
        measures: metres by name, ``weight`` in kilograms; with ``<girth>_width`` and
            ``<girth>_depth`` of ``measure.BREADTHS``.
    """

    vertices: F32
    joints: F32
    sex: int
    measures: dict[str, float]


@cache
def table() -> dict[str, Any]:
    """The contents of ``silhouettes.toml``."""
    path = Path(__file__).parents[1] / "data_files" / "silhouettes.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def random_person(rng: Rng) -> Person:
    """An adult of any build that the body's sliders reach.

    Local sliders are drawn narrower than their priors, so that girths scatter about their means
    for a stature, weight and sex as they do among people; some go together with a thicker waist,
    and larger bodies share a common direction of sliders beyond the weight slider's end.
    """
    rule = table()["population"]
    s = sliders()
    sex = int(rng.integers(2))
    shares = np.array([rule["spreads"].get(n, rule["spread"]) for n in s.names])
    x = s.middle + shares * s.spread * rng.standard_normal(len(s.names))
    value = dict(zip(s.names, x, strict=True))
    thick = rng.standard_normal()
    for name, slope in rule["waist"].items():
        value[name] += slope * thick
    value["height"] = rng.normal(*rule["height"])
    value["weight"] = rng.normal(*rule["weight"])
    if rng.random() < rule["large_share"]:
        large = abs(rng.normal(0, rule["large_spread"]))
        value["weight"] += 0.3 * large
        for name, slope in rule["large"].items():
            value[name] += slope * large
    for k, name in enumerate(s.names):
        value[name] = float(np.clip(value[name], s.least[k], s.most[k]))
    split = [{n: value[n] for n in names} for names in (s.names[: s.builds], s.names[s.builds :])]
    gender = GENDERS[SEXES[sex]] + rng.choice([0.0, rule["androgyny"]]) * rng.uniform(-1, 1)
    basis = load()
    points = basis.points({**split[0], "gender": float(np.clip(gender, 0, 1))}, split[1])
    scale = float(np.clip(rng.normal(1.0, rule["scale"]), 0.9, 1.1))
    vertices, joints, _ = stand(basis, points, scale)
    found = measure(vertices, joints) | breadths(vertices, joints)
    return Person(vertices, joints, sex, found)


@cache
def coarse() -> tuple[I32, I32]:
    """Fewer of the body's own vertices that show the same outline within a few millimetres.

    Returns:
        The (k,) rows kept, and (m, 3) faces that count within them.
    """
    with np.load(COARSE_FILE) as data:
        return data["rows"].astype(np.int32), data["faces"].astype(np.int32)


def save_coarse(path: Path = COARSE_FILE) -> None:
    """Collapse the average body to ``COARSE`` triangles and write which vertices are left."""
    from reconstruction.mesh import Mesh
    from reconstruction.meshes.simplify import simplify

    basis = load()
    vertices, _, _ = stand(basis, basis.points({}, {}))
    flat = np.zeros((len(vertices), 2), np.float32)
    part = np.zeros(len(basis.faces), np.int32)
    small, _ = simplify(Mesh(vertices, basis.faces, flat, part, ("skin",), ("skin",)), COARSE)
    nearest = cKDTree(vertices).query(small.vertices)[1]
    faces = nearest[small.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    rows, inverse = np.unique(faces, return_inverse=True)
    inverse = inverse.reshape(-1, 3)
    np.savez_compressed(path, rows=rows.astype(np.uint16), faces=inverse.astype(np.uint16))
