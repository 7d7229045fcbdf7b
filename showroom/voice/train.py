"""Rebuild the intent classifier from the phrasings.

Needs torch and the extra ``embed`` (the sentence encoder).
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .data import LANGUAGES
from .embedding import embed
from .lexicon import Lexicon, default_lexicon
from .model import WEIGHTS, IntentModel, features, log_softmax
from .phrase import Phrase, symbols
from .phrasings import Phrasings
from .text import normalise

if TYPE_CHECKING:
    import torch

OUTSIDE = "intents_snips"
"""Folder of the outside negatives (CC0) under the data folder."""
FOLDS = 3
WIDE = 4
"""How many times more sentences are drawn, and weigh, where anything may be said."""


@dataclass(frozen=True)
class Row:
    """A training sentence.

    Attributes:
        text: as :attr:`showroom.voice.phrase.Phrase.text`; ``""`` for rows without one.
        symbols: its delexicalised form.
        fold: of its template; all sentences of a template share one.
    """

    text: str
    symbols: tuple[str, ...]
    intent: str
    weight: float = 1.0
    fold: int = 0


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
                    seen[phrase.text] = Row(phrase.text, names, intent, 1.0, at % FOLDS)
            rows += seen.values()
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
    said: list[str] = []
    for file in files:
        for rows in json.loads(file.read_text("utf-8", errors="replace")).values():
            said += ["".join(piece["text"] for piece in row["data"]) for row in rows]
    random.Random(seed).shuffle(said)
    words = default_lexicon()
    out: list[Row] = []
    for number, text in enumerate(said[:limit]):
        phrase = Phrase(tuple(words.scan(normalise(text).plain)))
        if names := tuple(symbols(phrase)):
            out.append(Row(phrase.text, names, "out_of_scope", 1.0, number % FOLDS))
    return out


def _merged(rows: Sequence[Row]) -> list[Row]:
    """One row per delexicalised form and intent, with the root of its count as its weight."""
    seen: Counter[tuple[tuple[str, ...], str]] = Counter((r.symbols, r.intent) for r in rows)
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
    """Both regressions, not yet pooled or calibrated.

    Args:
        vectors: (rows, 512) embeddings of the rows' texts.
    """
    rng = random.Random(seed)
    merged = _merged(rows)
    known = frozenset(n for row in merged if row.intent != "out_of_scope" for n in row.symbols)
    merged += [*_noise(merged, rng), *_unknown(merged, rng)]
    named = [features(row.symbols, known) for row in merged]
    seen_in = Counter(name for names in named for name in names)
    vocabulary = sorted(name for name, count in seen_in.items() if count >= 3)
    index = {name: i for i, name in enumerate(vocabulary)}
    bags = [[index[name] for name in names if name in index] for names in named]
    classes = sorted({row.intent for row in rows})
    labels = np.array([row.intent for row in merged])
    weights = _balanced(labels, np.array([row.weight for row in merged]))
    first = _sparse(bags, len(vocabulary), _numbered(labels, classes), weights, seed)
    targets = np.array([row.intent for row in rows])
    even = _balanced(targets, np.ones(len(rows)))
    head = _dense(vectors, _numbered(targets, classes), even, seed)
    return IntentModel(tuple(classes), index, known, *first, *head, (1.0, 1.0), 1.0)


def _numbered(labels: NDArray[np.str_], classes: Sequence[str]) -> NDArray[np.int64]:
    place = {name: i for i, name in enumerate(classes)}
    return np.array([place[name] for name in labels.tolist()], np.int64)


Fitted = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights (inputs, classes) and biases (classes,) of a multinomial logistic regression."""


def _sparse(
    bags: list[list[int]],
    width: int,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    seed: int,
) -> Fitted:
    """A regression over bags of features, each bag scaled to unit length."""
    import torch

    lengths = torch.tensor([len(bag) for bag in bags])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
    flat = torch.tensor([i for bag in bags for i in bag], dtype=torch.long)
    table = torch.nn.Embedding(width, int(labels.max()) + 1)
    torch.nn.init.zeros_(table.weight)

    def scores(rows: torch.Tensor) -> torch.Tensor:
        counts = lengths[rows]
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), counts.cumsum(0)[:-1]])
        within = torch.arange(int(counts.sum())) - offsets.repeat_interleave(counts)
        picked = flat[starts[rows].repeat_interleave(counts) + within]
        total = torch.nn.functional.embedding_bag(picked, table.weight, offsets, mode="sum")
        return total / counts.clamp(min=1).sqrt()[:, None]

    bias = _descend(scores, [table.weight], labels, weights, seed, rate=0.05)
    return table.weight.detach().numpy(), bias


def _dense(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64], seed: int
) -> Fitted:
    """A regression over vectors."""
    import torch

    inputs = torch.from_numpy(vectors)
    matrix = torch.zeros(vectors.shape[1], int(labels.max()) + 1, requires_grad=True)
    bias = _descend(lambda rows: inputs[rows] @ matrix, [matrix], labels, weights, seed, rate=0.03)
    return matrix.detach().numpy(), bias


def _descend(
    scores: Callable[[torch.Tensor], torch.Tensor],
    parameters: list[torch.Tensor],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    seed: int,
    *,
    rate: float,
    epochs: int = 14,
    batch: int = 256,
    decay: float = 2e-6,
) -> NDArray[np.float32]:
    """Fit parameters and a bias by Adam on the weighted cross entropy; hands back the bias."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    truth, share = torch.from_numpy(labels), torch.from_numpy(weights.astype(np.float32))
    bias = torch.zeros(int(labels.max()) + 1, requires_grad=True)
    steps = epochs * (len(labels) // batch + 1)
    optimiser = torch.optim.Adam([*parameters, bias], lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels), generator=generator).split(batch):
            loss = torch.nn.functional.cross_entropy(
                scores(rows) + bias, truth[rows], reduction="none"
            )
            total = (loss * share[rows]).mean()
            total = total + decay * sum(p.square().sum() for p in parameters)
            optimiser.zero_grad()
            total.backward()  # type: ignore[no-untyped-call,unused-ignore]
            optimiser.step()
            schedule.step()
    return np.asarray(bias.detach().numpy(), np.float32)


Held = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
"""Scores of both regressions, (n, classes) each, on sentences that they were not fitted to, and
their true classes."""


def held_out(rows: list[Row], vectors: NDArray[np.float32], fold: int, seed: int) -> Held:
    """Scores of a model that did not see the templates of a fold, on a sample of that fold."""
    folds = np.array([row.fold for row in rows])
    inside = np.flatnonzero(folds != fold)
    model = fit([rows[i] for i in inside], vectors[inside], seed)
    left = np.flatnonzero(folds == fold)
    rng = np.random.default_rng(seed)
    picked = rng.choice(left, min(len(left), 6000), replace=False)
    return (
        np.stack([model.symbol_scores(rows[i].symbols) for i in picked]),
        model.sentence_scores(vectors[picked]),
        np.array([model.classes.index(rows[i].intent) for i in picked]),
    )


def calibrated(model: IntentModel, held: Sequence[Held]) -> IntentModel:
    """The model with the exponents that make held-out sentences likeliest (Platt, 1999)."""
    from scipy.optimize import minimize

    first = np.concatenate([h[0] for h in held])
    second = np.concatenate([h[1] for h in held])
    truth = np.concatenate([h[2] for h in held])
    each = np.arange(len(truth))

    def loss(powers: NDArray[np.float64]) -> float:
        pooled = powers[0] * first + powers[1] * second
        return float(-log_softmax(np.asarray(pooled, np.float32))[each, truth].mean())

    both = minimize(loss, np.array([0.6, 0.6]), method="Nelder-Mead").x
    alone = minimize(lambda p: loss(np.array([p[0], 0.0])), np.array([0.8]), method="Nelder-Mead").x
    return replace(model, pool=(float(both[0]), float(both[1])), alone=float(alone[0]))


def write(model: IntentModel, path: Path) -> None:
    """Write a model's weights; large ones in half precision."""
    half: dict[str, Any] = {
        "weights": model.weights.astype(np.float16),
        "head": model.head.astype(np.float16),
    }
    with path.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(model.classes),
            vocabulary="\n".join(model.vocabulary),
            known="\n".join(sorted(model.known)),
            bias=model.bias,
            head_bias=model.head_bias,
            pool=np.array(model.pool, np.float32),
            alone=np.float32(model.alone),
            **half,
        )


def train(
    path: Path | None = None, *, data: Path, draws: int = 500, seed: int = 0, folds: int = 2
) -> Path:
    """Fit and calibrate the classifier and write its weights.

    Args:
        path: where to write; the shipped file by default.
        data: the folder of outside data, for sentences that are out of scope.
        folds: how many thirds of the templates to leave out in turn for the calibration.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: the outside data is not there.
    """
    rows = generate(draws, seed) + outside(data, 2 * draws, seed)
    vectors = embed([row.text for row in rows])
    held = [held_out(rows, vectors, fold, seed) for fold in range(folds)]
    model = calibrated(fit(rows, vectors, seed), held)
    for first, second, truth in held:
        pooled = model.pool[0] * first + model.pool[1] * second
        shares = [np.mean(scores.argmax(1) == truth) for scores in (first, second, pooled)]
        print(
            f"held-out templates, intent accuracy: symbols {shares[0]:.3f}, "
            f"sentences {shares[1]:.3f}, both {shares[2]:.3f}"
        )
    target = path or Path(__file__).with_name("data_files") / WEIGHTS
    write(model, target)
    return target
