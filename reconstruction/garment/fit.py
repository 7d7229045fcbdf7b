"""A garment's mask to its tailor's parameters: the flat pattern is fitted to the silhouette.

Pattern, pose and camera are found together as the most probable ones: the outline must meet the
mask's contour, landmarks that a network proposes pull with their confidence, and every parameter
has a prior around its ordinary value, shared sizes moving together. Silhouettes carry no scale, so
the sizes' prior decides it unless a dimension is declared, and the intervals say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..errors import NoProductError, ParameterError
from ..families.garment_flat import LANDMARKS, Flat, FlatPose
from .hint import FitHint
from .mask import contour_of, coverage, fill, signed_distance
from .unknowns import Unknowns

if TYPE_CHECKING:
    from ..families.garment import GarmentFamily

F64 = NDArray[np.float64]

CONTOUR_POINTS = 260
_CONTOUR_SIGMA = 0.006
"""How well a mask's contour shows the outline, share of the garment's height."""
_INDEPENDENT = 60
"""Independent measurements that a contour is worth: its neighbouring points err together."""
_ROBUST = 0.03
"""Contour distances beyond this share of the height count less and less (hangers, folds)."""
_LANDMARK_SIGMA = 0.025
_CUT_MARGIN = 0.012
"""How near to a cutting side the mask's contour is the picture's edge, share of the picture."""
_DOUBTFUL = 0.93
"""Below this IoU a garment is tried with other sleeves too."""
_DOUBTFUL_COLLAR = 0.965
"""Below this IoU a collar is tried as a hood, and a hood as a collar."""
_HIDDEN = 0.22
"""Share of a sleeve beyond the body below which the silhouette says nothing of the sleeve."""
_RASTER = 160
_TRIED = 3
"""Starting poses that are followed for a few steps."""
_START_ANGLES = {
    "none": (0.5,),
    "short": (0.1, 0.4, 0.7, 1.0),
    "long": (0.0, 0.3, 0.6, 0.9, 1.15, 1.4),
}
"""Sleeve angles that every pair of is tried."""
_LEG_ANGLES = (0.0, 0.1, 0.25)
"""The same for the legs of trousers."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A garment found in a photo.

    Attributes:
        values, choices: of the family, complete.
        intervals: for each parameter an interval that should hold its true value with 90%.
        pose: how the garment lies in the picture.
        scale: pixels per metre at the garment's middle.
        origin: (x, y) pixels of the flat frame's origin.
        landmarks: (len(LANDMARKS), 2) pixels, NaN where the garment has no such landmark.
        iou: of the fitted silhouette against the mask.
    """

    family: GarmentFamily
    values: dict[str, float]
    choices: dict[str, str]
    intervals: dict[str, tuple[float, float]]
    pose: FlatPose
    scale: float
    origin: tuple[float, float]
    landmarks: F64
    iou: float

    def to_pixels(self, points: F64) -> F64:
        """Flat metres (..., 2) to pixels."""
        return to_pixels(points, self.scale, self.origin)

    def flat(self) -> Flat:
        """The garment in the photo's pose, metres."""
        return self.family.flat(self.values, self.choices, self.pose)


def to_pixels(points: F64, scale: float, origin: tuple[float, float]) -> F64:
    """Flat metres (..., 2), y up, to pixels, y down."""
    return np.stack(
        [origin[0] + scale * points[..., 0], origin[1] - scale * points[..., 1]], axis=-1
    )


def refine(
    family: GarmentFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    mask: NDArray[np.float32] | NDArray[np.bool_],
    hint: FitHint | None = None,
    *,
    fixed_choices: Sequence[str] = (),
) -> Fitted:
    """Fit a garment family to a mask.

    Args:
        values: a first guess, any subset of the parameters; the rest start ordinary.
        choices: the options to fit with; the rest are the defaults. Where they leave the
            silhouette badly met, other sleeves are tried and kept if they meet it better.
        mask: (h, w) bool, or coverage from 0 to 1.
        hint: landmarks, certainties and declared dimensions.
        fixed_choices: names of choices that are known and not tried otherwise.

    Raises:
        NoProductError: the mask is empty or a speck.
        ParameterError: unknown names, or a declared value out of its range.
    """
    hint = hint or FitHint()
    picked = {c.name: choices.get(c.name, c.default) for c in family.choices}
    for name in [*values, *hint.declared]:
        if name not in {p.name for p in family.parameters}:
            raise ParameterError(
                f"{family.name} has no parameter {name!r}",
                field=f"values.{name}",
                expected=", ".join(p.name for p in family.parameters),
                got=name,
            )
    for p in family.parameters:
        declared = hint.declared.get(p.name, p.default)
        if not p.minimum <= declared <= p.maximum:
            raise ParameterError(
                f"the declared {p.name} is out of the family's range",
                field=f"declared.{p.name}",
                expected=f"{p.minimum:g} to {p.maximum:g} {p.unit}",
                got=f"{declared:g}",
            )
    solid = np.asarray(mask, np.float32) > 0.5
    contour = contour_of(solid, CONTOUR_POINTS)
    if contour is None:
        raise NoProductError(
            "the mask shows no garment", field="mask", expected="a solid shape", got="a speck"
        )
    fitted = _fit(family, picked, values, contour, solid, hint)
    options = {c.name: c.options for c in family.choices if c.name not in fixed_choices}
    if hint.quick:
        return fitted
    if "sleeves" in options and (fitted.iou < _DOUBTFUL or _sleeves_hidden(fitted)):
        for option in options["sleeves"]:
            if option != picked["sleeves"]:
                other = {**picked, "sleeves": option}
                again = _fit(family, other, values, contour, solid, hint)
                margin = -0.01 if option == "none" and _sleeves_hidden(fitted) else 0.01
                fitted = again if _likeness(again) > _likeness(fitted) + margin else fitted
    if "collar" in options and fitted.iou < _DOUBTFUL_COLLAR:
        # A hood and a collar differ in silhouette; what kind of collar it is, they do not say.
        hooded = fitted.choices["collar"] == "hood"
        option = family.extra.get("without_hood", "stand") if hooded else "hood"
        if option in options["collar"]:
            other = {**fitted.choices, "collar": option}
            again = _fit(family, other, values, contour, solid, hint)
            fitted = again if _likeness(again) > _likeness(fitted) + 0.004 else fitted
    return fitted


def _sleeves_hidden(fitted: Fitted) -> bool:
    """Whether both sleeves lie on the body, so that the silhouette says nothing of them."""
    if fitted.choices.get("sleeves") != "long":
        return False
    flat = fitted.flat()
    low, high = flat.outline.min(axis=0), flat.outline.max(axis=0)
    scale = _RASTER / float(max(high - low))

    def drawn(names: Iterable[str]) -> NDArray[np.bool_]:
        polygons = [(flat.parts[n] - low) * scale for n in names]
        return fill(polygons, (_RASTER + 2, _RASTER + 2))

    body = drawn(n for n in flat.parts if n.endswith("front"))
    beyond = []
    for side in ("left", "right"):
        sleeve = drawn([f"{side}_sleeve"])
        beyond.append(float((sleeve & ~body).sum()) / max(int(sleeve.sum()), 1))
    return sum(beyond) / 2 < _HIDDEN


def _likeness(fitted: Fitted) -> float:
    """IoU, less for sleeves, collars or hoods of an extraordinary length.

    Short sleeves can be stretched to long ones, and a stand collar as far as a hood.
    """
    ordinary = fitted.family.defaults(fitted.choices)
    odd = 0.0
    if fitted.choices["sleeves"] != "none":
        odd += abs(fitted.values["sleeve_length"] - ordinary["sleeve_length"])
    worn = {"stand": "collar_height", "hood": "hood_height"}.get(fitted.choices.get("collar", ""))
    if worn is not None:
        odd += 0.5 * abs(fitted.values[worn] - ordinary[worn])
    return fitted.iou - 0.2 * odd


def _fit(
    family: GarmentFamily,
    choices: dict[str, str],
    values: Mapping[str, float],
    contour: F64,
    solid: NDArray[np.bool_],
    hint: FitHint,
) -> Fitted:
    prior = {**family.defaults(choices), **values}
    unknowns = Unknowns.of(family, choices, prior, hint)
    return _Problem(family, choices, unknowns, contour, solid, hint).solve()


class _Problem:
    """One garment against one mask: residuals, steps and the answer."""

    def __init__(
        self,
        family: GarmentFamily,
        choices: dict[str, str],
        unknowns: Unknowns,
        contour: F64,
        solid: NDArray[np.bool_],
        hint: FitHint,
    ) -> None:
        self.family, self.choices, self.unknowns = family, choices, unknowns
        self.contour, self.solid = contour, solid
        self.cut = hint.cut
        self.quick = hint.quick
        self.off_cut = ~beyond(contour, solid.shape, hint.cut, _CUT_MARGIN)
        self.height = float(np.ptp(contour[:, 1]))
        self.width = float(np.ptp(contour[:, 0]))
        self.size = max(self.height, self.width)
        self.distance = signed_distance(solid)
        along = np.roll(contour, -1, axis=0) - np.roll(contour, 1, axis=0)
        normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
        self.normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        self.marks = np.full((len(LANDMARKS), 2), np.nan)
        self.trust = np.zeros(len(LANDMARKS))
        if hint.landmarks is not None:
            self.marks = np.asarray(hint.landmarks, np.float64)
            given = np.isfinite(self.marks[:, 0])
            self.trust = np.where(given, 1.0 if hint.trust is None else hint.trust, 0.0)

    def solve(self) -> Fitted:
        """Several starting poses, the best few steps on, the best of these to the end."""
        angles = _START_ANGLES[self.family.sleeves(self.choices)]
        if self.family.engine == "trousers":
            angles = _LEG_ANGLES
        starts = [
            self.place(self.unknowns.start(left, right))
            for left in angles
            for right in angles
            if abs(left - right) < 0.7
        ]
        starts.sort(key=self.score, reverse=True)
        if self.quick:
            return self.answer(self.descend(starts[0], 6))
        rough = [self.descend(x, 4) for x in starts[:_TRIED]]
        return self.answer(self.descend(max(rough, key=self.score), 9))

    def score(self, x: F64) -> float:
        """IoU, less a little for leaving the prior."""
        prior = self.unknowns.prior_residuals(x)
        return self.iou(x) - 2e-4 * float(prior @ prior)

    def flat(self, x: F64) -> Flat:
        values, pose = self.unknowns.split(x)
        return self.family.flat(values, self.choices, pose)

    def bare(self, x: F64) -> Flat:
        values, pose = self.unknowns.split(x)
        return self.family.flat(values, self.choices, pose, bare=True)

    def pixels(self, x: F64, points: F64) -> F64:
        return to_pixels(points, float(np.exp(x[0])), (float(x[1]), float(x[2])))

    def place(self, x: F64) -> F64:
        """Scale and shift so that the bounding boxes agree."""
        outline = self.bare(x).outline
        low, high = outline.min(axis=0), outline.max(axis=0)
        wide, tall = self.width / (high[0] - low[0]), self.height / (high[1] - low[1])
        first, last = self.contour.min(axis=0), self.contour.max(axis=0)
        across, along = {"left", "right"} & self.cut, {"top", "bottom"} & self.cut
        # A side that is cut off says nothing of the size.
        scale = float(max(wide, tall) if across and along else np.sqrt(wide * tall))
        if bool(across) != bool(along):
            scale = float(wide if along else tall)
        moved = x.copy()
        moved[0] = np.log(scale)
        moved[1] = (first[0] + last[0]) / 2 - scale * (low[0] + high[0]) / 2
        moved[2] = (first[1] + last[1]) / 2 + scale * (low[1] + high[1]) / 2
        if across == {"left"}:
            moved[1] = last[0] - scale * high[0]
        if across == {"right"}:
            moved[1] = first[0] - scale * low[0]
        if along == {"bottom"}:
            moved[2] = first[1] + scale * high[1]
        if along == {"top"}:
            moved[2] = last[1] + scale * low[1]
        return moved

    def iou(self, x: F64) -> float:
        """Of the model's silhouette against the mask, on a small raster."""
        return self.overlap(self.flat(x), x)

    def overlap(self, flat: Flat, x: F64) -> float:
        parts = [self.pixels(x, p) for p in flat.parts.values()]
        return coverage(parts, self.solid)

    def descend(self, x: F64, rounds: int) -> F64:
        """Gauss-Newton with damping; correspondences are renewed each round."""
        damping = 1e-2
        for _ in range(rounds):
            flat = self.flat(x)
            outline = self.pixels(x, flat.outline)
            match = self.match(outline, flat, x)
            base = self.residuals(x, match)
            jacobian = self.jacobian(x, match, base)
            cost = float(base @ base)
            for _ in range(4):
                hessian = jacobian.T @ jacobian
                hessian[np.diag_indices_from(hessian)] *= 1.0 + damping
                step = np.linalg.solve(hessian + 1e-9 * np.eye(len(x)), -jacobian.T @ base)
                trial = self.unknowns.clip(x + step)
                after = self.residuals(trial, match)
                if float(after @ after) < cost:
                    x, damping = trial, max(damping * 0.3, 1e-4)
                    break
                damping *= 6.0
            else:
                break
        return x

    def match(self, outline: F64, flat: Flat, x: F64) -> _Match:
        """For each contour point the nearest place on the visible outline, and back."""
        hidden = hidden_points(flat)
        fine = 4
        t = np.arange(fine) / fine
        after = np.roll(outline, -1, axis=0)
        dense = (outline[:, None] * (1 - t[:, None]) + after[:, None] * t[:, None]).reshape(-1, 2)
        shown = np.flatnonzero(~np.repeat(hidden, fine))
        span = after - outline
        facing = np.repeat(np.stack([span[:, 1], -span[:, 0]], axis=1), fine, axis=0)
        facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
        # Facing edges only: matching by place and direction keeps the two edges of a sleeve apart.
        reach = 0.10 * self.size
        tree = cKDTree(np.concatenate([dense[shown], reach * facing[shown]], axis=1))
        _, near = tree.query(np.concatenate([self.contour, reach * self.normal], axis=1))
        near = shown[near]
        gap = np.einsum("nc,nc->n", dense[near] - self.contour, self.normal)
        weight = 1.0 / (1.0 + (gap / (_ROBUST * self.size)) ** 2)
        weight *= self.off_cut
        return _Match(near // fine, t[near % fine], np.sqrt(weight), np.flatnonzero(~hidden)[::2])

    def residuals(self, x: F64, match: _Match, flat: Flat | None = None) -> F64:
        flat = flat or self.bare(x)
        outline = self.pixels(x, flat.outline)
        at = (
            outline[match.index] * (1 - match.share[:, None])
            + outline[(match.index + 1) % len(outline)] * match.share[:, None]
        )
        sigma = _CONTOUR_SIGMA * self.size
        worth = np.sqrt(_INDEPENDENT / len(self.contour)) / sigma
        to_outline = np.einsum("nc,nc->n", at - self.contour, self.normal) * match.weight * worth
        ij = outline[match.back]
        h, w = self.distance.shape
        column = np.clip(ij[:, 0], 0, w - 1.001)
        row = np.clip(ij[:, 1], 0, h - 1.001)
        i, j = row.astype(np.int64), column.astype(np.int64)
        u, v = row - i, column - j
        d = self.distance
        off = (d[i, j] * (1 - v) + d[i, j + 1] * v) * (1 - u) + (
            d[i + 1, j] * (1 - v) + d[i + 1, j + 1] * v
        ) * u
        if self.cut:
            off = np.where(beyond(ij, (h, w), self.cut, 0.0), 0.0, off)
        scale = _ROBUST * self.size
        off = off / np.sqrt(1.0 + (off / scale) ** 2)
        to_mask = off * np.sqrt(_INDEPENDENT / len(match.back)) / sigma
        marks = self.pixels(x, flat.points) - self.marks
        pull = (marks * self.trust[:, None] / (_LANDMARK_SIGMA * self.size))[self.trust > 0]
        pull = pull[np.isfinite(pull[:, 0])].ravel() if len(pull) else pull.ravel()
        return np.concatenate([to_outline, to_mask, pull, self.unknowns.prior_residuals(x)])

    def jacobian(self, x: F64, match: _Match, base: F64) -> F64:
        columns = np.empty((len(base), len(x)))
        same = self.bare(x)
        for k, step in enumerate(self.unknowns.steps):
            moved = x.copy()
            moved[k] += step
            flat = same if k < self.unknowns.camera else None
            columns[:, k] = (self.residuals(moved, match, flat) - base) / step
        return columns

    def answer(self, x: F64) -> Fitted:
        flat = self.flat(x)
        match = self.match(self.pixels(x, flat.outline), flat, x)
        base = self.residuals(x, match)
        jacobian = self.jacobian(x, match, base)
        spread = max(1.0, float(np.sqrt(np.mean(base[: len(self.contour)] ** 2)) * 2.0))
        covariance = np.asarray(
            np.linalg.inv(jacobian.T @ jacobian + 1e-9 * np.eye(len(x))) * spread, np.float64
        )
        values, pose = self.unknowns.split(x)
        return Fitted(
            family=self.family,
            values=values,
            choices=self.choices,
            intervals=self.unknowns.intervals(x, covariance),
            pose=pose,
            scale=float(np.exp(x[0])),
            origin=(float(x[1]), float(x[2])),
            landmarks=self.pixels(x, flat.points),
            iou=self.overlap(flat, x),
        )


@dataclass(frozen=True, eq=False)
class _Match:
    """Contour point i lies at ``index[i]`` + ``share[i]`` of the outline; ``back`` the reverse."""

    index: NDArray[np.int64]
    share: F64
    weight: F64
    back: NDArray[np.int64]


def beyond(
    points: F64, shape: tuple[int, ...], cut: frozenset[str], margin: float
) -> NDArray[np.bool_]:
    """Whether pixels (n, 2) lie beyond a side of the picture that cuts the garment off.

    Args:
        shape: (height, width, ...) of the picture.
        margin: counts as beyond already, share of the picture's longer side.
    """
    reach = margin * max(shape[:2])
    out = np.zeros(len(points), bool)
    sides = {
        "left": points[:, 0] < reach,
        "right": points[:, 0] > shape[1] - 1 - reach,
        "top": points[:, 1] < reach,
        "bottom": points[:, 1] > shape[0] - 1 - reach,
    }
    for side in cut:
        out |= sides[side]
    return out


def hidden_points(flat: Flat) -> NDArray[np.bool_]:
    """Outline points that lie inside a part, where a sleeve covers the body or the reverse."""
    outline = flat.outline
    hidden = np.zeros(len(outline), bool)
    for polygon in flat.parts.values():
        hidden |= inside(outline, polygon, margin=1e-3)
    return hidden


def inside(points: F64, polygon: F64, margin: float) -> NDArray[np.bool_]:
    """Whether points (n, 2) lie in a polygon (k, 2), further than ``margin`` from its edges."""
    a, b = polygon, np.roll(polygon, -1, axis=0)
    px, py = points[:, :1], points[:, 1:]
    crosses = (a[:, 1] > py) != (b[:, 1] > py)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[:, 0] + (py - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    within: NDArray[np.bool_] = (np.where(crosses, px < at, False).sum(axis=1) % 2).astype(bool)
    if not within.any():
        return within
    some = points[within]
    span = b - a
    t = np.einsum("nkc,kc->nk", some[:, None] - a, span) / np.maximum((span**2).sum(axis=1), 1e-12)
    nearest = a + np.clip(t, 0, 1)[..., None] * span
    close = np.linalg.norm(some[:, None] - nearest, axis=2).min(axis=1) < margin
    within[np.flatnonzero(within)[close]] = False
    return within
