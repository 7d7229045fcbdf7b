"""The registry of decor builders, placing them from scene entries, and parts of the room's shell.

A builder is a function of keyword arguments with defaults; its signature is the schema that a
scene's ``[[object]]`` entry is checked against.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..catalog.scene import Scene
from .material import asset
from .model import read_model
from .settings import StageError
from .shape import Shape, box, quad

Triple = tuple[float, float, float]
Rectangle = tuple[float, float, float, float]
"""Least x, least z, greatest x, greatest z."""
File = Path
"""A parameter that names a file in the scene's folder."""


@dataclass(frozen=True)
class Made:
    """What a builder makes: shapes, and mirrors as (centre, normal), in its own frame.

    Builders stand on the floor at the origin and face +Z.
    """

    shapes: list[Shape]
    mirrors: tuple[tuple[Triple, Triple], ...] = ()


Builder = Callable[..., Made]
BUILDERS: dict[str, Builder] = {}
_LIMIT = 500.0
_PLACING = ("build", "at", "turn", "scale", "solid")
_SIGNED = ("aim", "lift", "slope", "flat", "edge", "seed", "door_at")
"""Parameters that may be zero or less; all others are sizes or counts."""


def builder(function: Builder) -> Builder:
    """Register a builder under its function's name."""
    BUILDERS[function.__name__] = function
    return function


def place(scene: Scene, entry: Mapping[str, Any], field: str) -> Made:
    """Build one ``[[object]]`` entry: ``build``, ``at`` [x, y, z], ``turn`` degrees, parameters.

    Raises:
        SceneError: unknown builder or key, missing or wrong value.
    """
    name = entry.get("build")
    if name not in BUILDERS:
        raise scene.fail("no such builder", f"{field}.build", ", ".join(sorted(BUILDERS)), name)
    function = BUILDERS[str(name)]
    parameters = inspect.signature(function).parameters
    given = {k: v for k, v in entry.items() if k not in _PLACING}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in parameters:
            known = ", ".join([*_PLACING[1:], *parameters])
            raise scene.fail("unknown key", f"{field}.{key}", known, key)
        values[key] = _checked(scene, value, str(parameters[key].annotation), f"{field}.{key}")
        if key not in _SIGNED and not _positive(values[key]):
            raise scene.fail("must be positive", f"{field}.{key}", "more than 0.001", value)
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key not in values:
            raise scene.fail("is missing", field, key, "nothing")
    x, y, z = _checked(scene, entry.get("at", [0.0, 0.0, 0.0]), "Triple", f"{field}.at")
    turn = entry.get("turn", 0.0)
    if isinstance(turn, bool) or not isinstance(turn, int | float) or not abs(turn) <= 360:
        raise scene.fail("is out of range", f"{field}.turn", "-360 to 360 degrees", turn)
    scale = entry.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0.01 <= scale <= 100:
        raise scene.fail("is out of range", f"{field}.scale", "0.01 to 100", scale)
    angle = math.radians(turn)
    try:
        made = function(**values)
    except (OSError, StageError) as error:
        raise scene.fail(str(error), f"{field}.file", "a file that can be shown", values) from error
    c, s = math.cos(angle), math.sin(angle)

    def spin(p: Triple) -> Triple:
        return (c * p[0] + s * p[2], p[1], -s * p[0] + c * p[2])

    mirrors = []
    for center, normal in made.mirrors:
        a = spin((center[0] * scale, center[1] * scale, center[2] * scale))
        mirrors.append(((a[0] + x, a[1] + y, a[2] + z), spin(normal)))
    shapes = made.shapes
    if scale != 1.0:
        shapes = [p.scaled(scale, scale, scale) for p in shapes]
    return Made([p.turned("y", angle).moved(x, y, z) for p in shapes], tuple(mirrors))


def _positive(value: object) -> bool:
    if isinstance(value, bool | str | Path):
        return True
    if isinstance(value, tuple):
        return all(_positive(v) for v in value)
    return isinstance(value, int | float) and value > 0.001


def _checked(scene: Scene, value: object, kind: str, field: str) -> Any:
    """The value as the builder's annotation wants it."""

    def number(v: object) -> bool:
        return isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= _LIMIT

    if kind == "float" and number(value):
        return float(value)  # type: ignore[arg-type]
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= 1000:
            return value
    elif (kind == "str" and isinstance(value, str)) or (kind == "bool" and isinstance(value, bool)):
        return value
    elif kind in ("Triple", "Rectangle") and isinstance(value, list):
        if len(value) == (3 if kind == "Triple" else 4) and all(number(v) for v in value):
            return tuple(float(v) for v in value)
    elif (
        kind.startswith("tuple[str")
        and isinstance(value, list)
        and 0 < len(value) <= 100
        and all(isinstance(v, str) for v in value)
    ):
        return tuple(value)
    elif kind == "File":
        return asset(scene, value, field, (".glb",))
    names = {
        "Triple": "three numbers",
        "Rectangle": "four numbers",
        "int": "a whole number up to 1000",
        "tuple[str, ...]": "a list of names",
    }
    raise scene.fail("has the wrong type or range", field, names.get(kind, kind), value)


@builder
def model(*, file: File, material: str) -> Made:
    """The geometry of a GLB file that lies beside the scene file, in one material."""
    found = read_model(file.read_bytes())
    count = len(found.positions)
    return Made([
        Shape(found.positions, found.normals, found.uv, found.faces, np.full(count, -1, np.int32),
              np.zeros((count, 2), np.float32), material)
    ])  # fmt: skip


@builder
def block(*, size: Triple, material: str, bevel: float = 0.006) -> Made:
    """A box with rounded edges: plinth, counter, step, beam."""
    return Made([box(size, material, bevel)])


@builder
def panel_light(*, width: float, depth: float, material: str = "glow") -> Made:
    """A flat luminous panel that hangs from where it is placed, shining down."""
    rim = box((width + 0.05, 0.05, depth + 0.05), "metal", 0.006, skip="bottom")
    face = quad((-width / 2, 0.004, -depth / 2), (width, 0.0, 0.0), (0.0, 0.0, depth), material)
    return Made([rim, Shape(face.vertices, face.normals, face.uv, face.faces,
                            np.full(4, -1, np.int32), face.chart_uv, material)])  # fmt: skip
