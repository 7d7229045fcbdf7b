"""Meshes that other programs made, cleaned: specks, hidden shells and holes gone, few triangles.

What photo-to-mesh networks give has loose specks, surfaces inside the surface and holes; what an
artist gives is taken as it is, but for its size. Neither loses its texture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ProductFileError
from ..gltf.read import GlbContents
from ..mesh import F32, I32, Mesh
from ..product import Material
from ..render.camera import frame_camera
from ..render.shading import linear_to_srgb, sample_texture
from ..render.zbuffer import render
from ..texture.pictures import open_picture
from .holes import capped, open_edges
from .isosurface import bare, isosurface
from .rays import Caster
from .simplify import point_groups, simplify, subset
from .unwrap import make_texels, unwrap, vertex_picture

BUDGET = 20_000
_SPECK = 0.01  # a piece with less of the largest's area is loose dirt
_VIEWS = [(k * np.pi / 4, e) for k in range(8) for e in (-0.5, 0.25, 0.8)] + [(0, 1.5), (0, -1.5)]
_VIEW_SIZE = 320
_CELLS = 80
_TEXTURE = 1024


@dataclass(frozen=True)
class Cleaning:
    """What was done to a mesh.

    Attributes:
        loose, hidden: how many pieces were dropped as specks, and as never visible.
        capped: whether it had holes that were closed.
        remeshed: whether its surface was none still, and was made anew.
        triangles: before and after.
    """

    loose: int
    hidden: int
    capped: bool
    remeshed: bool
    triangles: tuple[int, int]


def clean(contents: GlbContents, budget: int = BUDGET) -> tuple[GlbContents, Cleaning]:
    """A network's mesh, cleaned and within the budget of triangles.

    Raises:
        ProductFileError: nothing of it can be seen.
    """
    before = len(contents.mesh.faces)
    contents, loose = _without_specks(contents)
    contents, hidden = _without_hidden(contents)
    mesh, source = capped(contents.mesh)
    holes = len(mesh.faces) > len(contents.mesh.faces)
    color = None if contents.color is None else contents.color[source]
    contents = replace(contents, mesh=mesh, color=color)
    remeshed = bool(open_edges(mesh))
    if remeshed:
        contents = _remeshed(contents, budget)
    contents = lighter(painted(contents), budget)
    done = Cleaning(loose, hidden, holes, remeshed, (before, len(contents.mesh.faces)))
    return contents, done


def lighter(contents: GlbContents, budget: int = BUDGET) -> GlbContents:
    """The same within a budget of triangles, as far as its seams allow."""
    if len(contents.mesh.faces) <= budget:
        return contents
    mesh, kept = simplify(contents.mesh, budget)
    color = None if contents.color is None else contents.color[kept]
    return replace(contents, mesh=mesh, color=color)


def painted(contents: GlbContents) -> GlbContents:
    """Colours of vertices turned into a texture, where there is no other."""
    color = contents.color
    if color is None or any(m.texture for m in contents.materials.values()):
        return contents
    cut, source = unwrap(contents.mesh)
    texels = make_texels(cut, _TEXTURE)
    picture = vertex_picture(cut, color[source], _TEXTURE)[texels.rows, texels.columns]
    material = texture_material(texels.spread(picture))
    slots = dict.fromkeys(cut.part_material, material)
    return replace(contents, mesh=cut, materials=slots, color=None)


def _pieces(mesh: Mesh) -> tuple[I32, NDArray[np.float64]]:
    """(m,) the connected piece of each face, and the area of each piece."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    faces = point_groups(mesh)[mesh.faces]
    count = int(faces.max()) + 1
    rows, columns = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (count, count))
    label = connected_components(graph, directed=False)[1][faces[:, 0]]
    label = np.asarray(np.unique(label, return_inverse=True)[1], np.int32)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return label, np.asarray(np.bincount(label, area), np.float64)


def _without_specks(contents: GlbContents) -> tuple[GlbContents, int]:
    label, area = _pieces(contents.mesh)
    keep = area >= _SPECK * area.max()
    return _only(contents, keep[label]), int((~keep).sum())


def _without_hidden(contents: GlbContents) -> tuple[GlbContents, int]:
    """Without the pieces that cannot be seen from anywhere outside."""
    mesh = contents.mesh
    label, area = _pieces(mesh)
    if len(area) == 1:
        return contents, 0
    seen = np.zeros(len(area), bool)
    for azimuth, elevation in _VIEWS:
        camera = frame_camera(mesh.vertices, azimuth, elevation)
        shown = render(mesh.vertices, mesh.faces, camera, (_VIEW_SIZE, _VIEW_SIZE)).face_id
        seen[label[shown[shown >= 0]]] = True
    if not seen.any():
        raise ProductFileError(
            "nothing of the mesh can be seen",
            field="mesh",
            expected="a surface",
            got="degenerate triangles",
        )
    return _only(contents, seen[label]), int((~seen).sum())


def _only(contents: GlbContents, faces: NDArray[np.bool_]) -> GlbContents:
    if faces.all():
        return contents
    mesh, kept = subset(contents.mesh, contents.mesh.faces[faces], contents.mesh.face_part[faces])
    color = None if contents.color is None else contents.color[kept]
    return replace(contents, mesh=mesh, color=color)


def _remeshed(contents: GlbContents, budget: int) -> GlbContents:
    """A closed surface around the same volume, with the colours of what is nearest."""
    mesh = contents.mesh
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    step = float((high - low).max()) / _CELLS
    corner = low - 2.5 * step
    count = np.ceil((high - low) / step).astype(int) + 6
    axes = [corner[k] + step * np.arange(count[k]) for k in range(3)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)
    caster = Caster(mesh.vertices, mesh.faces)
    inside = _enclosed(caster, nodes, step)
    field = _signed(mesh, caster, nodes, inside, step)
    vertices, faces = isosurface(field, corner.astype(np.float64), step, 0.1 * step)
    body, _ = simplify(bare(vertices, faces), budget)
    cut, _ = unwrap(body)
    texels = make_texels(cut, _TEXTURE)
    colors = colors_near(contents, caster, texels.position, texels.normal, step)
    return GlbContents(
        cut,
        {"body": texture_material(texels.spread(colors))},
        (),
        contents.extras,
        None,
        contents.license,
    )


def _enclosed(caster: Caster, nodes: F32, step: float) -> NDArray[np.bool_]:
    """(a, b, c) which nodes of a grid no ray along an axis reaches from outside."""
    shape = nodes.shape[:3]
    open_ = np.zeros(shape, bool)
    for axis in range(3):
        for sign in (1, -1):
            side = np.take(nodes, 0 if sign > 0 else -1, axis=axis).reshape(-1, 3)
            way = np.zeros_like(side)
            way[:, axis] = sign
            far = caster.first(side, way)[2].reshape(np.delete(shape, axis))
            far[~np.isfinite(far)] = 0  # through a hole; other directions decide
            steps = np.moveaxis(np.arange(shape[axis])[::sign, None, None] * step, 0, axis)
            open_ |= steps < np.expand_dims(far, axis)
    # What sees through a hole in every direction is outside too: it touches the grid's side.
    from scipy.ndimage import label

    pieces, _ = label(~open_)
    rim = np.ones(shape, bool)
    rim[1:-1, 1:-1, 1:-1] = False
    return np.asarray(~open_ & ~np.isin(pieces, np.unique(pieces[rim & ~open_])))


def _signed(mesh: Mesh, caster: Caster, nodes: F32, inside: NDArray[np.bool_], step: float) -> F32:
    """(a, b, c) signed distance: exact near the surface, rough elsewhere.

    A sheet without an inside is given one, half a cell thick on either side.
    """
    from scipy.ndimage import binary_dilation

    corners = mesh.vertices[mesh.faces]
    rng = np.random.default_rng(0)
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    ).astype(np.float64)
    count = int(min(4 * area.sum() / 2 / step**2 + len(corners), 400_000))
    chosen = rng.choice(len(corners), count, p=area / area.sum())
    share = rng.dirichlet((1, 1, 1), count)
    samples = np.concatenate([np.einsum("sc,scd->sd", share, corners[chosen]), mesh.vertices])
    at = np.round((samples - nodes[0, 0, 0]) / step).astype(int)
    near = np.zeros(nodes.shape[:3], bool)
    near[tuple(at.T)] = True
    near = binary_dilation(near, iterations=2) | (binary_dilation(inside) & ~inside)
    exact = caster.distance(nodes[near])
    field = np.where(inside, 3 * step, -3 * step).astype(np.float32)
    field[near] = np.maximum(np.where(inside[near], exact, -exact), 0.5 * step - exact)
    return field


def colors_near(
    contents: GlbContents, caster: Caster, position: F32, normal: F32, step: float
) -> F32:
    """(t, 3) linear colours of an old surface just inside of points on a new one.

    Args:
        caster: of the old surface's mesh.
        position, normal: (t, 3) on the new one.
        step: how far outside of it the look inwards begins, metres.
    """
    mesh = contents.mesh
    reach = 3.0 * step
    face, bary, _ = caster.first(position + normal * np.float32(step), -normal)
    hit = face >= 0
    missed = np.flatnonzero(~hit)
    out = np.full((len(position), 3), 0.5, np.float32)
    corners = mesh.faces[np.maximum(face, 0)]
    slots = np.array(mesh.part_material)[mesh.face_part[np.maximum(face, 0)]]
    uv = np.einsum("tc,tck->tk", bary, mesh.uv[corners]).astype(np.float32)
    for slot, material in contents.materials.items():
        here = hit & (slots == slot)
        if not here.any():
            continue
        factor = np.array(material.base_color[:3], np.float32)
        if material.texture is not None:
            out[here] = sample_texture(picture_of(material.texture), uv[here] % 1.0) * factor
        elif contents.color is None:
            out[here] = factor
    if contents.color is not None:
        mixed = np.einsum("tc,tck->tk", bary, contents.color[corners]).astype(np.float32)
        plain = hit & ~np.isin(slots, [s for s, m in contents.materials.items() if m.texture])
        out[plain] = mixed[plain]
    if len(missed) and hit.any():
        from scipy.spatial import cKDTree

        sure = np.flatnonzero(hit)[:: max(1, int(hit.sum()) // 20000)]
        near = cKDTree(position[sure]).query(position[missed], distance_upper_bound=reach * 20)[1]
        out[missed] = out[sure[near.clip(0, len(sure) - 1)]]
    return out


def picture_of(data: bytes) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 of an encoded texture.

    Raises:
        ProductFileError: it cannot be decoded.
    """
    try:
        return np.asarray(open_picture(data).convert("RGB"))
    except (OSError, ValueError, SyntaxError) as fault:
        raise ProductFileError(
            "a texture cannot be decoded",
            field="materials.texture",
            expected="a whole PNG or JPEG",
            got=type(fault).__name__,
        ) from fault


def texture_material(linear: F32) -> Material:
    """A plain material of a texture, (h, w, 3) float32 linear RGB."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(linear_to_srgb(linear)).save(stream, "JPEG", quality=92, subsampling=0)
    return Material(texture=stream.getvalue(), roughness=0.8)
