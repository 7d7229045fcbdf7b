"""The stage: applies a visit's updates to a Panda3D scene and draws it.

Everything is in the visit's frame (glTF and OpenXR: metres, right-handed, Y up, -Z forward).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from ..catalog.scene import Scene, SceneError, load_scene, room_scene
from ..protocol import messages as m
from .caption import Caption
from .final import FinalPass
from .graphics import Graphics, shader, white
from .mirror import MirrorView
from .model import Model
from .overlay import Overlay
from .poses import toward
from .reload import Built, SceneWatch
from .room import RoomNode
from .settings import StageError, StageSettings
from .shadow import KeyLight
from .things import AVATAR, Thing, Things
from .wares import Shape
from .warm import warm_node

__all__ = ["AVATAR", "EYE", "Stage", "Thing"]
Assets = Callable[[str], bytes]
_log = logging.getLogger(__name__)
EYE = core.BitMask32.bit(0)


def _no_assets(key: str) -> bytes:
    raise StageError(f"asset {key[:12]} was asked for, but the stage was given no assets")


class Stage:
    """A showroom drawn by Panda3D, headless or in a window.

    Args:
        settings: what to draw and how.
        assets: resolves the hash of a GLB to its bytes.

    Attributes:
        watch: show changes of the scene's file when they are saved; set it before the scene.
        scenes: files of scenes by name, beside those that come with the showroom.

    Raises:
        StageError: GL could not be opened.
    """

    def __init__(self, settings: StageSettings | None = None, assets: Assets = _no_assets) -> None:
        asked = settings or StageSettings()
        self.assets = assets
        self.graphics = Graphics(asked)
        self.settings = asked.fitted_to(self.graphics.renderer)
        _tell_software(self.graphics)
        self.room: RoomNode | None = None
        self._told: tuple[object, ...] | None = None
        self.caption = Caption()
        self.first_person = False
        self.watch = False
        self.scenes: dict[str, Path] = {}
        self._watch: SceneWatch | None = None
        self._surroundings = True
        self._world = core.NodePath("world")
        self._things = Things(self._world, self.settings, self.graphics.output.get_gsg)
        self._camera = self._world.attach_new_node(core.Camera("eye", core.PerspectiveLens()))
        self._camera.node().get_lens().set_near_far(0.04, 80.0)
        self._camera.node().set_camera_mask(EYE)
        self._final = FinalPass(self.graphics) if self.graphics.smoothing else None
        output = self._final.buffer if self._final is not None else self.graphics.output
        self._region = output.make_display_region()
        self._region.set_camera(self._camera)
        self._key = KeyLight(self.graphics, self._world, self.settings)
        self._mirror: MirrorView | None = None
        self._environment: Any = None
        self.overlay = Overlay(self.graphics)
        self._defaults()
        self._cold: Any = None
        if self.settings.streaming:
            self._things.loader.start()
            self._cold = warm_node(self._things.store, everything=not self.graphics.software)
        self.fov = self.settings.fov
        self.eye: F32 = np.array([0.0, 1.6, 2.0], np.float32)
        self.look_at((0.0, 1.6, 2.0), (0.0, 1.3, 0.0))

    @property
    def things(self) -> dict[str, Thing]:
        """Products and the avatar, by target."""
        return self._things.all

    @property
    def world(self) -> Any:
        """The NodePath of the whole scene, in metres, Y up."""
        return self._world

    @property
    def scene(self) -> Scene | None:
        """The scene that is shown, None in a plain studio."""
        return self.room.scene if self.room is not None else None

    @property
    def camera_lens(self) -> Any:
        """The lens of the picture's camera."""
        return self._camera.node().get_lens()

    def shape(self, target: str) -> Shape | None:
        """The mesh of a product that stands still, in its own frame."""
        thing = self.things.get(target)
        if thing is None or thing.worn:
            return None
        return Shape.of(thing.mesh.model.positions, thing.mesh.model.faces)

    def show_at(self, thing: Thing, there: m.Transform | None, factor: float = 1.0) -> None:
        """Show a thing elsewhere than the visit has it, as in a hand; None: where it has it."""
        self._things.hold(thing, there, factor)

    # --- camera --------------------------------------------------------------------------------

    def look_at(
        self,
        eye: tuple[float, float, float],
        target: tuple[float, float, float],
        fov: float | None = None,
    ) -> None:
        """Place the camera; ``fov`` is vertical, radians."""
        forward = np.subtract(target, eye).astype(np.float64)
        length = float(np.linalg.norm(forward))
        if length < 1e-6 or not np.isfinite(length):
            raise StageError("the camera needs a target apart from its eye")
        forward /= length
        up = np.array([0.0, 1.0, 0.0])
        if abs(forward[1]) > 0.999:
            up = np.array([0.0, 0.0, -1.0])
        right = np.cross(forward, up)
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        self._place(np.stack([right, up, -forward]), np.asarray(eye, np.float64), fov)

    def look_from(self, head: m.Transform, fov: float | None = None) -> None:
        """See through a headset: position and rotation quaternion (x, y, z, w)."""
        x, y, z, w = head[3:]
        rows = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
                [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
                [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        self._place(rows, np.asarray(head[:3], np.float64), fov)

    def ray_through(self, x: float, y: float) -> m.Transform:
        """The ray through a pixel of the frame (from its upper left corner): along its -Z."""
        output, lens = self.graphics.output, self._camera.node().get_lens()
        u = 2 * (x / max(1, output.get_x_size())) - 1
        v = 1 - 2 * (y / max(1, output.get_y_size()))
        near, far = core.LPoint3f(), core.LPoint3f()
        lens.extrude(core.LPoint2f(u, v), near, far)
        ahead = self._camera.get_mat().xform_vec(far - near)
        place = self._camera.get_pos()
        start = (float(place[0]), float(place[1]), float(place[2]))
        end = (start[0] + float(ahead[0]), start[1] + float(ahead[1]), start[2] + float(ahead[2]))
        return (*start, *toward(start, end))

    def _place(
        self, axes: NDArray[np.float64], eye: NDArray[np.float64], fov: float | None
    ) -> None:
        """Camera from its axes as rows (right, up, back) and its place."""
        flat = [*axes[0], 0.0, *axes[1], 0.0, *axes[2], 0.0, *eye, 1.0]
        self._camera.set_mat(core.LMatrix4f(*(float(v) for v in flat)))
        self.eye = eye.astype(np.float32)
        if fov is not None:
            self.fov = fov
        lens = self._camera.node().get_lens()
        aspect = self.graphics.output.get_x_size() / max(1, self.graphics.output.get_y_size())
        vertical = math.degrees(self.fov)
        lens.set_fov(2 * math.degrees(math.atan(math.tan(self.fov / 2) * aspect)), vertical)

    # --- updates -------------------------------------------------------------------------------

    def apply(self, update: m.Update) -> None:
        """Show what an update says; updates that show nothing are ignored.

        While streaming, what is shown anew appears some frames later, and a stand with a sign
        appears where an asset is missing or broken.

        Raises:
            StageError: an asset is missing or broken; the scene stays as it was.
        """
        if isinstance(update, m.MeshFrame):
            self._things.mesh_frame(update)
        elif isinstance(update, m.ProductShown):
            thing = self._put(update.target, update.glb, update.worn)
            if thing is not None:
                thing.values = dict(update.values)
                self._move(thing, update.transform)
            self._things.wait_for(update.target, update.transform, dict(update.values))
        elif isinstance(update, m.ProductChanged):
            self._changed(update)
        elif isinstance(update, m.ProductRemoved):
            self._remove(update.target)
        elif isinstance(update, m.AvatarShown) and not update.who:
            self._put(AVATAR, update.glb, True)
        elif isinstance(update, m.RoomShown):
            told = (update.scene, update.outline, update.height)
            if self.room is None or self._told != told:
                self.show_room(_scene_of(update, self.scenes))
                self._told = told
        elif isinstance(update, m.Heard):
            self.caption.heard(update.text)
        elif isinstance(update, m.Reply):
            self.caption.answered(update.text)

    def show_room(self, scene: Scene | str, built: Built | None = None) -> None:
        """Show a scene; things stay where they are.

        Args:
            built: the scene's arrays, where they have been built already.

        Raises:
            SceneError: the scene cannot be built; the room stays as it was.
        """
        self._told = None
        chosen = load_scene(scene) if isinstance(scene, str) else scene
        room = RoomNode(chosen, self.settings.baked, built)
        if built is None:
            self._watch = SceneWatch(chosen, self.settings.baked) if self.watch else None
        if self.room is not None:
            self.room.node.remove_node()
        self.room = room
        room.node.reparent_to(self._world)
        room.node.hide(self._key.mask)
        if not self._surroundings:
            room.node.hide()
        look = room.decor.look
        self._key.aim(look.key_direction, np.asarray(look.key_color) * look.key_strength)
        self._world.set_shader_input("exposure", look.exposure * self.settings.exposure)
        low, high = room.decor.bounds
        # Reflections lie on the room's walls, or outdoors infinitely far away.
        reach = 1e4 if room.decor.outdoor else 0.0
        self._world.set_shader_input("room_low", core.LVecBase3f(*map(float, low - reach)))
        self._world.set_shader_input("room_high", core.LVecBase3f(*map(float, high + reach)))
        if self._mirror is not None:
            self._mirror.close()
            self._mirror = None
        if room.mirrors and self.settings.mirror_scale > 0:
            self._mirror = MirrorView(self.graphics, self.settings, self._world, room)
        for node in room.mirror_nodes:
            node.set_shader_input("mirror_info", core.LVecBase4f(0, 0, 0, 0))
            node.set_shader_input("mirror_map", white())
        if self.settings.reflections:
            self._capture(low, high)
        self._things.shine(room.light, look.ambient)

    def show_surroundings(self, shown: bool) -> None:
        """Show the room itself, or only what stands in it and its shadows: for mixed reality."""
        self._surroundings = shown
        if self.room is not None:
            (self.room.node.show if shown else self.room.node.hide)()

    def _capture(self, low: F32, high: F32) -> None:
        """Capture what surrounds the room's middle into a cube map, once."""
        middle = (low + high) / 2.0
        rig = self._world.attach_new_node("capture")
        rig.set_pos(float(middle[0]), min(float(middle[1]), 1.8), float(middle[2]))
        mask = core.BitMask32.bit(3)
        self._things.node.hide(mask)
        self._things.spots.hide(mask)
        self._world.set_shader_input("output_mode", core.LVecBase4f(1, 0, 0, 0))
        self._world.set_shader_input("environment_info", core.LVecBase4f(0, 0, 0, 0))
        buffer, texture = self.graphics.cube_capture("environment", 128, rig, mask)
        others = [self.graphics.output, *([self._final.buffer] if self._final else [])]
        before = [output.is_active() for output in others]
        for output in others:
            output.set_active(False)
        self.graphics.render()
        buffer.set_active(False)
        for output, active in zip(others, before, strict=True):
            output.set_active(active)
        if self._environment is not None:
            self.graphics.remove(self._environment[0])
        self._environment = (buffer, texture)
        self._world.set_shader_input("output_mode", core.LVecBase4f(0, 0, 0, 0))
        self._world.set_shader_input("environment", texture)
        self._world.set_shader_input("environment_info", core.LVecBase4f(1.0, 6.0, 0, 0))
        rig.remove_node()

    def _put(self, target: str, glb: str, worn: bool) -> Thing | None:
        """Show a GLB under a target's name; None while it is still coming."""
        return self._things.put(target, glb, worn, lambda: self.assets(glb))

    def clear(self) -> None:
        """Show no products and no avatar; the room stays."""
        for target in list(self.things):
            self._remove(target)

    def _changed(self, update: m.ProductChanged) -> None:
        new = {change.name: change.new for change in update.changes}
        thing = self.things.get(update.target)
        if update.glb:
            worn = thing.worn if thing is not None else False
            known = thing is not None or update.target in self._things.waiting
            thing = self._put(update.target, update.glb, worn) if known else None
        self._things.wait_for(update.target, update.transform, new)
        if thing is None:
            return
        thing.values.update(new)
        self._move(thing, update.transform)

    def _remove(self, target: str) -> None:
        self._things.remove(target)

    def _move(self, thing: Thing, transform: m.Transform) -> None:
        self._things.move(thing, transform)

    def exhibit(self, target: str, model: Model) -> Thing:
        """Show a model that is in no GLB that an update names.

        Raises:
            StageError: one of its pictures cannot be decoded.
        """
        return self._things.show_model(target, model)

    def surround(self, environment: Any, probe: F32, turn: float, top: float) -> None:
        """Stand things in an environment instead of a room's light.

        Args:
            environment: a cube map whose mip levels are ever rougher reflections.
            probe: (6, 3) light from +x -x +y -y +z -z, already turned.
            turn: of the reflections about Y, radians.
            top: highest mip level.
        """
        w = self._world
        w.set_shader_input("environment", environment)
        w.set_shader_input("environment_info", core.LVecBase4f(1.0, top, 0, 0))
        c, s = math.cos(turn), math.sin(turn)
        w.set_shader_input("environment_turn", core.LVecBase4f(c, s, 0, 0))
        # So far away that reflections only depend on their direction.
        w.set_shader_input("room_low", core.LVecBase3f(-1e4, -1e4, -1e4))
        w.set_shader_input("room_high", core.LVecBase3f(1e4, 1e4, 1e4))
        table = core.PTA_LVecBase3f([core.LVecBase3f(*map(float, c)) for c in probe])
        w.set_shader_input("probe", table)
        self._things.even(probe)

    def key_light(
        self, direction: tuple[float, float, float], color: tuple[float, float, float]
    ) -> None:
        """Aim the light that casts shadows; ``color`` is linear."""
        self._key.aim(direction, np.asarray(color))
        self._things.changed = True

    def settle(self, seconds: float = 60.0) -> None:
        """Draw until all that is coming has come, for ``seconds`` at most."""
        until = time.perf_counter() + seconds
        while self._things.waiting and time.perf_counter() < until:
            for arrival in list(self._things.loader.coming.values()):
                arrival.wait(until - time.perf_counter())
            self.draw()

    def backdrop(self, color: tuple[float, float, float], light: float = 0.75) -> None:
        """A plain studio instead of a room: background colour (sRGB 0 to 1) and even light."""
        if self.room is not None:
            self.room.node.remove_node()
            self.room = None
        self.graphics.output.set_clear_color((*color, 1.0))
        self._world.set_shader_input("environment_info", core.LVecBase4f(0, 0, 0, 0))
        self._key.aim((0.35, 0.8, 0.5), np.array([0.9, 0.85, 0.8]))
        shades = (0.95, 0.95, 1.15, 0.7, 1.0, 0.9)
        probe = np.repeat(np.array(shades, np.float32)[:, None] * light, 3, axis=1)
        table = core.PTA_LVecBase3f([core.LVecBase3f(*map(float, c)) for c in probe])
        self._world.set_shader_input("probe", table)
        self._things.even(probe.astype(np.float32))

    # --- drawing -------------------------------------------------------------------------------

    def follow(self, now: float) -> str:
        """Show what an artist saved of the scene's file; a sentence when there was something.

        A scene that cannot be built leaves the old one standing; the sentence says why.
        """
        found = self._watch.poll(now) if self._watch is not None else None
        if found is None:
            return ""
        if not isinstance(found, Built):
            return str(found)
        self.show_room(found.scene, found)
        note = "" if found.light.source == "baked" else "; its light is estimated until it is baked"
        return f"{found.scene.id} is shown as saved{note}"

    def draw(self, pixel: float | None = None) -> None:
        """Draw one frame.

        Args:
            pixel: what a pixel spans a metre away, metres, where another camera than the stage's
                own is looked through: for levels of detail.
        """
        said = self.follow(time.monotonic()) if self._watch is not None else ""
        if said:
            _log.warning("%s", said)
        if pixel is None:
            pixel = 2 * math.tan(self.fov / 2) / max(1, self.graphics.output.get_y_size())
        if self._things.prepare(self.eye, pixel, self.first_person, EYE):
            self._key.update(self._world, self._things.boxes)
        else:
            self._key.rest()
        if self._mirror is not None:
            self._mirror.update(self._camera, self.eye)
        if self._final is not None:
            self._final.update()
        cold = self._cold
        if cold is not None:
            self._cold = None
            cold.reparent_to(self._things.node)
        if self.graphics.output.is_active():  # A headset shows captions by itself.
            picture = self.caption.picture(self.graphics.output.get_x_size())
            self.overlay.show_picture(picture)
        self.graphics.render()
        if cold is not None:
            cold.remove_node()

    def render(self) -> NDArray[np.uint8]:
        """Draw one frame and read it: (h, w, 3) uint8 sRGB, top row first."""
        self.draw()
        return self.graphics.read()

    def close(self) -> None:
        """Free the GL context."""
        self._things.close()
        self.graphics.close()

    def _defaults(self) -> None:
        w = self._world
        w.set_shader(shader("surface"))
        w.set_shader_input("clip_plane", core.LVecBase4f(0, 0, 0, 1))
        w.set_shader_input("exposure", self.settings.exposure)
        w.set_shader_input("output_mode", core.LVecBase4f(0, 0, 0, 0))
        empty = core.Texture("dark")
        empty.setup_cube_map(1, core.Texture.T_unsigned_byte, core.Texture.F_rgb)
        empty.set_clear_color((0.5, 0.5, 0.5, 1))
        w.set_shader_input("environment", empty)
        w.set_shader_input("environment_info", core.LVecBase4f(0, 0, 0, 0))
        w.set_shader_input("environment_turn", core.LVecBase4f(1, 0, 0, 0))
        w.set_shader_input("room_low", core.LVecBase3f(-5, 0, -5))
        w.set_shader_input("room_high", core.LVecBase3f(5, 3, 5))
        w.set_shader_input("highlight", core.LVecBase4f(0, 0, 0, 0))
        grey = [core.LVecBase3f(0.6, 0.6, 0.6)] * 6
        w.set_shader_input("probe", core.PTA_LVecBase3f(grey))
        self._key.aim((0.35, 0.8, 0.5), np.array([0.9, 0.85, 0.8]))
        self._key.update(w, ())


def _scene_of(update: m.RoomShown, own: Mapping[str, Path]) -> Scene:
    if update.scene:
        try:
            return load_scene(own.get(update.scene, update.scene))
        except SceneError:
            if len(update.outline) < 3:
                raise
    return room_scene(update.outline, update.height)


_told: set[str] = set()


def _tell_software(graphics: Graphics) -> None:
    """Say once that the processor draws, and what helps."""
    if graphics.software and "software" not in _told:
        _told.add("software")
        _log.warning(
            "no graphics hardware was found, so the processor draws (%s): frames are slow; "
            "a graphics driver makes them fast, quality 'low' makes them faster",
            graphics.renderer.split("(")[0].strip(),
        )
