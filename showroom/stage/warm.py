"""What the driver compiles when it first draws something, drawn once before it is needed.

A driver compiles a shader for each combination of what draws with it, which takes up to half a
second: a visitor must not wait for that with a garment in hand.
"""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
from panda3d import core
from PIL import Image

from reconstruction.product import Material

from .loader import Decoded, geometry_of, pictures_of
from .looks import TextureStore
from .model import Model, Primitive
from .repeat import Repeats
from .shadow import Spot


def warm_node(store: TextureStore, *, everything: bool) -> Any:
    """A NodePath to be drawn for one frame, in which nothing can be seen.

    Args:
        everything: also what few products need: masks, fabrics that light comes through, repeats.
    """
    node = core.NodePath("warm")
    flat = np.zeros((3, 3), np.float32)
    up = np.tile(np.array([[0, 1, 0]], np.float32), (3, 1))
    uv = np.zeros((3, 2), np.float32)
    face = np.array([[0, 1, 2]], np.int32)
    parts = tuple(
        Primitive(face, material, str(k)) for k, material in enumerate(_kinds(everything))
    )
    model = Model(flat, up, uv, np.arange(3, dtype=np.int32), parts)
    geometry = geometry_of(Decoded(model, pictures_of(model, 64)), store)
    geometry.parts(geometry.data, 0).reparent_to(node)
    spot = Spot(node)
    spot.update(flat, np.zeros((2, 3), np.float32), np.eye(4, dtype=np.float32))
    if everything:
        repeats = Repeats(geometry, spot.local())
        repeats.set(np.eye(4, dtype=np.float32)[None], np.zeros((1, 6, 3), np.float32))
        repeats.look(np.zeros(3, np.float32), 0.0)
        repeats.node.reparent_to(node)
    return node


def _kinds(everything: bool) -> list[Material]:
    color, bumps = _picture((200, 190, 180, 120)), _picture((128, 128, 255, 255))
    kinds = [Material(texture=color, double_sided=True), Material(base_color=(0.5, 0.5, 0.5, 1.0))]
    if everything:
        alphas: tuple[Literal["opaque", "mask", "blend"], ...] = ("opaque", "mask", "blend")
        kinds += [Material(texture=color, alpha=a, double_sided=True) for a in alphas[1:]]
        kinds += [Material(texture=color, normal=bumps, alpha=a) for a in alphas]
        kinds += [Material(texture=color, normal=bumps, surface=bumps, alpha=a) for a in alphas]
    return kinds


def _picture(color: tuple[int, int, int, int]) -> bytes:
    """As large as it must be to have smaller copies, as every product's pictures have."""
    stream = io.BytesIO()
    Image.new("RGBA", (4, 4), color).save(stream, "PNG")
    return stream.getvalue()
