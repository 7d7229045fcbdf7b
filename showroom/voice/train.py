"""Rebuild the intent classifier from the phrasings; needs the extra ``train`` (scikit-learn)."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .data import LANGUAGES, anatomy, read
from .lexicon import Lexicon, default_lexicon
from .model import WEIGHTS, features
from .phrase import Phrase, symbols
from .text import normalise

_PIECE = re.compile(r"[(\[|)\]]|\{[^}]*\}|\?|[^(\[|)\]{?]+")
_SLOT_KINDS = (
    "part",
    "category",
    "kind",
    "color",
    "size",
    "change",
    "adjective",
    "option",
    "foreign",
)


class Phrasings:
    """The templates of one language, and how to fill them."""

    def __init__(self, language: str, rng: random.Random) -> None:
        self._rng = rng
        templates: dict[str, Any] = read(f"{language}/phrasings.yaml")
        slots: dict[str, list[str]] = templates.pop("slots")
        lexicon: dict[str, dict[str, list[str]]] = read(f"{language}/lexicon.yaml")
        body = anatomy()
        fill: dict[str, list[str]] = {k: [str(v) for v in vs] for k, vs in slots.items()}
        for kind in _SLOT_KINDS:
            fill[kind] = [str(f) for forms in lexicon[kind].values() for f in forms]
        fill["dir"] = ["left", "right", "forward", "back", "forwards", "backwards", "up", "down"]
        groups = {"gpart": "garment_parts", "fpart": "furniture_parts"}
        for slot, group in groups.items():
            fill[slot] = [str(f) for p in body[group] for f in lexicon["part"].get(p, ())]
        for slot in ("garment", "furniture"):
            names = body["garments" if slot == "garment" else "furniture"]
            fill[slot] = [str(f) for c in names for f in lexicon["category"].get(c, ())]
        self._fill = fill
        self.templates: dict[str, list[str]] = templates

    def sentence(self, template: str) -> str:
        """A random sentence of a template."""
        text, _ = self._expand(_PIECE.findall(template), 0, "")
        return re.sub(r"\s+", " ", text).strip()

    def _expand(self, pieces: list[str], at: int, close: str) -> tuple[str, int]:
        options = [""]
        while at < len(pieces):
            piece = pieces[at]
            at += 1
            if piece == close:
                break
            if piece == "|":
                options.append("")
            elif piece in "([":
                inner, at = self._expand(pieces, at, ")" if piece == "(" else "]")
                optional = piece == "["
                if at < len(pieces) and pieces[at] == "?":
                    optional, at = True, at + 1
                options[-1] += "" if optional and self._rng.random() < 0.5 else inner
            elif piece.startswith("{"):
                options[-1] += self._rng.choice(self._fill[piece[1:-1]])
            elif piece != "?":
                options[-1] += piece
        return self._rng.choice(options), at


Row = tuple[list[str], str, float]
"""Symbols, intent, weight."""


def generate(draws: int, seed: int, lexicon: Lexicon | None = None) -> list[Row]:
    """Delexicalised training phrases, distinct within an intent and language.

    Args:
        draws: sentences to draw per intent and language, evenly over its templates.

    Returns:
        Each phrase with the square root of how often it came up as its weight.
    """
    rng = random.Random(seed)
    words = lexicon or default_lexicon()
    rows: list[Row] = []
    for language in LANGUAGES:
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            seen: Counter[tuple[str, ...]] = Counter()
            for index in range(draws):
                text = normalise(phrasings.sentence(templates[index % len(templates)]))
                names = symbols(Phrase(tuple(words.scan(text.plain))))
                seen[tuple(names)] += 1
            rows += [(list(n), intent, count**0.5) for n, count in seen.items() if n]
    return rows


def _noise(rows: list[Row], rng: random.Random) -> list[Row]:
    """Sentences that are mostly unknown words, with pieces of showroom sentences in them."""
    pool = [names for names, intent, _ in rows if intent != "out_of_scope"]
    out: list[Row] = []
    for _ in range(len(rows) // 8):
        names = ["<unk>"] * rng.randint(2, 7)
        for _ in range(rng.randint(0, 2)):
            source = rng.choice(pool)
            start = rng.randrange(len(source))
            piece = source[start : start + rng.randint(1, 2)]
            at = rng.randint(0, len(names))
            names[at:at] = piece
        out.append((names, "out_of_scope", 1.0))
    return out


def _unknown(rows: list[Row], rng: random.Random) -> list[Row]:
    """Showroom sentences with an unknown word or two in them."""
    out: list[Row] = []
    for names, intent, _ in rows:
        if intent != "out_of_scope" and len(names) > 2 and rng.random() < 0.25:
            noisy = list(names)
            for _ in range(rng.choice((1, 1, 2))):
                noisy.insert(rng.randint(0, len(noisy)), "<unk>")
            out.append((noisy, intent, 1.0))
    return out


def train(
    path: Path | None = None, *, draws: int = 1500, seed: int = 0, temperature: float = 1.0
) -> Path:
    """Fit the classifier on generated phrases and write its weights.

    Args:
        path: where to write; the shipped file by default.

    Returns:
        The path written.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,import-not-found,unused-ignore]

    rng = random.Random(seed)
    rows = generate(draws, seed)
    said = (name for names, intent, _ in rows if intent != "out_of_scope" for name in names)
    known = frozenset(said)
    rows += _noise(rows, rng) + _unknown(rows, rng)
    seen_in = Counter(f for names, _, _ in rows for f in features(names, known))
    vocabulary = sorted(f for f, n in seen_in.items() if n >= 4)
    index = {f: i for i, f in enumerate(vocabulary)}
    indices: list[int] = []
    pointers = [0]
    data: list[float] = []
    for names, _, _ in rows:
        found = [index[f] for f in features(names, known) if f in index]
        indices += found
        data += [1.0 / max(1.0, len(found)) ** 0.5] * len(found)
        pointers.append(len(indices))
    matrix = csr_matrix((data, indices, pointers), shape=(len(rows), len(vocabulary)))
    labels = np.array([intent for _, intent, _ in rows])
    weights = np.array([weight for _, _, weight in rows])
    totals = {name: weights[labels == name].sum() for name in set(labels.tolist())}
    weights *= np.array([totals[name] ** -0.5 for name in labels.tolist()])
    weights *= len(rows) / weights.sum()
    fitted = LogisticRegression(C=30.0, max_iter=150).fit(matrix, labels, sample_weight=weights)
    target = path or Path(__file__).with_name("data_files") / WEIGHTS
    with target.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(fitted.classes_),
            vocabulary="\n".join(vocabulary),
            known="\n".join(sorted(known)),
            weights=fitted.coef_.T.astype(np.float16),
            bias=fitted.intercept_.astype(np.float32),
            temperature=np.float32(temperature),
        )
    return target
