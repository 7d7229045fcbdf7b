"""Figures for the networks on pictures they never saw: ``showroom evaluate reconstruction``.

Every figure is a mean with a 95% bootstrap interval. Masks are predicted, never given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..data.consensus import LabelledPhoto, consensus_mask
from ..data.drawn import Drawn
from ..data.holdout import HeldOut, empty_picture, held_out
from ..data.masks import MaskSources
from ..families import family_names
from .inference import PRODUCT_THRESHOLD, Candidate, Proposal, propose
from .segmentation import Mask, segment

_Z90 = 1.645


@dataclass(frozen=True)
class Figure:
    """A mean over ``count`` cases with its 95% bootstrap interval."""

    name: str
    value: float
    low: float
    high: float
    count: int

    def row(self) -> str:
        """One line of a Markdown table."""
        span = f"{self.low:.3f} to {self.high:.3f}"
        return f"| {self.name} | {self.value:.3f} | {span} | {self.count} |"


@dataclass
class Report:
    """All figures of an evaluation, and the confusions of the categories."""

    figures: list[Figure] = field(default_factory=list)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, name: str, samples: Sequence[float], *, median: bool = False) -> None:
        """Add the mean (or median) of samples; nothing where there are none."""
        values = np.array([s for s in samples if math.isfinite(s)])
        if len(values):
            self.figures.append(bootstrap(name, values, median=median))

    def markdown(self) -> str:
        """The figures as a table, then the confusions."""
        lines = ["| figure | value | 95% interval | cases |", "|---|---|---|---|"]
        lines += [f.row() for f in self.figures]
        if self.confusion:
            names = sorted(
                {n for row in self.confusion.values() for n in row} | set(self.confusion)
            )
            lines += ["", "| truth \\ said | " + " | ".join(names) + " |"]
            lines.append("|---" * (len(names) + 1) + "|")
            for truth, row in self.confusion.items():
                cells = " | ".join(str(row.get(n, 0)) for n in names)
                lines.append(f"| {truth} | {cells} |")
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> None:
        """Write ``path`` as JSON and the same as Markdown beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"figures": [asdict(f) for f in self.figures], "confusion": self.confusion}
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        path.with_suffix(".md").write_text(self.markdown(), encoding="utf-8")


def bootstrap(
    name: str, values: NDArray[np.float64], *, median: bool = False, rounds: int = 1000
) -> Figure:
    """Mean or median of (n,) values with a percentile bootstrap interval; seeded."""
    rng = np.random.default_rng(0)
    draws = values[rng.integers(0, len(values), (rounds, len(values)))]
    pick = np.median if median else np.mean
    spread = pick(draws, axis=1)
    low, high = np.quantile(spread, (0.025, 0.975))
    return Figure(name, float(pick(values)), float(low), float(high), len(values))


def mask_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def read_photo(path: Path) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 of a photo, without its transparency."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is no picture")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def score_photos(report: Report, folder: Path, limit: int | None = None) -> list[float]:
    """Category of real photos ``<class>/<file>``; returns each photo's product confidence."""
    paths = sorted(folder.glob("*/*"))
    if limit is not None:
        paths = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[:limit]]
    right, confident, agree = [], [], []
    for path in tqdm(paths, desc="real photos", unit="photo"):
        rgb = read_photo(path)
        mask = segment(rgb)
        said = propose(rgb, mask)
        truth = path.parent.name
        right.append(float(said.category == truth))
        confident.append(said.confidence)
        row = report.confusion.setdefault(truth, {})
        row[said.category] = row.get(said.category, 0) + 1
        agree.append(_consensus_iou(rgb, mask))
    report.add("real photos: category, top-1", right)
    report.add("real photos: mask against two colour models' consensus, IoU", agree)
    report.add(
        "real photos: taken for a product", [float(c >= PRODUCT_THRESHOLD) for c in confident]
    )
    return confident


def _consensus_iou(rgb: NDArray[np.uint8], mask: Mask) -> float:
    """IoU on the pixels that two colour models agree on; NaN where they do not agree."""
    scale = 160 / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    truth = consensus_mask(np.asarray(small, np.uint8))
    if truth is None:
        return math.nan
    size = (truth.shape[1], truth.shape[0])
    said = cv2.resize(mask.soft, size, interpolation=cv2.INTER_AREA) > 0.5
    known = truth != 128
    return mask_iou(said & known, (truth == 255) & known)


def score_cutouts(report: Report, folder: Path) -> None:
    """Masks against reference cut-outs: ``NAME.jpg`` with ``NAME.out.png`` beside it."""
    for cutout in sorted(folder.glob("*.out.png")):
        stem = cutout.name.removesuffix(".out.png")
        photo = next(p for p in sorted(folder.glob(f"{stem}.*")) if p != cutout)
        alpha = np.asarray(cv2.imread(str(cutout), cv2.IMREAD_UNCHANGED))[..., 3]
        mask = segment(read_photo(photo))
        report.add(f"cut-out {stem}: mask IoU", [mask_iou(mask.hard, alpha > 127)])


def score_empty(report: Report, grounds: MaskSources, count: int, seed: int) -> list[float]:
    """Pictures without a product; returns their confidences."""
    rng = np.random.default_rng((seed, 1))
    out = []
    for _ in tqdm(range(count), desc="empty pictures", unit="picture"):
        rgb = empty_picture(rng, grounds)
        out.append(propose(rgb, segment(rgb)).confidence)
    report.add("empty pictures: taken for a product", [float(c >= PRODUCT_THRESHOLD) for c in out])
    return out


def score_drawn(
    report: Report, names: Sequence[str], grounds: MaskSources, count: int, seed: int
) -> list[float]:
    """Drawn products of unseen seeds, per family; returns their confidences."""
    confident = []
    for name in names:
        rng = np.random.default_rng((seed, 2, len(name), ord(name[0])))
        table: dict[str, list[float]] = {}
        for _ in tqdm(range(count), desc=name, unit="picture"):
            case = held_out(rng, name, grounds)
            mask = segment(case.rgb)
            said = propose(case.rgb, mask)
            confident.append(said.confidence)
            for key, value in _compare(case, mask, said).items():
                table.setdefault(key, []).append(value)
        for key, samples in table.items():
            report.add(f"{name}: {key}", samples, median="median" in key)
    return confident


def _compare(case: HeldOut, mask: Mask, said: Proposal) -> dict[str, float]:
    """One drawn case's figures."""
    drawn = case.drawn
    out = {
        "mask IoU": mask_iou(mask.hard, case.truth > 0.5),
        "family right": float(said.candidates[0].family == drawn.family),
    }
    candidate = next(c for c in said.candidates if c.family == drawn.family)
    out |= _compare_values(drawn, candidate)
    meant = drawn.choices
    if meant:
        hits = [float(candidate.choices.get(k) == v) for k, v in meant.items()]
        out["choices right"] = float(np.mean(hits))
    if drawn.camera is not None:
        azimuth = math.atan2(drawn.camera[0], drawn.camera[1])
        apart = (said.camera.azimuth - azimuth + math.pi) % (2 * math.pi) - math.pi
        out["azimuth error, median, degrees"] = math.degrees(abs(apart))
        out["elevation error, median, degrees"] = math.degrees(
            abs(said.camera.elevation - drawn.camera[2])
        )
    if case.landmarks is not None:
        error = np.linalg.norm(said.landmarks - case.landmarks, axis=1)
        ys, xs = np.nonzero(case.truth > 0.5)
        extent = max(np.ptp(xs), np.ptp(ys))
        found = error[np.isfinite(error)]
        if len(found):
            out["landmark error, share of the garment"] = float(found.mean() / extent)
    return out


def _compare_values(drawn: Drawn, candidate: Candidate) -> dict[str, float]:
    """Errors of lengths once the size is known, and how often the 90% interval holds."""
    lengths = [n for n in candidate.seen if n in drawn.active and n in drawn.values]
    true = np.array([drawn.values[n] for n in lengths])
    said = np.array([candidate.values[n] for n in lengths])
    sigma = np.array([candidate.sigma[n] for n in lengths])
    big = true > 0.2
    scale = float(np.exp(np.median(np.log(true[big] / said[big])))) if big.any() else 1.0
    relative = np.abs(said[big] * scale / true[big] - 1)
    inside = np.abs(said - true) <= _Z90 * np.hypot(sigma, candidate.size_sigma * np.abs(said))
    return {
        "main lengths' error, size known, median": float(np.median(relative))
        if big.any()
        else math.nan,
        "true value in the 90% interval": float(inside.mean()),
    }


def separation(products: Sequence[float], others: Sequence[float]) -> float:
    """Probability that a product scores above a picture without one (area under the curve)."""
    a, b = np.asarray(products)[:, None], np.asarray(others)[None]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def evaluate_reconstruction(
    out: Path,
    *,
    photos: Path | None = None,
    cutouts: Sequence[Path] = (),
    families: Sequence[str] | None = None,
    count: int = 40,
    seed: int = 90_000,
    limit: int | None = None,
) -> Report:
    """Score the shipped networks and write ``out`` (JSON) and a Markdown table beside it.

    Args:
        photos: real photos ``<class>/<file>`` that no training saw.
        cutouts: folders of photos with reference cut-outs.
        families: those of which pictures are drawn; None: all there are.
        count: drawn pictures per family; as many empty pictures in all.
        seed: of the drawn pictures; training uses small seeds.
        limit: at most so many of the real photos.
    """
    report = Report()
    products: list[float] = []
    if photos is not None:
        products += score_photos(report, photos, limit)
    for folder in cutouts:
        score_cutouts(report, folder)
    grounds = MaskSources()
    products += score_drawn(report, families or family_names(), grounds, count, seed)
    others = score_empty(report, grounds, count, seed)
    report.add("product or not: area under the curve", [separation(products, others)])
    report.write(out)
    return report


def labelled(folder: Path) -> list[LabelledPhoto]:
    """Photos with consensus masks, for grounds; see :func:`read_photos`."""
    from ..data.consensus import read_photos

    return list(read_photos(folder, 224))


def summary(report: Report) -> dict[str, Any]:
    """Figure name to value, for a weights header."""
    return {f.name: round(f.value, 4) for f in report.figures}
