"""Bones' rotations as one array: what is computed as one need not be taken apart to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import Quat
from .bones import BONE_INDEX, VRM_BONES


class BoneRotations(Mapping[str, Quat]):
    """Rotations of some of VRM 1.0's bones; a mapping from their names for whoever wants that.

    Equal to a dict of the same names and numbers, and encoded as one (:func:`plain`).

    Args:
        numbers: of the bones, in :data:`~showroom.protocol.bones.VRM_BONES`; each once.
        quaternions: (n, 4) x, y, z, w of each; neither copied nor to be written to any more.

    Raises:
        ValueError: there are not as many of the one as of the other.
    """

    __slots__ = ("numbers", "quaternions")

    def __init__(self, numbers: bytes, quaternions: NDArray[np.floating[Any]]) -> None:
        if quaternions.shape != (len(numbers), 4):
            raise ValueError(f"{len(numbers)} bones with rotations of shape {quaternions.shape}")
        self.numbers = numbers
        self.quaternions = quaternions

    def __getitem__(self, name: str) -> Quat:
        at = self.numbers.find(BONE_INDEX[name])
        if at < 0:
            raise KeyError(name)
        x, y, z, w = self.quaternions[at].tolist()
        return x, y, z, w

    def __iter__(self) -> Iterator[str]:
        return (VRM_BONES[number] for number in self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        return f"BoneRotations({plain(self)})"


def plain(value: object) -> dict[str, Quat]:
    """What msgspec makes of :class:`BoneRotations`: the ``enc_hook`` of whatever encodes updates.

    Raises:
        NotImplementedError: for whatever else it does not know.
    """
    if not isinstance(value, BoneRotations):
        raise NotImplementedError(f"no message holds a {type(value).__name__}")
    rows = value.quaternions.tolist()
    return {VRM_BONES[n]: (x, y, z, w) for n, (x, y, z, w) in zip(value.numbers, rows, strict=True)}
