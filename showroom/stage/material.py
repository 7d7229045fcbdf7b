"""The materials of a scene's decor: painted or loaded textures and how they take light."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Scene
from . import check
from .shape import F32
from .textures import PAINTERS, lettering, paint

_KEYS = (
    "texture", "image", "text", "color", "accent", "tile", "roughness", "metallic", "glow",
    "opacity", "seed", "size", "double_sided",
)  # fmt: skip
_IMAGES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, eq=False)
class Material:
    """One material of the decor.

    Attributes:
        pixels: (h, w, 3) uint8 sRGB texture.
        tile: metres that one repeat of the texture covers, (along u, along v).
        glow: emitted light relative to the colour; 0 for what does not shine.
        double_sided: seen from behind too, as leaves are.
        opacity: 1 for what hides what is behind it; less for glass.
        albedo: (3,) mean linear colour, for light that bounces.
    """

    pixels: NDArray[np.uint8]
    tile: tuple[float, float]
    roughness: float
    metallic: float
    glow: float
    opacity: float
    double_sided: bool
    albedo: F32


def read_materials(scene: Scene) -> dict[str, Material]:
    """The materials of a scene by name.

    Raises:
        SceneError: an unknown key or texture, a wrong value, an image that is missing or broken.
    """
    made: dict[str, Material] = {}
    tiles: dict[str, tuple[float, float]] = {}
    jobs: dict[str, Callable[[], NDArray[np.uint8]]] = {}
    for index, (name, table) in enumerate(scene.document.get("materials", {}).items()):
        field = f"materials.{name}"
        check.keys(scene, table, _KEYS, field)
        tile = table.get("tile", 1.0)
        pair = check.vector(
            scene, tile if isinstance(tile, list) else [tile, tile], 2, f"{field}.tile"
        )
        if min(pair) <= 0:
            raise scene.fail("must be positive", f"{field}.tile", "metres > 0", tile)
        tiles[name] = (pair[0], pair[1])
        if "image" in table:
            jobs[name] = partial(_image, scene, table["image"], f"{field}.image")
        elif "text" in table:
            jobs[name] = partial(_lettered, scene, table, pair, field)
        else:
            jobs[name] = partial(_painted, scene, table, index, field)
    # Painting is numpy's work, which other threads can do beside.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        painted = dict(zip(jobs, pool.map(lambda job: job(), jobs.values()), strict=True))
    for name, table in scene.document.get("materials", {}).items():
        field, pixels = f"materials.{name}", painted[name]
        mean = check.LINEAR[pixels[::2, ::2]].reshape(-1, 3).mean(axis=0)
        made[name] = Material(
            pixels=pixels,
            tile=tiles[name],
            roughness=check.number(scene, table, "roughness", field, 0.8, 0.0, 1.0),
            metallic=check.number(scene, table, "metallic", field, 0.0, 0.0, 1.0),
            glow=check.number(scene, table, "glow", field, 0.0, 0.0, 100.0),
            opacity=check.number(scene, table, "opacity", field, 1.0, 0.02, 1.0),
            double_sided=check.flag(scene, table, "double_sided", field),
            albedo=mean.astype(np.float32),
        )
    return made


def _painted(scene: Scene, table: Mapping[str, Any], index: int, field: str) -> NDArray[np.uint8]:
    painter = table.get("texture", "plain")
    if painter not in PAINTERS:
        raise scene.fail("no such texture", f"{field}.texture", ", ".join(PAINTERS), painter)
    base = check.color(scene, table.get("color", "#ffffff"), f"{field}.color")
    accent = base * 0.6
    if "accent" in table:
        accent = check.color(scene, table["accent"], f"{field}.accent")
    size = int(check.number(scene, table, "size", field, 512, 4, 2048))
    seed = int(check.number(scene, table, "seed", field, index, 0, 1e6))
    return paint(painter, size, seed, base, accent)


def _lettered(
    scene: Scene, table: Mapping[str, Any], tile: tuple[float, ...], field: str
) -> NDArray[np.uint8]:
    """Words as large as fit on a board of ``tile`` metres."""
    text = table["text"]
    if not isinstance(text, str) or not 0 < len(text) <= 60:
        raise scene.fail("must be words", f"{field}.text", "1 to 60 characters", text)
    base = check.color(scene, table.get("color", "#ffffff"), f"{field}.color")
    ink = check.color(scene, table.get("accent", "#202020"), f"{field}.accent")
    height = 128
    width = int(min(2048.0, max(16.0, height * tile[0] / tile[1])))
    return lettering(text, width, height, base, ink)


def _image(scene: Scene, name: object, field: str) -> NDArray[np.uint8]:
    """A picture file that lies beside the scene file."""
    path = asset(scene, name, field, _IMAGES)
    from PIL import Image

    try:
        with Image.open(path) as image:
            if max(image.size) > 4096:
                raise scene.fail("is too large", field, "at most 4096 pixels a side", image.size)
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise scene.fail(f"cannot be read: {error}", field, "a PNG or JPEG", name) from error


def asset(scene: Scene, name: object, field: str, suffixes: tuple[str, ...]) -> Path:
    """The path of a file in the scene's folder.

    Raises:
        SceneError: it is missing, lies outside the folder, or is of another kind.
    """
    root = scene.path.parent.resolve() if scene.path is not None else None
    path = (root / str(name)).resolve() if root is not None else Path(str(name))
    kinds = ", ".join(suffixes)
    if root is None or not isinstance(name, str) or not path.is_relative_to(root):
        raise scene.fail("lies outside the scene's folder", field, f"a file ({kinds}) in it", name)
    if path.suffix.lower() not in suffixes:
        raise scene.fail("is of another kind", field, kinds, name)
    if not path.is_file():
        raise scene.fail("there is no such file", field, f"a file ({kinds}) there", name)
    return path
