from __future__ import annotations

import math
import random
import struct
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from showroom.channel.fuzz import seeds
from showroom.protocol import compact
from showroom.protocol.bones import VRM_BONES
from showroom.protocol.codec import decode_event, decode_update, encode_event, encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.limits import MAX_EVENT_BYTES
from showroom.protocol.messages import (
    INTERNAL,
    AssetReady,
    AvatarPose,
    Body,
    Change,
    Command,
    Consult,
    ErrorUpdate,
    Event,
    HandOver,
    Hello,
    MeshFrame,
    Ping,
    Pose,
    ProductChanged,
    Reply,
    RoomPlan,
    Update,
    Utterance,
    WitResponse,
)
from showroom.protocol.validation import check

UNIT = (0.0, 0.0, 0.6, 0.8)
POSE = Pose(
    time=1.5,
    seq=5,
    head=(0.1, 1.6, -3.0, *UNIT),
    left=(0.4, 1.0, -3.0, *UNIT),
    right=(-0.4, 1.0, -3.0, *UNIT),
)
POSE_4 = '{"type":"pose","time":1,"seq":4,"head":'
EVENTS = [
    Hello(client="test/1", lang="zh", want=("vertices",), resume="r", have=7),
    Body(height=1.7, gender="female", tape={"waist": 0.7}, weight_kg=60.0, id="b"),
    Utterance(id="u1", text="袖子再长三厘米", lang="zh"),
    Command(action="adjust_fit", part="sleeve", delta=0.03, id="c1"),
    RoomPlan(outline=((0, 0), (4, 0), (4, 3)), openings=(("door", 0, 1, 0.8, 0, 2),), id="r"),
    Ping(time=4.0),
    POSE,
]


WIT = '{"type":"utterance","id":"u","text":"","wit":'
WIT_UNDO = '{"name":"undo","confidence":0.9}'


def refused(data: str | bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        decode_event(data)
    return caught.value


def as_received(frame):
    return frame.data.decode() if frame.text else frame.data


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_come_back_as_they_went(event, encoding):
    assert decode_event(as_received(encode_event(event, encoding, plain=True))) == event


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("plain", [True, False])
def test_updates_come_back_as_they_went(encoding, plain):
    for update in (
        Reply(text="好的", lang="zh", ref="u1", n=3),
        ErrorUpdate(code="invalid", message="no", field="head", ref="c1"),
        ProductChanged(
            target="p",
            changes=(Change(name="sleeve_length", unit="m", old=0.2, new=0.23),),
            transform=(0, 0, 0, 0, 0, 0, 1),
        ),
    ):
        frame = encode_update(update, encoding, plain=plain)
        assert decode_update(as_received(frame)) == update


def test_unknown_fields_are_ignored():
    assert decode_event('{"type":"ping","time":1.0,"later":[{"a":1}]}') == Ping(time=1.0)


LATER = {"later": [{"deep": {"er": [1, None, "x"]}}], "": 1, "type2": "bye"}


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("event", seeds(), ids=lambda event: type(event).__name__)
def test_every_event_may_have_fields_of_a_later_version(event, encoding):
    coder = {"json": msgspec.json, "msgpack": msgspec.msgpack}[encoding]
    plain = coder.decode(encode_event(event, encoding, plain=True).data)
    data = coder.encode({**LATER, **plain, **{f"{name}_": 1 for name in plain}})
    text = data.decode() if encoding == "json" else data
    assert decode_event(text) == event


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize("event", seeds(), ids=lambda event: type(event).__name__)
def test_every_event_under_an_unknown_type_is_refused_by_name(event, encoding):
    coder = {"json": msgspec.json, "msgpack": msgspec.msgpack}[encoding]
    plain = coder.decode(encode_event(event, encoding, plain=True).data)
    data = coder.encode({**plain, "type": f"{plain['type']}_2", "id": "known"})
    with pytest.raises(ProtocolError) as caught:
        decode_event(data.decode() if encoding == "json" else data)
    assert (caught.value.code, caught.value.field) == ("unknown_type", "type")
    assert caught.value.ref == "known"
    assert caught.value.got == f"{plain['type']}_2"


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
@pytest.mark.parametrize(
    "kind", [k for k in get_args(Update) if k not in INTERNAL], ids=lambda kind: kind.__name__
)
def test_every_update_may_have_fields_of_a_later_version(kind, encoding):
    coder = {"json": msgspec.json, "msgpack": msgspec.msgpack}[encoding]
    update = msgspec.convert(least(msgspec.inspect.type_info(kind)), kind)
    kept = (bytes,) if encoding == "msgpack" else ()
    data = coder.encode({**msgspec.to_builtins(update, builtin_types=kept), **LATER})
    assert decode_update(data.decode() if encoding == "json" else data) == update


def least(info: msgspec.inspect.Type) -> object:
    """The least that a type takes, as plain data."""
    match info:
        case msgspec.inspect.StructType():
            needed = (f for f in info.fields if f.required)
            fields = {f.encode_name: least(f.type) for f in needed}
            return {"type": info.tag, **fields} if info.tag else fields
        case msgspec.inspect.TupleType():
            return [least(item) for item in info.item_types]
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return []
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case msgspec.inspect.UnionType():
            return least(info.types[0])
        case msgspec.inspect.StrType():
            return "x"
        case msgspec.inspect.IntType():
            return 1
        case msgspec.inspect.FloatType():
            return 1.0
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.BytesType():
            return ""
    raise NotImplementedError(info)


@pytest.mark.parametrize(
    ("text", "code", "field", "ref"),
    [
        ('{"type":"body","height":9,"id":"b1"}', "out_of_range", "height", "b1"),
        ('{"type":"body","id":"b1"}', "invalid", "height", "b1"),
        ('{"type":"body","height":"tall","id":"b1"}', "invalid", "height", "b1"),
        ('{"type":"body","height":1e999}', "out_of_range", "height", ""),
        ('{"type":"body","height":1.7,"gender":"x","id":"b"}', "out_of_range", "gender", "b"),
        ('{"type":"body","height":1.7,"tape":{"waist":99}}', "out_of_range", "tape[...]", ""),
        ('{"type":"command","action":"fly","id":"c"}', "out_of_range", "action", "c"),
        ('{"type":"command","action":"move","delta":-1e9}', "out_of_range", "delta", ""),
        ('{"type":"room","outline":[[0,0],[1,0]]}', "out_of_range", "outline", ""),
        ('{"type":"dance","id":"d1"}', "unknown_type", "type", "d1"),
        ('{"id":"d1"}', "unknown_type", "type", "d1"),
        ("[1]", "invalid", "", ""),
        ('{"type":"ping","time":1', "malformed", "", ""),
        ("", "malformed", "", ""),
        ('{"type":"ping","time":NaN}', "malformed", "", ""),
        ("\ud800", "malformed", "", ""),
        ('{"type":"pose","time":1,"seq":4,"head":[0,0]}', "out_of_range", "head", "pose/4"),
        (f"{POSE_4}[0,0,0,0,0,0,0.5]}}", "not_unit", "head[3:7]", "pose/4"),
        (f"{POSE_4}[0,500,0,0,0,0,1]}}", "out_of_range", "head[1]", "pose/4"),
        (f"{WIT}5}}", "invalid", "wit", "u"),
        (f'{WIT}{{"text":"{"x" * 2001}"}}}}', "out_of_range", "wit.text", "u"),
        (f'{WIT}{{"intents":{{}}}}}}', "invalid", "wit.intents", "u"),
        (f'{WIT}{{"intents":[{{"confidence":1}}]}}}}', "invalid", "wit.intents[0].name", "u"),
        (
            f'{WIT}{{"intents":{[WIT_UNDO] * 33}}}}}'.replace("'", ""),
            "out_of_range",
            "wit.intents",
            "u",
        ),
        (f'{WIT}{{"entities":[]}}}}', "invalid", "wit.entities", "u"),
        (
            f'{WIT}{{"entities":{{"a":[{{"name":"a","value":{{}}}}]}}}}}}',
            "invalid",
            "wit.entities[...][0].value",
            "u",
        ),
        (f'{WIT}{{"traits":{{"a":1}}}}}}', "invalid", "wit.traits[...]", "u"),
        (f'{WIT}{{"is_final":"yes"}}}}', "invalid", "wit.is_final", "u"),
    ],
)
def test_a_bad_message_is_refused_by_field(text, code, field, ref):
    error = refused(text)
    assert (error.code, error.field, error.ref) == (code, field, ref)
    assert error.message
    assert error.update() == ErrorUpdate(
        code=code,
        message=error.message,
        field=field,
        expected=error.expected,
        got=error.got,
        ref=ref,
    )


def test_limits_are_named_with_what_came():
    error = refused('{"type":"body","height":9}')
    assert "3.0" in error.expected
    assert error.got == "9"


def test_too_much_is_refused_without_parsing():
    assert refused("x" * (MAX_EVENT_BYTES + 1)).code == "too_large"
    deep = '{"type":"ping","time":1,"x":' + "[" * 20_000 + "]" * 20_000 + "}"
    assert refused(deep).code == "too_deep"
    packed = b"\x83\xa4type\xa4ping\xa4time\x01\xa1x" + b"\x91" * 20_000 + b"\x01"
    assert refused(packed).code == "too_deep"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("part", range(7))
def test_numbers_that_are_not_finite_never_pass(bad, part):
    head = [0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0]
    head[part] = bad
    data = msgspec.msgpack.encode({"type": "pose", "time": 1.0, "seq": 9, "head": head})
    error = refused(data)
    assert error.code == "out_of_range"
    assert error.field == f"head[{part}]"
    assert error.ref == "pose/9"
    compact_frame = bytearray(compact.encode_pose(POSE))
    struct.pack_into("<d", compact_frame, 8, bad)
    assert refused(bytes(compact_frame)).field == "time"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_a_confidence_is_between_nothing_and_one(bad):
    wit = {"intents": [{"name": "undo", "confidence": bad}]}
    data = msgspec.msgpack.encode({"type": "utterance", "id": "u", "text": "", "wit": wit})
    error = refused(data)
    assert (error.code, error.field) == ("out_of_range", "wit.intents[0].confidence")
    wit = {"entities": {"a": [{"name": "a", "value": 1.0, "confidence": bad}]}}
    data = msgspec.msgpack.encode({"type": "utterance", "id": "u", "text": "", "wit": wit})
    assert refused(data).field == "wit.entities[...][0].confidence"


def test_a_response_of_wit_ai_is_taken_as_it_comes():
    event = decode_event(
        """{"type": "utterance", "id": "u", "text": "", "wit": {
        "text": "make the sleeves 3 cm longer", "is_final": true, "type": "FINAL_UNDERSTANDING",
        "intents": [{"id": "1", "name": "adjust_fit", "confidence": 0.98}],
        "entities": {"wit$distance:by": [{"id": "2", "name": "wit$distance", "role": "by",
          "start": 17, "end": 21, "body": "3 cm", "confidence": 0.95, "entities": {},
          "type": "value", "unit": "centimeter", "value": 3}]},
        "traits": {"wit$sentiment": [{"id": "3", "value": "neutral", "confidence": 0.6}]}}}"""
    )
    assert event.settled().text == "make the sleeves 3 cm longer"
    assert event.settled().is_final
    ((entity,),) = event.wit.entities.values()
    assert (entity.value, entity.unit, entity.confidence) == (3.0, "centimeter", 0.95)


def test_what_the_client_says_itself_comes_before_the_response():
    said = Utterance(id="u", text="mine", wit=WitResponse(text="other"))
    assert said.settled().text == "mine"
    assert said.settled().is_final
    for partial in (WitResponse(is_final=False), WitResponse(type="PARTIAL_UNDERSTANDING")):
        assert not Utterance(id="u", text="x", wit=partial).settled().is_final
    assert not Utterance(id="u", text="x", is_final=False, wit=WitResponse()).settled().is_final


def test_a_compact_pose_is_small_and_true():
    frame = encode_event(POSE)
    assert not frame.text
    assert len(frame.data) == 64
    back = decode_event(frame.data)
    assert (back.time, back.seq) == (1.5, 5)
    for there, here in ((back.head, POSE.head), (back.left, POSE.left), (back.right, POSE.right)):
        np.testing.assert_allclose(there[:3], here[:3], atol=0.000126)
        np.testing.assert_allclose(there[3:], here[3:], atol=2e-5)
    alone = Pose(time=0.0, head=(0, 0, 0, 0, 0, 0, 1))
    assert len(encode_event(alone).data) == 36
    assert decode_event(encode_event(alone).data) == alone


def test_tracked_joints_go_compact_under_vrm_names_and_plainly_under_others():
    joints = {"hips": (1.0, 0.9, -4.0, *UNIT), "leftThumbDistal": (0.9, 1.2, -4.25, 0.6, 0, 0, 0.8)}
    pose = msgspec.structs.replace(POSE, joints=joints)
    frame = encode_event(pose)
    assert not frame.text and frame.data[0] == compact.MAGIC
    bare = len(encode_event(POSE).data)
    assert len(frame.data) == bare + 4 + 4 + 14 * 2
    back = decode_event(frame.data)
    assert back.joints.keys() == joints.keys()
    for name, transform in joints.items():
        assert back.joints[name] == pytest.approx(transform, abs=2e-4)
    raw = msgspec.structs.replace(pose, skeleton="fb_body", joints={"hips": joints["hips"]})
    assert decode_event(encode_event(raw).data.decode()) == raw
    with pytest.raises(ProtocolError) as caught:
        decode_event(frame.data[:-1])
    assert caught.value.code == "malformed"


def test_a_joint_that_is_no_transform_is_refused_by_name():
    bad = msgspec.structs.replace(POSE, joints={"hips": (0, 0.9, 0, 0, 0, 0, 0.5)})
    with pytest.raises(ProtocolError) as caught:
        check(bad)
    assert (caught.value.code, caught.value.field) == ("not_unit", "joints.hips[3:7]")


def test_a_hand_across_the_street_needs_a_plain_pose():
    far = Pose(time=0.0, head=(0, 0, 0, 0, 0, 0, 1), left=(9, 0, 0, 0, 0, 0, 1))
    with pytest.raises(ProtocolError, match="too far"):
        encode_event(far)
    assert decode_event(encode_event(far, plain=True).data.decode()) == far


def test_a_compact_avatar_keeps_its_bones():
    rng = np.random.default_rng(3)
    quaternions = rng.normal(size=(22, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    names = random.Random(3).sample(VRM_BONES, 22)
    rotations = {n: tuple(q) for n, q in zip(names, quaternions.tolist(), strict=True)}
    pose = AvatarPose(time=2.0, root=(1.0, 0.9, -4.0), rotations={**rotations, "tail": UNIT}, seq=8)
    frame = encode_update(pose)
    assert len(frame.data) <= 240
    back = decode_update(frame.data)
    assert list(back.rotations) == names
    for name, q in rotations.items():
        between = Rotation.from_quat(q).inv() * Rotation.from_quat(back.rotations[name])
        assert math.degrees(between.magnitude()) < 0.005


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000])
def test_mesh_frames_err_by_at_most_half_a_step(count):
    rng = np.random.default_rng(count)
    points = (rng.random((count, 3)) * (0.6, 1.7, 0.4) + (-2, 0, 5)).astype("<f4")
    frame = MeshFrame(
        target="shirt-衣", glb="ab" * 32, frame=4, time=1.0, positions=points.tobytes()
    )
    wire = encode_update(frame)
    assert len(wire.data) <= 96 + 6 * count
    back = decode_update(wire.data)
    assert (back.target, back.glb, back.frame, back.time) == ("shirt-衣", "ab" * 32, 4, 1.0)
    positions = np.frombuffer(back.positions, "<f4").reshape(-1, 3)
    assert positions.shape == (count, 3)
    if count:
        assert np.abs(positions - points).max() <= 1.7 / 65535 * 0.5 + 2e-6


def test_mesh_frames_with_a_hole_are_refused():
    points = np.zeros((4, 3), "<f4")
    points[2, 1] = np.nan
    with pytest.raises(ProtocolError, match="not finite"):
        encode_update(MeshFrame(target="p", glb="", frame=0, time=0.0, positions=points.tobytes()))


@pytest.mark.parametrize(
    "update",
    [
        AssetReady(hash="ab" * 32, data=b"glTF"),
        Consult(ref="u1", system="s", user="u"),
        HandOver(question="is it vegan", lang="en"),
    ],
)
def test_what_the_shell_deals_with_never_goes_over_the_socket(update):
    with pytest.raises(ProtocolError, match="does not go over the socket"):
        encode_update(update)


def test_no_client_can_speak_for_the_model():
    with pytest.raises(ProtocolError) as caught:
        decode_event('{"type": "advice", "ref": "u1", "text": "{}"}')
    assert caught.value.code == "unknown_type"


def test_every_message_type_has_its_own_tag():
    tags = [kind.__struct_config__.tag for kind in get_args(Event)]
    assert len(set(tags)) == len(tags)


def _only_protocol_errors(decode, data):
    try:
        decode(data)
    except ProtocolError as error:
        assert error.code
        assert len(error.got) <= 80


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data):
    _only_protocol_errors(decode_event, data)
    _only_protocol_errors(decode_update, data)
    for kind in (1, 2, 3, 4):
        _only_protocol_errors(decode_event, bytes([0xC1, kind]) + data)
        _only_protocol_errors(decode_update, bytes([0xC1, kind]) + data)


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_decodes_or_is_refused(text):
    _only_protocol_errors(decode_event, text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = sorted({f for kind in get_args(Event) for f in kind.__struct_fields__})


@settings(max_examples=400)
@given(
    st.sampled_from([str(kind.__struct_config__.tag) for kind in get_args(Event)]),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6),
)
def test_any_fields_in_any_message_decode_or_are_refused(tag, fields):
    message = {"type": tag, **fields}
    try:
        packed = msgspec.msgpack.encode(message)
    except OverflowError:  # an integer beyond 64 bits has no MessagePack form
        packed = b"\x80"
    _only_protocol_errors(decode_event, packed)
    _only_protocol_errors(decode_event, msgspec.json.encode(message).decode())


@settings(max_examples=300)
@given(st.sampled_from(EVENTS), st.data())
def test_truncated_and_flipped_messages_decode_or_are_refused(event, data):
    frame = encode_event(event, data.draw(st.sampled_from(["json", "msgpack"])))
    cut = data.draw(st.integers(0, len(frame.data)))
    broken = bytearray(frame.data[:cut])
    if broken:
        broken[data.draw(st.integers(0, len(broken) - 1))] ^= data.draw(st.integers(1, 255))
    _only_protocol_errors(decode_event, bytes(broken))
    _only_protocol_errors(decode_event, bytes(broken).decode("latin-1"))
