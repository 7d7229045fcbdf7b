"""Draws a visitor's :class:`~showroom.stage.view.View` into the stage's scene."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from ..protocol.messages import FitMap
from .graphics import image_texture, shader
from .ink import AMBER, F32, GREEN, RED, SKY, WHITE, Ink, facing
from .label import picture
from .panel import Panel
from .stage import EYE, Stage
from .strain import StrainSkin
from .touch import Carried
from .view import Label, View

_RIM = 0.0032
_EDGE = 0.72
"""Cosine of the angle from straight ahead at which the vignette is darkest: about 44 degrees."""


class Gizmos:
    """What hangs in the scene beside room and products: rays, arcs, labels, menu, vignette.

    Args:
        stage: whose scene it is drawn into; seen by eyes, not by mirrors or lights.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._root = stage.world.attach_new_node("gizmos")
        self._root.hide(~EYE)
        self._ink = _InkNode(self._root)
        self._labels: dict[int, tuple[Label, Any]] = {}
        self._panels: dict[str, tuple[NDArray[np.uint8], Any]] = {}
        self._rims: dict[tuple[str, bool], Any] = {}
        self._skins: dict[str, StrainSkin] = {}
        self._carried: dict[str, Carried] = {}
        self._veil = self._root.attach_new_node(_ball())
        self._veil.set_shader(shader("veil", vertex="veil"))
        self._veil.set_transparency(core.TransparencyAttrib.M_alpha)
        self._veil.set_depth_test(False)
        self._veil.set_depth_write(False)
        self._veil.set_two_sided(True)
        self._veil.set_bin("fixed", 40)
        self._veil.hide()

    def show(self, view: View, eye: tuple[float, float, float], *, panels: bool = True) -> None:
        """Draw a view.

        Args:
            eye: where it is looked at from.
            panels: draw the panels too; not where the headset's runtime shows them.
        """
        self._carry({one.target: one for one in view.carried})
        self._rim(set(view.lit))
        self._strain({one.target: one for one in view.strains})
        self._ink.write(_inked(view, eye))
        labels = (*view.labels, *(d.label for d in view.measures))
        self._label(labels, eye)
        shown = view.panels if panels else ()
        self._panel({p.name: p for p in shown}, view)
        self._darken(view)

    def close(self) -> None:
        """Take everything away."""
        self._carry({})
        self._rim(set())
        self._strain({})
        self._root.remove_node()

    def _carry(self, carried: dict[str, Carried]) -> None:
        for target in self._carried.keys() - carried.keys():
            thing = self._stage.things.get(target)
            if thing is not None:
                self._stage.show_at(thing, None)
        for target, one in carried.items():
            thing = self._stage.things.get(target)
            if thing is not None:
                self._stage.show_at(thing, one.transform, one.factor)
        self._carried = carried

    def _rim(self, lit: set[tuple[str, bool]]) -> None:
        things = self._stage.things
        for key, node in list(self._rims.items()):
            thing = things.get(key[0])
            if key not in lit or thing is None or node.get_parent() != thing.node:
                node.remove_node()
                del self._rims[key]
        for key in lit - self._rims.keys():
            thing = things.get(key[0])
            if thing is None:
                continue
            node = thing.node.attach_new_node("rim")
            thing.mesh.node.instance_to(node)
            node.set_shader(shader("rim", vertex="rim"), 200)
            node.set_shader_input("rim_width", _RIM)
            node.set_shader_input("rim_color", core.LVecBase4f(*(GREEN if key[1] else AMBER)))
            node.set_attrib(
                core.CullFaceAttrib.make(core.CullFaceAttrib.M_cull_counter_clockwise), 200
            )
            node.set_transparency(core.TransparencyAttrib.M_none, 200)
            node.hide(~EYE)
            self._rims[key] = node

    def _strain(self, maps: dict[str, FitMap]) -> None:
        things = self._stage.things
        maps = {k: one for k, one in maps.items() if k in things and things[k].glb == one.glb}
        for target, skin in list(self._skins.items()):
            if target not in maps or not skin.fits(things.get(target)):
                skin.close()
                del self._skins[target]
        for target, told in maps.items():
            thing = things[target]
            bands = np.frombuffer(told.bands, np.uint8)
            if len(bands) != len(thing.mesh.positions):
                continue
            if target not in self._skins:
                self._skins[target] = StrainSkin(thing, bands)
            self._skins[target].follow()

    def _label(self, labels: tuple[Label, ...], eye: tuple[float, float, float]) -> None:
        for index in [k for k in self._labels if k >= len(labels)]:
            self._labels.pop(index)[1].remove_node()
        for index, label in enumerate(labels):
            old = self._labels.get(index)
            same = old is not None and (old[0].lines, old[0].size) == (label.lines, label.size)
            if old is not None and not same:
                old[1].remove_node()
            node = old[1] if old is not None and same else self._card(label)
            self._labels[index] = (label, node)
            x, y, z, qx, qy, qz, qw = facing(label.place, eye)
            node.set_pos_quat(core.LPoint3f(x, y, z), core.LQuaternionf(qw, qx, qy, qz))
            # As large to the eye from further away.
            node.set_scale(max(1.0, float(np.linalg.norm(np.subtract(eye, label.place))) / 1.4))

    def _card(self, label: Label) -> Any:
        pixels = picture(label.lines)
        height = label.size * pixels.shape[0] / 44
        return self._plate(pixels, height * pixels.shape[1] / pixels.shape[0], height, 20)

    def _plate(self, pixels: NDArray[np.uint8], width: float, height: float, order: int) -> Any:
        maker = core.CardMaker("plate")
        maker.set_frame(-width / 2, width / 2, -height / 2, height / 2)
        node = self._root.attach_new_node(maker.generate())
        node.set_shader(shader("flat"))
        node.set_shader_input("base_map", image_texture(pixels, srgb=False, repeat=False))
        node.set_transparency(core.TransparencyAttrib.M_alpha)
        node.set_depth_test(False)
        node.set_depth_write(False)
        node.set_bin("fixed", order)
        return node

    def _panel(self, panels: dict[str, Panel], view: View) -> None:
        for name in self._panels.keys() - panels.keys():
            self._panels.pop(name)[1].remove_node()
        for name, panel in panels.items():
            pixels, node = self._panels.get(name, (None, None))
            if node is None:
                node = self._plate(panel.pixels, panel.width, panel.height, 30)
            elif pixels is not panel.pixels:
                texture = image_texture(panel.pixels, srgb=False, repeat=False)
                node.set_shader_input("base_map", texture)
            self._panels[name] = (panel.pixels, node)
            x, y, z, qx, qy, qz, qw = view.placed(panel.pose)
            node.set_pos_quat(core.LPoint3f(x, y, z), core.LQuaternionf(qw, qx, qy, qz))

    def _darken(self, view: View) -> None:
        if view.head is None or max(view.vignette, view.dark) < 0.01:
            self._veil.hide()
            return
        self._veil.show()
        x, y, z, qx, qy, qz, qw = view.head
        self._veil.set_pos_quat(core.LPoint3f(x, y, z), core.LQuaternionf(qw, qx, qy, qz))
        self._veil.set_shader_input("veil", core.LVecBase4f(view.vignette, view.dark, _EDGE, 0))


class _InkNode:
    """One node whose triangles are written anew each frame."""

    def __init__(self, parent: Any) -> None:
        self._data = core.GeomVertexData("ink", _ink_format(), core.Geom.UH_stream)
        self._geom = core.Geom(self._data)
        node = core.GeomNode("ink")
        node.add_geom(self._geom)
        node.set_bounds(core.OmniBoundingVolume())
        node.set_final(True)
        self._path = parent.attach_new_node(node)
        self._node = node
        self._path.set_shader(shader("ink", vertex="ink"))
        self._path.set_transparency(core.TransparencyAttrib.M_alpha)
        self._path.set_two_sided(True)
        self._path.set_depth_write(False)
        self._path.set_bin("fixed", 10)

    def write(self, rows: F32) -> None:
        """Show triangles, (3 m, 7) float32."""
        if not len(rows):
            self._path.hide()
            return
        self._path.show()
        data = core.GeomVertexData("ink", _ink_format(), core.Geom.UH_stream)
        data.unclean_set_num_rows(len(rows))
        view = memoryview(data.modify_array(0)).cast("B")
        np.frombuffer(view, np.float32)[:] = rows.reshape(-1)
        primitive = core.GeomTriangles(core.Geom.UH_stream)
        primitive.add_next_vertices(len(rows))
        geom = core.Geom(data)
        geom.add_primitive(primitive)
        self._node.remove_all_geoms()
        self._node.add_geom(geom)


def _inked(view: View, eye: tuple[float, float, float]) -> F32:
    """The view's lines as triangles."""
    ink = Ink(eye)
    if view.arc is not None:
        free = view.arc.landing is not None
        tint = SKY if free else RED
        if free:
            ink.line(view.arc.points, 0.018, (*tint[:3], 0.25), tint)
        else:
            ink.dotted(view.arc.points, 0.014, tint)
        if view.arc.landing is not None:
            x, z = view.arc.landing
            ink.ring((x, 0.02, z), 0.22, 0.27, tint)
            ink.ring((x, 0.02, z), 0.0, 0.22, (*tint[:3], 0.25))
        else:
            end = view.arc.points[-1]
            ink.ring((float(end[0]), float(end[1]) + 0.02, float(end[2])), 0.08, 0.11, tint)
    for ray in view.rays:
        tint = AMBER if ray.lit else WHITE
        ink.line(
            np.linspace(ray.start, ray.end, 5), 0.005, (*tint[:3], 0.55),
            (*tint[:3], 0.9 if ray.lit else 0.0),
        )  # fmt: skip
        if ray.lit:
            ink.ring(ray.end, 0.0, 0.012, tint, 16)
    if view.spot is not None:
        ink.outline(view.spot.box, 0.02, 0.015, GREEN if view.spot.free else RED)
    for way in view.measures:
        ink.measured(way.start, way.end, AMBER, way.width)
    return ink.triangles()


@lru_cache(maxsize=1)
def _ink_format() -> Any:
    array = core.GeomVertexArrayFormat()
    array.add_column("vertex", 3, core.Geom.NT_float32, core.Geom.C_point)
    array.add_column("color", 4, core.Geom.NT_float32, core.Geom.C_color)
    return core.GeomVertexFormat.register_format(core.GeomVertexFormat(array))


def _ball(radius: float = 0.4, rows: int = 24, columns: int = 32) -> Any:
    """A ball around the origin."""
    polar = np.linspace(0.0, np.pi, rows + 1)[:, None]
    around = np.linspace(0.0, 2 * np.pi, columns + 1)[None, :]
    x, z = np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around)
    grid = np.stack((x, np.broadcast_to(np.cos(polar), x.shape), z), axis=-1) * radius
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    corners = np.stack((a, b, c, a, c, d), axis=2).reshape(-1, 3).astype(np.float32)
    data = core.GeomVertexData("ball", core.GeomVertexFormat.get_v3(), core.Geom.UH_static)
    data.unclean_set_num_rows(len(corners))
    view = memoryview(data.modify_array(0)).cast("B")
    np.frombuffer(view, np.float32)[:] = corners.reshape(-1)
    primitive = core.GeomTriangles(core.Geom.UH_static)
    primitive.add_next_vertices(len(corners))
    geom = core.Geom(data)
    geom.add_primitive(primitive)
    node = core.GeomNode("veil")
    node.add_geom(geom)
    return node
