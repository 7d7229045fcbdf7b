"""The visitor's body in motion, and the garment that follows it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from reconstruction.gltf.glb import avatar_glb
from showroom.fit.avatar import Avatar
from showroom.fit.pose import Tracker
from showroom.fit.skin import PoseState
from showroom.protocol.messages import AvatarPose, MeshFrame, Pose, Update

from .atelier import Made
from .state import Look

if TYPE_CHECKING:
    from reconstruction.families.garment import GarmentFamily
    from showroom.fit.garment import LiveGarment

AVATAR = "avatar"
CLOCK_JUMP = 0.5
"""A clock that goes back further than this is a new clock: the client was restarted."""

MAX_STEP = 0.1
"""Cloth is moved on by at most this long at a time, seconds."""


@dataclass
class Worn:
    """The garment on the body: its product id, its file and its cloth."""

    target: str
    made: Made
    look: Look
    cloth: LiveGarment


class Wearer:
    """One avatar with its tracker and, where something is worn, its live garment."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.glb = avatar_glb(avatar.form)
        self.hash = hashlib.sha256(self.glb).hexdigest()
        self.worn: Worn | None = None
        # Tracking is compiled on first use: here, where one waits anyway, not in a frame.
        Tracker(avatar).update(
            (0.0, 0.93 * avatar.height, 0.0, 0.0, 0.0, 0.0, 1.0), None, None, 0.0
        )
        self._tracker = Tracker(avatar)
        self._time = 0.0
        self._frame = 0
        self._body: NDArray[np.float32] = np.empty_like(avatar.form.vertices)

    def wear(self, target: str, made: Made, look: Look) -> None:
        """Put a garment on, or re-fit the one that is worn; its motion goes on if it can."""
        worn = self.worn
        if worn is not None and worn.target == target and worn.look.choices == look.choices:
            if worn.look.values != look.values:
                worn.cloth.refit(look.values, made.product.mesh)
            worn.made, worn.look = made, look
            return
        from showroom.fit.garment import LiveGarment

        family = cast("GarmentFamily", made.product.family)
        cloth = LiveGarment(family, look.values, look.choices, self.avatar, made.product.mesh)
        self.worn = Worn(target, made, look, cloth)

    def take_off(self) -> None:
        """Wear nothing of the showroom."""
        self.worn = None

    def move(self, pose: Pose) -> AvatarPose:
        """Follow a tracked pose.

        Raises:
            FitError: the pose cannot be used; the body stays as it was.
        """
        if pose.time < self._time - CLOCK_JUMP:
            self._tracker = Tracker(self.avatar)
            self._time = pose.time
        state = self._tracker.update(pose.head, pose.left, pose.right, pose.time)
        root = state.root
        return AvatarPose(
            time=pose.time,
            root=(float(root[0]), float(root[1]), float(root[2])),
            rotations=state.named(),
            seq=pose.seq,
        )

    def frames(self, time: float, *, body: bool) -> list[Update]:
        """The meshes as they are now: the worn garment, and the ``body`` where it is wanted.

        Args:
            time: the client's clock, seconds; the cloth moves on to it.
        """
        state = self._tracker.state
        step = min(max(time - self._time, 0.0), MAX_STEP)
        self._time = max(time, self._time)
        self._frame += 1
        meshes: list[Update] = []
        if body:
            self.avatar.skin(state, self._body)
            meshes.append(self._mesh(AVATAR, self.hash, time, self._body))
        if self.worn is not None:
            points = self._cloth(self.worn, state, step)
            meshes.append(self._mesh(self.worn.target, self.worn.made.hash, time, points))
        return meshes

    def _cloth(self, worn: Worn, state: PoseState, step: float) -> NDArray[np.float32]:
        points: NDArray[np.float32] = worn.cloth.step(state, step)
        return points

    def _mesh(self, target: str, glb: str, time: float, points: NDArray[np.float32]) -> MeshFrame:
        positions = points.astype("<f4", copy=False).tobytes()
        return MeshFrame(target=target, glb=glb, frame=self._frame, time=time, positions=positions)
