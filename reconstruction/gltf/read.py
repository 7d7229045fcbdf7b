"""Reading binary glTF 2.0 into a :class:`Mesh`, safely.

Reads what :mod:`reconstruction.gltf.glb` writes back exactly, and other people's GLBs as one mesh:
every triangle of the scene, placed by its nodes. Nothing outside the file is ever opened.
Quantised geometry, Draco's and meshopt's are read; sparse geometry is refused with a sentence that
says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ProductFileError
from ..mesh import F32, I32, Mesh, Skin
from ..meshes.check import check_mesh
from ..product import Material, Variant
from .access import Budget, Container, refuse
from .materials import PLAIN, material_slot, read_materials, texture_transform

__all__ = ["Budget", "GlbContents", "read_glb"]
M44 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GlbContents:
    """What a GLB holds.

    Attributes:
        materials: by material slot.
        variants: colourways, with the materials that they replace.
        extras: the scene's ``extras``, or an empty mapping.
        color: (n, 3) float32 linear RGB of each vertex, or None where the file has none.
        normals: (n, 3) float32 unit vectors as the file has them, or None where it has none.
        license: what the file says of its maker's rights (``asset.copyright``), or empty.
    """

    mesh: Mesh
    materials: dict[str, Material]
    variants: tuple[Variant, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
    color: F32 | None = None
    license: str = ""
    normals: F32 | None = None


def read_glb(data: bytes, budget: Budget | None = None) -> GlbContents:
    """Decode a GLB.

    Raises:
        ProductFileError: the file is truncated, contradicts itself, reaches outside itself, uses
            what is not supported, or costs more than the budget; names the field.
    """
    try:
        return _contents(Container(data, budget or Budget()))
    except ProductFileError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        raise refuse("gltf", "a valid glTF 2.0 document", type(fault).__name__) from fault


@dataclass(frozen=True, eq=False)
class _Block:
    """The vertices that one or more primitives share."""

    vertices: F32
    uv: F32
    weld: I32 | None
    joints: NDArray[np.uint16] | None
    weights: F32 | None
    color: F32 | None
    normals: F32 | None


@dataclass(frozen=True, eq=False)
class _Piece:
    """One primitive."""

    block: _Block
    faces: I32
    name: str
    slot: str
    runs: Any


def _contents(container: Container) -> GlbContents:
    placed, world = _walk(container)
    pieces: list[_Piece] = []
    skins: set[int] = set()
    for node, matrix in placed:
        entry = container.item("meshes", node["mesh"])
        if "skin" in node:
            skins.add(int(node["skin"]))
            # glTF: joints place a skinned mesh, its node's transform does not.
            matrix = _bind_pose(container, int(node["skin"]), world)
        name = str(node.get("name") or entry.get("name") or "part")
        pieces += _pieces(container, entry, matrix, name, pieces)
    if not pieces:
        raise refuse("scene", "at least one mesh of triangles", "none")
    mesh = _join(pieces)
    if len(placed) == 1:
        mesh = _restored(mesh, pieces, container.item("meshes", placed[0][0]["mesh"]))
    if len(skins) == 1 and all(p.block.weights is not None for p in pieces):
        entry = container.item("meshes", placed[0][0]["mesh"])
        extras = entry.get("extras")
        width = extras.get("influences") if isinstance(extras, dict) else None
        mesh = replace(mesh, skin=_skin(container, skins.pop(), pieces, world, width))
    check_mesh(mesh)
    materials, variants = read_materials(container, [p.slot for p in pieces])
    scene = container.item("scenes", container.document.get("scene", 0))
    extras = scene.get("extras", {})
    blocks = _blocks(pieces)
    return GlbContents(
        mesh,
        materials,
        variants,
        extras if isinstance(extras, dict) else {},
        _all([b.color for b in blocks]),
        str(container.document["asset"].get("copyright", ""))[:1000],
        _all([b.normals for b in blocks]),
    )


def _all(arrays: list[F32 | None]) -> F32 | None:
    """The arrays of all blocks as one, or None where one block has none."""
    there = [a for a in arrays if a is not None]
    return np.concatenate(there) if len(there) == len(arrays) else None


def _bind_pose(container: Container, index: int, world: dict[int, M44]) -> M44:
    """What the first joint does to the mesh at rest: 1 in most files, not where it is quantised."""
    skin = container.item("skins", index)
    first = int(skin["joints"][0])
    if "inverseBindMatrices" not in skin or first not in world:
        return np.eye(4)
    matrices = container.accessor(skin["inverseBindMatrices"], 16, container.budget.nodes)
    pose = world[first] @ matrices[0].reshape(4, 4).T.astype(np.float64)
    return np.eye(4) if np.allclose(pose, np.eye(4), atol=1e-6) else np.asarray(pose)


def _walk(container: Container) -> tuple[list[tuple[dict[str, Any], M44]], dict[int, M44]]:
    """The scene's nodes that carry a mesh, and the world matrix of every node."""
    scene = container.item("scenes", container.document.get("scene", 0))
    placed: list[tuple[dict[str, Any], M44]] = []
    world: dict[int, M44] = {}
    stack = [(i, np.eye(4), 0) for i in reversed(scene.get("nodes", []))]
    while stack:
        index, parent, depth = stack.pop()
        node = container.item("nodes", index)
        if index in world or depth > container.budget.depth:
            limit = container.budget.depth
            raise refuse(f"nodes.{index}", f"a tree of depth {limit} at most", "a deeper one")
        matrix = parent @ _local(node)
        world[index] = matrix
        if "mesh" in node:
            placed.append((node, matrix))
        stack += [(i, matrix, depth + 1) for i in reversed(node.get("children", []))]
    return placed, world


def _local(node: dict[str, Any]) -> M44:
    """A node's matrix, from ``matrix`` or translation, rotation and scale."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), np.float64)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _pieces(
    container: Container, entry: dict[str, Any], stand: M44, name: str, before: list[_Piece]
) -> list[_Piece]:
    """The primitives of one mesh; those with the same positions share a block."""
    budget = container.budget
    blocks: dict[tuple[object, ...], _Block] = {}
    pieces: list[_Piece] = []
    triangles = sum(len(p.faces) for p in before)
    vertices = sum(len(b.vertices) for b in {id(p.block): p.block for p in before}.values())
    for number, primitive in enumerate(entry["primitives"]):
        if primitive.get("mode", 4) != 4:
            raise refuse("primitive.mode", "4, triangles", primitive["mode"])
        attributes = primitive["attributes"]
        shift = texture_transform(container, primitive.get("material"))
        key = (int(attributes["POSITION"]), attributes.get("TEXCOORD_0"), *shift)
        if key not in blocks:
            blocks[key] = _block(container, attributes, stand, shift)
            vertices += len(blocks[key].vertices)
        block = blocks[key]
        if "indices" in primitive:
            flat = container.accessor(primitive["indices"], 1, 3 * budget.triangles)
        else:
            flat = np.arange(len(block.vertices))
        triangles += len(flat) // 3
        if len(flat) % 3 or triangles > budget.triangles or vertices > budget.vertices:
            raise refuse("primitive", f"at most {budget.triangles} triangles", triangles)
        if int(flat.max()) >= len(block.vertices):
            raise refuse("primitive.indices", f"below {len(block.vertices)}", int(flat.max()))
        faces = flat.reshape(-1, 3).astype(np.int32)
        if np.linalg.det(stand[:3, :3]) < 0:  # a mirrored node turns triangles inside out
            faces = np.ascontiguousarray(faces[:, ::-1])
        extras = primitive.get("extras")
        slot = material_slot(container, primitive.get("material"))
        runs = extras.get("runs") if isinstance(extras, dict) else None
        pieces.append(_Piece(block, faces, f"{name}_{number}" if number else name, slot, runs))
    return pieces


def _block(
    container: Container, attributes: dict[str, Any], stand: M44, shift: tuple[float, ...]
) -> _Block:
    limit = container.budget.vertices
    local = container.numbers(attributes["POSITION"], 3, limit)
    still = bool((stand == np.eye(4)).all())
    vertices = local.copy() if still else (local @ stand[:3, :3].T + stand[:3, 3])
    n = len(vertices)
    uv = np.zeros((n, 2), np.float32)
    if "TEXCOORD_0" in attributes:
        uv = container.numbers(attributes["TEXCOORD_0"], 2, limit)
        if shift != PLAIN:
            uv = uv @ np.array(shift[:4], np.float32).reshape(2, 2).T + np.array(
                shift[4:], np.float32
            )
    weld = None
    if "_WELD" in attributes:
        numbers = container.accessor(attributes["_WELD"], 1, limit)
        if not (numbers >= 0).all() or not (numbers < 2**24).all():
            raise refuse("_WELD", "whole numbers from 0 to 2^24", "another number")
        weld = numbers.astype(np.int32)
    groups = [g for g in range(8) if f"JOINTS_{g}" in attributes]
    joints = weights = None
    if groups:
        joints = np.concatenate(
            [container.accessor(attributes[f"JOINTS_{g}"], 4, limit) for g in groups], axis=1
        ).astype(np.uint16)
        weights = np.concatenate(
            [container.fractions(attributes[f"WEIGHTS_{g}"], 4, limit) for g in groups], axis=1
        )
    color = None
    if "COLOR_0" in attributes:
        wide = 4 if container.item("accessors", attributes["COLOR_0"])["type"] == "VEC4" else 3
        color = container.fractions(attributes["COLOR_0"], wide, limit)[:, :3]
    normals = None
    if "NORMAL" in attributes:
        normals = _turned(container.numbers(attributes["NORMAL"], 3, limit), stand)
    for values in (uv, weld, joints, weights, color, normals):
        if values is not None and len(values) != n:
            raise refuse("attributes", f"{n} values each", len(values))
    return _Block(vertices.astype(np.float32), uv, weld, joints, weights, color, normals)


def _turned(normals: F32, stand: M44) -> F32:
    """Normals as a node places them: by the inverse transpose, of length 1."""
    if not np.isfinite(normals).all():
        raise refuse("NORMAL", "finite numbers", "others")
    turned = normals @ np.linalg.pinv(stand[:3, :3])
    length = np.linalg.norm(turned, axis=1, keepdims=True)
    unit = np.where(length > 1e-12, turned / np.maximum(length, 1e-12), (0.0, 1.0, 0.0))
    return np.ascontiguousarray(unit, np.float32)


def _blocks(pieces: list[_Piece]) -> list[_Block]:
    return list({id(p.block): p.block for p in pieces}.values())


def _join(pieces: list[_Piece]) -> Mesh:
    """One mesh of all primitives; each is a part."""
    blocks = _blocks(pieces)
    start: dict[int, int] = {}
    total = 0
    for block in blocks:
        start[id(block)] = total
        total += len(block.vertices)
    weld = None
    if len(blocks) == 1:
        weld = blocks[0].weld
    return Mesh(
        vertices=np.concatenate([b.vertices for b in blocks]),
        faces=np.concatenate([p.faces + np.int32(start[id(p.block)]) for p in pieces]),
        uv=np.concatenate([b.uv for b in blocks]),
        face_part=np.repeat(np.arange(len(pieces), dtype=np.int32), [len(p.faces) for p in pieces]),
        parts=tuple(p.name for p in pieces),
        part_material=tuple(p.slot for p in pieces),
        weld=weld,
    )


def _restored(mesh: Mesh, pieces: list[_Piece], entry: dict[str, Any]) -> Mesh:
    """The parts, anchors and triangle order that our own files say; others stay as they are."""
    extras = entry.get("extras")
    if not isinstance(extras, dict) or any(p.runs is None for p in pieces):
        return mesh
    runs = np.array([run for p in pieces for run in p.runs], np.int64).reshape(-1, 3)
    parts = tuple(str(p) for p in extras["parts"])
    slots = tuple(str(s) for s in extras["part_material"])
    anchors = {
        str(key): (float(x), float(y), float(z)) for key, (x, y, z) in extras["anchors"].items()
    }
    count = len(mesh.faces)
    good = (runs >= 0).all() and (runs <= count).all() and runs[:, 2].sum() == count
    if not good or len(parts) != len(slots) or (runs[:, 0] >= len(parts)).any():
        raise refuse("extras.runs", f"runs of {count} triangles", "others")
    place = np.concatenate([np.arange(first, first + n) for _, first, n in runs])
    if (np.bincount(place, minlength=count)[:count] != 1).any() or place.max() >= count:
        raise refuse("extras.runs", "each triangle once", "gaps or overlaps")
    faces, face_part = np.empty_like(mesh.faces), np.empty(count, np.int32)
    faces[place] = mesh.faces
    face_part[place] = np.repeat(runs[:, 0], runs[:, 2])
    return replace(
        mesh, faces=faces, face_part=face_part, parts=parts, part_material=slots, anchors=anchors
    )


def _skin(
    container: Container, index: int, pieces: list[_Piece], world: dict[int, M44], width: Any
) -> Skin:
    """The joints in an order where parents come first, and the vertices' influences."""
    bones = [int(j) for j in container.item("skins", index)["joints"]]
    if not 0 < len(bones) <= container.budget.nodes or len(set(bones)) != len(bones):
        raise refuse(f"skins.{index}.joints", "each joint once", len(bones))
    if any(b not in world for b in bones):
        raise refuse(f"skins.{index}.joints", "joints of the scene", "others")
    above: dict[int, int] = {}
    for i in world:
        above.update({int(c): i for c in container.item("nodes", i).get("children", [])})
    place = {node: i for i, node in enumerate(bones)}

    def parent(node: int) -> int:
        while node in above:
            node = above[node]
            if node in place:
                return node
        return -1

    rank = {node: i for i, node in enumerate(world)}  # depth first: parents before children
    given = [parent(b) for b in bones]
    ordered = all(p == -1 or place[p] < i for i, p in enumerate(given))
    order = bones if ordered else sorted(bones, key=rank.__getitem__)
    new_place = {node: i for i, node in enumerate(order)}
    blocks = _blocks(pieces)
    joints = np.concatenate([b.joints for b in blocks if b.joints is not None])
    weights = np.concatenate([b.weights for b in blocks if b.weights is not None])
    if int(joints.max()) >= len(bones):
        raise refuse("JOINTS_0", f"below {len(bones)}", int(joints.max()))
    renumber = np.array([new_place[b] for b in bones], np.uint16)
    columns = width if isinstance(width, int) and 0 < width <= joints.shape[1] else None
    return Skin(
        names=tuple(str(container.item("nodes", b).get("name", f"joint_{b}")) for b in order),
        parents=np.array([new_place.get(parent(b), -1) for b in order], np.int32),
        rest=np.array([world[b][:3, 3] for b in order], np.float32),
        joints=renumber[joints][:, :columns],
        weights=weights[:, :columns],
    )
