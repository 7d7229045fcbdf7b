"""Materials in the engine: which shader draws them, in which order, with which textures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakValueDictionary

import numpy as np
from panda3d import core

from reconstruction.product import Material

from .graphics import shader
from .pixels import Picture, plain, see_through

Side = Literal["whole", "core", "back", "front"]
BACKS = "blended backs"
SHADOWS = core.BitMask32.bit(1)
"""The mask of the camera that draws shadow maps."""
_SMALL = 2**20
PASS = "pass"
"""The tag by which a camera that draws depth alone tells nodes that need a shader of their own."""


@dataclass(eq=False)
class Held:
    """A texture that lives as long as somebody holds this."""

    texture: Any
    see_through: bool
    __slots__ = ("__weakref__", "see_through", "texture")


class TextureStore:
    """Textures by what they show: equal pictures are one texture."""

    def __init__(self, anisotropy: int) -> None:
        self._anisotropy = anisotropy
        self._known: WeakValueDictionary[bytes, Held] = WeakValueDictionary()
        self._white = {srgb: self.whole(plain(srgb=srgb)) for srgb in (True, False)}

    def find(self, key: bytes) -> Held | None:
        """The texture of a picture, if it is there already."""
        return self._known.get(key)

    def white(self, *, srgb: bool = True) -> Held:
        """One white pixel, of the format that all product textures have."""
        return self._white[srgb]

    def whole(self, picture: Picture) -> Held:
        """A texture that the engine uploads when it is first drawn."""
        found = self.find(picture.key)
        if found is not None:
            return found
        held = self.empty(picture)
        for level, pixels in enumerate(picture.levels):
            array = core.PTA_uchar.empty_array(pixels.size)
            np.frombuffer(memoryview(array).cast("B"), np.uint8)[:] = pixels.reshape(-1)
            if level:
                held.texture.set_ram_mipmap_image(level, core.CPTA_uchar(array))
            else:
                held.texture.set_ram_image(core.CPTA_uchar(array))
        # Once a large one is uploaded, the driver's copy is enough. The engine releases what it
        # uploaded when another stage of the process closes: small ones can then come back.
        held.texture.set_keep_ram_image(picture.nbytes < _SMALL)
        self.add(picture, held)
        return held

    def empty(self, picture: Picture) -> Held:
        """A texture for a picture, without its pixels."""
        width, height = picture.size
        kind = core.Texture.F_srgb_alpha if picture.srgb else core.Texture.F_rgba
        texture = core.Texture("picture")
        texture.setup_2d_texture(width, height, core.Texture.T_unsigned_byte, kind)
        # A mesh without UVs has no derivatives of them, of which some drivers' anisotropic filters
        # make not-a-number; it has a one-pixel texture.
        one = width == height == 1
        linear = core.SamplerState.FT_linear
        texture.set_minfilter(linear if one else core.SamplerState.FT_linear_mipmap_linear)
        texture.set_magfilter(linear)
        texture.set_anisotropic_degree(1 if one else self._anisotropy)
        texture.set_wrap_u(core.SamplerState.WM_repeat)
        texture.set_wrap_v(core.SamplerState.WM_repeat)
        return Held(texture, see_through(picture))

    def add(self, picture: Picture, held: Held) -> None:
        """Let others find a texture that has its pixels."""
        self._known[picture.key] = held


@dataclass(frozen=True, eq=False)
class Look:
    """A material with its textures: ``base``, ``normal``, ``surface``, ``emission``."""

    material: Material
    textures: Mapping[str, Held]
    store: TextureStore
    tinted: bool = False

    @property
    def blended(self) -> bool:
        """Whether light comes through it."""
        return self.material.alpha == "blend" or self.material.base_color[3] < 0.999

    @property
    def sides(self) -> tuple[Side, ...]:
        """In how many goes it is drawn.

        What blends is drawn without hiding what lies behind it, its backs before its fronts; but
        where its picture is opaque it is drawn like anything else before.
        """
        if not self.blended:
            return ("whole",)
        base = self.textures.get("base")
        solid = self.material.base_color[3] > 0.999 and base is not None
        sides: tuple[Side, ...] = ("core",) if solid else ()
        if solid and base is not None and not base.see_through:
            return ("whole",)
        return (*sides, *(("back", "front") if self.material.double_sided else ("front",)))

    def defines(self, side: Side) -> tuple[str, ...]:
        """What the surface shader is compiled with."""
        names = {"normal": "NORMAL_MAP", "surface": "SURFACE_MAP"}
        chosen = [define for name, define in names.items() if name in self.textures]
        if any(self.material.emissive):
            chosen.append("EMISSION")
        if self.tinted:
            chosen.append("TINTED")
        if side in ("back", "front"):
            chosen.append("BLEND")
        elif side == "core" or self.material.alpha == "mask":
            chosen.append("MASK")
        return tuple(chosen)

    def dress(self, node: Any, side: Side, *defines: str) -> None:
        """Give a node this look."""
        material, cull = self.material, core.CullFaceAttrib
        found = self.defines(side)
        node.set_shader(shader("surface", *found, *defines))
        base = self.textures.get("base") or self.store.white()
        node.set_shader_input("base_map", base.texture)
        node.set_shader_input("base_color", core.LVecBase4f(*material.base_color))
        cutoff = 0.95 if side == "core" else material.cutoff
        node.set_shader_input(
            "surface", core.LVecBase4f(material.roughness, material.metallic, 0.0, cutoff)
        )
        for name, held in self.textures.items():
            if name != "base":
                node.set_shader_input(f"{name}_map", held.texture)
        if "EMISSION" in found:
            if "emission" not in self.textures:
                node.set_shader_input("emission_map", self.store.white().texture)
            node.set_shader_input("emissive", core.LVecBase3f(*material.emissive))
        if side in ("back", "front"):
            node.set_transparency(core.TransparencyAttrib.M_alpha)
            node.set_depth_write(False)
            node.hide(SHADOWS)
            fronts = cull.M_cull_counter_clockwise
            node.set_attrib(cull.make(fronts if side == "back" else cull.M_cull_clockwise))
            if side == "back":
                _backs_first()
                node.set_bin(BACKS, 0)
        else:
            node.set_two_sided(material.double_sided)
            if "MASK" in found:
                node.set_transparency(core.TransparencyAttrib.M_multisample_mask)
        tag = [word for word in ("INSTANCED", "MASK") if word in (*found, *defines)]
        if tag:
            node.set_tag(PASS, " ".join(tag))


def _backs_first() -> None:
    bins = core.CullBinManager.get_global_ptr()
    if bins.find_bin(BACKS) < 0:
        bins.add_bin(BACKS, core.CullBinManager.BT_back_to_front, 29)
