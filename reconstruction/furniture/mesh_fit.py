"""Fit solid families to a mesh: an artist's or another reconstructor's becomes re-fittable.

Silhouettes from a few sides find the structure and how the mesh stands; exact distances between
both surfaces then settle the values, hollows included. The score is measured, never assumed: what
no family can follow keeps a low one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..evaluation.distance import Shape, compare, sample_surface
from ..families.furniture_family import FurnitureFamily
from ..mesh import F32, I32
from ..meshes.rays import Caster
from ..render.camera import frame_camera
from ..render.zbuffer import render
from .scale import declared_values
from .search import Favour, switch
from .solver import Problem, Start, Trial, descend, make_problem, point_motion
from .target import SIDE, Pose, Target, make_target

F64 = NDArray[np.float64]

SIDES = ("width", "height", "depth")
YAWS = (0.0, math.pi / 2, math.pi, -math.pi / 2)
_VIEWS = ((0.0, 0.03), (math.pi / 2, 0.03), (0.65, 0.4), (2.5, 0.3), (-0.5, 1.1))
"""Azimuth and elevation of the virtual cameras."""
_CLOSENESS = 0.08
_HOLD = np.array([0.004, 0.004, 0.004, 0.002, 0.006, 0.006, 0.01])
"""The virtual cameras are known; only how outlines of unequal shapes lie on each other is not."""
_POINTS = 1_600


@dataclass(frozen=True, eq=False)
class MeshFit:
    """A family's member that stands for a mesh.

    Attributes:
        family, values, choices: the member; metres.
        yaw: by how many radians about Y the mesh was turned so that its front faces +Z.
        scale: by what the mesh's coordinates were multiplied to be metres.
        offset: (3,) what was then added, so that the floor centre is the origin; a vertex v of
            the mesh lies at ``turn(v * scale) + offset``.
        scores: ``f1``, ``f2``, ``f5`` and ``chamfer`` of :func:`..evaluation.distance.compare`,
            against the turned and scaled mesh.
        alternatives: F-score at 2% of the best member of each family that was fitted.
        warnings: sentences for a person.
    """

    family: FurnitureFamily
    values: dict[str, float]
    choices: dict[str, str]
    yaw: float
    scale: float
    offset: tuple[float, float, float]
    scores: dict[str, float]
    alternatives: Mapping[str, float]
    warnings: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the member can stand for the mesh: F-score of 0.7 or more at 2%."""
        return self.scores["f2"] >= 0.7


@dataclass(frozen=True, eq=False)
class _Stand:
    """The mesh in one orientation, in metres, on the floor."""

    yaw: float
    scale: float
    offset: tuple[float, float, float]
    shape: Shape
    targets: tuple[Target, ...]


def fit_to_mesh(
    families: FurnitureFamily | Sequence[FurnitureFamily],
    vertices: F32,
    faces: I32,
    declared: Mapping[str, float] | None = None,
    *,
    yaws: Sequence[float] = YAWS,
    effort: float = 1.0,
    seed: int = 0,
) -> MeshFit:
    """The member of one of the families that comes nearest to a mesh.

    Args:
        families: one, or all that may stand for it, such as those of a category.
        vertices: (n, 3), Y up; metres unless ``declared`` says otherwise.
        faces: (m, 3); need be neither closed nor consistently turned.
        declared: true sizes among ``width``, ``height`` and ``depth``, metres. The mesh is scaled
            as a whole, by the mean of their ratios to its own.
        yaws: turns about Y that are tried; (0.0,) where the mesh is known to face +Z.
        effort: scales the number of members and structures that are tried.
        seed: the result is the same for the same seed.

    Raises:
        ParameterError: a declared size that is none of the three or out of every family's range,
            or a mesh of no extent.
    """
    every = [families] if isinstance(families, FurnitureFamily) else list(families)
    known = dict(declared or {})
    if not set(known) <= set(SIDES):
        raise ParameterError(
            "a mesh is scaled by its box",
            field="declared",
            expected=", ".join(SIDES),
            got=", ".join(known),
        )
    used = np.ascontiguousarray(vertices, np.float32)[np.unique(faces)]
    if not len(used) or not np.isfinite(used).all() or float(np.ptp(used, axis=0).min()) <= 0:
        raise ParameterError(
            "the mesh has no extent", field="vertices", expected="a solid body", got=str(len(used))
        )
    found = []
    for family in every:
        fit = _fit_one(family, vertices, faces, known, yaws, effort, seed)
        if fit is not None:
            found.append(fit)
    if not found:
        for family in every:
            declared_values(family, known)
        raise ParameterError(
            "the mesh's proportions lie outside the families",
            field="vertices",
            expected=", ".join(f.name for f in every),
            got=" x ".join(f"{s:.2f}" for s in np.ptp(used, axis=0)),
        )
    best = max(found, key=lambda fit: fit.scores["f2"] + 0.1 * fit.scores["f1"])
    return replace(best, alternatives={fit.family.name: fit.scores["f2"] for fit in found})


def _fit_one(
    family: FurnitureFamily,
    vertices: F32,
    faces: I32,
    known: Mapping[str, float],
    yaws: Sequence[float],
    effort: float,
    seed: int,
) -> MeshFit | None:
    names = {p.name for p in family.parameters}
    if not set(SIDES) <= names:
        return None
    stands = []
    for yaw in yaws:
        scale = _metres(family, vertices, faces, known, yaw)
        if scale is not None:
            stands.append(_stand(vertices, faces, yaw, scale))
    if not stands:
        return None
    rng = np.random.default_rng(seed)
    odd = _oddness(family, stands, rng)
    starts = _screen(family, stands, odd, rng, max(int(60 * effort), 8))
    trials = []
    for stand, start in starts:
        problem, x = _problem(family, stand, start)
        trials.append((stand, descend(problem, x, (5.0, 3.0, 2.0))[0]))
    trials.sort(key=lambda t: t[1].loss + odd[t[0].yaw])
    settled = []
    for stand, first in trials[:2]:
        given = _box(family, stand)
        best, _ = switch(first, given, Favour(()), round(4 * effort), 0.002)
        wanted = sample_surface(stand.shape, _POINTS, rng)
        best = _settle(best, stand, wanted, rng)
        changed = _exchange(best, stand, wanted, rng)
        if changed.problem.choices != best.problem.choices:
            best = min(best, _settle(changed, stand, wanted, rng), key=lambda t: t.loss)
        settled.append((stand, best))
    stand, trial = min(settled, key=lambda s: s[1].loss + odd[s[0].yaw])
    values, _ = trial.problem.unpack(trial.x)
    made = Shape(trial.problem.points(trial.x), trial.problem.faces)
    scores = compare(stand.shape, made, samples=8_000)
    warnings = []
    if stand.scale != 1.0 and not known:
        warnings.append(
            f"The mesh is larger or smaller than any {family.name}: its size was set to what is "
            "usual; declare a size."
        )
    if scores["f2"] < 0.7:
        warnings.append(
            f"The {family.name} family follows this mesh only to {scores['f2']:.0%} (F-score at "
            "2% of its largest side)."
        )
    return MeshFit(
        family=family,
        values=values,
        choices=trial.problem.choices,
        yaw=stand.yaw,
        scale=stand.scale,
        offset=stand.offset,
        scores=scores,
        alternatives={family.name: scores["f2"]},
        warnings=tuple(warnings),
    )


def _turn(yaw: float) -> F64:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _metres(
    family: FurnitureFamily, vertices: F32, faces: I32, known: Mapping[str, float], yaw: float
) -> float | None:
    """What makes metres of the unit of the mesh, turned so; None where it leaves the ranges."""
    specs = {p.name: p for p in family.parameters}
    used = np.asarray(vertices, np.float64)[np.unique(faces)] @ _turn(yaw).T
    size = dict(zip(SIDES, np.ptp(used, axis=0).tolist(), strict=True))
    if known:
        factors = [float(np.exp(np.mean([np.log(known[n] / size[n]) for n in known])))]
    else:
        gauge = family.gauge if family.gauge in SIDES else "height"
        factors = [1.0, specs[gauge].default / size[gauge]]
    for factor in factors:
        if all(
            specs[n].minimum * 0.98 <= s * factor <= specs[n].maximum * 1.02
            for n, s in size.items()
        ):
            return factor
    return None


def _stand(vertices: F32, faces: I32, yaw: float, scale: float) -> _Stand:
    """The mesh turned, put on the floor and looked at from all sides."""
    used, index = np.unique(faces, return_inverse=True)
    turned = np.asarray(vertices, np.float64)[used] @ _turn(yaw).T * scale
    low, high = turned.min(axis=0), turned.max(axis=0)
    offset = -np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    turned += offset
    points = np.ascontiguousarray(turned, np.float32)
    triangles = index.reshape(faces.shape).astype(np.int32)
    targets = []
    fov = 2 * math.atan(_CLOSENESS)
    for azimuth, elevation in _VIEWS:
        camera = frame_camera(points, azimuth, elevation, fov=fov, margin=1.05)
        radius = float(np.linalg.norm(high - low)) / 2
        camera = replace(camera, distance=radius / _CLOSENESS, fov=fov * 1.1)
        drawn = render(points, triangles, camera, (256, 256)).face_id >= 0
        targets.append(make_target(drawn.astype(np.float32), None, SIDE))
    place = (float(offset[0]), float(offset[1]), float(offset[2]))
    return _Stand(yaw, scale, place, Shape(points, triangles), tuple(targets))


def _box(family: FurnitureFamily, stand: _Stand) -> dict[str, float]:
    """The box's sides, held to the family's ranges."""
    specs = {p.name: p for p in family.parameters}
    return {
        n: float(np.clip(s, specs[n].minimum, specs[n].maximum))
        for n, s in zip(SIDES, stand.shape.size.tolist(), strict=True)
    }


def _problem(family: FurnitureFamily, stand: _Stand, start: Start) -> tuple[Problem, F64]:
    problem, x = make_problem(family, stand.targets, start, _box(family, stand), noise=2e-4)
    spread = problem.spread.copy()
    spread[len(problem.names) :] = np.tile(_HOLD, len(stand.targets))
    return replace(problem, spread=spread), x


def _oddness(
    family: FurnitureFamily, stands: Sequence[_Stand], rng: np.random.Generator
) -> dict[float, float]:
    """By yaw: how unusual its width is for its depth, in units of the loss.

    What looks the same from two sides, as a table does, stands as such furniture mostly does.
    """
    drawn = [family.sample(rng)[0] for _ in range(60)]
    ratios = np.log([d["width"] / d["depth"] for d in drawn])
    out = {}
    for stand in stands:
        width, _, depth = stand.shape.size.tolist()
        away = (math.log(width / depth) - ratios.mean()) / max(float(ratios.std()), 0.1)
        out[stand.yaw] = 0.003 * min(away**2, 9.0) + (0.0 if stand.yaw == 0.0 else 0.001)
    return out


def _screen(
    family: FurnitureFamily,
    stands: Sequence[_Stand],
    odd: Mapping[float, float],
    rng: np.random.Generator,
    tries: int,
) -> list[tuple[_Stand, Start]]:
    """The best of random members in each orientation, no two of the same structure."""
    poses = tuple(Pose(a, e, _CLOSENESS) for a, e in _VIEWS)
    defaults = {p.name: p.default for p in family.parameters}
    found: list[tuple[float, _Stand, Start]] = []
    for _ in range(tries):
        values, choices = family.sample(rng)
        active = set(family.active(choices))
        values = {n: v for n, v in values.items() if n in active}
        for stand in stands:
            start = Start(values, choices, poses, usual=defaults)
            problem, x = _problem(family, stand, start)
            found.append((problem.look(x).seen + odd[stand.yaw], stand, start))
    found.sort(key=lambda f: f[0])
    best: dict[tuple[object, ...], tuple[_Stand, Start]] = {}
    for _, stand, start in found:
        main = tuple(start.choices[n] for n in family.main_choices if n in start.choices)
        best.setdefault((stand.yaw, *main), (stand, start))
        if len(best) == 6:
            break
    return list(best.values())


def _exchange(trial: Trial, stand: _Stand, wanted: F32, rng: np.random.Generator) -> Trial:
    """Change options that no outline shows, such as what is under a top, while surfaces agree."""
    problem, x, _ = trial
    values, poses = problem.unpack(x)
    best = (_apart(problem, x, stand, wanted, rng) * 0.98, trial)
    for choice in problem.family.choices:
        held = best[1].problem.choices
        for option in choice.options:
            if option == held[choice.name]:
                continue
            start = Start(values, {**held, choice.name: option}, poses, usual=problem.usual)
            other, y = _problem(problem.family, stand, start)
            cost = _apart(other, y, stand, wanted, rng)
            if cost < best[0]:
                best = (cost, Trial(other, y, cost))
    return best[1]


def _apart(problem: Problem, x: F64, stand: _Stand, wanted: F32, rng: np.random.Generator) -> float:
    """How far both surfaces are apart, 0 to 1; points inside the member count as well."""
    points, side = problem.points(x), float(stand.shape.size.max())
    corners = points[problem.faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    face = rng.choice(len(area), _POINTS // 2, p=area / area.sum())
    bary = rng.dirichlet((1.0, 1.0, 1.0), len(face))
    mine = np.einsum("kc,kcd->kd", bary, corners[face]).astype(np.float32)
    far = np.concatenate(
        [
            Caster(points, problem.faces).distance(wanted),
            stand.shape.caster.distance(mine),
        ]
    )
    return _robust(far / side)


def _robust(far: NDArray[np.floating]) -> float:
    return float(np.mean(far**2 / (far**2 + 0.02**2)))


def _settle(trial: Trial, stand: _Stand, wanted: F32, rng: np.random.Generator) -> Trial:
    """Move the values until the surfaces lie on each other, by both surfaces' exact distances.

    Args:
        wanted: (k, 3) points on the mesh.
    """
    problem, x, _ = trial
    n = len(problem.names)
    side = float(stand.shape.size.max())
    best = (math.inf, x)
    motion = point_motion(problem, x, problem.points(x))
    damping = 0.03
    mine = Shape(problem.points(x), problem.faces)
    outer = Caster(mine.vertices, mine.faces).closest(sample_surface(mine, _POINTS, rng))
    for reach in (0.08, 0.05, 0.04, 0.03, 0.02, 0.02, 0.015, 0.015):
        points = problem.points(x)
        rows, rest = _gaps(problem, points, motion, wanted, outer, stand)
        far = rest / side
        cost = _robust(far)
        if cost < best[0]:
            best = (cost, x)
        weight = (1 / (1 + (far / reach) ** 2) ** 2)[:, None]
        jacobian = rows / side
        rate = (2e-3 / problem.spread[:n]) ** 2
        normal = (jacobian * weight).T @ jacobian / len(far) + np.diag(rate)
        slope = (jacobian * weight).T @ far / len(far) + rate * (x[:n] - problem.centre[:n])
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -slope)
        ahead = x.copy()
        ahead[:n] = np.clip(x[:n] + np.clip(step, -0.3, 0.3), 0, 1)
        moved = problem.points(ahead)
        size = ahead[:n] - x[:n]
        length = float(size @ size)
        if length > 1e-10:
            missed = moved - points - np.tensordot(size.astype(np.float32), motion, axes=1)
            motion += (size / length).astype(np.float32)[:, None, None] * missed
        x = ahead
    _, rest = _gaps(problem, problem.points(x), motion, wanted, outer, stand)
    far = rest / side
    cost = _robust(far)
    if cost < best[0]:
        best = (cost, x)
    return Trial(problem, best[1], best[0])


def _gaps(
    problem: Problem,
    points: F32,
    motion: F32,
    wanted: F32,
    outer: tuple[F32, I32, F32],
    stand: _Stand,
) -> tuple[F64, F64]:
    """Distances from the mesh to the member and back, and how they grow with each parameter."""
    place, face, bary = Caster(points, problem.faces).closest(wanted)
    there = _distances(wanted - place, -1.0, face, bary, problem.faces, motion)
    _, face, bary = outer
    mine = np.einsum("kc,kcd->kd", bary, points[problem.faces[face]])
    place, _, _ = stand.shape.caster.closest(mine.astype(np.float32))
    back = _distances(mine - place, 1.0, face, bary, problem.faces, motion)
    return np.concatenate([there[0], back[0]]), np.concatenate([there[1], back[1]])


def _distances(
    gap: F32, sign: float, face: I32, bary: F32, faces: I32, motion: F32
) -> tuple[F64, F64]:
    far = np.linalg.norm(gap, axis=1)
    way = gap / np.maximum(far, 1e-9)[:, None]
    corners = faces[face]
    rows = np.empty((len(far), len(motion)))
    for i, move in enumerate(motion):
        rows[:, i] = sign * np.einsum("kc,kcd,kd->k", bary, move[corners], way)
    return rows, far.astype(np.float64)


__all__ = ["SIDES", "YAWS", "MeshFit", "fit_to_mesh"]
