"""Who hears in this showroom: detector, recogniser and the shop's own grammar put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..voice import Interpreter
from .audio import Samples
from .ear import Ear
from .engines import engine_languages, open_engine
from .errors import HearingError
from .grammar import SpokenGrammar, Stocked
from .open_end import MEASURED, ends_in_number, ends_open
from .recogniser import Complete, Recogniser
from .speech import EspeakVoice, Voice, can_speak
from .turn import TurnSettings
from .vad import PACKAGE, SileroVad, model_file


@dataclass
class Hearing:
    """Makes ears that share their recognisers; for one thread.

    Attributes:
        recognisers: the first one that knows a language hears it.
        complete: whether a text is a whole command.
        voice: says replies, where one is installed.
    """

    recognisers: tuple[Recogniser, ...]
    complete: Complete
    voice: Voice | None = None
    settings: TurnSettings = field(default_factory=TurnSettings)

    def say(self, text: str, lang: str) -> Samples:
        """A reply as samples; none where no voice is installed."""
        if self.voice is None:
            return np.zeros(0, dtype=np.int16)
        return self.voice.say(text, lang)

    def ear(self, lang: str = "en") -> Ear:
        """A new stream's ear.

        Raises:
            HearingError: nobody here hears that language.
        """
        short = "zh" if lang.lower().startswith("zh") else lang.lower()[:2] or "en"
        for recogniser in self.recognisers:
            if short in recogniser.languages:
                return Ear(
                    SileroVad(),
                    recogniser,
                    lang=short,
                    complete=self.complete,
                    settings=self.settings,
                )
        heard = sorted({name for r in self.recognisers for name in r.languages})
        raise HearingError(
            "no recogniser for that language is installed here; send the text that the headset or "
            "phone recognises, or open an engine with your own weights",
            field="lang",
            expected=", ".join(heard),
            got=lang,
            code="not_ready",
        )


def complete_for(interpreter: Interpreter) -> Complete:
    """Whether a text is a whole command, by who understands it.

    What lacks nothing but a context ("longer") is whole; what wants a question back may go on, and
    so may what ends in a word that more has to follow ("longer by", "make it red and").
    """

    def complete(text: str, lang: str) -> bool:
        if ends_open(text, lang):
            return False
        understood = interpreter.understand(text, lang)
        measured = any(command.action in MEASURED for command in understood.commands)
        if measured and ends_in_number(text, lang):
            return False
        whole = understood.intent not in ("clarify", "out_of_scope")
        return whole or understood.problem == "no_context"

    # The first sentence loads the encoder, about a second: now, not in the first visitor's pause.
    complete("undo that", "en")
    return complete


def heard_languages(engine: str = "", weights: Path | None = None) -> tuple[str, ...]:
    """What :func:`open_hearing` would hear, without loading it; empty where packages are missing.

    Raises:
        HearingError: the engine cannot be opened.
    """
    if any(find_spec(package) is None for package in ("onnxruntime", PACKAGE)):
        if engine:
            model_file()  # says what is missing
        return ()
    heard = set(engine_languages(engine, weights)) if engine else set()
    if find_spec("pocketsphinx") is not None:
        heard.add("en")
    return tuple(sorted(heard))


def open_hearing(
    stock: Iterable[Stocked],
    complete: Complete,
    *,
    engine: str = "",
    weights: Path | None = None,
) -> Hearing:
    """Load what hears; takes about a second.

    Args:
        stock: the catalogue's products, for the embedded recogniser's grammar.
        complete: whether a text in a language is a whole command.
        engine: an optional engine's name (:data:`showroom.hearing.engines.ENGINES`) that comes
            before the embedded one.
        weights: the folder of its weights.

    Raises:
        HearingError: a package or weights are missing; the message says which.
    """
    from .sphinx import SphinxRecogniser

    recognisers: list[Recogniser] = []
    if engine:
        recognisers.append(open_engine(engine, weights))
    if not any("en" in r.languages for r in recognisers):
        recognisers.append(SphinxRecogniser(SpokenGrammar(stock)))
    voice = EspeakVoice() if can_speak() else None
    return Hearing(tuple(recognisers), complete, voice)
