"""Pictures of a product for artists, without a window: turntable, wireframe, normals, UVs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from panda3d import core
from PIL import Image, ImageDraw

from ..protocol.messages import ProductShown
from .caption import font
from .film import Film
from .graphics import shader, white
from .model import Model, read_model
from .pixels import decode
from .settings import StageError, StageSettings
from .stage import Stage

U8 = NDArray[np.uint8]
GROUND = (0.93, 0.92, 0.90)
SIZE = 480
FILM_FRAMES = 36
_NAME = "preview"


def preview(product: Path, out: Path, *, compare: Path | None = None) -> list[Path]:
    """Write pictures of a GLB file or a product folder into ``out``.

    Args:
        product: a ``.glb``, or a folder with ``product.glb``.
        compare: a photo to stand beside the product.

    Returns:
        The files written: a sheet with turntable, wireframe, normals and UVs, a turntable film,
        and with ``compare`` a side-by-side picture.

    Raises:
        StageError: no such GLB, a broken one, or an unreadable photo.
    """
    path = product / "product.glb" if product.is_dir() else product
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StageError(f"cannot read {path.name}: {error.strerror}") from error
    model = read_model(data)
    photo = _photo(compare) if compare is not None else None
    stage = Stage(
        StageSettings(width=SIZE, height=SIZE, mirror_scale=0.0, reflections=False),
        assets=lambda _: data,
    )
    try:
        table = Turntable(stage, model)
        files = [_save(out / "preview.png", sheet(table, model, product.name))]
        film = out / "turntable.mp4"
        with Film(film, (SIZE, SIZE), 12.0) as reel:
            for k in range(FILM_FRAMES):
                reel.add(table.view(2 * math.pi * k / FILM_FRAMES))
        files.append(film)
        if photo is not None:
            files.append(_save(out / "compare.png", beside(photo, table.view(0.0))))
    finally:
        stage.close()
    return files


class Turntable:
    """A product alone in an even light, seen from all round."""

    def __init__(self, stage: Stage, model: Model) -> None:
        self.stage = stage
        stage.backdrop(GROUND)
        stage.apply(
            ProductShown(
                target=_NAME, glb=_NAME, name={"en": _NAME}, kind="furniture", category="",
                transform=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
            )
        )  # fmt: skip
        low, high = model.positions.min(axis=0), model.positions.max(axis=0)
        self.middle = (low + high) / 2
        self.reach = float(np.linalg.norm(model.positions - self.middle, axis=1).max())
        self._node = stage.things[_NAME].mesh.node
        stage.things[_NAME].spot.node.set_y(float(low[1]) - 0.001)

    def view(self, azimuth: float, elevation: float = 0.22, fov: float = 0.5) -> U8:
        """The picture from an azimuth (0 from +Z, turning to +X), radians."""
        distance = self.reach / math.sin(fov / 2) * 1.02
        way = np.array(
            [
                math.cos(elevation) * math.sin(azimuth),
                math.sin(elevation),
                math.cos(elevation) * math.cos(azimuth),
            ]
        )
        eye = self.middle + way * distance
        x, y, z = (float(v) for v in self.middle)
        self.stage.look_at((float(eye[0]), float(eye[1]), float(eye[2])), (x, y, z), fov)
        return self.stage.render()

    def wireframe(self, azimuth: float = 0.6) -> U8:
        """The same with the edges of all triangles."""
        lines = self._node.copy_to(self.stage.things[_NAME].node)
        lines.set_render_mode_wireframe()
        lines.set_shader_input("base_map", white(), 10)
        lines.set_shader_input("base_color", core.LVecBase4f(0.01, 0.02, 0.05, 1), 10)
        for part in lines.find_all_matches("**/+GeomNode"):
            part.set_shader_input("base_map", white())
            part.set_shader_input("base_color", core.LVecBase4f(0.01, 0.02, 0.05, 1))
            part.set_depth_offset(1)
        try:
            return self.view(azimuth)
        finally:
            lines.remove_node()

    def normals(self, azimuth: float = 0.6) -> U8:
        """The same in the colours of its normals (x red, y green, z blue)."""
        self._node.set_shader(shader("surface", "VIEW"), 10)
        self._node.set_shader_input("view_info", core.LVecBase4f(1, 0, 0, 0))
        try:
            return self.view(azimuth)
        finally:
            self._node.clear_shader()


def sheet(table: Turntable, model: Model, title: str) -> U8:
    """Eight views, wireframe, normals, UVs and the texture on one sheet."""
    views = [(f"{k * 45}°", table.view(math.radians(k * 45))) for k in range(8)]
    views += [
        ("wireframe", table.wireframe()),
        ("normals", table.normals()),
        ("UV", uv_picture(model)),
        ("texture", texture_picture(model)),
    ]
    columns, cell, bar = 4, 320, 56
    rows = math.ceil(len(views) / columns)
    image = Image.new("RGB", (columns * cell, rows * cell + bar), (247, 244, 238))
    draw = ImageDraw.Draw(image)
    size = model.positions.max(axis=0) - model.positions.min(axis=0)
    text = (
        f"{title}   {size[0] * 100:.1f} × {size[1] * 100:.1f} × {size[2] * 100:.1f} cm   "
        f"{len(model.faces):,} triangles, {len(model.positions):,} vertices, "
        f"{len(model.primitives)} primitives"
    )
    draw.text((14, bar / 2), text, font=font(20), fill=(40, 34, 28), anchor="lm")
    for k, (label, pixels) in enumerate(views):
        x, y = (k % columns) * cell, bar + (k // columns) * cell
        image.paste(Image.fromarray(pixels).resize((cell, cell), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 10, y + 8), label, font=font(15), fill=(90, 80, 70))
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


def texture_picture(model: Model, size: int = SIZE) -> U8:
    """The first base colour texture, or the base colours as stripes."""
    from io import BytesIO

    for part in model.primitives:
        if part.material.texture is not None:
            decode(part.material.texture, srgb=True)  # Raises the typed error for a broken image.
            with Image.open(BytesIO(part.material.texture)) as image:
                return np.asarray(image.convert("RGB").resize((size, size)))
    stripes = [np.asarray(p.material.base_color[:3]) ** (1 / 2.2) * 255 for p in model.primitives]
    rows = np.linspace(0, len(stripes), size, endpoint=False).astype(int)
    picture = np.asarray(stripes, np.uint8)[rows][:, None, :]
    return np.ascontiguousarray(np.broadcast_to(picture, (size, size, 3)))


def beside(photo: U8, picture: U8) -> U8:
    """A photo and a picture side by side at the picture's height."""
    height = picture.shape[0]
    width = max(1, round(photo.shape[1] * height / photo.shape[0]))
    scaled = Image.fromarray(photo).resize((width, height), Image.Resampling.LANCZOS)
    return np.concatenate([np.asarray(scaled), picture], axis=1)


def _photo(path: Path) -> U8:
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
