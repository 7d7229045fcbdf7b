from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import showroom.protocol
from showroom.protocol.frames import (
    FRAMES,
    FrameName,
    position_from,
    position_to,
    rotation_from,
    rotation_to,
)

GOLDEN = Path(showroom.protocol.__file__).with_name("golden_frames.json")
VECTORS = json.loads(GOLDEN.read_text())["vectors"]
NAMES: list[FrameName] = ["panda3d", "unity", "unity_gltf", "unreal"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_golden_vectors_hold_both_ways(vector, name):
    here, there = vector["protocol"], vector[name]
    np.testing.assert_allclose(position_to(name, here["position"]), there["position"], atol=1e-7)
    np.testing.assert_allclose(position_from(name, there["position"]), here["position"], atol=1e-9)
    for got, wanted in (
        (rotation_to(name, here["rotation"]), there["rotation"]),
        (rotation_from(name, there["rotation"]), here["rotation"]),
    ):
        assert abs(np.dot(got, wanted)) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "ahead", "right", "up"),
    [
        ("panda3d", (0, 1, 0), (1, 0, 0), (0, 0, 1)),
        ("unity", (0, 0, 1), (1, 0, 0), (0, 1, 0)),
        ("unreal", (100, 0, 0), (0, 100, 0), (0, 0, 100)),
    ],
)
def test_directions_are_the_engines_own(name, ahead, right, up):
    np.testing.assert_array_equal(position_to(name, (0, 0, -1)), ahead)
    np.testing.assert_array_equal(position_to(name, (1, 0, 0)), right)
    np.testing.assert_array_equal(position_to(name, (0, 1, 0)), up)


@given(
    st.sampled_from(NAMES),
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    st.tuples(*[st.floats(-10, 10)] * 3),
    st.tuples(*[st.floats(-10, 10)] * 3),
)
def test_rotating_then_converting_equals_converting_then_rotating(name, q, point, start):
    here = Rotation.from_quat(q)
    engine = Rotation.from_quat(rotation_to(name, here.as_quat()))
    moved = position_to(name, here.apply(point) + start)
    expected = engine.apply(position_to(name, point)) + position_to(name, start)
    # Engines apply left-handed quaternions by the same formula, so scipy's serves for all.
    np.testing.assert_allclose(moved, expected, atol=1e-6 * FRAMES[name].scale)


def test_arrays_of_any_shape_keep_their_shape():
    points = np.arange(24.0).reshape(2, 4, 3)
    assert position_to("unity", points).shape == (2, 4, 3)
    np.testing.assert_array_equal(position_from("unreal", position_to("unreal", points)), points)
