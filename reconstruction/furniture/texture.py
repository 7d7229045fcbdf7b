"""Furniture textures from one photo: project it, take the light out, complete the unseen side.

A texel takes the photo's colour where the photo shows its own part at a fair angle; else that of
its mirror image; else a colour that continues its surroundings, with the detail of a well seen
patch of the same material. Nothing is stretched from a silhouette's edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..product import Material
from ..render.camera import Camera
from ..render.shading import linear_to_srgb, srgb_to_linear
from ..textured import PhotoView, Textured
from .atlas import Atlas, Look, atlas_size, look, make_atlas, make_sight, per_vertex

_FEATHER = 5.0
_PLAIN = {
    "wood": 0.55, "upholstery": 0.9, "accent": 0.9, "bedding": 0.9, "carpet": 0.95, "border": 0.95,
    "shade": 0.8, "front": 0.5, "plastic": 0.5, "rubber": 0.85, "metal": 0.35, "paint": 0.3,
    "glass": 0.3, "light": 0.4,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Baked:
    """A finished atlas.

    Attributes:
        image: (s, s, 3) uint8 sRGB.
        origin: (s, s) uint8: 2 seen in the photo, 1 taken from the mirror image, 0 invented.
        roughness: by material slot.
    """

    image: NDArray[np.uint8]
    origin: NDArray[np.uint8]
    roughness: dict[str, float]


def project(
    mesh: Mesh,
    camera: Camera,
    photo: NDArray[np.uint8],
    mask: F32,
    *,
    largest: int = 2048,
) -> Textured:
    """Materials for each slot of a mesh, sharing one texture.

    Args:
        camera: of the whole photo, as :func:`furniture_fit.refine` gives it.
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1.
        largest: texels per side at most.
    """
    import cv2

    baked = bake(mesh, camera, photo, mask, largest=largest)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    data = cv2.imencode(".jpg", baked.image[..., ::-1], quality)[1].tobytes()
    materials = {
        slot: Material(texture=data, roughness=roughness, metallic=0.4 if slot == "metal" else 0.0)
        for slot, roughness in baked.roughness.items()
    }
    slots = tuple(materials)
    view = PhotoView(
        screen=camera.project(mesh.vertices, (mask.shape[0], mask.shape[1])),
        faces=mesh.faces,
        face_slot=np.array([slots.index(s) for s in mesh.part_material], np.int32)[mesh.face_part],
        slots=slots,
        uv=mesh.uv,
        size=(mask.shape[0], mask.shape[1]),
        shading=np.ones((1, 1), np.float32),
    )
    return Textured(materials, (view,), baked.origin)


def bake(
    mesh: Mesh,
    camera: Camera,
    photo: NDArray[np.uint8],
    mask: F32,
    *,
    largest: int = 2048,
) -> Baked:
    """The atlas itself; arguments as for :func:`project`."""
    linear = srgb_to_linear(np.ascontiguousarray(photo[..., :3]))
    sight = make_sight(mesh, camera, linear, mask)
    atlas = make_atlas(mesh, atlas_size(mesh, camera, len(photo), largest))
    direct = look(sight, atlas.position, atlas.normal, atlas.part)
    flip = np.array([-1, 1, 1], np.float32)
    mirrored = look(sight, atlas.position * flip, atlas.normal * flip, atlas.part)
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot = np.array([slots.index(s) for s in mesh.part_material], np.int32)[atlas.part]

    typical = _typical(direct, atlas.part, slot, len(mesh.parts), len(slots))
    good, good_mirror = (_plausible(v, atlas.part, typical) for v in (direct, mirrored))
    flat, mirror_flat = _delight(atlas, direct, mirrored, good, slot, len(slots))

    use_mirror = (good_mirror > good) & (good < 0.35)
    colour = np.where(use_mirror[:, None], mirror_flat, flat)
    weight = np.where(use_mirror, good_mirror, good)
    origin = np.where(weight > 0.05, np.where(use_mirror, 1, 2), 0).astype(np.uint8)

    base = _continue(mesh, atlas, colour, weight, slot, len(slots))
    detail = _synthesise(atlas, colour, weight, slot, len(slots))
    invented = base * detail
    alpha = _feather(atlas, weight > 0.05)[:, None] * np.clip(weight * 4, 0, 1)[:, None]
    final = colour * alpha + invented * (1 - alpha)
    roughness = {name: _roughness(name, direct, good, slot == i) for i, name in enumerate(slots)}
    picture = np.zeros((atlas.size, atlas.size), np.uint8)
    picture[atlas.rows, atlas.columns] = origin
    return Baked(linear_to_srgb(atlas.spread(final.astype(np.float32))), picture, roughness)


def _perceived(colour: F32) -> F32:
    """Lightness (halved, for shading matters less) and two chroma axes, roughly Lab's scale."""
    import cv2

    srgb = linear_to_srgb(colour).astype(np.float32)[None] / 255
    lab = cv2.cvtColor(srgb, cv2.COLOR_RGB2Lab)[0]
    return np.asarray(lab * np.array([0.6, 1, 1], np.float32))


def _typical(seen: Look, part: I32, slot: I32, parts: int, slots: int) -> F32:
    """(parts, 4): each part's median colour away from its borders, and how much it varies."""
    shade = _perceived(seen.colour)
    inner = (seen.weight > 0.3) & (seen.edge > 2.5)
    out = np.zeros((parts, 4), np.float32)
    fallback = np.zeros((slots, 4), np.float32)
    for s in range(slots):
        fallback[s] = _middle(shade[inner & (slot == s)])
    for p in range(parts):
        here = part == p
        own = shade[inner & here]
        out[p] = _middle(own) if len(own) > 120 else fallback[slot[here][0] if here.any() else 0]
    return out


def _middle(shade: F32) -> F32:
    if len(shade) == 0:
        return np.array([0, 0, 0, 1e3], np.float32)
    centre = np.median(shade, axis=0)
    spread = np.median(np.linalg.norm(shade - centre, axis=1))
    return np.append(centre, spread).astype(np.float32)


def _plausible(seen: Look, part: I32, typical: F32) -> F32:
    """Weights without the texels near a part's border that show a neighbour's colour."""
    away = np.linalg.norm(_perceived(seen.colour) - typical[part, :3], axis=1)
    limit = np.maximum(3.0 * typical[part, 3], 11.0)
    foreign = (away > limit) & (seen.edge < 9.0)
    wild = away > 2.5 * limit + 15
    return np.where(foreign | wild, 0.0, seen.weight).astype(np.float32)


def _delight(
    atlas: Atlas, direct: Look, mirrored: Look, good: F32, slot: I32, slots: int
) -> tuple[F32, F32]:
    """Both looks' colours with the smooth part of the light divided out.

    Per material the logarithm of the luminance is fitted by a quadratic of the normal, which is
    what soft light on a matt surface does (Ramamoorthi and Hanrahan 2001).
    """
    out = [direct.colour.copy(), mirrored.colour.copy()]
    flip = np.array([-1, 1, 1], np.float32)
    luminance = np.log(np.maximum(direct.colour @ _LUMA, 1e-3))
    for s in range(slots):
        fit = (slot == s) & (good > 0.3)
        if fit.sum() < 400:
            continue
        chosen = np.flatnonzero(fit)[:: max(1, int(fit.sum()) // 20000)]
        basis = _quadratic(atlas.normal[chosen])
        gram = basis.T @ basis + np.diag([1e-3] + [len(chosen) * 0.02] * 8)
        coefficients = np.linalg.solve(
            gram, basis.T @ (luminance[chosen] - luminance[chosen].mean())
        )
        here = slot == s
        for colour, sign in zip(out, (1.0, flip), strict=True):
            smooth = _quadratic(atlas.normal[here] * sign) @ coefficients
            smooth = np.clip(smooth - np.median(basis @ coefficients), -0.6, 0.6)
            colour[here] *= np.exp(-0.75 * smooth)[:, None].astype(np.float32)
    return out[0], out[1]


def _quadratic(normal: F32) -> NDArray[np.float64]:
    x, y, z = normal.astype(np.float64).T
    one = np.ones_like(x)
    return np.stack([one, x, y, z, x * y, y * z, x * z, z * z - 1 / 3, x * x - y * y], axis=1)


_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def _continue(mesh: Mesh, atlas: Atlas, colour: F32, weight: F32, slot: I32, slots: int) -> F32:
    """(t, 3) smooth colours that continue what is seen of each part over the rest of it."""
    from scipy.spatial import cKDTree

    vertex = np.full((len(mesh.vertices), 3), 0.5, np.float32)
    for s in range(slots):
        seen = np.flatnonzero((slot == s) & (weight > 0.4))
        slot_mean = np.median(colour[seen], axis=0) if len(seen) else np.full(3, 0.4, np.float32)
        for p in np.unique(atlas.part[slot == s]):
            faces = mesh.faces[mesh.face_part == p]
            used = np.unique(faces)
            own = np.flatnonzero((atlas.part == p) & (weight > 0.4))
            if len(own) < 60:
                vertex[used] = slot_mean
                continue
            mean = np.median(colour[own], axis=0)
            samples = own[:: max(1, len(own) // 3000)]
            tree = cKDTree(atlas.position[samples])
            distance, index = tree.query(mesh.vertices[used], k=min(24, len(samples)))
            near = np.median(colour[samples][index], axis=1)
            fade = np.exp(-distance.mean(axis=1) / 0.10)[:, None]
            vertex[used] = near * fade + mean * (1 - fade)
    return per_vertex(mesh, atlas, vertex)


def _synthesise(atlas: Atlas, colour: F32, weight: F32, slot: I32, slots: int) -> F32:
    """(t, 3) factors around 1: fine detail of each material, tiled by mirroring."""
    out = np.ones((len(colour), 3), np.float32)
    picture = np.zeros((atlas.size, atlas.size, 3), np.float32)
    picture[atlas.rows, atlas.columns] = colour
    well = weight > 0.5
    for s in range(slots):
        patch = _detail(atlas, picture, well & (slot == s))
        for p in np.unique(atlas.part[slot == s]):
            inside = atlas.part == p
            # A large part has its own grain: a plain seat beside a buttoned back.
            seen = well & inside
            own = _detail(atlas, picture, seen) if seen.sum() > 4000 else None
            detail = patch if own is None else own
            if detail is not None:
                tall, wide = detail.shape[:2]
                rows, columns = atlas.rows[inside], atlas.columns[inside]
                out[inside] = detail[_mirror(rows, tall), _mirror(columns, wide)]
    return out


def _detail(atlas: Atlas, picture: F32, seen: NDArray[np.bool_]) -> F32 | None:
    """The fine structure of the largest seen window: (h, w, 3) factors around 1, or None."""
    import cv2

    marks = np.zeros((atlas.size, atlas.size), np.uint8)
    marks[atlas.rows[seen], atlas.columns[seen]] = 1
    window = _largest_window(marks)
    if window is None:
        return None
    top, left, tall, wide = window
    patch = picture[top : top + tall, left : left + wide]
    # Buttons, highlights and gradients are larger than this; grain and weave are not.
    smooth = cv2.GaussianBlur(patch, (0, 0), 2.5)
    ratio = patch / np.maximum(smooth, 1e-3)
    limit = 2.5 * float(np.median(np.abs(ratio - 1))) + 0.01
    return np.asarray(np.clip(ratio, 1 - limit, 1 + limit), np.float32)


def _mirror(index: I32, length: int) -> I32:
    """Indices folded back and forth into 0 to length - 1."""
    folded = np.mod(index, 2 * length)
    return np.where(folded < length, folded, 2 * length - 1 - folded).astype(np.int32)


def _largest_window(seen: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of a large rectangle that is seen nearly throughout."""
    total = np.pad(np.cumsum(np.cumsum(seen, axis=0, dtype=np.int32), axis=1), ((1, 0), (1, 0)))
    size = len(seen)
    best: tuple[float, tuple[int, int, int, int]] | None = None
    for tall in (12, 20, 32, 52, 84, 136, 220):
        for wide in (12, 20, 32, 52, 84, 136, 220, 356):
            if tall > size or wide > size:
                continue
            step = total[tall::4, wide::4] - total[:-tall:4, wide::4]
            step = step - total[tall::4, :-wide:4] + total[:-tall:4, :-wide:4]
            at = int(step.argmax())
            row, column = divmod(at, step.shape[1])
            full = step[row, column] / (tall * wide)
            value = tall * wide * min(tall, wide) ** 0.5
            if full > 0.985 and (best is None or value > best[0]):
                best = (value, (row * 4, column * 4, tall, wide))
    return best[1] if best else None


def _feather(atlas: Atlas, seen: NDArray[np.bool_]) -> F32:
    """(t,) 0 to 1: rises over a few texels from the border of what is seen."""
    import cv2

    picture = np.zeros((atlas.size, atlas.size), np.uint8)
    picture[atlas.rows[seen], atlas.columns[seen]] = 1
    # Texels off the islands count as seen, so that islands' own rims do not fade.
    covered = np.zeros_like(picture)
    covered[atlas.rows, atlas.columns] = 1
    picture[covered == 0] = 1
    distance = cv2.distanceTransform(picture, cv2.DIST_L2, 3)
    return np.asarray(np.clip(distance[atlas.rows, atlas.columns] / _FEATHER, 0, 1), np.float32)


def _roughness(name: str, seen: Look, weight: F32, here: NDArray[np.bool_]) -> float:
    """A guess from the share of highlights: bright, colourless spots far above the median."""
    usual = _PLAIN.get(name, 0.7)
    colour = seen.colour[here & (weight > 0.5)]
    if len(colour) < 400:
        return usual
    luminance = colour @ _LUMA
    shine = float((luminance > np.median(luminance) * 2.2 + 0.05).mean())
    return float(np.clip(usual - 1.5 * max(shine - 0.01, 0.0), 0.3, 0.95))
