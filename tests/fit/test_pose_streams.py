"""Full-body streams of every system, made from poses that are known, come back as these poses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from showroom.fit import body
from showroom.fit.errors import PoseError
from showroom.fit.pose import Tracker
from showroom.fit.skin import pose_from_rotations
from showroom.fit.stream import Stream, named_stream, skeleton, skeletons, vrm_stream
from showroom.fit.tpose import ROW, t_pose
from showroom.fit.vrm import BONES, INDEX, PARENTS

SIDES = ("left", "right")


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


@pytest.fixture(scope="module")
def man():
    return body.solve(1.85, "male")


def turned(**degrees):
    """Local rotations, (52, 4): bone name to rotation vector in degrees."""
    local = np.zeros((len(BONES), 4), dtype=np.float32)
    local[:, 3] = 1
    for name, vector in degrees.items():
        local[INDEX[name]] = Rotation.from_rotvec(vector, degrees=True).as_quat()
    return local


WALKING = turned(
    hips=(0, 20, 0), spine=(6, -8, 2), chest=(4, -6, 0), neck=(5, 4, 0),
    leftUpperArm=(-25, 10, 30), leftLowerArm=(-50, 0, 15), leftHand=(10, 20, -10),
    rightUpperArm=(20, -30, -45), rightLowerArm=(-70, 10, 0), rightHand=(-15, 5, 20),
    leftUpperLeg=(-25, 0, 0), leftLowerLeg=(20, 0, 0), leftFoot=(-8, 0, 0),
    rightUpperLeg=(12, 0, 0), rightLowerLeg=(25, 0, 0), rightFoot=(-20, 0, 0),
    leftIndexProximal=(20, 0, 30), leftIndexIntermediate=(30, 0, 30),
    rightMiddleProximal=(35, 0, -35),
)  # fmt: skip
SITTING = turned(
    spine=(4, 0, 0), chest=(3, 0, 0),
    leftUpperLeg=(-80, 0, 0), leftLowerLeg=(80, 0, 0),
    rightUpperLeg=(-75, 0, 0), rightLowerLeg=(80, 0, 0),
    leftUpperArm=(-30, 0, 0), rightUpperArm=(-35, 0, 0),
    leftLowerArm=(-40, 0, 0), rightLowerArm=(-30, 0, 0),
)  # fmt: skip
BENT = turned(
    spine=(25, 10, 0), chest=(20, 5, 5), upperChest=(10, 0, 0),
    leftUpperArm=(-60, 0, 50), rightUpperArm=(-50, 0, -20), rightLowerArm=(-30, 0, 0),
    leftUpperLeg=(-35, 0, 5), leftLowerLeg=(50, 0, 0), leftFoot=(-15, 0, 0),
    rightUpperLeg=(-35, 0, -5), rightLowerLeg=(50, 0, 0), rightFoot=(-15, 0, 0),
)  # fmt: skip


class Actor:
    """A body in a known pose, seen as a tracking system sees it."""

    def __init__(self, avatar, local, at=(0.3, -0.4)):
        rest = avatar.joints.astype(np.float64)
        probe = pose_from_rotations(avatar.joints, rest[0], local).matrices.astype(np.float64)
        low = min(self._carry(probe, rest, f"{s}Foot")[1] for s in SIDES)
        root = rest[0] + [at[0], rest[INDEX["leftFoot"], 1] - low, at[1]]
        self.matrices = pose_from_rotations(avatar.joints, root, local).matrices.astype(np.float64)
        self.rest, self.avatar = rest, avatar
        self.places = {n: self._carry(self.matrices, rest, n) for n in BONES}
        for side in SIDES:
            for finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
                before = "Proximal" if finger == "Thumb" else "Intermediate"
                distal = INDEX[f"{side}{finger}Distal"]
                tip = 2 * rest[distal] - rest[INDEX[f"{side}{finger}{before}"]]
                m = self.matrices[distal]
                self.places[f"{side}{finger}Tip"] = m[:, :3] @ tip + m[:, 3]

    @staticmethod
    def _carry(matrices, rest, name):
        m = matrices[INDEX[name]]
        return m[:, :3] @ rest[INDEX[name]] + m[:, 3]

    @property
    def head(self):
        m = self.matrices[INDEX["head"]]
        eye = m[:, :3] @ self.avatar.eyes.astype(float).mean(axis=0) + m[:, 3]
        look = Rotation.from_matrix(m[:, :3]) * Rotation.from_euler("y", 180, degrees=True)
        return (*eye, *look.as_quat())

    def raw(self, name):
        """The system's arrays, its axes turned at random as no adapter may count on them."""
        system = skeleton(name)
        rng = np.random.default_rng(1)
        table = np.concatenate(
            [np.full((len(system.joints), 3), np.nan), rng.normal(size=(len(system.joints), 4))], 1
        )
        names = {row: key for key, row in ROW.items()}
        for i, row in enumerate(system.rows):
            if row >= 0:
                table[i, :3] = self.places[names[int(row)]]
        return system, table

    def vrm(self):
        """Transforms under VRM names: rotations from the T-pose."""
        t = t_pose(self.rest)
        joints = {}
        for i, name in enumerate(BONES):
            turn = (
                Rotation.from_matrix(self.matrices[i, :, :3]) * Rotation.from_quat(t.turns[i]).inv()
            )
            joints[name] = (*self.places[name], *turn.as_quat())
        return joints


def followed(avatar, actor, stream, frames=60):
    tracker = Tracker(avatar)
    for frame in range(frames):
        tracker.update(actor.head, None, None, frame / 72, stream)
    return tracker


def far(tracker, actor, *names):
    return max(float(np.linalg.norm(tracker.joint(n) - actor.places[n])) for n in names)


LIMBS = [s + n for s in SIDES for n in ("LowerArm", "Hand", "LowerLeg", "Foot")]


def test_the_tables_are_those_of_the_specifications():
    assert {n: len(s.joints) for n, s in skeletons().items()} == {
        "fb_body": 70, "meta_full_body": 84, "openxr_hand": 52, "webxr_hand": 50,
        "bd_body": 24, "htc_body": 26,
    }  # fmt: skip
    xr = pytest.importorskip("xr")
    for name, kind in (
        ("fb_body", xr.BodyJointFB),
        ("meta_full_body", xr.FullBodyJointMETA),
        ("bd_body", xr.BodyJointBD),
        ("htc_body", xr.BodyJointHTC),
    ):
        order = [m.name.lower() for m in kind if m.name not in ("COUNT", "NONE")]
        assert list(skeleton(name).joints) == order
    hand = [m.name.lower() for m in xr.HandJointEXT]
    assert list(skeleton("openxr_hand").joints) == [f"{s}_{n}" for s in SIDES for n in hand]


@pytest.mark.parametrize("local", [WALKING, SITTING, BENT], ids=["walking", "sitting", "bent"])
@pytest.mark.parametrize("name", ["meta_full_body", "htc_body", "bd_body"])
def test_a_body_with_legs_comes_back_as_it_was(woman, name, local):
    actor = Actor(woman, local)
    system, table = actor.raw(name)
    tracker = followed(woman, actor, system.stream(table, np.isfinite(table[:, 0])))
    assert np.linalg.norm(tracker.eye() - actor.head[:3]) < 1e-3
    assert far(tracker, actor, "leftHand", "rightHand") < 2e-3
    assert far(tracker, actor, *LIMBS) < 0.015
    assert far(tracker, actor, "hips", "upperChest") < 0.02


@pytest.mark.parametrize("local", [WALKING, BENT], ids=["walking", "bent"])
def test_vrm_joints_come_back_as_they_were(woman, local):
    actor = Actor(woman, local)
    tracker = followed(woman, actor, vrm_stream(actor.vrm()))
    assert far(tracker, actor, *LIMBS, "hips", "upperChest") < 0.012
    assert far(tracker, actor, "leftIndexDistal", "rightMiddleDistal") < 2e-3


def test_without_legs_these_step_by_themselves(woman):
    actor = Actor(woman, WALKING)
    system, table = actor.raw("fb_body")
    tracker = followed(woman, actor, system.stream(table, np.isfinite(table[:, 0])))
    assert far(tracker, actor, "leftHand", "rightHand", "leftIndexDistal") < 3e-3
    assert far(tracker, actor, "leftLowerArm", "rightLowerArm", "hips") < 0.015
    assert tracker.planted == (True, True)
    assert abs(tracker.joint("leftFoot")[1] - actor.rest[INDEX["leftFoot"], 1]) < 1e-3


@pytest.mark.parametrize("name", ["openxr_hand", "webxr_hand"])
def test_tracked_hands_move_wrists_and_fingers(woman, name):
    actor = Actor(woman, WALKING)
    system, table = actor.raw(name)
    tracker = followed(woman, actor, system.stream(table))
    bent = ["leftIndexDistal", "rightMiddleDistal", "leftThumbDistal", "rightLittleDistal"]
    assert far(tracker, actor, "leftHand", "rightHand", *bent) < 3e-3
    # By name, as over the wire, where a joint that is not tracked is left out.
    joints = {j: (*table[i, :3], 0, 0, 0, 1) for i, j in enumerate(system.joints) if "tip" not in j}
    joints = {j: t for j, t in joints.items() if math.isfinite(t[0])}
    again = followed(woman, actor, named_stream(name, joints))
    assert far(again, actor, "leftHand", "rightHand", "leftIndexIntermediate") < 3e-3


def test_a_longer_body_keeps_the_angles_and_the_ground(woman, man):
    actor = Actor(woman, WALKING)
    tracker = Tracker(man)
    eye = float(man.eyes[:, 1].mean()) / float(woman.eyes[:, 1].mean())
    head = (*(np.array(actor.head[:3]) * (1, eye, 1)), *actor.head[3:])
    for frame in range(60):
        tracker.update(head, None, None, frame / 72, vrm_stream(actor.vrm()))
    for first, end in (("leftUpperArm", "leftLowerArm"), ("rightLowerArm", "rightHand"),
                       ("hips", "upperChest")):  # fmt: skip
        ours = tracker.joint(end) - tracker.joint(first)
        theirs = actor.places[end] - actor.places[first]
        cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
        assert math.degrees(math.acos(min(cosine, 1.0))) < 9
    for side in SIDES:
        x, _, z = tracker.joint(f"{side}Foot") - actor.places[f"{side}Foot"]
        assert math.hypot(x, z) < 0.02
    low = min(tracker.joint(f"{side}Foot")[1] for side in SIDES)
    assert low == pytest.approx(float(man.joints[INDEX["leftFoot"], 1]), abs=0.02)


def test_a_stream_comes_and_goes_without_a_jump(woman):
    actor = Actor(woman, BENT)
    system, table = actor.raw("meta_full_body")
    stream = system.stream(table, np.isfinite(table[:, 0]))
    tracker, places = Tracker(woman), []
    for frame in range(72 * 6):
        given = stream if (frame // 72) % 2 else None
        tracker.update(actor.head, None, None, frame / 72, given)
        places.append([tracker.joint(b) for b in BONES])
        assert np.linalg.norm(tracker.eye() - actor.head[:3]) < 1e-3
    speed = np.linalg.norm(np.diff(places, axis=0), axis=2) * 72
    assert speed.max() < 6.0
    assert far(tracker, actor, "leftHand", "rightHand") < 0.02


def test_a_trembling_planted_foot_does_not_slide(woman):
    actor = Actor(woman, WALKING)
    system, table = actor.raw("meta_full_body")
    rng = np.random.default_rng(3)
    tracker, toes = Tracker(woman), []
    for frame in range(72 * 3):
        shaken = table.copy()
        shaken[:, :3] += rng.normal(0, 0.0006, shaken[:, :3].shape)
        tracker.update(
            actor.head, None, None, frame / 72, system.stream(shaken, np.isfinite(table[:, 0]))
        )
        if frame > 36:
            toes.append([tracker.joint("leftFoot"), tracker.joint("rightFoot")])
    assert tracker.planted[0]
    still = np.array(toes)[:, 0]
    assert np.linalg.norm(still - still[0], axis=1).max() < 5e-3


def test_an_arm_that_is_lost_for_a_moment_is_bridged(woman):
    actor = Actor(woman, WALKING)
    system, table = actor.raw("meta_full_body")
    seen = np.isfinite(table[:, 0])
    gone = seen & np.array(["left_" not in j or "foot" in j or "leg" in j for j in system.joints])
    tracker, places = Tracker(woman), []
    for frame in range(72 * 3):
        lost = 72 <= frame < 82
        tracker.update(
            actor.head, None, None, frame / 72, system.stream(table, gone if lost else seen)
        )
        places.append(tracker.joint("leftHand"))
    speed = np.linalg.norm(np.diff(places[2:], axis=0), axis=1) * 72
    assert speed.max() < 1.0


GOOD = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("name", "joints", "field"),
    [
        ("vrm", {"hips": (0, math.nan, 0, 0, 0, 0, 1)}, "joints.hips"),
        ("vrm", {"hips": (0, 1, 0, 0, 0, 0, 2)}, "joints.hips"),
        ("vrm", {"hips": (0, 1, 0, 0, 0, 0)}, "joints.hips"),
        ("vrm", {"hips": (0, 1e9, 0, 0, 0, 0, 1)}, "joints.hips"),
        ("vrm", {"hips": (0, 1, 0, 0, math.nan, 0, 1)}, "joints.hips"),
        ("vrm", {"tail": GOOD}, "joints"),
        ("webxr_hand", {"left-wrist": (0, math.inf, 0, 0, 0, 0, 1)}, "joints.left-wrist"),
        ("webxr_hand", {"left_wrist": GOOD}, "joints"),
        ("kinect", {"hips": GOOD}, "skeleton"),
    ],
)
def test_bad_joints_are_refused_by_field(name, joints, field):
    with pytest.raises(PoseError) as caught:
        named_stream(name, joints)
    assert caught.value.field == field and caught.value.expected


def test_another_number_of_joints_is_refused():
    with pytest.raises(PoseError) as caught:
        skeleton("fb_body").stream(np.zeros((69, 7)))
    assert caught.value.expected == "(70, 3 or 7)"


def test_an_empty_stream_is_no_stream(woman):
    actor = Actor(woman, turned())
    empty = named_stream("fb_body", {})
    assert isinstance(empty, Stream)
    with_it, without = followed(woman, actor, empty), followed(woman, actor, None)
    assert np.array_equal(with_it.state.matrices, without.state.matrices)


def test_the_parents_of_bones_come_first():
    assert all(parent < i for i, parent in enumerate(PARENTS))
