"""A scene's decor as arrays: materials, lights, all shapes joined, and a packed lightmap.

No engine here: the same arrays go to the baker and to the stage.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Opening, Scene
from . import furnish
from .atlas import pack
from .shape import F32, I32, Shape, join, polygon, quad
from .textures import PAINTERS, paint

_MATERIAL_KEYS = (
    "texture", "color", "accent", "tile", "roughness", "metallic", "glow", "seed", "size",
)  # fmt: skip
_LIGHT_KEYS = ("kind", "at", "size", "target", "angle", "radius", "color", "strength")


@dataclass(frozen=True, eq=False)
class Material:
    """One material of the decor.

    Attributes:
        pixels: (h, w, 3) uint8 sRGB texture.
        tile: metres that one repeat of the texture covers, (along u, along v).
        glow: emitted light relative to the colour; 0 for what does not shine.
        albedo: (3,) mean linear colour, for light that bounces.
    """

    pixels: NDArray[np.uint8]
    tile: tuple[float, float]
    roughness: float
    metallic: float
    glow: float
    albedo: F32


@dataclass(frozen=True)
class Light:
    """A light of the baked room.

    Attributes:
        kind: ``"panel"`` a rectangle shining along ``normal``, ``"spot"`` a cone towards
            ``normal``, ``"bulb"`` a sphere, ``"sky"`` a window's rectangle.
        u, v: half-axes of a rectangle, metres; ``radius`` of spots and bulbs.
        cosine: of the half-angle of a spot's cone.
        power: (3,) linear RGB: radiance of rectangles, intensity of spots and bulbs.
    """

    kind: str
    at: tuple[float, float, float]
    normal: tuple[float, float, float]
    u: tuple[float, float, float]
    v: tuple[float, float, float]
    radius: float
    cosine: float
    power: tuple[float, float, float]


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
    bounds: tuple[F32, F32]
    digest: str


def build(scene: Scene) -> Decor:
    """Build a scene's decor.

    Raises:
        SceneError: an unknown material, builder, key or value; names file, line and key.
    """
    materials = _materials(scene)
    shapes = _shell(scene)
    mirrors: list[Mirror] = []
    for i, entry in enumerate(scene.document.get("object", [])):
        made = furnish.place(scene, entry, f"object[{i}]")
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
    lights = _lights(scene)
    digest = hashlib.sha256()
    for array in (whole.vertices, whole.faces, lightmap_uv):
        digest.update(np.round(array.astype(np.float64), 4).tobytes())
    digest.update(repr(lights).encode())
    digest.update(
        repr([(k, np.round(m.albedo, 2).tolist(), m.glow) for k, m in materials.items()]).encode()
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
        bounds=(
            np.array([flat[:, 0].min(), 0.0, flat[:, 1].min()], np.float32),
            np.array([flat[:, 0].max(), scene.height, flat[:, 1].max()], np.float32),
        ),
        digest=digest.hexdigest(),
    )


def color(scene: Scene, value: object, field: str) -> F32:
    """(3,) float32 sRGB 0 to 1 from ``"#rrggbb"``."""
    try:
        if not isinstance(value, str) or len(value) != 7 or value[0] != "#":
            raise ValueError
        return np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255.0
    except ValueError:
        raise scene.fail("is no colour", field, '"#rrggbb"', value) from None


def linear(srgb: F32) -> F32:
    """Linear light from sRGB, elementwise (IEC 61966-2-1)."""
    low, high = srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
    return np.asarray(np.where(srgb <= 0.04045, low, high), np.float32)


_LINEAR = linear(np.arange(256, dtype=np.float32) / 255.0)


def _number(
    scene: Scene,
    table: Mapping[str, Any],
    key: str,
    field: str,
    default: float,
    low: float,
    high: float,
) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise scene.fail("is out of range", f"{field}.{key}", f"{low:g} to {high:g}", value)
    return float(value)


def _vector(scene: Scene, value: object, count: int, field: str) -> tuple[float, ...]:
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(isinstance(v, int | float) and math.isfinite(v) for v in value)
    ):
        raise scene.fail("must be a vector", field, f"{count} finite numbers", value)
    return tuple(float(v) for v in value)


def _keys(scene: Scene, table: Mapping[str, Any], known: tuple[str, ...], field: str) -> None:
    for key in table:
        if key not in known:
            raise scene.fail("unknown key", f"{field}.{key}", ", ".join(known), key)


def _materials(scene: Scene) -> dict[str, Material]:
    made = {}
    for index, (name, table) in enumerate(scene.document.get("materials", {}).items()):
        field = f"materials.{name}"
        _keys(scene, table, _MATERIAL_KEYS, field)
        painter = table.get("texture", "plain")
        if painter not in PAINTERS:
            raise scene.fail("no such texture", f"{field}.texture", ", ".join(PAINTERS), painter)
        base = color(scene, table.get("color", "#ffffff"), f"{field}.color")
        accent = (
            color(scene, table["accent"], f"{field}.accent") if "accent" in table else base * 0.6
        )
        tile = table.get("tile", 1.0)
        pair = _vector(scene, tile if isinstance(tile, list) else [tile, tile], 2, f"{field}.tile")
        if min(pair) <= 0:
            raise scene.fail("must be positive", f"{field}.tile", "metres > 0", tile)
        size = int(_number(scene, table, "size", field, 512, 4, 2048))
        seed = int(_number(scene, table, "seed", field, index, 0, 1e6))
        pixels = paint(painter, size, seed, base, accent)
        mean = _LINEAR[pixels].reshape(-1, 3).mean(axis=0)
        made[name] = Material(
            pixels=pixels,
            tile=(pair[0], pair[1]),
            roughness=_number(scene, table, "roughness", field, 0.8, 0.0, 1.0),
            metallic=_number(scene, table, "metallic", field, 0.0, 0.0, 1.0),
            glow=_number(scene, table, "glow", field, 0.0, 0.0, 100.0),
            albedo=mean.astype(np.float32),
        )
    return made


def _look(scene: Scene) -> Look:
    table = scene.document.get("look", {})
    _keys(
        scene, table, ("key_direction", "key_color", "key_strength", "exposure", "ambient"), "look"
    )
    base = Look()
    key = table.get("key_direction", list(base.key_direction))
    x, y, z = _vector(scene, key, 3, "look.key_direction")
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-6:
        raise scene.fail("must point somewhere", "look.key_direction", "a direction", key)
    tint = base.key_color
    if "key_color" in table:
        r, g, b = (float(v) for v in linear(color(scene, table["key_color"], "look.key_color")))
        tint = (r, g, b)
    return Look(
        (x / length, y / length, z / length),
        tint,
        _number(scene, table, "key_strength", "look", base.key_strength, 0.0, 10.0),
        _number(scene, table, "exposure", "look", base.exposure, 0.05, 20.0),
        _number(scene, table, "ambient", "look", base.ambient, 0.0, 10.0),
    )


def _lights(scene: Scene) -> tuple[Light, ...]:
    made = []
    for i, table in enumerate(scene.document.get("light", [])):
        field = f"light[{i}]"
        _keys(scene, table, _LIGHT_KEYS, field)
        kind = table.get("kind")
        if kind not in ("panel", "spot", "bulb"):
            raise scene.fail("no such light", f"{field}.kind", "panel, spot, bulb", kind)
        at = _vector(scene, table.get("at"), 3, f"{field}.at")
        tint = linear(color(scene, table.get("color", "#ffffff"), f"{field}.color"))
        power = tint * _number(scene, table, "strength", field, 1.0, 0.0, 1e4)
        u, v, normal, cosine = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0), -1.0
        if kind == "panel":
            w, d = _vector(scene, table.get("size"), 2, f"{field}.size")
            u, v = (w / 2, 0.0, 0.0), (0.0, 0.0, d / 2)
        if kind == "spot":
            aim = np.subtract(_vector(scene, table.get("target"), 3, f"{field}.target"), at)
            aim = aim / max(float(np.linalg.norm(aim)), 1e-9)
            normal = (float(aim[0]), float(aim[1]), float(aim[2]))
            cosine = math.cos(math.radians(_number(scene, table, "angle", field, 30.0, 1.0, 89.0)))
        made.append(
            Light(
                kind, (at[0], at[1], at[2]), normal, u, v,
                _number(scene, table, "radius", field, 0.04, 0.0, 2.0), cosine,
                (float(power[0]), float(power[1]), float(power[2])),
            )
        )  # fmt: skip
    made += [_sky_light(scene, o) for o in scene.openings if o.kind == "window"]
    if not made:
        low, high = np.min(scene.outline, axis=0), np.max(scene.outline, axis=0)
        (x, z), (w, d) = (low + high) / 2, (high - low) / 2
        made.append(
            Light("panel", (float(x), scene.height - 0.02, float(z)), (0.0, -1.0, 0.0),
                  (float(w) * 0.7, 0.0, 0.0), (0.0, 0.0, float(d) * 0.7), 0.0, -1.0,
                  (1.1, 1.02, 0.9))
        )  # fmt: skip
    return tuple(made)


def wall_frame(scene: Scene, wall: int) -> tuple[F32, F32, F32, float]:
    """Start corner (3,), unit vector along it, unit normal into the room, and length, metres."""
    a = np.asarray(scene.outline[wall], np.float32)
    b = np.asarray(scene.outline[(wall + 1) % len(scene.outline)], np.float32)
    length = float(np.linalg.norm(b - a))
    along = np.array([(b - a)[0] / length, 0.0, (b - a)[1] / length], np.float32)
    # Counter-clockwise from above: the inside is on the left hand, up x along.
    normal = np.cross(np.array([0.0, 1.0, 0.0], np.float32), along).astype(np.float32)
    return np.array([a[0], 0.0, a[1]], np.float32), along, normal, length


def _sky_light(scene: Scene, opening: Opening) -> Light:
    start, along, normal, _ = wall_frame(scene, opening.wall)
    middle = start + along * (opening.offset + opening.width / 2) + normal * 0.01
    middle[1] = opening.sill + opening.height / 2
    u, v = along * opening.width / 2, np.array([0.0, opening.height / 2, 0.0])
    strength = float(scene.document.get("room", {}).get("daylight", 5.0))
    return Light(
        "sky", _triple(middle), _triple(normal), _triple(u), _triple(v), 0.0, -1.0,
        (0.92 * strength, 0.97 * strength, 1.05 * strength),
    )  # fmt: skip


def _triple(v: Any) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))


def _shell(scene: Scene) -> list[Shape]:
    """Floor, ceiling and walls with their openings, frames, skirting and the view outside."""
    room = scene.document.get("room", {})
    shapes = [
        polygon(scene.outline, 0.0, True, str(room.get("floor", "floor"))),
        polygon(scene.outline, scene.height, False, str(room.get("ceiling", "ceiling"))),
    ]
    material = str(room.get("walls", "walls"))
    skirting = room.get("skirting")
    for wall in range(len(scene.outline)):
        start, along, normal, length = wall_frame(scene, wall)
        holes = sorted((o for o in scene.openings if o.wall == wall), key=lambda o: o.offset)
        pieces = []
        at = 0.0
        for o in holes:
            pieces += [
                (at, 0.0, o.offset - at, scene.height),
                (o.offset, 0.0, o.width, o.sill),
                (o.offset, o.sill + o.height, o.width, scene.height - o.sill - o.height),
            ]
            at = o.offset + o.width
            shapes += furnish.opening(o, start, along, normal)
        pieces.append((at, 0.0, length - at, scene.height))
        made = []
        for x, y, w, h in pieces:
            if w > 1e-4 and h > 1e-4:
                corner = start + along * x + np.array([0.0, y, 0.0])
                # along x up points out of the room, so the wall runs the other way.
                s = quad(corner + along * w, -along * w, (0.0, h, 0.0), material)
                shift = np.array([length - x - w, y], np.float32)
                made.append(_one_chart(s, shift))
        whole = join(made)
        shapes.append(
            Shape(whole.vertices, whole.normals, whole.uv, whole.faces,
                  np.zeros_like(whole.chart), whole.chart_uv, material)
        )  # fmt: skip
        if isinstance(skirting, str):
            doors = [o for o in holes if o.sill < 0.1]
            edges = [0.0, *(e for o in doors for e in (o.offset, o.offset + o.width)), length]
            for a, b in zip(edges[::2], edges[1::2], strict=True):
                if b - a > 0.02:
                    shapes.append(
                        furnish.along_wall(start, along, normal, a, b, 0.09, 0.014, skirting)
                    )
    return shapes


def _one_chart(s: Shape, shift: NDArray[np.float32]) -> Shape:
    """The wall piece with UVs and chart UVs in the whole wall's coordinates."""
    return Shape(
        s.vertices, s.normals, s.uv + shift, s.faces, s.chart, s.chart_uv + shift, s.material
    )
