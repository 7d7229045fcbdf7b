"""What stands on a floor, who looks at it, and what a change of places came to: plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import FitError

if TYPE_CHECKING:
    from .placement import Floor

Dimension = Literal["width", "depth", "height"]
Side = Literal["left", "right", "front", "back"]
Hindrance = Literal[
    "wall", "door", "window", "ceiling", "visitor", "obstacle", "product", "room",
    "no_door", "no_window",
]  # fmt: skip
"""What may stand in the way; the last two say that the room has none to stand at."""
DIRECTIONS = ("left", "right", "forward", "back")


class PlacementError(FitError):
    """A product, direction or measure that cannot be placed at all."""

    code = "placement"


@cache
def rules() -> Mapping[str, Any]:
    """The distances of ``placement.toml``."""
    import tomllib

    return tomllib.loads(Path(__file__).with_name("placement.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Footprint:
    """The box that a product fills, in its own frame.

    Attributes:
        width, depth, height: along its x, z and y, metres.
        center: (x, z) of the box in the product's frame; near (0, 0).
    """

    width: float
    depth: float
    height: float
    center: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("width", "depth", "height"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0.001 <= value <= 100.0):
                raise PlacementError(
                    f"a product has no usable {name}",
                    field=f"footprint.{name}",
                    expected="0.001 to 100 m",
                    got=f"{value:g}",
                )

    @classmethod
    def of(cls, vertices: NDArray[np.float32]) -> Footprint:
        """The bounding box of (n, 3) vertices in the product's frame."""
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        size = high - low
        middle = (low + high) / 2
        return cls(
            float(size[0]), float(size[2]), float(high[1]), (float(middle[0]), float(middle[2]))
        )


@dataclass(frozen=True)
class Item:
    """A product on the floor: position (x, z) of its origin and yaw about +Y; yaw 0 faces +Z."""

    id: str
    footprint: Footprint
    x: float
    z: float
    yaw: float
    category: str = ""

    @property
    def transform(self) -> tuple[float, float, float, float, float, float, float]:
        """Position and quaternion (x, y, z, w), as the wire has it."""
        return (self.x, 0.0, self.z, 0.0, math.sin(self.yaw / 2), 0.0, math.cos(self.yaw / 2))

    @property
    def facing(self) -> tuple[float, float]:
        """The (x, z) direction that it faces."""
        return (math.sin(self.yaw), math.cos(self.yaw))

    @property
    def middle(self) -> tuple[float, float]:
        """The (x, z) of the middle of its box."""
        cx, cz = self.footprint.center
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return (self.x + cx * c + cz * s, self.z - cx * s + cz * c)

    def corners(self) -> list[tuple[float, float]]:
        """The four (x, z) corners of its box."""
        mx, mz = self.middle
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        w, d = self.footprint.width / 2, self.footprint.depth / 2
        return [
            (mx + x * c + z * s, mz - x * s + z * c)
            for x, z in ((-w, -d), (-w, d), (w, d), (w, -d))
        ]


@dataclass(frozen=True)
class Viewer:
    """The visitor on the floor: yaw 0 looks along -Z, counter-clockwise seen from above."""

    x: float
    z: float
    yaw: float = 0.0

    def direction(self, word: str) -> tuple[float, float]:
        """The (x, z) unit vector of left, right, forward or back, as the visitor sees them.

        Raises:
            PlacementError: another word.
        """
        if word not in DIRECTIONS:
            raise PlacementError(
                f"nothing moves {word[:20]!r} on a floor",
                field="direction",
                expected=", ".join(DIRECTIONS),
                got=word[:20],
            )
        turn = {"forward": 0.0, "left": 0.5, "back": 1.0, "right": -0.5}[word] * math.pi
        angle = self.yaw + turn
        return (-math.sin(angle), -math.cos(angle))


@dataclass(frozen=True)
class Blocked:
    """What stands in the way.

    Attributes:
        by: the kind of thing.
        name: the product's id or the obstacle's name; empty for the rest.
        lack: metres that were missing: the way not gone, or what is too long.
        dimension: which measure of the product is too long, where that is the trouble.
    """

    by: Hindrance
    name: str = ""
    lack: float = 0.0
    dimension: Dimension | Literal[""] = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a change of places came to.

    Attributes:
        floor: with the change; the floor as it was where nothing fits.
        item: where the product stands now, or would have to; None where nothing fits.
        complete: exactly as asked.
        moved: metres that its middle moved; ``turned``: radians.
        blocked: why it is not complete.
        offer: the largest shape that would fit where the product does not.
    """

    floor: Floor
    item: Item | None
    complete: bool
    moved: float = 0.0
    turned: float = 0.0
    blocked: Blocked | None = None
    offer: Footprint | None = None


@dataclass(frozen=True)
class Fit:
    """The answer to "does it fit?".

    Attributes:
        fits: whether there is a place.
        item: that place.
        spare: free metres left on each side of it.
        blocked: what is too long and by how much, where it does not fit.
        offer: the largest shape that would fit.
    """

    fits: bool
    item: Item | None
    spare: Mapping[Side, float]
    blocked: Blocked | None = None
    offer: Footprint | None = None


def longer(footprint: Footprint, dimension: str, metres: float) -> Footprint:
    """The footprint with one dimension longer by ``metres`` (shorter where negative)."""
    return replace(footprint, **{dimension: getattr(footprint, dimension) + metres})


def standing(item: Item, x: float, z: float) -> Item:
    """The item with the middle of its box at (x, z)."""
    mx, mz = item.middle
    return replace(item, x=item.x + x - mx, z=item.z + z - mz)
