"""Reading the materials and colourways of a GLB; pictures are checked but not decoded."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import Any, Literal

from ..product import Material, Variant
from ..texture.header import header_fault
from .access import REMEDIES, Container, refuse


def material_slot(container: Container, index: object) -> str:
    """The slot that a glTF material stands for; its name where another program wrote it."""
    if index is None:
        return "default"
    entry = container.item("materials", index)
    extras = entry.get("extras")
    slot = extras.get("slot") if isinstance(extras, dict) else None
    name = slot or entry.get("name") or f"material_{index}"
    if not isinstance(name, str) or len(name) > 200:
        raise refuse(f"materials.{index}.name", "a short text", name)
    return name


PLAIN = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def texture_transform(container: Container, index: object) -> tuple[float, ...]:
    """What ``KHR_texture_transform`` does to a material's UVs: a 2 x 2 matrix, then an offset."""
    if index is None:
        return PLAIN
    surface = container.item("materials", index).get("pbrMetallicRoughness", {})
    use = surface.get("baseColorTexture", {}).get("extensions", {}).get("KHR_texture_transform")
    if use is None:
        return PLAIN
    (u, v), (across, down) = use.get("offset", (0, 0)), use.get("scale", (1, 1))
    turn = float(use.get("rotation", 0.0))
    c, s = math.cos(turn), math.sin(turn)
    return (c * across, s * down, -s * across, c * down, float(u), float(v))


def read_materials(
    container: Container, slots: Iterable[str]
) -> tuple[dict[str, Material], tuple[Variant, ...]]:
    """All materials by slot, and the variants with what they replace."""
    found: dict[str, Material] = {}
    replaced: dict[str, dict[str, Material]] = {}
    for index, entry in enumerate(container.document.get("materials", [])):
        extras = entry.get("extras")
        variant = extras.get("variant") if isinstance(extras, dict) else None
        slot = material_slot(container, index)
        if variant is None:
            found[slot] = _material(container, index)
        else:
            replaced.setdefault(str(variant), {})[slot] = _material(container, index)
    for slot in slots:
        found.setdefault(slot, Material())
    return found, _variants(container, replaced)


def _variants(
    container: Container, replaced: dict[str, dict[str, Material]]
) -> tuple[Variant, ...]:
    extension = container.document.get("extensions", {}).get("KHR_materials_variants", {})
    entries = extension.get("variants", [])
    if not replaced:  # another program's file: follow the mappings of the primitives
        for gltf_mesh in container.document.get("meshes", []):
            for primitive in gltf_mesh["primitives"]:
                slot = material_slot(container, primitive.get("material"))
                local = primitive.get("extensions", {}).get("KHR_materials_variants", {})
                for mapping in local.get("mappings", []):
                    for i in mapping["variants"]:
                        materials = replaced.setdefault(str(entries[i]["name"]), {})
                        materials[slot] = _material(container, mapping["material"])
    variants = []
    for entry in entries:
        name, extras = str(entry["name"]), entry.get("extras")
        label = extras.get("label") if isinstance(extras, dict) else None
        words = {str(k): str(v) for k, v in label.items()} if isinstance(label, dict) else {}
        variants.append(Variant(name, words or {"en": name}, replaced.get(name, {})))
    return tuple(variants)


def _material(container: Container, index: int) -> Material:
    entry = container.item("materials", index)
    surface = entry.get("pbrMetallicRoughness", {})
    color = tuple(float(f) for f in surface.get("baseColorFactor", (1, 1, 1, 1)))
    roughness = float(surface.get("roughnessFactor", 1.0))
    metallic = float(surface.get("metallicFactor", 1.0))
    cutoff = min(1.0, float(entry.get("alphaCutoff", 0.5)))
    emissive = tuple(float(f) for f in entry.get("emissiveFactor", (0, 0, 0)))
    factors = (*color, roughness, metallic, *emissive, cutoff)
    if len(factors) != 10 or not all(0.0 <= f <= 1.0 for f in factors):
        raise refuse(f"materials.{index}", "10 factors from 0 to 1", factors)
    return Material(
        base_color=(color[0], color[1], color[2], color[3]),
        roughness=roughness,
        metallic=metallic,
        texture=_picture(container, surface.get("baseColorTexture")),
        normal=_picture(container, entry.get("normalTexture")),
        double_sided=bool(entry.get("doubleSided", False)),
        alpha=_alpha(entry.get("alphaMode", "OPAQUE"), color[3]),
        seen=_seen(entry.get("extras")),
        surface=_picture(container, surface.get("metallicRoughnessTexture")),
        occlusion=_picture(container, entry.get("occlusionTexture")),
        emissive=(emissive[0], emissive[1], emissive[2]),
        emission=_picture(container, entry.get("emissiveTexture")),
        cutoff=cutoff,
    )


def _seen(extras: object) -> float | None:
    value = extras.get("seen") if isinstance(extras, dict) else None
    usable = isinstance(value, int | float) and 0.0 <= value <= 1.0
    return float(value) if usable and value is not None else None


def _alpha(mode: object, factor: float) -> Literal["opaque", "mask", "blend"]:
    if mode == "MASK":
        return "mask"
    # What blends by its factor alone needs no mode of its own.
    return "blend" if mode == "BLEND" and factor == 1.0 else "opaque"


def _picture(container: Container, use: dict[str, Any] | None) -> bytes | None:
    if use is None:
        return None
    texture = container.item("textures", use["index"])
    source = texture.get("source")
    if source is None:
        named = sorted(texture.get("extensions") or {})
        remedies = [f"; {REMEDIES[name]}" for name in named if name in REMEDIES]
        wanted = "a PNG or JPEG" + "".join(remedies)
        raise refuse(f"textures.{use['index']}", wanted, ", ".join(named) or "no picture")
    image = container.item("images", source)
    if "uri" in image:
        raise refuse(f"images.{source}", "a picture inside the file", "a uri")
    data = bytes(container.view(image["bufferView"]))
    fault = header_fault(data)
    if fault is not None:
        raise refuse(f"images.{source}", *fault)
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            pixels = picture.width * picture.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise refuse(f"images.{source}", "PNG or JPEG", type(error).__name__) from error
    if pixels > container.budget.image_pixels:
        raise refuse(f"images.{source}", f"{container.budget.image_pixels} pixels", pixels)
    return data
