"""Score answers against annotated questions: the right source, none where there is none.

The questions are JSON lines with ``text``, ``lang``, ``context`` and ``want``: ``{"kind":
"product", "product": id, "attribute": name}``, ``{"kind": "shop", "topic": id}`` or ``{"kind":
"abstain"}``. An answer is what states a sourced fact; saying that the shop has not stated it, or
offering other questions or a person, is an abstention.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..app import SHIPPED_PRODUCTS, plain_product
from ..catalog.facts import measured_names
from ..catalog.products import Catalog
from ..visit.desk import Desk
from ..visit.state import State
from ..voice.ask import Question, labels
from ..voice.context import Context
from ..voice.interval import interval
from ..voice.score import load

ALIASES = {
    "colour": "colors", "colours": "colors", "color": "colors", "size": "sizes",
    "availability": "stock", "in_stock": "stock", "measurements": "dimensions",
    "washing": "care", "fabric": "material", "made_in": "origin", "country": "origin",
    "country_of_origin": "origin", "max_load": "weight_limit", "load": "weight_limit",
    "weight_capacity": "weight_limit", "max_weight": "weight_limit", "cost": "price",
    "durable": "durability",
}  # fmt: skip
"""Other names under which annotators know attributes."""
_OVERALL = ("height", "width", "depth", "length")
"""What an answer with all dimensions tells."""


@dataclass
class AnswerScores:
    """Figures of one run; shares are 0 to 1.

    Attributes:
        top1: per language, answerable questions whose likeliest source is the right one.
        coverage: answerable questions for which a source was chosen.
        wrong: of all answers given, those from another source than the right one, sourced answers
            to unanswerable questions included.
        anyway: unanswerable questions that got a sourced answer.
        invented: answers with a fact that stands in no field and no FAQ entry.
        p50, p95: milliseconds of processor time per question, one thread.
    """

    count: int = 0
    answers: int = 0
    answerable: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    top1: dict[str, float] = field(default_factory=dict)
    coverage: float = 0.0
    wrong: float = 0.0
    anyway: float = 0.0
    invented: int = 0
    p50: float = 0.0
    p95: float = 0.0
    errors: list[tuple[dict[str, Any], Question, str]] = field(default_factory=list)


def same(want: Mapping[str, str], got: Mapping[str, str]) -> bool:
    """Whether two gold forms name the same source.

    Annotators call every measure "dimensions": a single measure then counts as the same.
    """
    if want["kind"] != got["kind"]:
        return False
    if want["kind"] == "shop":
        return want["topic"] == got["topic"]
    if want["kind"] == "abstain":
        return True
    wanted, found = (ALIASES.get(d["attribute"], d["attribute"]) for d in (want, got))
    whole = wanted in _OVERALL and found == "dimensions"
    whole = whole or (wanted == "dimensions" and found in measured_names())
    return want["product"] == got["product"] and (wanted == found or whole)


def with_stand_ins(rows: Iterable[dict[str, Any]], shop: Catalog) -> Catalog:
    """The catalogue with a plain member of its family for every product that rows only name."""
    for row in rows:
        for thing in row.get("context", {}).get("things", ()):
            if thing["id"] not in shop:
                shop.add(_stand_in(thing["id"], thing["category"]))
    return shop


def score(rows: list[dict[str, Any]], desk: Desk) -> AnswerScores:
    """Answer all questions and compare."""
    out = AnswerScores(count=len(rows))
    desk.understand("can i return it", "en", Context())
    top: dict[str, list[bool]] = {}
    covered: list[bool] = []
    wrong: list[bool] = []
    anyway: list[bool] = []
    times: list[float] = []
    for row in rows:
        start = time.process_time()
        context = Context.from_dict(row.get("context", {}))
        question = desk.understand(row["text"], row["lang"], context)
        answer = desk.answer(question, State())
        times.append((time.process_time() - start) * 1e3)
        want = row["want"]
        chosen = labels(question)
        ok = same(want, chosen)
        out.invented += not _sourced(answer.text, answer.sources, desk)
        if want["kind"] == "abstain":
            anyway.append(bool(answer.sources))
            ok = not answer.sources
            if answer.sources:
                wrong.append(True)
        else:
            lang = "en" if row["lang"] == "en" else "zh"
            top.setdefault(lang, []).append(same(want, labels(question, likeliest=True)))
            covered.append(question.sure)
            if question.sure:
                wrong.append(not ok)
        if not ok:
            out.errors.append((row, question, answer.text))
    out.answers, out.answerable = len(wrong), len(covered)
    out.top1 = {k: float(np.mean(v)) for k, v in top.items()}
    out.counts = {k: len(v) for k, v in top.items()} | {"abstain": len(anyway)}
    out.coverage = float(np.mean(covered)) if covered else 1.0
    out.wrong = float(np.mean(wrong)) if wrong else 0.0
    out.anyway = float(np.mean(anyway)) if anyway else 0.0
    out.p50, out.p95 = float(np.percentile(times, 50)), float(np.percentile(times, 95))
    return out


def table_row(s: AnswerScores) -> str:
    """The figures as one row of the table in ``docs/models/answers-scores.md``."""
    cells = [str(s.count)]
    cells += [interval(s.top1.get(k, 0.0), s.counts.get(k, 0)) for k in ("en", "zh")]
    cells.append(interval(s.coverage, s.answerable))
    cells.append(interval(s.wrong, s.answers))
    cells.append(interval(s.anyway, s.counts["abstain"]))
    return f"| {' | '.join(cells)} | {s.invented} | {s.p50:.1f} / {s.p95:.1f} |"


def _sourced(text: str, sources: tuple[str, ...], desk: Desk) -> bool:
    """Whether every number and every verbatim text of an answer stands at one of its sources."""
    for source in sources:
        if source.startswith("faq:"):
            entry = desk.catalog.faq.entries[source[4:]]
            if text not in entry.answer.values():
                return False
    return bool(sources) or not any(c.isdigit() for c in text)


def _stand_in(key: str, category: str) -> Any:
    from dataclasses import replace

    names = {"sweater": "long_sleeve", "jacket": "outwear", "armchair": "sofa", "desk": "table",
             "stool": "chair", "coffee_table": "table", "wardrobe": "cabinet", "shelf": "cabinet",
             "bookshelf": "cabinet", "coat": "outwear", "bench": "sofa", "blouse": "shirt",
             "top": "t_shirt"}  # fmt: skip
    product = plain_product(names.get(category, category.replace("-", "_")))
    return replace(product, id=key, name={"en": key, "zh": key})


def main() -> int:
    """``python -m showroom.counter.answer_score [--plain] [--errors] FILE...``: a row per file.

    ``--plain`` leaves out the sentence embeddings; ``--errors`` lists what went wrong, which is
    not for sets that nothing may be tuned on.
    """
    for name in [a for a in sys.argv[1:] if not a.startswith("--")]:
        rows = load(Path(name))
        shop = with_stand_ins(rows, Catalog.open(SHIPPED_PRODUCTS))
        found = score(rows, Desk(shop, embed="--plain" not in sys.argv))
        print(Path(name).name, table_row(found))
        for row, question, text in found.errors if "--errors" in sys.argv else ():
            print(" ", row["text"], row["want"], question.target, question.best, text[:60])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
