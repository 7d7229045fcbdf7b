"""What the stage knows of each product that is to be seen, and what a ray meets. No engine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reconstruction.mesh import F32, I32

from ..protocol import messages as m
from .ground import F64, Box, within

IDENTITY: m.Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Shape:
    """A product's mesh in its own frame.

    Attributes:
        positions: (n, 3) float32, metres; ``faces``: (m, 3) int32.
        low, high: (3,) float32, its bounding box.
    """

    positions: F32
    faces: I32
    low: F32
    high: F32

    @classmethod
    def of(cls, positions: F32, faces: I32) -> Shape:
        """A shape with its bounding box."""
        # Of one kind, so that what is compiled for one is good for all.
        places = np.require(positions, np.float32, ["C", "W"])
        return cls(
            places, np.require(faces, np.int32, ["C", "W"]), places.min(axis=0), places.max(axis=0)
        )

    @property
    def size(self) -> tuple[float, float, float]:
        """Width, height and depth of the box, metres."""
        w, h, d = (float(v) for v in self.high - self.low)
        return w, h, d


@dataclass(frozen=True, eq=False)
class Ware:
    """One product as it is now.

    Attributes:
        shape: None until its mesh is there.
        the rest: as of :class:`~showroom.protocol.messages.ProductShown`.
    """

    target: str
    name: dict[str, str]
    kind: str
    category: str
    transform: m.Transform
    worn: bool = False
    size: str = ""
    color: str = ""
    sizes: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    price: str = ""
    currency: str = ""
    glb: str = ""
    shape: Shape | None = None

    def title(self, lang: str) -> str:
        """What it is called."""
        text = self.name.get(lang) or next(iter(self.name.values()), self.target)
        return text[:1].upper() + text[1:]

    @property
    def cost(self) -> str:
        """Its price with the currency, or ``""`` where the shop states none."""
        return f"{self.price} {self.currency}".strip() if self.price else ""

    @property
    def yaw(self) -> float:
        """How it is turned about +Y, radians."""
        return 2.0 * math.atan2(self.transform[4], self.transform[6])

    @property
    def box(self) -> Box | None:
        """The upright box that it fills in the room; None while its mesh is not there."""
        return None if self.shape is None else box_of(self.shape, self.transform, self.target)

    @property
    def factors(self) -> tuple[float, float]:
        """By how much it may be scaled from what it is now: at least and at most."""
        low, high = 0.0, math.inf
        for name, (least, most) in self.ranges.items():
            now = self.values.get(name, 0.0)
            if now > 0.0:
                low, high = max(low, least / now), min(high, most / now)
        return (low, high) if self.ranges and low <= 1.0 <= high else (1.0, 1.0)


def box_of(shape: Shape, transform: m.Transform, name: str = "", factor: float = 1.0) -> Box:
    """The upright box of a shape at a transform, scaled about its own origin."""
    yaw = 2.0 * math.atan2(transform[4], transform[6])
    low, high = shape.low.astype(float) * factor, shape.high.astype(float) * factor
    u, v = (low[0] + high[0]) / 2, (low[2] + high[2]) / 2
    c, s = math.cos(yaw), math.sin(yaw)
    return Box(
        transform[0] + float(c * u + s * v),
        transform[2] + float(-s * u + c * v),
        float(high[0] - low[0]),
        float(high[2] - low[2]),
        yaw,
        transform[1] + float(low[1]),
        transform[1] + float(high[1]),
        name,
    )


class Wares:
    """All products to be seen, by id; follows a visit's updates.

    Attributes:
        version: another number whenever anything that stands on the floor has changed.
    """

    def __init__(self) -> None:
        self.all: dict[str, Ware] = {}
        self.version = 0
        self._targets: tuple[int, Targets] | None = None

    def __contains__(self, target: str) -> bool:
        return target in self.all

    def get(self, target: str) -> Ware | None:
        """The product of that id, if it is to be seen."""
        return self.all.get(target)

    @property
    def worn(self) -> tuple[Ware, ...]:
        """What the visitor wears, in the order in which it came."""
        return tuple(w for w in self.all.values() if w.worn)

    def take(self, update: m.Update) -> None:
        """Follow one update."""
        if isinstance(update, m.ProductShown):
            old = self.all.get(update.target)
            shape = old.shape if old is not None and old.glb == update.glb else None
            self._put(
                Ware(
                    **{name: getattr(update, name) for name in _SHOWN},
                    values=dict(update.values),
                    ranges={k: (v[0], v[1]) for k, v in update.ranges.items()},
                    shape=shape,
                )
            )
        elif isinstance(update, m.ProductChanged):
            old = self.all.get(update.target)
            if old is not None:
                new = {c.name: c.new for c in update.changes if c.name in old.values}
                self._put(
                    replace(
                        old,
                        transform=update.transform,
                        size=update.size or old.size,
                        color=update.color or old.color,
                        values={**old.values, **new},
                        glb=update.glb or old.glb,
                        shape=None if update.glb and update.glb != old.glb else old.shape,
                    )
                )
        elif isinstance(update, m.ProductRemoved):
            self.all.pop(update.target, None)
            self.version += 1

    def shaped(self, target: str, shape: Shape) -> None:
        """A product's mesh is there."""
        ware = self.all.get(target)
        if ware is not None:
            self._put(replace(ware, shape=shape))

    def clear(self) -> None:
        """Nothing is to be seen."""
        self.all.clear()
        self.version += 1

    @property
    def targets(self) -> Targets:
        """What a ray can meet: everything that is not worn."""
        if self._targets is None or self._targets[0] != self.version:
            found = Targets(ware for ware in self.all.values() if not ware.worn)
            self._targets = (self.version, found)
        return self._targets[1]

    def boxes(self, but: Iterable[str] = ()) -> list[Box]:
        """What stands or hangs in the room, for walkers; without those that are held."""
        left_out = frozenset(but)
        found = [
            ware.box for ware in self.all.values() if not ware.worn and ware.target not in left_out
        ]
        return [box for box in found if box is not None]

    def _put(self, ware: Ware) -> None:
        self.all[ware.target] = ware
        self.version += 1


_SHOWN = (
    "target", "name", "kind", "category", "transform", "worn", "size", "color", "sizes", "colors",
    "price", "currency", "glb",
)  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """What a ray meets first: the product, how far away, and where (room, metres)."""

    target: str
    distance: float
    point: tuple[float, float, float]


class Targets:
    """What a ray can meet, made ready to be asked many times.

    Args:
        wares: products; those whose mesh is not there are left out.
    """

    def __init__(self, wares: Iterable[Ware]) -> None:
        self._wares: list[tuple[str, Shape]] = []
        rows = []
        for ware in wares:
            shape = ware.shape
            if shape is None or not len(shape.faces):
                continue
            self._wares.append((ware.target, shape))
            rows.append((*ware.transform, *map(float, shape.low), *map(float, shape.high)))
        self._rows = np.array(rows, np.float64).reshape(-1, 13)

    def pick(
        self, origin: F64, ahead: F64, reach: float = 12.0, near: float = 0.0, but: str = ""
    ) -> Hit | None:
        """The first product that a ray meets, to the triangle.

        Args:
            origin, ahead: (3,) float64; ``ahead`` has length 1.
            near: how far beside a product's box the ray may pass at most and still mean it,
                metres; thin things are hard to point at.
            but: a product that is not meant, such as what is held.
        """
        entries, rays = _entries(origin, ahead, self._rows, near, reach)
        best: Hit | None = None
        beside: Hit | None = None
        for k in np.argsort(entries):
            enters = float(entries[k])
            if not math.isfinite(enters) or (best is not None and enters - near > best.distance):
                break
            target, shape = self._wares[k]
            if but and target == but:
                continue
            at, way = rays[k, :3], rays[k, 3:]
            limit = reach if best is None else best.distance
            t = float(_first(at, way, shape.positions, shape.faces, limit))
            if t < limit:
                best = Hit(target, t, _along(origin, ahead, t))
            elif near > 0.0 and beside is None:
                middle = float(np.dot((shape.low + shape.high) / 2 - at, way))
                if 0.0 < middle < reach:
                    beside = Hit(target, middle, _along(origin, ahead, middle))
        return best or beside


def _along(origin: F64, ahead: F64, t: float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in origin + ahead * t)
    return x, y, z


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _entries(
    origin: F64, ahead: F64, rows: F64, near: float, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a ray enters each product's box (inf: nowhere), and the ray in each one's own frame.

    Args:
        rows: (n, 13): transform, lowest and highest corner in the product's own frame.

    Returns:
        (n,) and (n, 6): start and direction.
    """
    entries = np.full(rows.shape[0], np.inf)
    rays = np.empty((rows.shape[0], 6))
    for k in range(rows.shape[0]):
        x, y, z, w = -rows[k, 3], -rows[k, 4], -rows[k, 5], rows[k, 6]
        for part in range(2):
            if part == 0:
                a, b, c = origin[0] - rows[k, 0], origin[1] - rows[k, 1], origin[2] - rows[k, 2]
            else:
                a, b, c = ahead[0], ahead[1], ahead[2]
            tx, ty, tz = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
            rays[k, 3 * part] = a + w * tx + y * tz - z * ty
            rays[k, 3 * part + 1] = b + w * ty + z * tx - x * tz
            rays[k, 3 * part + 2] = c + w * tz + x * ty - y * tx
        low, high = 0.0, reach
        for axis in range(3):
            at, way = rays[k, axis], rays[k, 3 + axis]
            least, most = rows[k, 7 + axis] - near, rows[k, 10 + axis] + near
            low, high = within(low, high, at, way, least, most)
        if low <= high:
            entries[k] = low
    return entries, rays


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator,unused-ignore]
def _first(
    at: NDArray[np.float64],
    way: NDArray[np.float64],
    positions: NDArray[np.float32],
    faces: NDArray[np.int32],
    reach: float,
) -> float:
    """Distance to the nearest triangle, either side; ``reach`` where there is none.

    Moeller and Trumbore, "Fast, minimum storage ray-triangle intersection" (1997).
    """
    best = reach
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = positions[i, 0], positions[i, 1], positions[i, 2]
        ux, uy, uz = positions[j, 0] - ax, positions[j, 1] - ay, positions[j, 2] - az
        vx, vy, vz = positions[k, 0] - ax, positions[k, 1] - ay, positions[k, 2] - az
        px = way[1] * vz - way[2] * vy
        py = way[2] * vx - way[0] * vz
        pz = way[0] * vy - way[1] * vx
        det = ux * px + uy * py + uz * pz
        if abs(det) < 1e-12:
            continue
        tx, ty, tz = at[0] - ax, at[1] - ay, at[2] - az
        u = (tx * px + ty * py + tz * pz) / det
        if u < 0.0 or u > 1.0:
            continue
        qx = ty * uz - tz * uy
        qy = tz * ux - tx * uz
        qz = tx * uy - ty * ux
        v = (way[0] * qx + way[1] * qy + way[2] * qz) / det
        if v < 0.0 or u + v > 1.0:
            continue
        t = (vx * qx + vy * qy + vz * qz) / det
        if 0.0 < t < best:
            best = t
    return best
