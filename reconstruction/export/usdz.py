"""Products as USDZ, the archive that phones show in AR: metres, Y up, UsdPreviewSurface.

One mesh prim per material slot with its textures beside it, in a zip without compression whose
files start at multiples of 64 bytes (Pixar, "Usdz File Format Specification"). Needs the package
usd-core, the extra ``usdz``.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ProductFileError
from ..gltf.layout import PNG
from ..mesh import Mesh
from ..product import Material, Product
from ..texture.pictures import limited_materials
from ..texture.surfaces import worn_materials

LARGEST = 2048


def write_usdz(product: Product, path: Path | str, *, texture: int = LARGEST) -> Path:
    """Write a product as USDZ, in the shape and colours that it has now; a garment at rest.

    Args:
        texture: longest side of a texture, pixels.

    Raises:
        ProductFileError: usd-core is missing, or the file cannot be written.
    """
    try:
        from pxr import UsdUtils
    except ImportError as fault:
        raise ProductFileError(
            "USDZ needs the package usd-core; install it with: pip install 'showroom[usdz]'",
            field="format",
            expected="usd-core",
            got=str(fault)[:80],
        ) from fault
    target = Path(path)
    materials = limited_materials(worn_materials(product.mesh, product.materials), texture)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.stem}-", dir=target.parent) as work:
            folder = Path(work)
            layer = folder / "product.usdc"
            _write_stage(product, materials, layer)
            packed = folder / "product.usdz"
            if not UsdUtils.CreateNewUsdzPackage(str(layer), str(packed)):
                raise OSError("the package could not be made")
            packed.replace(target)
    except OSError as fault:
        raise ProductFileError(
            f"{target} cannot be written",
            field="file",
            expected="a folder that can be written",
            got=fault.strerror or str(fault),
        ) from fault
    return target


def _write_stage(product: Product, materials: dict[str, Material], layer: Path) -> None:
    from pxr import Kind, Usd, UsdGeom

    stage = Usd.Stage.CreateNew(str(layer))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    root = UsdGeom.Xform.Define(stage, f"/{_identifier(product.id)}")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root.GetPrim()).SetKind(Kind.Tokens.component)
    root.GetPrim().SetDisplayName(product.name.get("en", product.id))
    top = str(root.GetPath())
    UsdGeom.Scope.Define(stage, f"{top}/Geom")
    UsdGeom.Scope.Define(stage, f"{top}/Looks")
    normals = product.mesh.normals()
    files: dict[bytes, str] = {}
    slots = np.array(product.mesh.part_material)[product.mesh.face_part]
    for slot in dict.fromkeys(product.mesh.part_material):
        chosen = slots == slot
        if not chosen.any():
            continue
        look = _material(stage, f"{top}/Looks/{_identifier(slot)}", materials[slot], layer, files)
        _mesh(stage, f"{top}/Geom/{_identifier(slot)}", product.mesh, chosen, normals, look,
              materials[slot].double_sided)  # fmt: skip
    stage.GetRootLayer().Save()


def _mesh(
    stage: Any,
    path: str,
    mesh: Mesh,
    chosen: np.ndarray[Any, Any],
    normals: np.ndarray[Any, Any],
    look: Any,
    double_sided: bool,
) -> None:
    from pxr import Sdf, UsdGeom, UsdShade, Vt

    faces = mesh.faces[chosen]
    used, local = np.unique(faces, return_inverse=True)
    prim = UsdGeom.Mesh.Define(stage, path)
    points = np.ascontiguousarray(mesh.vertices[used])
    prim.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(faces), 3, np.int32)))
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(local.reshape(-1).astype(np.int32)))
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    prim.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(normals[used])))
    prim.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    prim.CreateExtentAttr(
        Vt.Vec3fArray.FromNumpy(np.stack([points.min(axis=0), points.max(axis=0)]))
    )
    prim.CreateDoubleSidedAttr(double_sided)
    # USD's (0, 0) is the lower left corner of a texture.
    uv = mesh.uv[used] * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)
    st = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
    )
    st.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(uv, np.float32)))
    UsdShade.MaterialBindingAPI.Apply(prim.GetPrim()).Bind(look)


def _material(
    stage: Any, path: str, material: Material, layer: Path, files: dict[bytes, str]
) -> Any:
    from pxr import Gf, Sdf, UsdShade

    types = Sdf.ValueTypeNames
    look = UsdShade.Material.Define(stage, path)
    surface = UsdShade.Shader.Define(stage, f"{path}/surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    look.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    surface.CreateInput("roughness", types.Float).Set(material.roughness)
    surface.CreateInput("metallic", types.Float).Set(material.metallic)
    color = surface.CreateInput("diffuseColor", types.Color3f)
    color.Set(Gf.Vec3f(*(float(c) for c in material.base_color[:3])))
    opacity = surface.CreateInput("opacity", types.Float)
    opacity.Set(float(material.base_color[3]))
    if material.alpha == "mask":
        surface.CreateInput("opacityThreshold", types.Float).Set(0.5)
    if material.texture is None and material.normal is None:
        return look
    reader = UsdShade.Shader.Define(stage, f"{path}/st")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", types.String).Set("st")
    reader.CreateOutput("result", types.Float2)

    def sampled(name: str, data: bytes, space: str) -> Any:
        texture = UsdShade.Shader.Define(stage, f"{path}/{name}")
        texture.CreateIdAttr("UsdUVTexture")
        texture.CreateInput("file", types.Asset).Set(_stored(data, layer, files))
        texture.CreateInput("sourceColorSpace", types.Token).Set(space)
        for wrap in ("wrapS", "wrapT"):
            texture.CreateInput(wrap, types.Token).Set("repeat")
        texture.CreateInput("st", types.Float2).ConnectToSource(reader.ConnectableAPI(), "result")
        texture.CreateOutput("rgb", types.Float3)
        return texture

    if material.texture is not None:
        base = sampled("base_color", material.texture, "sRGB")
        scale = Gf.Vec4f(*(float(c) for c in material.base_color))
        base.CreateInput("scale", types.Float4).Set(scale)
        color.ConnectToSource(base.ConnectableAPI(), "rgb")
        if material.alpha != "opaque":
            base.CreateOutput("a", types.Float)
            opacity.ConnectToSource(base.ConnectableAPI(), "a")
    if material.normal is not None:
        bumps = sampled("normal", material.normal, "raw")
        bumps.CreateInput("scale", types.Float4).Set(Gf.Vec4f(2, 2, 2, 1))
        bumps.CreateInput("bias", types.Float4).Set(Gf.Vec4f(-1, -1, -1, 0))
        surface.CreateInput("normal", types.Normal3f).ConnectToSource(bumps.ConnectableAPI(), "rgb")
    return look


def _stored(data: bytes, layer: Path, files: dict[bytes, str]) -> str:
    """The name of a texture's file beside the layer; equal textures are stored once."""
    if data not in files:
        name = f"texture_{len(files)}.{'png' if data.startswith(PNG) else 'jpg'}"
        (layer.parent / name).write_bytes(data)
        files[data] = name
    return files[data]


def _identifier(name: str) -> str:
    """A name that USD allows: letters, digits and underscores, no digit first."""
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name) or "part"
    return f"_{clean}" if clean[0].isdigit() else clean
