"""What a file may cost, and the error for one that costs more or contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ProductFileError


@dataclass(frozen=True)
class Budget:
    """What a file may cost at most; the defaults suit products for a headset."""

    bytes: int = 128 * 2**20
    json_bytes: int = 16 * 2**20
    json_values: int = 250_000
    json_depth: int = 128
    vertices: int = 1_000_000
    triangles: int = 2_000_000
    nodes: int = 4096
    depth: int = 64
    materials: int = 256
    image_pixels: int = 8192 * 8192


def refuse(where: str, expected: str, got: object) -> ProductFileError:
    """The error for a GLB that cannot be used."""
    return ProductFileError(
        "this GLB cannot be used", field=where, expected=expected, got=str(got)[:80]
    )
