"""The pinhole camera of product photographs: it orbits a product and looks at it.

It is an OpenGL camera: right-handed, Y up, looking along -Z of its own frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that orbits a target.

    Attributes:
        azimuth: radians; 0 looks at the product's front (from +Z), positive walks towards +X.
        elevation: radians above the horizon.
        roll: radians; positive turns the camera clockwise, the picture anticlockwise.
        distance: metres from the target to the pinhole.
        fov: full vertical opening angle of the picture, radians.
        target: the point looked at, metres.
        center: where the target falls in the picture, as an offset from its middle in fractions
            of its height, x to the right and y down; (0, 0) but for cropped photographs.
    """

    azimuth: float
    elevation: float
    roll: float = 0.0
    distance: float = 3.0
    fov: float = 0.6
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    center: tuple[float, float] = (0.0, 0.0)

    @property
    def position(self) -> F64:
        """(3,) the pinhole, metres."""
        return np.asarray(np.asarray(self.target) + self.distance * self.rotation()[2])

    def rotation(self) -> F64:
        """(3, 3) world to camera: its rows are the camera's right, up and backward axes."""
        return orbit_rotation(self.azimuth, self.elevation, self.roll)

    def view(self) -> F64:
        """(4, 4) world to camera."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation()
        matrix[:3, 3] = -matrix[:3, :3] @ self.position
        return matrix

    def projection(self, aspect: float, near: float = 0.01, far: float = 100.0) -> F64:
        """(4, 4) OpenGL clip matrix for a picture of width / height ``aspect``."""
        f = 1.0 / math.tan(self.fov / 2)
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = f / aspect, f
        matrix[0, 2], matrix[1, 2] = -2 * self.center[0] / aspect, 2 * self.center[1]
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix

    def project(self, points: F32, size: tuple[int, int]) -> F32:
        """Pixel positions and depths.

        Args:
            points: (n, 3) metres.
            size: (height, width) of the picture in pixels.

        Returns:
            (n, 3) float32: x to the right and y down in pixels (pixel centres at .5), and the
            depth along the view axis in metres, positive in front of the camera.
        """
        height, width = size
        x, y, z = self.rotation() @ (np.asarray(points, np.float64) - self.position).T
        depth = -z
        focal = height / 2 / math.tan(self.fov / 2)
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        px = width / 2 + self.center[0] * height + focal * x / safe
        py = height / 2 + self.center[1] * height - focal * y / safe
        return np.stack([px, py, depth], axis=1).astype(np.float32)


def orbit_rotation(azimuth: float, elevation: float, roll: float) -> F64:
    """(3, 3) rotation from the world into the frame of an orbiting camera."""
    ca, sa = math.cos(azimuth), math.sin(azimuth)
    ce, se = math.cos(elevation), math.sin(elevation)
    cr, sr = math.cos(roll), math.sin(roll)
    right = np.array([ca, 0.0, -sa])
    up = np.array([-se * sa, ce, -se * ca])
    back = np.array([ce * sa, se, ce * ca])
    return np.stack([cr * right - sr * up, sr * right + cr * up, back])


def frame_camera(
    vertices: F32,
    azimuth: float,
    elevation: float,
    *,
    roll: float = 0.0,
    fov: float = 0.5,
    margin: float = 1.1,
    aspect: float = 1.0,
) -> Camera:
    """A camera that shows all of ``vertices`` (n, 3), looking at the middle of their box.

    Args:
        aspect: width / height of the picture.
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    target = (low + high) / 2
    local = (vertices - target) @ orbit_rotation(azimuth, elevation, roll).T
    slope = math.tan(fov / 2)
    across = np.abs(local[:, :2] / np.array([aspect, 1.0])).max(axis=1)
    reach = across * margin / slope + local[:, 2]
    x, y, z = (float(t) for t in target)
    return Camera(azimuth, elevation, roll, float(reach.max()), fov, (x, y, z))
