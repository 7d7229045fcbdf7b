"""Meshopt's streams: the official encoder's bytes, exact round trips, and broken streams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from product_samples import sheet_product
from test_glb import unpack

from reconstruction.errors import ProductFileError
from reconstruction.export.formats import export_product
from reconstruction.families import get_family
from reconstruction.gltf.glb import product_glb
from reconstruction.gltf.layout import pack_container
from reconstruction.gltf.meshopt import MeshoptError, decode_vertices, encode_vertices
from reconstruction.gltf.meshopt_filters import (
    decode_filter,
    encode_exponential,
    encode_octahedral,
    encode_quaternions,
)
from reconstruction.gltf.meshopt_index import (
    decode_indices,
    decode_triangles,
    encode_indices,
    encode_triangles,
)
from reconstruction.gltf.meshopt_write import compressed
from reconstruction.gltf.read import read_glb

# What meshoptimizer 1.3.0 (npm) makes of ROWS, FLOATS and TRIANGLES.
OFFICIAL = {
    "rows, version 0": (
        "a007004a4a4a4a4a4a4a4a4a4a4a4a4a4a4aff0000004a4a4a4a050800200080000000070002060a"
        "0e12161a1e228f2a2e327f3aff0000003e73464a000a055555555555555555550000000000000110"
        "0000000000000000000000000000000000000000000000000000000000d4fe000000000000"
    ),
    "rows, version 1": (
        "a1bba9004a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a0002060a0e12161a1e228f2a2e327f3a3e"
        "73464a0205555555555555550f00050505050000000000000000000000000000d4fe000000000000"
        "0101"
    ),
    "floats, version 1": (
        "a19a0204444444444444440f0004040404000000000000000000000000000000000000000000803f00"
    ),
    "triangles": ("e1fe1e100e100e8e1e140e130efeff0f0800ff3a0243007687566778a9866589689801690000"),
    "indices": (
        "d100040c0a10020a040c0a10020a040c0a100206040c0a10020a040c0a10020a040c0a1002260404"
        "a101051400000000"
    ),
}
STEP = np.arange(20)
ROWS = np.stack([STEP * 37 - 300, STEP * STEP % 91, -STEP * 3, 0 * STEP], axis=1).astype("<i2")
FLOATS = (1 + STEP / 64).astype("<f4")[:, None]
GRID = [
    [f for c in range(4 * r, 4 * r + 3) for f in ([c, c + 1, c + 4], [c + 1, c + 5, c + 4])]
    for r in range(2)
]
TRIANGLES = np.array([*GRID[0], *GRID[1], [0, 1, 2], [40, 41, 7]])


def turned(faces: np.ndarray) -> np.ndarray:
    """The same triangles, each with its lowest corner first."""
    return np.stack([np.roll(f, -int(f.argmin())) for f in faces])


def test_streams_are_the_official_encoders() -> None:
    assert encode_vertices(ROWS).hex() == OFFICIAL["rows, version 0"]
    assert encode_vertices(ROWS, version=1).hex() == OFFICIAL["rows, version 1"]
    assert encode_vertices(FLOATS, version=1).hex() == OFFICIAL["floats, version 1"]
    assert encode_triangles(TRIANGLES).hex() == OFFICIAL["triangles"]
    assert encode_indices(TRIANGLES.reshape(-1)).hex() == OFFICIAL["indices"]


def test_official_streams_are_decoded() -> None:
    raw = ROWS.view(np.uint8)
    for version in (0, 1):
        stream = bytes.fromhex(OFFICIAL[f"rows, version {version}"])
        np.testing.assert_array_equal(decode_vertices(stream, 20, 8), raw)
    faces = decode_triangles(bytes.fromhex(OFFICIAL["triangles"]), len(TRIANGLES))
    np.testing.assert_array_equal(turned(faces), turned(TRIANGLES))
    indices = decode_indices(bytes.fromhex(OFFICIAL["indices"]), TRIANGLES.size)
    np.testing.assert_array_equal(indices, TRIANGLES.reshape(-1))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("count", [1, 15, 16, 17, 256, 257, 700])
def test_any_rows_come_back_exactly(version: int, count: int) -> None:
    rng = np.random.default_rng(count)
    walk = np.cumsum(rng.integers(-3, 4, (count, 12)), axis=0)
    wide = np.cumsum(rng.integers(-400, 400, (count, 4)), axis=0).astype("<i2")
    smooth = np.cumsum(rng.normal(0, 0.01, (count, 3)), axis=0).astype("<f4")
    noise = rng.integers(0, 256, (count, 64))
    for rows in (walk.astype(np.uint8), wide, smooth, noise.astype(np.uint8), walk * 0.0):
        stream = encode_vertices(rows, version=version)
        back = decode_vertices(stream, count, rows.itemsize * rows.shape[1])
        assert back.tobytes() == rows.tobytes()


def test_rows_that_are_alike_and_triangles_of_a_grid_take_little() -> None:
    deltas = np.zeros((4096, 4), np.int8)
    deltas[::50] = 1
    assert len(encode_vertices(deltas, version=1)) < 0.15 * deltas.nbytes
    live = encode_vertices(deltas, version=1, channel=0)
    np.testing.assert_array_equal(decode_vertices(live, 4096, 4).view(np.int8), deltas)
    assert len(live) < 0.15 * deltas.nbytes
    number = np.arange(9 * 400).reshape(400, 9)
    a, b, c, d = (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1])
    faces = np.stack([np.stack([a, c, d], -1), np.stack([a, b, c], -1)], axis=2).reshape(-1, 3)
    assert len(encode_triangles(faces)) < 1.3 * len(faces)
    np.testing.assert_array_equal(
        turned(decode_triangles(encode_triangles(faces), len(faces))), turned(faces)
    )


def test_broken_streams_are_refused_and_never_read_beyond() -> None:
    rng = np.random.default_rng(4)
    faces = rng.integers(0, 900, (300, 3))
    rows = rng.integers(0, 20, (300, 8)).astype(np.uint8)
    streams = [
        (encode_vertices(rows), lambda s: decode_vertices(s, 300, 8)),
        (encode_vertices(rows, version=1), lambda s: decode_vertices(s, 300, 8)),
        (encode_triangles(faces), lambda s: decode_triangles(s, 300)),
        (encode_indices(faces.reshape(-1)), lambda s: decode_indices(s, 900)),
    ]
    for stream, decode in streams:
        for cut in (0, 1, 40, len(stream) - 1):
            with pytest.raises(MeshoptError):
                decode(stream[:cut])
        with pytest.raises(MeshoptError):
            decode(stream + bytes(40))
        for _ in range(100):
            broken = bytearray(stream)
            broken[rng.integers(len(broken))] = rng.integers(256)
            try:
                decode(bytes(broken))
            except MeshoptError:
                continue
    with pytest.raises(MeshoptError):
        decode_vertices(encode_vertices(rows), 1 << 40, 8)


def test_filters_are_the_official_ones() -> None:
    vectors = np.array([[0, 0, 1, 0], [0.6, -0.8, 0, 1], [-0.48, 0.6, -0.64, -1]])
    packed = encode_octahedral(vectors)
    assert packed.tobytes().hex() == "00007f0036b77f7fad5c7f81"
    back = decode_filter(packed.view(np.uint8), "OCTAHEDRAL")
    assert back.tobytes().hex() == "00007f004c9a007fc44cae81"
    turns = np.array([[0, 0, 0, 1], [0.5, -0.5, 0.5, 0.5], [0.1, 0.7, -0.1, 0.7]])
    quaternions = encode_quaternions(turns, 12)
    spun = decode_filter(quaternions.view(np.uint8), "QUATERNION").view(np.int16) / 32767
    np.testing.assert_allclose(np.abs((spun * turns).sum(axis=1)), 1, atol=1e-3)
    floats = np.array([[1, -0.75, 1000], [3, 1e-4, 0.5]])
    packed = encode_exponential(floats, 15)
    assert packed.tobytes().hex() == "100000fcf4fffffc803e00fc003000f4000000f4000800f4"
    unpacked = decode_filter(packed.view(np.uint8), "EXPONENTIAL").view(np.float32)
    np.testing.assert_allclose(unpacked[0], floats[0], atol=1000 * 2**-14)


@pytest.mark.parametrize("skinned", [True, False])
def test_a_compressed_glb_reads_back_nearly_the_same(skinned: bool) -> None:
    product = sheet_product()
    mesh = product.mesh if skinned else replace(product.mesh, skin=None)
    whole = product_glb(replace(product, mesh=mesh))
    small = compressed(whole)
    was, now = read_glb(whole).mesh, read_glb(small).mesh
    np.testing.assert_allclose(now.vertices, was.vertices, atol=0.51 * max(was.size) / 16382)
    np.testing.assert_allclose(now.uv, was.uv, atol=0.51 / 4096)
    np.testing.assert_array_equal(now.weld, was.weld)
    for part in range(len(was.parts)):
        old, new = (turned(m.faces[m.face_part == part]) for m in (was, now))
        assert sorted(map(tuple, old.tolist())) == sorted(map(tuple, new.tolist()))
    assert read_glb(small).materials == read_glb(whole).materials
    if skinned:
        assert now.skin is not None and was.skin is not None
        np.testing.assert_allclose(now.skin.weights, was.skin.weights, atol=1.01 / 255)


def test_a_t_shirts_geometry_shrinks_to_less_than_half() -> None:
    shirt = get_family("t_shirt").build({}, {})
    whole = product_glb(replace(sheet_product(), mesh=shirt, variants=()))
    document, _ = unpack(compressed(whole))
    plain, packed = (
        sum(
            (v["extensions"]["EXT_meshopt_compression"] if small else v)["byteLength"]
            for v in document["bufferViews"]
            if "extensions" in v
        )
        for small in (False, True)
    )
    assert packed < 0.4 * plain
    assert document["buffers"][1]["extensions"]["EXT_meshopt_compression"]["fallback"]
    assert len(document["buffers"]) == 2


def test_export_writes_it_and_a_broken_view_is_named(tmp_path: Path) -> None:
    path = export_product(sheet_product(), "glb-meshopt", tmp_path / "sheet.glb")
    document, binary = unpack(path.read_bytes())
    assert set(document["extensionsRequired"]) >= {
        "EXT_meshopt_compression",
        "KHR_mesh_quantization",
    }
    how = document["bufferViews"][0]["extensions"]["EXT_meshopt_compression"]
    for key, wrong in (("count", 10**9), ("byteLength", 7), ("mode", "PICTURES"), ("count", 5)):
        broken = {**how, key: wrong}
        document["bufferViews"][0]["extensions"] = {"EXT_meshopt_compression": broken}
        with pytest.raises(ProductFileError, match=r"bufferViews|this GLB"):
            read_glb(pack_container(document, bytes(binary)))
