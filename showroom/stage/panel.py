"""A flat picture that hangs before the visitor: a menu, a caption. What shows it is the device's
business: a headset's runtime as a layer of its own, sharp at any distance; a window in the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..protocol.limits import Transform


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel in one frame.

    Attributes:
        name: the same as long as it is the same panel.
        pixels: (h, w, 4) uint8 sRGB with straight alpha, top row first. The same object until
            the picture changes: it is uploaded when it is another.
        pose: of its middle; it is seen from its +Z side, +Y is up on it.
        width, height: metres.
        space: what the pose is in: ``"play"`` (the play space, floor at 0) or ``"head"``.
    """

    name: str
    pixels: NDArray[np.uint8]
    pose: Transform
    width: float
    height: float
    space: Literal["play", "head"] = "play"
