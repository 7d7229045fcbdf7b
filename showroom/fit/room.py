"""Rooms as metric floor plans: walls, height, doors with the space they swing in, obstacles.

Plans are in the floor's (x, z), metres; corners run counter-clockwise seen from above (+Y). Yaw is
the angle about +Y in radians; a box or product of yaw 0 faces +Z. Inside this room of the program
a plan is drawn as a map: u = x to the right, v = -z upwards, in which yaw is the ordinary
counter-clockwise angle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from .errors import FitError

F64 = NDArray[np.float64]
OpeningKind = Literal["door", "window"]
_MAX_CORNERS, _MAX_SIDE, _MIN_WALL, _MIN_AREA = 64, 200.0, 0.01, 0.25
_HEIGHTS = (1.5, 30.0)
_MAX_OBSTACLES = 256


class RoomError(FitError):
    """A floor plan crosses itself, has no size, or holds what is no number."""

    code = "room"


@dataclass(frozen=True)
class Opening:
    """A door or window in one wall.

    Attributes:
        wall: index of the wall, from corner ``wall`` to the next.
        offset: from the wall's first corner to the opening, metres.
        sill: height of the lower edge above the floor.
    """

    kind: OpeningKind
    wall: int
    offset: float
    width: float
    sill: float
    height: float


@dataclass(frozen=True)
class Obstacle:
    """A box on the floor that nothing may stand in: centre (x, z), extents, yaw."""

    x: float
    z: float
    width: float
    depth: float
    height: float
    yaw: float = 0.0
    name: str = "obstacle"


@dataclass(frozen=True, eq=False)
class Wall:
    """One wall on the map.

    Attributes:
        start: (u, v) of its first corner.
        along: unit vector to its second corner; ``inward`` is ``along`` turned left.
        length: metres.
    """

    start: tuple[float, float]
    along: tuple[float, float]
    length: float

    @property
    def inward(self) -> tuple[float, float]:
        return (-self.along[1], self.along[0])

    @property
    def yaw(self) -> float:
        """The yaw of something that stands with its back to this wall."""
        n = self.inward
        return math.atan2(n[0], -n[1])

    def at(self, offset: float, inwards: float = 0.0) -> tuple[float, float]:
        """(u, v) of the point ``offset`` along the wall and ``inwards`` from it."""
        n = self.inward
        return (
            self.start[0] + self.along[0] * offset + n[0] * inwards,
            self.start[1] + self.along[1] * offset + n[1] * inwards,
        )


@dataclass(frozen=True, eq=False)
class Room:
    """A checked floor plan.

    Attributes:
        outline: corners (x, z), counter-clockwise seen from above.
        height: of the ceiling.

    Raises:
        RoomError: a corner, opening or obstacle that is impossible; names it and what would do.
    """

    outline: tuple[tuple[float, float], ...]
    height: float = 2.6
    openings: tuple[Opening, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    walls: tuple[Wall, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_outline(self.outline)
        _number("height", self.height, *_HEIGHTS)
        corners = [(float(x), -float(z)) for x, z in self.outline]
        if _area(corners) < 0:
            raise RoomError(
                "the corners run clockwise",
                field="outline",
                expected="counter-clockwise seen from above",
                got="clockwise",
            )
        walls = []
        for (u, v), (s, t) in zip(corners, corners[1:] + corners[:1], strict=True):
            length = math.hypot(s - u, t - v)
            walls.append(Wall((u, v), ((s - u) / length, (t - v) / length), length))
        object.__setattr__(self, "walls", tuple(walls))
        for i, opening in enumerate(self.openings):
            _check_opening(opening, self.walls, self.height, f"openings.{i}")
        if len(self.obstacles) > _MAX_OBSTACLES:
            raise RoomError(
                "the plan has too many obstacles",
                field="obstacles",
                expected=f"at most {_MAX_OBSTACLES}",
                got=str(len(self.obstacles)),
            )
        for i, obstacle in enumerate(self.obstacles):
            for name in ("x", "z", "yaw"):
                value = getattr(obstacle, name)
                _number(f"obstacles.{i}.{name}", value, -_MAX_SIDE, _MAX_SIDE)
            for name in ("width", "depth", "height"):
                _number(f"obstacles.{i}.{name}", getattr(obstacle, name), 0.001, _MAX_SIDE)

    @classmethod
    def of(
        cls,
        outline: Iterable[Sequence[float]],
        height: float = 2.6,
        openings: Iterable[tuple[str, int, float, float, float, float]] = (),
        obstacles: Iterable[
            tuple[float, float, float, float, float, float]
            | tuple[float, float, float, float, float, float, str]
        ] = (),
    ) -> Room:
        """A room from plain tuples, as in the wire's ``room`` message.

        Corners that run clockwise are turned round, and the openings' walls with them.

        Args:
            openings: (kind, wall, offset, width, sill, height).
            obstacles: (x, z, width, depth, height, yaw) and, where it has one, its name.

        Raises:
            RoomError: as the constructor.
        """
        corners = tuple((float(c[0]), float(c[1])) for c in outline)
        doors = tuple(
            Opening(cast("OpeningKind", kind), int(wall), *(float(x) for x in rest))
            for kind, wall, *rest in openings
        )
        _check_outline(corners)
        if _area([(x, -z) for x, z in corners]) < 0:
            n = len(corners)
            lengths = [math.dist(corners[i], corners[(i + 1) % n]) for i in range(n)]
            turned = []
            for i, o in enumerate(doors):
                if not 0 <= o.wall < n:
                    raise _no_wall(f"openings.{i}.wall", n, o.wall)
                offset = lengths[o.wall] - o.offset - o.width
                turned.append(
                    Opening(o.kind, (n - 2 - o.wall) % n, offset, o.width, o.sill, o.height)
                )
            corners, doors = corners[::-1], tuple(turned)
        boxes = tuple(Obstacle(*obstacle) for obstacle in obstacles)
        return cls(corners, float(height), doors, boxes)

    @cached_property
    def polygon(self) -> F64:
        """(n, 2) corners (u, v) on the map, counter-clockwise."""
        return np.array([w.start for w in self.walls])

    @cached_property
    def middle(self) -> tuple[float, float]:
        """The (x, z) mean of the corners; outside the walls in some bent rooms."""
        u, v = self.polygon.mean(axis=0)
        return (float(u), -float(v))

    @cached_property
    def area(self) -> float:
        """Floor area, square metres."""
        return _area([w.start for w in self.walls])

    @cached_property
    def directions(self) -> tuple[float, ...]:
        """Yaws of the walls but for quarter turns, those of most wall first."""
        lengths: dict[float, float] = {}
        quarter = math.pi / 2
        for wall in self.walls:
            yaw = wall.yaw % quarter
            near = (
                k for k in lengths if abs((yaw - k + quarter / 2) % quarter - quarter / 2) < 1e-3
            )
            known = next(near, yaw)
            lengths[known] = lengths.get(known, 0.0) + wall.length
        return tuple(sorted(lengths, key=lambda yaw: -lengths[yaw]))

    @property
    def size(self) -> tuple[float, float]:
        """Extent of the plan along x and z."""
        low, high = self.polygon.min(axis=0), self.polygon.max(axis=0)
        return (float(high[0] - low[0]), float(high[1] - low[1]))


def _area(corners: Sequence[tuple[float, float]]) -> float:
    """Signed area of a polygon of (u, v) corners; positive counter-clockwise."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def _number(field_name: str, value: float, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high):
        raise RoomError(
            "the plan has a measure that is impossible",
            field=field_name,
            expected=f"{low:g} to {high:g} m",
            got=str(value)[:40],
        )


def _check_outline(outline: Sequence[tuple[float, float]]) -> None:
    n = len(outline)
    if not 3 <= n <= _MAX_CORNERS:
        raise RoomError(
            "a room needs corners",
            field="outline",
            expected=f"3 to {_MAX_CORNERS} corners",
            got=str(n),
        )
    for i, corner in enumerate(outline):
        for value in corner:
            _number(f"outline.{i}", value, -_MAX_SIDE, _MAX_SIDE)
    for i in range(n):
        length = math.dist(outline[i], outline[(i + 1) % n])
        if length < _MIN_WALL:
            raise RoomError(
                "a wall has no length",
                field=f"outline.{i}",
                expected=f"at least {_MIN_WALL:g} m to the next corner",
                got=f"{length:g} m",
            )
    for i in range(n):
        for j in range(i + 1, n):
            a, b = outline[i], outline[(i + 1) % n]
            c, d = outline[j], outline[(j + 1) % n]
            next_to = j == i + 1 or (i == 0 and j == n - 1)
            if _folds_back(a, b, c, d) if next_to else _cross(a, b, c, d):
                raise RoomError(
                    f"walls {i} and {j} cross each other",
                    field="outline",
                    expected="walls that meet at corners only",
                    got=f"wall {i} on wall {j}",
                )
    if abs(_area(outline)) < _MIN_AREA:
        raise RoomError(
            "the room has no floor to stand on",
            field="outline",
            expected=f"at least {_MIN_AREA:g} m2",
            got=f"{abs(_area(outline)):g} m2",
        )


def _side(a: Sequence[float], b: Sequence[float], p: Sequence[float]) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _cross(a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float]) -> bool:
    """Whether segments a-b and c-d touch."""
    for k in (0, 1):
        if max(a[k], b[k]) < min(c[k], d[k]) or max(c[k], d[k]) < min(a[k], b[k]):
            return False
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _folds_back(
    a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float]
) -> bool:
    """Whether two walls that share a corner run back over each other."""
    if b != c:  # the last wall and the first share a == d
        a, b, c, d = c, d, a, b
    forward = (b[0] - a[0]) * (d[0] - c[0]) + (b[1] - a[1]) * (d[1] - c[1])
    scale = math.dist(a, b) * math.dist(c, d)
    return abs(_side(a, b, d)) < 1e-9 * scale and forward < 0


def _no_wall(field_name: str, walls: int, got: int) -> RoomError:
    return RoomError(
        "there is no such wall", field=field_name, expected=f"0 to {walls - 1}", got=str(got)
    )


def _check_opening(opening: Opening, walls: tuple[Wall, ...], height: float, where: str) -> None:
    if opening.kind not in ("door", "window"):
        raise RoomError(
            "an opening is of no known kind",
            field=f"{where}.kind",
            expected="door, window",
            got=str(opening.kind)[:40],
        )
    if not 0 <= opening.wall < len(walls):
        raise _no_wall(f"{where}.wall", len(walls), opening.wall)
    length, slack = walls[opening.wall].length, 1e-6
    _number(f"{where}.offset", opening.offset, -slack, length)
    _number(f"{where}.width", opening.width, 0.05, length - opening.offset + slack)
    _number(f"{where}.sill", opening.sill, 0.0, height)
    _number(f"{where}.height", opening.height, 0.05, height - opening.sill + slack)
