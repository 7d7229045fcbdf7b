"""Scenes as data: ``scenes/*.toml`` read into a floor plan, spawn point, stands and decor.

A file with a floor plan alone (``schema``, ``[room]`` and, where there are any, ``[[opening]]`` and
``[[obstacle]]``) is a visitor's own room; it may be JSON as well. A file may include others of its
folder.

This package reads what a visit needs (outline, openings, obstacles, stands) and keeps the decor
(materials, lights, objects) as checked but uninterpreted tables; the stage builds those. Angles
in the files are degrees (``turn``), everything here is metres and radians, right-handed, Y up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .scene_plan import Obstacle, Opening, OpeningKind, Scene, Spawn, Stand
from .scene_reader import OWN_DECOR, OWN_LABEL, read_scene
from .scene_source import SCENES, SCHEMA, SceneError, read_source, scene_names, text_source

__all__ = [
    "SCENES",
    "SCHEMA",
    "Obstacle",
    "Opening",
    "OpeningKind",
    "Scene",
    "SceneError",
    "Spawn",
    "Stand",
    "load_scene",
    "parse_scene",
    "room_scene",
    "scene_names",
]


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
    return read_scene(read_source(path), path)


def parse_scene(text: str, path: Path | None = None) -> Scene:
    """Parse and check the text of a scene file.

    Raises:
        SceneError: as :func:`load_scene`.
    """
    return read_scene(text_source(text, path), path)


def room_scene(
    outline: Sequence[tuple[float, float]], height: float, openings: Sequence[Opening] = ()
) -> Scene:
    """A plain scene from a floor plan alone: the visitor's own room."""
    return Scene(
        id="room",
        label=OWN_LABEL,
        outline=tuple((float(x), float(z)) for x, z in outline),
        height=float(height),
        openings=tuple(openings),
        obstacles=(),
        stands=(),
        spawn=Spawn((0.0, 0.0, 0.0), 0.0),
        path=None,
        document=OWN_DECOR,
    )
