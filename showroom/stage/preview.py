"""Pictures and films of a product for artists, without a window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reconstruction.errors import ProductFileError
from reconstruction.meshes.file import read_mesh_file

from .caption import font
from .exhibit import MODES, Exhibit
from .film import Film
from .model import Model, model_of
from .pixels import decode
from .settings import StageError, StageSettings
from .stage import Stage

U8 = NDArray[np.uint8]
SIZE = 480
FILM_FRAMES = 36
FILM_RATE = 12.0
_CELL, _COLUMNS, _BAR = 320, 4, 56
_PAPER, _INK, _SOFT = (247, 244, 238), (40, 34, 28), (90, 80, 70)


@dataclass(frozen=True)
class Shot:
    """How a product is looked at.

    Attributes:
        mode: one of :data:`~showroom.stage.exhibit.MODES`; ``""`` where the caller chooses.
        variant: a colourway of ``KHR_materials_variants``.
        azimuth: from +Z, turning to +X, radians.
        turn: of the studio's light about the product, radians.
    """

    mode: str = ""
    variant: str = ""
    azimuth: float = 0.5
    turn: float = 0.0


def preview(
    product: Path, out: Path, *, compare: Path | None = None, shot: Shot | None = None
) -> list[Path]:
    """Write pictures of a mesh file or a product folder.

    Args:
        product: a ``.glb``, ``.gltf``, ``.obj``, ``.ply`` or ``.stl``, or a product's folder.
        out: a ``.png``: one picture in the shot's mode, or all of them on a sheet if it has none.
            A ``.mp4`` or ``.gif``: a turntable. Else a folder for a sheet, a turntable and, with
            ``compare``, a side-by-side picture.
        compare: a photo to stand beside the product.

    Returns:
        The files written.

    Raises:
        StageError: no such file, a broken one, an unreadable photo, an unknown mode or colourway.
    """
    chosen = shot or Shot()
    if chosen.mode and chosen.mode not in MODES:
        raise StageError(f"there is no mode {chosen.mode[:40]!r}; there are: {', '.join(MODES)}")
    model = load_model(product)
    model.wearing(chosen.variant)
    photo = load_photo(compare) if compare is not None else None
    plain = StageSettings(width=SIZE, height=SIZE, mirror_scale=0.0, reflections=False)
    stage = Stage(plain)
    try:
        exhibit = Exhibit(stage, model)
        if chosen.variant:
            exhibit.wear(chosen.variant)
        exhibit.set_turn(chosen.turn)
        kind = out.suffix.lower()
        if kind == ".png":
            return [_save(out, _picture(exhibit, product.name, photo, chosen))]
        if kind in (".mp4", ".gif"):
            return [_turntable(exhibit, out, photo, chosen)]
        files = [_save(out / "preview.png", sheet(exhibit, product.name))]
        files.append(_turntable(exhibit, out / "turntable.mp4", None, chosen))
        if photo is not None:
            picture = exhibit.picture(chosen.azimuth, mode=chosen.mode)
            files.append(_save(out / "compare.png", beside(photo, picture)))
        return files
    finally:
        stage.close()


def load_model(product: Path) -> Model:
    """The model of a mesh file, or of a product's folder.

    Raises:
        StageError: there is no such file, or it cannot be used; says why.
    """
    path = mesh_path(product)
    if not path.is_file():
        raise StageError(f"cannot read {path.name}: there is no such file")
    try:
        return model_of(read_mesh_file(path))
    except ProductFileError as error:
        raise StageError(f"{path.name} cannot be shown: {error.field}: {error}") from error


def mesh_path(product: Path) -> Path:
    """The mesh file that a path means: itself, or a product folder's."""
    return product / "product.glb" if product.is_dir() else product


def _picture(exhibit: Exhibit, title: str, photo: U8 | None, shot: Shot) -> U8:
    if not shot.mode and photo is None:
        return sheet(exhibit, title)
    picture = exhibit.picture(shot.azimuth, mode=shot.mode or "shaded")
    return picture if photo is None else beside(photo, picture)


def _turntable(exhibit: Exhibit, path: Path, photo: U8 | None, shot: Shot) -> Path:
    """A film of one turn."""
    mode = shot.mode or "shaded"

    def frame(k: int) -> U8:
        picture = exhibit.picture(shot.azimuth + 2 * math.pi * k / FILM_FRAMES, mode=mode)
        return picture if photo is None else _even(beside(photo, picture))

    first = frame(0)
    with Film(path, (first.shape[1], first.shape[0]), FILM_RATE) as reel:
        reel.add(first)
        for k in range(1, FILM_FRAMES):
            reel.add(frame(k))
    return path


def _even(picture: U8) -> U8:
    """The picture with an even width, which films need."""
    return np.ascontiguousarray(picture[:, : picture.shape[1] // 2 * 2])


def sheet(exhibit: Exhibit, title: str) -> U8:
    """The product from all round, in every mode and colourway, with its UVs and textures."""
    model = exhibit.model
    cells = [(f"{k * 45}°", exhibit.picture(math.radians(k * 45))) for k in range(8)]
    used = [mode for mode in MODES if mode != "shaded" and _tells(model, mode)]
    cells += [(mode, exhibit.picture(0.6, mode=mode)) for mode in used]
    cells.append(("studio turned by 120°", _turned(exhibit)))
    worn = exhibit.variant
    for variant in model.variants[:8]:
        exhibit.wear(variant.name)
        cells.append((f"colourway {variant.name}", exhibit.picture(0.6)))
    if model.variants:
        exhibit.wear(worn)
    cells.append(("UV layout", uv_picture(model)))
    cells += texture_pictures(model)
    size = model.positions.max(axis=0) - model.positions.min(axis=0)
    text = (
        f"{title}   {size[0] * 100:.1f} × {size[1] * 100:.1f} × {size[2] * 100:.1f} cm   "
        f"{len(model.faces):,} triangles, {len(model.positions):,} vertices, "
        f"{len(model.primitives)} primitives"
    )
    return _tiled(cells, text)


def _turned(exhibit: Exhibit) -> U8:
    turn = exhibit.turn
    exhibit.set_turn(turn + math.radians(120))
    try:
        return exhibit.picture(0.6)
    finally:
        exhibit.set_turn(turn)


def _tells(model: Model, mode: str) -> bool:
    """Whether a mode shows anything of a model."""
    materials = [part.material for part in model.primitives]
    if mode == "occlusion":
        return any(m.occlusion is not None for m in materials)
    if mode == "alpha":
        return any(m.alpha != "opaque" or m.base_color[3] < 1.0 for m in materials)
    return True


def _tiled(cells: list[tuple[str, U8]], text: str) -> U8:
    rows = math.ceil(len(cells) / _COLUMNS)
    image = Image.new("RGB", (_COLUMNS * _CELL, rows * _CELL + _BAR), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((14, _BAR / 2), text, font=font(20), fill=_INK, anchor="lm")
    for k, (label, pixels) in enumerate(cells):
        x, y = (k % _COLUMNS) * _CELL, _BAR + (k // _COLUMNS) * _CELL
        cell = Image.fromarray(pixels)
        cell.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
        image.paste(cell, (x + (_CELL - cell.width) // 2, y + (_CELL - cell.height) // 2))
        box = draw.textbbox((x + 10, y + 8), label, font=font(15))
        draw.rectangle((box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3), fill=_PAPER)
        draw.text((x + 10, y + 8), label, font=font(15), fill=_SOFT)
    return np.asarray(image)


def uv_picture(model: Model, size: int = SIZE) -> U8:
    """The UV layout, one colour per primitive, (0, 0) in the upper left corner."""
    image = Image.new("RGB", (size, size), (252, 251, 248))
    draw = ImageDraw.Draw(image)
    colors = ((176, 88, 58), (56, 104, 128), (92, 128, 74), (150, 110, 40), (110, 80, 130))
    for k, part in enumerate(model.primitives):
        corners = model.uv[part.faces] * (size - 1)
        for a, b, c in corners[:20_000]:
            points = [tuple(map(float, p)) for p in (a, b, c, a)]
            draw.line(points, fill=colors[k % len(colors)])
    return np.asarray(image)


def texture_pictures(model: Model, most: int = 12) -> list[tuple[str, U8]]:
    """The textures' channels as they are, each once, with what they are.

    Raises:
        StageError: one of them cannot be decoded.
    """
    found: list[tuple[str, U8]] = []
    seen: set[tuple[str, bytes]] = set()
    for part in model.primitives:
        for name, data in part.material.pictures.items():
            if (name, data) in seen:
                continue
            seen.add((name, data))
            decode(data, srgb=False, side=64)  # Raises the typed error for a broken picture.
            with Image.open(BytesIO(data)) as image:
                size = f"{image.width} × {image.height}"
                image.thumbnail((SIZE, SIZE))
                bands = image.convert("RGBA").split()
            wanted = {
                "texture": [("base colour", Image.merge("RGB", bands[:3]))],
                "normal": [("normal map", Image.merge("RGB", bands[:3]))],
                "surface": [("roughness", bands[1]), ("metallic", bands[2])],
                "occlusion": [("occlusion", bands[0])],
                "emission": [("emission", Image.merge("RGB", bands[:3]))],
            }[name]
            if name == "texture" and part.material.alpha != "opaque":
                wanted.append(("alpha", bands[3]))
            found += [
                (f"{what}, {part.slot[:20]}, {size}", np.asarray(band.convert("RGB")))
                for what, band in wanted
            ]
    return found[:most]


def beside(photo: U8, picture: U8) -> U8:
    """A photo and a picture side by side at the picture's height."""
    height = picture.shape[0]
    width = max(1, round(photo.shape[1] * height / photo.shape[0]))
    scaled = Image.fromarray(photo).resize((width, height), Image.Resampling.LANCZOS)
    return np.concatenate([np.asarray(scaled), picture], axis=1)


def load_photo(path: Path) -> U8:
    """A photo's pixels, upright, at most 2048 a side.

    Raises:
        StageError: it cannot be read.
    """
    from PIL import ImageOps

    try:
        with Image.open(path) as image:
            image.thumbnail((2048, 2048))
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise StageError(f"cannot read the photo {path.name}: {error}") from error


def _save(path: Path, pixels: U8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
