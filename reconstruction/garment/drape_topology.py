"""Faces, welds and edges of a garment's mesh; they depend on its pattern's grid sizes only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import Pattern

I32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Topology:
    """The mesh of a pattern without its places.

    Attributes:
        faces: (m, 3) int32 of panel vertices, counter-clockwise seen from the cloth's outside. A
            collar's leaf is folded over and shows its inside when worn.
        face_part: (m,) int32 index into ``parts``.
        parts: panel names.
        weld: (n,) int32, sewn group of each vertex, numbered from 0 without gaps.
        edges: (e, 2) int32 of vertices: the quads' sides.
        shear: (s, 2) int32 of vertices: the quads' diagonals.
        bend: (b, 2) int32 of vertices two quads apart in the same row or column.
    """

    faces: I32
    face_part: I32
    parts: tuple[str, ...]
    weld: I32
    edges: I32
    shear: I32
    bend: I32


def topology(pattern: Pattern) -> Topology:
    """Faces, welds and edges of a pattern."""
    faces, parts, edges, shear, bend = [], [], [], [], []
    for index, panel in enumerate(pattern.panels):
        n = panel.numbers()
        a, b, c, d = (x.ravel() for x in (n[:-1, :-1], n[:-1, 1:], n[1:, 1:], n[1:, :-1]))
        # Diagonals lean symmetrically about the middle column, so that both halves drape alike.
        mirror = np.zeros(n[:-1, :-1].shape, bool)
        mirror[:, n.shape[1] // 2 :] = True
        lean = mirror.ravel()[:, None]
        one = np.where(lean, np.stack([a, b, c], 1), np.stack([a, b, d], 1))
        two = np.where(lean, np.stack([a, c, d], 1), np.stack([b, c, d], 1))
        both = np.stack([one, two], axis=1).reshape(-1, 3)
        # A leaf is folded over: its outside goes on from the inside of what it is sewn to.
        if panel.reverse != (panel.name == "collar"):
            both = both[:, ::-1]
        faces.append(both)
        parts.append(np.full(len(both), index, np.int32))
        edges += [_pairs(n[:, :-1], n[:, 1:]), _pairs(n[:-1], n[1:])]
        shear += [np.stack([a, c], 1), np.stack([b, d], 1)]
        bend += [_pairs(n[:, :-2], n[:, 2:]), _pairs(n[:-2], n[2:])]
    count = sum(p.grid[..., 0].size for p in pattern.panels)
    return Topology(
        faces=np.ascontiguousarray(np.concatenate(faces), dtype=np.int32),
        face_part=np.concatenate(parts),
        parts=tuple(p.name for p in pattern.panels),
        weld=_weld(pattern, count),
        edges=np.concatenate(edges).astype(np.int32),
        shear=np.concatenate(shear).astype(np.int32),
        bend=np.concatenate(bend).astype(np.int32),
    )


def _pairs(a: I32, b: I32) -> I32:
    return np.stack([a.ravel(), b.ravel()], axis=1)


def _weld(pattern: Pattern, count: int) -> I32:
    """Connected groups of sewn vertices."""
    group = np.arange(count)
    a = np.concatenate([s.a for s in pattern.seams])
    b = np.concatenate([s.b for s in pattern.seams])
    while True:
        low = np.minimum(group[a], group[b])
        new = group.copy()
        np.minimum.at(new, a, low)
        np.minimum.at(new, b, low)
        new = new[new]
        if np.array_equal(new, group):
            break
        group = new
    _, numbered = np.unique(group, return_inverse=True)
    return numbered.astype(np.int32)
