"""More tracked joints than headset and controllers, in a visit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from visit_samples import BODY, new_visit

from showroom.protocol.codec import decode_event, encode_event
from showroom.protocol.messages import AvatarPose, ErrorUpdate, Hello, Pose

HEAD = (0.0, 1.58, 0.0, 0.0, 0.0, 0.0, 1.0)
HALF = math.sqrt(0.5)


def hand(side: float, bend: float) -> dict[str, tuple[float, ...]]:
    """A left hand as WebXR has it: fingers along -Z, the index bent down by ``bend``."""
    joints = {"left-wrist": (side, 1.1, -0.3)}
    for number, finger in enumerate(("index", "middle", "ring", "pinky")):
        x, y, z = side + 0.02 * (1.5 - number), 1.1, -0.39
        angle = 0.0
        for segment in ("phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip"):
            joints[f"left-{finger}-finger-{segment}"] = (x, y, z)
            angle += bend if finger == "index" else 0.0
            y, z = y - 0.03 * math.sin(angle), z - 0.03 * math.cos(angle)
    return {name: (*place, 0.0, 0.0, 0.0, 1.0) for name, place in joints.items()}


def test_a_head_that_jumps_is_an_error_until_it_stays_there() -> None:
    visit = new_visit()
    visit.handle(Hello(lang="en", want=("still",)))
    visit.handle(BODY)
    kinds = []
    for seq in range(8):
        x = 0.0 if seq < 2 else 4.0
        pose = Pose(time=seq / 72, head=(x, *HEAD[1:]), seq=seq)
        kinds.append(visit.handle(pose)[0])
    refused = kinds[2]
    assert isinstance(refused, ErrorUpdate) and refused.field == "head.position"
    assert [isinstance(k, AvatarPose) for k in kinds] == [True, True, False, False, *[True] * 4]
    assert isinstance(kinds[-1], AvatarPose) and abs(kinds[-1].root[0] - 4.0) < 0.3


def test_tracked_fingers_bend_the_avatars_and_bad_joints_change_nothing() -> None:
    visit = new_visit()
    visit.handle(Hello(lang="en", want=("still",)))
    visit.handle(BODY)

    def shown(seq: int, **fields) -> AvatarPose | ErrorUpdate:
        pose = Pose(time=seq / 72, head=HEAD, seq=seq, **fields)
        return visit.handle(decode_event(encode_event(pose).data.decode()))[0]

    def angle(pose: AvatarPose, bone: str) -> float:
        return 2 * math.degrees(math.acos(min(1.0, abs(pose.rotations.get(bone, (0, 0, 0, 1))[3]))))

    bends = []
    for frame in range(80):
        bend = 0.0 if frame < 40 else 0.7
        pose = shown(frame, joints=hand(-0.2, bend), skeleton="webxr_hand")
        assert isinstance(pose, AvatarPose)
        bends.append(angle(pose, "leftIndexIntermediate"))
    # A straight finger is turned back from the rest pose, a bent one on: between them are 0.7 rad.
    assert bends[39] + bends[-1] == pytest.approx(math.degrees(0.7), abs=1.5)
    assert np.abs(np.diff(bends[2:])).max() < 15
    for joints, skeleton, field in (
        ({"left-elbow": HEAD}, "webxr_hand", "joints"),
        ({"left-wrist": HEAD}, "kinect", "skeleton"),
    ):
        refused = shown(80, joints=joints, skeleton=skeleton)
        assert isinstance(refused, ErrorUpdate)
        assert (refused.code, refused.field, refused.ref) == ("pose", field, "pose/80")
    after = shown(81, joints=hand(-0.2, 0.7), skeleton="webxr_hand")
    assert isinstance(after, AvatarPose)
    assert abs(angle(after, "leftIndexIntermediate") - bends[-1]) < 2
