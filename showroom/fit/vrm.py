"""The VRM 1.0 humanoid skeleton: bone names and their hierarchy, parents before children.

All bones of the specification except jaw and eyes, which a mannequin face does not move:
https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final


def _bones() -> Iterator[tuple[str, str]]:
    yield "hips", ""
    yield from (("spine", "hips"), ("chest", "spine"), ("upperChest", "chest"))
    yield from (("neck", "upperChest"), ("head", "neck"))
    for side in ("left", "right"):
        chain = ("upperChest", "Shoulder", "UpperArm", "LowerArm", "Hand")
        yield from _chain(side, chain)
    for side in ("left", "right"):
        yield from _chain(side, ("hips", "UpperLeg", "LowerLeg", "Foot", "Toes"))
    for side in ("left", "right"):
        for finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
            first = (
                ("Metacarpal", "Proximal") if finger == "Thumb" else ("Proximal", "Intermediate")
            )
            parent = f"{side}Hand"
            for segment in (*first, "Distal"):
                name = f"{side}{finger}{segment}"
                yield name, parent
                parent = name


def _chain(side: str, chain: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    parent = chain[0]
    for bone in chain[1:]:
        yield side + bone, parent
        parent = side + bone


_TREE: Final = tuple(_bones())

BONES: Final[tuple[str, ...]] = tuple(name for name, _ in _TREE)
"""The 52 bone names; a bone's index here is its joint number everywhere in this package."""

INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(BONES)}
"""Joint number by bone name."""

PARENTS: Final[tuple[int, ...]] = tuple(INDEX.get(parent, -1) for _, parent in _TREE)
"""Joint number of each bone's parent, -1 for the hips."""
