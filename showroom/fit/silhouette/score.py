"""How far the body network is off, on drawn people that it never saw.

Everything is drawn anew from seeds: noise of segmentation, what people say of their stature and
weight. Errors are of the measures in millimetres against the body's own tape.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from .bank import Bank, make_bank, read_bank
from .example import TARGETS
from .frame import framed, scanned
from .network import BodyNet, scalars
from .noise import segmented
from .population import SEXES, table
from .training import told

F32 = NDArray[np.float32]
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
_BATCH: Final = 100


def answers(
    net: BodyNet,
    bank: Bank,
    scale: tuple[F32, F32],
    *,
    side: bool,
    weight: bool,
    seed: int = 5,
    people: int | None = None,
) -> tuple[F64, F64, F64, F64]:
    """What the network says of every person of a bank who stands.

    Returns:
        Answers (n, 20), their Laplace scales (n, 20) and the truth (n, 20), metres; and the
        numbers (n,) of those people in the bank.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(bank.kind == 0)[:people]
    found: list[list[F64]] = [[], [], []]
    net.eval()
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        windows, said, heights = [], [], []
        for i in some:
            masks = bank.masks(int(i))
            windows.append([scanned(framed(segmented(rng, m))) for m in masks])
            height, kilograms = told(rng, float(bank.height[i]), float(bank.weight[i]))
            said.append(scalars(height, kilograms if weight else None, int(bank.sex[i])))
            heights.append(height)
        both = torch.from_numpy(np.array(windows))
        has = torch.full((len(some),), side)
        with torch.inference_mode():
            middle, spread, *_ = net.both_ways(both[:, 0], both[:, 1], torch.tensor(said), has)
        share = np.exp(middle.numpy() * scale[1] + scale[0])
        tall = np.array(heights)[:, None]
        found[0].append(share * tall)
        found[1].append(np.exp(spread.numpy()) * scale[1] * share * tall)
        metres = np.concatenate([bank.targets[some], bank.spans[some]], axis=1)
        found[2].append(metres.astype(np.float64))
    return (*(np.concatenate(f) for f in found), rows.astype(np.float64))  # type: ignore[return-value]


def calibrate(
    net: BodyNet, bank: Bank, scale: tuple[F32, F32], people: int | None = None
) -> list[float]:
    """By how much each measure's spread must be widened so that 90% intervals hold 90%.

    Args:
        people: how many of the bank's; None: all.
    """
    ratios = []
    for side, weight in MODES.values():
        guess, spread, truth, _ = answers(net, bank, scale, side=side, weight=weight, people=people)
        ratios.append(np.abs(guess - truth) / spread)
    widen = np.quantile(np.concatenate(ratios), 0.9, axis=0) / _LN10
    return [float(w) for w in widen]


def report(
    net: BodyNet, bank: Bank, scale: tuple[F32, F32], widen: list[float], names: tuple[str, ...]
) -> dict[str, Any]:
    """Mean absolute errors in millimetres, by what is given, measure and level of clothing.

    With each the share of truths within the 90% intervals, the baselines that see no photo, and
    for every mean error a 95% interval of the mean (normal).
    """
    rows = [TARGETS.index(n) for n in names]
    levels = [level["name"] for level in table()["clothing"]["level"]]
    out: dict[str, Any] = {
        "people": int((bank.kind == 0).sum()),
        "baselines": baselines(bank, names),
    }
    for mode, (side, weight) in MODES.items():
        guess, spread, truth, who = answers(net, bank, scale, side=side, weight=weight, seed=6)
        off = 1000 * np.abs(guess - truth)
        inside = off <= 1000 * spread * np.array(widen) * _LN10
        worn = bank.level[who.astype(np.int64)]
        groups = {"all": np.ones(len(off), bool)}
        groups |= {name: worn == k for k, name in enumerate(levels) if (worn == k).any()}
        out[mode] = {
            group: {
                TARGETS[r]: {
                    "mae": round(float(off[own, r].mean()), 1),
                    "ci95": round(float(1.96 * off[own, r].std() / own.sum() ** 0.5), 1),
                    "p90": round(float(np.quantile(off[own, r], 0.9)), 1),
                    "held": round(float(inside[own, r].mean()), 3),
                }
                for r in rows
            }
            for group, own in groups.items()
        }
    return out


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
    from .reader import network

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
    said = np.array(
        [told(rng, h, w) for h, w in zip(bank.height[own], bank.weight[own], strict=True)]
    )
    one, tall = np.ones(len(sex)), said[:, 0]
    round_ = np.sqrt(said[:, 1] / tall)
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
