"""Recognisers that a shop can bring its own weights for; each an extra of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ..errors import HearingError
from ..optional import ENGINES
from ..recogniser import Recogniser
from .languages import languages_of

MULTILINGUAL = 51_865
"""Tokens of Whisper's vocabulary from which on it is not the English-only one."""


def check_engine(name: str, weights: Path | None) -> Path:
    """The folder of weights, if an engine can be opened with it.

    Raises:
        HearingError: no such engine, or its package or weights are missing.
    """
    engine = ENGINES.get(name)
    if engine is None:
        raise HearingError(
            "there is no such engine",
            field="engine",
            expected=", ".join(ENGINES),
            got=name,
            code="not_ready",
        )
    if not engine.installed:
        raise HearingError(
            f"{name} is not installed; install it with: pip install 'showroom[{engine.extra}]'",
            field="engine",
            expected=engine.package,
            got="none",
            code="not_ready",
        )
    lack = "no folder of weights was named" if weights is None else engine.missing(weights)
    if weights is None or lack:
        raise HearingError(
            f"{name} needs weights of your own: {lack}",
            field="weights",
            expected=" or ".join(" + ".join(form) for form in engine.files),
            got=str(weights),
            code="not_ready",
        )
    return weights


def engine_languages(name: str, weights: Path | None) -> tuple[str, ...]:
    """What an engine's weights hear, by the files that name their words.

    Raises:
        HearingError: as :func:`check_engine`.
    """
    folder = check_engine(name, weights)
    if name == "whisper":
        return ("en", "zh") if _multilingual(folder) else ("en",)
    for words in ("tokens.txt", "graph/words.txt", "words.txt"):
        if (folder / words).is_file():
            return languages_of(folder / words)
    return ("en",)


def open_engine(name: str, weights: Path | None) -> Recogniser:
    """Open an engine with a folder of weights.

    Raises:
        HearingError: as :func:`check_engine`; weights that do not load.
    """
    folder = check_engine(name, weights)
    opener: Callable[[Path], Recogniser] = import_module(f".{name}", __package__).open_weights
    try:
        return opener(folder)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise HearingError(
            f"{name} cannot load these weights: {error}",
            field="weights",
            expected=f"weights for {ENGINES[name].package}",
            got=str(folder),
            code="not_ready",
        ) from error
    except Exception as error:  # vosk raises a bare Exception
        if type(error) is not Exception:
            raise
        raise HearingError(
            f"{name} cannot load these weights",
            field="weights",
            expected=f"weights for {ENGINES[name].package}",
            got=str(folder),
            code="not_ready",
        ) from error


def _multilingual(folder: Path) -> bool:
    """Whether Whisper's weights know other languages: CTranslate2 tells it by the vocabulary."""
    text, listed = folder / "vocabulary.txt", folder / "vocabulary.json"
    if text.is_file():
        count = text.read_text(encoding="utf-8", errors="replace").count("\n") + 1
    elif listed.is_file():
        count = len(json.loads(listed.read_text(encoding="utf-8")))
    else:
        return True
    return count >= MULTILINGUAL
