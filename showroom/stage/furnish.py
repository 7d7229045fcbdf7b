"""The registry of decor builders, placing them from scene entries, and parts of the room's shell.

A builder is a function of keyword arguments with defaults; its signature is the schema that a
scene's ``[[object]]`` entry is checked against.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Opening, Scene
from .shape import Shape, box, quad

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Made:
    """What a builder makes: shapes, and mirrors as (centre, normal), in its own frame.

    Builders stand on the floor at the origin and face +Z.
    """

    shapes: list[Shape]
    mirrors: tuple[tuple[Triple, Triple], ...] = ()


Builder = Callable[..., Made]
BUILDERS: dict[str, Builder] = {}
_LIMIT = 50.0


def builder(function: Builder) -> Builder:
    """Register a builder under its function's name."""
    BUILDERS[function.__name__] = function
    return function


def place(scene: Scene, entry: Mapping[str, Any], field: str) -> Made:
    """Build one ``[[object]]`` entry: ``build``, ``at`` [x, y, z], ``turn`` degrees, parameters.

    Raises:
        SceneError: unknown builder or key, missing or wrong value.
    """
    from . import furnish_home, furnish_shop  # noqa: F401 - they register their builders

    name = entry.get("build")
    if name not in BUILDERS:
        raise scene.fail("no such builder", f"{field}.build", ", ".join(sorted(BUILDERS)), name)
    function = BUILDERS[str(name)]
    parameters = inspect.signature(function).parameters
    given = {k: v for k, v in entry.items() if k not in ("build", "at", "turn")}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in parameters:
            known = ", ".join(["at", "turn", *parameters])
            raise scene.fail("unknown key", f"{field}.{key}", known, key)
        values[key] = _checked(scene, value, str(parameters[key].annotation), f"{field}.{key}")
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key not in values:
            raise scene.fail("is missing", field, key, "nothing")
    x, y, z = _checked(scene, entry.get("at", [0.0, 0.0, 0.0]), "Triple", f"{field}.at")
    turn = entry.get("turn", 0.0)
    if isinstance(turn, bool) or not isinstance(turn, int | float) or not abs(turn) <= 360:
        raise scene.fail("is out of range", f"{field}.turn", "-360 to 360 degrees", turn)
    angle = math.radians(turn)
    made = function(**values)
    c, s = math.cos(angle), math.sin(angle)

    def spin(p: Triple) -> Triple:
        return (c * p[0] + s * p[2], p[1], -s * p[0] + c * p[2])

    mirrors = []
    for center, normal in made.mirrors:
        a = spin(center)
        mirrors.append(((a[0] + x, a[1] + y, a[2] + z), spin(normal)))
    return Made([p.turned("y", angle).moved(x, y, z) for p in made.shapes], tuple(mirrors))


def _checked(scene: Scene, value: object, kind: str, field: str) -> Any:
    """The value as the builder's annotation wants it."""

    def number(v: object) -> bool:
        return isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= _LIMIT

    if kind == "float" and number(value):
        return float(value)  # type: ignore[arg-type]
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= 10_000:
            return value
    elif (kind == "str" and isinstance(value, str)) or (kind == "bool" and isinstance(value, bool)):
        return value
    elif kind == "Triple" and isinstance(value, list) and len(value) == 3:
        if all(number(v) for v in value):
            return tuple(float(v) for v in value)
    elif (
        kind.startswith("tuple[str")
        and isinstance(value, list)
        and value
        and all(isinstance(v, str) for v in value)
    ):
        return tuple(value)
    names = {"Triple": "three numbers", "tuple[str, ...]": "a list of names"}
    raise scene.fail("has the wrong type or range", field, names.get(kind, kind), value)


def opening(
    o: Opening, start: NDArray[np.float32], along: NDArray[np.float32], normal: NDArray[np.float32]
) -> list[Shape]:
    """A window or door in its wall: reveal, frame, glass bars, sill, and the view or the leaf."""
    deep = 0.14
    angle = math.atan2(float(normal[0]), float(normal[2]))
    middle = start + along * (o.offset + o.width / 2)
    w, h = o.width, o.height
    parts: list[Shape] = []

    def bar(x: float, y: float, width: float, height: float, z: float, d: float, m: str) -> None:
        parts.append(box((width, height, d), m, 0.004).moved(x, y, z))

    if o.kind == "window":
        frame, t = "window_frame", 0.055
        for x in (-w / 2 + t / 2, w / 2 - t / 2):
            bar(x, 0.0, t, h, -0.06, 0.06, frame)
        for y in (0.0, h - t):
            bar(0.0, y, w, t, -0.06, 0.06, frame)
        panes = max(1, round(w / 0.95))
        for k in range(1, panes):
            bar(-w / 2 + w * k / panes, 0.0, 0.045, h, -0.06, 0.05, frame)
        bar(0.0, -0.03, w + 0.1, 0.03, 0.03, 0.24, frame)
        view = quad((-w, -0.6 * h, -1.2), (2 * w, 0.0, 0.0), (0.0, 2.2 * h, 0.0), "view")
        size = np.array([2 * w, 2.2 * h], np.float32)
        parts.append(
            Shape(
                view.vertices, view.normals, view.uv / size, view.faces,
                np.full(4, -1, np.int32), view.chart_uv, view.material,
            )
        )  # fmt: skip
    else:
        t = 0.07
        for x in (-w / 2 + t / 2, w / 2 - t / 2):
            bar(x, 0.0, t, h, 0.0, 0.18, "window_frame")
        bar(0.0, h - t, w, t, 0.0, 0.18, "window_frame")
        bar(0.0, 0.0, w - 2 * t, h - t, -0.05, 0.045, "door")
        bar(w / 2 - t - 0.08, 1.0, 0.018, 0.14, 0.0, 0.05, "metal")
    for x, side in ((-w / 2, "right"), (w / 2, "left")):
        shift = 0.005 if side == "right" else -0.005
        parts.append(box((0.01, h, deep), "window_frame", 0.0).moved(x - shift, 0.0, -deep / 2))
    parts.append(box((w, 0.01, deep), "window_frame", 0.0).moved(0.0, h, -deep / 2))
    base = middle + np.array([0.0, o.sill, 0.0], np.float32)
    return [
        p.turned("y", angle).moved(float(base[0]), float(base[1]), float(base[2])) for p in parts
    ]


def along_wall(
    start: NDArray[np.float32],
    along: NDArray[np.float32],
    normal: NDArray[np.float32],
    first: float,
    last: float,
    height: float,
    depth: float,
    material: str,
) -> Shape:
    """A bar on the floor along a wall, from ``first`` to ``last`` metres: skirting."""
    angle = math.atan2(float(normal[0]), float(normal[2]))
    middle = start + along * (first + last) / 2 + normal * depth / 2
    bar = box((last - first, height, depth), material, 0.003, skip="bottom back")
    return bar.turned("y", angle).moved(float(middle[0]), 0.0, float(middle[2]))


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
