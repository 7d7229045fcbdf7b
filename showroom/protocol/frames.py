"""Conversions between the protocol's frame and those of the engines, in one place.

The protocol's frame is OpenXR's and glTF's: right-handed, Y up, -Z forward, metres. An engine's
coordinates are a signed permutation of these axes times a scale; a rotation's axis goes with the
positions, and its sense flips where the engine is left-handed.

============== ============================== ==========================================
frame          from protocol (x, y, z)        engine
============== ============================== ==========================================
``panda3d``    (x, -z, y)                     right-handed, Z up, Y forward, metres
``unity``      (x, y, -z)                     left-handed, Y up, Z forward, metres
``unity_gltf`` (-x, y, z)                     the same, as glTFast lays loaded models out
``unreal``     100 (-z, x, y)                 left-handed, Z up, X forward, centimetres
============== ============================== ==========================================

Unity's XR poses mirror Z while glTFast mirrors X: a loaded model is half a turn about Y away from
the tracked space, and a client must turn it (``unity_gltf`` to ``unity``: (-x, y, -z)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FrameName = Literal["panda3d", "unity", "unity_gltf", "unreal"]


@dataclass(frozen=True)
class EngineFrame:
    """Where an engine's axes come from.

    Attributes:
        source: for each engine axis, the protocol axis (0 to 2) it takes.
        sign: for each engine axis, +1 or -1.
        scale: engine units per metre.
    """

    source: tuple[int, int, int]
    sign: tuple[int, int, int]
    scale: float = 1.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The (3, 3) signed permutation, without the scale."""
        matrix = np.zeros((3, 3))
        matrix[np.arange(3), self.source] = self.sign
        return matrix

    @property
    def handedness(self) -> int:
        """+1 if right-handed like the protocol, -1 if left-handed."""
        return round(float(np.linalg.det(self.matrix)))


FRAMES: dict[FrameName, EngineFrame] = {
    "panda3d": EngineFrame((0, 2, 1), (1, -1, 1)),
    "unity": EngineFrame((0, 1, 2), (1, 1, -1)),
    "unity_gltf": EngineFrame((0, 1, 2), (-1, 1, 1)),
    "unreal": EngineFrame((2, 0, 1), (-1, 1, 1), 100.0),
}


def position_to(frame: FrameName, position: ArrayLike) -> NDArray[np.float64]:
    """Positions, (..., 3) metres in the protocol's frame, in the engine's frame and unit."""
    f = FRAMES[frame]
    p = np.asarray(position, np.float64)
    return p[..., f.source] * (np.array(f.sign) * f.scale)


def position_from(frame: FrameName, position: ArrayLike) -> NDArray[np.float64]:
    """Positions, (..., 3) in the engine's frame and unit, in the protocol's frame, metres."""
    f = FRAMES[frame]
    result = np.empty(np.shape(position), np.float64)
    result[..., f.source] = np.asarray(position, np.float64) * (np.array(f.sign) / f.scale)
    return result


def rotation_to(frame: FrameName, rotation: ArrayLike) -> NDArray[np.float64]:
    """Quaternions (x, y, z, w), (..., 4), of the protocol's frame in the engine's; same order."""
    f = FRAMES[frame]
    q = np.asarray(rotation, np.float64)
    axis = q[..., f.source] * (np.array(f.sign) * f.handedness)
    return np.concatenate([axis, q[..., 3:]], axis=-1)


def rotation_from(frame: FrameName, rotation: ArrayLike) -> NDArray[np.float64]:
    """Quaternions (x, y, z, w), (..., 4), of the engine's frame in the protocol's; same order."""
    f = FRAMES[frame]
    q = np.asarray(rotation, np.float64)
    result = np.empty(q.shape, np.float64)
    result[..., f.source] = q[..., :3] * (np.array(f.sign) * f.handedness)
    result[..., 3] = q[..., 3]
    return result
