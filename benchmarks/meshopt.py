"""Meshopt's codecs: bytes and CPU time against zlib at level 1 on the same arrays.

Usage: python benchmarks/meshopt.py

Arrays of the shipped T-shirt: positions of 14 bits, triangles, and a live step of int8 differences
as a channel would send it. The least CPU time of 30 calls on one thread.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reconstruction.gltf.meshopt import decode_vertices, encode_vertices
from reconstruction.gltf.meshopt_index import decode_triangles, encode_triangles
from reconstruction.gltf.read import read_glb

SHIRT = Path(__file__).resolve().parents[1] / "assets" / "products" / "tshirt" / "product.glb"


def least(call: Callable[[], object]) -> float:
    """CPU milliseconds of the quickest of 30 calls."""
    times = []
    for _ in range(30):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return min(times) * 1e3


def main() -> None:
    """Print one line per array."""
    mesh = read_glb(SHIRT.read_bytes()).mesh
    count = len(mesh.vertices)
    places = np.zeros((count, 4), "<i2")
    middle = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    places[:, :3] = np.round((mesh.vertices - middle) / (max(mesh.size) / 2) * 8191)
    step = np.zeros((count, 4), np.int8)
    step[:, :3] = np.round(6 * np.sin(mesh.vertices * (9.0, 7.0, 5.0)))
    live = partial(encode_vertices, step, version=1, channel=0)
    rows: list[tuple[str, Any, Callable[[], bytes], Callable[..., Any]]] = [
        ("positions", places, partial(encode_vertices, places), partial(decode_vertices, stride=8)),
        ("live differences", step, live, partial(decode_vertices, stride=4)),
        ("triangles", mesh.faces, partial(encode_triangles, mesh.faces), decode_triangles),
    ]
    print("array               plain    zlib  meshopt  encode/zlib  decode/zlib")
    for name, array, encode, decode in rows:
        plain = np.ascontiguousarray(array).tobytes()
        stream, packed = encode(), zlib.compress(plain, 1)
        undo = partial(decode, stream, count=len(array))
        encoding = least(encode) / least(partial(zlib.compress, plain, 1))
        decoding = least(undo) / least(partial(zlib.decompress, packed))
        print(
            f"{name:17} {len(plain):7,} {len(packed):7,} {len(stream):8,} "
            f"{encoding:12.2f} {decoding:12.2f}"
        )


if __name__ == "__main__":
    main()
