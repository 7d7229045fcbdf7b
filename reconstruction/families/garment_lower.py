"""Skirts: a front and a back panel between waist and hem, drawn from tailor's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .garment_flat import (
    F64,
    Flat,
    FlatPose,
    Panel,
    Pattern,
    Seam,
    landmark_array,
    pose_points,
    smooth_profile,
)

COLUMNS = 44
"""Quads across the front panel, and across the back."""
ROWS = 44
"""Quads from hem to waist."""

_FLIP = np.array([-1.0, 1.0])


@dataclass(frozen=True)
class LowerShape:
    """The measures of a skirt, made consistent; metres, widths are half girths.

    Attributes:
        levels, widths: y (negative, from the hem up to the waist) and half girth there.
    """

    length: float
    levels: tuple[float, ...]
    widths: tuple[float, ...]
    hip_level: float

    @property
    def waist_half(self) -> float:
        return self.widths[-1] / 2

    @property
    def hem_half(self) -> float:
        return self.widths[0] / 2

    def half_width(self, y: F64) -> F64:
        """Half the width of a panel at heights ``y`` (n,)."""
        return smooth_profile(np.array(self.levels), np.array(self.widths), y) / 2


def lower_shape(values: Mapping[str, float]) -> LowerShape:
    """The consistent shape of a skirt; hips lie 20 cm below the waist, higher on a short one."""
    length = values["length"]
    hip = min(0.2, 0.45 * length)
    return LowerShape(
        length=length,
        levels=(-length, -hip, 0.0),
        widths=(values["hem_width"], values["hip_width"], values["waist_width"]),
        hip_level=-hip,
    )


def flat_lower(shape: LowerShape, pose: FlatPose) -> Flat:
    """Silhouette, landmarks and parts of a skirt in a flat pose."""
    y = np.linspace(0.0, -shape.length, 32)
    side = np.stack([shape.half_width(y), y], axis=1)
    t = np.linspace(0.0, 1.0, 12)
    waist = np.stack([shape.waist_half * t, -pose.waist_curve * (1 - t**2)], axis=1)
    hem = np.stack(
        [shape.hem_half * t[::-1], -shape.length - pose.hem_curve * (1 - t[::-1] ** 2)], axis=1
    )
    half = np.concatenate([waist[:-1], side[:-1], hem])
    loop = np.concatenate([half[:-1], (half * _FLIP)[:0:-1]])
    hip = np.array([float(shape.half_width(np.array([shape.hip_level]))[0]), shape.hip_level])
    points = {
        "hem_center": hem[-1],
        "waist_left": side[0],
        "waist_right": side[0] * _FLIP,
        "hip_left": hip,
        "hip_right": hip * _FLIP,
        "hem_left": side[-1],
        "hem_right": side[-1] * _FLIP,
    }

    def lay(p: F64) -> F64:
        return pose_points(p, pose, -shape.length / 2, shape.hem_half)

    outline = lay(loop)
    return Flat(outline, lay(landmark_array(points)), {"front": outline}, {})


def lower_grid(shape: LowerShape, pose: FlatPose | None = None) -> F64:
    """Quad grid of a panel, (ROWS + 1, COLUMNS + 1, 2), plain flat frame."""
    y = np.linspace(-shape.length, 0.0, ROWS + 1)
    across = np.linspace(-1.0, 1.0, COLUMNS + 1)
    x = shape.half_width(y)[:, None] * across
    share = (y / shape.length + 1.0)[:, None]
    waist = 0.0 if pose is None else pose.waist_curve
    hem = 0.0 if pose is None else pose.hem_curve
    sag = (1 - across**2) * (share * waist + (1 - share) * hem)
    return np.stack([x, y[:, None] - sag], axis=-1)


def lower_pattern(shape: LowerShape) -> Pattern:
    """The panels' quad grids and their side seams."""
    grid = lower_grid(shape)
    panels = (Panel("front", grid, 0), Panel("back", grid, grid[..., 0].size))
    front, back = panels[0].numbers(), panels[1].numbers()
    seams = (
        Seam("left_side", front[:, -1], back[:, -1]),
        Seam("right_side", front[:, 0], back[:, 0]),
    )
    return Pattern(panels, seams)


def lower_flat_grid(shape: LowerShape, pose: FlatPose) -> tuple[F64, NDArray[np.bool_]]:
    """Where each vertex lies in a flat pose, (n, 2) metres, and whether the camera sees it (n,)."""
    grid = lower_grid(shape, pose).reshape(-1, 2)
    seen = np.concatenate([np.ones(len(grid), bool), np.zeros(len(grid), bool)])
    points = pose_points(np.concatenate([grid, grid]), pose, -shape.length / 2, shape.hem_half)
    return points, seen
