"""Products in the formats that shops, phones and other programs ask for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import ProductFileError
from ..gltf.glb import product_glb
from ..gltf.layout import PNG
from ..gltf.meshopt_write import compressed
from ..gltf.quantize import quantized
from ..product import Product
from ..texture.pictures import limited_materials
from ..texture.surfaces import worn_materials

COMPACT_TEXTURE = 1024


def export_product(
    product: Product, format: str, path: Path | str, *, texture: int | None = None
) -> Path:
    """Write a product as one file (OBJ: with its MTL and textures beside it).

    Args:
        format: one of :data:`FORMATS`.
        texture: longest side of a texture, pixels; as it is, or 1024 in compact GLBs, if None.

    Raises:
        ProductFileError: an unknown format, or the file cannot be written.
    """
    target = Path(path)
    if format not in FORMATS:
        raise ProductFileError(
            f"there is no format {format!r}",
            field="format",
            expected=", ".join(FORMATS),
            got=format[:40],
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        FORMATS[format](product, target, texture)
    except OSError as fault:
        raise ProductFileError(
            f"{target} cannot be written",
            field="file",
            expected="a folder that can be written",
            got=fault.strerror or type(fault).__name__,
        ) from fault
    return target


def compact_glb(product: Product, texture: int = COMPACT_TEXTURE) -> bytes:
    """The product as a small GLB: quantised, with textures of at most ``texture`` pixels."""
    return quantized(product_glb(_limited(product, texture)))


def _limited(product: Product, texture: int | None) -> Product:
    if texture is None:
        return product
    variants = tuple(
        replace(v, materials=limited_materials(v.materials, texture)) for v in product.variants
    )
    materials = limited_materials(product.materials, texture)
    return replace(product, materials=materials, variants=variants)


def _glb(product: Product, path: Path, texture: int | None) -> None:
    _replace(path, product_glb(_limited(product, texture)))


def _compact(product: Product, path: Path, texture: int | None) -> None:
    _replace(path, compact_glb(product, texture or COMPACT_TEXTURE))


def _meshopt(product: Product, path: Path, texture: int | None) -> None:
    _replace(path, compressed(product_glb(_limited(product, texture or COMPACT_TEXTURE))))


def _usdz(product: Product, path: Path, texture: int | None) -> None:
    from .usdz import LARGEST, write_usdz

    write_usdz(product, path, texture=texture or LARGEST)


def _obj(product: Product, path: Path, texture: int | None) -> None:
    """Wavefront OBJ in metres, Y up; UVs from the lower left corner, as OBJ has them."""
    mesh = product.mesh
    limited = _limited(product, texture)
    materials = worn_materials(mesh, limited.materials)
    lines = [f"# {product.id}: metres, Y up, front towards +Z", f"mtllib {path.stem}.mtl"]
    lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"vt {u:.6f} {1 - v:.6f}" for u, v in mesh.uv.tolist()]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.normals().tolist()]
    for number, (part, slot) in enumerate(zip(mesh.parts, mesh.part_material, strict=True)):
        faces = mesh.faces[mesh.face_part == number] + 1
        if len(faces):
            lines += [f"g {_word(part)}", f"usemtl {_word(slot)}"]
            lines += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in faces.tolist()]
    table: list[str] = []
    pictures: dict[bytes, str] = {}
    for slot in dict.fromkeys(mesh.part_material):
        material = materials[slot]
        linear = np.array(material.base_color[:3])
        r, g, b = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        table += [f"newmtl {_word(slot)}", f"Kd {r:.5f} {g:.5f} {b:.5f}"]
        # The PBR terms that readers of MTL agree on (Clara.io's extension).
        table += [f"d {material.base_color[3]:.4f}", f"Pr {material.roughness:.4f}"]
        table += [f"Pm {material.metallic:.4f}"]
        for key, data in (("map_Kd", material.texture), ("norm", material.normal)):
            if data is not None:
                ending = "png" if data.startswith(PNG) else "jpg"
                name = pictures.setdefault(data, f"{path.stem}_{len(pictures)}.{ending}")
                table.append(f"{key} {name}")
    files: Mapping[str, bytes] = {
        **{name: data for data, name in pictures.items()},
        f"{path.stem}.mtl": "\n".join([*table, ""]).encode(),
        path.name: "\n".join([*lines, ""]).encode(),
    }
    work = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=path.parent))
    try:
        for name, data in files.items():
            (work / name).write_bytes(data)
        for name in files:  # the OBJ last: who sees it finds the others
            (work / name).replace(path.parent / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _word(name: str) -> str:
    return "_".join(name.split()) or "part"


def _replace(path: Path, data: bytes) -> None:
    work = path.with_name(f".{path.name}.new")
    try:
        work.write_bytes(data)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)


FORMATS: Mapping[str, Callable[[Product, Path, int | None], None]] = {
    "glb": _glb,
    "glb-compact": _compact,
    "glb-meshopt": _meshopt,
    "usdz": _usdz,
    "obj": _obj,
}
"""What :func:`export_product` can write."""
