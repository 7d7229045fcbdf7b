"""Hats: caps with a peak, bucket hats, hats with a brim, beanies; the data is in ``hat.toml``.

One closed shell: from the lining's top down inside, around the rim (and brim or peak), and up the
outside of the crown.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..mesh import vertex_normals
from .furniture_family import Anchors, Choices, Values
from .furniture_solids import F64, Loft, polygon, upright
from .spec import load_spec
from .worn_solid import Fitting, WornAssembly, WornSolid, push_from

if TYPE_CHECKING:
    from ..dressform import BodyForm

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_POINTS = 56
_INNER, _EDGE, _BAND, _OUTER = 11, 5, 4, 14
_WALL = 0.0025
_LONG = 1.24
"""Length to breadth of a head at the girth of ISO 8559-1; the hat's opening is cut to it."""
_BAND_THICK = {"cap": 0.0006, "bucket": 0.0006, "brim": 0.0012, "beanie": 0.004}
_SLACK = {"cap": 0.012, "bucket": 0.03, "brim": 0.045, "beanie": 0.025}
"""How far a worn crown may stand above the head; softer cloth sinks down to it, metres."""
_TILT = 0.05
"""How much higher a worn hat sits in front than behind, radians."""


def half_axes(girth: float, ratio: float = _LONG) -> tuple[float, float]:
    """Half axes across and along of an ellipse of this girth, metres."""
    across = girth / _girth(1.0, ratio)
    return across, across * ratio


def _girth(a: float, b: float) -> float:
    """Girth of an ellipse with half axes ``a`` and ``b`` (Ramanujan's first formula)."""
    return math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))


def _crown(values: Values, style: str, turn: F64, rise: F64, inset: float) -> F64:
    """Points (rise, turn, 3) of the crown at angles ``rise`` from 0 (rim) to pi / 2 (top).

    A superellipse in profile: ``crown_square`` 0 gives a dome, 1 nearly a cylinder.
    """
    ratio = _LONG * (1 - 0.75 * values["laid_flat"])
    across, along = half_axes(values["head_girth"], ratio)
    power = 1.0 / (1.0 + 4.0 * values["crown_square"])
    high = np.sin(rise) ** power
    radius = np.cos(rise) ** power
    height = (values["crown_height"] - inset) * high
    radius = radius * (1 + (values["crown_taper"] - 1) * high)
    radius = np.maximum(radius, 0.012 + 0.05 * (1 - high))
    shift = values["crown_lean"] * values["crown_height"] * high**2
    out = np.empty((len(rise), len(turn), 3))
    out[..., 0] = np.sin(turn) * radius[:, None] * (across - inset)
    out[..., 2] = np.cos(turn) * radius[:, None] * (along - inset) + shift[:, None]
    dent = (
        np.exp(-((out[..., 0] / (0.3 * across)) ** 2)) * np.clip((high - 0.6) / 0.4, 0, 1)[:, None]
    )
    depth = values["dent_depth"] if style == "brim" else 0.0
    out[..., 1] = height[:, None] - depth * dent
    return out


def _reach(values: Values, style: str, turn: F64) -> F64:
    """How far brim or peak stand out at angles ``turn`` (k,) from the front, metres."""
    if style in ("bucket", "brim"):
        return np.full(len(turn), max(values["brim_width"], 0.002))
    if style == "beanie":
        return np.full(len(turn), 0.0015)
    away = np.abs((turn + math.pi) % (2 * math.pi) - math.pi) / values["peak_span"]
    shape = np.clip(1 - away**2.5, 0.0, 1.0) ** 0.6
    return np.maximum(values["peak_length"] * shape, 0.0015)


def shell(values: Values, style: str) -> F64:
    """The rings (1, n, k, 3) of a hat whose rim lies around y = 0."""
    turn = np.arange(_POINTS, dtype=np.float64) * (2 * math.pi / _POINTS)
    quarter = math.pi / 2
    inner = _crown(values, style, turn, np.linspace(quarter * 0.985, 0.0, _INNER), _WALL)
    # Rings of equal height near the rim of a steep crown are spread by their sine.
    band = min(values["band_height"], 0.6 * values["crown_height"])
    thick = _BAND_THICK[style] * min(1.0, band / 0.01)
    power = 1.0 / (1.0 + 4.0 * values["crown_square"])
    levels = np.linspace(0.0, band / values["crown_height"], _BAND + 1)
    girdle = _crown(values, style, turn, np.arcsin(levels ** (1 / power)), -thick)
    outer = _crown(values, style, turn, _even_rise(values, power, band), 0.0)
    rim = _crown(values, style, turn, np.zeros(1), 0.0)[0]
    normal = np.stack([np.sin(turn), np.zeros_like(turn), np.cos(turn)], axis=1)
    reach = _reach(values, style, turn)
    q = np.linspace(0.0, 1.0, _EDGE + 1)[1:]
    far = np.array([_brim(values, style, rim, normal, reach * s, s) for s in q])
    under, over = far.copy(), far[::-1].copy()
    under[..., 1] -= 0.5 * _WALL
    over[..., 1] += 0.5 * _WALL
    rings = np.concatenate([inner, under, over, girdle, outer])
    return rings[None]


def _even_rise(values: Values, power: float, band: float) -> F64:
    """Angles (_OUTER,) from the band to the top in even steps along the crown's profile."""
    rise = np.linspace(0.0, 0.5 * math.pi * 0.985, 240)
    across = half_axes(values["head_girth"])[0]
    height = values["crown_height"] * np.sin(rise) ** power
    radius = across * np.cos(rise) ** power
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(height), np.diff(radius)))])
    start = float(np.interp(band, height, along))
    result: F64 = np.interp(np.linspace(start, along[-1], _OUTER + 1)[1:], along, rise)
    return result


def _brim(
    values: Values, style: str, rim: F64, normal: F64, out: F64, share: float
) -> NDArray[np.float64]:
    """A ring of the brim, ``out`` (k,) metres from the rim, at a share of its width."""
    ring = rim + normal * out[:, None]
    if style == "cap":
        across = ring[:, 0] / max(float(np.abs(rim[:, 0]).max()), 1e-6)
        ring[:, 1] -= out * values["peak_drop"] + out * 0.9 * values["peak_curve"] * across**2
        return ring
    slope = values["brim_slope"] if style in ("bucket", "brim") else 0.0
    ring = rim + normal * (out * math.cos(slope))[:, None]
    ring[:, 1] += out * math.sin(slope)
    if style == "brim":
        side = np.abs(normal[:, 0]) ** 2
        ring[:, 1] += out * share * (values["brim_curl"] * side - 0.3 * values["brim_curl"])
    return ring


def _lofts(
    values: Values, choices: Choices
) -> tuple[list[Loft], dict[int, tuple[tuple[int, str, str], ...]]]:
    style = choices["style"]
    rings = shell(values, style)
    edge = "peak" if style == "cap" else "brim"
    first = _INNER
    bands = (
        (first - 1, edge, "fabric"),
        (first + 2 * _EDGE, "band", "trim"),
        (first + 2 * _EDGE + _BAND, "crown", "fabric"),
    )
    lofts = [Loft(rings, "~lining", "lining", 4, -6)]
    top = rings[0, -1].mean(axis=0)
    if choices["top"] == "pompon":
        lofts.append(
            _ball(
                top + np.array([0.0, 0.8 * values["top_size"], 0.0]), values["top_size"], "pompon"
            )
        )
    if choices["top"] == "button":
        lofts.append(_ball(top + np.array([0.0, 0.001, 0.0]), 0.007, "button"))
    return lofts, {0: bands}


def _ball(centre: F64, radius: float, part: str) -> Loft:
    turn = np.linspace(-0.46 * math.pi, 0.46 * math.pi, 9)
    section = polygon(14)[:, ::-1] * radius
    scale = np.repeat(np.cos(turn)[:, None], 2, axis=1)
    middle = np.repeat(centre[None, [0, 2]], len(turn), axis=0)
    return Loft(
        upright(section, centre[1] + radius * np.sin(turn), scale, middle), part, "trim", 3, -4
    )


def assemble(values: Values, choices: Choices) -> WornAssembly:
    """A hat on a table: its lowest point at y = 0, facing +Z."""
    lofts, bands = _lofts(values, choices)
    low = min(float(loft.rings[..., 1].min()) for loft in lofts)
    lofts = [
        Loft(f.rings - np.array([0.0, low, 0.0]), f.part, f.material, f.lower, f.upper)
        for f in lofts
    ]
    anchors: Anchors = {
        "top": (0.0, values["crown_height"] - low, 0.0),
        "front": (0.0, -low, half_axes(values["head_girth"])[1]),
        "floor": (0.0, 0.0, 0.0),
    }
    return WornAssembly(lofts, 0.0, anchors, bands)


def fit_on_head(values: Values, choices: Choices, form: BodyForm) -> Fitting:
    """Put a hat on a head.

    It slides down until its opening is as wide as the head there, no lower than the head's own
    girth (above the ears) and no deeper than its crown; its ellipse takes the head's shape.
    """
    upright_values = {**values, "laid_flat": 0.0}
    lofts, _ = _lofts(upright_values, choices)
    points = np.concatenate([loft.points() for loft in lofts])
    head = head_of(form)
    girth = values["head_girth"]
    fits = np.flatnonzero(head.girths <= girth - 0.006)
    level = float(head.heights[fits[0]]) if len(fits) else float(head.heights[-1])
    level = max(level, head.brow, head.top + 0.004 - (values["crown_height"] - _WALL))
    at = int(np.abs(head.heights - level).argmin())
    room = head.top - level + _SLACK[choices["style"]]
    sink = min(1.0, room / (values["crown_height"] - _WALL))
    shell_size = len(lofts[0].points())
    crown = points[:shell_size, 1]
    points[shell_size:, 1] += (sink - 1) * float(crown.max())
    points[:shell_size, 1] = np.where(crown > 0, crown * sink, crown)
    across, along = half_axes(girth)
    ratio = head.axes[at, 1] / head.axes[at, 0]
    wide, deep = half_axes(girth, ratio)
    points = points * [wide / across, 1.0, deep / along]
    c, s = math.cos(_TILT), math.sin(_TILT)
    y, z = points[:, 1] * c + points[:, 2] * s, points[:, 2] * c - points[:, 1] * s
    placed = np.stack([points[:, 0], y, z], axis=1)
    placed += [head.centre[at, 0], level, head.centre[at, 1]]
    # Inside and outside are kept apart: the lining may lie closer.
    inner = np.zeros(len(placed), bool)
    inner[: _INNER * _POINTS] = True
    inner[shell_size - 2] = True
    for chosen, gap in ((inner, 0.001), (~inner, 0.0045)):
        placed[chosen] = push_from(placed[chosen], head.skin, head.normals, gap)
    spot = head.centre[at]
    anchors: Anchors = {
        "top": (float(spot[0]), level + values["crown_height"], float(spot[1])),
        "front": (float(spot[0]), level, float(spot[1]) + deep),
    }
    return Fitting(placed, ("head",), np.ones((len(placed), 1)), anchors)


class Head:
    """Horizontal sections of a head: heights from the brow upwards, their girths and half axes."""

    def __init__(self, form: BodyForm) -> None:
        from ..garment.body_sections import arm_and_head

        _, is_head = arm_and_head(form)
        v = form.vertices.astype(np.float64)
        self.skin = v[is_head]
        self.normals = vertex_normals(form.vertices, form.faces).astype(np.float64)[is_head]
        joint = form.skin.rest[form.skin.names.index("head")].astype(np.float64)
        self.top = float(self.skin[:, 1].max())
        height = self.top - float(joint[1])
        self.heights = np.linspace(self.top - 0.62 * height, self.top - 0.02, 24)
        axes, centres = [], []
        for y in self.heights:
            slab = self.skin[np.abs(self.skin[:, 1] - y) < 0.012][:, [0, 2]]
            low, high = slab.min(axis=0), slab.max(axis=0)
            half = (high - low) / 2
            axes.append(half)
            centres.append((low + high) / 2)
        self.axes, self.centre = np.array(axes), np.array(centres)
        self.brow = self.top - 0.60 * height
        # Ears are no part of the girth: below the widest place above them a head gets no wider.
        widest = float(self.axes[self.heights > self.top - 0.42 * height, 0].max())
        self.axes[:, 0] = np.minimum(self.axes[:, 0], widest)
        self.girths = np.array([_girth(float(x), float(z)) for x, z in self.axes])


def head_of(form: BodyForm) -> Head:
    """Measure a body's head."""
    return Head(form)


FAMILY = WornSolid(_SPEC, assemble, fit_on_head)
