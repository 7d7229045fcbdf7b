"""Who hears in this showroom: detector, recogniser and the shop's own grammar put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .ear import Ear
from .engines import open_engine
from .errors import HearingError
from .grammar import SpokenGrammar, Stocked
from .recogniser import Complete, Recogniser
from .turn import TurnSettings
from .vad import SileroVad


@dataclass
class Hearing:
    """Makes ears that share their recognisers; for one thread.

    Attributes:
        recognisers: the first one that knows a language hears it.
        complete: whether a text is a whole command.
    """

    recognisers: tuple[Recogniser, ...]
    complete: Complete
    settings: TurnSettings = field(default_factory=TurnSettings)

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
    return Hearing(tuple(recognisers), complete)
