"""Named colours, and the CIE L*a*b* space in which they are compared."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CatalogError

F64 = NDArray[np.float64]
# sRGB to XYZ, D65 (IEC 61966-2-1), and the white point.
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27


@dataclass(frozen=True)
class Color:
    """One colour of the lexicon.

    Attributes:
        name: canonical, such as ``"navy"``.
        label: words per language.
        srgb: 0 to 1 per channel, as on a screen.
        linear: 0 to 1 per channel, as glTF's base colour factors.
    """

    name: str
    label: Mapping[str, str]
    srgb: tuple[float, float, float]
    linear: tuple[float, float, float]


@cache
def colors() -> Mapping[str, Color]:
    """All colours by canonical name, in the data file's order."""
    path = Path(__file__).with_name("colors.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    found = {}
    for name, entry in table.items():
        code = entry["srgb"].removeprefix("#")
        r, g, b = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
        x, y, z = (float(v) for v in to_linear((r, g, b)))
        found[name] = Color(name, {"en": entry["en"], "zh": entry["zh"]}, (r, g, b), (x, y, z))
    return MappingProxyType(found)


def find_color(name: str) -> Color:
    """The colour called ``name``: canonical, or its English or Chinese label.

    Raises:
        CatalogError: there is no such colour; names those there are.
    """
    wanted = name.strip().lower().replace(" ", "_").replace("-", "_")
    known = colors()
    if wanted in known:
        return known[wanted]
    for color in known.values():
        chinese = color.label["zh"]
        if wanted in (color.label["en"].lower().replace(" ", "_").replace("-", "_"), chinese):
            return color
    raise CatalogError(
        f"there is no colour {name[:40]!r}",
        field="color",
        expected=", ".join(known),
        got=name[:40],
    )


def nearest_color(linear: ArrayLike) -> Color:
    """The colour of the lexicon nearest to a linear RGB triple, by distance in L*a*b*."""
    known = tuple(colors().values())
    table = to_lab(np.array([c.linear for c in known]))
    distance = np.linalg.norm(table - to_lab(np.asarray(linear, np.float64)), axis=-1)
    return known[int(distance.argmin())]


def to_linear(srgb: ArrayLike) -> F64:
    """Screen values 0 to 1 to linear light (IEC 61966-2-1)."""
    v = np.asarray(srgb, np.float64)
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: ArrayLike) -> F64:
    """Linear light to screen values 0 to 1; clips what a screen cannot show."""
    v = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    return np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


def to_lab(linear: ArrayLike) -> F64:
    """Linear RGB (..., 3) to CIE L*a*b* under D65."""
    t = np.asarray(linear, np.float64) @ _TO_XYZ.T / _WHITE
    f = np.where(t > _EPSILON, np.cbrt(t), (_KAPPA * t + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_lab(lab: ArrayLike) -> F64:
    """CIE L*a*b* (..., 3) under D65 to linear RGB, not clipped."""
    v = np.asarray(lab, np.float64)
    y = (v[..., 0] + 16) / 116
    f = np.stack([y + v[..., 1] / 500, y, y - v[..., 2] / 200], axis=-1)
    t = np.where(f**3 > _EPSILON, f**3, (116 * f - 16) / _KAPPA)
    return np.asarray(t * _WHITE @ np.linalg.inv(_TO_XYZ).T)
