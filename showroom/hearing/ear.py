"""One visitor's ear: a stream of samples in; begun turns, partial and final transcripts out.

It keeps at most one turn of audio, in memory, and drops it with the turn. There is no clock in it
but the audio's own, and no thread; the caller decides where it runs.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .audio import RATE, Samples, clipped, overdriven
from .errors import HearingError
from .recogniser import NOTHING, Complete, Hypothesis, Recogniser, Stream
from .turn import TurnSettings, TurnTaker
from .vad import WINDOW, VoiceActivity

STEP = WINDOW / RATE
FIRST_PARTIAL = 0.64
"""Seconds of a turn before the first look at its words."""
PARTIAL_EVERY = 0.2
"""Seconds of speech between two looks at the words so far, at least."""
PARTIAL_SHARE = 4.0
"""A look that took long is followed by a wait of so many times its length."""


@dataclass(frozen=True, slots=True)
class Report:
    """Something that the ear has to tell.

    Attributes:
        kind: ``"begin"``: a turn began; ``"partial"``; ``"final"``: the turn ended, with ``text``
            or with a ``reason`` why there is none; ``"error"``: it ended and cannot be used.
        stability: how likely a partial text stays as it is, 0 to 1; 1 for a final one.
        barged: the turn began over a reply.
        at: seconds of audio heard so far.
    """

    kind: Literal["begin", "partial", "final", "error"]
    at: float
    text: str = ""
    confidence: float = 0.0
    stability: float = 0.0
    reason: str = ""
    barged: bool = False
    error: HearingError | None = None


class Ear:
    """Hears one stream.

    Args:
        vad: a detector of its own.
        recogniser: may be shared with other ears of the same thread.
        lang: what is spoken, as far as known.
        complete: whether a text is a whole command; without it every pause is a long one.
        settings: of turns.
        partials: tell the words while they are spoken; costs a decoding each time.
        clock: seconds, to see what looking at the words costs.
    """

    def __init__(
        self,
        vad: VoiceActivity,
        recogniser: Recogniser,
        *,
        lang: str = "en",
        complete: Complete = lambda text, lang: False,
        settings: TurnSettings | None = None,
        partials: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.lang = lang
        self._partials = partials
        self._clock = clock
        self._vad = vad
        self._recogniser = recogniser
        self._complete = complete
        self._turn = TurnTaker(settings)
        self._rest = np.zeros(0, dtype=np.int16)
        kept = self._turn.settings.preroll + self._turn.settings.barge_in + 2 * STEP
        self._before: deque[Samples] = deque(maxlen=int(kept / STEP))
        self._windows = 0
        self._turns = 0
        self._stream: Stream | None = None
        self._text = ""
        self._forget()

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._turn.speaking

    @property
    def playing(self) -> bool:
        """Whether a reply is being played, so that only sustained speech counts."""
        return self._turn.playing

    @playing.setter
    def playing(self, playing: bool) -> None:
        self._turn.playing = playing

    def accept(self, samples: Samples) -> list[Report]:
        """Take the next samples, any number of them."""
        reports: list[Report] = []
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // WINDOW * WINDOW
        self._rest = joined[whole:]
        for window in joined[:whole].reshape(-1, WINDOW):
            reports += self._window(window)
        return reports

    def finish(self) -> list[Report]:
        """The stream ends: an open turn ends with it.

        Returns:
            The final report of a turn that was open; where nobody spoke at all, one whose
            ``reason`` is ``"silence"``.
        """
        reports: list[Report] = []
        if self._turn.speaking:
            reports = [self._ended()]
        elif not self._turns:
            reports = [self._report("final", reason="silence")]
        self.cancel()
        return reports

    def cancel(self) -> None:
        """Drop what was heard, as if nobody had spoken."""
        self._turn.reset()
        self._vad.reset()
        self._turns = 0
        self._before.clear()
        self._rest = self._rest[:0]
        self._forget()

    def tear(self) -> list[Report]:
        """Samples are missing from here on: what was being said is not known whole, and dropped.

        Returns:
            The final report of a turn that was open, whose ``reason`` is ``"lost"``.
        """
        reports = [self._report("final", reason="lost")] if self._turn.speaking else []
        turns = self._turns
        self.cancel()
        self._turns = turns
        self._turn.wait_for_pause()
        return reports

    def _window(self, window: Samples) -> list[Report]:
        self._windows += 1
        step = self._turn.step(self._vad.probability(window), STEP)
        match step:
            case "quiet":
                self._before.append(window)
                return []
            case "begin":
                return [self._begun(window)]
            case "speech":
                self._feed(window)
                return self._look_now_and_then()
            case "pause":
                return self._paused(window)
            case "end":
                return [self._ended()]
        longest = self._turn.settings.longest
        self._forget()
        error = HearingError(
            "that was too long for a command; say it in one or two sentences",
            field="duration",
            expected=f"at most {longest:g} s",
            got="more",
            code="too_large",
        )
        return [self._report("error", error=error)]

    def _begun(self, window: Samples) -> Report:
        self._turns += 1
        settings = self._turn.settings
        spoken = settings.barge_in if self._turn.playing else settings.onset
        count = round((settings.preroll + spoken) / STEP)
        self._stream = self._recogniser.stream(self.lang)
        for before in list(self._before)[-count:]:
            self._feed(before)
        self._before.clear()
        self._feed(window)
        return self._report("begin", barged=self._turn.playing)

    def _feed(self, window: Samples) -> None:
        assert self._stream is not None
        for part in (*self._held, window):
            self._stream.accept(part)
            self._samples += len(part)
            self._clipped += clipped(part)
        self._held.clear()

    def _paused(self, window: Samples) -> list[Report]:
        turn = self._turn
        if turn.pause < turn.settings.look:
            self._feed(window)
            # What was said is decoded by the time that it is looked at.
            return self._told(self._partial()) if self._partials else []
        # The tail after a look is held back: it is silence, unless speech goes on.
        if turn.complete is None:
            self._feed(window)
            heard = self._partial(paused=True)
            turn.complete = self._over(heard)
            turn.closed = turn.complete and heard.closed
            return self._told(heard)
        self._held.append(window)
        return []

    def _over(self, heard: Hypothesis) -> bool:
        """Whether the words so far are a whole command.

        The recogniser comes first, where it has a grammar: what may not end here goes on, and what
        can only end here is over, even if it takes a question back. The rest is asked of who
        understands.
        """
        if not heard.text or heard.reason:
            return False
        return heard.closed or self._complete(heard.text, self.lang)

    def _look_now_and_then(self) -> list[Report]:
        if not self._partials or self._samples < self._look_at:
            return []
        return self._told(self._partial())

    def _partial(self, *, paused: bool = False) -> Hypothesis:
        assert self._stream is not None
        began = self._clock()
        heard = self._stream.partial(paused=paused)
        wait = max(PARTIAL_EVERY, PARTIAL_SHARE * (self._clock() - began))
        self._look_at = self._samples + int(wait * RATE)
        return heard

    def _told(self, heard: Hypothesis) -> list[Report]:
        """A partial report where the words have changed."""
        if not heard.text or heard.text == self._text:
            return []
        before, now = self._text.split(), heard.text.split()
        same = sum(1 for a, b in zip(before, now, strict=False) if a == b)
        self._text = heard.text
        stability = heard.confidence * same / len(now)
        return [
            self._report(
                "partial", text=heard.text, confidence=heard.confidence, stability=stability
            )
        ]

    def _ended(self) -> Report:
        error = overdriven(self._clipped / max(1, self._samples))
        heard = self._stream.final() if self._stream is not None else NOTHING
        self._forget()
        if error is not None:
            return self._report("error", error=error)
        return self._report(
            "final",
            text=heard.text,
            confidence=heard.confidence,
            stability=1.0,
            reason=heard.reason if not heard.text else "",
        )

    def _forget(self) -> None:
        self._stream = None
        self._held: list[Samples] = []
        self._samples = self._clipped = 0
        self._look_at = int(FIRST_PARTIAL * RATE)
        self._text = ""

    def _report(
        self,
        kind: Literal["begin", "partial", "final", "error"],
        *,
        text: str = "",
        confidence: float = 0.0,
        stability: float = 0.0,
        reason: str = "",
        barged: bool = False,
        error: HearingError | None = None,
    ) -> Report:
        at = round(self._windows * STEP, 3)
        return Report(kind, at, text, confidence, stability, reason, barged, error)
