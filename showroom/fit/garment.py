"""A garment that follows its wearer: skinned where it is tight, simulated where it swings.

Hats and shoes ride on their bones and are not pushed off the skin.

The cloth starts from the family's drape on this avatar. Every node follows the skeleton by linear
blend skinning and is kept off the skin, and off the garments worn under it; the free part of
dresses, skirts and long coats, below the waist, is simulated instead, hanging on the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from reconstruction.family import complete
from reconstruction.garment.drape import RestEdges, rest_edges
from reconstruction.mesh import Mesh

from .avatar import Avatar
from .clearance import open_nodes, open_sides
from .collider import Collider, arm_bones, fill_normals, neighbours, push_off
from .cover import ENDS, Cover, covered, keep_off
from .errors import GarmentError
from .lap import Lap, Lying, lap_of, lies, span
from .layers import swinging
from .measure import landmarks
from .skin import PoseState, blend, pose_from_rotations
from .swing import GAP, Swing
from .vrm import INDEX

if TYPE_CHECKING:
    from reconstruction.families.garment import GarmentFamily
    from reconstruction.family import Family

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

REFIT_FRAMES: Final = 12
"""Frames in which a re-fit grows from the old shape into the new one."""

THICKNESS: Final = 0.002
"""A garment keeps this far off the one under it, metres."""

_FREE_BELOW_WAIST: Final = {"dress": 0.02, "skirt": 0.05, "outwear": 0.08}
_CLOSED: Final = ("dress", "skirt")
"""What hangs closed around both legs: its front gathers in a lap. A coat opens instead."""
_LONG: Final = {"outwear": 0.36}
"""Coats that end further than this below the waist swing; shorter ones are jackets, metres."""
_PADDING: Final = 0.006
"""What lies between skin and a swinging garment worn over another one, metres."""
_OVER_HAND: Final = np.float32(0.035)
"""How far over the hand a sleeve falls before it gathers, metres."""
_GATHER: Final = np.float32(0.75)
"""The share of what is longer that the gathers take up."""
_TRY_AGAIN: Final = 90
"""Frames after which cloth that is caught hangs anew once more: a deep squat holds it for long."""
_CATCH_UP_FRAMES: Final = 20
_FRAMES_PER_BEND: Final = 20
"""At least so many hidden frames for each radian by which a thigh is bent."""
_THIGHS: Final = [INDEX["leftUpperLeg"], INDEX["rightUpperLeg"]]
_LONGEST_STEP: Final = 1 / 30
_TELEPORT: Final = 0.7
_ABOUT_FACE: Final = 0.94
"""A turn of the hips by 40 degrees in one frame is a jump too: the cosine of half of that."""
_MIDDLE: Final = 0.004
"""Skin this near to the middle of the body belongs to both of its sides, metres."""

TRUNK, LEFT_SLEEVE, RIGHT_SLEEVE, STANDING = 0, 1, 2, 3
"""Limbs of a garment; what stands off the body, such as a hood, is none."""


class Surface(Protocol):
    """A cloth that another one can lie on."""

    nodes: F32
    normals: F32
    start: I32
    beside: I32
    rim: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Contact:
    """Another garment's surface, and the nearest node of it for each node, or -1.

    ``lap`` (m,) is that for the nodes of :class:`lap.Lap` where they lie in the lap; ``side`` is -1
    where the other's wrong side is outside.
    """

    surface: Surface
    near: I32
    lap: I32 | None = None
    side: float = 1.0


class LiveGarment:
    """One garment on one avatar.

    Args:
        family: a garment family.
        values, choices: its parameters; what is missing is the family's default.
        avatar: the wearer.
        mesh: the family's drape on this avatar, where the caller has it already.
        collider: the avatar's skin, where several garments share one; whoever shares it moves it.
        after: the garment that this one replaces in motion, such as the same with another
            neckline.

    Attributes:
        mesh: the drape in the rest pose; its topology and UVs are those of every frame.
        values: the parameters that the garment has or grows into.
        faces: (f, 3) int32 triangles between sewn nodes.
        nodes, normals: (n, 3) float32 places of the sewn nodes, and their normals where
            ``carries`` is set.
        start, beside: neighbours of each node within its limb; see :class:`Topology`.
        rim: (n,) bool, nodes on open edges.
        leaf: (n,) bool, nodes of a folded collar below its fold: its wrong side is outside there.
        limb: (n,) int8, ``TRUNK``, ``LEFT_SLEEVE``, ``RIGHT_SLEEVE`` or ``STANDING``.
        under: what it lies on.
        beneath: legs that its free part swings against.
        over: what lies on it, and keeps its free part inside.
        lap: the part that comes to lie on bent thighs, if it has one.
        hanging: (n, 3) where the nodes hang at rest in the rest pose.
        carries: whether another garment lies on it.

    Raises:
        GarmentError: the family is no garment.
        ParameterError: a parameter is unknown or out of range.
    """

    def __init__(
        self,
        family: Family,
        values: Mapping[str, float],
        choices: Mapping[str, str],
        avatar: Avatar,
        mesh: Mesh | None = None,
        *,
        collider: Collider | None = None,
        after: LiveGarment | None = None,
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
        self.rigid = family.view == "solid"
        self.mesh = self._drape() if mesh is None else mesh
        if self.mesh.weld is None or self.mesh.skin is None:
            raise GarmentError("the mesh has no seams or no skin", field="mesh")
        self._weld = self.mesh.weld
        self._first = _first_of(self._weld)
        faces = self._weld[self.mesh.faces]
        whole = (faces != faces[:, [1, 2, 0]]).all(axis=1)
        self.faces: I32 = np.ascontiguousarray(faces[whole], dtype=np.int32)
        self._own_collider = collider is None
        self._collider = Collider(avatar) if collider is None else collider
        self._last: PoseState | None = None
        self._cover: Cover | None = None
        self.under: tuple[Contact, ...] = ()
        self.beneath: tuple[Contact, ...] = ()
        self.over: tuple[Contact, ...] = ()
        self.carries = False
        self.mesh = self._take(self.mesh)
        self._to_cover: Cover | None = self._cover
        self._from = self._rest = self._to
        self._grown = REFIT_FRAMES
        self.nodes = self._rest.copy()
        self.normals = np.zeros_like(self.nodes)
        self.hanging = self.own
        self._hung = _TRY_AGAIN
        self.start, self.beside = neighbours(self.faces, self.limb.astype(np.int32))
        self.rim = open_nodes(self.faces, open_sides(self.faces), len(self.nodes))
        free = self._free()
        self._swing = None if free is None else self._hang(free, after)
        if after is not None and after._last is not None:
            self._go_on(after, after._last)

    @property
    def _legs(self) -> bool:
        """Whether it has a half for each leg."""
        return getattr(self.family, "engine", "") == "trousers"

    @property
    def swings(self) -> bool:
        """Whether a part of it is simulated."""
        return self._swing is not None

    def padded(self, on: bool) -> None:
        """Keep the free part further off the skin, where there is other cloth between."""
        if self._swing is not None:
            self._swing.gap = GAP + (_PADDING if on else 0.0)

    @property
    def free(self) -> I32:
        """Numbers of the simulated nodes, (f,) int32."""
        return np.zeros(0, dtype=np.int32) if self._swing is None else self._swing.free

    # --- building -------------------------------------------------------------------------

    def _drape(self) -> Mesh:
        on_body = getattr(self.family, "drape_on", None)
        if on_body is None:
            raise GarmentError(
                "a garment without parameters must be fitted to the body first",
                field="mesh",
                expected="a mesh",
                got="none",
            )
        mesh: Mesh = on_body(self.values, self.choices, self.avatar.form)
        return mesh

    def _take(self, mesh: Mesh) -> Mesh:
        """Take rest places, weights and nearest skin from a drape; returns it as it is worn."""
        skin = mesh.skin
        assert skin is not None
        rest = np.ascontiguousarray(mesh.vertices[self._first])
        self._joints = np.ascontiguousarray(skin.joints[self._first])
        self._weights = np.ascontiguousarray(skin.weights[self._first])
        sleeve = (self._weights * np.isin(self._joints, arm_bones())).sum(axis=1) > 0.5
        self.limb = np.where(
            sleeve, np.where(rest[:, 0] > 0, LEFT_SLEEVE, RIGHT_SLEEVE), TRUNK
        ).astype(np.int8)
        if not self.rigid:
            gathered = self._gathered(rest)
            if gathered is not rest:
                mesh = mesh.with_vertices(gathered[self._weld])
            rest = gathered
        self._to = self.own = rest
        self.leaf = np.isin(self._first, _vertices_of(mesh, "collar"))
        hood = np.isin(self._first, _vertices_of(mesh, "_hood"))
        self.limb[self.leaf | hood] = STANDING
        self.lap: Lap | None = None
        self._seated: dict[Lying, tuple[I32, Cover, Cover]] = {}
        if not (self.rigid or self._legs) and self._free() is None:
            self.lap = lap_of(rest, self.limb == TRUNK, self.avatar.joints, self._collider)
        if self.rigid:
            self._near = np.full(len(rest), -1, np.int32)
            self._cover = None
            return mesh
        self._cover = self._covered(rest)
        body = self._collider
        arm = body.shape.arm
        if self._legs:
            # Each leg of cloth keeps to its own leg, however close the other one comes.
            left, right = (
                body.nearest(rest, ~arm & (body.lateral * sign > -_MIDDLE)) for sign in (1.0, -1.0)
            )
            self._near = np.where(rest[:, 0] > 0, left, right)
            return mesh
        self._near = np.where(sleeve, body.nearest(rest, arm), body.nearest(rest, ~arm))
        # A hood stands off the head, whose hollows would pull it about.
        self._near[hood] = -1
        return mesh

    def _covered(self, rest: F32) -> Cover:
        """The skin under each limb of the cloth."""
        body, limb = self._collider, self.limb[self.faces]
        skin = np.ascontiguousarray(self.avatar.form.vertices[body.shape.vertices])
        normals = np.empty_like(skin)
        fill_normals(skin, body.shape.faces, normals)
        arm, left = body.shape.arm, body.lateral > 0
        if self._legs:
            x = rest[self.faces, 0]
            parts = [
                (~arm & (side * body.lateral > -_MIDDLE), (side * x > -_MIDDLE).any(axis=1))
                for side in (1.0, -1.0)
            ]
        else:
            parts = [
                (~arm, (limb == TRUNK).any(axis=1)),
                (arm & left, (limb == LEFT_SLEEVE).any(axis=1)),
                (arm & ~left, (limb == RIGHT_SLEEVE).any(axis=1)),
            ]
        elsewhere = self.leaf.copy()
        free = self._free()
        if free is not None:
            elsewhere |= free
        if elsewhere.any():
            hangs = elsewhere[self.faces].any(axis=1)
            parts = [(allowed, usable & ~hangs) for allowed, usable in parts]
        ends = np.isin(body.shape.main, ENDS)
        return covered(skin, normals, rest, self.faces, parts, ends)

    def _gathered(self, rest: F32) -> F32:
        """Sleeves longer than the arm gather at the hand instead of standing beyond it."""
        joints, gathered = self.avatar.joints, rest
        for limb, side in ((LEFT_SLEEVE, "left"), (RIGHT_SLEEVE, "right")):
            wrist = joints[INDEX[f"{side}Hand"]]
            axis = wrist - joints[INDEX[f"{side}LowerArm"]]
            axis = axis / np.linalg.norm(axis)
            beyond = (rest - wrist) @ axis - _OVER_HAND
            long = (self.limb == limb) & (beyond > 0)
            if long.any():
                gathered = gathered.copy()
                gathered[long] -= ((_GATHER * beyond[long])[:, None] * axis).astype(np.float32)
        return gathered

    def edges(self) -> RestEdges:
        """The lengths that the cloth wants to have; of an artist's mesh, those that it has."""
        if hasattr(self.family, "pattern"):
            family: GarmentFamily = self.family  # type: ignore[assignment]
            return rest_edges(family, self.values, self.choices)
        return mesh_edges(self.own, self.faces)

    def _swings_as(self) -> str:
        """The family whose way of swinging this one has; ``""`` where it follows the body."""
        name = self.family.name
        if name in _FREE_BELOW_WAIST:
            return name
        return swinging(self.family.category) if name == "artist" else ""

    def _free(self) -> NDArray[np.bool_] | None:
        """The nodes that swing; None where the whole garment follows the body."""
        name = self._swings_as()
        if not name:
            return None
        waist = float(self.avatar.form.vertices[landmarks().waist_ring, 1].mean())
        if float(self.own[:, 1].min()) > waist - _LONG.get(name, 0.0):
            return None
        free = (self.own[:, 1] < waist - _FREE_BELOW_WAIST[name]) & (self.limb == TRUNK)
        return free if free.any() else None

    def _hang(self, free: NDArray[np.bool_], after: LiveGarment | None) -> Swing:
        """Set up the simulation and let the cloth come to rest in the rest pose."""
        edges = self.edges()
        skin = Collider(self.avatar)
        swing = Swing(
            self.own, free, edges.pairs, edges.lengths, edges.kind, skin, self.faces,
            gathers=self._swings_as() in _CLOSED,
        )  # fmt: skip
        if after is None or after._last is None:
            self.hanging = swing.settle(self.own)
        swing.body = self._collider
        return swing

    def _go_on(self, after: LiveGarment, pose: PoseState) -> None:
        """Take the place and speed of the cloth that this one replaces."""
        self._last = pose
        self._skin(pose)
        if self._swing is None:
            return
        skinned = np.empty_like(after._rest)
        blend(after._rest, after._joints, after._weights, pose.matrices, skinned)
        _, near = cKDTree(after._rest).query(self._rest, k=3)
        places = self.nodes + (after.nodes - skinned)[near].mean(axis=1)
        speed = np.zeros_like(after.nodes) if after._swing is None else after._swing.speed()
        self._swing.put(places, places - speed[near].mean(axis=1))

    # --- living ---------------------------------------------------------------------------

    def step(self, pose: PoseState, dt: float) -> F32:
        """Follow one frame.

        Args:
            pose: the avatar's pose.
            dt: seconds since the last frame; at most 1/30 s of it are simulated.

        Returns:
            (n, 3) float32 vertices of ``mesh``'s topology, play space.
        """
        if self._own_collider:
            follow(self._collider, (self,), self.avatar, pose, dt)
        else:
            self.advance(pose, dt)
        return self.vertices()

    def vertices(self) -> F32:
        """(n, 3) float32 vertices of ``mesh``'s topology as they are now, play space."""
        found: F32 = self.nodes.take(self._weld, axis=0, mode="clip")
        return found

    def jumped(self, pose: PoseState) -> bool:
        """Whether its free part cannot follow to where the wearer is now but must hang anew."""
        if self._swing is None:
            return False
        last = self._last
        if last is None or float(np.linalg.norm(pose.root - last.root)) > _TELEPORT:
            return True
        turned = float(pose.rotations[0] @ last.rotations[0])
        caught = self._hung >= _TRY_AGAIN and self._swing.torn()
        return abs(turned) < _ABOUT_FACE or caught

    def under_floor(self, pose: PoseState) -> float:
        """How far under the floor it would hang with the wearer's hips there, metres."""
        up = pose.matrices[0, 1]
        low = float((self.hanging @ up[:3] + up[3]).min())
        return 0.0 if self._swing is None else max(-low, 0.0)

    def hang_anew(self, pose: PoseState) -> None:
        """Hang at rest where the wearer's hips are."""
        self._hung = 0
        if self._swing is not None:
            hips = pose.matrices[0]
            self._swing.put(self.hanging @ hips[:, :3].T + hips[:, 3])

    def advance(self, pose: PoseState, dt: float) -> None:
        """Move the nodes on by one frame; the skin is in the pose already."""
        self._hung += 1
        self._grow()
        self._skin(pose)
        swing = self._swing
        if swing is not None:
            swing.step(self.nodes, min(max(dt, 0.0), _LONGEST_STEP))
            if self.under or self.over:
                swing.push(self._between)
            self.nodes[swing.free] = swing.places[swing.free]
        self._last = pose
        if self.carries:
            fill_normals(self.nodes, self.faces, self.normals)

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
        now = self._rest
        cover = self._cover
        mesh = self._take(mesh)
        # Until it has grown, the skin lies under the cloth as it did.
        self._to_cover = self._cover
        self._cover = cover
        self._from, self._rest = now, now
        self._grown = 0
        if self._swing is not None:
            self._swing.aim(self._swing.wanted(self.own, self.edges().lengths))
        self.mesh = mesh
        return mesh

    def lay(self, rest: F32) -> None:
        """Grow into other rest places, (n, 3), such as pressed flat under another garment."""
        if np.array_equal(rest, self._to):
            return
        self._from, self._to, self._grown = self._rest, rest, 0
        if self._swing is not None:
            self._swing.aim(self._swing.aimed)

    def strain(self) -> F32:
        """Stretch of each thread of the simulated part, (e,) float32, 0 at its own length."""
        return np.zeros(0, dtype=np.float32) if self._swing is None else self._swing.strain()

    def _grow(self) -> None:
        if self._grown >= REFIT_FRAMES:
            return
        self._grown += 1
        if self._grown == REFIT_FRAMES:
            self._cover = self._to_cover
        share = np.float32(self._grown / REFIT_FRAMES)
        self._rest = self._from + (self._to - self._from) * share
        if self._swing is not None:
            self._swing.grow(share)

    def _skin(self, pose: PoseState) -> None:
        """Skin all nodes, keep them off the posed skin and off what is worn under them."""
        blend(self._rest, self._joints, self._weights, pose.matrices, self.nodes)
        if self.rigid:
            return
        near, cover, lying = self._near, self._cover, None
        if self.lap is not None:
            lying = span(
                self.nodes, self._rest, pose.matrices, self.lap, self._collider,
                (self.start, self.beside),
            )  # fmt: skip
            if lying is not None:
                near, cover = self._beside_lap(lying)
        self._off(self.nodes, self._collider, near, cover)
        for layer in self.under:
            if lying is None or layer.lap is None or self.lap is None:
                self._lift(self.nodes, layer, side=layer.side)
            else:
                there, in_lap = layer.near.copy(), lies(self.lap, lying)
                there[self.lap.nodes[in_lap]] = layer.lap[in_lap]
                self._lift(self.nodes, Contact(layer.surface, there))

    def off_skin(self, places: F32, skin: Collider) -> None:
        """Keep its nodes at (n, 3) ``places`` off a skin, in place."""
        self._off(places, skin, self._near, self._cover)

    def _off(self, places: F32, skin: Collider, near: I32, cover: Cover | None) -> None:
        if cover is not None:
            keep_off(places, self.faces, near, cover, skin, (self.start, self.beside))

    def _beside_lap(self, lying: Lying) -> tuple[I32, Cover | None]:
        """What is held on the skin while some of the cloth lies in the lap."""
        assert self.lap is not None and self._cover is not None
        found = self._seated.get(lying)
        if found is None or found[2] is not self._cover:
            away = np.zeros(len(self.nodes), dtype=np.bool_)
            away[self.lap.nodes[lies(self.lap, lying)]] = True
            kept = self._cover.without(np.asarray(away[self.faces].any(axis=1)))
            found = np.where(away, -1, self._near).astype(np.int32), kept, self._cover
            self._seated[lying] = found
        return found[0], found[1]

    def _between(self, places: F32) -> None:
        """Keep the free nodes inside what was over them a frame ago, then off what is under."""
        assert self._swing is not None
        free = self._swing.free
        for layer in self.over:
            self._lift(places, layer, free, -1.0)
        for layer in (*self.under, *self.beneath):
            self._lift(places, layer, free)

    @staticmethod
    def _lift(
        places: F32,
        layer: Contact,
        numbers: I32 | None = None,
        side: float = 1.0,
    ) -> None:
        other = layer.surface
        near = layer.near if numbers is None else layer.near[numbers]
        push_off(
            places, near, other.nodes, other.normals, other.start, other.beside, other.rim,
            THICKNESS, 4, np.float32(side), numbers is not None,
        )  # fmt: skip
        if numbers is not None:
            layer.near[numbers] = near


def follow(
    skin: Collider, garments: Iterable[LiveGarment], avatar: Avatar, pose: PoseState, dt: float
) -> None:
    """Move a skin and the garments on it, inner ones first, on by one frame.

    On the first frame and after a teleport, what swings hangs where the wearer is, and the wearer
    moves from the rest pose into this one, the slower the deeper it bends.
    """
    worn = tuple(garments)
    jumped = [g for g in worn if g.jumped(pose)]
    steps = _catch_up_frames(pose) if jumped else 0
    lift = max((g.under_floor(pose) for g in jumped), default=0.0)
    for step in range(1, steps + 1):
        share = step / steps
        between = _on_the_way(avatar, pose, share, (1 - share) * lift)
        skin.move(between)
        if step == 1:
            skin.rest_still()
            for garment in jumped:
                garment.hang_anew(between)
        for garment in worn:
            garment.advance(between, 1 / 72)
    if not all(g.rigid for g in worn):
        skin.move(pose)
    for garment in worn:
        garment.advance(pose, dt)


def _catch_up_frames(pose: PoseState) -> int:
    """In how many hidden frames a wearer gets into a pose: thighs are not to outrun the cloth."""
    bend = 2 * np.arccos(np.clip(np.abs(pose.rotations[_THIGHS, 3]).min(), 0.0, 1.0))
    return max(_CATCH_UP_FRAMES, round(float(bend) * _FRAMES_PER_BEND))


def _on_the_way(avatar: Avatar, pose: PoseState, share: float, lift: float) -> PoseState:
    """The pose with a share of its bends, lifted by some metres; the hips are turned already."""
    rotations = pose.rotations * np.float32(share)
    rotations[:, 3] += 1 - share
    rotations[0] = pose.rotations[0]
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    root = pose.root + np.array([0.0, lift, 0.0], dtype=np.float32)
    return pose_from_rotations(avatar.joints, root, rotations, pose.time)


def mesh_edges(places: F32, faces: I32) -> RestEdges:
    """The sides of a mesh's triangles as threads, as long as they are now."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(sides, axis=1), axis=0).astype(np.int32)
    lengths = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    lengths = np.maximum(lengths, 1e-4).astype(np.float32)
    return RestEdges(pairs, lengths, np.zeros(len(pairs), np.uint8), len(places))


def _vertices_of(mesh: Mesh, ending: str) -> I32:
    """Vertices of the parts whose names end so."""
    found = [mesh.part_faces(p).ravel() for p in mesh.parts if p.endswith(ending)]
    return np.unique(np.concatenate([np.zeros(0, np.int32), *found]))


def _first_of(weld: I32) -> I32:
    """The first vertex of each weld group."""
    _, first = np.unique(weld, return_index=True)
    return first.astype(np.int32)
