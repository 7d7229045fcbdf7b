"""Hats and shoes: garments that photos show as solid bodies, and that ride rigidly on bones.

A photo shows the product standing on a table or the floor: :meth:`WornSolid.points` and
:meth:`WornSolid.as_shown` give it so. :meth:`WornSolid.drape_on` puts it on a body, with the same
faces and UVs, skinned to the bones that carry it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..family import Family, complete
from ..mesh import F32, Mesh, Skin
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_solids import F64, Surface, Topology
from .spec import FamilySpec

if TYPE_CHECKING:
    from ..dressform import BodyForm


@dataclass(frozen=True, eq=False)
class WornAssembly(Assembly):
    """Lofts, some of which belong to several parts.

    Attributes:
        bands: by number of a loft, (first ring, part, material) of each of its parts; rings
            before the first one belong to the loft's own part.
    """

    bands: Mapping[int, tuple[tuple[int, str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fitting:
    """Where the points of a product come to lie on a body.

    Attributes:
        points: (p, 3) metres, body frame.
        bones: names of the bones that carry it.
        weights: (p, bones) how much each bone moves each point, summing to 1.
        anchors: named places.
    """

    points: F64
    bones: tuple[str, ...]
    weights: F64
    anchors: Anchors


class WornSolid(FurnitureFamily):
    """A family of hats or shoes.

    Args:
        spec: what the data file says; ``extra.gauge`` names the length that tells the size, and
            ``extra.alone`` the values that place what a photo shows without its other half.
        assemble: makes the lofts as the photo shows them.
        fit: puts them on a body; values and choices are complete.
        worn: choices that are worn whatever the photo showed, such as both shoes of a pair.
    """

    kind: Literal["garment", "furniture"] = "garment"
    engine = "solid"

    def __init__(
        self,
        spec: FamilySpec,
        assemble: Callable[[Values, Choices], WornAssembly],
        fit: Callable[[Values, Choices, BodyForm], Fitting],
        worn: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(spec, assemble)
        self._parts_of = assemble
        self._fit = fit
        self._worn = dict(worn or {})

    def solve(self, values: Values, choices: Choices) -> tuple[F32, Anchors]:
        """Points and anchors as the photo shows them, for complete values and choices."""
        assembly = self.assemble(values, choices)
        points = np.concatenate([loft.points() for loft in assembly.lofts])
        return np.ascontiguousarray(points, np.float32), assembly.anchors

    def topology(self, choices: Choices) -> Topology:
        """Faces, UVs and parts as the photo shows them."""
        known = super().topology(choices)
        if known.parts[0].startswith("~"):
            part, parts, materials = self._split(choices, known.point_faces, known.face_part)
            known = Topology(
                known.weld, known.faces, known.point_faces, known.uv, part, parts, materials
            )
            self._topologies[tuple(choices[c.name] for c in self.choices)] = known
        return known

    def surface(self, choices: Choices) -> Surface:
        """The closed surface as the photo shows it."""
        known = super().surface(choices)
        if known.parts[0].startswith("~"):
            known = Surface(known.faces, *self._split(choices, known.faces, known.face_part))
            self._surfaces[tuple(choices[c.name] for c in self.choices)] = known
        return known

    def _split(
        self, choices: Choices, faces: NDArray[np.int32], face_part: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], tuple[str, ...], tuple[str, ...]]:
        """Give every face the part of the ring that it begins at."""
        assembly = self._parts_of({p.name: p.default for p in self.parameters}, choices)
        names: dict[str, str] = {}
        of_point = []
        for number, loft in enumerate(assembly.lofts):
            copies, n, k, _, _ = loft.layout
            own = loft.part.removeprefix("~")
            names.setdefault(own, loft.material)
            label = np.full(n, list(names).index(own), np.int32)
            for first, part, material in assembly.bands.get(number, ()):
                names.setdefault(part, material)
                label[first:] = list(names).index(part)
            of_point.append(np.tile(np.concatenate([np.repeat(label, k), label[[0, -1]]]), copies))
        low = faces.min(axis=1)
        return np.concatenate(of_point)[low], tuple(names), tuple(names.values())

    def as_shown(self, values: Values, choices: Choices) -> Mesh:
        """The mesh that is worn, placed as the photo shows it, for texturing; unskinned.

        What the photo did not show, such as the other shoe, lies mirrored at x = 0.

        Raises:
            ParameterError: an unknown name or a value out of range.
        """
        full, picked = complete(self, values, choices)
        worn = self._shown(picked)
        if worn != picked:
            full |= self.spec.extra.get("alone", {})
        points, anchors = self.solve(full, worn)
        return self._mesh(points, anchors, worn)

    def _shown(self, choices: Choices) -> dict[str, str]:
        return {**choices, **self._worn}

    def build(self, values: Values, choices: Choices) -> Mesh:
        """The product worn on the reference dress form, skinned to its skeleton."""
        from ..dressform import reference_form

        return self.drape_on(values, choices, reference_form())

    def drape_on(self, values: Values, choices: Choices, form: BodyForm) -> Mesh:
        """The product worn on a body form.

        Raises:
            ParameterError: an unknown name or a value out of range.
        """
        full, picked = complete(self, values, choices)
        worn = self._shown(picked)
        placed = self._fit(full, worn, form)
        mesh = self._mesh(placed.points.astype(np.float32), placed.anchors, worn)
        how = self.topology(worn)
        joints = [form.skin.names.index(b) for b in placed.bones]
        weights = placed.weights[how.weld]
        order = np.argsort(-weights, axis=1)
        return Mesh(
            vertices=mesh.vertices,
            faces=mesh.faces,
            uv=mesh.uv,
            face_part=mesh.face_part,
            parts=mesh.parts,
            part_material=mesh.part_material,
            weld=mesh.weld,
            skin=Skin(
                names=form.skin.names,
                parents=form.skin.parents,
                rest=form.skin.rest,
                joints=np.array(joints, np.uint16)[order],
                weights=np.take_along_axis(weights, order, axis=1).astype(np.float32),
            ),
            anchors=mesh.anchors,
        )

    def _mesh(self, points: F32, anchors: Anchors, choices: Choices) -> Mesh:
        how = self.topology(choices)
        return Mesh(
            vertices=np.ascontiguousarray(points[how.weld]),
            faces=how.faces,
            uv=how.uv,
            face_part=how.face_part,
            parts=how.parts,
            part_material=how.part_material,
            weld=how.weld,
            anchors=anchors,
        )


def as_shown(
    family: Family, values: Values, choices: Choices, built: Mesh, *, bare: bool = False
) -> Mesh:
    """A family's built mesh placed as its photo shows it: only hats and shoes are built elsewhere.

    Args:
        bare: without the parts that the photo does not show, such as the other shoe.

    Raises:
        ParameterError: an unknown name or a value out of range.
    """
    if not isinstance(family, WornSolid):
        return built
    mesh = family.as_shown(values, choices)
    if not bare:
        return mesh
    shown = family.topology(complete(family, {}, choices)[1]).parts
    kept = np.isin(mesh.face_part, [i for i, part in enumerate(mesh.parts) if part in shown])
    return replace(mesh, faces=mesh.faces[kept], face_part=mesh.face_part[kept])


def push_from(points: F64, skin: F64, normals: F64, gap: float) -> F64:
    """Points (n, 3), those nearer to a skin (m, 3) than ``gap`` moved out along its normals."""
    from scipy.spatial import cKDTree

    distance, near = cKDTree(skin).query(points, k=4)
    weight = 1.0 / (distance + 0.002)
    weight /= weight.sum(axis=1, keepdims=True)
    normal = (normals[near] * weight[..., None]).sum(axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    base = (skin[near] * weight[..., None]).sum(axis=1)
    depth = np.einsum("nc,nc->n", points - base, normal)
    deep = (depth < gap) & (distance[:, 0] < 0.05)
    out: F64 = points + np.where(deep, gap - depth, 0.0)[:, None] * normal
    return out
