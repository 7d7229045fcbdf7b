"""A scene's decor as arrays: materials, lights, all shapes joined, and a packed lightmap.

No engine here: the same arrays go to the baker and to the stage.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Scene
from . import (  # noqa: F401 - modules of builders register them
    check,
    furnish,
    furnish_hall,
    furnish_home,
    furnish_house,
    furnish_outdoor,
    furnish_shop,
)
from .atlas import pack
from .lamp import Light, read_lights
from .material import Material, read_materials
from .shape import F32, I32, join
from .shell import shell
from .sky import Sky, read_sky

MAX_TRIANGLES = 1_500_000
"""A scene with more is refused: no headset draws it."""


@dataclass(frozen=True)
class Mirror:
    """A flat mirror: its centre, unit normal and half-axes, metres."""

    center: tuple[float, float, float]
    normal: tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Grading of a scene: the key light on products, exposure, brightness of baked light."""

    key_direction: tuple[float, float, float] = (0.35, 0.8, 0.5)
    key_color: tuple[float, float, float] = (1.0, 0.93, 0.84)
    key_strength: float = 0.9
    exposure: float = 1.0
    ambient: float = 1.0


@dataclass(frozen=True, eq=False)
class Decor:
    """All static geometry of a scene.

    Attributes:
        batches: (material key, first face, end face), faces being sorted by material.
        lightmap_uv: (n, 2) float32, v up, pointing at a white texel for vertices with own light.
        charted: (n,) bool, whether a vertex takes its light from the lightmap.
        bounds: low and high corner of the room, or of where one walks outdoors.
    """

    vertices: F32
    normals: F32
    uv: F32
    lightmap_uv: F32
    charted: NDArray[np.bool_]
    faces: I32
    batches: tuple[tuple[str, int, int], ...]
    materials: Mapping[str, Material]
    lights: tuple[Light, ...]
    mirrors: tuple[Mirror, ...]
    look: Look
    sky: Sky | None
    outdoor: bool
    bounds: tuple[F32, F32]
    digest: str


def build(scene: Scene) -> Decor:
    """Build a scene's decor.

    Raises:
        SceneError: an unknown material, builder, key or value; names file, line and key.
    """
    materials = read_materials(scene)
    sky = read_sky(scene)
    shapes = shell(scene, sky is not None, "glass" in materials)
    mirrors: list[Mirror] = []
    count = 0
    for i, entry in enumerate(scene.document.get("object", [])):
        made = furnish.place(scene, entry, f"object[{i}]")
        count += sum(len(s.faces) for s in made.shapes)
        if count > MAX_TRIANGLES:
            most = f"at most {MAX_TRIANGLES} triangles up to here"
            raise scene.fail("makes the scene too heavy", f"object[{i}]", most, count)
        shapes += made.shapes
        mirrors += [Mirror(m[0], m[1]) for m in made.mirrors]
    for s in shapes:
        if s.material not in materials:
            raise scene.fail(
                "a part uses a material that the scene does not have",
                f"materials.{s.material}",
                ", ".join(materials),
                s.material,
            )
    groups = {
        key: join([s for s in shapes if s.material == key])
        for key in materials
        if any(s.material == key for s in shapes)
    }
    whole = join(list(groups.values()))
    batches, at = [], 0
    for key, shape in groups.items():
        batches.append((key, at, at + len(shape.faces)))
        at += len(shape.faces)
    uv = whole.uv.copy()
    for key, first, end in batches:
        used = np.unique(whole.faces[first:end])
        uv[used] /= np.asarray(materials[key].tile, np.float32)
    lightmap_uv, charted = pack(whole)
    lights = read_lights(scene, sky)
    digest = hashlib.sha256()
    for array in (whole.vertices, whole.faces, lightmap_uv):
        digest.update(np.round(array.astype(np.float64), 4).tobytes())
    digest.update(repr((lights, sky)).encode())
    digest.update(
        repr(
            [(k, np.round(m.albedo, 2).tolist(), m.glow, m.opacity) for k, m in materials.items()]
        ).encode()
    )
    flat = np.asarray(scene.outline, np.float32)
    return Decor(
        vertices=whole.vertices,
        normals=whole.normals,
        uv=uv,
        lightmap_uv=lightmap_uv,
        charted=charted,
        faces=whole.faces,
        batches=tuple(batches),
        materials=materials,
        lights=lights,
        mirrors=tuple(mirrors),
        look=_look(scene),
        sky=sky,
        outdoor=scene.outdoor,
        bounds=(
            np.array([flat[:, 0].min(), 0.0, flat[:, 1].min()], np.float32),
            np.array([flat[:, 0].max(), scene.height, flat[:, 1].max()], np.float32),
        ),
        digest=digest.hexdigest(),
    )


def _look(scene: Scene) -> Look:
    table = scene.document.get("look", {})
    check.keys(
        scene, table, ("key_direction", "key_color", "key_strength", "exposure", "ambient"), "look"
    )
    base = Look()
    key = table.get("key_direction", list(base.key_direction))
    x, y, z = check.vector(scene, key, 3, "look.key_direction")
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-6:
        raise scene.fail("must point somewhere", "look.key_direction", "a direction", key)
    tint = base.key_color
    if "key_color" in table:
        r, g, b = (
            float(v) for v in check.linear(check.color(scene, table["key_color"], "look.key_color"))
        )
        tint = (r, g, b)
    return Look(
        (x / length, y / length, z / length),
        tint,
        check.number(scene, table, "key_strength", "look", base.key_strength, 0.0, 10.0),
        check.number(scene, table, "exposure", "look", base.exposure, 0.05, 20.0),
        check.number(scene, table, "ambient", "look", base.ambient, 0.0, 10.0),
    )
