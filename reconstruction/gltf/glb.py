"""Writing binary glTF 2.0: a mesh with its materials, variants and skin, as one blob.

Metres, Y up, as in :mod:`reconstruction.mesh`. One primitive per material slot; **all primitives
share one vertex buffer**, in the order of ``Mesh.vertices``. A streamed frame of positions is
therefore simply the new content of the file's one ``POSITION`` accessor, and needs no index map.

Beyond the core format a file carries:

* joint nodes under VRM 1.0 humanoid names, with identity rest rotations, so that a bone's local
  rotation is relative to the rest pose; ``JOINTS_1``/``WEIGHTS_1`` beyond four influences;
* ``KHR_materials_variants`` for the product's colourways;
* ``_WELD`` (float scalar): vertices with the same number share a place across a sewn seam;
* ``extras`` on the scene (what the product is), the mesh (parts, anchors) and the primitives
  (``runs`` of ``[part, first face, count]``: where its triangles stood in ``Mesh.faces``).

:mod:`reconstruction.gltf.read` is the inverse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ProductFileError
from ..mesh import F32, I32, Mesh, Skin
from ..meshes.check import check_mesh
from ..product import Estimate, Material, Product, Variant
from ..texture.surfaces import worn_materials
from .layout import INDEX_TARGET, JPEG, PNG, VERTEX_TARGET, Blob

GENERATOR = "showroom reconstruction"


class Form(Protocol):
    """A skinned body: what :func:`avatar_glb` needs of it."""

    @property
    def vertices(self) -> F32: ...
    @property
    def faces(self) -> I32: ...
    @property
    def skin(self) -> Skin: ...


def product_glb(product: Product, *, copyright: str = "") -> bytes:
    """The product as GLB, in the shape and colours that it has now.

    Raises:
        ProductFileError: as :func:`write_glb`.
    """
    return write_glb(
        product.mesh,
        worn_materials(product.mesh, product.materials),
        name=product.id,
        variants=product.variants,
        extras=product_extras(product),
        copyright=copyright or product.license,
    )


def product_extras(product: Product) -> dict[str, Any]:
    """What the extras say: id, family, licence, and each parameter as a slider would need it.

    A parameter has its value, unit, range and words, and how well the value is known: the
    interval ``low`` to ``high``, its ``confidence`` and ``source``.
    """
    ordinary = {
        p.name: Estimate(p.default, p.minimum, p.maximum, 0.0, "prior")
        for p in product.family.parameters
    }
    known = {**ordinary, **product.values}
    licence = {"license": product.license} if product.license else {}
    return {
        "product": product.id,
        "family": product.family.name,
        "kind": product.kind,
        "category": product.category,
        "size": product.size,
        "name": dict(product.name),
        "parameters": {
            p.name: {
                "value": known[p.name].value,
                "unit": p.unit,
                "min": p.minimum,
                "max": p.maximum,
                "label": dict(p.label),
                "low": known[p.name].low,
                "high": known[p.name].high,
                "confidence": known[p.name].confidence,
                "source": known[p.name].source,
            }
            for p in product.family.parameters
        },
        "choices": dict(product.choices),
        "confidence": product.confidence,
        **licence,
    }


LEGGINGS = frozenset(("hips", "leftUpperLeg", "rightUpperLeg", "leftLowerLeg", "rightLowerLeg"))
"""Bones whose skin a mannequin's plain leggings cover."""

WAISTBAND = 0.10
"""Height of the leggings' waistband above the hip joint, metres."""


def avatar_glb(form: Form, material: Material | None = None, *, name: str = "avatar") -> bytes:
    """A body as skinned GLB, in its rest pose, with plain leggings from the waist to the ankles.

    Args:
        material: of the bare parts; a mannequin's grey if it is None.
    """
    mesh = Mesh(
        vertices=form.vertices,
        faces=form.faces,
        uv=np.zeros((len(form.vertices), 2), np.float32),
        face_part=_covered(form).astype(np.int32),
        parts=("body", "leggings"),
        part_material=("skin", "leggings"),
        skin=form.skin,
    )
    bare = material or Material(base_color=(0.46, 0.42, 0.39, 1.0), roughness=0.75)
    cloth = Material(base_color=(0.035, 0.037, 0.042, 1.0), roughness=0.9)
    return write_glb(mesh, {"skin": bare, "leggings": cloth}, name=name)


def _covered(form: Form) -> NDArray[np.bool_]:
    """(m,) which faces belong to the bones of :data:`LEGGINGS`, by most of their weight.

    The belly hangs on the spine: what of it lies below the waistband is covered too.
    """
    names = form.skin.names

    def weight(bones: frozenset[str]) -> F32:
        chosen = np.array([bone in bones for bone in names])
        per_vertex = (form.skin.weights * chosen[form.skin.joints]).sum(axis=1)
        return np.asarray(per_vertex[form.faces].mean(axis=1), np.float32)

    covered = weight(LEGGINGS) > 0.5
    if "hips" in names:
        band = form.skin.rest[names.index("hips"), 1] + WAISTBAND
        low = form.vertices[form.faces, 1].mean(axis=1) < band
        covered |= low & (weight(LEGGINGS | {"spine", "chest"}) > 0.5)
    return np.asarray(covered)


def write_glb(
    mesh: Mesh,
    materials: Mapping[str, Material],
    *,
    name: str = "product",
    variants: Sequence[Variant] = (),
    extras: Mapping[str, Any] | None = None,
    copyright: str = "",
    normals: F32 | None = None,
    colors: F32 | None = None,
) -> bytes:
    """Encode one mesh as GLB.

    Args:
        mesh: with at least one vertex and one triangle.
        materials: by material slot; each slot that a part uses must be there. Slots that no part
            uses now (another choice may) are kept.
        name: of the mesh and its node.
        variants: colourways, as ``KHR_materials_variants``.
        extras: JSON values for the ``extras`` of the scene and of the mesh's node: importers
            keep one or the other.
        normals: (n, 3) float32 unit vectors, where they are not to be the mesh's own.
        colors: (n, 3) float32 linear RGB, 0 to 1, as vertex colours; they multiply the material.

    Raises:
        ProductFileError: arrays of a wrong shape, not finite or out of range, a part without a
            material, a texture that is neither PNG nor JPEG.
    """
    check_mesh(mesh)
    blob = Blob()
    table = _MaterialTable(blob)
    slots = tuple(dict.fromkeys(mesh.part_material))
    for slot in slots:
        if slot not in materials:
            raise ProductFileError(
                f"the mesh has no material for slot {slot!r}",
                field=f"materials.{slot}",
                expected=", ".join(materials) or "at least one material",
                got="nothing",
            )
    index = {slot: table.add(slot, material) for slot, material in materials.items()}
    mappings: dict[str, list[dict[str, Any]]] = {}
    for i, variant in enumerate(variants):
        for slot, material in variant.materials.items():
            entry = {"material": table.add(slot, material, variant.name), "variants": [i]}
            mappings.setdefault(slot, []).append(entry)

    if normals is None:
        normals = mesh.normals()
    attributes = _attributes(mesh, normals, blob, tangents=bool(table.bumpy))
    if colors is not None:
        tint = np.ascontiguousarray(np.clip(colors, 0.0, 1.0), np.float32)
        attributes["COLOR_0"] = blob.accessor(tint, VERTEX_TARGET)
    primitives = _primitives(mesh, blob, slots, attributes, index, mappings, table.bumpy)
    gltf_mesh: dict[str, Any] = {
        "name": name,
        "primitives": primitives,
        "extras": {
            "parts": list(mesh.parts),
            "part_material": list(mesh.part_material),
            "anchors": {key: list(value) for key, value in mesh.anchors.items()},
        },
    }
    node: dict[str, Any] = {"name": name, "mesh": 0}
    nodes, roots = [node], [0]
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "nodes": nodes,
        "meshes": [gltf_mesh],
        "materials": table.materials,
    }
    if copyright:
        document["asset"]["copyright"] = copyright
    if extras:
        document["scenes"][0]["extras"] = dict(extras)
        node["extras"] = dict(extras)
    if mesh.skin is not None:
        node["skin"] = 0
        gltf_mesh["extras"]["influences"] = int(mesh.skin.weights.shape[1])
        document["skins"] = [_skin(mesh.skin, blob, nodes, roots)]
    if table.images:
        document["images"] = table.images
        document["samplers"] = [
            {"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}
        ]
        document["textures"] = [{"source": i, "sampler": 0} for i in range(len(table.images))]
    if variants:
        document["extensionsUsed"] = ["KHR_materials_variants"]
        document["extensions"] = {
            "KHR_materials_variants": {
                "variants": [{"name": v.name, "extras": {"label": dict(v.label)}} for v in variants]
            }
        }
    document["accessors"], document["bufferViews"] = blob.accessors, blob.views
    return blob.pack(document)


class _MaterialTable:
    """The materials of a file; equal textures are stored once."""

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self.materials: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self.bumpy: set[str] = set()
        self._known: dict[bytes, int] = {}

    def add(self, slot: str, material: Material, variant: str = "") -> int:
        factors = (
            *material.base_color, material.roughness, material.metallic, *material.emissive,
            material.cutoff,
        )  # fmt: skip
        if len(factors) != 10 or not all(0.0 <= f <= 1.0 for f in factors):
            raise ProductFileError(
                f"material {slot!r} has a factor out of range",
                field=f"materials.{slot}",
                expected="factors from 0 to 1",
                got=str(factors),
            )
        surface: dict[str, Any] = {
            "baseColorFactor": list(material.base_color),
            "roughnessFactor": material.roughness,
            "metallicFactor": material.metallic,
        }
        entry: dict[str, Any] = {
            "name": f"{slot} ({variant})" if variant else slot,
            "pbrMetallicRoughness": surface,
            "extras": {"slot": slot, **({"variant": variant} if variant else {})},
        }
        if material.seen is not None:
            entry["extras"]["seen"] = round(material.seen, 4)
        if material.texture is not None:
            surface["baseColorTexture"] = {"index": self._image(slot, material.texture)}
        if material.normal is not None:
            entry["normalTexture"] = {"index": self._image(slot, material.normal)}
            self.bumpy.add(slot)
        if material.surface is not None:
            surface["metallicRoughnessTexture"] = {"index": self._image(slot, material.surface)}
        if material.occlusion is not None:
            entry["occlusionTexture"] = {"index": self._image(slot, material.occlusion)}
        if any(material.emissive):
            entry["emissiveFactor"] = list(material.emissive)
        if material.emission is not None:
            entry["emissiveTexture"] = {"index": self._image(slot, material.emission)}
        if material.double_sided:
            entry["doubleSided"] = True
        if material.alpha == "blend" or material.base_color[3] < 1.0:
            entry["alphaMode"] = "BLEND"
        elif material.alpha == "mask":
            entry["alphaMode"] = "MASK"
            if material.cutoff != 0.5:  # glTF's own value where there is none
                entry["alphaCutoff"] = material.cutoff
        self.materials.append(entry)
        return len(self.materials) - 1

    def _image(self, slot: str, data: bytes) -> int:
        if data not in self._known:
            if data.startswith(PNG):
                kind = "image/png"
            elif data.startswith(JPEG):
                kind = "image/jpeg"
            else:
                raise ProductFileError(
                    f"the texture of {slot!r} is no picture",
                    field=f"materials.{slot}.texture",
                    expected="PNG or JPEG bytes",
                    got=data[:4].hex() or "nothing",
                )
            self._known[data] = len(self.images)
            self.images.append({"bufferView": self.blob.view(data), "mimeType": kind})
        return self._known[data]


# --- geometry ----------------------------------------------------------------------------------


def _attributes(mesh: Mesh, normals: F32, blob: Blob, *, tangents: bool) -> dict[str, int]:
    positions = np.ascontiguousarray(mesh.vertices, np.float32)
    found = {
        "POSITION": blob.accessor(positions, VERTEX_TARGET, bounds=True),
        "NORMAL": blob.accessor(normals, VERTEX_TARGET),
    }
    if bool(mesh.uv.any()):
        found["TEXCOORD_0"] = blob.accessor(mesh.uv.astype(np.float32), VERTEX_TARGET)
        if tangents:
            found["TANGENT"] = blob.accessor(vertex_tangents(mesh, normals), VERTEX_TARGET)
    if mesh.weld is not None:
        found["_WELD"] = blob.accessor(mesh.weld.astype(np.float32), VERTEX_TARGET)
    if mesh.skin is not None:
        joints, weights = _influences(mesh.skin)
        for group in range(joints.shape[1] // 4):
            columns = slice(4 * group, 4 * group + 4)
            found[f"JOINTS_{group}"] = blob.accessor(joints[:, columns], VERTEX_TARGET)
            found[f"WEIGHTS_{group}"] = blob.accessor(weights[:, columns], VERTEX_TARGET)
    return found


def vertex_tangents(mesh: Mesh, normals: F32) -> F32:
    """Area-weighted tangents along +U, orthogonal to ``normals``; (n, 4), w is the handedness.

    Lengyel, "Computing Tangent Space Basis Vectors for an Arbitrary Mesh" (2001).
    """
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    ua, ub, uc = (mesh.uv[mesh.faces[:, i]] for i in range(3))
    e1, e2, d1, d2 = b - a, c - a, ub - ua, uc - ua
    sign = np.where(d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1] < 0, -1.0, 1.0)[:, None]
    along_u = sign * (e1 * d2[:, 1:] - e2 * d1[:, 1:])
    along_v = sign * (e2 * d1[:, :1] - e1 * d2[:, :1])
    index = np.ascontiguousarray(mesh.faces).ravel()
    count = len(mesh.vertices)

    def gather(vectors: NDArray[Any]) -> NDArray[np.float64]:
        spread = np.repeat(vectors, 3, axis=0)
        return np.stack([np.bincount(index, spread[:, k], count) for k in range(3)], axis=1)

    t, v = gather(along_u), gather(along_v)
    n = normals.astype(np.float64)
    t -= n * (n * t).sum(axis=1, keepdims=True)
    helper = np.where(np.abs(n[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    fallback = np.cross(n, helper)
    length = np.linalg.norm(t, axis=1, keepdims=True)
    t = np.where(length > 1e-12, t, fallback)
    t /= np.linalg.norm(t, axis=1, keepdims=True)
    # glTF's bitangent is cross(normal, tangent) * w and points along -V of image space.
    w = np.where((np.cross(n, t) * v).sum(axis=1, keepdims=True) > 0, -1.0, 1.0)
    return np.concatenate([t, w], axis=1).astype(np.float32)


def _influences(skin: Skin) -> tuple[NDArray[Any], F32]:
    """Joints and weights padded to groups of four: summing to 1, no joint twice or unused."""
    n, k = skin.weights.shape
    width = k + (-k % 4)
    weights = np.zeros((n, width), np.float64)
    weights[:, :k] = skin.weights
    joints = np.zeros((n, width), np.uint8 if len(skin.names) <= 256 else np.uint16)
    joints[:, :k] = skin.joints
    for i in range(1, k):
        for j in range(i):
            twice = (joints[:, i] == joints[:, j]) & (weights[:, i] > 0) & (weights[:, j] > 0)
            if twice.any():
                weights[twice, j] += weights[twice, i]
                weights[twice, i] = 0.0
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
    rows, top = np.arange(n), weights.argmax(axis=1)
    weights[rows, top] += 1.0 - weights.sum(axis=1)
    rounded = weights.astype(np.float32)
    joints[rounded == 0.0] = 0
    return joints, rounded


def _primitives(
    mesh: Mesh,
    blob: Blob,
    slots: tuple[str, ...],
    attributes: dict[str, int],
    material: dict[str, int],
    mappings: dict[str, list[dict[str, Any]]],
    bumpy: set[str],
) -> list[dict[str, Any]]:
    kind = np.uint16 if len(mesh.vertices) <= 0xFFFF else np.uint32
    slot_of_part = np.array([slots.index(s) for s in mesh.part_material], np.int32)
    face_slot = slot_of_part[mesh.face_part]
    result: list[dict[str, Any]] = []
    for number, slot in enumerate(slots):
        chosen = np.flatnonzero(face_slot == number)
        if not len(chosen):
            continue
        parts = mesh.face_part[chosen]
        breaks = np.flatnonzero((np.diff(chosen) != 1) | (np.diff(parts) != 0)) + 1
        starts = np.concatenate([[0], breaks])
        counts = np.diff(np.concatenate([starts, [len(chosen)]]))
        runs = np.stack([parts[starts], chosen[starts], counts], axis=1)
        primitive: dict[str, Any] = {
            "attributes": {
                name: at for name, at in attributes.items() if name != "TANGENT" or slot in bumpy
            },
            "indices": blob.accessor(mesh.faces[chosen].ravel().astype(kind), INDEX_TARGET),
            "material": material[slot],
            "extras": {"slot": slot, "runs": runs.tolist()},
        }
        if slot in mappings:
            primitive["extensions"] = {"KHR_materials_variants": {"mappings": mappings[slot]}}
        result.append(primitive)
    return result


def _skin(skin: Skin, blob: Blob, nodes: list[dict[str, Any]], roots: list[int]) -> dict[str, Any]:
    """Append the joints' nodes; returns the glTF skin."""
    base = len(nodes) + 1
    armature: dict[str, Any] = {"name": "armature", "children": []}
    nodes.append(armature)
    roots.append(base - 1)
    rest = skin.rest.astype(np.float64)
    for i, bone in enumerate(skin.names):
        parent = int(skin.parents[i])
        offset = rest[i] - (rest[parent] if parent >= 0 else 0.0)
        nodes.append({"name": bone, "translation": offset.astype(np.float32).tolist()})
        holder = nodes[base + parent] if parent >= 0 else armature
        holder.setdefault("children", []).append(base + i)
    inverse = np.tile(np.eye(4, dtype=np.float32).ravel(), (len(rest), 1))
    inverse[:, 12:15] = -rest  # column-major: the translation is the last column
    return {
        "joints": list(range(base, base + len(rest))),
        "inverseBindMatrices": blob.accessor(inverse),
    }
