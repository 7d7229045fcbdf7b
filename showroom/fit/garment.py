"""A garment that follows its wearer: skinned where it is tight, simulated where it swings.

Hats and shoes ride on their bones and are not pushed off the skin.

The cloth starts from the family's drape on this avatar. Every node follows the skeleton by linear
blend skinning and is kept off the skin; the free part of dresses and skirts, below the waist, is
simulated instead, hanging on the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from reconstruction.family import complete
from reconstruction.garment.drape import rest_edges
from reconstruction.mesh import Mesh

from . import cloth
from .avatar import Avatar
from .collider import Collider, arm_bones, push_out
from .errors import GarmentError
from .measure import landmarks
from .skin import PoseState, blend, pose_from_rotations

if TYPE_CHECKING:
    from reconstruction.families.garment import GarmentFamily

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

GAP: Final = 0.004
"""Cloth keeps at least this far off the skin, metres."""

REFIT_FRAMES: Final = 12
"""Frames in which a re-fit grows from the old shape into the new one."""

_SWINGING: Final = ("dress", "skirt")
_FREE_BELOW_WAIST: Final = {"dress": 0.02, "skirt": 0.05}
_SETTLE_FRAMES: Final = 60
_CATCH_UP_FRAMES: Final = 20
_LONGEST_STEP: Final = 1 / 30
_TELEPORT: Final = 0.7
_DAMPING: Final = 0.10
_FRICTION: Final = 0.35
_MIDDLE: Final = 0.004
"""Skin this near to the middle of the body belongs to both of its sides, metres."""


class LiveGarment:
    """One garment on one avatar.

    Args:
        family: a garment family.
        values, choices: its parameters; what is missing is the family's default.
        avatar: the wearer.
        mesh: the family's drape on this avatar, where the caller has it already.

    Attributes:
        mesh: the drape in the rest pose; its topology and UVs are those of every frame.
        values: the parameters that the garment has or grows into.

    Raises:
        GarmentError: the family is no garment.
        ParameterError: a parameter is unknown or out of range.
    """

    def __init__(
        self,
        family: GarmentFamily,
        values: Mapping[str, float],
        choices: Mapping[str, str],
        avatar: Avatar,
        mesh: Mesh | None = None,
    ) -> None:
        if family.kind != "garment":
            raise GarmentError(
                f"{family.name} cannot be worn",
                field="family",
                expected="a garment family",
                got=family.kind,
            )
        self.family = family
        self.avatar = avatar
        self.values, self.choices = complete(family, values, choices)
        self.swings = family.name in _SWINGING
        self.rigid = family.view == "solid"
        self.mesh = self._drape() if mesh is None else mesh
        if self.mesh.weld is None or self.mesh.skin is None:
            raise GarmentError("the mesh has no seams or no skin", field="mesh")
        self._weld = self.mesh.weld
        self._first = _first_of(self._weld)
        self._collider = Collider(avatar)
        self._body_before = self._collider.places.copy()
        self._take(self.mesh)
        self._from = self._to = self._rest
        self._grown = REFIT_FRAMES
        self._out = np.empty_like(self._rest)
        if self.swings:
            self._hang()

    # --- building -------------------------------------------------------------------------

    def _drape(self) -> Mesh:
        return self.family.drape_on(self.values, self.choices, self.avatar.form)

    def _take(self, mesh: Mesh) -> None:
        """Take rest places, weights and nearest skin from a drape."""
        skin = mesh.skin
        assert skin is not None
        self._rest = np.ascontiguousarray(mesh.vertices[self._first])
        self._joints = np.ascontiguousarray(skin.joints[self._first])
        self._weights = np.ascontiguousarray(skin.weights[self._first])
        on_arm = np.isin(self._joints, arm_bones())
        self._sleeve = (self._weights * on_arm).sum(axis=1) > 0.5
        arm = self._collider.shape.arm
        if self.rigid:
            self._near = np.zeros(len(self._rest), np.int32)
            return
        if self.family.engine == "trousers":
            # Each leg of cloth keeps to its own leg, however close the other one comes.
            left, right = (
                self._collider.nearest(
                    self._rest, ~arm & (self._collider.lateral * sign > -_MIDDLE)
                )
                for sign in (1.0, -1.0)
            )
            self._near = np.where(self._rest[:, 0] > 0, left, right)
            return
        self._near = np.where(
            self._sleeve,
            self._collider.nearest(self._rest, arm),
            self._collider.nearest(self._rest, ~arm),
        )
        # A hood stands off the head, whose hollows would pull it about.
        hood = [mesh.part_faces(p).ravel() for p in mesh.parts if p.endswith("_hood")]
        if hood:
            self._near[np.isin(self._first, np.concatenate(hood))] = -1

    def _hang(self) -> None:
        """Set up the simulation and let the cloth come to rest in the rest pose."""
        form = self.avatar.form.vertices
        waist = float(form[landmarks().waist_ring, 1].mean())
        free = self._rest[:, 1] < waist - _FREE_BELOW_WAIST[self.family.name]
        free &= ~self._sleeve
        if not free.any():
            self.swings = False
            return
        self._mass = free.astype(np.float32)
        self._held = np.flatnonzero(~free).astype(np.int32)
        self._free = np.flatnonzero(free).astype(np.int32)
        edges = rest_edges(self.family, self.values, self.choices)
        live = free[edges.pairs].any(axis=1)
        order = cloth.shuffled(int(live.sum()))
        self._live = np.flatnonzero(live)[order]
        self._pairs = np.ascontiguousarray(edges.pairs[self._live])
        self._softness = cloth.COMPLIANCE[edges.kind[self._live]]
        self._kind = edges.kind[self._live]
        self._lengths_from = self._lengths_to = self._lengths = self._wanted_lengths()
        shape = self._collider.shape
        side = self._collider.places[:, 0]
        self._halves = np.stack(
            [
                self._collider.nearest(self._rest, ~shape.arm & (side * sign >= 0))
                for sign in (1.0, -1.0)
            ],
            axis=1,
        )
        self._cloth = self._rest.copy()
        self._before = self._cloth.copy()
        self._out[:] = self._rest
        for _ in range(_SETTLE_FRAMES):
            self._swing(1 / 72)
        self._start = self._cloth.copy()
        self._last: PoseState | None = None

    def _wanted_lengths(self) -> F32:
        """Lengths of the pattern, longer only where the body stretches the drape."""
        edges = rest_edges(self.family, self.values, self.choices)
        lengths = edges.lengths[self._live]
        apart = self._rest[self._pairs[:, 0]] - self._rest[self._pairs[:, 1]]
        draped = np.linalg.norm(apart, axis=1)
        longer = np.minimum(0.98 * draped, 1.25 * lengths)
        return np.asarray(np.maximum(lengths, longer), dtype=np.float32)

    # --- living ---------------------------------------------------------------------------

    def step(self, pose: PoseState, dt: float) -> F32:
        """Follow one frame.

        Args:
            pose: the avatar's pose.
            dt: seconds since the last frame; at most 1/30 s of it are simulated.

        Returns:
            (n, 3) float32 vertices of ``mesh``'s topology, play space.
        """
        self._grow()
        self._follow(pose)
        if self.swings:
            self._catch_up(pose)
            self._swing(min(max(dt, 0.0), _LONGEST_STEP))
            self._out[self._free] = self._cloth[self._free]
        vertices: F32 = self._out[self._weld]
        return vertices

    def refit(self, values: Mapping[str, float], mesh: Mesh | None = None) -> Mesh:
        """Change parameters; the garment grows into them while it moves.

        Args:
            values: new values by parameter name; the others stay.
            mesh: the family's drape of them on this avatar, where the caller has it already.

        Returns:
            The new drape in the rest pose (same topology).

        Raises:
            ParameterError: a name is unknown or a value out of range; nothing has changed then.
        """
        self.values, _ = complete(self.family, {**self.values, **values}, self.choices)
        mesh = self._drape() if mesh is None else mesh
        old = self._rest
        self._take(mesh)
        self._from, self._to, self._rest = old, self._rest, old
        self._grown = 0
        if self.swings:
            self._lengths_from = self._lengths
            kept, self._rest = self._rest, self._to
            self._lengths_to = self._wanted_lengths()
            self._rest = kept
        self.mesh = mesh
        return mesh

    def strain(self) -> F32:
        """Stretch of each thread of the simulated part, (e,) float32, 0 at its own length."""
        if not self.swings:
            return np.zeros(0, dtype=np.float32)
        thread = self._kind == 0
        a, b = self._pairs[thread].T
        apart = np.linalg.norm(self._cloth[a] - self._cloth[b], axis=1)
        return np.asarray(apart / self._lengths[thread] - 1, dtype=np.float32)

    def _grow(self) -> None:
        if self._grown >= REFIT_FRAMES:
            return
        self._grown += 1
        share = np.float32(self._grown / REFIT_FRAMES)
        self._rest = self._from + (self._to - self._from) * share
        if self.swings:
            self._lengths = self._lengths_from + (self._lengths_to - self._lengths_from) * share

    def _follow(self, pose: PoseState) -> None:
        """Skin all nodes and keep them off the posed skin."""
        if not self.rigid:
            self._body_before, self._collider.places = self._collider.places, self._body_before
            self._collider.move(pose)
        blend(self._rest, self._joints, self._weights, pose.matrices, self._out)
        if self.rigid:
            return
        shape, body = self._collider.shape, self._collider
        for _ in range(2):
            push_out(
                self._out,
                self._near,
                body.places,
                body.normals,
                shape.start,
                shape.beside,
                GAP,
                4,
            )

    def _catch_up(self, pose: PoseState) -> None:
        """On the first frame and after a teleport, hang anew where the wearer is now."""
        if self._last is not None:
            moved = float(np.linalg.norm(pose.root - self._last.root))
            if moved < _TELEPORT:
                self._last = pose
                return
        self._last = pose
        # Hang where the wearer is, then let the wearer move from the rest pose into this one.
        for frame in range(1, _CATCH_UP_FRAMES + 1):
            between = self._on_the_way(pose, frame / _CATCH_UP_FRAMES)
            self._follow(between)
            if frame == 1:
                hips = pose.matrices[0]
                self._cloth[:] = self._start @ hips[:, :3].T + hips[:, 3]
                self._before[:] = self._cloth
                self._body_before[:] = self._collider.places
            self._swing(1 / 72)

    def _on_the_way(self, pose: PoseState, share: float) -> PoseState:
        """The pose with only a share of its bends; the hips are there already."""
        rotations = pose.rotations * np.float32(share)
        rotations[:, 3] += 1 - share
        rotations[0] = pose.rotations[0]
        rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
        return pose_from_rotations(self.avatar.joints, pose.root, rotations, pose.time)

    def _swing(self, dt: float) -> None:
        if dt <= 0:
            return
        shape, body = self._collider.shape, self._collider
        cloth.simulate(
            self._cloth,
            self._before,
            self._mass,
            self._pairs,
            self._lengths,
            self._softness,
            self._held,
            self._out[self._held],
            self._halves,
            body.places,
            self._body_before,
            body.normals,
            shape.start,
            shape.beside,
            dt,
            cloth.SUBSTEPS,
            GAP,
            _FRICTION,
            _DAMPING,
        )
        self._body_before[:] = body.places


def _first_of(weld: I32) -> I32:
    """The first vertex of each weld group."""
    _, first = np.unique(weld, return_index=True)
    return first.astype(np.int32)
