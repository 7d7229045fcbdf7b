"""Textures of solid products from photos: project, take the light out, complete the unseen side.

A texel takes the colour of the photos that show its own part at a fair angle; else that of its
mirror image; else a colour that continues its surroundings, with the detail of a well seen patch
of the same material. Nothing is stretched from a silhouette's edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..product import Material
from ..render.camera import Camera
from ..texture.relief import encode, looks_metallic, normal_map, roughness
from ..texture.synthesis import detail, grain_along_rows, largest_window, lay, tile
from ..texture.textured import PhotoView, Textured
from .atlas import SEEN, Painted, atlas_size, grow, mirror_parts, paint
from .sight import Sight, balanced, make_sight

U8 = NDArray[np.uint8]
Shot = tuple[Camera, U8, F32]
"""A camera of the whole photo, the photo (h, w, 3) uint8 sRGB, and its mask (h, w) 0 to 1."""

_USUAL = {
    "fabric": 0.9, "trim": 0.9, "upper": 0.6, "sole": 0.8, "lining": 0.9,
    "wood": 0.55, "upholstery": 0.9, "accent": 0.9, "bedding": 0.9, "carpet": 0.95, "border": 0.95,
    "shade": 0.8, "front": 0.5, "plastic": 0.5, "rubber": 0.85, "leather": 0.5, "metal": 0.35,
    "chrome": 0.2, "paint": 0.3, "glass": 0.3, "light": 0.4, "lens": 0.3, "ceramic": 0.4,
}  # fmt: skip
"""Roughness of materials without any sign of gloss; others 0.7."""
_METALS = ("metal", "chrome", "steel", "brass")
_NEAR = 0.10
"""Colours are continued over this share of the product's size, then fade to the part's own."""


@dataclass(frozen=True, eq=False)
class Baked:
    """A finished atlas.

    Attributes:
        image: (s, s, 3) uint8 sRGB.
        painted: how it was come by.
        sights: the photos as they were used.
    """

    image: U8
    painted: Painted
    sights: tuple[Sight, ...]

    @property
    def origin(self) -> U8:
        """(s, s) uint8: 2 seen in a photo, 1 taken from the mirror image, 0 invented."""
        return self.painted.origin


def project(mesh: Mesh, shots: Sequence[Shot], *, largest: int = 2048) -> Textured:
    """Materials for each slot of a mesh, sharing one texture.

    Args:
        shots: the main photo first; cameras as :func:`furniture.fit.refine` gives them.
        largest: texels per side at most.
    """
    baked = bake(mesh, shots, largest=largest)
    texture = encode(baked.image)
    relief = normal_map(baked.image, baked.painted.part >= 0)
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of = np.array([slots.index(s) for s in mesh.part_material], np.int32)
    seen = _seen_share(baked.painted, slot_of, len(slots))
    materials = {}
    for i, slot in enumerate(slots):
        pixels = _photographed(baked.sights[0], slot_of == i)
        materials[slot] = Material(
            texture=texture,
            normal=relief,
            roughness=roughness(pixels, _USUAL.get(slot, 0.7)),
            metallic=1.0 if slot in _METALS and looks_metallic(pixels) else 0.0,
            seen=seen[i],
        )
    views = tuple(_view(mesh, s, slots, slot_of) for s in baked.sights)
    return Textured(materials, views, baked.origin)


def bake(mesh: Mesh, shots: Sequence[Shot], *, largest: int = 2048) -> Baked:
    """The atlas itself; arguments as for :func:`project`."""
    normals = mesh.normals()
    sights = balanced([make_sight(mesh, normals, c, p, m) for c, p, m in shots], mesh)
    size = max(atlas_size(mesh, c, len(p), largest) for c, p, _ in shots)
    mirror = mirror_parts(mesh)
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of = np.array([slots.index(s) for s in mesh.part_material], np.int32)
    base = _continued(mesh, sights, mirror, slot_of, len(slots))
    painted = paint(mesh, normals, sights, base, mirror, size)
    _complete(painted, slot_of, len(slots))
    grow(painted.image, painted.part)
    return Baked(painted.image, painted, tuple(sights))


def _view(mesh: Mesh, sight: Sight, slots: tuple[str, ...], slot_of: I32) -> PhotoView:
    top, left = sight.corner
    tall, wide = sight.light.shape
    shading = np.ones(sight.size, np.float32)
    shading[top : top + tall, left : left + wide] = sight.light
    return PhotoView(
        screen=sight.screen,
        faces=mesh.faces,
        face_slot=slot_of[mesh.face_part],
        slots=slots,
        uv=mesh.uv,
        size=sight.size,
        shading=shading,
    )


def _photographed(sight: Sight, chosen: NDArray[np.bool_]) -> F32:
    """(k, 3) linear colours of some parts as photographed, light and all."""
    where = np.flatnonzero((sight.part.ravel() >= 0) & (sight.weight.ravel() > 0.9))
    where = where[chosen[sight.part.ravel()[where]]]
    where = where[:: max(1, len(where) // 20000)]
    return np.asarray(sight.colour.reshape(-1, 3)[where] * sight.light.ravel()[where, None])


def _seen_share(painted: Painted, slot_of: I32, slots: int) -> list[float]:
    """Share of each slot's texels that come from a photo."""
    parts = len(slot_of)
    texels = painted.part[::2, ::2].ravel()
    worn = texels >= 0
    total = np.bincount(texels[worn], minlength=parts)
    seen = np.bincount(texels[worn & (painted.origin[::2, ::2].ravel() == SEEN)], minlength=parts)
    return [
        float(seen[slot_of == i].sum() / max(total[slot_of == i].sum(), 1)) for i in range(slots)
    ]


def _continued(mesh: Mesh, sights: Sequence[Sight], mirror: I32, slot_of: I32, slots: int) -> F32:
    """(n, 3) linear colours of the vertices that continue what is seen of each part."""
    from scipy.spatial import cKDTree

    place, colour, part = _samples(mesh, sights, mirror)
    out = np.full((len(mesh.vertices), 3), 0.4, np.float32)
    reach = _NEAR * max(mesh.size)
    for s in range(slots):
        of_slot = slot_of[part] == s
        mean = np.median(colour[of_slot], axis=0) if of_slot.any() else np.full(3, 0.4)
        for p in np.flatnonzero(slot_of == s):
            used = np.unique(mesh.faces[mesh.face_part == p])
            own = np.flatnonzero(part == p)
            if len(own) < 40:
                out[used] = mean
                continue
            own = own[:: max(1, len(own) // 1500)]
            middle = np.median(colour[own], axis=0)
            distance, index = cKDTree(place[own]).query(mesh.vertices[used], k=min(16, len(own)))
            near = np.median(colour[own][index], axis=1)
            fade = np.exp(-distance.mean(axis=1) / reach)[:, None]
            out[used] = near * fade + middle * (1 - fade)
    return out


def _samples(mesh: Mesh, sights: Sequence[Sight], mirror: I32) -> tuple[F32, F32, I32]:
    """Well seen places (k, 3) of the surface with colour (k, 3) and part, and their mirrors."""
    places, colours, parts = [], [], []
    for sight in sights:
        where = np.flatnonzero((sight.weight.ravel() > 0.9) & (sight.part.ravel() >= 0))
        where = where[:: max(1, len(where) // 40000)]
        bary = sight.bary.reshape(-1, 3)[where]
        corners = mesh.faces[sight.face.ravel()[where]]
        place = np.einsum("tc,tcd->td", bary, mesh.vertices[corners]).astype(np.float32)
        part = sight.part.ravel()[where]
        colour = sight.colour.reshape(-1, 3)[where]
        # Part p wears at its place what its twin wears at the mirrored place.
        twin = np.full(len(mirror), -1, np.int32)
        twin[mirror[mirror >= 0]] = np.flatnonzero(mirror >= 0)
        other = twin[part]
        paired = other >= 0
        places += [place, place[paired] * np.array([-1, 1, 1], np.float32)]
        colours += [colour, colour[paired]]
        parts += [part, other[paired]]
    return np.concatenate(places), np.concatenate(colours), np.concatenate(parts)


def _complete(painted: Painted, slot_of: I32, slots: int) -> None:
    """Give unseen texels their material's detail, in place."""
    rng = np.random.default_rng(5)
    tiles: list[F32] = []
    tile_of = np.full(len(slot_of), -1, np.int32)
    well = painted.cover > 250
    counts = np.bincount(painted.part[well], minlength=len(slot_of))
    for s in range(slots):
        members = np.flatnonzero(slot_of == s)
        common = -1
        # A large part has its own grain: a plain seat beside a buttoned back.
        for p in sorted(members, key=lambda p: -counts[p]):
            if counts[p] < 3000:
                break
            fine = _exemplar(painted, well & (painted.part == p))
            if fine is None:
                continue
            tile_of[p] = len(tiles)
            tiles.append(tile(fine, rng))
            if common < 0:
                # Islands lie with their long side along the rows, and so does wood's grain.
                along = grain_along_rows(fine)
                turned = np.ascontiguousarray(fine.transpose(1, 0, 2))
                common = len(tiles)
                tiles.append(tile(turned, rng) if along < -0.2 else tiles[-1])
        tile_of[members[tile_of[members] < 0]] = common
    if tiles:
        lay(painted.image, painted.cover, painted.part, tile_of, np.stack(tiles))


def _exemplar(painted: Painted, seen: NDArray[np.bool_]) -> F32 | None:
    window = largest_window(seen)
    if window is None:
        return None
    top, left, tall, wide = window
    return detail(painted.image[top : top + tall, left : left + wide])
