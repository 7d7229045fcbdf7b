"""How far the body network is off, on drawn people that it never saw.

Everything is drawn anew from seeds: noise of segmentation, what people say of their stature and
weight. Errors are of the measures in millimetres against the body's own tape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .bank import Bank, make_bank, read_bank
from .example import TARGETS
from .frame import framed, scanned
from .network import BodyNet, scalars
from .noise import segmented
from .population import SEXES, Rng, table
from .reader import network, weighed
from .source import told

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

MODES: Final = {
    "front": (False, False),
    "front, weight": (False, True),
    "front, side": (True, False),
    "front, side, weight": (True, True),
}
"""What is given beside the stature and the sex: a side photo, a weight."""
HOLDOUT: Final = 1_000
_LN10: Final = float(np.log(10.0))
_BATCH: Final = 500


@dataclass(frozen=True, eq=False)
class Sitting:
    """A bank's people who stand, as the network meets them: noise and what they say drawn once.

    Attributes:
        rows: (n,) their numbers in the bank.
        front, side: (n, 8, 160) scans.
        height, weight: (n,) as they are said.
        sex: (n,).
        truth: (n, 20) metres, of ``network.ANSWERS``.
    """

    rows: I64
    front: Tensor
    side: Tensor
    height: Tensor
    weight: Tensor
    sex: Tensor
    truth: F64

    def first(self, people: int | None) -> Sitting:
        """The first people alone."""
        return Sitting(*(getattr(self, f.name)[:people] for f in fields(self)))


def sitting(bank: Bank, seed: int = 5) -> Sitting:
    """Draw the noise of every mask of a bank, and what its people say."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(bank.kind == 0)
    scans = np.array(
        [[scanned(framed(segmented(rng, m))) for m in bank.masks(int(i))] for i in rows]
    )
    height, weight = told(bank.height[rows], bank.weight[rows], _off(rng, len(rows)))
    metres = np.concatenate([bank.targets[rows], bank.spans[rows]], axis=1)
    both = torch.from_numpy(scans)
    return Sitting(
        rows,
        both[:, 0],
        both[:, 1],
        torch.from_numpy(height.astype(np.float32)),
        torch.from_numpy(weight.astype(np.float32)),
        torch.from_numpy(bank.sex[rows]),
        metres.astype(np.float64),
    )


def _off(rng: Rng, count: int) -> F64:
    """(count, 4) draws for :func:`.source.told`."""
    return np.column_stack([rng.standard_normal((count, 3)), rng.random(count)])


def answers(
    net: BodyNet, met: Sitting, scale: tuple[F32, F32], *, side: bool, weight: bool
) -> tuple[F64, F64]:
    """What the network says of every person.

    Returns:
        Answers (n, 20) and their Laplace scales (n, 20), metres.
    """
    where = next(net.parameters()).device
    kilograms = met.weight if weight else torch.full_like(met.weight, torch.nan)
    said = scalars(met.height, kilograms, met.sex)
    has = torch.full((len(said),), side)
    found: list[list[F64]] = [[], []]
    net.eval()
    for start in range(0, len(said), _BATCH):
        given = (x[start : start + _BATCH].to(where) for x in (met.front, met.side, said, has))
        with torch.inference_mode():
            middle, spread, *_ = (x.cpu().numpy() for x in net.both_ways(*given))
        tall = met.height[start : start + _BATCH].numpy().astype(np.float64)[:, None]
        metres = np.exp(middle * scale[1] + scale[0]) * tall
        found[0].append(metres)
        found[1].append(np.exp(spread) * scale[1] * metres)
    return np.concatenate(found[0]), np.concatenate(found[1])


def calibrate(
    net: BodyNet, met: Sitting, scale: tuple[F32, F32]
) -> tuple[list[float], dict[str, float]]:
    """By how much spreads must be widened, and how far waists are off.

    Returns:
        What widens each answer's spread so that 90% intervals hold 90%; and the mean absolute
        error of the waist in millimetres by what is given.
    """
    ratios, waists = [], {}
    for mode, (side, weight) in MODES.items():
        guess, spread = answers(net, met, scale, side=side, weight=weight)
        off = np.abs(guess - met.truth)
        ratios.append(off / spread)
        waists[f"waist: {mode}"] = round(float(1000 * off[:, TARGETS.index("waist")].mean()), 2)
    widen = np.quantile(np.concatenate(ratios), 0.9, axis=0) / _LN10
    return [float(w) for w in widen], waists


def report(
    net: BodyNet, bank: Bank, scale: tuple[F32, F32], widen: list[float], names: tuple[str, ...]
) -> dict[str, Any]:
    """Mean absolute errors in millimetres, by what is given, measure and level of clothing.

    ``two outfits`` are people whose two outfits are read together.

    With each the share of truths within the 90% intervals, the baselines that see no photo, and
    for every mean error a 95% interval of the mean (normal).
    """
    rows = [TARGETS.index(n) for n in names]
    levels = [level["name"] for level in table()["clothing"]["level"]]
    out: dict[str, Any] = {
        "people": int((bank.kind == 0).sum()),
        "baselines": baselines(bank, names),
    }
    met = sitting(bank, seed=6)
    worn, (pairs, other) = bank.level[met.rows], _second(met)
    for mode, (side, weight) in MODES.items():
        guess, spread = answers(net, met, scale, side=side, weight=weight)
        off = 1000 * np.abs(guess - met.truth)
        inside = off <= 1000 * spread * np.array(widen) * _LN10
        groups = {"all": np.ones(len(off), bool)}
        groups |= {name: worn == k for k, name in enumerate(levels) if (worn == k).any()}
        out[mode] = {
            group: {TARGETS[r]: _figures(off[own, r], inside[own, r]) for r in rows}
            for group, own in groups.items()
        }
        if not len(pairs):
            continue
        # The second outfit comes with what was said with the first.
        again, more = answers(net, other, scale, side=side, weight=weight)
        sigma = np.stack([spread[pairs[:, 0]], more]) * np.array(widen) * 2**0.5
        found, deviation = weighed(np.stack([guess[pairs[:, 0]], again]), sigma)
        off = 1000 * np.abs(found - other.truth)
        inside = off <= 1000 * deviation * _LN10 / 2**0.5
        out[mode]["two outfits"] = {TARGETS[r]: _figures(off[:, r], inside[:, r]) for r in rows}
    return out


def _figures(off: F64, inside: NDArray[np.bool_]) -> dict[str, float]:
    return {
        "mae": round(float(off.mean()), 1),
        "ci95": round(float(1.96 * off.std() / len(off) ** 0.5), 1),
        "p90": round(float(np.quantile(off, 0.9)), 1),
        "held": round(float(inside.mean()), 3),
    }


def _second(met: Sitting) -> tuple[I64, Sitting]:
    """Who was drawn standing in both outfits.

    Returns:
        (m, 2) their first and second places in ``met``; and the second outfits.
    """
    place = {int(row): k for k, row in enumerate(met.rows)}
    found = [(k, place[r + 1]) for r, k in place.items() if r % 2 == 0 and r + 1 in place]
    pairs = np.array(found, np.int64).reshape(-1, 2)
    first, second = torch.from_numpy(pairs.T)
    return pairs, Sitting(
        met.rows[pairs[:, 1]],
        met.front[second],
        met.side[second],
        met.height[first],
        met.weight[first],
        met.sex[first],
        met.truth[pairs[:, 1]],
    )


def holdout(folder: Path, count: int | None = None) -> dict[str, Any]:
    """Score the shipped weights on both hold-outs, which are drawn into a folder first.

    The first has people as they come; the second, ``asked``, people who did what they are asked
    to for the photos: see ``[asked]`` of ``silhouettes.toml``.

    Args:
        count: people of each (1,000).

    Returns:
        :func:`report` for every tape measure, the same under ``asked``, and a ``summary`` of the
        girths.
    """
    number = count or HOLDOUT
    net, scale, widen = network()
    reports = []
    for split in ("holdout", "asked"):
        bank = read_bank(make_bank(folder / "body-bank" / split, number, split), number)
        reports.append(report(net, bank, scale, [float(w) for w in widen], TARGETS))
    found, asked = reports
    found["asked"] = asked
    girths = ("bust", "waist", "hip", "inseam")
    found["summary"] = {
        mode: {group: {n: found[mode][group][n]["mae"] for n in girths} for group in found[mode]}
        | {"asked": {n: asked[mode]["all"][n]["mae"] for n in girths}}
        for mode in MODES
    } | {"baselines": {k: {n: row[n] for n in girths} for k, row in found["baselines"].items()}}
    return found


def baselines(bank: Bank, names: tuple[str, ...]) -> Mapping[str, Mapping[str, float]]:
    """Mean absolute errors in millimetres without a photo.

    ``mean``: everybody is average for their sex. ``stature`` and ``stature, weight``: least
    squares with squares and products, fitted to these very people, which flatters it.
    """
    rng = np.random.default_rng(7)
    own = bank.kind == 0
    sex = (bank.sex[own] == SEXES.index("male")).astype(np.float64)
    tall, kilograms = told(bank.height[own], bank.weight[own], _off(rng, int(own.sum())))
    one, round_ = np.ones(len(sex)), np.sqrt(kilograms / tall)
    designs = {
        "mean": [one, sex],
        "stature": [one, sex, tall, sex * tall],
        "stature, weight": [
            one,
            sex,
            tall,
            sex * tall,
            round_,
            sex * round_,
            round_**2,
            tall * round_,
        ],
    }
    out: dict[str, dict[str, float]] = {}
    for label, columns in designs.items():
        x = np.stack(columns, axis=1)
        out[label] = {}
        for name in names:
            y = bank.targets[own, TARGETS.index(name)].astype(np.float64)
            rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
            out[label][name] = round(float(1000 * np.abs(rest).mean()), 1)
    return out
