from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def glb(positions: np.ndarray, faces: np.ndarray, color: tuple[float, ...], **extra: Any) -> bytes:
    """A small GLB with one primitive."""
    place = np.asarray(positions, "<f4")
    index = np.asarray(faces, "<u4").ravel()
    blob = place.tobytes() + index.tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [
            {
                "doubleSided": True,
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*color, 1.0],
                    "metallicFactor": 0.0,
                    "roughnessFactor": 0.9,
                },
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(place), "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": len(index), "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": place.nbytes},
            {"buffer": 0, "byteOffset": place.nbytes, "byteLength": index.nbytes},
        ],
        "buffers": [{"byteLength": len(blob)}],
        **extra,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(blob)
    head = b"glTF" + struct.pack("<II", 2, total)
    return (
        head
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + (struct.pack("<I4s", len(blob), b"BIN\0") + blob)
    )


def square(size: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """A square in the x-y plane around the origin."""
    h = size / 2
    place = np.array([[-h, -h, 0], [h, -h, 0], [h, h, 0], [-h, h, 0]], np.float32)
    return place, np.array([[0, 1, 2], [0, 2, 3]])


def box(size: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A cube that stands on the floor, with its own vertices per side."""
    place, faces = [], []
    h = size / 2
    for axis in range(3):
        for sign in (-1, 1):
            u, v = [(1, 2), (2, 0), (0, 1)][axis]
            corners = np.zeros((4, 3))
            corners[:, axis] = sign * h
            corners[:, u] = [-h, h, h, -h]
            corners[:, v] = [-h, -h, h, h]
            start = 4 * len(faces) // 2
            place.append(corners if sign > 0 else corners[::-1])
            faces += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
    out = np.concatenate(place)
    out[:, 1] += h
    return out.astype(np.float32), np.array(faces)


ASSETS = {
    "red": glb(*square(), (0.8, 0.02, 0.02)),
    "green": glb(*square(), (0.02, 0.7, 0.02)),
    "cube": glb(*box(), (0.02, 0.02, 0.8)),
}
