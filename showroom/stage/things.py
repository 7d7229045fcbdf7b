"""The things on the stage that may move, products and the avatar: how each of them is drawn.

Near ones are drawn in full detail; further ones with fewer triangles, as soon as the difference
cannot be seen; many equal ones together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from ..protocol import messages as m
from .geometry import ModelGeometry, MovingMesh, placed_box
from .light import RoomLight
from .loader import Decoded, Loader, geometry_of, pictures_of
from .looks import SHADOWS, TextureStore
from .missing import missing_model
from .model import Model
from .repeat import Repeats, levels_of
from .settings import StageError, StageSettings
from .shadow import STEADY, Spot, is_upright

AVATAR = "avatar"
IDENTITY: m.Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
SETTLED = 30
"""Frames that a thing must have stood still before it is drawn together with its equals."""
HEAVY = 30_000
"""Triangles from which on one product alone is worth lower levels: making them holds the frames up
for some moments, because parts of it hold the interpreter's lock."""
NEAR = 0.05
"""Metres that the eye may move before levels of detail are chosen anew."""
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Thing:
    """Something that may move: a product or the avatar.

    Attributes:
        box: (2, 3) float32, its lowest and highest corner in the room, metres.
        born, moved: the frames of the stage in which it came and last moved after that.
        together: whether it is drawn together with its equals.
        missing: why it is not what was asked for, or ``""``.
        lit: (3,) where the light on it was last looked up, if it was.
    """

    target: str
    glb: str
    mesh: MovingMesh
    node: Any
    spot: Spot
    worn: bool = False
    transform: m.Transform = IDENTITY
    frame: int = -1
    values: dict[str, float] = field(default_factory=dict)
    matrix: F32 = field(default_factory=lambda: np.eye(4, dtype=np.float32))
    box: F32 = field(default_factory=lambda: np.zeros((2, 3), np.float32))
    probe: F32 = field(default_factory=lambda: np.full((6, 3), 0.6, np.float32))
    born: int = 0
    moved: int = -SETTLED
    together: bool = False
    missing: str = ""
    lit: F32 | None = None


@dataclass
class Waiting:
    """What a target will be once its GLB is there."""

    glb: str
    worn: bool
    transform: m.Transform
    values: dict[str, float]
    frame: m.MeshFrame | None = None


class Things:
    """All of them.

    Attributes:
        all: by target.
        waiting: targets whose GLB is still coming, only while streaming.
        changed: whether anything has moved, come or gone since the last frame.
    """

    def __init__(self, world: Any, settings: StageSettings, gsg: Callable[[], Any]) -> None:
        self.settings = settings
        self.store = TextureStore(settings.anisotropy)
        self.loader = Loader(self.store, gsg, settings.texture_size)
        self.all: dict[str, Thing] = {}
        self.waiting: dict[str, Waiting] = {}
        self.node = world.attach_new_node("things")
        self.spots = world.attach_new_node("spots")
        self.spots.hide(SHADOWS)
        self.changed = True
        self.light: RoomLight | None = None
        self.ambient = 1.0
        self._even = np.full((6, 3), 0.6, np.float32)
        self._groups: dict[tuple[str, int], Repeats] = {}
        self._grouped: dict[tuple[str, int], list[str]] = {}
        self._regroup = False
        self._frame = 0
        self._eye = np.full(3, np.inf, np.float32)
        self._nothing: ModelGeometry | None = None

    # --- coming and going ----------------------------------------------------------------------

    def put(self, target: str, glb: str, worn: bool, data: Callable[[], bytes]) -> Thing | None:
        """Show a GLB under a target's name in place of what that target was.

        Returns:
            The thing, or the stand for what is missing; None if its GLB is still coming.

        Raises:
            StageError: the GLB cannot be used; only where nothing is streamed.
        """
        old = self.all.get(target)
        if old is not None and old.glb == glb and not old.missing:
            self.waiting.pop(target, None)
            old.worn = worn
            return old
        if not self.settings.streaming:
            return self._show(target, glb, worn, self.loader.now(glb, data))
        if glb in self.loader.known:
            return self._show(target, glb, worn, self.loader.known[glb])
        before = self.waiting.get(target)
        kept = before or Waiting(
            glb, worn, old.transform if old else IDENTITY, dict(old.values) if old else {}
        )
        self.waiting[target] = Waiting(glb, worn, kept.transform, kept.values)
        try:
            self.loader.ask(glb, data())
        except KeyError:
            return self._miss(target, f"there is no asset {glb[:12]}")
        except (StageError, OSError) as error:
            return self._miss(target, str(error))
        return None

    def _show(self, target: str, glb: str, worn: bool, geometry: ModelGeometry) -> Thing:
        old = self.all.get(target)
        mesh = MovingMesh(geometry)
        node = self.node.attach_new_node(target)
        mesh.node.reparent_to(node)
        thing = Thing(target, glb, mesh, node, Spot(self.spots), worn, born=self._frame)
        if old is not None:
            thing.transform, thing.values = old.transform, old.values
            self.remove(target)
        self.all[target] = thing
        self.loader.forget({t.glb for t in self.all.values()})
        self.move(thing, thing.transform)
        return thing

    def show_model(self, target: str, model: Model) -> Thing:
        """Show a model under a target's name in place of what that target was.

        Raises:
            StageError: one of its pictures cannot be decoded.
        """
        decoded = Decoded(model, pictures_of(model, self.settings.texture_size))
        return self._show(target, "", False, geometry_of(decoded, self.store))

    def remove(self, target: str) -> None:
        """Show a target no more."""
        self.waiting.pop(target, None)
        thing = self.all.pop(target, None)
        if thing is not None:
            thing.node.remove_node()
            thing.spot.node.remove_node()
            self.changed = self._regroup = True

    def wait_for(self, target: str, transform: m.Transform, values: dict[str, float]) -> None:
        """Where a target will be, and with which values, once it is there."""
        coming = self.waiting.get(target)
        if coming is not None:
            coming.transform = transform
            coming.values.update(values)

    def _miss(self, target: str, problem: str) -> Thing | None:
        """Show a stand that says that something is missing; nothing for an avatar."""
        coming = self.waiting.pop(target)
        _log.warning("%s cannot be shown: %s", target, problem)
        if target == AVATAR:
            return None
        if self._nothing is None:
            sign = missing_model()
            decoded = Decoded(sign, pictures_of(sign, self.settings.texture_size))
            self._nothing = geometry_of(decoded, self.store)
        thing = self._show(target, coming.glb, False, self._nothing)
        thing.missing = problem
        thing.values = coming.values
        self.move(thing, coming.transform)
        return thing

    def receive(self) -> None:
        """Go on with what is coming, within one frame's budget; show what came."""
        if not self.loader.coming:
            return
        for glb in self.loader.step(self.settings.upload):
            arrival = self.loader.coming.pop(glb)
            for target, coming in list(self.waiting.items()):
                if coming.glb != glb:
                    continue
                if arrival.geometry is None:
                    self._miss(target, arrival.problem)
                    continue
                del self.waiting[target]
                thing = self._show(target, glb, coming.worn, arrival.geometry)
                thing.values = coming.values
                self.move(thing, coming.transform)
                if coming.frame is not None:
                    self.mesh_frame(coming.frame)

    # --- moving --------------------------------------------------------------------------------

    def mesh_frame(self, update: m.MeshFrame) -> None:
        """Move a thing's vertices.

        Raises:
            StageError: the frame does not fit the thing.
        """
        coming = self.waiting.get(update.target)
        if coming is not None and update.glb in ("", coming.glb):
            coming.frame = update
        thing = self.all.get(update.target)
        if thing is None or thing.missing or (update.glb and update.glb != thing.glb):
            return  # A frame of a mesh that has already been replaced.
        positions = np.frombuffer(update.positions, "<f4")
        if positions.size != thing.mesh.positions.size:
            raise StageError(
                f"mesh frame of {update.target}: expected {thing.mesh.positions.size // 3} "
                f"vertices, got {positions.size / 3:g}"
            )
        if not np.isfinite(positions).all():
            raise StageError(f"mesh frame of {update.target} holds numbers that are not finite")
        thing.mesh.move(positions.reshape(-1, 3).astype(np.float32))
        if thing.frame < 0:
            thing.node.set_mat(core.LMatrix4f.ident_mat())
            thing.transform = IDENTITY
        thing.frame = update.frame
        self.relight(thing)

    def move(self, thing: Thing, transform: m.Transform) -> None:
        """Place a thing."""
        if thing.frame < 0:
            x, y, z, qx, qy, qz, qw = transform
            thing.node.set_pos_quat(core.LPoint3f(x, y, z), core.LQuaternionf(qw, qx, qy, qz))
            thing.transform = transform
        self.relight(thing)

    def hold(self, thing: Thing, there: m.Transform | None, factor: float) -> None:
        """Show a thing elsewhere than its transform says, scaled; None: where it says."""
        if thing.frame >= 0:
            return
        x, y, z, qx, qy, qz, qw = there or thing.transform
        thing.node.set_pos_quat(core.LPoint3f(x, y, z), core.LQuaternionf(qw, qx, qy, qz))
        thing.node.set_scale(factor)
        self.relight(thing)
        if there is not None:
            thing.spot.node.hide()

    def relight(self, thing: Thing) -> None:
        """Light and contact shadow for where a thing is now."""
        if self._frame > thing.born:
            thing.moved = self._frame
        self.changed = True
        if thing.frame < 0:
            self._regroup = True
        matrix = np.array(thing.node.get_mat(), np.float32).reshape(4, 4)
        thing.matrix, thing.box = matrix, placed_box(thing.mesh.box, matrix)
        self._light(thing)
        if thing.worn and thing.target != AVATAR and AVATAR in self.all:
            thing.spot.node.hide()
            return
        thing.spot.node.show()
        live = thing.frame >= 0 and self.settings.streaming
        thing.spot.update(thing.mesh.positions, thing.mesh.box, matrix, moving=live)

    def _light(self, thing: Thing) -> None:
        """Give a thing the light at its middle; anew only when it has moved some centimetres."""
        if self.light is None:
            thing.probe = self._even
            return
        middle = thing.box.mean(axis=0).astype(np.float32)
        if thing.lit is not None and float(np.abs(middle - thing.lit).max()) < STEADY:
            return
        thing.lit = middle
        thing.probe = (self.light.at(middle) * self.ambient).astype(np.float32)
        table = core.PTA_LVecBase3f([core.LVecBase3f(*map(float, c)) for c in thing.probe])
        thing.node.set_shader_input("probe", table)

    def shine(self, light: RoomLight | None, ambient: float) -> None:
        """Stand in another room's light; without one, in what light there is."""
        self.light, self.ambient = light, ambient
        for thing in self.all.values():
            thing.lit = None
            self.relight(thing)

    def even(self, probe: F32) -> None:
        """Stand in the same (6, 3) light everywhere."""
        self.light, self._even = None, probe
        for thing in self.all.values():
            thing.lit = None
            thing.node.clear_shader_input("probe")
            self.relight(thing)

    # --- drawing -------------------------------------------------------------------------------

    def prepare(self, eye: F32, pixel: float, first_person: bool, camera: Any) -> bool:
        """Have the next frame drawn as it is seen from an eye.

        Args:
            pixel: metres that one pixel covers at a metre's distance.
            first_person: the visitor's own avatar is hidden from ``camera`` (a mask).

        Returns:
            Whether anything that casts a shadow has changed.
        """
        self._frame += 1
        self.receive()
        for thing in self.all.values():
            if thing.worn:  # Seen through their own eyes, visitors see themselves in mirrors only.
                (thing.node.hide if first_person else thing.node.show)(camera)
        self._together()
        moved = bool(np.abs(eye - self._eye).max() > NEAR)
        if moved or self.changed:
            self._eye = eye.copy()
            self._details(eye, pixel * self.settings.detail)
        changed, self.changed = self.changed, False
        return changed

    def _together(self) -> None:
        """Draw equal things that stand still together."""
        if not self._regroup or self.settings.repeats == 0:
            return
        self._regroup = False
        found: dict[tuple[str, int], list[Thing]] = {}
        for thing in self.all.values():
            if thing.worn or thing.frame >= 0 or thing.missing or not is_upright(thing.matrix):
                continue
            if self._frame - thing.moved < SETTLED:
                self._regroup = True  # Look again when it has settled.
                continue
            key = (thing.glb, round(float(thing.matrix[3, 1]) * 100))
            found.setdefault(key, []).append(thing)
        groups = {k: v for k, v in found.items() if len(v) >= self.settings.repeats}
        chosen = {thing.target for group in groups.values() for thing in group}
        for thing in self.all.values():
            self._apart(thing, thing.target in chosen)
        for key in list(self._groups):
            if key not in groups:
                self._groups.pop(key).close()
                self._grouped.pop(key)
        for key, members in groups.items():
            self._gather(key, members)
        self.changed = True

    def _apart(self, thing: Thing, together: bool) -> None:
        if thing.together == together:
            return
        thing.together = together
        for node in (thing.mesh.node, thing.spot.node):
            (node.stash if together else node.unstash)()

    def _gather(self, key: tuple[str, int], members: list[Thing]) -> None:
        group = self._groups.get(key)
        if group is None:
            group = Repeats(members[0].mesh.geometry, members[0].spot.local())
            group.node.reparent_to(self.node)
            self._groups[key] = group
        self._grouped[key] = [thing.target for thing in members]
        group.set(
            np.stack([thing.matrix for thing in members]),
            np.stack([thing.probe for thing in members]),
        )

    def _details(self, eye: F32, sharpness: float) -> None:
        """Choose levels of detail, and have them made where they are wanted."""
        for (glb, _), group in self._groups.items():
            if self.loader.level(glb, wait=not self.settings.streaming):
                group.refresh()
            self.changed |= group.look(eye, sharpness)
        alone = [t for t in self.all.values() if not t.together and t.target != AVATAR]
        if not alone or sharpness <= 0.0 or not self.settings.streaming:
            return
        boxes = np.stack([t.box for t in alone])
        spheres = np.concatenate(
            [boxes.mean(axis=1), np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)[:, None] / 2],
            axis=1,
        )
        for thing, sphere in zip(alone, spheres, strict=True):
            geometry = thing.mesh.geometry
            if geometry.triangles(0) < HEAVY:
                continue
            if not geometry.levels and not self._far(sphere, eye, sharpness, geometry):
                continue
            self.loader.level(thing.glb, wait=False)
            errors = tuple(level.error for level in geometry.levels)
            thing.mesh.detail(int(levels_of(sphere[None], eye, sharpness, errors)[0]))

    def _far(
        self, sphere: NDArray[np.float32], eye: F32, sharpness: float, geometry: ModelGeometry
    ) -> bool:
        """Whether a thing is far enough for a lower level to be worth making."""
        away = float(np.linalg.norm(sphere[:3] - eye)) - float(sphere[3])
        return away * sharpness > 0.004 * float(np.linalg.norm(np.ptp(geometry.box, axis=0)))

    @property
    def boxes(self) -> list[F32]:
        """(2, 3) each: where the things are that cast shadows."""
        return [thing.box for thing in self.all.values()]

    def close(self) -> None:
        """Stop loading."""
        self.loader.close()
