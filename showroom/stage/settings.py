"""The stage's settings and its one error type; no engine here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Quality = Literal["low", "medium", "high"]


class StageError(Exception):
    """The stage cannot do what was asked; the sentence names the remedy where there is one."""

    code = "stage"


@dataclass(frozen=True)
class StageSettings:
    """What the stage draws and how.

    Attributes:
        width, height: of the picture, pixels.
        display: ``"headless"`` (EGL, no display needed) or ``"window"``.
        samples: multisampling per pixel in a window; 0 turns it off.
        supersample: a headless picture is drawn this many times as wide and high, then reduced.
        shadow_size: edge of the key light's shadow map, pixels; 0 turns its shadows off.
        mirror_scale: mirror resolution relative to the picture; 0 makes mirrors plain.
        reflections: whether glossy surfaces reflect the room.
        baked: whether scenes use their baked light (else light is estimated at load).
        exposure: multiplies light before tone mapping.
        fov: vertical field of view, radians.
        title: of the window.
    """

    width: int = 1280
    height: int = 800
    display: Literal["headless", "window"] = "headless"
    samples: int = 4
    supersample: int = 2
    shadow_size: int = 1024
    mirror_scale: float = 0.6
    reflections: bool = True
    baked: bool = True
    exposure: float = 1.0
    fov: float = 0.9
    title: str = "Showroom"

    def __post_init__(self) -> None:
        if not (16 <= self.width <= 8192 and 16 <= self.height <= 8192):
            raise StageError(
                f"picture size must be 16 to 8192 pixels, got {self.width}x{self.height}"
            )
        if self.supersample not in (1, 2, 3):
            raise StageError(f"supersample must be 1, 2 or 3, got {self.supersample}")
        if self.samples not in (0, 2, 4, 8):
            raise StageError(f"samples must be 0, 2, 4 or 8, got {self.samples}")

    def at_quality(self, quality: Quality) -> StageSettings:
        """The same stage at a quality level; ``"low"`` suits integrated and software graphics."""
        if quality == "low":
            return replace(
                self, samples=0, supersample=1, shadow_size=512, mirror_scale=0.0, reflections=False
            )
        if quality == "medium":
            return replace(self, samples=2, supersample=1, shadow_size=1024, mirror_scale=0.5)
        return replace(self, samples=4, shadow_size=2048, mirror_scale=0.8)
