"""Fit the regression of the second opinion to what the grammar made of sentences at first sight.

``first_readings.jsonl`` beside the sentences keeps how the grammar read each of them before anybody
who works on it had seen them: afterwards it is right on them more often than on others'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocol.messages import Command
from .context import Clarify, Context, Understanding
from .effect import intent_of, plain, same_commands
from .frame import SILENT
from .interpreter import Interpreter
from .reader import Reader
from .score import load, wrong_action
from .score_conversations import Room, is_right
from .second import INSTEAD, Candidate, candidates, chances_of, features

FIRST = "first_readings.jsonl"
RIDGE = 10.0


@dataclass(frozen=True)
class Case:
    """A sentence, what the grammar read at first sight, and what can be said of each candidate.

    Attributes:
        group: the file that it stands in.
        wanted: the intent that was wanted.
        rows: (candidates, features); the first candidate is the grammar's reading.
        intent, right, wrong: per candidate whether it has the intent, is right, carries out
            something else.
    """

    group: str
    wanted: str
    asked: bool
    found: tuple[Candidate, ...]
    rows: NDArray[np.float64]
    intent: NDArray[np.bool_]
    right: NDArray[np.bool_]
    wrong: NDArray[np.bool_]


def cases(folder: Path, reader_of: Callable[[str], Reader], engine: Interpreter) -> list[Case]:
    """All sentences of which a first reading is kept.

    Args:
        folder: of the sentences.
        reader_of: a reader that has not seen the sentences of a file.
    """
    first: dict[str, list[dict[str, Any]]] = {}
    for row in load(folder / FIRST):
        first.setdefault(row["file"], []).append(row)
    out: list[Case] = []
    for group, rows in first.items():
        reader = reader_of(group)
        for row, (text, lang, want, context) in zip(rows, _said(folder, group), strict=True):
            tokens = engine.scanned(text)
            if not tokens or row.get("problem"):
                continue
            own = _understood(row, text, lang)
            reading = reader.read(tokens, context)
            found = candidates(own, reading, context)
            judged = [
                _judged(want, c, own if not i else None, context) for i, c in enumerate(found)
            ]
            intent, right, wrong = (np.array(each) for each in zip(*judged, strict=True))
            table = features(found, own, reading, context)
            wanted = "clarify" if want.get("ask") else want.get("intent", "clarify")
            asked = own.clarify is not None
            out.append(Case(group, wanted, asked, tuple(found), table, intent, right, wrong))
    return out


def _said(folder: Path, group: str) -> Iterator[tuple[str, str, dict[str, Any], Context]]:
    """Text, language, what is wanted and context of each sentence or turn of a file."""
    for row in load(folder / f"{group}.jsonl"):
        if "turns" not in row:
            yield row["text"], row["lang"], row, Context.from_dict(row.get("context", {}))
            continue
        room = Room.of(row["start"])
        for turn in row["turns"]:
            room.context = replace(room.context, pointed=turn.get("point", "") or "")
            yield turn["say"], row["lang"], turn["want"], room.context
            for command in turn["want"].get("commands", ()):
                room.carry_out(Command(**command))


def _understood(row: dict[str, Any], text: str, lang: str) -> Understanding:
    offered = tuple(tuple(Command(**c) for c in each) for each in row.get("offered", ()))
    return Understanding(
        text,
        "en" if lang == "en" else "zh",
        row["intent"],
        row["confidence"],
        commands=tuple(Command(**c) for c in row.get("commands", ())),
        clarify=Clarify("?", (), offered) if "offered" in row else None,
    )


def _judged(
    want: dict[str, Any], candidate: Candidate, own: Understanding | None, context: Context
) -> tuple[bool, bool, bool]:
    """Whether a candidate has the intent that was wanted, is right, and is wrong."""
    made = list(candidate.changing)
    if "ask" in want or "or" in want:
        got = own or Understanding("", "en", candidate.intent, 1.0, commands=candidate.commands)
        right = is_right(want, got, made, made)
        name = want.get("intent", "clarify")
        return right or intent_of(got.intent, name) == name, right, bool(made) and not right
    wanted = [c for c in (Command(**c) for c in want["commands"]) if c.action not in SILENT]
    name = plain(wanted[0]).action if want["intent"] == "move" and wanted else want["intent"]
    intent = intent_of(own.intent if own else candidate.intent, name) == name
    opened = wanted or ([Command(action="show")] if want["intent"] == "show" else wanted)
    right = intent and same_commands(wanted, made, context)
    return intent, right, wrong_action(opened, made, context)


def fitted(some: Sequence[Case], ridge: float = RIDGE) -> NDArray[np.float64]:
    """Weights of the features and a constant, (features + 1,), of a conditional logit.

    Of each case at most one candidate is right; that none is has a score of 0.
    """
    from scipy.optimize import minimize

    rows = np.concatenate([c.rows for c in some])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.c_[(rows - middle) / spread, np.ones(len(rows))]
    counts = np.array([len(c.rows) for c in some])
    starts = np.cumsum(counts) - counts
    case = np.repeat(np.arange(len(some)), counts)
    right = np.concatenate([c.right for c in some]).astype(float)
    right /= np.maximum(1.0, np.add.reduceat(right, starts))[case]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = scaled @ w
        most = np.maximum(0.0, np.maximum.reduceat(scores, starts))
        each = np.exp(scores - most[case])
        total = np.add.reduceat(each, starts) + np.exp(-most)
        kept = np.r_[w[:-1], 0.0]
        value = (np.log(total) + most).sum() - right @ scores + ridge * (kept @ kept) / 2
        return float(value), scaled.T @ (each / total[case] - right) + ridge * kept

    found = minimize(
        loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}
    ).x
    weights = found[:-1] / spread
    return np.asarray(np.r_[weights, found[-1] - weights @ middle], np.float64)


def crossed(some: Sequence[Case], ridge: float = RIDGE) -> list[NDArray[np.float64]]:
    """Per case the probabilities of its candidates, by weights fitted to the other files."""
    out: list[NDArray[np.float64]] = [np.zeros(0)] * len(some)
    for group in sorted({c.group for c in some}):
        weights = fitted([c for c in some if c.group != group], ridge)
        for at, case in enumerate(some):
            if case.group == group:
                out[at] = chances_of(case.rows, weights)
    return out


@dataclass
class Outcome:
    """Shares of a run over cases: intents, all right, wrong, asked, rejected where it should be and
    where it should not.
    """

    intent: float
    right: float
    wrong: float
    asked: float
    scope: float
    rejects: float

    def __str__(self) -> str:
        """As a row of a table."""
        shares = (self.intent, self.right, self.wrong, self.asked, self.scope, self.rejects)
        return " | ".join(f"{share:.3f}" for share in shares)


def outcome(
    some: Sequence[Case], chances: Sequence[NDArray[np.float64]] | None, enough: float = 0.0
) -> Outcome:
    """What comes of cases where the likeliest candidate is carried out from a probability on.

    Args:
        chances: of each case's candidates; None for what comes of the grammar alone.
    """
    tally: dict[str, list[bool]] = {k: [] for k in ("intent", "right", "wrong", "asked")}
    scope: list[bool] = []
    rejects: list[bool] = []
    for number, case in enumerate(some):
        at = 0 if chances is None else int(chances[number].argmax())
        share = 1.0 if chances is None else chances[number][at]
        if at and case.asked and case.found[at].changing and share < INSTEAD:
            at = 0
        chosen = case.found[at]
        asked = (not at and case.asked) or (bool(chosen.changing) and share < enough)
        open_question = case.wanted == "clarify"
        tally["intent"].append(open_question if asked else bool(case.intent[at]))
        tally["right"].append(open_question if asked else bool(case.right[at]))
        tally["wrong"].append(not asked and bool(case.wrong[at]))
        tally["asked"].append(asked)
        rejected = not asked and chosen.intent == "out_of_scope"
        (scope if case.wanted == "out_of_scope" else rejects).append(rejected)
    every = (*tally.values(), scope or [True], rejects or [False])
    shares = [float(np.mean(each)) for each in every]
    return Outcome(*shares)
