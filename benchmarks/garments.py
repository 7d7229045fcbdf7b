"""Speed and truth of garments that follow a body, over 60 s of varied motion.

Usage: python -m benchmarks.garments [--recording FILE] [--every 12] [--only frames,body,refit]

The motion is the shipped stroll (14 s), a brisk walk with turns, a reach and a crouch (17 s,
``garment_walk.toml``) and a headset recording of 29 s with crouches, where ``--recording`` names
one (A-Frame's JSON, by default the outside data's); without one the others go on twice. Garments
are worn in the size that is recommended for the body. Milliseconds are one thread's own CPU time,
median and 99th percentile, and a ratio to Anny's own forward pass in the same run.

Skin that comes through: of the body's vertices that lie under the garment in the rest pose, those
outside of the cloth of their own limb, on every ``--every``-th frame and the one after it. Deep is
what is deeper than 3 mm in both. Skin in the folds of armpit and groin, and where the pose presses
an arm into the trunk, cannot be seen from any of 12 sides; it is counted by itself.

Cloth that passes through itself: pairs of triangles of the simulated part that cross, counted by
Open3D on the same frames; the mean, the most, and the share of frames without any.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from reconstruction.families import get_family
from reconstruction.product import graded_sizes
from reconstruction.render.camera import Camera
from reconstruction.render.zbuffer import render
from showroom.app import SHIPPED_MOTION
from showroom.bench import anny_forward
from showroom.channel.motion import load_motion
from showroom.fit.avatar import Avatar
from showroom.fit.body import solve
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.collider import arm_bones, fill_normals
from showroom.fit.detail import Detail
from showroom.fit.extremities import extremities
from showroom.fit.garment import LEFT_SLEEVE, RIGHT_SLEEVE, LiveGarment
from showroom.fit.outfit import Outfit
from showroom.fit.pose import Tracker, Transform
from showroom.fit.sizing import rank_sizes
from showroom.fit.skin import PoseState
from showroom.fit.stroll import poses as scripted

HERE = Path(__file__).parent
RECORDING = HERE.parents[1] / "shared/data/pose_streams_aframe/tracked-recording.json"
LABELS = ("XS", "S", "M", "L", "XL", "2XL", "3XL")
FRAME = 1 / 72
DEEP = 0.003
BODIES = {
    "petite": (1.52, "female", {"bust": 0.80, "waist": 0.62, "hip": 0.86}),
    "woman": (1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99}),
    "plus": (1.66, "female", {"bust": 1.16, "waist": 1.02, "hip": 1.20}),
    "man": (1.80, "male", {"bust": 1.00, "waist": 0.86, "hip": 1.00}),
}


@dataclass(frozen=True)
class Tracked:
    """One frame of tracking."""

    head: Transform
    left: Transform | None
    right: Transform | None


def motion(avatar: Avatar, recording: Path) -> list[list[Tracked]]:
    """The parts of the motion, at 72 Hz, their heads at the avatar's eye level."""
    stroll = load_motion(SHIPPED_MOTION).poses
    walk = scripted(tomllib.loads((HERE / "garment_walk.toml").read_text(encoding="utf-8")))
    parts = [
        [Tracked(p.head, p.left, p.right) for p in stroll],
        [Tracked(m["head"], m.get("left"), m.get("right")) for m in walk],
    ]
    if recording.exists():
        poses = load_motion(recording).poses
        at = np.searchsorted([p.time for p in poses], np.arange(0, poses[-1].time, FRAME))
        parts.append([Tracked(poses[i].head, poses[i].left, poses[i].right) for i in at])
    else:
        parts *= 2
    eye = float(avatar.eyes[:, 1].mean())
    scaled = []
    for part in parts:
        share = eye / float(np.percentile([t.head[1] for t in part], 80))
        scaled.append([_lower_all(tracked, share) for tracked in part])
    return scaled


def _lower_all(tracked: Tracked, share: float) -> Tracked:
    head = _lower(tracked.head, share)
    assert head is not None
    return Tracked(head, _lower(tracked.left, share), _lower(tracked.right, share))


def _lower(transform: Transform | None, share: float) -> Transform | None:
    if transform is None:
        return None
    x, y, z, *turn = transform
    return (x * share, y * share, z * share, *turn)


def states(avatar: Avatar, recording: Path) -> Iterator[PoseState]:
    """Every frame of the motion as a pose."""
    for part in motion(avatar, recording):
        tracker = Tracker(avatar)
        for i, t in enumerate(part):
            yield tracker.update(t.head, t.left, t.right, i * FRAME)


def worn(outfit: Outfit, name: str, values: Mapping[str, float]) -> LiveGarment:
    """Put a garment of the recommended size on."""
    family = get_family(name)
    picked = {c.name: c.default for c in family.choices}
    ordinary = getattr(family, "defaults", lambda _: {p.name: p.default for p in family.parameters})
    base = {**ordinary(picked), **values}
    sizes = graded_sizes(family, base, LABELS, "M")
    measures = {**outfit.avatar.measures, **extremities(outfit.avatar.form)}
    best = rank_sizes(name, base, picked, sizes, measures).order[0]
    outfit.put_on(name, family, base | sizes[best], picked)
    return outfit.garments[name]


class Piercing:
    """Counts skin that comes through one garment."""

    def __init__(self, avatar: Avatar, garment: LiveGarment) -> None:
        self.garment = garment
        self.body_faces = avatar.form.faces
        skin = avatar.form.skin
        main = skin.joints[np.arange(len(skin.joints)), skin.weights.argmax(axis=1)]
        arm = np.isin(main, arm_bones())
        left = avatar.form.vertices[:, 0] > 0
        limb = garment.limb[garment.faces]
        # A folded collar's leaf has its wrong side outside, and lies on the garment, not on skin.
        leaf = garment.leaf[garment.faces].any(axis=1)
        sleeves = ((LEFT_SLEEVE, arm & left), (RIGHT_SLEEVE, arm & ~left))
        self.parts = []
        for limbs, mine in (
            (~np.isin(limb, (LEFT_SLEEVE, RIGHT_SLEEVE)).all(axis=1), ~arm),
            *(((limb == sleeve).any(axis=1), skinned) for sleeve, skinned in sleeves),
        ):
            faces = garment.faces[limbs & ~leaf]
            if not len(faces):
                continue
            rim = open_sides(faces)
            rest = clearance(avatar.form.vertices, garment.own, faces, rim)
            under = ~rest.beside & (rest.height < 0) & (rest.height > -0.12) & mine
            self.parts.append((np.flatnonzero(under), faces, rim))
        self.seen = self.through = self.pressed = self.deep = 0
        self.deepest = 0.0
        self._before: list[np.ndarray] = []

    def out(self, skin: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Per limb: the vertices under the cloth, how far out they are (0 if not), and hidden.

        Hidden is what cannot be seen from any side: skin in a fold of the body, or inside another
        limb or its sleeve, as where a pose presses an arm into the trunk.
        """
        result = []
        for under, faces, rim in self.parts:
            found = clearance(skin[under], self.garment.nodes, faces, rim)
            out = np.flatnonzero(~found.beside & (found.height > 0) & (found.height < 0.05))
            where = under[out]
            hidden = ~self._visible(skin, where)
            depth = np.zeros(len(under), np.float32)
            depth[out] = found.height[out]
            inside = np.zeros(len(under), np.bool_)
            inside[out[hidden]] = True
            result.append((under, depth, inside))
        return result

    def _visible(self, skin: np.ndarray, where: np.ndarray) -> np.ndarray:
        """Whether anybody could see these vertices from outside, past cloth and skin."""
        if not len(where):
            return np.zeros(0, np.bool_)
        cloth = self.garment
        places = np.concatenate([skin, cloth.nodes])
        faces = np.concatenate([self.body_faces, cloth.faces + len(skin)]).astype(np.int32)
        x, y, z = skin[where].mean(axis=0)
        shown = np.zeros(len(faces), np.bool_)
        for elevation in (-0.6, 0.1, 0.8):
            for azimuth in np.linspace(0, 2 * np.pi, 4, endpoint=False) + elevation:
                camera = Camera(azimuth, elevation, distance=3.0, fov=0.3, target=(x, y, z))
                number = render(places, faces, camera, (360, 360)).face_id
                shown[np.unique(number[number >= 0])] = True
        seen = np.zeros(len(skin), np.bool_)
        seen[self.body_faces[shown[: len(self.body_faces)]].ravel()] = True
        return np.asarray(seen[where])

    def look(self, skin: np.ndarray, again: bool) -> None:
        """Count one frame; ``again`` where it follows the last one that was looked at."""
        now = []
        for k, (under, depth, hidden) in enumerate(self.out(skin)):
            self.seen += len(under)
            self.pressed += int(hidden.sum())
            depth[hidden] = 0.0
            self.through += int((depth > 0).sum())
            now.append(depth > DEEP)
            if again:
                both = now[k] & self._before[k]
                self.deep += int(both.sum())
                self.deepest = max(self.deepest, float(depth[both].max(initial=0.0)))
        self._before = now


def crossings(garment: LiveGarment) -> int:
    """Pairs of crossing triangles in the simulated part, by a library of its own."""
    import open3d

    free = np.zeros(len(garment.nodes), np.bool_)
    free[garment.free] = True
    mesh = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(garment.nodes.astype(np.float64)),
        open3d.utility.Vector3iVector(garment.faces[free[garment.faces].any(axis=1)]),
    )
    return len(mesh.get_self_intersecting_triangles())


def frames(avatar: Avatar, recording: Path, baseline: float) -> None:
    """Milliseconds of one frame: IK, body, garments, normals."""
    print("\n| frame | shown | p50 ms | p99 ms | of Anny's forward |\n|---|---|---|---|---|")
    outfits = {
        "tight: T-shirt, trousers": (("t_shirt", {}), ("trousers", {})),
        "dress, to the knee": (("dress", {}),),
        "dress, to the floor": (("dress", {"body_length": 1.3, "hem_width": 0.9}),),
        "skirt": (("skirt", {}),),
        "long coat on shirt and trousers": (
            ("outwear", {"body_length": 1.0}), ("shirt", {}), ("trousers", {}),
        ),
    }  # fmt: skip
    for label, garments in outfits.items():
        outfit = Outfit(avatar)
        for name, values in garments:
            worn(outfit, name, values)
        live = list(outfit.garments.values())
        fine = [Detail(g.mesh) if g.swings else None for g in live]
        body = np.empty_like(avatar.form.vertices)
        shown = [
            np.empty_like(g.mesh.vertices if f is None else f.mesh.vertices)
            for g, f in zip(live, fine, strict=True)
        ]
        normals = [np.empty_like(s) for s in shown]
        spent = []
        for part in motion(avatar, recording):
            tracker = Tracker(avatar)
            for i, t in enumerate(part):
                started = time.thread_time()
                pose = tracker.update(t.head, t.left, t.right, i * FRAME)
                avatar.skin(pose, body)
                points = outfit.step(pose, FRAME)
                for k, (key, g) in enumerate(outfit.garments.items()):
                    detail = fine[k]
                    if detail is None:
                        fill_normals(points[key], g.mesh.faces, normals[k])
                    else:
                        detail(g.nodes, shown[k])
                        fill_normals(shown[k], detail.mesh.faces, normals[k])
                if i > 10:
                    spent.append((time.thread_time() - started) * 1e3)
        nodes, free = (sum(len(part) for part in parts) for parts in (
            [g.nodes for g in live], [g.free for g in live]))  # fmt: skip
        p50, p99 = np.percentile(spent, (50, 99))
        print(
            f"| {label} ({nodes} nodes, {free} simulated) | {sum(len(s) for s in shown)} "
            f"| {p50:.2f} | {p99:.2f} | {p50 / baseline:.3f} |",
            flush=True,
        )


def truth(
    avatar: Avatar, label: str, recording: Path, every: int, only: Sequence[str] = ()
) -> None:
    """Skin through the cloth, strain, and what moves on a still body."""
    cases = {
        "t_shirt": {}, "long_sleeve": {}, "shirt": {}, "outwear": {"body_length": 1.0},
        "dress": {}, "skirt": {}, "trousers": {}, "shorts": {},
    }  # fmt: skip
    for name, values in cases.items():
        if only and name not in only:
            continue
        outfit = Outfit(avatar)
        garment = worn(outfit, name, values)
        count = Piercing(avatar, garment)
        strains, crossed = [], []
        for i, pose in enumerate(states(avatar, recording)):
            if garment.swings or i % every in (0, 1):
                outfit.step(pose, FRAME)
            if i % every in (0, 1) and i > 20:
                count.look(avatar.skin(pose), i % every == 1)
            if garment.swings and i % every == 0 and i > 72:
                strains.append(np.maximum(garment.strain(), 0.0))
                crossed.append(crossings(garment))
        for _ in range(90):
            outfit.step(pose, FRAME)
        shapes = []
        for _ in range(20):
            outfit.step(pose, FRAME)
            shapes.append(garment.nodes[garment.free])
        still = [np.linalg.norm(b - a, axis=1) for a, b in pairwise(shapes)]
        moved = np.percentile(still, (50, 99)) * 1e3 if garment.swings else (0.0, 0.0)
        stretch = np.percentile(strains, 95) * 100 if strains else 0.0
        seen = max(count.seen, 1)
        print(
            f"| {label} | {name} | {100 * count.through / seen:.3f} "
            f"| {100 * count.pressed / seen:.2f} "
            f"| {count.deep} ({count.deepest * 1e3:.1f} mm) of {count.seen // 2} "
            f"| {stretch:.1f} | {moved[0]:.3f} / {moved[1]:.3f} | {_crossed(crossed)} |",
            flush=True,
        )


def _crossed(counts: Sequence[int]) -> str:
    if not counts:
        return "-"
    found = np.array(counts)
    return f"{found.mean():.0f}, {found.max()}, {100 * (found == 0).mean():.0f}%"


def refit(avatar: Avatar) -> None:
    """One size up on a standing body: the first change, and when it is settled."""
    print("\n| one size up | first frame moves mm | 95% there s | under 0.5 mm a frame after s |")
    print("|---|---|---|---|")
    for name in ("t_shirt", "shirt", "outwear", "trousers", "dress", "skirt"):
        outfit = Outfit(avatar)
        garment = worn(outfit, name, {"body_length": 1.0} if name == "outwear" else {})
        pose = avatar.rest()
        for _ in range(144):
            outfit.step(pose, FRAME)
        start = garment.nodes.copy()
        grades = {
            p.name: min(max(garment.values[p.name] + p.grade, p.minimum), p.maximum)
            for p in garment.family.parameters
        }
        outfit.put_on(name, garment.family, grades, garment.choices)
        shapes = [start]
        for _ in range(144):
            outfit.step(pose, FRAME)
            shapes.append(garment.nodes.copy())
        moves = [_moved(a, b, 99) for a, b in pairwise(shapes)]
        left = [_moved(shape, shapes[-1], 95) for shape in shapes]
        there = next(i for i in range(len(left)) if max(left[i:]) < 0.05 * left[0] + 5e-4)
        calm = next(i for i in range(len(moves)) if max(moves[i:]) < 5e-4)
        first = np.abs(shapes[1] - start).max() * 1e3
        print(f"| {name} | {first:.2f} | {there * FRAME:.2f} | {calm * FRAME:.2f} |", flush=True)


def _moved(a: np.ndarray, b: np.ndarray, percentile: float) -> float:
    return float(np.percentile(np.linalg.norm(b - a, axis=1), percentile))


def main() -> None:
    """Run the parts and print their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recording", type=Path, default=RECORDING)
    parser.add_argument("--every", type=int, default=12, help="look at each so-manieth frame")
    parser.add_argument("--only", default="frames,body,refit")
    parser.add_argument("--bodies", default="woman", help=", ".join(BODIES))
    parser.add_argument("--families", default="", help="the garments of `body` (all)")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    families = arguments.families.split(",") if arguments.families else ()
    avatar = solve(*BODIES["woman"])
    if "frames" in wanted:
        baseline = anny_forward()
        print(f"Anny's forward: {baseline:.1f} ms")
        frames(avatar, arguments.recording, baseline)
    if "body" in wanted:
        print(
            "\n| body | garment | skin through % | in folds % | over 3 mm deep twice "
            "| strain p95 % | still mm a frame p50 / p99 | crossings mean, most, none |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for label in arguments.bodies.split(","):
            truth(solve(*BODIES[label]), label, arguments.recording, arguments.every, families)
    if "refit" in wanted:
        refit(avatar)


if __name__ == "__main__":
    main()
