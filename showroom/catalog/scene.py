"""Scenes as data: ``scenes/*.toml`` read into a floor plan, spawn point, stands and decor.

A file with a floor plan alone (``schema``, ``[room]`` and, where there are any, ``[[opening]]`` and
``[[obstacle]]``) is a visitor's own room; it may be JSON as well.

This module reads what a visit needs (outline, openings, obstacles, stands) and keeps the decor
(materials, lights, objects) as checked but uninterpreted tables; the stage builds those. Angles
in the files are degrees (``turn``), everything here is metres and radians, right-handed, Y up.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

SCENES = Path(__file__).resolve().parents[2] / "scenes"
SCHEMA = 1
_OWN_LABEL = {"en": "Your room", "zh": "您的房间"}
_OWN_DECOR: Mapping[str, Any] = {
    "room": {"floor": "floor", "walls": "walls", "ceiling": "ceiling"},
    "materials": {
        "floor": {"texture": "planks", "color": "#b98f63", "roughness": 0.5},
        "walls": {"texture": "plaster", "color": "#ece7dd", "roughness": 0.95},
        "ceiling": {"color": "#f6f4ef", "roughness": 0.95},
    },
}
"""How a room looks whose file says nothing of it."""

OpeningKind = Literal["window", "door"]


class SceneError(Exception):
    """A scene file is missing or does not follow the schema.

    Args:
        message: one sentence.
        path: the scene file.
        field: dotted key, such as ``"object[3].size"``.
        line: 1-based line of the file, 0 where unknown.
    """

    code = "scene"

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        field: str = "",
        expected: str = "",
        got: str = "",
        line: int = 0,
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.field, self.line = message, path, field, line
        self.expected, self.got = expected, got

    def __str__(self) -> str:
        where = f"{self.path.name if self.path else 'scene'}{f':{self.line}' if self.line else ''}"
        key = f" {self.field}" if self.field else ""
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{where}{key}: {self.message}{detail}"


@dataclass(frozen=True)
class Opening:
    """A window or door in wall ``wall`` (from corner ``wall`` to the next), metres along it."""

    kind: OpeningKind
    wall: int
    offset: float
    width: float
    sill: float
    height: float


@dataclass(frozen=True)
class Obstacle:
    """A box that nothing may stand in: centre (x, z), extents, yaw about +Y in radians."""

    name: str
    x: float
    z: float
    width: float
    depth: float
    height: float
    yaw: float


@dataclass(frozen=True)
class Stand:
    """A place where a product is displayed: floor position and the yaw it faces."""

    name: str
    kind: Literal["garment", "furniture"]
    position: tuple[float, float, float]
    yaw: float


@dataclass(frozen=True)
class Spawn:
    """Where a visitor starts; yaw 0 looks along -Z."""

    position: tuple[float, float, float]
    yaw: float


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes:
        id: the file's stem, such as ``"store"``.
        label: words per language.
        outline: corners (x, z), counter-clockwise seen from above (+Y).
        height: of the ceiling, metres.
        document: the whole file as parsed, for the stage's builders.
    """

    id: str
    label: Mapping[str, str]
    outline: tuple[tuple[float, float], ...]
    height: float
    openings: tuple[Opening, ...]
    obstacles: tuple[Obstacle, ...]
    stands: tuple[Stand, ...]
    spawn: Spawn
    path: Path | None
    document: Mapping[str, Any]

    def fail(self, message: str, field: str, expected: str = "", got: object = "") -> SceneError:
        """A typed error about one key of this scene's file, with its line where found."""
        text = self.path.read_text("utf-8") if self.path and self.path.exists() else ""
        return SceneError(
            message,
            path=self.path,
            field=field,
            expected=expected,
            got=str(got)[:80],
            line=line_of(text, field),
        )


def scene_names(folder: Path = SCENES) -> tuple[str, ...]:
    """Names of the scenes that come with the showroom."""
    return tuple(sorted(p.stem for p in folder.glob("*.toml")))


def load_scene(name: str | Path) -> Scene:
    """Read a scene by name or path.

    Raises:
        SceneError: no such scene, broken TOML, an unknown or missing key, a wrong type or range.
    """
    path = name if isinstance(name, Path) else SCENES / f"{name}.toml"
    if isinstance(name, str) and (not name.replace("_", "").isalnum() or not path.exists()):
        raise SceneError(
            "there is no such scene",
            path=Path(f"{name}.toml"),
            expected=", ".join(scene_names()),
            got=name[:80],
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"cannot be read: {error}", path=path) from error
    return parse_scene(text, path)


def parse_scene(text: str, path: Path | None = None) -> Scene:
    """Parse and check the text of a scene file.

    Raises:
        SceneError: as :func:`load_scene`.
    """
    try:
        if path is not None and path.suffix == ".json":
            document = json.loads(text)
        else:
            document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = next((int(w.strip(",)")) for w in str(error).split() if w.strip(",)").isdigit()), 0)
        raise SceneError(f"is not TOML: {error}", path=path, line=line) from error
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise SceneError(f"is not JSON: {error}", path=path, line=line) from error
    reader = _Reader(text, path)
    return reader.scene(reader.table(document, ""))


def room_scene(
    outline: Sequence[tuple[float, float]], height: float, openings: Sequence[Opening] = ()
) -> Scene:
    """A plain scene from a floor plan alone: the visitor's own room."""
    return Scene(
        id="room",
        label=_OWN_LABEL,
        outline=tuple((float(x), float(z)) for x, z in outline),
        height=float(height),
        openings=tuple(openings),
        obstacles=(),
        stands=(),
        spawn=Spawn((0.0, 0.0, 0.0), 0.0),
        path=None,
        document=_OWN_DECOR,
    )


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


def line_of(text: str, field: str) -> int:
    """The 1-based line where a dotted key such as ``object[3].size`` stands; 0 if not found."""
    lines = text.splitlines()
    start = 0
    for step in field.split("."):
        name, _, rest = step.partition("[")
        index = int(rest[:-1]) if rest[:-1].isdigit() else None
        seen = 0
        for i in range(start, len(lines)):
            head = lines[i].strip()
            if index is not None and head == f"[[{name}]]":
                if seen == index:
                    start = i
                    break
                seen += 1
            elif index is None and (
                head in (f"[{name}]", f"[[{name}]]")
                or head.endswith(f".{name}]")
                or head.split("=")[0].strip() == name
            ):
                start = i
                break
        else:
            return start + 1 if start else 0
    return start + 1


_TOP = ("schema", "name", "room", "spawn", "opening", "obstacle", "stand", "materials", "light")
_TOP_ALL = (*_TOP, "object", "look")
_KEYS = {
    "room": ("outline", "height", "floor", "walls", "ceiling", "skirting", "daylight"),
    "opening": ("kind", "wall", "offset", "width", "sill", "height"),
    "obstacle": ("name", "at", "size", "turn"),
    "stand": ("name", "kind", "at", "turn"),
    "spawn": ("at", "turn"),
}


class _Reader:
    """Checks one document key by key; every failure names file, line and key."""

    def __init__(self, text: str, path: Path | None) -> None:
        self.text, self.path = text, path

    def fail(self, message: str, field: str, expected: str = "", got: object = "") -> SceneError:
        return SceneError(
            message,
            path=self.path,
            field=field,
            expected=expected,
            got=str(got)[:80],
            line=line_of(self.text, field),
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

    def scene(self, document: Mapping[str, Any]) -> Scene:
        self.only(document, _TOP_ALL, "")
        if document.get("schema") != SCHEMA:
            raise self.fail("schema version", "schema", str(SCHEMA), document.get("schema"))
        label = self.table(document.get("name", _OWN_LABEL), "name")
        if not all(isinstance(label.get(lang), str) for lang in ("en", "zh")):
            raise self.fail("needs a name in both languages", "name", "en, zh", list(label))
        room = self.table(document.get("room"), "room")
        self.only(room, _KEYS["room"], "room")
        outline = self.outline(room)
        height = self.number(room, "height", "room", 2.0, 30.0)
        if "materials" not in document:
            document = {**document, **_OWN_DECOR, "room": {**_OWN_DECOR["room"], **room}}
        openings = tuple(
            self.opening(t, i, outline, height)
            for i, t in enumerate(self.tables(document, "opening"))
        )
        for key in ("light", "object"):
            self.tables(document, key)
        for name, entry in self.table(document.get("materials", {}), "materials").items():
            self.table(entry, f"materials.{name}")
        return Scene(
            id=self.path.stem if self.path else "scene",
            label={k: str(v) for k, v in label.items()},
            outline=outline,
            height=height,
            openings=openings,
            obstacles=tuple(
                self.obstacle(t, i) for i, t in enumerate(self.tables(document, "obstacle"))
            ),
            stands=tuple(self.stand(t, i) for i, t in enumerate(self.tables(document, "stand"))),
            spawn=self.spawn(document, outline, openings),
            path=self.path,
            document=document,
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
        )

    def obstacle(self, table: Mapping[str, Any], i: int) -> Obstacle:
        field = f"obstacle[{i}]"
        self.only(table, _KEYS["obstacle"], field)
        x, z = self.vector(table.get("at"), 2, f"{field}.at")
        size = self.vector(table.get("size"), 3, f"{field}.size")
        if min(size) <= 0.0:
            raise self.fail("must be positive", f"{field}.size", "width, depth, height > 0", size)
        name = self.text_of({"name": "obstacle", **table}, "name", field, ())
        return Obstacle(name, x, z, size[0], size[1], size[2], self.turn(table, field))

    def stand(self, table: Mapping[str, Any], i: int) -> Stand:
        field = f"stand[{i}]"
        self.only(table, _KEYS["stand"], field)
        at = self.vector(table.get("at"), 3, f"{field}.at")
        kind = self.text_of(table, "kind", field, ("garment", "furniture"))
        return Stand(
            name=self.text_of(table, "name", field, ()),
            kind=cast("Literal['garment', 'furniture']", kind),
            position=(at[0], at[1], at[2]),
            yaw=self.turn(table, field),
        )
