"""What trousers need to know of a body: each leg's sections, and where the legs part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..dressform import BodyForm
from ..mesh import vertex_normals
from .body_sections import (
    DIRECTIONS,
    STEP,
    Hide,
    arm_and_head,
    cut,
    edges_of,
    fill_gaps,
    girth,
    smooth,
    support_of,
)

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Leg:
    """One leg below the crotch, in coordinates whose x points to its own side (left: +x).

    Attributes:
        heights: (k,) ascending, metres.
        centre: (k, 2) x and z of the section's middle.
        support: (k, DIRECTIONS) of the section about its middle, in (x, z).
        slope: length of the leg per metre of height, 1 or a little more.
        ankle: height of the ankle's narrowest section.
        hide: the skin of this side of trunk and legs, in the body's own coordinates.
    """

    heights: F64
    centre: F64
    support: F64
    slope: float
    ankle: float
    hide: Hide

    def at(self, y: F64) -> tuple[F64, F64]:
        """Middles (n, 2) and supports (n, DIRECTIONS) at heights ``y`` (n,)."""
        place = np.clip((y - self.heights[0]) / STEP, 0.0, len(self.heights) - 1.001)
        i = place.astype(np.int64)
        t = (place - i)[:, None]
        middle: F64 = self.centre[i] * (1 - t) + self.centre[i + 1] * t
        section: F64 = self.support[i] * (1 - t) + self.support[i + 1] * t
        return middle, section


@dataclass(frozen=True, eq=False)
class LegSections:
    """Both legs, left and right, and the place (y, z) between them where they part."""

    legs: tuple[Leg, Leg]
    crotch: tuple[float, float]


def _dense_hide(v: F64, normals: F64, edges: NDArray[np.int64]) -> Hide:
    """A skin of vertices and edge middles, whose tangent planes meet the curve of a thigh."""
    ends = np.unique(edges)
    middle = v[edges].mean(axis=1)
    turned = normals[edges].sum(axis=1)
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
    points = np.concatenate([v[ends], middle])
    return Hide(cKDTree(points), points, np.concatenate([normals[ends], turned]))


@lru_cache(maxsize=8)
def leg_sections(form: BodyForm) -> LegSections:
    """Measure a body form's legs once; kept for the last few forms."""
    v = form.vertices.astype(np.float64)
    is_arm, is_head = arm_and_head(form)
    edges = edges_of(form.faces)
    edges = edges[~(is_arm | is_head)[edges].any(axis=1)]
    joint = dict(zip(form.skin.names, form.skin.rest.astype(np.float64), strict=True))
    knee = 0.5 * (joint["leftLowerLeg"][1] + joint["rightLowerLeg"][1])
    middle = cut(v, edges, 0, 5e-4)
    middle = middle[middle[:, 1] > knee]
    low = middle[middle[:, 1].argmin()]
    crotch = (float(low[1]), float(low[2]))
    normals = vertex_normals(form.vertices, form.faces).astype(np.float64)
    usable = ~(is_arm | is_head)
    legs = []
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        own = usable & (v[:, 0] * sign > -0.004)
        mirrored = v * [sign, 1.0, 1.0]
        heights = np.arange(0.02, crotch[0] - 0.008, STEP)
        rows, centres = [], []
        for y in heights:
            section = cut(mirrored, edges, 1, float(y))[:, [0, 2]]
            section = section[section[:, 0] > 0.0]
            if len(section) < 3:
                rows.append(np.full(DIRECTIONS, np.nan))
                centres.append(np.full(2, np.nan))
                continue
            middle_of = (section.min(axis=0) + section.max(axis=0)) / 2
            centres.append(middle_of)
            rows.append(support_of(section - middle_of))
        support = smooth(fill_gaps(np.stack(rows)))
        good = np.isfinite(np.stack(centres)[:, 0])
        centre = np.stack(
            [np.interp(heights, heights[good], np.stack(centres)[good, k]) for k in (0, 1)], axis=1
        )
        hip, foot = joint[f"{side}UpperLeg"], joint[f"{side}Foot"]
        calf = (heights > foot[1] + 0.02) & (heights < foot[1] + 0.16)
        legs.append(
            Leg(
                heights=heights,
                centre=centre,
                support=support,
                slope=float(np.linalg.norm(hip - foot) / (hip[1] - foot[1])),
                ankle=float(heights[calf][girth(support[calf]).argmin()]),
                hide=_dense_hide(v, normals, edges[own[edges].all(axis=1)]),
            )
        )
    return LegSections((legs[0], legs[1]), crotch)
