"""Score answers' sources against annotated questions.

The questions are JSON lines with ``text``, ``lang``, ``context`` and ``want``: ``{"kind":
"product", "product": id, "attribute": name}``, ``{"kind": "shop", "topic": id}`` or ``{"kind":
"abstain"}``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .ask import Question, Questions, labels
from .context import Context
from .score import load

ALIASES = {
    "colour": "colors", "colours": "colors", "color": "colors", "size": "sizes",
    "availability": "stock", "in_stock": "stock", "measurements": "dimensions",
    "washing": "care", "fabric": "material", "made_in": "origin", "country": "origin",
    "country_of_origin": "origin", "max_load": "weight_limit", "load": "weight_limit",
    "weight_capacity": "weight_limit", "max_weight": "weight_limit", "cost": "price",
}  # fmt: skip
"""Other names under which annotators know attributes."""
_OVERALL = ("height", "width", "depth", "length", "dimensions")


@dataclass
class QuestionScores:
    """Figures of one run; shares are 0 to 1.

    Attributes:
        top1: per language, answerable questions whose likeliest source is the right one.
        right: per language, answerable questions that were answered and rightly.
        coverage: answerable questions that were answered at all.
        wrong: of all answers given, those from another source than the right one, answers to
            unanswerable questions included.
        answered_anyway: unanswerable questions that were answered.
        p95: milliseconds of processor time per question, one thread.
    """

    count: int = 0
    answers: int = 0
    answerable: int = 0
    top1: dict[str, float] = field(default_factory=dict)
    right: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    coverage: float = 0.0
    wrong: float = 0.0
    answered_anyway: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    strange: set[str] = field(default_factory=set)
    errors: list[tuple[dict[str, Any], Question]] = field(default_factory=list)


def same(want: Mapping[str, str], got: Mapping[str, str]) -> bool:
    """Whether two gold forms name the same source; overall dimensions are one source."""
    if want["kind"] != got["kind"]:
        return False
    if want["kind"] == "shop":
        return want["topic"] == got["topic"]
    if want["kind"] == "abstain":
        return True
    wanted, found = (ALIASES.get(d["attribute"], d["attribute"]) for d in (want, got))
    whole = wanted in _OVERALL and found == "dimensions"
    whole = whole or (wanted == "dimensions" and found in _OVERALL)
    return want["product"] == got["product"] and (wanted == found or whole)


def score(rows: Iterable[dict[str, Any]], questions: Questions) -> QuestionScores:
    """Run all questions and compare."""
    out = QuestionScores()
    questions.understand("can i return it", "en")
    top: dict[str, list[bool]] = {}
    right: dict[str, list[bool]] = {}
    covered: list[bool] = []
    wrong: list[bool] = []
    anyway: list[bool] = []
    times: list[float] = []
    for row in rows:
        out.count += 1
        start = time.process_time()
        got = questions.understand(row["text"], row["lang"], Context.from_dict(row["context"]))
        times.append((time.process_time() - start) * 1e3)
        want = row["want"]
        ok = same(want, labels(got))
        if got.sure:
            wrong.append(not ok)
        if want["kind"] == "abstain":
            anyway.append(got.sure)
        else:
            lang = "en" if row["lang"] == "en" else "zh"
            top.setdefault(lang, []).append(same(want, labels(got, likeliest=True)))
            right.setdefault(lang, []).append(ok)
            covered.append(got.sure)
        if not ok:
            out.errors.append((row, got))
    out.answers, out.answerable = len(wrong), len(covered)
    out.top1 = {k: float(np.mean(v)) for k, v in top.items()}
    out.right = {k: float(np.mean(v)) for k, v in right.items()}
    out.counts = {k: len(v) for k, v in top.items()} | {"abstain": len(anyway)}
    out.coverage = float(np.mean(covered)) if covered else 1.0
    out.wrong = float(np.mean(wrong)) if wrong else 0.0
    out.answered_anyway = float(np.mean(anyway)) if anyway else 0.0
    out.p50, out.p95 = float(np.percentile(times, 50)), float(np.percentile(times, 95))
    return out


def interval(share: float, count: int) -> str:
    """Wilson's 95% interval of a share (Wilson, 1927)."""
    if not count:
        return "-"
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return f"{share:.3f} ({max(0.0, middle - half):.2f}-{min(1.0, middle + half):.2f})"


def table_row(s: QuestionScores) -> str:
    """The figures as one row of the table in ``docs/models/answers-scores.md``."""
    cells = [str(s.count)]
    cells += [interval(s.top1.get(k, 0.0), s.counts.get(k, 0)) for k in ("en", "zh")]
    cells.append(interval(s.coverage, s.answerable))
    cells.append(interval(s.wrong, s.answers))
    cells.append(interval(s.answered_anyway, s.counts["abstain"]))
    return f"| {' | '.join(cells)} | {s.p50:.1f} / {s.p95:.1f} |"


def main() -> int:
    """``python -m showroom.voice.question_score FILE...``: one table row per file."""
    import sys

    plain = "--plain" in sys.argv
    for name in [a for a in sys.argv[1:] if not a.startswith("--")]:
        rows = load(Path(name))
        found = score(rows, Questions(embed=None if plain else "installed"))
        print(Path(name).name, table_row(found))
        if "--errors" in sys.argv:
            for row, got in found.errors:
                print(row["text"], row["want"], got.target, got.best)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
