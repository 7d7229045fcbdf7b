"""Floors, walls, materials and clutter around a product that is photographed for scoring."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.textures import F32, Rng, colour, fabric, noise
from .raytrace import Body

U8 = NDArray[np.uint8]
Style = Literal["studio", "white", "room", "clutter"]
STYLES: tuple[Style, ...] = ("studio", "white", "room", "clutter")

METALS = frozenset({"metal", "chrome"})
_WOVEN = frozenset(
    {"upholstery", "fabric", "trim", "upper", "lining", "accent", "carpet", "border", "bedding"}
)
_ROUGH = {"metal": 0.3, "chrome": 0.2, "glass": 0.1, "lens": 0.1, "paint": 0.35, "plastic": 0.4}
_GREY = {"glass": (0.03, 0.3), "metal": (0.3, 0.9), "rubber": (0.02, 0.15), "light": (0.8, 1.0)}


def to_bytes(picture: F32) -> U8:
    """(h, w, 3) float32 of 0 to 1 to bytes."""
    return np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)


def timber(rng: Rng, size: int = 512) -> U8:
    """Wood of a random tone, with grain along x."""
    dark = rng.uniform(0.25, 1.0)
    tone = np.array([0.86, 0.66, 0.45]) * dark + rng.uniform(-0.04, 0.04, 3)
    grain = noise(rng, size, 110, 12) * 0.05 + noise(rng, size, 24, 7) * 0.05
    return to_bytes((tone * (1 + grain)[..., None]).astype(np.float32))


def cloth(rng: Rng, size: int = 512, tone: F32 | None = None) -> U8:
    """Woven cloth: of one tone with a weave, or patterned."""
    if tone is None and rng.random() < 0.5:
        return to_bytes(fabric(rng, size))
    base = colour(rng, 0.6) if tone is None else tone
    weave = 0.04 * noise(rng, size, size // 3, 5) + 0.04 * noise(rng, size, size // 3, 5).T
    return to_bytes(base * (1 + weave)[..., None])


def material(rng: Rng, slot: str, style: Style) -> tuple[U8, float]:
    """A texture and a roughness for a material slot; near white where the style is white."""
    rough = _ROUGH.get(slot, 0.9)
    if style == "white":
        tone = np.float32(rng.uniform(0.78, 0.95)) + rng.uniform(-0.02, 0.02, 3)
        return cloth(rng, tone=tone.astype(np.float32)), rough
    if slot in _WOVEN:
        return cloth(rng), rough
    if slot == "wood" or (slot == "front" and rng.random() < 0.6):
        return timber(rng), 0.55
    plain = np.ones((8, 8, 3), np.float32)
    if slot in _GREY:
        return to_bytes(plain * np.float32(rng.uniform(*_GREY[slot]))), rough
    return to_bytes(plain * colour(rng, 0.8)), min(rough, 0.6)


def quad(corners: NDArray[np.float64], texture: U8, repeat: float = 1.0) -> Body:
    """A rectangle of four corners (4, 3), counter-clockwise seen from its lit side."""
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * repeat
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Body(np.asarray(corners, np.float32), faces, uv, texture, roughness=0.9)


def floor(reach: float, texture: U8, height: float = -1e-3, repeat: float = 1.0) -> Body:
    """A square floor of half side ``reach`` metres."""
    x, z = reach, reach
    corners = [[-x, height, z], [x, height, z], [x, height, -z], [-x, height, -z]]
    return quad(np.array(corners), texture, repeat)


def sweep(size: float, white: bool, rng: Rng) -> list[Body]:
    """A studio's paper: floor and back wall in one curve, for a product of ``size`` metres."""
    behind, reach = -1.3 * size, 7 * size
    line = [(4 * size, 0.0), (behind, 0.0)]
    bend = 0.9 * size
    line += [
        (behind - bend * math.sin(t), bend - bend * math.cos(t)) for t in np.linspace(0.1, 1.57, 12)
    ]
    line.append((behind - bend, 6 * size))
    rows = np.array([[x, y - 1e-3, z] for z, y in line for x in (-reach, reach)], np.float32)
    i = np.arange(len(line) - 1, dtype=np.int32) * 2
    faces = np.concatenate([np.stack([i, i + 1, i + 3], 1), np.stack([i, i + 3, i + 2], 1)])
    tone = rng.uniform(0.93, 0.98) if white else rng.uniform(0.55, 0.92)
    cast = rng.uniform(-0.015, 0.015, 3)
    paper = to_bytes(np.ones((8, 8, 3), np.float32) * (tone + cast).astype(np.float32))
    uv = np.zeros((len(rows), 2), np.float32)
    return [Body(rows, faces.astype(np.int32), uv, paper, roughness=1.0)]


def planks(rng: Rng, size: int = 1024, boards: int = 10) -> U8:
    """A floor of boards."""
    out = np.zeros((size, size, 3), np.float32)
    edges = np.linspace(0, size, boards + 1).astype(int)
    for left, right in itertools.pairwise(edges):
        board = timber(rng, size)[: right - left].swapaxes(0, 1).astype(np.float32) / 255
        out[:, left:right] = board * rng.uniform(0.85, 1.1)
        out[:, left : left + 2] *= 0.5
        out[int(rng.integers(size)) :][:2, left:right] *= 0.5
    return to_bytes(out)


def room(size: float, rng: Rng) -> list[Body]:
    """A floor of boards or carpet and a wall behind, for a product of ``size`` metres."""
    ground = planks(rng) if rng.random() < 0.6 else cloth(rng)
    behind = -size * rng.uniform(0.9, 2.0)
    wall = to_bytes(np.ones((8, 8, 3), np.float32) * (0.5 + 0.5 * colour(rng, 0.3)))
    reach, top = 8 * size, 6 * size
    corners = [[-reach, 0, behind], [reach, 0, behind], [reach, top, behind], [-reach, top, behind]]
    return [floor(reach, ground, repeat=6.0), quad(np.array(corners), wall)]


def box(low: NDArray[np.float64], high: NDArray[np.float64], texture: U8) -> Body:
    """An upright box between two corners (3,)."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)
    order = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    vertices = np.concatenate([corners[list(o)] for o in order]) * (high - low) + low
    uv = np.tile(np.array([[0, 0], [0, 1], [1, 1], [1, 0]], np.float32), (6, 1))
    first = np.arange(6, dtype=np.int32)[:, None] * 4
    faces = np.concatenate([first + np.array(corner) for corner in ((0, 1, 2), (0, 2, 3))]).astype(
        np.int32
    )
    return Body(vertices.astype(np.float32), faces, uv, texture, roughness=0.7)


def clutter(
    low: NDArray[np.float64], high: NDArray[np.float64], back: NDArray[np.float64], rng: Rng
) -> list[Body]:
    """A rug, and boxes that stand beside and behind a product, never before it.

    Args:
        low, high: (3,) corners of the product's box, metres.
        back: (2,) unit vector in the floor (x, z), away from the camera.
    """
    size = float((high - low).max())
    middle = (low + high)[[0, 2]] / 2
    side = np.array([-back[1], back[0]])
    half = float(np.hypot(*(high - low)[[0, 2]])) / 2
    bodies = []
    if rng.random() < 0.7:
        extent = half * rng.uniform(1.1, 1.8)
        rug = to_bytes(fabric(rng, 512))
        x, z = middle
        corners = [[x - extent, z + extent], [x + extent, z + extent]]
        corners += [[x + extent, z - extent], [x - extent, z - extent]]
        bodies.append(quad(np.array([[a, 1e-4, b] for a, b in corners]), rug))
    for _ in range(int(rng.integers(3, 7))):
        sides = size * rng.uniform(0.12, 0.5, 3)
        away = half + 0.75 * float(sides.max()) + size * rng.uniform(0.02, 0.6)
        angle = rng.uniform(-1.4, 1.4)
        place = middle + away * (math.cos(angle) * back + math.sin(angle) * side)
        corner = np.array([place[0] - sides[0] / 2, 0.0, place[1] - sides[2] / 2])
        texture = timber(rng) if rng.random() < 0.4 else to_bytes(fabric(rng, 128))
        bodies.append(box(corner, corner + sides, texture))
    return bodies


def print_on(picture: U8, centre: tuple[int, int], radius: int, rng: Rng) -> None:
    """A round print with a word, in place."""
    ink = [int(v) for v in rng.integers(20, 240, 3)]
    cv2.circle(picture, centre, radius, ink, -1, cv2.LINE_AA)
    paper = tuple(255 - v for v in ink)
    cv2.circle(picture, centre, radius * 2 // 3, paper, max(2, radius // 8), cv2.LINE_AA)
    spot = (centre[0] - radius * 3 // 5, centre[1] + radius // 6)
    cv2.putText(picture, "No 7", spot, cv2.FONT_HERSHEY_DUPLEX, radius / 45, paper, 2, cv2.LINE_AA)
