"""A mesh made re-fittable: the member of a family that comes nearest to it, in its own colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from ..errors import ParameterError
from ..families import family_names, get_family
from ..gltf.read import GlbContents
from ..meshes.clean import colors_near, texture_material
from ..meshes.rays import Caster
from ..meshes.unwrap import make_texels
from ..product import Estimate, Material, Product, Source

if TYPE_CHECKING:
    from ..families.furniture_family import FurnitureFamily

_TEXTURE = 1024
_REACH = 0.02  # of the diagonal: how far from the family's surface the mesh's is looked for
_PLAIN = {"metal": (0.35, 1.0), "wood": (0.55, 0.0), "upholstery": (0.9, 0.0)}


def families_of(category: str) -> tuple[FurnitureFamily, ...]:
    """The solid families that stand for a category or bear its name; none for free text."""
    folded = category.casefold().replace(" ", "_").replace("-", "_")
    found = []
    for name in family_names():
        family = get_family(name)
        words = (family.name, family.category, *family.label.values())
        if family.view == "solid" and folded in words:
            found.append(cast("FurnitureFamily", family))
    return tuple(found)


def refitted(
    product: Product, *, effort: float = 1.0, metric: bool = False, source: Source = "artist"
) -> Product:
    """A free-form product as a member of its category's family, where one follows it.

    The family's surface takes its colours from the mesh's. What no family follows comes back as
    it was, with a warning that says how near the best one came.

    Args:
        product: of the family ``freeform``, in metres.
        effort: scales how much is tried.
        metric: its size is true: no member of another size stands for it.
        source: what the member's values are recorded as.
    """
    from ..furniture.mesh_fit import SIDES, fit_to_mesh

    families = families_of(product.category)
    if not families:
        return product
    declared = {n: e.value for n, e in product.values.items() if e.source == "declared"}
    mesh = product.mesh
    try:
        sizes = dict(zip(SIDES, mesh.size, strict=True)) if metric else declared
        fit = fit_to_mesh(families, mesh.vertices, mesh.faces, sizes, effort=effort)
    except ParameterError as fault:
        return replace(product, warnings=(*product.warnings, f"Not re-fittable: {fault}."))
    if not fit.good:
        said = (
            f"Not re-fittable: the family {fit.family.name} follows it only to "
            f"{fit.scores['f2']:.0%} (F-score at 2% of its largest side).",
        )
        return replace(product, warnings=(*product.warnings, *said))
    if abs(math.sin(fit.yaw)) > 0.5:  # it stood sideways
        other = {"width": "depth", "depth": "width"}
        declared = {other.get(n, n): v for n, v in declared.items()}
    c, s = math.cos(fit.yaw), math.sin(fit.yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    stood = (mesh.vertices @ turn.T * fit.scale + np.array(fit.offset)).astype(np.float32)
    shape = fit.family.build(fit.values, fit.choices)
    seen = GlbContents(mesh.with_vertices(stood), dict(product.materials))
    caster = Caster(stood, mesh.faces)
    texels = make_texels(shape, _TEXTURE)
    reach = _REACH * float(np.linalg.norm(shape.size))
    painted = colors_near(seen, caster, texels.position, texels.normal, reach)
    material = texture_material(texels.spread(painted))
    kept = tuple(w for w in product.warnings if "not re-fitted" not in w)
    note = (
        f"Its shape is the nearest member of the family {fit.family.name} "
        f"(F-score at 2%: {fit.scores['f2']:.2f}), not the mesh itself.",
    )
    return replace(
        product,
        family=fit.family,
        values=_estimates(fit.family, fit.values, declared, fit.scores["f2"], source),
        choices=dict(fit.choices),
        mesh=shape,
        materials=_slots(material, shape.part_material),
        variants=(),
        warnings=(*kept, *note, *fit.warnings),
    )


def _slots(material: Material, slots: tuple[str, ...]) -> dict[str, Material]:
    out = {}
    for slot in dict.fromkeys(slots):
        roughness, metallic = _PLAIN.get(slot, (0.7, 0.0))
        out[slot] = replace(material, roughness=roughness, metallic=metallic)
    return out


def _estimates(
    family: FurnitureFamily,
    values: Mapping[str, float],
    declared: Mapping[str, float],
    score: float,
    source: Source,
) -> dict[str, Estimate]:
    """The values as read from a mesh: the better the family follows it, the surer."""
    out = {}
    for spec in family.parameters:
        value = values.get(spec.name, spec.default)
        if spec.name in declared:
            out[spec.name] = Estimate(value, value, value, 1.0, "declared")
        elif spec.name not in values:
            out[spec.name] = Estimate(value, spec.minimum, spec.maximum, 0.0, "prior")
        else:
            wide = (0.02 + 0.3 * (1 - score)) * (spec.maximum - spec.minimum)
            low, high = max(value - wide, spec.minimum), min(value + wide, spec.maximum)
            out[spec.name] = Estimate(value, min(low, value), max(high, value), score, source)
    return out
