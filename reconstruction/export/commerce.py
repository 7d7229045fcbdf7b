"""Whether a GLB follows the Khronos 3D Commerce asset creation guidelines.

Khronos Group, "3D Commerce Asset Creation Guidelines" (version 2): real-world size in metres,
origin on the floor, front towards +Z, clean topology and UVs, PBR values that a camera could have
measured, and files small enough for a shop's page. What a file cannot tell is left to the eye.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numba as nb
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import ProductFileError
from ..gltf.access import Budget, Container
from ..gltf.read import GlbContents, read_glb
from ..mesh import F32, I32
from ..meshes.simplify import point_groups

Severity = Literal["error", "warning", "note"]

TRIANGLES, FILE_BYTES, TEXTURE_SIDE, MATERIALS = 100_000, 5 * 2**20, 4096, 8
SIDES = (0.01, 30.0)
"""Metres between which a product's longest side lies."""

ALBEDO = (30, 240)
"""sRGB values between which surfaces other than metal lie."""

_FLOOR, _MIDDLE = 0.01, 0.03  # of the box: how far off the floor and the middle may be
_OUTSIDE = 0.10  # share of a texture that may lie beyond ALBEDO
_DENSITY = 4.0  # texels per metre: the most over the least, of nine tenths of the surface
_OVERLAP = 0.01  # share of the used texels that two triangles may share
_GRID = 1024


@dataclass(frozen=True)
class Finding:
    """One thing that the guidelines want otherwise.

    Attributes:
        code: short and stable, such as ``"origin"``.
        message: what was found, in figures.
        remedy: what to do about it.
    """

    severity: Severity
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, eq=False)
class _Asset:
    data: bytes
    container: Container
    contents: GlbContents

    @property
    def document(self) -> dict[str, Any]:
        return self.container.document

    @property
    def kind(self) -> str:
        """``"garment"`` or ``"furniture"`` where the file says so: a garment hangs on a body."""
        return str(self.contents.extras.get("kind", ""))


def commerce_check(glb: bytes, budget: Budget | None = None) -> tuple[Finding, ...]:
    """Check a GLB; errors first.

    A file that cannot be read at all gives the one finding that says why.
    """
    try:
        limits = budget or Budget()
        asset = _Asset(glb, Container(glb, limits), read_glb(glb, limits))
    except ProductFileError as fault:
        return (Finding("error", "unreadable", str(fault), "Export it again as GLB 2.0."),)
    found = [finding for check in _CHECKS for finding in check(asset)]
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda f: rank[f.severity]))


def _size(asset: _Asset) -> Iterator[Finding]:
    longest = max(asset.contents.mesh.size)
    if not SIDES[0] <= longest <= SIDES[1]:
        yield Finding(
            "error",
            "metres",
            f"the longest side is {longest:g} m",
            "Scale it to its real size; glTF's unit is the metre.",
        )


def _origin(asset: _Asset) -> Iterator[Finding]:
    if asset.kind == "garment":
        return
    mesh = asset.contents.mesh
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    longest = max(max(mesh.size), 1e-9)
    if abs(float(low[1])) > _FLOOR * longest:
        yield Finding(
            "error",
            "floor",
            f"the lowest point is at y = {float(low[1]):.3f} m",
            "Put the origin on the floor under it: y = 0 at the lowest point.",
        )
    away = float(np.abs((low + high) / 2)[[0, 2]].max())
    if away > _MIDDLE * longest:
        yield Finding(
            "warning",
            "centre",
            f"its middle is {away:.3f} m away from the origin on the floor",
            "Centre it over the origin.",
        )


def _nodes(asset: _Asset) -> Iterator[Finding]:
    document = asset.document
    if len(document.get("scenes", [])) != 1:
        count = len(document.get("scenes", []))
        yield Finding("error", "scene", f"there are {count} scenes", "Keep one scene.")
    roots = document["scenes"][document.get("scene", 0)].get("nodes", [])
    bodies = [r for r in roots if not _only_joints(document, r)]
    if len(bodies) != 1:
        yield Finding(
            "warning",
            "root",
            f"there are {len(bodies)} root nodes beside skeletons",
            "Put everything under one root node.",
        )
    nodes = document.get("nodes", [])
    mirrored = [i for i, n in enumerate(nodes) if np.prod(n.get("scale", (1, 1, 1))) <= 0]
    mirrored += [
        i
        for i, n in enumerate(nodes)
        if "matrix" in n and np.linalg.det(np.reshape(n["matrix"], (4, 4))[:3, :3]) <= 0
    ]
    if mirrored:
        yield Finding(
            "error",
            "scale",
            f"{len(mirrored)} nodes are mirrored or flattened by their scale",
            "Apply the transform to the mesh and turn the faces round.",
        )
    for key in ("cameras", "animations"):
        if document.get(key):
            yield Finding(
                "warning", key, f"it carries {len(document[key])} {key}", "Leave them out."
            )
    if "KHR_lights_punctual" in document.get("extensionsUsed", ()):
        yield Finding("warning", "lights", "it carries lights", "Leave them to the viewer.")


def _only_joints(document: dict[str, Any], root: int) -> bool:
    """Whether a node and all below it carry no mesh: the armature of a skin."""
    stack, seen = [root], set()
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = document["nodes"][index]
        if "mesh" in node:
            return False
        stack += node.get("children", [])
    return bool(document.get("skins"))


def _names(asset: _Asset) -> Iterator[Finding]:
    for key in ("nodes", "meshes", "materials"):
        names = [str(entry.get("name", "")) for entry in asset.document.get(key, [])]
        if not all(name.strip() for name in names):
            yield Finding(
                "warning",
                "names",
                f"{sum(not n.strip() for n in names)} {key} have no name",
                "Name them after what they are.",
            )
        if key == "materials" and len(set(names)) < len(names):
            yield Finding(
                "warning", "names", "two materials share a name", "Give each its own name."
            )


def _weight(asset: _Asset) -> Iterator[Finding]:
    triangles = len(asset.contents.mesh.faces)
    if triangles > TRIANGLES:
        yield Finding(
            "warning",
            "triangles",
            f"{triangles:,} triangles",
            f"Stay below {TRIANGLES:,}; export a lower level of detail.",
        )
    if len(asset.data) > FILE_BYTES:
        yield Finding(
            "warning",
            "bytes",
            f"{len(asset.data) / 2**20:.1f} MB",
            f"Stay below {FILE_BYTES / 2**20:g} MB; export glb-compact, or smaller textures.",
        )
    materials = len(set(asset.contents.mesh.part_material))
    if materials > MATERIALS:
        yield Finding(
            "warning",
            "materials",
            f"{materials} materials, each one draw call",
            f"Join them into {MATERIALS} or fewer.",
        )


def _topology(asset: _Asset) -> Iterator[Finding]:
    mesh = asset.contents.mesh
    point = point_groups(mesh)
    faces = point[mesh.faces]
    a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(np.float64) for i in range(3))
    flat = np.linalg.norm(np.cross(b - a, c - a), axis=1) < 1e-14
    if flat.mean() > 0.001:
        yield Finding(
            "warning",
            "degenerate",
            f"{int(flat.sum())} triangles have no area",
            "Merge doubled vertices and delete them.",
        )
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    many = int((np.unique(edges, axis=0, return_counts=True)[1] > 2).sum())
    if many:
        yield Finding(
            "warning",
            "manifold",
            f"{many} edges lie between more than two triangles",
            "Part the pieces that share them.",
        )


def _unfolding(asset: _Asset) -> Iterator[Finding]:
    """UVs of each material that has a texture: there, apart, and of even density."""
    mesh, materials = asset.contents.mesh, asset.contents.materials
    slots = np.array(mesh.part_material)[mesh.face_part]
    density: list[NDArray[np.float64]] = []
    areas: list[NDArray[np.float64]] = []
    drawn: dict[bytes, list[I32]] = {}
    for slot in dict.fromkeys(mesh.part_material):
        texture = materials[slot].texture
        faces = mesh.faces[slots == slot]
        if texture is None or not len(faces):
            continue
        uv = mesh.uv[faces].astype(np.float64)
        d, e = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
        unfolded = np.abs(d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0]) / 2
        if not unfolded.any():
            yield Finding(
                "error", "uv", f"the textured material {slot!r} has no UVs", "Unwrap its mesh."
            )
            continue
        if uv.min() < -1e-3 or uv.max() > 1 + 1e-3:
            yield Finding(
                "note",
                "tiling",
                f"the UVs of {slot!r} leave 0 to 1: its texture repeats",
                "Bake a unique unfolding if baked light or AR viewers need one.",
            )
        else:
            drawn.setdefault(texture, []).append(faces)
        with Image.open(io.BytesIO(texture)) as picture:
            texels = picture.width * picture.height
        a, b, c = (mesh.vertices[faces[:, i]].astype(np.float64) for i in range(3))
        solid = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
        real = solid > 1e-12
        density.append(np.sqrt(unfolded[real] * texels / solid[real]))
        areas.append(solid[real])
    for parts in drawn.values():
        cover = np.zeros((_GRID, _GRID), np.uint8)
        _count(mesh.uv * np.float32(_GRID), np.concatenate(parts), cover)
        shared = float((cover > 1).sum() / max((cover > 0).sum(), 1))
        if shared > _OVERLAP:
            yield Finding(
                "error",
                "overlap",
                f"{shared:.0%} of the used texture lies under two or more triangles",
                "Unwrap so that no islands lie over each other.",
            )
    if density:
        values, weight = np.concatenate(density), np.concatenate(areas)
        order = np.argsort(values)
        share = np.cumsum(weight[order]) / weight.sum()
        least, most = (values[order][np.searchsorted(share, q)] for q in (0.05, 0.95))
        if most > _DENSITY * max(least, 1e-9):
            yield Finding(
                "warning",
                "density",
                f"{least:.0f} to {most:.0f} texels a metre over nine tenths of the surface",
                "Scale UV islands alike.",
            )


@nb.njit(cache=True, nogil=True)
def _count(place: F32, faces: I32, cover: NDArray[np.uint8]) -> None:
    """Count the triangles over each cell's centre, well inside of their edges."""
    height, width = cover.shape
    for t in range(len(faces)):
        ax, ay = place[faces[t, 0], 0], place[faces[t, 0], 1]
        bx, by = place[faces[t, 1], 0], place[faces[t, 1], 1]
        cx, cy = place[faces[t, 2], 0], place[faces[t, 2], 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        for y in range(max(0, int(min(ay, by, cy))), min(height - 1, int(max(ay, by, cy))) + 1):
            for x in range(max(0, int(min(ax, bx, cx))), min(width - 1, int(max(ax, bx, cx))) + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                if u > 1e-4 and v > 1e-4 and u + v < 1 - 1e-4 and cover[y, x] < 255:
                    cover[y, x] += 1


def _textures(asset: _Asset) -> Iterator[Finding]:
    seen: set[bytes] = set()
    for slot, material in asset.contents.materials.items():
        for data in material.pictures.values():
            if data in seen:
                continue
            seen.add(data)
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
            if max(width, height) > TEXTURE_SIDE:
                yield Finding(
                    "error",
                    "texture",
                    f"a texture of {slot!r} has {width} x {height} pixels",
                    f"Keep it within {TEXTURE_SIDE}; phones refuse more.",
                )
            if (width & (width - 1)) or (height & (height - 1)):
                yield Finding(
                    "note",
                    "power-of-two",
                    f"a texture of {slot!r} has {width} x {height} pixels",
                    "Powers of two serve old devices and GPU compression better.",
                )


def _surfaces(asset: _Asset) -> Iterator[Finding]:
    used = set(asset.contents.mesh.part_material)
    for slot, material in asset.contents.materials.items():
        if slot not in used:
            continue
        if 0.2 < material.metallic < 0.8:
            yield Finding(
                "warning",
                "metallic",
                f"{slot!r} is {material.metallic:.2f} metallic",
                "Surfaces are metal (1) or not (0).",
            )
        if material.metallic >= 0.5:
            continue
        factor = np.array(material.base_color[:3], np.float64)
        if material.texture is None:
            linear = factor[None]
        else:
            with Image.open(io.BytesIO(material.texture)) as picture:
                small = np.asarray(picture.convert("RGB").resize((128, 128)), np.float64) / 255
            linear = (((small + 0.055) / 1.055) ** 2.4 * factor).reshape(-1, 3)
        light = np.clip(linear, 0, 1) @ np.array([0.2126, 0.7152, 0.0722])
        value = (1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055) * 255
        beyond = float(((value < ALBEDO[0]) | (value > ALBEDO[1])).mean())
        if beyond > _OUTSIDE:
            yield Finding(
                "warning",
                "albedo",
                f"{beyond:.0%} of the base colour of {slot!r} is below {ALBEDO[0]} or above "
                f"{ALBEDO[1]} in sRGB",
                "Take shadows and highlights out of the base colour.",
            )


def _rights(asset: _Asset) -> Iterator[Finding]:
    if not asset.contents.license:
        yield Finding(
            "note", "copyright", "asset.copyright is empty", "Say there whose work it is."
        )


_CHECKS: tuple[Callable[[_Asset], Iterator[Finding]], ...] = (
    _size,
    _origin,
    _nodes,
    _names,
    _weight,
    _topology,
    _unfolding,
    _textures,
    _surfaces,
    _rights,
)
