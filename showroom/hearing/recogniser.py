"""What a recogniser is: audio of one turn in, words out. Engines stand in ``engines``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .audio import Samples


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was heard.

    Attributes:
        text: lower case, without punctuation where the engine writes none; ``""``: nothing.
        confidence: 0 to 1.
        reason: why ``text`` is empty: ``"off_grammar"``, ``"noise"``, ``"silence"``; or why it is
            no command yet: ``"unfinished"``.
        closed: the recogniser knows that ``text`` is a whole sentence to which nothing can be added
            but a "please"; only one with a grammar does.
    """

    text: str
    confidence: float = 1.0
    reason: str = ""
    closed: bool = False


NOTHING = Hypothesis("", 0.0, "silence")


class Stream(Protocol):
    """One turn. Samples are 16 kHz mono; the first ones are the pre-roll."""

    def accept(self, samples: Samples) -> None:
        """Take the next samples; quick."""

    def partial(self, *, paused: bool = False) -> Hypothesis:
        """The words so far; may change.

        Args:
            paused: the speaker has stopped, perhaps for good; it is worth an effort.
        """

    def final(self) -> Hypothesis:
        """The words; the stream takes no more."""


class Recogniser(Protocol):
    """Makes streams; shared by visits, used from one thread.

    Attributes:
        name: such as ``"pocketsphinx"``.
        languages: what it hears, ``"en"``, ``"zh"``.
    """

    @property
    def name(self) -> str: ...

    @property
    def languages(self) -> tuple[str, ...]: ...

    def stream(self, lang: str = "") -> Stream: ...


Complete = Callable[[str, str], bool]
"""Whether a text in a language is a whole command: the understanding's word on a pause."""
