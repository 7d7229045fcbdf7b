"""What a garment needs to know of a body: convex cross-sections, shoulder line, arms, armpits.

Cross-sections are kept as support functions ``h(theta)``, the distance of the supporting line
with normal ``(cos theta, sin theta)`` from the origin. Growing a section by ``d`` adds ``d``,
the smallest convex wrap of two sections is the maximum, blending is linear, and the girth is
``integral of h over theta`` (Cauchy), so that a ring of a wanted girth is found without search.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..dressform import BodyForm
from ..mesh import vertex_normals

F64 = NDArray[np.float64]

DIRECTIONS = 128
"""Directions of a support function, evenly around the section."""
THETA: F64 = np.linspace(0.0, 2 * np.pi, DIRECTIONS, endpoint=False)
STEP = 0.01
"""Distance of neighbouring sections, metres."""

_ARM = ("UpperArm", "LowerArm", "Hand", "Thumb", "Index", "Middle", "Ring", "Little")
_HEAD = ("head", "jaw", "leftEye", "rightEye")


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm: an axis from the shoulder joint to the wrist and its sections square to it.

    Attributes:
        axis: (k, 3) points of the axis, ``STEP`` apart along it.
        tangent, up, front: (k, 3) orthonormal frame; ``up`` points to the upper side of the
            sleeve, ``front`` to the wearer's front.
        support: (k, DIRECTIONS) of the section in (up, front) coordinates about the axis.
    """

    axis: F64
    tangent: F64
    up: F64
    front: F64
    support: F64


@dataclass(frozen=True, eq=False)
class Hide:
    """Points (n, 3) of a skin with their outward normals (n, 3), and a tree to find the nearest."""

    tree: cKDTree
    points: F64
    normals: F64

    def push_out(self, places: F64, gap: float) -> F64:
        """``places`` (n, 3), those nearer to the skin than ``gap`` moved out along its normal."""
        _, near = self.tree.query(places, k=3)
        to = places[:, None] - self.points[near]
        depth = np.einsum("nkc,nkc->nk", to, self.normals[near]).min(axis=1)
        normal = self.normals[near].mean(axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        result: F64 = places + normal * np.maximum(gap - depth, 0.0)[:, None]
        return result


@dataclass(frozen=True, eq=False)
class BodySections:
    """A body as garments see it; metres, body frame.

    Attributes:
        heights: (k,) ascending.
        support: (k, DIRECTIONS) of the trunk and legs without arms, in (x, z).
        ridge: (r, 3) the left side's top line from the neck over the shoulder down the arm.
        armpit: height of the armpits.
        waist: height of the narrowest girth of the trunk.
        arms: the left and the right arm.
        trunk, whole: skins to push cloth out of, without and with forearms and hands.
        head: the skin of head and neck.
    """

    heights: F64
    support: F64
    ridge: F64
    armpit: float
    waist: float
    arms: tuple[Arm, Arm]
    trunk: Hide
    whole: Hide
    head: Hide

    def section(self, y: F64) -> F64:
        """Support functions (n, DIRECTIONS) at heights ``y`` (n,), interpolated."""
        at = np.clip((y - self.heights[0]) / STEP, 0.0, len(self.heights) - 1.001)
        i = at.astype(np.int64)
        t = (at - i)[:, None]
        result: F64 = self.support[i] * (1 - t) + self.support[i + 1] * t
        return result


def girth(support: F64) -> F64:
    """Girths (n,) of sections (n, DIRECTIONS), metres."""
    result: F64 = support.mean(axis=-1) * 2 * np.pi
    return result


def ring(support: F64) -> F64:
    """Boundary points (n, DIRECTIONS, 2) of sections (n, DIRECTIONS), by angle of their normal."""
    slope = (np.roll(support, -1, axis=-1) - np.roll(support, 1, axis=-1)) * (
        DIRECTIONS / (4 * np.pi)
    )
    c, s = np.cos(THETA), np.sin(THETA)
    return np.stack([support * c - slope * s, support * s + slope * c], axis=-1)


@lru_cache(maxsize=8)
def body_sections(form: BodyForm) -> BodySections:
    """Measure a body form once; kept for the last few forms."""
    v = form.vertices.astype(np.float64)
    is_arm, is_head = arm_and_head(form)
    edges = edges_of(form.faces)
    trunk = edges[~(is_arm | is_head)[edges].any(axis=1)]
    joint = dict(zip(form.skin.names, form.skin.rest.astype(np.float64), strict=True))

    heights = np.arange(0.06, float(v[~is_head & ~is_arm, 1].max()) - STEP, STEP)
    support = smooth(
        fill_gaps(np.stack([support_of(cut(v, trunk, 1, y)[:, [0, 2]]) for y in heights]))
    )
    armpit = _armpit(v, trunk, edges[(is_arm & (v[:, 0] > 0))[edges].all(axis=1)], joint)
    torso = (heights > joint["hips"][1] + 0.04) & (heights < armpit - 0.06)
    waist = float(heights[torso][np.argmin(girth(support[torso]))])
    arms = (_arm(form, v, is_arm, joint, "left"), _arm(form, v, is_arm, joint, "right"))
    normals = vertex_normals(form.vertices, form.faces).astype(np.float64)
    whole = ~is_head | (v[:, 1] < joint["neck"][1] + 0.05)
    crown = (is_head | (v[:, 1] > joint["neck"][1] - 0.06)) & ~is_arm
    free = whole & (~is_arm | np.char.endswith(bone_of(form), "UpperArm"))
    return BodySections(
        heights=heights,
        support=support,
        ridge=_ridge(v, edges[~is_head[edges].any(axis=1)], joint),
        armpit=armpit,
        waist=waist,
        arms=arms,
        trunk=Hide(cKDTree(v[free]), v[free], normals[free]),
        whole=Hide(cKDTree(v[whole]), v[whole], normals[whole]),
        head=Hide(cKDTree(v[crown]), v[crown], normals[crown]),
    )


def bone_of(form: BodyForm) -> NDArray[np.str_]:
    """The bone (n,) that moves each vertex most."""
    dominant = form.skin.joints[np.arange(len(form.vertices)), form.skin.weights.argmax(axis=1)]
    names: NDArray[np.str_] = np.array(form.skin.names)[dominant]
    return names


def arm_and_head(form: BodyForm) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which vertices belong to the arms (n,), and which to the head (n,)."""
    names = bone_of(form)
    return np.array([any(k in n for k in _ARM) for n in names]), np.isin(names, _HEAD)


def edges_of(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """The (e, 2) edges of faces (m, 3), each once."""
    f = faces.astype(np.int64)
    pairs = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    key = np.unique(pairs[:, 0] * (int(f.max()) + 1) + pairs[:, 1])
    return np.stack(np.divmod(key, int(f.max()) + 1), axis=1)


def cut(v: F64, edges: NDArray[np.int64], axis: int, at: float) -> F64:
    """Points (n, 3) where edges cross the plane ``coordinate[axis] = at``."""
    a, b = v[edges[:, 0], axis] - at, v[edges[:, 1], axis] - at
    cross = np.flatnonzero(a * b < 0)
    t = (a[cross] / (a[cross] - b[cross]))[:, None]
    points: F64 = v[edges[cross, 0]] * (1 - t) + v[edges[cross, 1]] * t
    return points


def support_of(points: F64) -> F64:
    """Support function (DIRECTIONS,) of 2D points; NaN where there are none."""
    if len(points) < 3:
        return np.full(DIRECTIONS, np.nan)
    normal = np.stack([np.cos(THETA), np.sin(THETA)])
    result: F64 = (points @ normal).max(axis=0)
    return result


def fill_gaps(support: F64) -> F64:
    """Rows of NaN replaced by the nearest row that has a section."""
    good = np.flatnonzero(np.isfinite(support[:, 0]))
    nearest = good[np.abs(np.arange(len(support))[:, None] - good[None]).argmin(axis=1)]
    filled: F64 = support[nearest]
    return filled


def smooth(support: F64) -> F64:
    """Rounded corners (about 4 degrees) and steady change along the body; girths stay."""
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    kernel /= kernel.sum()
    rounded = sum(w * np.roll(support, k - 4, axis=1) for k, w in enumerate(kernel))
    padded = np.concatenate([rounded[:1], rounded, rounded[-1:]])
    result: F64 = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return result


def _armpit(
    v: F64, trunk: NDArray[np.int64], arm: NDArray[np.int64], joint: dict[str, F64]
) -> float:
    """Highest level at which the left arm and the trunk are still apart."""
    top = float(joint["leftUpperArm"][1])
    for y in np.arange(top, top - 0.25, -0.005):
        body, limb = cut(v, trunk, 1, y), cut(v, arm, 1, y)
        if len(limb) and len(body) and limb[:, 0].min() - body[:, 0].max() > 0.012:
            return float(y)
    return top - 0.12


def _ridge(v: F64, edges: NDArray[np.int64], joint: dict[str, F64]) -> F64:
    """Top line of the left shoulder and arm, from the neck to the wrist."""
    points = []
    for x in np.arange(0.045, float(joint["leftHand"][0]), 0.006):
        line = cut(v, edges, 0, float(x))
        if len(line):
            points.append(line[line[:, 1].argmax()])
    top = np.array(points)
    z = np.convolve(np.pad(top[:, 2], 4, mode="edge"), np.full(9, 1 / 9), mode="valid")
    return np.stack([top[:, 0], top[:, 1], z], axis=1)


def _arm(
    form: BodyForm, v: F64, is_arm: NDArray[np.bool_], joint: dict[str, F64], side: str
) -> Arm:
    knots = np.stack([joint[f"{side}UpperArm"], joint[f"{side}LowerArm"], joint[f"{side}Hand"]])
    reach = np.linalg.norm(np.diff(knots, axis=0), axis=1)
    length = float(reach.sum())
    s = np.arange(0.0, length + 0.10, STEP)
    ends = np.array([0.0, reach[0], length])
    line = np.stack([np.interp(s, ends, knots[:, k]) for k in range(3)], axis=1)
    beyond = s > length
    line[beyond] += np.outer(s[beyond] - length, (knots[2] - knots[1]) / reach[1])
    for _ in range(12):
        line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    front = np.array([0.0, 0.0, 1.0]) - tangent * tangent[:, 2:3]
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    outward = 1.0 if side == "left" else -1.0
    up = np.cross(front, tangent) * outward
    mine = is_arm & (v[:, 0] * outward > 0)
    edges = edges_of(form.faces)
    edges = edges[mine[edges].all(axis=1)]
    rows = []
    for p, t, u, f in zip(line, tangent, up, front, strict=True):
        distance = (v - p) @ t
        a, b = distance[edges[:, 0]], distance[edges[:, 1]]
        cross = np.flatnonzero(a * b < 0)
        w = (a[cross] / (a[cross] - b[cross]))[:, None]
        rim = v[edges[cross, 0]] * (1 - w) + v[edges[cross, 1]] * w - p
        rows.append(support_of(np.stack([rim @ u, rim @ f], axis=1)))
    support = np.stack(rows)
    root = int(0.45 * reach[0] / STEP)
    support[:root] = support[root]
    wrist = int((length - 0.01) / STEP)
    support[wrist:] = support[wrist]
    return Arm(line, tangent, up, front, smooth(fill_gaps(support)))
