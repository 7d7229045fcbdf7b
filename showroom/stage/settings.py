"""The stage's settings and its one error type; no engine here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

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
        samples: multisampling per pixel in a window and a headset; 0 turns it off.
        fxaa: whether edges are smoothed in a last pass where nothing is multisampled.
        supersample: a headless picture is drawn this many times as wide and high, then reduced.
        shadow_size: edge of the key light's shadow map, pixels; 0 turns its shadows off.
        shadow_taps: samples of the map per pixel: 1 is a hard edge, 8 and 16 are soft ones.
        mirror_scale: mirror resolution relative to the picture; 0 makes mirrors plain.
        reflections: whether glossy surfaces reflect the room.
        baked: whether scenes use their baked light (else light is estimated at load).
        texture_size: longest side of a product's textures, pixels; larger ones are reduced.
        anisotropy: of product textures, samples; 1 turns it off.
        detail: pixels that a lower level of detail may be wrong by; 0 draws all triangles always.
        repeats: from how many equal products on they are drawn together (hardware instancing);
            0 draws each by itself.
        streaming: whether products are decoded beside the frames and uploaded over several of
            them: for visits that are seen live. Pictures and films wait for what they show.
        fitting: whether quality goes down to ``"low"`` where the processor draws, or graphics that
            share its memory.
        upload: bytes of textures that a frame uploads at most while streaming.
        exposure: multiplies light before tone mapping.
        fov: vertical field of view, radians.
        title: of the window.
    """

    width: int = 1280
    height: int = 800
    display: Literal["headless", "window"] = "headless"
    samples: int = 4
    fxaa: bool = True
    supersample: int = 2
    shadow_size: int = 1024
    shadow_taps: int = 8
    mirror_scale: float = 0.6
    reflections: bool = True
    baked: bool = True
    texture_size: int = 4096
    anisotropy: int = 4
    detail: float = 0.75
    repeats: int = 4
    streaming: bool = False
    fitting: bool = False
    upload: int = 2 * 2**20
    exposure: float = 1.0
    fov: float = 0.9
    title: str = "Showroom"

    def __post_init__(self) -> None:
        if not (16 <= self.width <= 8192 and 16 <= self.height <= 8192):
            raise StageError(
                f"picture size must be 16 to 8192 pixels, got {self.width}x{self.height}"
            )
        for name, got, allowed in (
            ("supersample", self.supersample, (1, 2, 3)),
            ("samples", self.samples, (0, 2, 4, 8)),
            ("shadow_taps", self.shadow_taps, (1, 8, 16)),
            ("anisotropy", self.anisotropy, (1, 2, 4, 8, 16)),
        ):
            if got not in allowed:
                raise StageError(f"{name} must be one of {allowed}, got {got}")
        for name, value, low, high in (
            ("shadow_size", self.shadow_size, 0, 8192),
            ("mirror_scale", self.mirror_scale, 0.0, 2.0),
            ("texture_size", self.texture_size, 64, 8192),
            ("detail", self.detail, 0.0, 16.0),
            ("repeats", self.repeats, 0, 1_000_000),
            ("upload", self.upload, 2**16, 2**30),
        ):
            if not low <= value <= high:
                raise StageError(f"{name} must be {low} to {high}, got {value}")

    def at_quality(self, quality: Quality) -> StageSettings:
        """The same stage at a quality level; ``"low"`` suits integrated and software graphics.

        Raises:
            StageError: there is no such level.
        """
        if quality not in LEVELS:
            raise StageError(f"quality must be one of {', '.join(LEVELS)}, got {quality!r}")
        return replace(self, **LEVELS[quality])

    def live(self) -> StageSettings:
        """The same stage for a visit that is seen as it happens."""
        return replace(self, streaming=True)

    def fitted_to(self, renderer: str) -> StageSettings:
        """The same stage for what draws it, by the driver's own name of it; see ``fitting``.

        What was decided when the output was opened stays, and mirrors that are plain stay so.
        """
        if not self.fitting or not is_weak(renderer):
            return self
        low = self.at_quality("low")
        return replace(
            low,
            samples=self.samples,
            supersample=self.supersample,
            mirror_scale=min(low.mirror_scale, self.mirror_scale),
        )


SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swr ")
_SHARED = (
    "intel(r) hd", "intel(r) uhd", "intel(r) iris", "mesa intel", "radeon graphics", "radeon vega",
    "radeon(tm) graphics", "adreno", "mali", "powervr", "videocore", "v3d",
)  # fmt: skip


def is_weak(renderer: str) -> bool:
    """Whether a GL driver's name is that of the processor, or of graphics built into one."""
    name = renderer.lower()
    return any(word in name for word in (*SOFTWARE, *_SHARED)) and "arc" not in name.split("|")[0]


LEVELS: dict[Quality, dict[str, Any]] = {
    "low": {
        "samples": 0, "supersample": 1, "shadow_size": 512, "shadow_taps": 1,
        "mirror_scale": 0.35, "reflections": False, "texture_size": 1024, "anisotropy": 1,
        "detail": 1.5,
    },
    "medium": {
        "samples": 2, "supersample": 1, "shadow_size": 1024, "shadow_taps": 8,
        "mirror_scale": 0.5, "texture_size": 2048, "anisotropy": 4, "detail": 0.75,
    },
    "high": {
        "samples": 4, "shadow_size": 2048, "shadow_taps": 16, "mirror_scale": 0.8,
        "texture_size": 4096, "anisotropy": 8, "detail": 0.5,
    },
}  # fmt: skip
"""What each quality level sets; everything else stays as it was."""
