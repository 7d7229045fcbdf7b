"""From scored cases to the figures that are promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .cases import Scored
from .figures import Report, Statistic, figure, mean, median, quantile, ratio, separation

BAD = 0.7
"""F-score at 2% below which a product is wrong, and its confidence should say so."""


@dataclass(frozen=True)
class Row:
    """One figure: of which group, from which numbers, and what is wanted.

    Attributes:
        keys: one number, or two whose means' ratio counts; several are pooled by ``pooled``.
        style: only cases of this style.
    """

    name: str
    group: str
    keys: tuple[str, ...]
    statistic: Statistic = mean
    target: str = ""
    style: str = ""
    pooled: bool = False


ROWS = (
    Row("own families: F@1%", "drawn", ("f1",), target=">= 0.85"),
    Row("own families: F@2%", "drawn", ("f2",), target=">= 0.96"),
    Row("own families: F@5%", "drawn", ("f5",), target=">= 0.995"),
    Row("own families: median F@2%", "drawn", ("f2",), median),
    Row("own families: Chamfer, share of the largest side", "drawn", ("chamfer",)),
    Row("own families: recall@2% of what the photo shows", "drawn", ("seen_recall2",)),
    Row("own families: recall@2% of what it hides", "drawn", ("unseen_recall2",)),
    Row("own families: category right", "drawn", ("category",)),
    Row("own families: built, not refused", "drawn", ("built",)),
    Row("artists' furniture: F@5%", "artists", ("f5",), target=">= 0.95"),
    Row("artists' furniture: F@2%", "artists", ("f2",), target=">= 0.75"),
    Row("artists' furniture: F@1%", "artists", ("f1",)),
    Row("artists' furniture: Chamfer, share of the largest side", "artists", ("chamfer",)),
    Row("artists' furniture: F@2% of a mean template", "artists", ("template_f2",)),
    Row("artists' furniture: F@2% of an extruded silhouette", "artists", ("extrusion_f2",)),
    Row(
        "artists' furniture: Chamfer over a mean template's",
        "artists",
        ("chamfer", "template_chamfer"),
        ratio,
        "<= 0.333",
    ),
    Row(
        "artists' furniture: Chamfer over an extruded silhouette's",
        "artists",
        ("chamfer", "extrusion_chamfer"),
        ratio,
        "<= 0.333",
    ),
    Row("artists' furniture: category right", "artists", ("category",)),
    Row("real photos: category, top-1", "classes", ("right",), target=">= 0.95"),
    Row("real photos: taken for a product", "classes", ("taken",)),
    Row("real photos: mask against two colour models' consensus, IoU", "classes", ("consensus",)),
    Row("real photos: silhouette IoU, median", "photos", ("silhouette",), median, ">= 0.95"),
    Row(
        "real photos: silhouette IoU, worst decile",
        "photos",
        ("silhouette",),
        quantile(0.1),
        ">= 0.88",
    ),
    Row("real photos: built as what they show", "photos", ("category",)),
    Row("real photos: built, not refused", "photos", ("built",)),
    Row("cut-outs: mask IoU", "cutouts", ("mask",), target=">= 0.96"),
    Row("rendered, studio: mask IoU", "masks", ("mask",), target=">= 0.985", style="studio"),
    Row("rendered, white on white: mask IoU", "masks", ("mask",), target=">= 0.95", style="white"),
    Row("rendered, clutter: mask IoU", "masks", ("mask",), target=">= 0.95", style="clutter"),
    Row("empty pictures: taken for a product", "empty", ("taken",)),
    Row("declared dimension in the GLB, worst", "all", ("declared",), quantile(1), "<= 0.005"),
    Row(
        "other two dimensions, median error, own furniture",
        "drawn",
        ("other_width", "other_depth"),
        median,
        "<= 0.04",
        pooled=True,
    ),
    Row(
        "other two dimensions, median error, artists' furniture",
        "artists",
        ("other_width", "other_depth"),
        median,
        "<= 0.04",
        pooled=True,
    ),
    Row("other lengths of garments, median error", "drawn", ("other_lengths",), median),
    Row("camera azimuth, median error, degrees", "drawn", ("azimuth",), median, "<= 3"),
    Row("camera azimuth, artists', median error, degrees", "artists", ("azimuth",), median),
    Row("texture, real photos: SSIM, relit", "photos", ("ssim",), target=">= 0.85"),
    Row("texture, real photos: CIEDE2000, relit", "photos", ("delta_e",), median, "<= 4"),
    Row("texture, real photos: SSIM, base colour alone", "photos", ("ssim_base",)),
    Row("texture, real photos: CIEDE2000, base colour alone", "photos", ("delta_e_base",), median),
    Row("texture, rendered: SSIM, relit", "drawn", ("ssim",)),
    Row("texture, rendered: CIEDE2000, relit", "drawn", ("delta_e",), median),
    Row("GLBs without errors and warnings", "all", ("valid",), target=">= 1"),
    Row("furniture watertight", "all", ("watertight",), target=">= 1"),
    Row("garments manifold, open at hems alone", "all", ("hemmed",), target=">= 1"),
    Row("seconds from photo to product, median, warm", "speed", ("full",), median, "<= 3"),
    Row("seconds from photo to product, 90th percentile", "speed", ("full",), quantile(0.9)),
    Row("seconds without refinement, median", "speed", ("quick",), median, "<= 1"),
    Row("processor seconds from photo to product, median", "speed", ("full_cpu",), median),
    Row("processor seconds without refinement, median", "speed", ("quick_cpu",), median),
    Row("parameter to mesh, median, milliseconds", "speed", ("mesh",), median, "<= 150"),
    Row("parameter to mesh, worst family, milliseconds", "speed", ("mesh",), quantile(1)),
    Row("peak memory, GiB", "speed", ("memory",), quantile(1), "<= 1.5"),
)

_SOLVED = ("drawn", "artists", "photos")
_NOTHING = {"built": 0.0, "flagged": 0.0, "silhouette": 0.0, "category": 0.0}
_NO_SHAPE = {"f1": 0.0, "f2": 0.0, "f5": 0.0}


def numbers(scored: Scored) -> Mapping[str, float]:
    """A case's figures; one that broke counts as a wrong product that does not say so."""
    if "crash" not in scored.notes or scored.case.group not in _SOLVED:
        return scored.figures
    return {**_NOTHING, **({} if scored.case.group == "photos" else _NO_SHAPE), **scored.figures}


def add_figures(report: Report, scored: Sequence[Scored]) -> None:
    """Every figure that the cases allow."""
    for row in ROWS:
        samples: list[float | tuple[float, ...]] = []
        labels: list[str] = []
        for s in scored:
            if row.group not in (s.case.group, "all") or (
                row.style and s.notes.get("style") != row.style
            ):
                continue
            found = numbers(s)
            if row.pooled:
                mine: list[float | tuple[float, ...]] = [found[k] for k in row.keys if k in found]
            elif all(k in found for k in row.keys):
                pair = tuple(found[k] for k in row.keys)
                mine = [pair if len(pair) > 1 else pair[0]]
            else:
                mine = []
            samples += mine
            labels += [s.case.category] * len(mine)
        report.add(figure(row.name, samples, row.statistic, target=row.target, categories=labels))
    _add_confidence(report, scored)
    _add_classes(report, scored)
    broken = [s for s in scored if "crash" in s.notes]
    report.add(
        figure("cases that broke", [float(s in broken) for s in scored], target="<= 0")
        if scored
        else None
    )
    for s in broken[:10]:
        report.remarks.append(f"- {s.case.group}/{s.case.name} broke: {s.notes['crash']}")


def _add_confidence(report: Report, scored: Sequence[Scored]) -> None:
    shaped = [s for s in scored if s.case.group in ("drawn", "artists") and "f2" in numbers(s)]
    bad = [s for s in shaped if numbers(s)["f2"] < BAD]
    good = [s for s in shaped if numbers(s)["f2"] >= BAD]
    for name, cases, target in (
        ("wrong products (F@2% < 0.7) that the confidence flags", bad, ">= 0.9"),
        ("right products that it flags, false alarms", good, "<= 0.1"),
    ):
        flagged = [numbers(s).get("flagged", 0.0) for s in cases]
        report.add(
            figure(name, flagged, target=target, categories=[s.case.category for s in cases])
        )
    sure = [numbers(s).get("confidence", 0.0) for s in good]
    unsure = [numbers(s).get("confidence", 0.0) for s in bad]
    report.add(
        figure("right above wrong by confidence: area under the curve", [separation(sure, unsure)])
    )


def _add_classes(report: Report, scored: Sequence[Scored]) -> None:
    said = [s for s in scored if s.case.group == "classes" and "said" in s.notes]
    for s in said:
        row = report.confusion.setdefault(s.case.category, {})
        row[s.notes["said"]] = row.get(s.notes["said"], 0) + 1
    empty = [p for s in scored if s.case.group == "empty" for p in s.notes.get("presence", [])]
    sure = [s.notes["presence"] for s in said]
    report.add(figure("product or not: area under the curve", [separation(sure, empty)]))
