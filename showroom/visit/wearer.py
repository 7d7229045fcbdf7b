"""The visitor's body in motion, and the garments that follow it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reconstruction.gltf.glb import avatar_glb
from showroom.fit.avatar import Avatar
from showroom.fit.garment import LiveGarment
from showroom.fit.outfit import Outfit
from showroom.fit.pose import Tracker
from showroom.fit.stream import named_stream
from showroom.fit.vrm import BONES
from showroom.protocol.bones import BONE_INDEX
from showroom.protocol.messages import AvatarPose, MeshFrame, Pose, Update
from showroom.protocol.rotations import BoneRotations

from .atelier import Made
from .state import Look

AVATAR = "avatar"
CLOCK_JUMP = 0.5
"""A clock that goes back further than this is a new clock: the client was restarted."""

_NUMBERS = np.array([BONE_INDEX[name] for name in BONES], np.uint8)
"""The wire's number of each joint."""

MAX_STEP = 0.1
"""Cloth is moved on by at most this long at a time, seconds."""


class Wearer:
    """One avatar with its tracker and the garments that it wears.

    Attributes:
        worn: the garments on the body by product id, each as it was made.
    """

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.glb = avatar_glb(avatar.form)
        self.hash = hashlib.sha256(self.glb).hexdigest()
        self.worn: dict[str, Made] = {}
        self._outfit = Outfit(avatar)
        # Tracking is compiled on first use: here, where one waits anyway, not in a frame.
        head = (0.0, 0.93 * avatar.height, 0.0, 0.0, 0.0, 0.0, 1.0)
        Tracker(avatar).update(head, None, None, 0.0, named_stream("fb_body", {}))
        self._tracker = Tracker(avatar)
        self._time = 0.0
        self._frame = 0
        self._body: NDArray[np.float32] = np.empty_like(avatar.form.vertices)

    def dress(self, wanted: Mapping[str, tuple[Made, Look]]) -> None:
        """Wear exactly these garments; what is worn already is re-fitted and its motion goes on.

        Args:
            wanted: by product id, in the order in which they are put on.

        Raises:
            FitError: one of them cannot be worn.
        """
        for target in self.worn.keys() - wanted.keys():
            self._outfit.take_off(target)
        self.worn = {key: made for key, made in self.worn.items() if key in wanted}
        for target, (made, look) in wanted.items():
            product = made.product
            if self.worn.get(target) is not made:
                self._outfit.put_on(target, product.family, look.values, look.choices, product.mesh)
            self.worn[target] = made

    def garment(self, target: str) -> LiveGarment | None:
        """The worn garment of a product's id; None where it is not worn."""
        return self._outfit.garments.get(target)

    def move(self, pose: Pose) -> AvatarPose:
        """Follow a tracked pose.

        Raises:
            FitError: the pose cannot be used; the body stays as it was.
        """
        if pose.time < self._time - CLOCK_JUMP:
            self._tracker = Tracker(self.avatar)
            self._time = pose.time
        stream = named_stream(pose.skeleton, pose.joints) if pose.joints else None
        state = self._tracker.update(pose.head, pose.left, pose.right, pose.time, stream)
        root = state.root
        return AvatarPose(
            time=pose.time,
            root=(float(root[0]), float(root[1]), float(root[2])),
            rotations=_turned(state.rotations),
            seq=pose.seq,
        )

    def skip(self, count: int) -> None:
        """So many frames were shown elsewhere; their numbers are not used again."""
        self._frame += count

    def frames(self, time: float, *, body: bool) -> list[Update]:
        """The meshes as they are now: the worn garments, and the ``body`` where it is wanted.

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
        for target, points in self._outfit.step(state, step).items():
            meshes.append(self._mesh(target, self.worn[target].hash, time, points))
        return meshes

    def _mesh(self, target: str, glb: str, time: float, points: NDArray[np.float32]) -> MeshFrame:
        positions = points.astype("<f4", copy=False).tobytes()
        return MeshFrame(target=target, glb=glb, frame=self._frame, time=time, positions=positions)


def _turned(rotations: NDArray[np.float32]) -> BoneRotations:
    """Those of the (52, 4) bones that are turned at all: the wire's form."""
    turned = np.flatnonzero((np.abs(rotations[:, :3]) > 1e-5).any(axis=1))
    return BoneRotations(_NUMBERS[turned].tobytes(), rotations[turned])
