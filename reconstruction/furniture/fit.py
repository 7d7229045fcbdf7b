"""Fit a solid family to the masks of one or several photos: render, compare, change what differs.

The network proposes structures, values and cameras; here the silhouette, the two material colours
of the photo, the declared dimensions and what such furniture usually measures decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from ..mesh import F32
from ..product import Estimate
from ..render.camera import Camera
from ..render.zbuffer import render
from .cut import BEYOND, cut_off
from .evidence import FitEvidence, estimate, evidence, half_interval
from .mend import mended
from .scale import declared_values, metric_scale
from .search import Favour, coarse, explore, posed, search, switch, turned
from .solver import Start, Trial, descend, make_problem, pose_only
from .target import FINE_SIDE, SIDE, Pose, Target, make_target, photo_camera

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

_HOPELESS = 0.3
"""A coarse loss above which the guesses are given up for a search."""
_ROUNDS = 4
"""How often structures are looked for that differ from the best one in several choices."""
_MET = 0.97
"""A silhouette met so well needs no mending of its mask."""
_ODD = 2.5
"""A view whose loss is so many times that of the better views is left out."""
_FAIR = 0.09
"""A loss up to which no view is called odd."""


@dataclass(frozen=True, eq=False)
class PhotoView:
    """One photo of the piece that is fitted.

    Attributes:
        mask: (h, w) float32, 0 to 1.
        photo: (h, w, 3) uint8 sRGB; where it clearly shows two materials they are fitted too.
        pose: the guess of its camera; None where there is none, which tries all sides.
        exact: whether the mask is the photo's own transparency, which nothing mends.
        cut: sides of the photo that cut the piece off: of left, right, top, bottom. What lies
            beyond is unknown; the mask says nothing there.
        beyond: how far the piece reaches beyond them, shares of the mask's extent.
    """

    mask: F32
    photo: U8 | None = None
    pose: Pose | Camera | None = None
    exact: bool = False
    cut: frozenset[str] = frozenset()
    beyond: float = 0.0

    def target(self, side: int = SIDE) -> Target:
        """What is fitted to.

        Raises:
            NoProductError: the mask is all but empty.
        """
        return cut_off(make_target(self.mask, self.photo, side), self.cut, self.beyond)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted member of a family.

    Attributes:
        camera: of the first photo, in its own pixels.
        iou: silhouette against the mask as it was used in the end (:attr:`masks`), at the photo's
            resolution; the mean over the views that agree.
        loss: what was minimised; comparable between structures fitted to the same photo.
        estimates: value, 90% interval and source of each parameter.
        confidence: 0 to 1.
        warnings: sentences for a person.
        cameras, ious: one per view.
        odd_views: indices of views that disagree with the others and were left out.
        evidence: what speaks for and against the fit.
        masks: (h, w) float32 of each view, mended where the photo's colours agreed with the fit.
        mended: share of the first mask that was mended: 1 - IoU of before and after.
        trial: the fitted problem, to go on from.
    """

    values: dict[str, float]
    choices: dict[str, str]
    camera: Camera
    iou: float
    loss: float
    estimates: dict[str, Estimate]
    confidence: float
    warnings: tuple[str, ...] = ()
    cameras: tuple[Camera, ...] = ()
    ious: tuple[float, ...] = ()
    odd_views: tuple[int, ...] = ()
    evidence: FitEvidence | None = None
    trial: Trial | None = None
    masks: tuple[F32, ...] = ()
    mended: float = 0.0


def refine(
    family: FurnitureFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    camera: Camera | Pose | None,
    mask: F32,
    *,
    photo: U8 | None = None,
    declared: Mapping[str, float] | None = None,
    proposals: Sequence[Start] = (),
    spread: Mapping[str, float] | None = None,
    effort: float = 1.0,
    seed: int = 0,
) -> Fitted:
    """Fit a family to a mask.

    Args:
        values, choices: the best guess; empty where there is none, which searches structures.
        camera: the guess's camera, or None.
        mask: (h, w) float32, 0 to 1.
        photo: (h, w, 3) uint8 sRGB; where it clearly shows two materials they are fitted too.
        declared: known values by parameter name, such as ``{"height": 0.86}``; kept exactly.
        proposals: further guesses, such as the network's next structures.
        spread: how sure ``values`` are: one standard deviation each, in their unit.
        effort: scales the number of structures that are tried.
        seed: the result is the same for the same seed.

    Raises:
        ParameterError: an unknown declared name, or a value out of its range.
        NoProductError: the mask is all but empty.
    """
    starts = list(proposals)
    if choices:
        starts.insert(0, Start(values, choices, _pose(camera), spread or {}))
    view = PhotoView(mask, photo, None if starts else camera)
    return refine_views(
        family, (view,), proposals=starts, declared=declared, effort=effort, seed=seed
    )


def refine_views(
    family: FurnitureFamily,
    views: Sequence[PhotoView],
    *,
    proposals: Sequence[Start] = (),
    odds: Mapping[str, Mapping[str, float]] | None = None,
    declared: Mapping[str, float] | None = None,
    effort: float = 1.0,
    seed: int = 0,
) -> Fitted:
    """Fit one piece to several photos of it: values and choices are shared, each has its camera.

    A view that disagrees with the others (another piece, a wrong mask) is left out and named in
    :attr:`Fitted.odd_views` and in a warning.

    Args:
        views: one or more photos.
        proposals: guesses of the shape, best first, such as what a network proposes from each
            photo. A proposal with one pose serves all views, each with its own guess of the
            camera where it has one; a tuple holds one pose per view.
        odds: how probable each option of each choice is; None: as often as it is proposed.
        declared, effort, seed: as in :func:`refine`.

    Raises:
        ParameterError: an unknown declared name, or a value out of its range.
        NoProductError: a mask is all but empty.
        ValueError: no view, or a proposal whose poses do not match the views.
    """
    if not views:
        raise ValueError("refine_views needs at least one view")
    given = declared_values(family, declared or {})
    before = views[0].mask
    rng = np.random.default_rng(seed)
    starts = [_posed(start, views) for start in proposals]
    wide = tuple(v.pose is None and len(views) > 1 for v in views)
    favour = Favour(starts, odds or {})
    views = [_reaching(family, view, starts, i, given) for i, view in enumerate(views)]
    targets = tuple(v.target() for v in views)
    found = coarse(family, targets, starts, given, favour, wide=wide) if starts else []
    if not found or _better_half(found[0]) > _HOPELESS:
        searched = search(family, targets, given, rng, max(int(240 * effort), 8))
        found = sorted(
            [*found, *coarse(family, targets, searched, given, favour)], key=lambda t: t.loss
        )
    best = _settled(found[0])
    if effort > 0:
        best, views = _mended(best, views)
        best = turned(best)
    best, runner = explore(best, given, favour, rng, round(_ROUNDS * effort))
    best, rival = switch(best, given, favour, round(4 * effort), 0.003)
    runner = min(runner, rival)
    if effort > 0:
        best, views = _mended(best, views)
    # Turnings and scrolls show only in a finer picture.
    fine = tuple(
        _trusted(v.target(FINE_SIDE), sight.left)
        for v, sight in zip(views, best.problem.look(best.x).sights, strict=True)
    )
    best = _reweighted(best, best.problem.weights, fine)
    best, motion = descend(best.problem.settled_at(best.x), best.x, (4.0, 3.0, 2.0, 1.5))
    best, _ = descend(best.problem.settled_at(best.x), best.x, (3.0, 2.0, 1.5), motion)
    best = _settled(best)
    best, rival = switch(best, given, favour, round(2 * effort), 0.001)
    best, _ = descend(best.problem, best.x, (3.0, 2.0, 1.5, 1.2, 1.0))
    runner = min(
        [runner, rival, *(t.loss for t in found[1:] if t.problem.choices != best.problem.choices)]
    )
    masks = tuple(v.mask for v in views)
    return replace(
        _finish(best, runner, given, masks), masks=masks, mended=_unlike(before, masks[0])
    )


def _reaching(
    family: FurnitureFamily,
    view: PhotoView,
    starts: Sequence[Start],
    index: int,
    given: Mapping[str, float],
) -> PhotoView:
    """A view that knows how far the piece reaches beyond the sides that cut it off."""
    if not view.cut or not starts:
        return view
    tries = []
    for beyond in BEYOND:
        there = replace(view, beyond=beyond)
        for start in starts[:2]:
            alone = replace(start, pose=(start.poses[index],))
            problem, x = make_problem(family, there.target(), alone, given)
            x = posed(problem, x)
            trial = pose_only(problem.held_at(x), x, (5.0, 4.0, 3.0))
            tries.append((trial.problem.look(trial.x).seen, beyond, there))
    return min(tries, key=lambda t: t[:2])[2]


def _unlike(before: F32, after: F32) -> float:
    """One less the intersection over union of two masks (h, w)."""
    if before is after:
        return 0.0
    one, two = before > 0.5, after > 0.5
    return 1 - float((one & two).sum() / max(int((one | two).sum()), 1))


def _posed(start: Start, views: Sequence[PhotoView]) -> Start:
    """A start with one pose per view."""
    poses = start.poses
    if len(poses) == 1:
        poses = tuple(poses[0] if v.pose is None else _pose(v.pose) for v in views)
    if len(poses) != len(views):
        raise ValueError(f"a proposal has {len(poses)} poses, expected 1 or {len(views)}")
    return replace(start, pose=poses)


def _pose(camera: Camera | Pose | None) -> Pose:
    if isinstance(camera, Pose):
        return camera
    if camera is None:
        return Pose(0.5, 0.25, 0.22)
    return Pose(camera.azimuth, camera.elevation, 0.22, camera.roll)


def _mended(best: Trial, views: Sequence[PhotoView]) -> tuple[Trial, Sequence[PhotoView]]:
    """The views with their masks mended by the fit, and the fit gone on with to them."""
    problem, x, _ = best
    points, poses = problem.points(x), problem.unpack(x)[1]
    out, targets = [], []
    for view, target, pose, weight, sight in zip(
        views, problem.targets, poses, problem.weights, problem.look(x).sights, strict=True
    ):
        if view.photo is None or view.exact or weight < 1 or sight.iou > _MET:
            out.append(view)
            targets.append(target)
            continue
        camera = photo_camera(points, pose, target)
        mask = mended(view.photo, view.mask, points, problem.faces, camera)
        new = view if mask is view.mask else replace(view, mask=mask)
        out.append(new)
        targets.append(target if new is view else new.target())
    if all(a is b for a, b in zip(out, views, strict=True)):
        return best, views
    changed = _reweighted(best, problem.weights, tuple(targets))
    x = posed(changed.problem, x)
    best = pose_only(changed.problem.held_at(x), x, (5.0, 4.0, 3.0))
    best, _ = descend(best.problem, best.x, (4.0, 3.0, 2.0))
    return best, out


def _trusted(target: Target, left: float) -> Target:
    """A target whose colours count less where the best structure's surfaces do not explain them.

    Then they are a print or a grain, not materials or light.

    Args:
        left: the share of the colours' variance that it leaves over.
    """
    trust = float(np.clip((0.9 - left) / 0.4, 0, 1))
    return replace(target, colour_weight=target.colour_weight * trust, layers={})


def _better_half(best: Trial) -> float:
    """The median loss of the better half of the views."""
    losses = sorted(s.loss for s in best.problem.look(best.x).sights)
    return float(np.median(losses[: (len(losses) + 1) // 2]))


def _agreement(best: Trial) -> tuple[float, ...]:
    """1 for each view that agrees with the better half of the views, else nearly nothing."""
    limit = max(_FAIR, _ODD * _better_half(best))
    return tuple(1.0 if s.loss <= limit else 0.02 for s in best.problem.look(best.x).sights)


def _settled(best: Trial) -> Trial:
    """Weigh the views by their agreement.

    The shape is first fitted to those that agree; the others are then looked for from all sides,
    since a wrong shape may have turned them the wrong way.
    """
    for _ in range(2):
        weights = _agreement(best)
        if min(weights) == 1.0:
            break
        best = _reweighted(best, weights)
        best, _ = descend(best.problem, best.x, (3.0, 2.0))
        x = posed(best.problem, best.x, [w < 1 for w in weights])
        best = pose_only(best.problem.held_at(x), x, (6.0, 4.0, 3.0, 2.0))
        best = _reweighted(best, _agreement(best))
        best, _ = descend(best.problem, best.x, (4.0, 3.0, 2.0))
    return _reweighted(best, _agreement(best))


def _reweighted(
    best: Trial, weights: tuple[float, ...], targets: tuple[Target, ...] | None = None
) -> Trial:
    """The same point with other weights or finer targets, its loss seen anew."""
    problem = replace(best.problem, weights=weights, targets=targets or best.problem.targets)
    return Trial(problem, best.x, problem.loss(best.x))


def _finish(
    best: Trial, runner: float, declared: Mapping[str, float], masks: Sequence[F32]
) -> Fitted:
    problem, x, loss = best
    family = problem.family
    values, poses = problem.unpack(x)
    scale = metric_scale(family, values, problem.choices, declared)
    final = {}
    for spec in family.parameters:
        factor = scale.factor if spec.unit == "m" else 1.0
        final[spec.name] = float(np.clip(values[spec.name] * factor, spec.minimum, spec.maximum))
    final.update(declared)
    points = family.points(final, problem.choices)
    faces = family.surface(problem.choices).faces
    cameras = tuple(photo_camera(points, p, t) for p, t in zip(poses, problem.targets, strict=True))
    ious = tuple(silhouette_iou(points, faces, c, m) for c, m in zip(cameras, masks, strict=True))
    odd = tuple(i for i, w in enumerate(problem.weights) if w < 0.5)
    iou = float(np.mean([u for i, u in enumerate(ious) if i not in odd]))
    clues = evidence(best, runner, iou)
    estimates = {}
    for spec in family.parameters:
        value, reach = final[spec.name], spec.maximum - spec.minimum
        if spec.name in declared:
            estimates[spec.name] = Estimate(value, value, value, 1.0, "declared")
            continue
        # Of the length that was held only the scale is in doubt; what is not seen is all guess.
        known = 0.0 if spec.name == family.gauge else 0.25
        half = half_interval(clues.spread.get(spec.name, known), reach)
        length = spec.unit == "m"
        half *= scale.factor if length else 1.0
        estimates[spec.name] = estimate(
            value, half, spec.minimum, spec.maximum, length=length, scale=scale
        )
    return Fitted(
        values=final,
        choices=problem.choices,
        camera=cameras[0],
        iou=iou,
        loss=loss,
        estimates=estimates,
        confidence=float(np.clip((iou - 0.7) / 0.25, 0.05, 0.98)),
        warnings=_warnings(family, iou, odd, scale.spread if not declared else 0.0),
        cameras=cameras,
        ious=ious,
        odd_views=odd,
        evidence=clues,
        trial=best,
    )


def _warnings(
    family: FurnitureFamily, iou: float, odd: tuple[int, ...], doubt: float
) -> tuple[str, ...]:
    out = []
    if iou < 0.88:
        out.append(
            f"The photo's outline is met only to {iou:.0%}: this product's shape may lie outside "
            f"the {family.name} family."
        )
    if odd:
        which = ", ".join(str(i + 1) for i in odd)
        out.append(f"Photo {which} disagrees with the others and was left out of the fit.")
    if doubt:
        out.append(
            f"No dimension was declared: the scale is usual for a {family.name}, "
            f"give or take {doubt:.0%}."
        )
    return tuple(out)


def refit(fitted: Fitted, declared: Mapping[str, float]) -> Fitted:
    """A fit again after a dimension became known: short, from where the former one ended.

    The structure and what was declared before stay; the other values move so that the photos are
    still met as well as the new values allow.

    Args:
        declared: values by parameter name; those declared before are kept unless named again.

    Raises:
        ParameterError: an unknown name or a value out of its range.
        ValueError: the fit carries no problem to go on from.
    """
    if fitted.trial is None:
        raise ValueError("this fit cannot be gone on from: it carries no trial")
    problem, x, _ = fitted.trial
    family = problem.family
    before = {n: e.value for n, e in fitted.estimates.items() if e.source == "declared"}
    given = declared_values(family, {**before, **declared})
    _, poses = problem.unpack(x)
    start = Start(fitted.values, fitted.choices, poses)
    changed, y = make_problem(family, problem.targets, start, given, problem.weights)
    best, _ = descend(changed, y, (3.0, 2.0, 1.5, 1.2))
    values, poses = changed.unpack(best.x)
    points = family.points(values, changed.choices)
    cameras = tuple(photo_camera(points, p, t) for p, t in zip(poses, changed.targets, strict=True))
    ious = tuple(s.iou for s in changed.look(best.x).sights)
    scale = metric_scale(family, values, changed.choices, given)
    estimates = {}
    for spec in family.parameters:
        value, old = values[spec.name], fitted.estimates[spec.name]
        if spec.name in given:
            estimates[spec.name] = Estimate(value, value, value, 1.0, "declared")
            continue
        half = (old.high - old.low) / 2
        estimates[spec.name] = estimate(
            value, half, spec.minimum, spec.maximum, length=spec.unit == "m", scale=scale
        )
    kept = [u for i, u in enumerate(ious) if i not in fitted.odd_views]
    return replace(
        fitted,
        values=values,
        camera=cameras[0],
        iou=float(np.mean(kept)),
        loss=best.loss,
        estimates=estimates,
        cameras=cameras,
        ious=ious,
        trial=best,
        warnings=_warnings(family, float(np.mean(kept)), fitted.odd_views, 0.0),
    )


def silhouette_iou(points: F32, faces: NDArray[np.int32], camera: Camera, mask: F32) -> float:
    """Intersection over union of a mesh's silhouette with a mask (h, w), at most 512 px high."""
    import cv2

    height, width = mask.shape
    shrink = min(1.0, 512 / max(height, width))
    size = (max(round(height * shrink), 8), max(round(width * shrink), 8))
    small = cv2.resize(np.asarray(mask, np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.5
    drawn = render(points, faces, camera, size).face_id >= 0
    return float((drawn & small).sum() / max((drawn | small).sum(), 1))
