"""Checks a scene's document key by key: every failure names file, line and key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from reconstruction.families import family_names

from .scene_plan import Obstacle, Opening, OpeningKind, Scene, Spawn, Stand
from .scene_source import SCHEMA, SceneError, Source

OWN_LABEL = {"en": "Your room", "zh": "您的房间"}
OWN_DECOR: Mapping[str, Any] = {
    "room": {"floor": "floor", "walls": "walls", "ceiling": "ceiling", "skirting": "skirting"},
    "sky": {
        "zenith": "#5f92cf", "horizon": "#e4ecf2", "ground": "#84907a", "strength": 2.2,
        "clouds": 0.5, "haze": 0.6,
    },
    "materials": {
        "floor": {"texture": "planks", "color": "#b98f63", "roughness": 0.5},
        "walls": {"texture": "plaster", "color": "#ece7dd", "roughness": 0.95},
        "ceiling": {"color": "#f6f4ef", "roughness": 0.95},
        "skirting": {"color": "#f1ece3", "roughness": 0.5},
        "window_frame": {"color": "#f4f1ea", "roughness": 0.5},
        "door": {"color": "#e9e1d4", "roughness": 0.5},
        "metal": {"color": "#c8b48c", "roughness": 0.3, "metallic": 1.0},
        "glass": {"color": "#e8f0f0", "roughness": 0.06, "opacity": 0.08},
        "own": {"texture": "fabric", "color": "#c9c2b4", "accent": "#aaa192", "roughness": 0.95},
    },
}  # fmt: skip
"""How a room looks whose file says nothing of it; its obstacles stand there as plain blocks."""

_TOP = (
    "schema", "include", "name", "room", "spawn", "opening", "obstacle", "stand", "materials",
    "light", "object", "look", "sky",
)  # fmt: skip
_KEYS = {
    "room": (
        "outline", "height", "floor", "walls", "ceiling", "skirting", "daylight", "outdoor",
    ),
    "opening": ("kind", "wall", "offset", "width", "sill", "height", "glazed"),
    "obstacle": ("name", "at", "size", "turn"),
    "stand": ("name", "kind", "at", "turn", "families", "size"),
    "spawn": ("at", "turn"),
    "solid": ("size", "shift", "name"),
}  # fmt: skip
_MOST = {
    "opening": 64, "obstacle": 256, "stand": 128, "light": 64, "object": 1000, "materials": 160,
}  # fmt: skip
"""How many of each a scene may have."""


def read_scene(source: Source, path: Path | None) -> Scene:
    """Check a document.

    Raises:
        SceneError: an unknown or missing key, a wrong type, range or count.
    """
    return _Reader(source, path).scene()


def _entrance(outline: Sequence[tuple[float, float]], openings: Sequence[Opening]) -> Spawn:
    """Just inside the first door or, where there is none, in the middle; looking in."""
    for opening in openings:
        if opening.kind == "door":
            start, end = outline[opening.wall], outline[(opening.wall + 1) % len(outline)]
            length = math.dist(start, end)
            along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
            inward = (along[1], -along[0])
            t = opening.offset + opening.width / 2
            x, z = (start[k] + along[k] * t + inward[k] * opening.width / 2 for k in (0, 1))
            return Spawn((x, 0.0, z), math.atan2(-inward[0], -inward[1]))
    x, z = (sum(corner[k] for corner in outline) / len(outline) for k in (0, 1))
    return Spawn((x, 0.0, z), 0.0)


def _inside(outline: Sequence[tuple[float, float]], x: float, z: float) -> bool:
    found = False
    for i, (ax, az) in enumerate(outline):
        bx, bz = outline[(i + 1) % len(outline)]
        if (az > z) != (bz > z) and x < (bx - ax) * (z - az) / (bz - az) + ax:
            found = not found
    return found


def _block(obstacle: Obstacle) -> dict[str, Any]:
    """The plain block that an obstacle of a room without decor is shown as."""
    return {
        "build": "block",
        "at": [obstacle.x, 0.0, obstacle.z],
        "size": [obstacle.width, obstacle.height, obstacle.depth],
        "turn": math.degrees(obstacle.yaw),
        "material": "own",
    }


class _Reader:
    def __init__(self, source: Source, path: Path | None) -> None:
        self.source, self.path = source, path

    def fail(self, message: str, field: str, expected: str = "", got: object = "") -> SceneError:
        path, line = self.source.where(field)
        return SceneError(
            message, path=path, field=field, expected=expected, got=str(got)[:80], line=line
        )

    def only(self, table: Mapping[str, Any], known: tuple[str, ...], field: str) -> None:
        for key in table:
            if key not in known:
                name = f"{field}.{key}" if field else key
                raise self.fail("unknown key", name, ", ".join(known), key)

    def table(self, value: object, field: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.fail("must be a table", field, "a table", type(value).__name__)
        return cast("Mapping[str, Any]", value)

    def tables(self, document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = document.get(key, [])
        if not isinstance(value, list):
            raise self.fail("must be a list of tables", key, f"[[{key}]]", type(value).__name__)
        if len(value) > _MOST[key]:
            raise self.fail("has too many entries", key, f"at most {_MOST[key]}", len(value))
        return [self.table(entry, f"{key}[{i}]") for i, entry in enumerate(value)]

    def number(
        self,
        table: Mapping[str, Any],
        key: str,
        field: str,
        low: float = -1000.0,
        high: float = 1000.0,
        default: float | None = None,
    ) -> float:
        value = table.get(key, default)
        name = f"{field}.{key}"
        if value is None:
            raise self.fail("is missing", field, key, "nothing")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail("must be a number", name, "a number", value)
        if not math.isfinite(value) or not low <= value <= high:
            raise self.fail("is out of range", name, f"{low:g} to {high:g}", value)
        return float(value)

    def text_of(
        self, table: Mapping[str, Any], key: str, field: str, options: tuple[str, ...]
    ) -> str:
        value = table.get(key)
        if not isinstance(value, str) or (options and value not in options):
            raise self.fail("is not known", f"{field}.{key}", ", ".join(options) or "text", value)
        return value

    def vector(self, value: object, count: int, field: str) -> tuple[float, ...]:
        ok = isinstance(value, list) and len(value) == count
        if not ok or not all(
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
            for v in cast("list[object]", value)
        ):
            raise self.fail("must be a vector", field, f"{count} finite numbers", value)
        return tuple(float(v) for v in cast("list[float]", value))

    def scene(self) -> Scene:
        document: Mapping[str, Any] = self.source.document
        self.only(document, _TOP, "")
        if document.get("schema") != SCHEMA:
            raise self.fail("schema version", "schema", str(SCHEMA), document.get("schema"))
        label = self.table(document.get("name", OWN_LABEL), "name")
        if not all(isinstance(label.get(lang), str) for lang in ("en", "zh")):
            raise self.fail("needs a name in both languages", "name", "en, zh", list(label))
        room = self.table(document.get("room"), "room")
        self.only(room, _KEYS["room"], "room")
        outline = self.outline(room)
        height = self.number(room, "height", "room", 2.0, 30.0)
        outdoor = self.flag(room, "outdoor", "room")
        openings = tuple(
            self.opening(t, i, outline, height)
            for i, t in enumerate(self.tables(document, "opening"))
        )
        self.tables(document, "light")
        objects = self.tables(document, "object")
        for key in ("look", "sky"):
            self.table(document.get(key, {}), key)
        materials = self.table(document.get("materials", {}), "materials")
        if len(materials) > _MOST["materials"]:
            raise self.fail(
                "has too many entries", "materials", f"at most {_MOST['materials']}", len(materials)
            )
        for name, entry in materials.items():
            self.table(entry, f"materials.{name}")
        obstacles = [self.obstacle(t, i) for i, t in enumerate(self.tables(document, "obstacle"))]
        obstacles += [self.solid(t, i) for i, t in enumerate(objects) if "solid" in t]
        if len(obstacles) > _MOST["obstacle"]:
            most = f"at most {_MOST['obstacle']} with the solid objects"
            raise self.fail("has too many entries", "obstacle", most, len(obstacles))
        if "materials" not in document:
            decor = {**OWN_DECOR, "object": [_block(o) for o in obstacles]}
            document = {**document, **decor, "room": {**OWN_DECOR["room"], **room}}
        return Scene(
            id=self.path.stem if self.path else "scene",
            label={k: str(v) for k, v in label.items()},
            outline=outline,
            height=height,
            openings=openings,
            obstacles=tuple(obstacles),
            stands=tuple(
                self.stand(t, i, outline) for i, t in enumerate(self.tables(document, "stand"))
            ),
            spawn=self.spawn(document, outline, openings),
            path=self.path,
            document=document,
            outdoor=outdoor,
            source=self.source,
        )

    def spawn(
        self,
        document: Mapping[str, Any],
        outline: tuple[tuple[float, float], ...],
        openings: tuple[Opening, ...],
    ) -> Spawn:
        if "spawn" not in document:
            return _entrance(outline, openings)
        table = self.table(document["spawn"], "spawn")
        self.only(table, _KEYS["spawn"], "spawn")
        x, y, z = self.vector(table.get("at"), 3, "spawn.at")
        if not _inside(outline, x, z):
            raise self.fail(
                "lies outside the room", "spawn.at", "a place inside the outline", [x, z]
            )
        return Spawn((x, y, z), self.turn(table, "spawn"))

    def outline(self, room: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
        corners = room.get("outline")
        if not isinstance(corners, list) or not 3 <= len(corners) <= 64:
            raise self.fail("must list 3 to 64 corners", "room.outline", "[[x, z], ...]", corners)
        points = [self.vector(c, 2, "room.outline") for c in corners]
        # Seen from above (+Y, with x right and z towards the viewer) counter-clockwise means a
        # negative shoelace sum in (x, z).
        area = sum(
            a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True)
        )
        if area > -1e-3:
            raise self.fail(
                "corners run the wrong way or enclose nothing",
                "room.outline",
                "counter-clockwise seen from above",
                f"signed area {-area / 2:.2f} m2",
            )
        return tuple((p[0], p[1]) for p in points)

    def turn(self, table: Mapping[str, Any], field: str) -> float:
        return math.radians(self.number(table, "turn", field, -360.0, 360.0, 0.0))

    def opening(
        self,
        table: Mapping[str, Any],
        i: int,
        outline: tuple[tuple[float, float], ...],
        height: float,
    ) -> Opening:
        field = f"opening[{i}]"
        self.only(table, _KEYS["opening"], field)
        wall = int(self.number(table, "wall", field, 0, len(outline) - 1))
        length = math.dist(outline[wall], outline[(wall + 1) % len(outline)])
        offset = self.number(table, "offset", field, 0.0, length)
        sill = self.number(table, "sill", field, 0.0, height)
        return Opening(
            kind=cast("OpeningKind", self.text_of(table, "kind", field, ("window", "door"))),
            wall=wall,
            offset=offset,
            width=self.number(table, "width", field, 0.05, length - offset),
            sill=sill,
            height=self.number(table, "height", field, 0.05, height - sill),
            glazed=self.flag(table, "glazed", field),
        )

    def flag(self, table: Mapping[str, Any], key: str, field: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.fail("must be true or false", f"{field}.{key}", "true or false", value)
        return value

    def obstacle(self, table: Mapping[str, Any], i: int) -> Obstacle:
        field = f"obstacle[{i}]"
        self.only(table, _KEYS["obstacle"], field)
        x, z = self.vector(table.get("at"), 2, f"{field}.at")
        size = self.vector(table.get("size"), 3, f"{field}.size")
        if min(size) <= 0.0:
            raise self.fail("must be positive", f"{field}.size", "width, depth, height > 0", size)
        name = self.text_of({"name": "obstacle", **table}, "name", field, ())
        return Obstacle(name, x, z, size[0], size[1], size[2], self.turn(table, field))

    def solid(self, table: Mapping[str, Any], i: int) -> Obstacle:
        """The obstacle that an object is itself: ``solid = { size = [w, d, h], shift = [x, z] }``.

        ``shift`` is the box's middle in the object's own frame, for what stands at a wall.
        """
        field = f"object[{i}]"
        solid = self.table(table["solid"], f"{field}.solid")
        self.only(solid, _KEYS["solid"], f"{field}.solid")
        size = self.vector(solid.get("size"), 3, f"{field}.solid")
        if min(size) <= 0.0:
            raise self.fail("must be positive", f"{field}.solid", "width, depth, height > 0", size)
        u, v = self.vector(solid.get("shift", [0.0, 0.0]), 2, f"{field}.solid")
        x, _, z = self.vector(table.get("at", [0.0, 0.0, 0.0]), 3, f"{field}.at")
        yaw = self.turn(table, field)
        c, s = math.cos(yaw), math.sin(yaw)
        plain = str(table.get("build", "object")).replace("_", " ")
        name = self.text_of({"name": plain, **solid}, "name", f"{field}.solid", ())
        x, z = x + c * u + s * v, z - s * u + c * v
        return Obstacle(name, x, z, size[0], size[1], size[2], yaw)

    def stand(
        self, table: Mapping[str, Any], i: int, outline: tuple[tuple[float, float], ...]
    ) -> Stand:
        field = f"stand[{i}]"
        self.only(table, _KEYS["stand"], field)
        at = self.vector(table.get("at"), 3, f"{field}.at")
        if not _inside(outline, at[0], at[2]):
            raise self.fail(
                "lies outside the room", f"{field}.at", "a place inside the outline", at
            )
        families = table.get("families", [])
        known = family_names()
        if not isinstance(families, list) or not all(f in known for f in families):
            raise self.fail("are not known", f"{field}.families", ", ".join(known), families)
        size = self.vector(table.get("size", [0.0, 0.0]), 2, f"{field}.size")
        if "size" in table and min(size) <= 0.0:
            raise self.fail("must be positive", f"{field}.size", "width, depth > 0", size)
        kind = self.text_of(table, "kind", field, ("garment", "furniture"))
        return Stand(
            name=self.text_of(table, "name", field, ()),
            kind=cast("Literal['garment', 'furniture']", kind),
            position=(at[0], at[1], at[2]),
            yaw=self.turn(table, field),
            families=tuple(families),
            size=(size[0], size[1]),
        )
