"""Lower levels of detail of a product: half and a fifth of its triangles, smaller textures.

A level's vertices are a subset of the product's own (:mod:`reconstruction.meshes.simplify`), with
their UVs, normals and skin. It looks the same from further away and moves with the same bones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..gltf.glb import product_extras, write_glb
from ..mesh import F32, I32, Mesh
from ..meshes.simplify import simplify
from ..product import Product
from ..texture.pictures import limited_materials
from ..texture.surfaces import worn_materials


@dataclass(frozen=True)
class LodSettings:
    """What one level may cost.

    Attributes:
        share: of the product's triangles.
        error: root mean square error that a collapse may make, as a share of the diagonal of the
            product's box; triangles stay that could only go at a higher one.
        texture: longest side of its textures, pixels.
    """

    share: float
    error: float
    texture: int


LEVELS = (LodSettings(0.5, 0.004, 1024), LodSettings(0.2, 0.01, 512))


@dataclass(frozen=True, eq=False)
class Lod:
    """One level.

    Attributes:
        source: (n,) int32: the vertex of the product's mesh that each vertex is; a re-fitted mesh
            of the same topology gives this level by ``vertices[source]``.
        normals: (n, 3) float32, those of the product's mesh.
    """

    mesh: Mesh
    source: I32
    normals: F32
    settings: LodSettings


def make_lods(mesh: Mesh, levels: tuple[LodSettings, ...] = LEVELS) -> tuple[Lod, ...]:
    """The levels of a mesh, finest first; each is made from the one before."""
    normals = mesh.normals()
    diagonal = float(np.linalg.norm(mesh.size))
    small, source = mesh, np.arange(len(mesh.vertices), dtype=np.int32)
    made = []
    for level in levels:
        goal = round(level.share * len(mesh.faces))
        small, kept = simplify(small, goal, level.error * diagonal)
        source = source[kept]
        made.append(Lod(small, source, normals[source], level))
    return tuple(made)


def lod_glb(product: Product, lod: Lod, *, copyright: str = "") -> bytes:
    """A level as GLB, with the product's colourways.

    Raises:
        ProductFileError: as :func:`reconstruction.gltf.glb.write_glb`.
    """
    side = lod.settings.texture
    materials = worn_materials(product.mesh, product.materials)
    return write_glb(
        lod.mesh,
        limited_materials(materials, side),
        name=product.id,
        variants=[
            replace(v, materials=limited_materials(v.materials, side)) for v in product.variants
        ],
        extras=product_extras(product),
        copyright=copyright or product.license,
        normals=lod.normals,
    )
