"""What is to be drawn beside room and products in one frame: plain data, no engine.

A visitor's :class:`~showroom.stage.guest.Guest` says it; :class:`~showroom.stage.gizmos.Gizmos`
draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..protocol.limits import Transform
from ..protocol.messages import FitMap
from .ground import Box
from .locomotion import Rig
from .panel import Panel
from .poses import Vec3, moved
from .teleport import Arc
from .touch import Carried, Ray
from .wares import Ware
from .words import names, word


@dataclass(frozen=True)
class Label:
    """Words that hang in the room, turned to whoever looks: lines of text, their place."""

    lines: tuple[str, ...]
    place: Vec3
    size: float = 0.045


@dataclass(frozen=True)
class Dimension:
    """A measured way: its two ends (room, metres), what stands at its middle, the line's width."""

    start: Vec3
    end: Vec3
    label: Label
    width: float = 0.006


@dataclass(frozen=True)
class Spot:
    """Where a held thing would stand, and whether there is room for it."""

    box: Box
    free: bool


@dataclass(frozen=True)
class View:
    """One frame's additions.

    Attributes:
        head: the visitor's, in the room; None while it is not tracked.
        lit: products with an outline: what is pointed at, and what would be tried on (True).
        strains: strain maps to be shown on worn garments.
        vignette, dark: 0 to 1; see :class:`~showroom.stage.locomotion.Moved`.
        panels: in the play space.
        hint: a line for the caption, such as what letting go does.
        rig: where the play space lies.
    """

    head: Transform | None = None
    arc: Arc | None = None
    rays: tuple[Ray, ...] = ()
    lit: tuple[tuple[str, bool], ...] = ()
    labels: tuple[Label, ...] = ()
    carried: tuple[Carried, ...] = ()
    spot: Spot | None = None
    measures: tuple[Dimension, ...] = ()
    strains: tuple[FitMap, ...] = ()
    vignette: float = 0.0
    dark: float = 0.0
    panels: tuple[Panel, ...] = ()
    hint: str = ""
    rig: Rig = field(default_factory=Rig)

    def placed(self, pose: Transform) -> Transform:
        """A pose of the play space in the room."""
        return self.rig.place(pose)


def name_label(ware: Ware, lang: str) -> Label | None:
    """A product's name and price, over it."""
    if ware.shape is None:
        return None
    low, high = ware.shape.low, ware.shape.high
    top = (float(low[0] + high[0]) / 2, float(high[1]) + 0.09, float(low[2] + high[2]) / 2)
    lines = tuple(text for text in (ware.title(lang), ware.cost) if text)
    return Label(lines, moved(ware.transform, top))


def sizes(ware: Ware, lang: str) -> tuple[str, ...]:
    """A product's own measures as lines: those that a tailor or joiner would name."""
    return tuple(
        f"{word(name, lang)} {100 * ware.values[name]:.1f} cm"
        for name in ware.ranges
        if name in ware.values and name in names()["en"]
    )


def tailored(ware: Ware, lang: str, transform: Transform) -> tuple[Label, ...]:
    """A garment's measures on a plate beside it."""
    lines = sizes(ware, lang)
    if ware.shape is None or not lines:
        return ()
    low, high = ware.shape.low, ware.shape.high
    side = (float(high[0]) + 0.14, float(low[1] + high[1]) / 2, float(low[2] + high[2]) / 2)
    return (Label(lines, moved(transform, side), 0.032),)


def dimensions(ware: Ware, lang: str, transform: Transform, factor: float = 1.0) -> tuple[
    Dimension, ...
]:  # fmt: skip
    """Width, height and depth of a product, beside it."""
    if ware.shape is None:
        return ()
    low, high = ware.shape.low * factor, ware.shape.high * factor
    out = 0.06
    x0, y0, z0 = (float(v) for v in low)
    x1, y1, z1 = (float(v) for v in high)
    ways = (
        ("width", (x0, y0, z1 + out), (x1, y0, z1 + out)),
        ("height", (x1 + out, y0, z1), (x1 + out, y1, z1)),
        ("depth", (x1 + out, y0, z0), (x1 + out, y0, z1)),
    )
    found = []
    for name, start, end in ways:
        length = float(np.linalg.norm(np.subtract(end, start)))
        a, b = moved(transform, start), moved(transform, end)
        middle = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
        text = f"{word(name, lang)} {100 * length:.1f} cm"
        place = (middle[0], middle[1] + (0.05 if name != "height" else 0.0), middle[2])
        found.append(Dimension(a, b, Label((text,), place, 0.035)))
    return tuple(found)
