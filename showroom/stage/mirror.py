"""A live flat mirror: the scene seen by a reflected camera, shown on the mirror's surface."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from .decor import Decor, Mirror
from .graphics import Graphics
from .room import RoomNode
from .settings import StageSettings

F64 = NDArray[np.float64]
MARGIN = 0.02
"""How much further than the mirror's edges its picture reaches, as a share of the frame."""


class MirrorView:
    """Draws the nearest mirror that the camera sees; others show the room's reflection only.

    Only the part of the frame that the mirror covers is drawn: nothing beside it is culled,
    transformed or shaded.
    """

    mask = core.BitMask32.bit(2)

    def __init__(
        self, graphics: Graphics, settings: StageSettings, world: Any, room: RoomNode
    ) -> None:
        self._graphics, self._room = graphics, room
        self._glasses = glasses(room.decor)
        scale = settings.mirror_scale
        scale *= graphics.scale
        width, height = int(settings.width * scale), int(settings.height * scale)
        self._buffer = graphics.color_buffer(
            "mirror", width, height, -5, 0 if settings.display == "headless" else settings.samples
        )
        self._lens = core.MatrixLens()
        camera = core.Camera("mirror", self._lens)
        camera.set_camera_mask(self.mask)
        self._camera = world.attach_new_node(camera)
        self._region = self._buffer.make_display_region()
        self._region.set_camera(self._camera)
        self._shown: tuple[Any, ...] = ()
        for node in room.mirror_nodes:
            node.hide(self.mask)

    @property
    def live(self) -> bool:
        """Whether the mirror is drawn with the next frame."""
        return bool(self._buffer.is_active())

    def update(self, camera: Any, eye: F32) -> None:
        """Reflect the camera in the nearest mirror that it sees."""
        lens = camera.node().get_lens()
        view = core.LMatrix4f(camera.get_mat())
        view.invert_in_place()
        projection = lens.get_projection_mat()
        clip = np.array(view * projection, np.float64).reshape(4, 4)
        found = nearest_seen(self._glasses, eye, [clip])
        self._buffer.set_active(found is not None)
        output = self._graphics.output
        size = (output.get_x_size(), output.get_y_size())
        shown = (found[0] if found is not None else None, *size)
        if shown != self._shown:
            self._shown = shown
            for node, pane in zip(self._room.mirror_nodes, self._glasses, strict=True):
                live = float(found is not None and found[0] is pane)
                info = core.LVecBase4f(1.0 / size[0], 1.0 / size[1], live, 0.0)
                node.set_shader_input("mirror_map", self._buffer.get_texture())
                node.set_shader_input("mirror_info", info)
        if found is None:
            return
        glass, (left, right, bottom, top) = found
        # A reflection turns right into left; flipping x again gives an ordinary camera, and
        # the shader reads its picture from right to left.
        normal, center = core.LVector3f(*glass.normal), core.LPoint3f(*glass.center)
        flip = core.LMatrix4f.scale_mat(core.LVecBase3f(-1.0, 1.0, 1.0))
        plane = core.LPlanef(normal, center)
        self._camera.set_mat(flip * camera.get_mat() * plane.get_reflection_mat())
        flat = flip * projection * flip
        wide, high = self._buffer.get_x_size(), self._buffer.get_y_size()
        left, right = whole(-right, -left, wide)
        bottom, top = whole(bottom, top, high)
        part = crop(left, right, bottom, top)
        self._lens.set_user_mat(flat * core.LMatrix4f(*map(float, part.ravel())))
        self._region.set_dimensions(
            (1.0 + left) / 2, (1.0 + right) / 2, (1.0 + bottom) / 2, (1.0 + top) / 2
        )
        self._camera.node().set_initial_state(behind(glass))

    def close(self) -> None:
        """Free the buffer."""
        self._camera.remove_node()
        self._graphics.remove(self._buffer)


class Glass:
    """A mirror's pane.

    Attributes:
        center, normal: of its plane; the normal points to who looks into it.
        points: (n, 3) float64 its corners, metres.
    """

    def __init__(self, mirror: Mirror, points: F64) -> None:
        self.center, self.normal, self.points = mirror.center, mirror.normal, points
        self.state: Any = None


def glasses(decor: Decor) -> tuple[Glass, ...]:
    """The panes of a decor's mirrors."""
    corners = [
        decor.vertices[np.unique(decor.faces[first:end])]
        for key, first, end in decor.batches
        if key == "mirror"
    ]
    points = np.concatenate(corners).astype(np.float64) if corners else np.zeros((0, 3))
    found = []
    for mirror in decor.mirrors:
        away = points - np.asarray(mirror.center)
        near = np.linalg.norm(away, axis=1)
        others = [np.linalg.norm(points - np.asarray(o.center), axis=1) for o in decor.mirrors]
        mine = (near <= np.min(others, axis=0) + 1e-6) if len(points) else np.zeros(0, bool)
        flat = np.abs(away @ np.asarray(mirror.normal)) < 0.03
        chosen = points[mine & flat]
        found.append(Glass(mirror, chosen if len(chosen) else np.asarray([mirror.center])))
    return tuple(found)


def nearest_seen(
    panes: tuple[Glass, ...], eye: NDArray[Any], clips: list[F64]
) -> tuple[Glass, tuple[float, float, float, float]] | None:
    """The nearest pane that faces an eye and lies in a frame, and what of the frame it covers.

    Args:
        clips: (4, 4) each, from the world to an eye's clip space, for row vectors: one eye or two.

    Returns:
        The pane, and left, right, bottom, top in -1 to 1, which hold it for all eyes.
    """
    best: tuple[Glass, tuple[float, float, float, float]] | None = None
    distance = np.inf
    for pane in panes:
        way = np.asarray(eye, np.float64) - np.asarray(pane.center)
        away = float(np.linalg.norm(way))
        if float(way @ np.asarray(pane.normal)) <= 0.02 or away >= distance:
            continue
        part = covered(pane.points, clips)
        if part is not None:
            best, distance = (pane, part), away
    return best


def covered(points: F64, clips: list[F64]) -> tuple[float, float, float, float] | None:
    """What of the frame the points' hull covers: left, right, bottom, top in -1 to 1; or None."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for clip in clips:
        at = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ clip
        if (at[:, 3] <= 1e-3).all():
            continue
        if (at[:, 3] <= 1e-3).any():  # Some of it is behind the eye: it may cover anything.
            return (-1.0, 1.0, -1.0, 1.0)
        flat = at[:, :2] / at[:, 3:]
        low, high = np.minimum(low, flat.min(axis=0)), np.maximum(high, flat.max(axis=0))
    low, high = np.maximum(low - 2 * MARGIN, -1.0), np.minimum(high + 2 * MARGIN, 1.0)
    if (low >= high).any():
        return None
    return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def whole(low: float, high: float, pixels: int) -> tuple[float, float]:
    """A span of -1 to 1 widened to whole pixels."""
    first = np.floor((1.0 + low) / 2 * pixels + 1e-6)
    end = np.ceil((1.0 + high) / 2 * pixels - 1e-6)
    return (float(2 * first / pixels - 1.0), float(2 * end / pixels - 1.0))


def crop(left: float, right: float, bottom: float, top: float) -> F64:
    """(4, 4) for row vectors: stretches a part of clip space over all of it."""
    made = np.eye(4)
    made[0, 0], made[3, 0] = 2.0 / (right - left), -(right + left) / (right - left)
    made[1, 1], made[3, 1] = 2.0 / (top - bottom), -(top + bottom) / (top - bottom)
    return made


def behind(pane: Glass) -> Any:
    """The state that leaves out what stands behind a pane; made once."""
    if pane.state is None:
        state = core.NodePath("state")
        offset = -float(np.dot(pane.normal, pane.center)) - 0.003
        state.set_shader_input("clip_plane", core.LVecBase4f(*pane.normal, offset), 50)
        pane.state = state.get_state()
    return pane.state
