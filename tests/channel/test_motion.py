from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from scipy.spatial.transform import Rotation

from showroom.channel.motion import MotionError, load_motion, save_motion
from showroom.protocol.messages import Pose

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pose_streams_aframe"


def track(*rows):
    return {
        "poses": [
            {
                "timestamp": t,
                "position": {"x": x, "y": 1.6, "z": 0.0},
                "rotation": {"x": a, "y": b, "z": c},
            }
            for t, x, a, b, c in rows
        ]
    }


def test_an_aframe_capture_becomes_poses_in_seconds_and_quaternions(tmp_path):
    path = tmp_path / "walk.json"
    capture = {
        "camera": track((1000, 0.0, 10, 90, -20), (1011, 0.1, 10, 90, -20)),
        "left": track((995, -0.3, 0, 0, 0), (1010, -0.2, 0, 0, 0)),
    }
    path.write_text(json.dumps(capture))
    motion = load_motion(path)
    assert [round(p.time, 3) for p in motion.poses] == [0.0, 0.011]
    assert [p.seq for p in motion.poses] == [0, 1]
    assert [p.left[0] for p in motion.poses] == [-0.3, -0.2]
    assert motion.poses[0].right is None
    expected = Rotation.from_euler("YXZ", [90, 10, -20], degrees=True).as_quat()
    got = motion.poses[0].head[3:]
    assert abs(sum(a * b for a, b in zip(got, expected, strict=True))) == pytest.approx(1.0)


def test_a_saved_motion_comes_back(tmp_path):
    path = tmp_path / "walk.json"
    path.write_text(json.dumps({"camera": track((0, 0.0, 1, 2, 3), (11, 0.1, 4, 5, 6))}))
    motion = load_motion(path)
    save_motion(tmp_path / "walk.jsonl", motion)
    assert load_motion(tmp_path / "walk.jsonl") == motion
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "{", "no A-Frame"),
        ("a.json", "[1]", "no A-Frame"),
        ("a.json", '{"left": {"poses": []}}', "no A-Frame"),
        ("a.json", '{"camera": {"poses": []}}', "no poses"),
        ("a.json", json.dumps({"camera": track((9, 0, 0, 0, 0), (5, 0, 0, 0, 0))}), "goes back"),
        ("a.json", json.dumps({"camera": track((9, 900, 0, 0, 0))}), "head"),
        ("a.jsonl", "", "no poses"),
        ("a.jsonl", '{"type":"pose"}', "a.jsonl:1"),
        ("a.jsonl", '\n{"type":"bye"}', "a.jsonl:2"),
    ],
)
def test_a_broken_recording_is_named_with_its_fault(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(MotionError, match=words):
        load_motion(path)


def test_a_missing_recording_is_named(tmp_path):
    with pytest.raises(MotionError, match=r"gone\.json"):
        load_motion(tmp_path / "gone.json")


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings of ../shared/data are not here")
@pytest.mark.parametrize("name", ["dev-recording.json", "tracked-recording.json"])
def test_real_recordings_load(name):
    motion = load_motion(DATA / name)
    assert len(motion.poses) > 500
    assert 5.0 < motion.duration < 60.0
    for pose in motion.poses:
        assert isinstance(pose, Pose)
        assert math.isclose(math.hypot(*pose.head[3:]), 1.0, abs_tol=1e-6)
        assert 0.3 < pose.head[1] < 2.2
        assert pose.left is not None
        assert pose.right is not None
