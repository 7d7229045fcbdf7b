"""The quick ways of what comes ninety times a second say just what the careful ones say."""

from __future__ import annotations

import json
import math
import pickle
import struct

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from showroom.protocol.avatars import decode_avatar, encode_avatar
from showroom.protocol.bones import VRM_BONES
from showroom.protocol.codec import decode_update, encode_update
from showroom.protocol.compact import UNIT, decode_pose, encode_pose, plain_pose
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import AvatarPose, Pose
from showroom.protocol.rotations import BoneRotations, plain
from showroom.protocol.validation import check

parts = st.floats(-1.0, 1.0)
turns = (
    st.tuples(parts, parts, parts, parts)
    .filter(lambda q: math.hypot(*q) > 0.1)
    .map(lambda q: tuple(part / math.hypot(*q) for part in q))
)
places = st.tuples(*[st.floats(-4.0, 4.0)] * 3)
transforms = st.builds(lambda place, turn: (*place, *turn), places, turns)
poses = st.builds(
    Pose,
    time=st.floats(0.0, 1e6),
    seq=st.integers(0, 2**32 - 1),
    head=transforms,
    left=st.none() | transforms,
    right=st.none() | transforms,
)


def careful(data: bytes) -> Pose | None:
    try:
        pose = decode_pose(data)
        check(pose)
    except ProtocolError:
        return None
    return pose


@given(poses)
@settings(max_examples=200, deadline=None)
def test_a_pose_of_head_and_hands_is_read_quickly_as_carefully(pose):
    data = encode_pose(pose)
    assert plain_pose(data) == careful(data) is not None


@given(poses, st.integers(2, 63), st.integers(0, 255), st.integers(-3, 3))
@settings(max_examples=500, deadline=None)
def test_what_is_read_quickly_would_have_passed_with_care(pose, place, byte, longer):
    data = bytearray(encode_pose(pose))
    data[place % len(data)] = byte
    data = bytes(data + b"x" * longer if longer > 0 else data[: len(data) + longer])
    quick = plain_pose(data)
    if quick is not None:
        assert quick == careful(data)


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [
        (8, "<d", math.nan),
        (8, "<d", -1.0),
        (8, "<d", 2e12),
        (16, "<i", round(100.5 / UNIT)),
        (20, "<i", -round(100.5 / UNIT)),
        (28, "<h", 32767),
    ],
)
def test_a_pose_that_is_not_right_is_left_to_those_who_say_why(offset, layout, value):
    turn = (0.6, 0.0, 0.0, 0.8)
    data = bytearray(encode_pose(Pose(time=1.0, head=(0.0, 1.6, 0.0, *turn))))
    struct.pack_into(layout, data, offset, value)
    assert plain_pose(bytes(data)) is None
    assert careful(bytes(data)) is None


def array(count: int) -> BoneRotations:
    rows = np.random.default_rng(count).normal(size=(count, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return BoneRotations(bytes(range(3, 3 + count)), rows.astype(np.float32))


def test_rotations_are_a_mapping_by_bone():
    rotations = array(3)
    assert list(rotations) == list(VRM_BONES[3:6])
    assert rotations == plain(rotations)
    assert rotations["neck"] == tuple(rotations.quaternions[1].tolist())
    assert rotations.get("hips") is None
    assert pickle.loads(pickle.dumps(rotations)) == rotations
    with pytest.raises(ValueError, match="2 bones"):
        BoneRotations(b"ab", np.zeros((3, 4), np.float32))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 22, 52])
def test_an_array_of_rotations_is_sent_as_a_dict_is(count):
    rotations = array(count)
    pose = AvatarPose(time=1.0, root=(0.1, 0.9, -2.0), rotations=rotations, seq=7)
    named = msgspec.structs.replace(pose, rotations=plain(rotations))
    data = encode_avatar(pose)
    assert data == encode_avatar(named)
    back = decode_avatar(data)
    assert list(back.rotations) == list(named.rotations)
    for name, turn in back.rotations.items():
        assert np.abs(np.subtract(turn, named.rotations[name])).max() <= 0.5 / 32767 + 1e-9
    for encoding in ("json", "msgpack"):
        frame = encode_update(pose, encoding, plain=True)
        assert frame == encode_update(named, encoding, plain=True)
        assert decode_update(frame.data.decode() if frame.text else frame.data) == named


def test_a_part_a_little_beyond_one_becomes_one_and_none_that_is_no_number_is_sent():
    rows = np.array([[0.0, 0.0, -1.0001, 1.0001]])
    whole = encode_avatar(AvatarPose(time=0.0, root=(0, 0, 0), rotations={"hips": tuple(rows[0])}))
    assert struct.unpack("<4h", whole[-8:]) == (0, 0, -32767, 32767)
    for bad in (math.nan, math.inf):
        rows[0, 2] = bad
        for rotations in (BoneRotations(b"\0", rows), {"hips": tuple(rows[0])}):
            with pytest.raises(ProtocolError) as refused:
                encode_avatar(AvatarPose(time=0.0, root=(0, 0, 0), rotations=rotations))
            assert refused.value.field == "rotations"


def test_a_bone_twice_is_refused():
    data = bytearray(encode_avatar(AvatarPose(time=0.0, root=(0, 0, 0), rotations=array(4))))
    data[28:30] = b"\5\5"
    with pytest.raises(ProtocolError, match="twice"):
        decode_avatar(bytes(data))


def test_rotations_survive_a_session_file():
    row = msgspec.to_builtins(
        AvatarPose(time=0.0, root=(0, 0, 0), rotations=array(2)), enc_hook=plain
    )
    assert json.loads(json.dumps(row))["rotations"].keys() == set(VRM_BONES[3:5])
