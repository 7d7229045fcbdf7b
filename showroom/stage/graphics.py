"""The engine's edge: opening GL, buffers, shaders, textures, and reading pictures back.

The whole stage is Y up and right-handed (glTF, OpenXR): the engine is told so once, by
``coordinate-system`` below, so nothing else in the stage converts axes.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from .settings import SOFTWARE, StageError, StageSettings

SHADERS = Path(__file__).parent / "shaders"
_CONFIG = """
coordinate-system y-up-right
gl-version 3 3
audio-library-name null
sync-video 0
textures-power-2 none
notify-level-device fatal
notify-level-egldisplay fatal
notify-level-glxdisplay fatal
"""


@lru_cache(maxsize=1)
def configure() -> None:
    """Set the engine's process-wide configuration; before the first pipe."""
    # Debian 12's Mesa 22.3 (LLVM 15) crashes in an optimiser pass when compiling some shaders
    # with shadow samplers; the unoptimised path is what it survives.
    if os.environ.get("SHOWROOM_GALLIVM_NOPT") == "1":
        os.environ["GALLIVM_PERF"] = "nopt"
    core.load_prc_file_data("showroom", _CONFIG)


class Graphics:
    """One GL context with its main output.

    Raises:
        StageError: no GL could be opened; names the packages that bring it.
    """

    def __init__(self, settings: StageSettings) -> None:
        configure()
        self.settings = settings
        self.engine = core.GraphicsEngine.get_global_ptr()
        window = settings.display == "window"
        name = "pandagl" if window else "p3headlessgl"
        self.pipe = core.GraphicsPipeSelection.get_global_ptr().make_module_pipe(name)
        if self.pipe is None or not self.pipe.is_valid():
            raise StageError(
                "no display could be opened; run without a window"
                if window
                else "no EGL was found; install libegl1 and libgl1-mesa-dri"
            )
        scale = 1 if window else settings.supersample
        self.scale = scale
        properties = core.WindowProperties.size(settings.width * scale, settings.height * scale)
        properties.set_title(settings.title)
        flags = (
            core.GraphicsPipe.BF_require_window if window else core.GraphicsPipe.BF_refuse_window
        )
        self.output = self.engine.make_output(
            self.pipe,
            "main",
            0,
            _frame_buffer(settings.samples if window else 0),
            properties,
            flags,
        )
        if self.output is None:
            raise StageError("GL 3.3 is missing; install libgl1-mesa-dri or a graphics driver")
        self.picture = core.Texture("picture")
        self.output.add_render_texture(
            self.picture, core.GraphicsOutput.RTM_copy_ram, core.GraphicsOutput.RTP_color
        )
        self.output.set_clear_color((0.0, 0.0, 0.0, 1.0))
        self.engine.open_windows()
        self.output.set_sort(10)

    @property
    def renderer(self) -> str:
        """The GL driver's own name, such as ``"llvmpipe (LLVM 15.0.6, 256 bits)"``."""
        gsg = self.output.get_gsg()
        return f"{gsg.get_driver_renderer()} | {gsg.get_driver_version()}"

    @property
    def software(self) -> bool:
        """Whether GL runs on the processor."""
        return any(name in self.renderer.lower() for name in SOFTWARE)

    @property
    def smoothing(self) -> bool:
        """Whether a last pass smooths edges: only where nothing else does."""
        sampled = self.output.get_fb_properties().get_multisamples() > 1
        return self.settings.fxaa and not sampled and self.scale == 1

    def render(self) -> None:
        """Draw one frame of every active output."""
        self.engine.render_frame()

    def read(self) -> NDArray[np.uint8]:
        """The last frame, (h, w, 3) uint8 sRGB, top row first."""
        data = self.picture.get_ram_image_as("RGB")
        if not data:
            raise StageError("the frame could not be read back; the window may be closed")
        size = (self.picture.get_y_size(), self.picture.get_x_size(), 3)
        pixels = np.frombuffer(data, np.uint8).reshape(size)[::-1]
        if self.scale == 1:
            return pixels.copy()
        h, w = size[0] // self.scale, size[1] // self.scale
        blocks = pixels.reshape(h, self.scale, w, self.scale, 3).astype(np.uint16)
        area = self.scale * self.scale
        reduced = (blocks.sum(axis=(1, 3)) + area // 2) // area
        return np.asarray(reduced, np.uint8)

    def color_buffer(
        self,
        name: str,
        width: int,
        height: int,
        sort: int,
        samples: int,
        *,
        float_depth: bool = False,
    ) -> Any:
        """An offscreen colour buffer whose texture other surfaces may sample."""
        texture = core.Texture(name)
        texture.set_wrap_u(core.SamplerState.WM_clamp)
        texture.set_wrap_v(core.SamplerState.WM_clamp)
        properties = _frame_buffer(samples)
        if float_depth:
            properties.set_depth_bits(32)
            properties.set_float_depth(True)
        buffer = self._buffer(name, width, height, sort, properties)
        buffer.add_render_texture(
            texture, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_color
        )
        return buffer

    def depth_buffer(self, name: str, size: int, sort: int) -> tuple[Any, Any]:
        """A shadow map: (buffer, depth texture with hardware comparison)."""
        properties = core.FrameBufferProperties()
        properties.set_depth_bits(24)
        texture = core.Texture(name)
        texture.setup_2d_texture(
            size, size, core.Texture.T_unsigned_int, core.Texture.F_depth_component
        )
        texture.set_minfilter(core.SamplerState.FT_shadow)
        texture.set_magfilter(core.SamplerState.FT_shadow)
        buffer = self._buffer(name, size, size, sort, properties)
        buffer.add_render_texture(
            texture, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_depth
        )
        buffer.set_clear_depth_active(True)
        return buffer, texture

    def cube_capture(self, name: str, size: int, rig: Any, mask: Any) -> tuple[Any, Any]:
        """A float16 cube map of what surrounds ``rig``: (buffer, cube texture)."""
        properties = core.FrameBufferProperties()
        properties.set_float_color(True)
        properties.set_rgba_bits(16, 16, 16, 16)
        properties.set_depth_bits(24)
        buffer = self.output.make_cube_map(name, size, rig, mask, False, properties)
        if buffer is None:
            raise StageError("the graphics driver refused a cube map")
        texture = buffer.get_texture()
        texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
        texture.set_magfilter(core.SamplerState.FT_linear)
        buffer.set_sort(-20)
        return buffer, texture

    def _buffer(self, name: str, width: int, height: int, sort: int, properties: Any) -> Any:
        buffer = self.engine.make_output(
            self.pipe,
            name,
            sort,
            properties,
            core.WindowProperties.size(width, height),
            core.GraphicsPipe.BF_refuse_window,
            self.output.get_gsg(),
            self.output,
        )
        if buffer is None:
            raise StageError(f"the graphics driver refused a {width}x{height} buffer for {name}")
        return buffer

    def remove(self, output: Any) -> None:
        """Free an output made here."""
        self.engine.remove_window(output)

    def close(self) -> None:
        """Free the context."""
        self.engine.remove_window(self.output)


def _frame_buffer(samples: int) -> Any:
    properties = core.FrameBufferProperties()
    properties.set_rgba_bits(8, 8, 8, 8)
    properties.set_depth_bits(24)
    if samples:
        properties.set_multisamples(samples)
    return properties


@lru_cache(maxsize=16)
def shader(fragment: str, *defines: str, vertex: str = "surface") -> Any:
    """A compiled pair of ``shaders/*_vertex.glsl`` and ``*_fragment.glsl`` with defines."""
    head = "#version 330\n" + "".join(f"#define {d}\n" for d in defines)
    names = (f"{vertex}_vertex", f"{fragment}_fragment")
    texts = [_included(f"{name}.glsl").replace("#version 330\n", head, 1) for name in names]
    made = core.Shader.make(core.Shader.SL_GLSL, *texts)
    if made is None:
        raise StageError(f"the shader {fragment} could not be made")
    return made


def _included(name: str) -> str:
    """A shader's text with each ``#include "name"`` line replaced by that file."""
    text = (SHADERS / name).read_text("utf-8")
    return re.sub(r'#include "(\w+\.glsl)"', lambda found: _included(found[1]), text)


def image_texture(
    pixels: NDArray[np.uint8], *, srgb: bool = True, repeat: bool = True, anisotropy: int = 1
) -> Any:
    """A mip-mapped texture from (h, w, 1|3|4) uint8 pixels, top row first."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    formats = {
        (1, False): core.Texture.F_red,
        (1, True): core.Texture.F_red,
        (3, True): core.Texture.F_srgb,
        (3, False): core.Texture.F_rgb,
        (4, True): core.Texture.F_srgb_alpha,
        (4, False): core.Texture.F_rgba,
    }
    texture = core.Texture("image")
    texture.setup_2d_texture(width, height, core.Texture.T_unsigned_byte, formats[(channels, srgb)])
    upside = pixels[::-1]
    if channels >= 3:
        order = [2, 1, 0, 3][:channels]
        upside = upside[..., order]
    texture.set_ram_image(np.ascontiguousarray(upside).tobytes())
    texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(core.SamplerState.FT_linear)
    texture.set_anisotropic_degree(anisotropy)
    wrap = core.SamplerState.WM_repeat if repeat else core.SamplerState.WM_clamp
    texture.set_wrap_u(wrap)
    texture.set_wrap_v(wrap)
    return texture


def float_texture(pixels: NDArray[np.float32]) -> Any:
    """A linear float16 texture from (h, w, 3) float32, top row first, clamped."""
    height, width = pixels.shape[:2]
    texture = core.Texture("light")
    texture.setup_2d_texture(width, height, core.Texture.T_half_float, core.Texture.F_rgb16)
    data = np.ascontiguousarray(pixels[::-1, :, ::-1].astype(np.float16))
    texture.set_ram_image(data.tobytes())
    texture.set_minfilter(core.SamplerState.FT_linear)
    texture.set_magfilter(core.SamplerState.FT_linear)
    texture.set_wrap_u(core.SamplerState.WM_clamp)
    texture.set_wrap_v(core.SamplerState.WM_clamp)
    return texture


@lru_cache(maxsize=1)
def white() -> Any:
    """A one-pixel white texture."""
    return image_texture(np.full((1, 1, 3), 255, np.uint8), srgb=False)
