"""Garments worn on a body: a family's pattern becomes a skinned mesh on a body form.

The girths and lengths of the mesh are the tailor's: around the trunk and the arms each ring is
as long as the pattern is wide (longer only where the body is), and lengths are measured along
the cloth. Vertices, faces, UVs and welds follow from the family and its choices alone, so that
another size or another body moves vertices and changes nothing else.

For cloth simulation, :func:`rest_edges` gives the lengths that the cloth wants to have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..families import garment_lower, get_family
from ..families.garment_atlas import atlas
from ..families.garment_flat import Pattern
from ..families.garment_trousers import UPPER_ROWS
from ..families.garment_upper_grid import core_pattern
from ..mesh import Mesh
from .body_sections import body_sections
from .drape_collar import dress_up
from .drape_lower import drape_lower
from .drape_skin import transfer_skin
from .drape_topology import Topology, topology
from .drape_trousers import drape_trousers
from .drape_upper import drape_upper
from .leg_sections import leg_sections

if TYPE_CHECKING:
    from ..dressform import BodyForm
    from ..families.garment import GarmentFamily

MATERIAL = "fabric"
"""The one material slot of every garment part."""


@dataclass(frozen=True, eq=False)
class RestEdges:
    """Distances that cloth wants to keep, between sewn vertices.

    Attributes:
        pairs: (e, 2) int32, numbers of weld groups (``mesh.weld`` maps vertices to them).
        lengths: (e,) float32, metres, measured on the flat pattern.
        kind: (e,) uint8: 0 threads (stiff), 1 shear (softer), 2 bend (softest).
        groups: the number of weld groups.
    """

    pairs: NDArray[np.int32]
    lengths: NDArray[np.float32]
    kind: NDArray[np.uint8]
    groups: int


def drape(
    family: GarmentFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    form: BodyForm,
) -> Mesh:
    """Wear a garment.

    Args:
        values, choices: complete, see :func:`reconstruction.family.complete`.
        form: the body in its rest pose.

    Returns:
        The mesh in the body's frame and rest pose, skinned to the body's skeleton.
    """
    body = body_sections(form)
    pattern = family.pattern(values, choices)
    key = tuple(sorted(choices.items()))
    net = garment_topology(family.name, key)
    if family.engine == "lower":
        places = drape_lower(garment_lower.lower_shape(values), pattern, net, body)
    elif family.engine == "trousers":
        legs = family.trousers(values, choices)
        places = drape_trousers(legs, pattern, net, body, leg_sections(form))
    else:
        shape = family.upper(values, choices)
        core = core_pattern(shape)
        inner = garment_core(family.name, key)
        places = drape_upper(shape, core, inner, body)
        if len(places) != len(net.weld):
            places = dress_up(shape, core, pattern, places, inner, net, body)
    vertices = places.astype(np.float32)
    return Mesh(
        vertices=vertices,
        faces=net.faces,
        uv=atlas(family, choices).uv,
        face_part=net.face_part,
        parts=net.parts,
        part_material=(MATERIAL,) * len(net.parts),
        weld=net.weld,
        skin=transfer_skin(vertices, pattern, net, form),
        anchors=_anchors(pattern, vertices),
    )


@lru_cache(maxsize=32)
def garment_topology(family: str, choices: tuple[tuple[str, str], ...]) -> Topology:
    """Faces and welds of a family's mesh for complete choices, given as sorted items."""
    maker = cast("GarmentFamily", get_family(family))
    picked = dict(choices)
    return topology(maker.pattern(maker.defaults(picked), picked))


@lru_cache(maxsize=32)
def garment_core(family: str, choices: tuple[tuple[str, str], ...]) -> Topology:
    """Faces and welds of an upper garment without collar and with its cuffs in the sleeves."""
    maker = cast("GarmentFamily", get_family(family))
    picked = dict(choices)
    return topology(core_pattern(maker.upper(maker.defaults(picked), picked)))


def rest_edges(
    family: GarmentFamily, values: Mapping[str, float], choices: Mapping[str, str]
) -> RestEdges:
    """The cloth's own lengths, for simulating it; pairs depend on the choices only.

    Lengths are those of the pattern (not of the draped mesh); a seam's two sides give their mean.
    """
    pattern = family.pattern(values, choices)
    net = garment_topology(family.name, tuple(sorted(choices.items())))
    flat = np.concatenate([p.grid.reshape(-1, 2) for p in pattern.panels])
    pairs = np.concatenate([net.edges, net.shear, net.bend])
    sizes = [len(net.edges), len(net.shear), len(net.bend)]
    kind = np.repeat(np.arange(3, dtype=np.uint8), sizes)
    length = np.linalg.norm(flat[pairs[:, 0]] - flat[pairs[:, 1]], axis=1)
    groups = int(net.weld.max()) + 1
    welded = np.sort(net.weld[pairs], axis=1).astype(np.int64)
    key = (kind.astype(np.int64) * groups + welded[:, 0]) * groups + welded[:, 1]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    mean = np.bincount(inverse, length) / np.bincount(inverse)
    keep = welded[first, 0] != welded[first, 1]
    return RestEdges(
        pairs=welded[first][keep].astype(np.int32),
        lengths=np.maximum(mean[keep], 1e-4).astype(np.float32),
        kind=kind[first][keep],
        groups=groups,
    )


def _anchors(
    pattern: Pattern, vertices: NDArray[np.float32]
) -> dict[str, tuple[float, float, float]]:
    """Named points of the worn garment: neck, chest, waist side, hem and cuffs."""
    by_name = {p.name: p.numbers() for p in pattern.panels}
    if "waistband_front" in by_name:
        return _leg_anchors(pattern, vertices)
    front = by_name.get("front")
    if front is None:
        front = np.concatenate([by_name["right_front"][:, :-1], by_name["left_front"]], axis=1)
    middle, rows = front.shape[1] // 2, front.shape[0] - 1
    spots = {
        "front_top": front[-1, middle],
        "front_middle": front[int(0.62 * rows), middle],
        "hem_center": front[0, middle],
        "hem_left": front[0, -1],
        "hem_right": front[0, 0],
        "back_middle": by_name["back"][int(0.62 * rows), middle],
    }
    for side in ("left", "right"):
        sleeve = by_name.get(f"{side}_sleeve")
        if sleeve is None:
            continue
        cuff = by_name.get(f"{side}_cuff", sleeve)
        spots[f"cuff_{side}"] = cuff[0, sleeve.shape[1] // 2]
        spots[f"shoulder_{side}"] = sleeve[-1, sleeve.shape[1] // 2]
    return _places(spots, vertices)


def _leg_anchors(
    pattern: Pattern, vertices: NDArray[np.float32]
) -> dict[str, tuple[float, float, float]]:
    """Named points of worn trousers: waist, crotch, hems."""
    band = pattern.panel("waistband_front").numbers()
    left, right = (pattern.panel(f"{s}_front").numbers() for s in ("left", "right"))
    crotch = pattern.panel("left_front").grid.shape[0] - 1 - UPPER_ROWS
    spots = {
        "front_top": band[-1, band.shape[1] // 2],
        "waist_left": band[-1, -1],
        "waist_right": band[-1, 0],
        "crotch": left[crotch, 0],
        "hem_left": left[0, -1],
        "hem_right": right[0, 0],
        "inseam_left": left[0, 0],
        "inseam_right": right[0, -1],
        "hem_center": left[0, left.shape[1] // 2],
    }
    return _places(spots, vertices)


def _places(
    spots: Mapping[str, Any], vertices: NDArray[np.float32]
) -> dict[str, tuple[float, float, float]]:
    return {
        name: (float(vertices[i, 0]), float(vertices[i, 1]), float(vertices[i, 2]))
        for name, i in spots.items()
    }
