"""What a reconstruction has to beat: the category's ordinary member, and an extruded silhouette."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..families import family_names, get_family
from .distance import Shape

_CELLS = 160


def mean_template(category: str, axis: int, length: float) -> Shape | None:
    """The ordinary member of a category's first family, scaled so that one side is right.

    Args:
        axis: of the known side: 0 width, 1 height, 2 depth; ``length`` metres.
    """
    for name in family_names():
        family = get_family(name)
        if family.category == category:
            mesh = family.build({}, {})
            scale = length / float(np.ptp(mesh.vertices[:, axis]))
            return Shape((mesh.vertices * scale).astype(np.float32), mesh.faces)
    return None


def extruded_silhouette(mask: NDArray[np.bool_], axis: int, length: float) -> Shape:
    """A mask (h, w) as a slab as deep as it is wide, standing on the floor, one side right.

    Args:
        axis: of the known side: 0 width, 1 height, 2 depth (taken as the width); ``length`` metres.
    """
    rows, columns = np.nonzero(mask)
    part = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(np.uint8)
    tall, wide = part.shape
    scale = _CELLS / max(tall, wide)
    size = (max(round(wide * scale), 1), max(round(tall * scale), 1))
    cells = cv2.resize(part, size, interpolation=cv2.INTER_AREA) > 0
    height, width = cells.shape
    metre = length / (height if axis == 1 else width)
    padded = np.pad(cells, 1)
    quads = []

    def corner(row: NDArray[np.intp], column: NDArray[np.intp], z: float) -> NDArray[np.float64]:
        x, y = column - width / 2, height - row
        return np.stack([x, y, np.full(len(row), z * width / 2)], axis=1).astype(np.float64)

    r, c = np.nonzero(cells)
    for z, turn in (
        (1.0, ((1, 0), (1, 1), (0, 1), (0, 0))),
        (-1.0, ((0, 0), (0, 1), (1, 1), (1, 0))),
    ):
        quads.append(np.stack([corner(r + i, c + j, z) for i, j in turn], axis=1))
    # Walls stand where a cell has an empty neighbour: below, above, left, right.
    sides = {(1, 0): ((1, 0), (1, 1)), (-1, 0): ((0, 1), (0, 0)), (0, -1): ((0, 0), (1, 0))}
    sides[0, 1] = ((1, 1), (0, 1))
    for (down, right), (a, b) in sides.items():
        r, c = np.nonzero(
            cells & ~padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        )
        ends = [corner(r + i, c + j, z) for (i, j), z in ((a, -1.0), (b, -1.0), (b, 1.0), (a, 1.0))]
        quads.append(np.stack(ends, axis=1))
    corners = np.concatenate(quads)
    first = np.arange(len(corners), dtype=np.int32)[:, None] * 4
    faces = np.concatenate([first + np.array(t, np.int32) for t in ((0, 1, 2), (0, 2, 3))])
    return Shape((corners.reshape(-1, 3) * metre).astype(np.float32), faces.astype(np.int32))
