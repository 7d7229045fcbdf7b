"""Free-form products: another artist's mesh, honest about being only scalable.

A free-form product is rigid and knows three parameters, its width, height and depth, each from
half to twice of what it came with. Any mesh file can become one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import ParameterError, ProductFileError
from ..family import ChoiceSpec, ParameterSpec, View, complete
from ..gltf.read import Budget
from ..mesh import Mesh
from ..meshes.file import read_mesh_file
from ..product import Estimate, Product

NAME = "freeform"
AXES = ("width", "height", "depth")
_LABELS = {
    "width": {"en": "width", "zh": "宽度"},
    "height": {"en": "height", "zh": "高度"},
    "depth": {"en": "depth", "zh": "深度"},
}
_SMALLEST, _LARGEST = 0.01, 30.0


@dataclass(eq=False)
class FreeForm:
    """The family of one free-form product.

    Attributes:
        base: the mesh as it came, standing on the floor's origin.
        category: what it is, such as ``"lamp"``; free text.
        natural: width, height and depth, metres; the ranges are from half to twice of them.
    """

    base: Mesh
    category: str
    label: Mapping[str, str]
    natural: Mapping[str, float]
    name: str = NAME
    kind: Literal["garment", "furniture"] = "furniture"
    view: View = "solid"
    choices: tuple[ChoiceSpec, ...] = ()
    parameters: tuple[ParameterSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = tuple(
            ParameterSpec(name, "m", size / 2, size * 2, size, _LABELS[name])
            for name, size in self.natural.items()
        )

    def build(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Mesh:
        """The mesh stretched to these outer measures."""
        full, _ = complete(self, values, choices)
        now = dict(zip(AXES, self.base.size, strict=True))
        scale = np.array([full[n] / now[n] for n in AXES], np.float32)
        anchors = {
            key: (float(x * scale[0]), float(y * scale[1]), float(z * scale[2]))
            for key, (x, y, z) in self.base.anchors.items()
        }
        return replace(self.base.with_vertices(self.base.vertices * scale), anchors=anchors)

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        return {p.name: float(rng.uniform(p.minimum, p.maximum)) for p in self.parameters}, {}


def freeform_family(
    mesh: Mesh,
    category: str,
    label: Mapping[str, str],
    natural: Mapping[str, float] | None = None,
) -> FreeForm:
    """The family of a mesh that stands as it should.

    Args:
        natural: width, height and depth that the ranges go by; those of the mesh if None.

    Raises:
        ParameterError: a side is not between 1 cm and 30 m.
    """
    sizes = natural or dict(zip(AXES, mesh.size, strict=True))
    for name, size in (*sizes.items(), *zip(sizes, mesh.size, strict=True)):
        if not (math.isfinite(size) and _SMALLEST <= size <= _LARGEST):
            raise ParameterError(
                f"the mesh's {name} is no product's",
                field=f"values.{name}",
                expected=f"{_SMALLEST:g} to {_LARGEST:g} m; declare one side to set the scale",
                got=f"{size:g} m",
            )
    return FreeForm(mesh, category, dict(label), dict(sizes))


def import_mesh(
    path: Path | str,
    product_id: str,
    name: Mapping[str, str],
    *,
    category: str = "furniture",
    width: float | None = None,
    height: float | None = None,
    depth: float | None = None,
    budget: Budget | None = None,
    triangles: int | None = None,
) -> Product:
    """Make a free-form product of a GLB, glTF, OBJ, PLY or STL file.

    It is stood on the floor with its middle at the origin and, where sides are declared, scaled
    to them: one declared side scales the whole, the others stay in proportion.

    Args:
        triangles: how many it may have; more are collapsed, as far as its seams allow.

    Raises:
        ProductFileError: the file cannot be used; says why.
        ParameterError: a side is not between 1 cm and 30 m.
    """
    from ..meshes.clean import lighter, painted

    contents = painted(read_mesh_file(Path(path), budget))
    if triangles is not None:
        contents = lighter(contents, triangles)
    declared = {
        axis: size
        for axis, size in zip(AXES, (width, height, depth), strict=True)
        if size is not None
    }
    check_declared(declared)
    mesh = standing(contents.mesh, declared)
    family = freeform_family(mesh, category, name)
    values = {
        axis: Estimate(size, size, size, 1.0, "declared" if axis in declared else "artist")
        for axis, size in family.natural.items()
    }
    warnings = () if declared else ("No size was declared: the file's own metres were taken.",)
    return Product(
        id=product_id,
        name=name,
        family=family,
        values=values,
        choices={},
        mesh=mesh,
        materials=contents.materials,
        variants=contents.variants,
        warnings=warnings,
        license=contents.license,
    )


def check_declared(declared: Mapping[str, float]) -> None:
    """Raise :class:`ParameterError` unless these are sides of a product, in metres."""
    for axis, size in declared.items():
        if axis not in AXES:
            raise ParameterError(
                f"a free-form product has no {axis} to declare",
                field=axis,
                expected=", ".join(AXES),
                got=axis,
            )
        if not (math.isfinite(size) and _SMALLEST <= size <= _LARGEST):
            raise ParameterError(
                "a declared size is impossible",
                field=axis,
                expected=f"{_SMALLEST:g} to {_LARGEST:g} m",
                got=f"{size:g}",
            )


def standing(mesh: Mesh, declared: Mapping[str, float]) -> Mesh:
    """The mesh on the floor, centred, scaled to the declared sides; rigid."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    size = np.maximum(high - low, 1e-9).astype(np.float64)
    if float((high - low).max()) < 1e-6:
        raise ProductFileError(
            "the mesh has no size", field="mesh.vertices", expected="an extent", got="a point"
        )
    ratios = {axis: declared[axis] / size[k] for k, axis in enumerate(AXES) if axis in declared}
    common = float(np.mean(list(ratios.values()))) if ratios else 1.0
    scale = np.array([ratios.get(axis, common) for axis in AXES])
    origin = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    stood = ((mesh.vertices - origin) * scale).astype(np.float32)
    return replace(mesh.with_vertices(stood), skin=None, anchors={})
