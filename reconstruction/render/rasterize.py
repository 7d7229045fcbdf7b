"""Drawing meshes without an engine: the camera, the z-buffer and simple shading in one place."""

from __future__ import annotations

from .camera import Camera, frame_camera, orbit_rotation
from .shading import (
    Light,
    linear_to_srgb,
    picture,
    sample_texture,
    shade,
    srgb_to_linear,
    turned_away,
)
from .zbuffer import Raster, interpolate, labels, render, silhouette, uv_raster

__all__ = [
    "Camera",
    "Light",
    "Raster",
    "frame_camera",
    "interpolate",
    "labels",
    "linear_to_srgb",
    "orbit_rotation",
    "picture",
    "render",
    "sample_texture",
    "shade",
    "silhouette",
    "srgb_to_linear",
    "turned_away",
    "uv_raster",
]
