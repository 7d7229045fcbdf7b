"""Other people's meshes from disk: GLB and glTF by our own reader, OBJ, PLY and STL by trimesh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ProductFileError
from ..gltf.pack import pack_gltf
from ..gltf.read import Budget, GlbContents, read_glb
from ..render.shading import srgb_to_linear
from .gate import check_mesh_file

OWN, OTHERS = (".glb", ".gltf"), (".obj", ".ply", ".stl")


def read_mesh_file(path: Path, budget: Budget | None = None) -> GlbContents:
    """A mesh with its materials.

    OBJ's MTL and textures are only looked for in the file's own folder. What has no frame of its
    own is taken to be Y up and in the unit that it is written in.

    Raises:
        ProductFileError: another kind of file, or one that cannot be read; says why.
    """
    limits = budget or Budget()
    suffix = path.suffix.lower()
    if suffix in OWN:
        return read_glb(pack_gltf(path, limits), limits)
    if suffix not in OTHERS:
        raise ProductFileError(
            f"{path.name} is no kind of mesh that can be read",
            field="file",
            expected=", ".join(OWN + OTHERS),
            got=suffix or "no ending",
        )
    return from_screen(read_glb(_as_glb(path, limits), limits))


def from_screen(contents: GlbContents) -> GlbContents:
    """The same with vertex colours that were a screen's (trimesh writes them so) made linear."""
    if contents.color is None:
        return contents
    encoded = np.round(contents.color * 255).astype(np.uint8)
    return replace(contents, color=srgb_to_linear(encoded))


def _as_glb(path: Path, budget: Budget) -> bytes:
    import trimesh

    try:
        check_mesh_file(path, budget)
        scene: Any = trimesh.load_scene(path, file_type=path.suffix[1:].lower())
        data = scene.export(file_type="glb", include_normals=False)
    except ProductFileError:
        raise
    except Exception as fault:  # trimesh raises whatever its parsers do
        raise ProductFileError(
            f"{path.name} cannot be read",
            field="file",
            expected=f"a whole {path.suffix[1:].upper()} of triangles",
            got=f"{type(fault).__name__}: {fault}"[:80],
        ) from fault
    return bytes(data)
