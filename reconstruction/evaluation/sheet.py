"""The worst cases: a picture of each, why it went wrong, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ..contact_sheet import tile
from .cases import U8, Scored
from .tables import numbers

WORST = 20
_CELL = 240


def rank(scored: Scored) -> float:
    """How well a case went: F@2%, or the silhouette's IoU where no true shape is known."""
    found = numbers(scored)
    return float(found.get("f2", found.get("silhouette", 1.0)))


def worst_cases(scored: Sequence[Scored], count: int = WORST) -> list[Scored]:
    """The worst products, worst first."""
    solved = [s for s in scored if s.case.group in ("drawn", "artists", "photos")]
    return sorted(solved, key=rank)[:count]


def reason(scored: Scored) -> tuple[str, str]:
    """What most probably went wrong, and what would mend it: the first step that failed."""
    found, notes = numbers(scored), scored.notes
    if "crash" in notes:
        return "it broke", f"a correction of the code: {notes['crash']}"
    if "refused" in notes:
        return "refused", f"more training on such photos ({notes['refused'][:60]}…)"
    if found.get("mask", 1.0) < 0.9:
        return f"mask IoU {found['mask']:.2f}", "a better segmentation before such a ground"
    if not found.get("category", 1.0):
        named = notes.get("family", "?")
        return f"built as {named}", "more training on this category, or naming it with --category"
    if found.get("azimuth", 0.0) > 12:
        return f"camera off by {found['azimuth']:.0f}°", "more starting views in the fit"
    if found.get("silhouette", 1.0) < 0.9:
        seen = f"silhouette met to {found['silhouette']:.2f}"
        return seen, "wider shapes of this family, or a longer fit"
    return (
        "the outline is met, the shape behind it is not",
        "cues from inside the outline, or a second photo",
    )


def worst_table(worst: Sequence[Scored]) -> list[str]:
    """Lines of Markdown about the worst cases."""
    lines = ["## The worst cases", "", "| case | truth | score | what went wrong | would mend it |"]
    lines.append("|---|---|---|---|---|")
    for s in worst:
        wrong, mend = reason(s)
        name = f"{s.case.group}/{s.case.name}"
        lines.append(f"| {name} | {s.case.category} | {rank(s):.2f} | {wrong} | {mend} |")
    return lines


def worst_sheet(worst: Sequence[Scored], path: Path) -> bool:
    """One row per case: what its panel shows; returns whether there was anything to show."""
    rows = []
    for s in worst:
        row: list[tuple[str, U8]] = []
        captions = (
            f"{s.case.category} {rank(s):.2f}",
            reason(s)[0],
            str(s.notes.get("family", "")),
        )
        for i, picture in enumerate(s.pictures):
            read = cv2.imread(str(picture))
            if read is not None:
                caption = captions[i] if i < len(captions) else s.case.name
                row.append((caption, np.ascontiguousarray(read[..., ::-1], dtype=np.uint8)))
        if row:
            rows.append(row)
    if not rows:
        return False
    # Two cases side by side.
    half = -(-len(rows) // 2)
    width = max(len(r) for r in rows)
    blank = ("", np.full((8, 8, 3), 236, np.uint8))
    padded = [[*r, *[blank] * (width - len(r))] for r in rows]
    pairs = [padded[i] + (padded[half + i] if half + i < len(rows) else []) for i in range(half)]
    sheet = tile(pairs, _CELL)
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    return True
