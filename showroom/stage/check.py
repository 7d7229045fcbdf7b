"""Reading values of a scene's tables: every failure names file, line and key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..catalog.scene import Scene
from .shape import F32


def keys(scene: Scene, table: Mapping[str, Any], known: tuple[str, ...], field: str) -> None:
    """Refuse unknown keys."""
    for key in table:
        if key not in known:
            raise scene.fail("unknown key", f"{field}.{key}", ", ".join(known), key)


def number(
    scene: Scene,
    table: Mapping[str, Any],
    key: str,
    field: str,
    default: float,
    low: float,
    high: float,
) -> float:
    """A number between ``low`` and ``high``."""
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise scene.fail("is out of range", f"{field}.{key}", f"{low:g} to {high:g}", value)
    return float(value)


def flag(scene: Scene, table: Mapping[str, Any], key: str, field: str) -> bool:
    """True or false; false where unsaid."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise scene.fail("must be true or false", f"{field}.{key}", "true or false", value)
    return value


def option(
    scene: Scene, table: Mapping[str, Any], key: str, field: str, default: str, known: Any
) -> str:
    """One of the words ``known``."""
    value = table.get(key, default)
    if not isinstance(value, str) or value not in known:
        raise scene.fail("is not known", f"{field}.{key}", ", ".join(known), value)
    return value


def vector(scene: Scene, value: object, count: int, field: str) -> tuple[float, ...]:
    """``count`` finite numbers."""
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
            for v in value
        )
    ):
        raise scene.fail("must be a vector", field, f"{count} finite numbers", value)
    return tuple(float(v) for v in value)


def color(scene: Scene, value: object, field: str) -> F32:
    """(3,) float32 sRGB 0 to 1 from ``"#rrggbb"``."""
    try:
        if not isinstance(value, str) or len(value) != 7 or value[0] != "#":
            raise ValueError
        return np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255.0
    except ValueError:
        raise scene.fail("is no colour", field, '"#rrggbb"', value) from None


def linear(srgb: F32) -> F32:
    """Linear light from sRGB, elementwise (IEC 61966-2-1)."""
    low, high = srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
    return np.asarray(np.where(srgb <= 0.04045, low, high), np.float32)


def encoded(light: F32) -> F32:
    """Linear light as sRGB, elementwise, clipped to 0 to 1 (IEC 61966-2-1)."""
    c = np.clip(light, 0.0, 1.0)
    return np.asarray(
        np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055), np.float32
    )


LINEAR = linear(np.arange(256, dtype=np.float32) / 255.0)
"""Linear light of each 8-bit sRGB value."""
