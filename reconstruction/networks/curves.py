"""A run's curves as a picture, from the ``.jsonl`` that training appends to."""

from __future__ import annotations

import json
from pathlib import Path

_KNOWN = frozenset({"step", "images", "seconds", "resumed", "rate"})


def draw_curves(lines: Path, picture: Path) -> bool:
    """Draw every loss of a run over the pictures that it has seen.

    Args:
        lines: one JSON object per checkpoint: ``images`` and one number per loss.
        picture: the PNG to write; it appears whole or not at all.

    Returns:
        Whether there was anything to draw: two checkpoints, and matplotlib (extra ``train``).
    """
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    names = [n for n in dict.fromkeys(n for row in rows for n in row) if n not in _KNOWN]
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    if len(rows) < 2 or not names:
        return False
    columns = min(3, len(names))
    height = -(-len(names) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * height), layout="constrained")
    FigureCanvasAgg(figure)
    for i, name in enumerate(names):
        axes = figure.add_subplot(height, columns, i + 1)
        known = [(row["images"] / 1000, row[name]) for row in rows if name in row]
        axes.plot(*zip(*known, strict=True), linewidth=1.2)
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    figure.supxlabel("thousand pictures", fontsize=8)
    partial = picture.with_suffix(".partial.png")
    figure.savefig(partial, dpi=100)
    partial.replace(picture)
    return True
