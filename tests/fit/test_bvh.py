"""Recorded motion in BVH: any axes, units and order of channels come out as the motion it was."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from showroom.channel.motion import MotionError, load_motion
from showroom.fit import body
from showroom.fit.bvh import BvhError, parse_bvh
from showroom.fit.pose import Tracker
from showroom.fit.recording import recorded
from showroom.fit.stream import vrm_stream
from showroom.fit.vrm import BONES

# A T-posed actor of 1.70 m facing +Z, Y up: name, parent, place in metres.
ACTOR = [
    ("Hips", "", (0, 0.90, 0)),
    ("Spine", "Hips", (0, 1.00, 0)),
    ("Chest", "Spine", (0, 1.15, 0)),
    ("Neck", "Chest", (0, 1.42, 0)),
    ("Head", "Neck", (0, 1.53, 0.02)),
    *[
        (f"{side}{name}", parent.format(side=side), (out * x, y, z))
        for side, out in (("Left", 1), ("Right", -1))
        for name, parent, x, y, z in (
            ("Shoulder", "Chest", 0.03, 1.38, 0),
            ("Arm", "{side}Shoulder", 0.17, 1.38, 0),
            ("ForeArm", "{side}Arm", 0.45, 1.38, 0),
            ("Hand", "{side}ForeArm", 0.70, 1.38, 0),
            ("UpLeg", "Hips", 0.09, 0.87, 0),
            ("Leg", "{side}UpLeg", 0.09, 0.47, 0),
            ("Foot", "{side}Leg", 0.09, 0.08, 0),
            ("ToeBase", "{side}Foot", 0.09, 0.02, 0.14),
        )
    ],
]
NAMES = [name for name, _, _ in ACTOR]
RATE = 60.0


def motion(frames=120):
    """Root places and local rotations of somebody who walks 1 m ahead swinging the arms."""
    t = np.arange(frames) / RATE
    root = np.stack([0 * t, 0.90 - 0.02 * np.sin(6 * t) ** 2, 0.5 * t], axis=1)
    local = {name: Rotation.identity(frames) for name in NAMES}
    swing = np.sin(2 * math.pi * 0.8 * t)
    zero = 0 * t
    for side, sign in (("Left", 1), ("Right", -1)):
        down = np.full(frames, -sign * math.radians(70))
        local[f"{side}Arm"] = Rotation.from_rotvec(
            np.stack([-0.4 * sign * swing, zero, zero], 1)
        ) * Rotation.from_rotvec(np.stack([zero, zero, down], 1))
        local[f"{side}ForeArm"] = Rotation.from_rotvec(
            np.stack([zero, np.full(frames, -sign * 0.5), zero], 1)
        )
        local[f"{side}UpLeg"] = Rotation.from_rotvec(np.stack([0.35 * sign * swing, zero, zero], 1))
        bend = 0.3 * np.clip(-sign * swing, 0, 1) + 0.15
        local[f"{side}Leg"] = Rotation.from_rotvec(np.stack([bend, zero, zero], 1))
    local["Hips"] = Rotation.from_rotvec(np.stack([zero, 0.2 * swing, zero], 1))
    return root, local


def written(*, unit=1.0, order="ZXY", z_up=False, backwards=False, prefix="", frames=120):
    """The same motion as a BVH file of another house."""
    root, local = motion(frames)
    change = Rotation.from_euler("y", 180 if backwards else 0, degrees=True)
    if z_up:
        change = Rotation.from_euler("x", 90, degrees=True) * change
    places = {n: change.apply(np.array(p, float)) / unit for n, _, p in ACTOR}
    root = change.apply(root) / unit
    lines, columns = ["HIERARCHY"], []

    def emit(name, depth):
        pad = "\t" * depth
        parent = next(p for n, p, _ in ACTOR if n == name)
        offset = places[name] - places[parent] if parent else np.zeros(3)
        lines.append(f"{pad}{'JOINT' if parent else 'ROOT'} {prefix}{name}")
        lines.append(pad + "{")
        lines.append(f"{pad}\tOFFSET " + " ".join(f"{v:.8f}" for v in offset))
        turn = (change * local[name] * change.inv()).as_euler(order, degrees=True)
        if parent:
            lines.append(f"{pad}\tCHANNELS 3 " + " ".join(f"{a}rotation" for a in order))
        else:
            lines.append(
                f"{pad}\tCHANNELS 6 Xposition Yposition Zposition "
                + " ".join(f"{a}rotation" for a in order)
            )
            columns.append(root)
        columns.append(turn)
        children = [n for n, p, _ in ACTOR if p == name]
        for child in children:
            emit(child, depth + 1)
        if not children:
            lines.append(f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET 0 0 0.1\n{pad}\t}}")
        lines.append(pad + "}")

    emit("Hips", 0)
    table = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {frames}", f"Frame Time: {1 / RATE:.7f}"]
    lines += [" ".join(f"{v:.6f}" for v in row) for row in table]
    return "\n".join(lines) + "\n"


def truth(name, frames=120):
    """Where a joint really was, metres."""
    root, local = motion(frames)
    chain = [name]
    while (parent := next(p for n, p, _ in ACTOR if n == chain[-1])) != "":
        chain.append(parent)
    place, turn = root, local["Hips"]
    rest = {n: np.array(p, float) for n, _, p in ACTOR}
    for parent, child in zip(chain[::-1], chain[::-1][1:], strict=False):
        place = place + turn.apply(rest[child] - rest[parent])
        turn = turn * local[child]
    return place


HOUSES = {
    "metres": {},
    "centimetres": {"unit": 0.01},
    "inches_xyz": {"unit": 0.0254, "order": "XYZ"},
    "z_up": {"z_up": True, "unit": 0.01},
    "backwards": {"backwards": True, "order": "YXZ"},
    "mixamo": {"prefix": "mixamorig:", "unit": 0.01},
}


@pytest.mark.parametrize("house", HOUSES)
def test_every_house_says_the_same_motion(house):
    found = recorded(parse_bvh(written(**HOUSES[house])))
    assert found.interval == pytest.approx(1 / RATE, abs=1e-6)
    assert found.stature == pytest.approx(1.70, abs=0.06)
    back = -1.0 if HOUSES[house].get("backwards") else 1.0
    for bone, name in (("leftHand", "LeftHand"), ("rightFoot", "RightFoot"), ("head", "Head")):
        ours = found.places[:, found.bones.index(bone)]
        theirs = truth(name) * (back, 1.0, back)
        # The floor is found from the feet: a constant height apart.
        assert np.ptp(ours - theirs, axis=0).max() < 2e-4
        assert np.abs(ours - theirs).max() < 0.05
    # A head that is not turned looks where the hips go.
    look = Rotation.from_quat(found.heads[0, 3:]).apply([0, 0, -1])
    assert look == pytest.approx((0, 0, back), abs=0.01)
    arm = Rotation.from_quat(found.turns[0, found.bones.index("leftUpperArm")]).apply([1, 0, 0])
    way = np.diff([truth("LeftArm")[0], truth("LeftForeArm")[0]], axis=0)[0] * (back, 1.0, back)
    assert arm == pytest.approx(way / np.linalg.norm(way), abs=1e-3)


def test_a_skeleton_drawn_along_one_axis_is_understood_from_its_places():
    bvh = parse_bvh(written())
    # Drawn anew with all offsets along X, as some houses do; the motion is the same.
    lengths = np.linalg.norm(bvh.offsets, axis=1)
    drawn = np.stack([lengths, 0 * lengths, 0 * lengths], axis=1)
    found = recorded(dataclasses.replace(bvh, offsets=drawn))
    usual = recorded(bvh)
    for bone in ("hips", "leftUpperArm", "rightLowerArm", "rightUpperLeg", "leftLowerLeg"):
        i = found.bones.index(bone)
        between = Rotation.from_quat(found.turns[:, i]).inv() * Rotation.from_quat(
            usual.turns[:, i]
        )
        # Bones that are nearly straight turn about themselves as they like.
        limit = 8 if bone == "hips" else 35
        assert np.degrees(between.magnitude()).max() < limit


@pytest.mark.parametrize("height", [1.60, 1.85])
def test_a_recording_plays_on_another_body(tmp_path, height):
    path = tmp_path / "walk.bvh"
    path.write_text(written(unit=0.01, frames=240))
    avatar = body.solve(height, "neutral")
    poses = load_motion(path, stature=avatar.height).poses
    tracker = Tracker(avatar)
    places, slid, planted, before = [], 0.0, (False, False), None
    for pose in poses:
        tracker.update(pose.head, None, None, pose.time, vrm_stream(pose.joints))
        feet = np.stack([tracker.joint("leftFoot"), tracker.joint("rightFoot")])
        if before is not None:
            both = [a and b for a, b in zip(planted, tracker.planted, strict=True)]
            slid = max(slid, float(np.linalg.norm(feet - before, axis=1)[both].max(initial=0)))
        planted, before = tracker.planted, feet
        places.append([tracker.joint(b) for b in BONES[:22]])
    assert slid < 5e-3
    speed = np.linalg.norm(np.diff(places, axis=0), axis=2) * RATE
    source = np.array([[t[:3] for t in p.joints.values()] for p in poses])
    fastest = (np.linalg.norm(np.diff(source, axis=0), axis=2) * RATE).max()
    assert speed[5:].max() <= 1.2 * fastest
    shoulder, elbow = tracker.joint("leftUpperArm"), tracker.joint("leftLowerArm")
    way = truth("LeftForeArm", 240)[-1] - truth("LeftArm", 240)[-1]
    cosine = (elbow - shoulder) @ way / np.linalg.norm(elbow - shoulder) / np.linalg.norm(way)
    assert math.degrees(math.acos(min(1.0, cosine))) < 12


GOOD = written(frames=3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERARCH", "no BVH"),
        ("CHANNELS 6", "CHANNELS 7", "channels"),
        ("Yrotation", "Wrotation", "channel is unknown"),
        ("Frames: 3", "Frames: 4", "cut off"),
        ("Frames: 3", "Frames: 2", "more than the frames"),
        ("Frames: 3", "Frames: -1", "number of frames"),
        ("Frame Time: 0.0166667", "Frame Time: 0", "time of a frame"),
        ("OFFSET 0.00000000", "OFFSET nan", "number is none"),
        ("OFFSET 0.00000000", "OFFSET left", "number is none"),
        ("JOINT Spine", "JOIN Spine", "skeleton is broken"),
        ("LeftLeg", "Tentacle", "a person has"),
    ],
)
def test_broken_files_are_refused_with_their_line(tmp_path, old, new, message):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(BvhError) as caught:
        recorded(parse_bvh(text))
    assert message in str(caught.value) and caught.value.expected
    path = tmp_path / "x.bvh"
    path.write_text(text)
    with pytest.raises(MotionError, match=r"x\.bvh"):
        load_motion(path)
