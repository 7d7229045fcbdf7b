"""What visitors go on to say: after a move rather another move or a turn than a size.

The lifts P(intent | action before) / P(intent) are counted over the annotated scripts, drawn
towards one where little was counted. ``python -m showroom.voice.sequence FOLDER`` counts them
again and writes ``data_files/sequence.yaml``.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from ..protocol.messages import Command
from .context import Context
from .data import read

WEIGHT = 0.5
"""The exponent of a lift: how much what came before counts beside what is said."""
_DRAWN = 30
"""How many turns of the common habit each row counts with."""
_LEAST = 20
"""Of how many turns a row must be."""
_NAMES = {"add_to_basket": "basket", "show_basket": "basket", "remove_from_basket": "basket"}


@cache
def _lifts() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = read("sequence.yaml")
    return table


def expected(shares: dict[str, float], context: Context) -> dict[str, float]:
    """The probabilities of intents after what was done before, likeliest first."""
    before = context.previous or context.last
    lifts = _lifts().get(before.action if before else "", {})
    if not lifts:
        return shares
    out = {n: p * lifts.get(_NAMES.get(n, n), 1.0) ** WEIGHT for n, p in shares.items()}
    total = sum(out.values()) or 1.0
    return dict(sorted(((n, p / total) for n, p in out.items()), key=lambda x: -x[1]))


def counted(folder: Path) -> dict[str, dict[str, float]]:
    """The lifts of the scripts in a folder, by the action before."""
    from .score import load
    from .score_conversations import Room

    pairs: Counter[tuple[str, str]] = Counter()
    for file in sorted(folder.glob("conversations_dev*.jsonl")):
        for script in load(file):
            room = Room.of(script["start"])
            for turn in script["turns"]:
                want = turn["want"]
                before = room.context.previous or room.context.last
                if before is not None and not want.get("ask"):
                    pairs[before.action, want["intent"]] += 1
                for command in want.get("commands", ()):
                    room.carry_out(Command(**command))
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (action, intent), count in pairs.items():
        rows[action] += count
        columns[intent] += count
    share = {intent: count / pairs.total() for intent, count in columns.items()}
    return {
        action: {
            intent: round((pairs[action, intent] / p + _DRAWN) / (total + _DRAWN), 2)
            for intent, p in sorted(share.items())
            if columns[intent] >= _LEAST // 2 and intent != "out_of_scope"
        }
        for action, total in sorted(rows.items())
        if total >= _LEAST
    }


def main() -> int:
    """Write the table."""
    import sys

    import yaml

    lines = ["# How much likelier an intent is after an action than otherwise; written by",
             "# python -m showroom.voice.sequence FOLDER"]  # fmt: skip
    body = yaml.safe_dump(counted(Path(sys.argv[1])), default_flow_style=None, width=96)
    path = Path(__file__).with_name("data_files") / "sequence.yaml"
    path.write_text("\n".join([*lines, body]), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
