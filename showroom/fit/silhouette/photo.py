"""From photos to a body: find the person, read the silhouettes, solve for the body.

Photos and bodies are values: nothing here is written or logged, and the face is a mannequin's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconstruction.intake.photo import Photo

from ..avatar import Avatar
from ..body import check
from .person import find_person
from .reader import Mask, body


def body_from_photos(
    front: Photo,
    height: float,
    *,
    side: Photo | None = None,
    again: Sequence[tuple[Photo, Photo | None]] = (),
    weight: float | None = None,
    gender: str = "neutral",
    tape: Mapping[str, float] | None = None,
) -> Avatar:
    """A visitor's body from a front photo and their stature.

    Args:
        front: one person from head to feet who faces the camera, arms a little off the body.
        height: stature without shoes, metres.
        side: the same person from the side.
        again: front and side of further photos, best in other clothes; errors call them
            ``again.0.front`` and so on. That they show the same person is not checked.
        weight: kilograms.
        gender: ``"female"``, ``"male"`` or ``"neutral"``.
        tape: measures taken by hand, metres by ISO 8559-1 name; they are met.

    Raises:
        BodyError: a measure is impossible.
        SilhouetteError: a photo shows nobody, several people, one who is cropped, sits or turns
            away.
        WeightsError: the networks' weights are missing or damaged.
    """
    # What is said is checked first: it costs nothing.
    check(height, gender, tape or {}, weight)
    seen, beside = _person(front, side, "photo")
    others = [_person(one, other, f"again.{k}") for k, (one, other) in enumerate(again)]
    return body(seen, height, side=beside, again=others, weight=weight, gender=gender, tape=tape)


def _person(front: Photo, side: Photo | None, field: str) -> tuple[Mask, Mask | None]:
    seen = find_person(front, f"{field}.front").soft
    return seen, find_person(side, f"{field}.side").soft if side is not None else None
