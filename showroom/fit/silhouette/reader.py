"""From silhouettes to a body: the network reads measures, the tape's solver builds the body."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from reconstruction.networks.weights import fill, load_weights

from ..avatar import Avatar
from ..body import check, solve
from ..errors import SilhouetteError
from ..measure import EXTENTS
from .example import TARGETS
from .frame import MIRRORED, WINDOW, framed, scanned
from .network import BodyNet, scalars
from .noise import WHOLE
from .population import SEXES

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Mask = NDArray[np.floating] | U8

WEIGHTS: Final = Path(__file__).parents[1] / "data_files" / "body.safetensors"
_REFUSED: Final = 0.6
"""A silhouette is refused where it is likelier than this to be no whole person who stands."""
_LN10: Final = math.log(10.0)
_ROOT2: Final = math.sqrt(2.0)
_ALIKE: Final = 0.6
"""How far the errors of two readings of one person go together: so that of 595 validation people,
each read in two outfits, nine in ten are held by the intervals of both readings together."""
_FIRM: Final = 0.5
"""By how much the solver takes readings for surer than they are: the network knows already how
people are built, and the solver's prior would pull its answers to the ordinary a second time."""
_SAY: Final = {
    "seated": ("shows a person who sits or crouches; stand upright", "a person who stands"),
    "turned": (
        "shows a person who is turned away; face the camera",
        "a person seen from the front",
    ),
    "head_cut": ("is cropped at the head; step back", "a person from head to feet"),
    "feet_cut": ("is cropped at the feet; step back", "a person from head to feet"),
    "several": ("shows more than one person; be alone in it", "one person"),
    "nobody": ("shows no person", "one person from head to feet"),
}


@dataclass(frozen=True)
class Reading:
    """What silhouettes say.

    Attributes:
        measures: metres by name of ``example.TARGETS``.
        half: half widths, metres, that hold the truth 9 times in 10.
        sigma: standard deviations, metres.
        kinds: probability of everything in ``WHOLE``.
    """

    measures: Mapping[str, float]
    half: Mapping[str, float]
    sigma: Mapping[str, float]
    kinds: Mapping[str, float]


@cache
def network(path: Path = WEIGHTS) -> tuple[BodyNet, tuple[F32, F32], F32]:
    """The network, the mean and deviation of its answers' logarithms, and what widens them.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    state, header = load_weights(path)
    net = BodyNet()
    fill(net, state, path.name)
    mean, deviation, widen = (
        np.array(header[k], np.float32) for k in ("mean", "deviation", "widen")
    )
    return net, (mean, deviation), widen


def read(
    front: Mask,
    height: float,
    *,
    side: Mask | None = None,
    weight: float | None = None,
    sex: str = "neutral",
    field: str = "photo",
) -> Reading:
    """Read one or two silhouettes.

    Args:
        front, side: (h, w) masks of 0 to 1 of the person alone.
        height: stature, metres.
        weight: kilograms, where known.
        sex: of ``SEXES``.
        field: what errors call the photos.

    Raises:
        SilhouetteError: a silhouette is no whole person who stands, or the side photo no side.
    """
    net, (mean, deviation), widen = network()
    windows = [framed(front), framed(side) if side is not None else np.zeros(WINDOW, np.uint8)]
    front_scan, side_scan = (torch.from_numpy(scanned(w)[None]) for w in windows)
    said = scalars(
        torch.tensor([height]),
        torch.tensor([math.nan if weight is None else weight]),
        torch.tensor([SEXES.index(sex)]),
    )
    has_side = torch.tensor([side is not None])
    with torch.inference_mode():
        answer = net.both_ways(front_scan, side_scan, said, has_side)
    middle, spread, kind, beside, _ = (x.float()[0].numpy() for x in answer)
    chance = np.exp(kind - np.logaddexp.reduce(kind))
    shown = {name: float(p) for name, p in zip(WHOLE, chance, strict=True)}
    _refuse(shown, float(1 / (1 + np.exp(-beside))) if side is not None else 1.0, field)
    count = len(TARGETS)
    metres = np.exp(middle * deviation + mean)[:count] * height
    scale = metres * (np.exp(spread) * deviation * widen)[:count]
    return Reading(
        {n: float(v) for n, v in zip(TARGETS, metres, strict=True)},
        {n: float(b) * _LN10 for n, b in zip(TARGETS, scale, strict=True)},
        {n: float(b) * _ROOT2 for n, b in zip(TARGETS, scale, strict=True)},
        shown,
    )


def together(readings: Sequence[Reading]) -> Reading:
    """What several readings of one person say together, each of photos of its own.

    Args:
        readings: one or more.
    """
    metres, sigma = weighed(
        np.array([list(r.measures.values()) for r in readings]),
        np.array([list(r.sigma.values()) for r in readings]),
    )
    chances = [[r.kinds[name] for name in WHOLE] for r in readings]
    return Reading(
        {n: float(v) for n, v in zip(TARGETS, metres, strict=True)},
        {n: float(s) * _LN10 / _ROOT2 for n, s in zip(TARGETS, sigma, strict=True)},
        {n: float(s) for n, s in zip(TARGETS, sigma, strict=True)},
        {n: float(p) for n, p in zip(WHOLE, np.mean(chances, axis=0), strict=True)},
    )


def weighed(answers: F64, sigma: F64) -> tuple[F64, F64]:
    """The mean of several answers by the inverse of their variances, and its deviation.

    Some of the errors are the same, which no number of photos takes away: see ``_ALIKE``.

    Args:
        answers, sigma: (k, …) answers and their standard deviations.
    """
    share = sigma**-2.0 / (sigma**-2.0).sum(axis=0)
    apart, alike = ((share * sigma) ** 2).sum(axis=0), (share * sigma).sum(axis=0) ** 2
    return (share * answers).sum(axis=0), np.sqrt((1 - _ALIKE) * apart + _ALIKE * alike)


def kinds(front: Mask) -> dict[str, float]:
    """What a front silhouette shows: the probability of everything in ``WHOLE``.

    Args:
        front: (h, w) mask of 0 to 1.
    """
    net, _, _ = network()
    scan = torch.from_numpy(scanned(framed(front)))
    with torch.inference_mode():
        logits = net.kinds(torch.stack([scan, scan[MIRRORED]]))
    chance = torch.softmax(logits.float().mean(dim=0), dim=0)
    return {name: float(p) for name, p in zip(WHOLE, chance, strict=True)}


def _refuse(kinds: Mapping[str, float], beside: float, field: str) -> None:
    wrong = 1 - kinds["standing"]
    if wrong > _REFUSED:
        worst = max((k for k in kinds if k != "standing"), key=kinds.__getitem__)
        what, expected = _SAY[worst]
        raise SilhouetteError(
            f"the front photo {what}", field=f"{field}.front", expected=expected, got=worst
        )
    if beside < 1 - _REFUSED:
        raise SilhouetteError(
            "the side photo does not show the person from the side; turn by a quarter",
            field=f"{field}.side",
            expected="the same person seen from the side",
            got="another view",
        )


def body(
    front: Mask,
    height: float,
    *,
    side: Mask | None = None,
    again: Sequence[tuple[Mask, Mask | None]] = (),
    weight: float | None = None,
    gender: str = "neutral",
    tape: Mapping[str, float] | None = None,
) -> Avatar:
    """A body from silhouettes, stature and whatever else is known.

    Args:
        front, side: (h, w) masks of 0 to 1.
        again: front and side of other photos of the same person, in other clothes.
        tape: measures taken by hand, metres; they are met, the photo shapes the rest.

    Returns:
        The avatar; ``advice`` begins with the photo or the weight that is missing.

    Raises:
        SilhouetteError: as :func:`read`.
        BodyError: as :func:`showroom.fit.body.solve`.
    """
    given = check(height, gender, tape or {}, weight)
    photos = {"photo": (front, side)}
    photos |= {f"again.{k}": pair for k, pair in enumerate(again)}
    seen = together(
        [
            read(one, height, side=other, weight=weight, sex=gender, field=field)
            for field, (one, other) in photos.items()
        ]
    )
    shown = {n: (v, _FIRM * seen.sigma[n]) for n, v in seen.measures.items()}
    avatar = solve(height, gender, tape, weight, shown)
    intervals = dict(avatar.intervals)
    for name, value in seen.measures.items():
        if name not in given and name not in EXTENTS:
            near, half = avatar.measures[name], seen.half[name]
            intervals[name] = (min(value - half, near), max(value + half, near))
    wanted = ["side_photo"] if all(other is None for _, other in photos.values()) else []
    wanted += ["weight"] if weight is None else []
    advice = (*wanted, *(n for n in avatar.advice if n != "weight"))[:4]
    return replace(avatar, intervals=intervals, advice=advice)
