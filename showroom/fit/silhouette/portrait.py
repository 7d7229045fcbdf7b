"""Pictures of drawn people before walls, floors and clutter, with their masks.

The people are those of :mod:`.example`, with skin, hair and cloth on them; what is behind them
comes from the textures that products' masks are learned with, and from real photos of clothes,
so that clothes without anybody in them are told from clothes with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from reconstruction.data.composite import Scene, photograph
from reconstruction.data.textures import clutter, colour, fabric, ground, noise
from reconstruction.render.zbuffer import render_screen

from .clothing import PARTS, Outfit, dress_up
from .example import gathered
from .population import Rng, random_person
from .stance import seated, standing
from .viewpoint import View, placed, random_viewpoint

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

SIZE: Final = (224, 160)
"""Rows and columns of the pictures: a phone held upright."""
_SQUARE: Final = 224
FILLED: Final = 216
"""Rows that a kept person fills."""
_SKIN: Final = ((0.96, 0.80, 0.70), (0.87, 0.67, 0.53), (0.74, 0.52, 0.38), (0.36, 0.23, 0.16))
_HAIR: Final = ((0.06, 0.05, 0.05), (0.22, 0.13, 0.08), (0.55, 0.40, 0.22), (0.75, 0.73, 0.70))


def portrait(rng: Rng, tall: float) -> tuple[F32, F32]:
    """One dressed person, drawn.

    Args:
        tall: rows that the person fills.

    Returns:
        (224, 160, 3) colours of 0 to 1 and (224, 160) alpha; the person in the middle.
    """
    person = random_person(rng)
    sits = rng.random() < 0.10
    skin, joints = (seated if sits else standing)(rng, person)
    outfit = dress_up(rng, person, skin, joints)
    names: tuple[View, ...] = ("front", "side", "turned")
    view = names[int(rng.choice(3, p=(0.55, 0.25, 0.2)))]
    return painted(rng, skin, joints, outfit, view, tall)


def painted(
    rng: Rng, skin: F32, joints: F32, outfit: Outfit, view: View, tall: float, fine: int = 1
) -> tuple[F32, F32]:
    """A posed and dressed person in colour.

    Args:
        skin: (k, 3) posed rows of :func:`.population.coarse`.
        joints: (52, 3) posed joints.
        tall: rows that the person fills.
        fine: how many times larger than ``SIZE`` the picture is.

    Returns:
        Colours of 0 to 1 and alpha; the person in the middle.
    """
    size = (fine * SIZE[0], fine * SIZE[1])
    points, faces = gathered(skin, outfit)
    points -= np.array((skin[::50, 0].mean(), -outfit.sole, skin[::50, 2].mean()), np.float32)
    camera = random_viewpoint(rng, view, float(points[:, 1].max()))
    screen = placed(camera.project(points), size, tall)
    raster = render_screen(screen, faces, size)
    label = np.zeros(len(faces), np.int32)
    count = len(faces) - sum(len(p.faces) for p in outfit.pieces)
    for piece in outfit.pieces:
        label[count : count + len(piece.faces)] = piece.what + 1
        count += len(piece.faces)
    there = raster.face_id >= 0
    what = np.where(there, label[raster.face_id], -1)
    tones = [_skin(rng), *(_cloth(rng) for _ in PARTS[:3]), _hair(rng)]
    tones = [np.repeat(np.repeat(t, fine, axis=0), fine, axis=1) for t in tones]
    seen = np.zeros((*there.shape, 3), np.float32)
    for k, tone in enumerate(tones):
        seen[what == k] = tone[what == k]
    _face(rng, seen, what, screen, joints, view)
    light = _light(rng, points, faces)[raster.face_id]
    light = cv2.GaussianBlur(np.where(there, light, 1.0).astype(np.float32), (0, 0), 0.8)
    seen *= light[..., None]
    return np.clip(seen, 0, 1).astype(np.float32), there.astype(np.float32)


def _big(picture: F32) -> F32:
    big = cv2.resize(picture, (_SQUARE, _SQUARE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(big[:, : SIZE[1]], np.float32)


def _skin(rng: Rng) -> F32:
    k = rng.uniform(0, len(_SKIN) - 1.001)
    low, high = np.array(_SKIN[int(k)]), np.array(_SKIN[int(k) + 1])
    tone = (low + (k - int(k)) * (high - low)) * rng.uniform(0.85, 1.1)
    grain = 1 + 0.04 * noise(rng, 64, 12)[..., None]
    return _big((tone * grain).astype(np.float32))


def _hair(rng: Rng) -> F32:
    tone = np.array(_HAIR[int(rng.integers(len(_HAIR)))], np.float32) * np.float32(
        rng.uniform(0.7, 1.2)
    )
    if rng.random() < 0.05:
        tone = colour(rng, 0.9)
    grain = 1 + rng.uniform(0.05, 0.3) * noise(rng, 64, 30)[..., None]
    return _big((tone * grain).astype(np.float32))


def _cloth(rng: Rng) -> F32:
    if rng.random() < 0.12:  # Close to the skin, or to black or white.
        tone = rng.choice([0.05, 0.95]) if rng.random() < 0.6 else np.array(_SKIN[1])
        grain = 1 + 0.05 * noise(rng, 64, 20)[..., None]
        return _big((tone * grain * np.ones((64, 64, 3))).astype(np.float32))
    return _big(fabric(rng, 96))


def _light(rng: Rng, points: F32, faces: I32) -> F32:
    """(m,) how bright each face is: one lamp from the front and above, the rest from everywhere."""
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    way = np.array((rng.normal(0, 0.8), rng.uniform(0.0, 1.2), rng.uniform(-0.6, 1.0)))
    way /= np.linalg.norm(way)
    strength = rng.uniform(0.0, 0.6)
    # Tubes have both sides of each face: the brighter one is seen.
    return np.asarray(1 - strength + strength * np.abs(normal @ way) * 1.2, np.float32)


def _face(rng: Rng, seen: F32, what: I32, screen: F32, joints: F32, view: View) -> None:
    """Eyes, brows and a mouth, as smudges, on heads that look at the camera; in place."""
    if view == "side" or rng.random() < 0.1:
        return
    head = np.argwhere(what == 0)
    if not len(head):
        return
    top = float(head[:, 0].min())
    unit = float(np.ptp(screen[:, 1])) / 7.6  # A head's height.
    rows = head[(head[:, 0] > top) & (head[:, 0] < top + 0.9 * unit)]
    middle = float(np.median(rows[:, 1])) if len(rows) else seen.shape[1] / 2
    ink = np.zeros(what.shape, np.float32)
    for sign in (-1, 1):
        at = (round(middle + sign * 0.16 * unit), round(top + 0.45 * unit))
        cv2.ellipse(
            ink, at, (max(1, round(0.07 * unit)), max(1, round(0.03 * unit))), 0, 0, 360, 1.0, -1
        )
    at = (round(middle), round(top + 0.75 * unit))
    cv2.ellipse(
        ink, at, (max(1, round(0.12 * unit)), max(1, round(0.03 * unit))), 0, 0, 360, 0.6, -1
    )
    ink = cv2.GaussianBlur(ink, (0, 0), 0.7) * (what == 0)
    seen *= (1 - rng.uniform(0.3, 0.9) * ink)[..., None]


def room(rng: Rng, photos: Sequence[U8]) -> F32:
    """(224, 160, 3) what is behind a person: a wall and a floor, things, or a street of colours.

    Args:
        photos: (h, w, 3) uint8 real photos without people; pieces of them are used.
    """
    way = rng.random()
    if way < 0.25 and photos:
        photo = photos[int(rng.integers(len(photos)))]
        height, width = photo.shape[:2]
        share = rng.uniform(0.4, 0.95)
        rows, columns = int(height * share), int(width * share)
        y, x = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        piece = photo[y : y + rows, x : x + columns]
        small = cv2.resize(piece, (SIZE[1], SIZE[0]), interpolation=cv2.INTER_AREA)
        return np.asarray(small.astype(np.float32) / 255)
    if way < 0.40:
        return np.ascontiguousarray(clutter(rng, _SQUARE)[:, : SIZE[1]])
    wall = ground(rng, _SQUARE)[:, : SIZE[1]].copy()
    if rng.random() < 0.8:
        line = int(rng.uniform(0.55, 0.97) * SIZE[0])
        floor = ground(rng, _SQUARE)[:, : SIZE[1]]
        squeezed = cv2.resize(floor, (SIZE[1], SIZE[0] - line), interpolation=cv2.INTER_AREA)
        wall[line:] = squeezed
        if rng.random() < 0.4:
            wall[max(0, line - int(rng.integers(2, 8))) : line] = colour(rng, 0.2)
    for _ in range(int(rng.poisson(1.5))):
        wide, tall = int(rng.uniform(8, 90)), int(rng.uniform(10, 170))
        x, y = int(rng.uniform(-20, SIZE[1])), int(rng.uniform(-20, SIZE[0] - 20))
        own = wall[max(0, y) : y + tall, max(0, x) : x + wide]
        if own.size:
            own[:] = cv2.resize(ground(rng, 96), (own.shape[1], own.shape[0]))
    if rng.random() < 0.5:
        wall = cv2.GaussianBlur(wall, (0, 0), rng.uniform(0.4, 3.5))
    return np.asarray(wall, np.float32)


@dataclass(frozen=True, eq=False)
class Cast:
    """People and places kept ready, from which scenes are composed.

    Attributes:
        people: (n, 224, 160, 4) uint8, straight alpha, each ``FILLED`` rows high.
        places: (m, 224, 160, 3) uint8.
    """

    people: U8
    places: U8


def gather_cast(rng: Rng, photos: Sequence[U8], people: int, places: int) -> Cast:
    """Draw people and places.

    Args:
        photos: see :func:`room`.
    """
    sprites = []
    for _ in range(people):
        colours, alpha = portrait(rng, FILLED)
        sprites.append((np.dstack([colours, alpha]) * 255 + 0.5).astype(np.uint8))
    rooms = [(np.clip(room(rng, photos), 0, 1) * 255 + 0.5).astype(np.uint8) for _ in range(places)]
    return Cast(np.stack(sprites), np.stack(rooms))


def people_scene(rng: Rng, cast: Cast) -> Scene:
    """A photo-like picture of one person, sometimes of two or nobody, and the mask of all."""
    place = cast.places[int(rng.integers(len(cast.places)))]
    place = place[:, ::-1] if rng.random() < 0.5 else place
    tint = rng.permutation(3) if rng.random() < 0.25 else np.arange(3)
    picture = place[..., tint].astype(np.float32) / 255
    alpha = np.zeros(SIZE, np.float32)
    for _ in range(int(rng.choice([0, 1, 2], p=(0.08, 0.82, 0.10)))):
        sprite = cast.people[int(rng.integers(len(cast.people)))]
        scale = rng.uniform(0.35, 0.97) * SIZE[0] / FILLED
        wide = scale * rng.uniform(0.85, 1.2) * rng.choice([-1, 1])
        slack = (SIZE[0] - scale * FILLED) / 2
        x = rng.normal(0, 18) if not alpha.any() else rng.choice([-1, 1]) * rng.uniform(25, 60)
        y = rng.uniform(-1, 1) * slack + (rng.normal(0, 30) if rng.random() < 0.12 else 0.0)
        middle = np.array((SIZE[1] / 2, SIZE[0] / 2))
        move = np.array([[wide, 0, 0], [0, scale, 0]], np.float64)
        move[:, 2] = middle + np.array((x, y)) - move[:, :2] @ middle
        colours, own = placed_sprite(sprite, move)
        if rng.random() < 0.5:  # Other light on the person than on the place.
            colours = colours * rng.uniform(0.7, 1.3)
        picture = colours * own[..., None] + picture * (1 - own[..., None])
        alpha = np.maximum(alpha, own)
    mask = np.where(alpha > 0.7, 255, np.where(alpha < 0.3, 0, 128)).astype(np.uint8)
    return Scene(photograph(rng, picture), mask)


def placed_sprite(sprite: U8, move: NDArray[np.float64]) -> tuple[F32, F32]:
    """A sprite moved by a (2, 3) matrix: colours and alpha of 0 to 1."""
    size = (SIZE[1], SIZE[0])
    colours = cv2.warpAffine(sprite[..., :3], move, size, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(np.ascontiguousarray(sprite[..., 3]), move, size)
    return colours.astype(np.float32) / 255, alpha.astype(np.float32) / 255
