"""What a scene is: outline, openings, obstacles, stands and a spawn point as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .scene_source import SceneError, Source

OpeningKind = Literal["window", "door"]


@dataclass(frozen=True)
class Opening:
    """A window or door in wall ``wall`` (from corner ``wall`` to the next), metres along it."""

    kind: OpeningKind
    wall: int
    offset: float
    width: float
    sill: float
    height: float
    glazed: bool = False


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
    """A place where a product is displayed: floor position and the yaw it faces.

    Attributes:
        families: the product families that this place is made for; empty for any of its kind.
        size: width and depth of the free floor around it, metres; (0, 0) where unsaid.
    """

    name: str
    kind: Literal["garment", "furniture"]
    position: tuple[float, float, float]
    yaw: float
    families: tuple[str, ...] = ()
    size: tuple[float, float] = (0.0, 0.0)


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
        outdoor: there are no walls and no ceiling; the outline bounds where one can walk.
        document: the whole file as parsed, for the stage's builders.
        source: the files it came from; None for a scene without one.
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
    outdoor: bool = False
    source: Source | None = None

    def fail(self, message: str, field: str, expected: str = "", got: object = "") -> SceneError:
        """A typed error about one key of this scene's file, with its line where found."""
        path, line = self.source.where(field) if self.source is not None else (self.path, 0)
        return SceneError(
            message, path=path, field=field, expected=expected, got=str(got)[:80], line=line
        )
