"""Rebuild the second reader: gather its sentences, train its network, write its weights.

Needs torch and the extra ``embed`` (the sentence encoder); a GPU if there is one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .embedding import encoder_arrays
from .interpreter import Interpreter
from .reader import Reader
from .reader_arrays import Schema, labelled, packed, schema_of
from .reader_data import Example, Sentence, drawn, example, joined, people, varied
from .second import WEIGHTS
from .second_train import cases, crossed, fitted, outcome
from .train import OUTSIDE

VARIED, JOINED, DRAWN = 5, 1, 250
"""Copies of each sentence with other words, pairs of sentences per sentence, and sentences drawn
per template intent and language."""
ENOUGH = 0.45
"""How probable a reading must be for a change to be carried out; below, a question is asked."""
_WEIGHTS = {"people": 1.0, "varied": 0.5, "joined": 0.4, "drawn": 0.25, "outside": 0.25}


def gathered(
    folders: Sequence[Path], engine: Interpreter, *, data: Path | None, seed: int = 0
) -> list[Example]:
    """All examples; those made from people's sentences keep the group of those."""
    rng = random.Random(seed)
    said = people(folders)
    out: list[Example] = []

    def add(sentences: Sequence[Sentence], kind: str) -> None:
        made = (example(each, engine, _WEIGHTS[kind]) for each in sentences)
        out.extend(each for each in made if each is not None)

    add(said, "people")
    for _ in range(VARIED):
        add(list(varied(said, engine, rng)), "varied")
    rooms: dict[object, list[Sentence]] = {}
    for each in said:
        rooms.setdefault((each.group, each.lang, each.context.things), []).append(each)
    pairs = []
    for each in said:
        for _ in range(JOINED):
            other = rng.choice(rooms[each.group, each.lang, each.context.things])
            made = joined(each, other, rng)
            pairs += [made] if made is not None else []
    add(list(varied(pairs, engine, rng)), "joined")
    own = [s for s in said if s.context.things]
    add(list(drawn(DRAWN, own, engine, rng)), "drawn")
    if data is not None:
        add(list(_outside(data, 1000, rng, own)), "outside")
    return out


def _outside(
    data: Path, limit: int, rng: random.Random, rooms: Sequence[Sentence]
) -> list[Sentence]:
    """Sentences that other people said to other systems, as out of scope."""
    texts: list[str] = []
    for file in sorted((data / OUTSIDE).glob("train_*.json")):
        for rows in json.loads(file.read_text("utf-8", errors="replace")).values():
            texts += ["".join(piece["text"] for piece in row["data"]) for row in rows]
    rng.shuffle(texts)
    return [
        Sentence(text, rng.choice(rooms).context, "out_of_scope", (), "", "en")
        for text in texts[:limit]
    ]


def arrays_of(examples: Sequence[Example], schema: Schema | None = None) -> dict[str, NDArray[Any]]:
    """Everything that training needs, as arrays: examples, names, and the encoder's weights.

    ``groups`` names the groups, ``group`` (n,) which one an example is of (-1 for none), and
    ``first`` (n,) whether it is somebody's own sentence.
    """
    seen = [e.seen for e in examples]
    intents = [e.intent for e in examples]
    frames = [e.frame for e in examples]
    names = schema or schema_of(seen, intents, frames)
    out = packed(seen, names)
    out |= labelled(seen, [e.tokens for e in examples], intents, frames, names)
    out |= names.arrays()
    groups = sorted({e.sentence.group for e in examples if e.sentence.group})
    out["groups"] = np.array("\n".join(groups))
    place = {g: i for i, g in enumerate(groups)}
    out["group"] = np.array([place.get(e.sentence.group, -1) for e in examples], np.int16)
    out["weight"] = np.array([e.weight for e in examples], np.float32)
    out["first"] = out["weight"] == _WEIGHTS["people"]
    used, out["pieces"] = np.unique(out["pieces"], return_inverse=True)
    out["pieces"] = out["pieces"].astype(np.uint16)
    return out | encoder_arrays(used)


FOLDS = (
    ("dev19", "conversations_dev5"),
    ("dev16", "dev12", "conversations_dev4"),
    ("dev17", "conversations_dev6"),
    ("dev18", "dev13"),
    ("dev20", "dev15", "dev14"),
)
"""Files that are left out together, so that a reader can be tried on writers that it has not read;
what the lexicon's author wrote is always learned from."""


def train(
    folder: Path | None = None,
    *,
    data: Path | None,
    sentences: Path,
    minutes: float = 30.0,
    seed: int = 0,
) -> Path:
    """Train the reader, fit the second opinion by readers that leave files out, write both.

    Args:
        folder: where to write; that of the shipped files by default.
        data: the folder of outside data, for sentences that are out of scope.
        sentences: the folder of annotated sentences, with the grammar's first readings of some.
        minutes: how long to train in all; every network gets the same share.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: the sentences are not there.
    """
    import torch

    from .reader_net import Plan, weights_of
    from .reader_net import train as fit

    plan = Plan(seed=seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    engine = Interpreter(second=False)
    arrays = arrays_of(gathered([sentences], engine, data=data, seed=seed))
    groups = str(arrays["groups"]).split("\n")
    share = 60 * minutes / (len(FOLDS) + 1)
    readers: list[dict[str, Any]] = []
    for held in (*FOLDS, ()):
        left = np.isin(arrays["group"], [i for i, name in enumerate(groups) if name in held])
        print(f"leaving out {', '.join(held) or 'nothing'}: {int((~left).sum())} sentences")
        net, encoder = fit(arrays, np.flatnonzero(~left), plan, device, share)
        readers.append(weights_of(net, encoder if plan.tuned else None))
    return finished(readers, schema_arrays(arrays), sentences, folder)


def finished(
    readers: Sequence[dict[str, Any]],
    schema: dict[str, NDArray[Any]],
    sentences: Path,
    folder: Path | None = None,
) -> Path:
    """Fit the second opinion and write it with the last of the readers.

    Args:
        readers: weights of one reader per fold of :data:`FOLDS`, and of one that has read all.
    """
    tried = [Reader(schema | weights) for weights in readers[:-1]]
    place = {name: i for i, held in enumerate(FOLDS) for name in held}
    some = cases(sentences, lambda group: tried[place[group]], Interpreter(second=False))
    chances = crossed(some)
    for kind in ("dev", "conversations"):
        at = [i for i, c in enumerate(some) if c.group.startswith(kind)]
        x, p = [some[i] for i in at], [chances[i] for i in at]
        print(f"{kind}, grammar alone: {outcome(x, None)}")
        print(f"{kind}, with the second opinion: {outcome(x, p, ENOUGH)}")
    path = (folder or Path(__file__).with_name("data_files")) / WEIGHTS
    second: dict[str, Any] = {"second": fitted(some), "second at": np.array(ENOUGH)}
    second |= {**schema, **readers[-1]}
    with path.open("wb") as stream:
        np.savez_compressed(stream, **second)
    return path


def schema_arrays(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The names among training arrays."""
    return Schema.read(arrays).arrays()
