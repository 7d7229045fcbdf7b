"""One example: a person, dressed, photographed from the front and the side, and their measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstruction.render.zbuffer import silhouette

from ..measure import EXTENTS, NAMES
from .clothing import Outfit, dress_up
from .population import Person, Rng, coarse, random_person
from .stance import seated, standing
from .viewpoint import CANVAS, View, placed, random_viewpoint

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

TARGETS: Final = (
    *(n for n in NAMES if n != "height"),
    *EXTENTS,
)
"""What the network answers, metres: tape measures, and widths and depths of the trunk."""

KINDS: Final = ("standing", "seated", "turned")
"""What the front photo shows; the side photo always shows a person who stands."""
_KIND_SHARE: Final = (0.90, 0.05, 0.05)


@dataclass(frozen=True, eq=False)
class Example:
    """What one person looks like and measures.

    Attributes:
        front, side: (256, 144) uint8 of 0 and 1.
        height, weight: true stature in metres and weight in kilograms.
        targets: (18,) float32 by ``TARGETS``.
        level: of clothing, 0 to 2.
        kind: index into ``KINDS``.
    """

    front: U8
    side: U8
    height: float
    weight: float
    sex: int
    targets: F32
    level: int
    kind: int


def random_example(rng: Rng, person: Person | None = None) -> Example:
    """Draw an example; both photos show the same clothes, and a new stance each."""
    person = person or random_person(rng)
    kind = int(rng.choice(3, p=_KIND_SHARE))
    seed, level = int(rng.integers(2**32)), None
    masks: list[U8] = []
    views: tuple[View, View] = ("turned" if KINDS[kind] == "turned" else "front", "side")
    for view in views:
        sits = KINDS[kind] == "seated" and view != "side"
        skin, joints = (seated if sits else standing)(rng, person)
        # The same generator dresses both: the same garments on either stance.
        outfit = dress_up(np.random.default_rng(seed), person, skin, joints, level)
        level = outfit.level
        masks.append(draw(rng, skin, outfit, view))
    m = person.measures
    return Example(
        masks[0],
        masks[1],
        m["height"],
        m["weight"],
        person.sex,
        np.array([m[n] for n in TARGETS], np.float32),
        int(level or 0),
        kind,
    )


def draw(rng: Rng, skin: F32, outfit: Outfit, view: View) -> U8:
    """(256, 144) uint8: 1 where the dressed person is."""
    points, faces = gathered(skin, outfit)
    low = -outfit.sole
    tall = float(points[:, 1].max()) - low
    points -= np.array((skin[::50, 0].mean(), low, skin[::50, 2].mean()), np.float32)
    screen = placed(random_viewpoint(rng, view, tall).project(points))
    return silhouette(screen, faces, CANVAS)


def gathered(skin: F32, outfit: Outfit) -> tuple[F32, I32]:
    """Body and clothes as one mesh."""
    points, faces, count = [skin], [coarse()[1]], len(skin)
    for piece in outfit.pieces:
        points.append(piece.vertices)
        faces.append(piece.faces + np.int32(count))
        count += len(piece.vertices)
    return np.concatenate(points), np.concatenate(faces)
