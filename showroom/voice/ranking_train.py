"""Fit the ranking of readings to scripted conversations and to sayings that lean on a change.

Needs torch and the extra ``embed`` (the sentence encoder).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..protocol.messages import Command
from .accounting import features
from .context import Context, Understanding
from .effect import same_commands
from .embedding import embed
from .interpreter import Interpreter
from .leanings import leanings
from .ranking import SHARES, VECTOR, WEIGHTS, WORDS, Ranking, cues, way
from .readings import Reading, readings
from .score import done_by, load
from .score_conversations import Room, is_right

if TYPE_CHECKING:
    import torch

Judge = Callable[[Reading], bool]
"""Whether a reading is right."""
SCRIPTS, SENTENCES = "conversations_dev*.jsonl", "dev*.jsonl"
EPOCHS, RATE = 110, 0.03
DECAYS = (1e-3, 3e-3, 3e-3, 2e-3)
"""Of the weights of features, of the embedding, of intents and of cues."""
DEAF = 0.25
"""The share of sentences that are learnt without their embedding, which not all have."""
SAYING = 0.5
"""How much a saying counts beside a turn of a conversation."""
_OFTEN = 3
"""How often a cue or a way must occur to be learnt, and a feature one time more."""


_STATES = 2
"""In how many other states a turn that only leans on the change before is said."""
_ANYWHERE = frozenset(
    (
        "again", "on bit", "on vague", "on lot", "on tiny", "on number", "half on", "half back",
        "back", "back bit", "back number", "to number", "undo",
    )
)  # fmt: skip
"""Ways of leaning on a change, whatever it was."""
_NAMING = tuple(
    f"s {kind}"
    for kind in (
        "part", "category", "near", "dimension", "change", "color", "length", "angle", "option",
        "direction", "product", "adjective", "raise", "size",
    )
)  # fmt: skip
"""Cues of words that only fit one state."""


@dataclass(frozen=True)
class Row:
    """A sentence with all its readings.

    Attributes:
        right: (n,) which of them are right.
        kinds, names: for each the ways that it was found in, and its features.
        text, words: of the whole sentence, its plain text and its cues.
        shares: probabilities of its intents.
    """

    right: tuple[bool, ...]
    kinds: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]
    text: str
    words: tuple[str, ...]
    shares: dict[str, float]
    weight: float = 1.0


def turns(script: dict[str, Any], engine: Interpreter) -> Iterator[tuple[Row | None, Room]]:
    """The rows of a script's turns, each with the room as the script wants it before the turn."""
    room = Room.of(script["start"])
    for turn in script["turns"]:
        room.context = replace(room.context, pointed=turn.get("point", "") or "")
        want = turn["want"]
        judged = _judge(want, room)
        yield row(turn["say"], room.context, engine, judged), room
        for command in want.get("commands", ()):
            room.carry_out(Command(**command))


def row(text: str, context: Context, engine: Interpreter, judged: Judge) -> Row | None:
    """A sentence as a row, or None where nothing was said.

    Args:
        judged: whether a :class:`Reading` is right.
    """
    phrases, shares = engine.weigh(text, context)
    if not phrases:
        return None
    found = readings(phrases, shares, context)
    whole = phrases[0]
    return Row(
        tuple(judged(reading) for reading in found),
        tuple(tuple({way(k) for k in reading.kinds}) for reading in found),
        tuple(tuple(features(reading, whole, context)) for reading in found),
        whole.text,
        tuple(cues(whole)),
        shares[0],
    )


def _judge(want: dict[str, Any], room: Room) -> Judge:
    def judged(reading: Reading) -> bool:
        if reading.intent == "clarify":
            return bool(want.get("ask"))
        got = Understanding("", "en", reading.intent, 1.0, commands=reading.commands)
        raw = done_by(got)
        trial = Room(room.stock, room.context, list(room.done), list(room.undone))
        done = [trial.carry_out(c) for c in got.commands]
        done = [c for c in done if c in raw or c.action in {x.action for x in raw}]
        return is_right(want, got, raw, done, room.context)

    return judged


def rows(folder: Path, engine: Interpreter, *, skip: Sequence[str] = ()) -> list[Row]:
    """The rows of all scripts of a folder, of its sentences that lean on a change, and of sayings.

    Args:
        skip: names of files to leave out.

    Raises:
        FileNotFoundError: the folder has no scripts.
    """
    scripts = [f for f in sorted(folder.glob(SCRIPTS)) if f.stem not in skip]
    if not scripts:
        raise FileNotFoundError(f"no {SCRIPTS} in {folder}")
    out: list[Row | None] = []
    states: list[Context] = []
    heard: list[tuple[str, Row]] = []
    for file in scripts:
        for script in load(file):
            pairs = zip(script["turns"], turns(script, engine), strict=True)
            for turn, (made, room) in pairs:
                heard += [(turn["say"], made)] if made else []
                out.append(made)
                if room.context.last is not None:
                    states.append(room.context)
    for file in sorted(folder.glob(SENTENCES)):
        for said in load(file):
            context = Context.from_dict(said.get("context", {}))
            if context.last is not None:
                out.append(row(said["text"], context, engine, _judge_sentence(said, context)))
    for leaning, context in leanings(states):
        made = row(leaning.text, context, engine, leaning.means)
        out.append(made and replace(made, weight=SAYING))
    out += _elsewhere(heard, states, engine)
    return [r for r in out if r is not None and any(r.right)]


def _elsewhere(
    heard: Sequence[tuple[str, Row]], states: Sequence[Context], engine: Interpreter, seed: int = 1
) -> Iterator[Row | None]:
    """What only leans on the change before ("a touch more"), said in other states."""
    rng = random.Random(seed)
    sized = [s for s in states if s.last and s.last.delta and s.last.action != "rotate"]
    sized = [s for s in sized if s.previous is None and not s.undid]
    for text, said in heard:
        if any(word.startswith(_NAMING) for word in said.words):
            continue
        ways = {k for ok, ks in zip(said.right, said.kinds, strict=True) if ok for k in ks}
        meant = ways & _ANYWHERE
        if not meant or not sized:
            continue
        for context in rng.sample(sized, min(len(sized), _STATES)):
            made = row(text, context, engine, _judge_ways(meant))
            yield made and replace(made, weight=SAYING)


def _judge_ways(ways: set[str]) -> Judge:
    return lambda reading: bool(ways & set(reading.kinds))


def _judge_sentence(said: dict[str, Any], context: Context) -> Judge:
    wanted = [Command(**c) for c in said["commands"]]

    def judged(reading: Reading) -> bool:
        got = Understanding("", "en", reading.intent, 1.0, commands=reading.commands)
        if said["intent"] == "clarify" or reading.intent == "clarify":
            return bool(said["intent"] == reading.intent)
        if not wanted:
            return is_right(said, got, done_by(got), done_by(got), context)
        return same_commands(wanted, done_by(got), context)

    return judged


def fit(rows: Sequence[Row], *, seed: int = 0, decays: Sequence[float] = DECAYS) -> Ranking:
    """The ranking under which the right readings of the rows are likeliest."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    tables = {
        "names": _often((n for r in rows for each in r.names for n in set(each)), _OFTEN + 1),
        "ways": _often((k for r in rows for k in _found(r)), _OFTEN),
        "words": _often((w for r in rows for w in set(r.words)), _OFTEN),
        "intents": _often((i for r in rows for i in r.shares), _OFTEN),
    }
    heard = _Encoded(rows, tables)
    count = len(tables["ways"])
    shapes = ((len(tables["names"]), 1), (512, count), (len(tables["intents"]), count))
    weights = [torch.zeros(s, requires_grad=True) for s in shapes]
    weights.append(torch.zeros((len(tables["words"]) + 1, count), requires_grad=True))
    share = torch.tensor([r.weight for r in rows])
    share = share / share.sum()
    decay = [d * 1000 / len(rows) for d in decays]
    optimiser = torch.optim.Adam(weights, lr=RATE)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        deaf = torch.rand(len(rows), generator=generator) < DEAF
        scores = heard.scores(weights, deaf)
        missed = heard.total(scores) - heard.total(scores.masked_fill(~heard.right, -1e9))
        loss = (missed * share).sum()
        loss = loss + sum(d * w.square().sum() for d, w in zip(decay, weights, strict=True))
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        optimiser.step()
    named, vector, intent, word = (w.detach().numpy() for w in weights)
    return Ranking(
        tables["names"], named[:, 0], tables["ways"], tables["words"], word[:-1],
        tables["intents"], intent, vector,
    )  # fmt: skip


def _found(row: Row) -> Iterator[str]:
    for right, kinds in zip(row.right, row.kinds, strict=True):
        if right:
            yield from kinds


def _often(names: Iterable[str], least: int) -> dict[str, int]:
    counts = Counter(names)
    return {n: i for i, n in enumerate(sorted(n for n, c in counts.items() if c >= least))}


class _Encoded:
    """Rows as tensors; readings of all rows one after another."""

    def __init__(self, rows: Sequence[Row], tables: dict[str, dict[str, int]]) -> None:
        import torch

        self._torch = torch
        self.right = torch.tensor([x for r in rows for x in r.right])
        self._row = torch.tensor([i for i, r in enumerate(rows) for _ in r.right])
        self._count = len(rows)
        self._names = _bags(
            [[tables["names"].get(n) for n in set(e)] for r in rows for e in r.names]
        )
        ways = [[tables["ways"].get(k) for k in set(e)] for r in rows for e in r.kinds]
        self._way = torch.tensor([c for each in ways for c in each if c is not None])
        self._of = torch.tensor([i for i, each in enumerate(ways) for c in each if c is not None])
        rest = len(tables["words"])
        words = [[i for w in r.words if (i := tables["words"].get(w)) is not None] for r in rows]
        self._words = _bags([[*each] or [rest] for each in words])
        self._length = torch.tensor([max(1.0, len(each)) ** 0.5 for each in words])
        self._vectors = torch.from_numpy(embed([r.text for r in rows]).copy())
        self._shares = torch.zeros(len(rows), len(tables["intents"]))
        for at, each in enumerate(rows):
            for name, share in each.shares.items():
                if (column := tables["intents"].get(name)) is not None:
                    self._shares[at, column] = share**0.5

    def scores(self, weights: Sequence[torch.Tensor], deaf: torch.Tensor) -> torch.Tensor:
        """Of all readings, (n,)."""
        torch = self._torch
        names, vector, intent, word = weights
        bag = torch.nn.functional.embedding_bag
        ways = VECTOR * (self._vectors * ~deaf[:, None]) @ vector + SHARES * self._shares @ intent
        said = bag(self._words[0], word, self._words[1], mode="sum") / self._length[:, None]
        ways = ways + WORDS * said
        out = bag(self._names[0], names, self._names[1], mode="sum")[:, 0]
        return out.index_add(0, self._of, ways[self._row[self._of], self._way])

    def total(self, scores: torch.Tensor) -> torch.Tensor:
        """The logarithm of the sum of exponentials over the readings of each row."""
        torch = self._torch
        most = torch.full((self._count,), -1e9).scatter_reduce(0, self._row, scores, "amax")
        most = most.detach()
        sums = torch.zeros(self._count).index_add(0, self._row, (scores - most[self._row]).exp())
        return most + (sums + 1e-30).log()


def _bags(bags: Sequence[Sequence[int | None]]) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    known = [[i for i in bag if i is not None] for bag in bags]
    lengths = torch.tensor([0, *(len(bag) for bag in known[:-1])])
    return torch.tensor([i for bag in known for i in bag]), lengths.cumsum(0)


def write(ranking: Ranking, path: Path) -> None:
    """Write a ranking's weights in half precision."""

    def half(values: NDArray[np.float32]) -> NDArray[np.float16]:
        return values.astype(np.float16)

    with path.open("wb") as stream:
        np.savez_compressed(
            stream,
            names="\n".join(ranking.names),
            ways="\n".join(ranking.ways),
            words="\n".join(ranking.words),
            intents="\n".join(ranking.intents),
            weights=half(ranking.weights),
            by_word=half(ranking.by_word),
            by_intent=half(ranking.by_intent),
            by_vector=half(ranking.by_vector),
        )


def train(folder: Path | None = None, *, sentences: Path, seed: int = 0) -> Path:
    """Fit the ranking and write its weights; the path written.

    Args:
        folder: where to write; that of the shipped files by default.
        sentences: the folder of scripts and annotated sentences.

    Raises:
        FileNotFoundError: it has none.
    """
    path = (folder or Path(__file__).with_name("data_files")) / WEIGHTS
    write(fit(rows(sentences, Interpreter()), seed=seed), path)
    return path
