"""Mesh frames as differences: exact at both ends, small, and refused where they are broken."""

from __future__ import annotations

import json
import random
from importlib.resources import files

import numpy as np
import pytest

from showroom.protocol.codec import decode_update, encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.mesh_delta import MeshDecoder, MeshEncoder
from showroom.protocol.messages import MeshFrame

GLB = "ab" * 32
STEP = 0.00025


def cloth(time: float, count: int = 2500) -> np.ndarray:
    """A skirt of sorts that walks and swings, (count, 3) metres."""
    v = np.arange(count)
    angle, row = 2 * np.pi * (v % 50) / 50, v // 50
    swing = 0.02 * np.sin(6 * time + 3 * angle) * row / 50
    radius = 0.2 + 0.004 * row + swing
    points = np.stack(
        (radius * np.cos(angle) + 0.8 * time, 1.0 - 0.012 * row, radius * np.sin(angle)), 1
    )
    return points.astype("<f4")


def frame(number: int, points: np.ndarray, glb: str = GLB) -> MeshFrame:
    return MeshFrame(
        target="skirt", glb=glb, frame=number, time=number / 72, positions=points.tobytes()
    )


def points_of(got: MeshFrame) -> np.ndarray:
    return np.frombuffer(got.positions, "<f4").reshape(-1, 3)


def test_differences_are_small_and_never_further_off_than_half_a_step():
    encoder, decoder = MeshEncoder(), MeshDecoder()
    for number in range(1, 120):
        truth = cloth(number / 72)
        data = encode_update(frame(number, truth), meshes=encoder).data
        got = decode_update(data, decoder)
        assert np.abs(points_of(got) - truth).max() <= STEP / 2 + 1e-6
        assert (got.frame, got.glb, got.target) == (number, GLB, "skirt")
        if number > 1:
            assert len(data) < len(truth)  # a byte a vertex
        if number < 60:  # a difference waits for no acknowledgement
            encoder.acknowledge("skirt", number)


def test_a_lossy_late_conversation_stays_exact():
    rng = random.Random(4)
    encoder, decoder = MeshEncoder(credits=2), MeshDecoder()
    late: list[int] = []
    whole = 0
    for number in range(1, 300):
        if encoder.ready("skirt"):
            glb = GLB if number < 200 else "cd" * 32
            truth = cloth(number / 72)
            data = encoder.encode(frame(number, truth, glb))
            whole += data[2] == 2
            got = decoder.decode(data)
            assert np.abs(points_of(got) - truth).max() <= STEP / 2 + 1e-6
            late.append(number)
        while late and rng.random() < 0.45:
            encoder.acknowledge("skirt", late.pop(0))
    assert whole == 2  # the first, and the first of the other GLB


def test_axes_that_move_otherwise_get_codes_of_their_own():
    rng = np.random.default_rng(5)
    encoder, decoder = MeshEncoder(), MeshDecoder()
    points = cloth(0.0)
    sizes = []
    for number, noise in enumerate(((0, 0, 0), (0, 0, 0.01), (0.004, 0.004, 0.004)), 1):
        truth = (points + rng.uniform(-1, 1, points.shape) * noise).astype("<f4")
        data = encoder.encode(frame(number, truth))
        sizes.append(len(data))
        assert np.abs(points_of(decoder.decode(data)) - truth).max() <= STEP / 2 + 1e-6
    # Two axes at rest cost the one bit that Huffman's code has to give.
    assert sizes[1] < len(points) * (1 + 1 / 8 + 1 / 8 + 0.2)


def test_what_moves_too_far_or_is_too_large_goes_whole():
    encoder, decoder = MeshEncoder(), MeshDecoder()
    encoder.encode(frame(1, cloth(0.0)))
    wild = np.random.default_rng(1).uniform(-1, 1, (2500, 3)).astype("<f4")
    data = encoder.encode(frame(2, wild))
    assert data[2] == 2
    assert np.abs(points_of(decoder.decode(data)) - wild).max() <= STEP / 2 + 1e-6
    data = encoder.encode(frame(3, wild * 50))
    assert data[2] == 0
    assert len(decoder.decode(data).positions) == wild.nbytes


def test_a_client_that_lost_its_frames_gets_a_whole_one_when_it_says_so():
    encoder = MeshEncoder(credits=2)
    encoder.encode(frame(1, cloth(0.0)))
    fresh = MeshDecoder()
    with pytest.raises(ProtocolError) as caught:
        fresh.decode(encoder.encode(frame(2, cloth(0.1))))
    assert (caught.value.code, caught.value.field, caught.value.ref) == (
        "out_of_order", "base", "skirt",
    )  # fmt: skip
    encoder.acknowledge("skirt", 0)
    truth = cloth(0.2)
    got = fresh.decode(encoder.encode(frame(3, truth)))
    assert np.abs(points_of(got) - truth).max() <= STEP / 2 + 1e-6


def test_broken_frames_are_refused_and_cost_no_memory():
    encoder = MeshEncoder()
    key = encoder.encode(frame(1, cloth(0.0)))
    delta = encoder.encode(frame(2, cloth(0.1)))
    rng = random.Random(7)
    decoder = MeshDecoder()
    decoder.decode(key)
    for data in (key, delta):
        for length in range(0, len(data), 97):
            with pytest.raises(ProtocolError):
                decoder.decode(data[:length])
        for _ in range(300):
            broken = bytearray(data)
            broken[rng.randrange(2, len(data))] = rng.randrange(256)
            try:
                decoder.decode(bytes(broken))
            except ProtocolError:
                decoder = MeshDecoder()
                decoder.decode(key)


def test_a_client_that_did_not_ask_refuses_them():
    with pytest.raises(ProtocolError, match="not asked for"):
        decode_update(MeshEncoder().encode(frame(1, cloth(0.0))))


def test_the_golden_vectors_hold():
    golden = json.loads((files("showroom.protocol") / "golden_mesh.json").read_text())
    decoder = MeshDecoder()
    for vector in golden["frames"]:
        got = decoder.decode(bytes.fromhex(vector["hex"]))
        assert (got.frame, got.target) == (vector["frame"], vector["target"])
        wanted = np.array(vector["grid"]).reshape(-1, 3) * STEP
        assert np.abs(points_of(got) - wanted).max() < vector["within"]
    assert {bytes.fromhex(v["hex"])[2] for v in golden["frames"]} == {0, 1, 2}
    for vector in golden["refused"]:
        with pytest.raises(ProtocolError) as caught:
            decoder.decode(bytes.fromhex(vector["hex"]))
        assert (caught.value.field == "base") == vector["base"], vector["why"]
    last = next(v for v in reversed(golden["frames"]) if bytes.fromhex(v["hex"])[2])
    decoder.decode(bytes.fromhex(last["hex"]))  # what was refused leaves no trace
