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
from .profile import profile
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
        spans: (2,) float32, metres that each silhouette's height comes to where the hips are.
        trunk: (2, 40) float32 of :func:`.profile.profile`, of either view.
    """

    front: U8
    side: U8
    height: float
    weight: float
    sex: int
    targets: F32
    level: int
    kind: int
    spans: F32
    trunk: F32


def random_example(
    rng: Rng, person: Person | None = None, asked: bool = False, level: int | None = None
) -> Example:
    """Draw an example; both photos show the same clothes, and a new stance each.

    Args:
        asked: whether the photo is taken as visitors are asked to: standing, without shoes, arms
            off the body from the front and stretched out in front from the side.
        level: of clothing; None: as often as the table says.
    """
    person = person or random_person(rng)
    kind = 0 if asked else int(rng.choice(3, p=_KIND_SHARE))
    seed = int(rng.integers(2**32))
    shots: list[Shot] = []
    views: tuple[View, View] = ("turned" if KINDS[kind] == "turned" else "front", "side")
    for view in views:
        if KINDS[kind] == "seated" and view != "side":
            skin, joints = seated(rng, person)
        else:
            arms = "stance" if not asked else "off" if view != "side" else "forward"
            skin, joints = standing(rng, person, arms)
        # The same generator dresses both: the same garments on either stance.
        own = np.random.default_rng(seed)
        outfit = dress_up(own, person, skin, joints, level, barefoot=asked)
        level = outfit.level
        shots.append(draw(rng, skin, outfit, view))
    m = person.measures
    return Example(
        shots[0].mask,
        shots[1].mask,
        m["height"],
        m["weight"],
        person.sex,
        np.array([m[n] for n in TARGETS], np.float32),
        int(level or 0),
        kind,
        np.array([shot.span for shot in shots], np.float32),
        np.stack([shot.trunk for shot in shots]),
    )


@dataclass(frozen=True, eq=False)
class Shot:
    """One view of a person.

    Attributes:
        mask: (256, 144) uint8: 1 where the dressed person is.
        span: how many metres the silhouette's height comes to at the distance of the body's
            middle. Hair, soles and what is nearer the camera make that more than the stature.
        trunk: (40,) float32 of :func:`.profile.profile`.
    """

    mask: U8
    span: float
    trunk: F32


def draw(rng: Rng, skin: F32, outfit: Outfit, view: View) -> Shot:
    """What a camera sees of a posed, dressed person."""
    points, faces = gathered(skin, outfit)
    low = -outfit.sole
    tall = float(points[:, 1].max()) - low
    points -= np.array((skin[::50, 0].mean(), low, skin[::50, 2].mean()), np.float32)
    camera = random_viewpoint(rng, view, tall)
    seen = camera.project(points)
    span = float(np.ptp(seen[:, 1])) * camera.distance
    screen = placed(seen)
    return Shot(silhouette(screen, faces, CANVAS), span, profile(screen))


def gathered(skin: F32, outfit: Outfit) -> tuple[F32, I32]:
    """Body and clothes as one mesh."""
    points, faces, count = [skin], [coarse()[1]], len(skin)
    for piece in outfit.pieces:
        points.append(piece.vertices)
        faces.append(piece.faces + np.int32(count))
        count += len(piece.vertices)
    return np.concatenate(points), np.concatenate(faces)
