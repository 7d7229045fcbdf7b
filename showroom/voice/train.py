"""Rebuild the classifiers of intents and of changes from phrasings, sayings and annotations.

Needs torch and the extra ``embed`` (the sentence encoder).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .context import Context, Thing
from .data import LANGUAGES
from .embedding import embed
from .fitting import change_of
from .lexicon import Lexicon, default_lexicon
from .model import CHANGES, OPEN, WEIGHTS, IntentModel, Linear, features, log_softmax, word_features
from .phrase import Phrase, symbols
from .phrasings import Phrasings
from .regression import dense, sparse
from .resolve import Need, resolve
from .said import Said, said, sayings
from .text import normalise

OUTSIDE = "intents_snips"
"""Folder of the outside negatives (CC0) under the data folder."""
FOLDS = 3
WIDE = 4
"""How many times more sentences are drawn, and weigh, where anything may be said."""
SAID = 4.0
"""How much more a sentence counts that somebody said than one that was drawn from a template."""
_ROOM = Context(things=(Thing("tee", "t_shirt", "garment"),), worn="tee")


@dataclass(frozen=True)
class Row:
    """A training sentence.

    Attributes:
        text: as :attr:`showroom.voice.phrase.Phrase.text`; ``""`` for rows without one.
        symbols: its delexicalised form.
        intent: its class.
        change: what a fit shall change; ``""`` where it changes none.
        fold: of its file, where somebody said it; those drawn from templates have none.
    """

    text: str
    symbols: tuple[str, ...]
    intent: str
    weight: float = 1.0
    fold: int = -1
    change: str = ""


def generate(draws: int, seed: int, lexicon: Lexicon | None = None) -> list[Row]:
    """Sentences drawn from the templates, distinct within an intent and language.

    Args:
        draws: sentences to draw per intent and language, evenly over its templates.
    """
    rng = random.Random(seed)
    words = lexicon or default_lexicon()
    rows: list[Row] = []
    for language in LANGUAGES:
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            seen: dict[str, Row] = {}
            wanted = draws * (WIDE if intent == "out_of_scope" else 1)
            for index in range(max(wanted, 3 * len(templates))):
                at = index % len(templates)
                said = phrasings.sentence(templates[at])
                phrase = Phrase(tuple(words.scan(normalise(said).plain)))
                names = tuple(symbols(phrase))
                if names and phrase.text not in seen:
                    change = _change(phrase) if intent == "adjust_fit" else ""
                    seen[phrase.text] = Row(phrase.text, names, intent, change=change)
            rows += seen.values()
    return rows


def _change(phrase: Phrase) -> str:
    """What a phrase of a template changes, by the words of the lexicon."""
    outcome = resolve("adjust_fit", phrase, _ROOM)
    return OPEN if isinstance(outcome, Need) else change_of(outcome)


def natural(folder: Path, model: IntentModel) -> list[Row]:
    """What people said, as rows that count more; see :mod:`showroom.voice.said`."""
    heard: list[Said] = said(folder, model)
    files = sorted({each.group for each in heard})
    rows: list[Row] = []
    for number, each in enumerate([*heard, *sayings()]):
        fold = (files.index(each.group) if each.group in files else number) % FOLDS
        if names := tuple(symbols(each.phrase)):
            row = Row(each.phrase.text, names, each.intent, SAID, fold, each.change)
            rows.append(row)
    return rows


def outside(data: Path, limit: int, seed: int) -> list[Row]:
    """Sentences that other people said to other systems, as out of scope.

    Args:
        data: the folder that holds :data:`OUTSIDE`.

    Raises:
        FileNotFoundError: it does not.
    """
    files = sorted((data / OUTSIDE).glob("train_*.json"))
    if not files:
        raise FileNotFoundError(f"no train_*.json in {data / OUTSIDE}")
    texts: list[str] = []
    for file in files:
        for rows in json.loads(file.read_text("utf-8", errors="replace")).values():
            texts += ["".join(piece["text"] for piece in row["data"]) for row in rows]
    random.Random(seed).shuffle(texts)
    words = default_lexicon()
    out: list[Row] = []
    for text in texts[:limit]:
        phrase = Phrase(tuple(words.scan(normalise(text).plain)))
        if names := tuple(symbols(phrase)):
            out.append(Row(phrase.text, names, "out_of_scope"))
    return out


def _merged(rows: Sequence[Row]) -> list[Row]:
    """One row per delexicalised form and intent, with the root of its weight as its weight."""
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    for row in rows:
        seen[row.symbols, row.intent] += row.weight  # type: ignore[assignment]
    return [Row("", names, intent, count**0.5) for (names, intent), count in seen.items()]


def _noise(rows: list[Row], rng: random.Random) -> Iterator[Row]:
    """Sentences that are mostly unknown words, with pieces of showroom sentences in them."""
    pool = [row.symbols for row in rows if row.intent != "out_of_scope"]
    for _ in range(len(rows) // 12):
        names = ["<unk>"] * rng.randint(2, 7)
        for _ in range(rng.randint(0, 2)):
            source = rng.choice(pool)
            start = rng.randrange(len(source))
            at = rng.randint(0, len(names))
            names[at:at] = source[start : start + rng.randint(1, 2)]
        yield Row("", tuple(names), "out_of_scope")


def _unknown(rows: list[Row], rng: random.Random) -> Iterator[Row]:
    """Showroom sentences with an unknown word or two in them."""
    for row in rows:
        if row.intent != "out_of_scope" and len(row.symbols) > 2 and rng.random() < 0.3:
            noisy = list(row.symbols)
            for _ in range(rng.choice((1, 1, 2))):
                noisy.insert(rng.randint(0, len(noisy)), "<unk>")
            yield replace(row, symbols=tuple(noisy), weight=1.0)


def _balanced(labels: NDArray[np.str_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = {name: weights[labels == name].sum() for name in set(labels.tolist())}
    raised = {name: WIDE**0.5 if name == "out_of_scope" else 1.0 for name in totals}
    out = weights * np.array([raised[n] * totals[n] ** -0.5 for n in labels.tolist()])
    return np.asarray(out * len(out) / out.sum())


def fit(rows: list[Row], vectors: NDArray[np.float32], seed: int) -> IntentModel:
    """The three regressions, not yet pooled or calibrated.

    Args:
        vectors: (rows, 512) embeddings of the rows' texts.
    """
    rng = random.Random(seed)
    merged = _merged(rows)
    known = frozenset(n for row in merged if row.intent != "out_of_scope" for n in row.symbols)
    if any(row.intent == "out_of_scope" for row in rows):
        merged += _noise(merged, rng)
    merged += _unknown(merged, rng)
    classes = sorted({row.intent for row in rows})
    labels = np.array([row.intent for row in merged])
    weights = _balanced(labels, np.array([row.weight for row in merged]))
    forms = [features(row.symbols, known) for row in merged]
    first = _linear(forms, _numbered(labels, classes), weights, seed)
    targets = np.array([row.intent for row in rows])
    even = _balanced(targets, np.array([row.weight for row in rows]))
    numbered = _numbered(targets, classes)
    words = _linear([word_features(row.text) for row in rows], numbered, even, seed)
    head = dense(vectors, numbered, even, seed)
    return IntentModel(tuple(classes), first, known, words, *head, (0.5,) * 3, (0.6,) * 2)


def _linear(
    named: list[list[str]], labels: NDArray[np.int64], weights: NDArray[np.float64], seed: int
) -> Linear:
    """A regression over the features that at least three rows have."""
    seen_in = Counter(name for names in named for name in names)
    vocabulary = sorted(name for name, count in seen_in.items() if count >= 3)
    index = {name: i for i, name in enumerate(vocabulary)}
    bags = [[index[name] for name in names if name in index] for names in named]
    return Linear(index, *sparse(bags, len(vocabulary), labels, weights, seed))


def _numbered(labels: NDArray[np.str_], classes: Sequence[str]) -> NDArray[np.int64]:
    place = {name: i for i, name in enumerate(classes)}
    return np.array([place[name] for name in labels.tolist()], np.int64)


Held = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Scores of the three regressions, (3, n, classes), on what they were not fitted to, and (n,) true
classes."""


def held_out(rows: list[Row], vectors: NDArray[np.float32], fold: int, seed: int) -> Held:
    """Scores on what was said in the files of a fold, of a model that did not see those files."""
    folds = np.array([row.fold for row in rows])
    inside = np.flatnonzero(folds != fold)
    model = fit([rows[i] for i in inside], vectors[inside], seed)
    left = [i for i in np.flatnonzero(folds == fold) if rows[i].intent in model.classes]
    scores = np.stack(
        [
            np.stack([model.symbol_scores(rows[i].symbols) for i in left]),
            np.stack([model.words.scores(word_features(rows[i].text)) for i in left]),
            model.sentence_scores(vectors[left]),
        ]
    )
    return scores, np.array([model.classes.index(rows[i].intent) for i in left])


def calibrated(model: IntentModel, held: Sequence[Held]) -> IntentModel:
    """The model with the exponents that make held-out sentences likeliest (Platt, 1999)."""
    from scipy.optimize import minimize

    scores = np.concatenate([h[0] for h in held], axis=1)
    truth = np.concatenate([h[1] for h in held])
    each = np.arange(len(truth))

    def powers(count: int) -> tuple[float, ...]:
        def loss(x: NDArray[np.float64]) -> float:
            pooled = np.tensordot(x, scores[:count], axes=1)
            return float(-log_softmax(np.asarray(pooled, np.float32))[each, truth].mean())

        found = minimize(loss, np.full(count, 1.2 / count), method="Nelder-Mead")
        return tuple(float(x) for x in found.x)

    return replace(model, pool=powers(3), alone=powers(2))


def write(model: IntentModel, path: Path) -> None:
    """Write a model's weights; large ones in half precision."""
    arrays: dict[str, Any] = {"head": model.head.astype(np.float16)}
    for kind, linear in (("symbols", model.symbols), ("words", model.words)):
        arrays[f"{kind}_vocabulary"] = "\n".join(linear.vocabulary)
        arrays[f"{kind}_weights"] = linear.weights.astype(np.float16)
        arrays[f"{kind}_bias"] = linear.bias
    with path.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(model.classes),
            known="\n".join(sorted(model.known)),
            head_bias=model.head_bias,
            pool=np.array(model.pool, np.float32),
            alone=np.array(model.alone, np.float32),
            **arrays,
        )


def _trained(
    name: str, rows: list[Row], vectors: NDArray[np.float32], folds: int, seed: int
) -> IntentModel:
    """A classifier, calibrated; prints how it does on files that it did not see."""
    held = [held_out(rows, vectors, fold, seed) for fold in range(folds)]
    model = calibrated(fit(rows, vectors, seed), held)
    for scores, truth in held:
        pooled = np.tensordot(np.array(model.pool), scores, axes=1)
        shares = [np.mean(each.argmax(-1) == truth) for each in (*scores, pooled)]
        print(
            f"{name}, {len(truth)} held-out sentences right: symbols {shares[0]:.3f}, "
            f"words {shares[1]:.3f}, embeddings {shares[2]:.3f}, pool {shares[3]:.3f}"
        )
    return model


def train(
    folder: Path | None = None,
    *,
    data: Path,
    sentences: Path,
    model: IntentModel,
    draws: int = 300,
    seed: int = 0,
    folds: int = FOLDS,
) -> tuple[Path, Path]:
    """Fit and calibrate both classifiers and write their weights.

    Args:
        folder: where to write; that of the shipped files by default.
        data: the folder of outside data, for sentences that are out of scope.
        sentences: the folder of annotated sentences, see :mod:`showroom.voice.said`.
        model: the classifier of intents so far; it reads the annotations.
        folds: how many thirds of the annotated files to leave out in turn for the calibration.

    Returns:
        The paths written.

    Raises:
        FileNotFoundError: the outside data or the sentences are not there.
    """
    rows = generate(draws, seed) + outside(data, 2 * draws, seed) + natural(sentences, model)
    vectors = embed([row.text for row in rows])
    into = folder or Path(__file__).with_name("data_files")
    paths = into / WEIGHTS, into / CHANGES
    write(_trained("intents", rows, vectors, folds, seed), paths[0])
    at = [i for i, row in enumerate(rows) if row.change]
    changing = [replace(rows[i], intent=rows[i].change) for i in at]
    write(_trained("changes", changing, vectors[at], folds, seed), paths[1])
    return paths
