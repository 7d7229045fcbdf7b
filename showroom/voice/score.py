"""Score understanding against annotated sentences.

The sentences are JSON lines with text, lang, intent, commands and, where it matters, context.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..protocol.messages import Command
from .context import Context, Understanding
from .effect import alike, effect, intent_of, plain
from .interpreter import Interpreter
from .shopping import SHOP_ACTIONS

_QUIET = {"help", "greet"}
_TEXT_FIELDS = ("target", "part", "direction", "size", "size_step", "color", "option", "near")


@dataclass
class Scores:
    """Figures of one run; shares are 0 to 1.

    Attributes:
        intent: share of right intents (a question counts where it was wanted) per language group.
        top2: share where the right intent is among the two likeliest.
        slot_f1: over (action, field, value) triples, numbers within 1%.
        exact: share of sentences with all commands exactly right.
        wrong: share where something else was carried out than was asked for.
        asked: share answered by a question.
        scope_recall: out-of-scope sentences that were rejected; ``false_rejects`` in-scope
            sentences that were.
        p50, p95: milliseconds of processor time per sentence, one thread.
    """

    count: int = 0
    intent: dict[str, float] = field(default_factory=dict)
    top2: float = 0.0
    slot_f1: float = 0.0
    exact: float = 0.0
    wrong: float = 0.0
    asked: float = 0.0
    scope_recall: float = 0.0
    false_rejects: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    errors: list[tuple[dict[str, Any], Understanding]] = field(default_factory=list)


def done_by(got: Understanding) -> list[Command]:
    """The commands that change something; annotations leave out those that look, ask or buy."""
    return [c for c in got.commands if c.action not in SHOP_ACTIONS | _QUIET]


def wrong_action(
    wanted: Sequence[Command], got: Sequence[Command], context: Context | None = None
) -> bool:
    """Whether commands would do something else than was asked for.

    Counts another action, product, part, direction, size, colour or option, the wrong sign, or
    a number that is off by more than a half; carrying out nothing is never wrong here, nor is
    showing something where it is left open what.
    """
    if not got:
        return False
    if [c.action for c in got] == ["show"] and list(wanted) == [Command(action="show")]:
        return False
    if len(got) != len(wanted):
        return True
    for a, b in zip(wanted, got, strict=True):
        if plain(a).action != plain(b).action:
            return True
        x, y = effect(a, context), effect(b, context)
        if any(x.get(n) != y.get(n) for n in _TEXT_FIELDS):
            return True
        for name in ("delta", "value", "factor"):
            p, q = getattr(a, name), getattr(b, name)
            if (p is None) != (q is None):
                return True
            if p is not None and (p * q < 0 or not 0.5 <= abs(q / p) <= 2.0):
                return True
    return False


def load(path: Path) -> list[dict[str, Any]]:
    """The annotated sentences of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def score(rows: Iterable[dict[str, Any]], interpreter: Interpreter | None = None) -> Scores:
    """Run all sentences and compare."""
    engine = interpreter or Interpreter()
    engine.understand("make the sleeves 3 cm longer")
    out = Scores()
    right: dict[str, list[bool]] = {}
    top2: list[bool] = []
    hits = found = expected = 0
    exact: list[bool] = []
    wrong: list[bool] = []
    asked: list[bool] = []
    rejected: list[bool] = []
    refused: list[bool] = []
    times: list[float] = []
    for row in rows:
        wanted = [c for c in (Command(**c) for c in row["commands"]) if c.action not in _QUIET]
        context = Context.from_dict(row.get("context", {}))
        hint = row["lang"] if row["lang"] in ("en", "zh") else ""
        start = time.process_time()
        got = engine.understand(row["text"], hint, context)
        times.append((time.process_time() - start) * 1e3)
        made_commands = done_by(got)
        asked_for = plain(wanted[0]).action if row["intent"] == "move" and wanted else row["intent"]
        ok = intent_of(got.intent, asked_for) == asked_for
        right.setdefault("all", []).append(ok)
        right.setdefault("en" if row["lang"] == "en" else "zh+mixed", []).append(ok)
        near = [intent_of(name, asked_for) for name, _ in got.candidates[:2]]
        top2.append(ok or asked_for in near)
        gold, made = (
            [
                (i, plain(c).action, k, v)
                for i, c in enumerate(commands)
                for k, v in effect(c, context).items()
            ]
            for commands in (wanted, made_commands)
        )
        matched = sum(any(g[:3] == m[:3] and alike(g[3], m[3]) for m in made) for g in gold)
        hits, found, expected = hits + matched, found + len(made), expected + len(gold)
        whole = ok and matched == len(gold) == len(made) and len(wanted) == len(made_commands)
        exact.append(whole)
        opened = wanted or ([Command(action="show")] if row["intent"] == "show" else wanted)
        wrong.append(wrong_action(opened, made_commands, context))
        asked.append(got.clarify is not None)
        if row["intent"] == "out_of_scope":
            rejected.append(ok)
        else:
            refused.append(got.intent == "out_of_scope")
        if not whole:
            out.errors.append((row, got))
    out.count = len(exact)
    out.intent = {k: float(np.mean(v)) for k, v in right.items()}
    out.top2, out.exact = float(np.mean(top2)), float(np.mean(exact))
    out.slot_f1 = 2 * hits / max(1, found + expected)
    out.wrong, out.asked = float(np.mean(wrong)), float(np.mean(asked))
    out.scope_recall = float(np.mean(rejected)) if rejected else 1.0
    out.false_rejects = float(np.mean(refused)) if refused else 0.0
    out.p50, out.p95 = float(np.percentile(times, 50)), float(np.percentile(times, 95))
    return out


def table_row(scores: Scores) -> str:
    """The figures as one row of the table in ``docs/models/voice-scores.md``."""
    shares = (
        scores.intent["all"],
        scores.intent.get("en", 1.0),
        scores.intent.get("zh+mixed", 1.0),
        scores.top2,
        scores.slot_f1,
        scores.exact,
        scores.wrong,
        scores.asked,
        scores.scope_recall,
        scores.false_rejects,
    )
    figures = " | ".join(f"{share:.3f}" for share in shares)
    return f"| {scores.count} | {figures} | {scores.p50:.1f} / {scores.p95:.1f} |"


def main() -> int:
    """``python -m showroom.voice.score FILE...``: one table row per file of sentences."""
    import sys

    for name in sys.argv[1:]:
        print(Path(name).name, table_row(score(load(Path(name)))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
