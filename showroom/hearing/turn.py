"""When a turn begins and ends, and when the visitor breaks into a reply; no audio, only time.

Times are seconds of audio, in steps of one window. The rules:

* a turn begins once speech was probable for ``onset`` s; what came up to ``preroll`` s before
  belongs to it;
* it ends after a pause of ``pause_complete`` s where the words so far make a whole command, of
  ``pause_closed`` s where nothing can be added to it either, else of ``pause_dangling`` s; the
  detector itself goes on for about 0.1 s after the last sound, so to the visitor they are 0.3 s,
  0.25 s and 0.7 s;
* who talks on beyond ``longest`` s has said no command: what follows is no turn before they pause,
  or its last words would be taken for a whole one;
* while a reply is played, only ``barge_in`` s of sustained speech count as a turn: its own echo and
  noises in the room are shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Step = Literal["quiet", "begin", "speech", "pause", "end", "too_long"]


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """Seconds and probabilities.

    Attributes:
        start, keep: from ``start`` on a window begins speech, down to ``keep`` it goes on.
        onset: of speech before it counts.
        gap: a shorter pause within speech does not restart the count of ``onset``.
        preroll: of audio before the onset that belongs to the turn.
        look: after so long a pause the words so far are looked at.
        pause_closed, pause_complete, pause_dangling: the pause that ends a turn.
        barge_in: of speech that breaks into a reply.
        longest: of a turn; who talks on is told so, and nothing is carried out.
    """

    start: float = 0.5
    keep: float = 0.35
    onset: float = 0.1
    gap: float = 0.1
    preroll: float = 0.2
    look: float = 0.1
    pause_closed: float = 0.15
    pause_complete: float = 0.2
    pause_dangling: float = 0.6
    barge_in: float = 0.55
    longest: float = 15.0


class TurnTaker:
    """Follows one stream of probabilities.

    Attributes:
        speaking: whether a turn is open.
        pause: seconds since speech was last probable, within a turn.
        complete: whether the words so far make a whole command; the owner sets it after looking
            (``None`` until then).
        closed: whether nothing may follow them; the owner sets it, too.
        playing: whether a reply is being played.
    """

    def __init__(self, settings: TurnSettings | None = None) -> None:
        self.settings = settings or TurnSettings()
        self.playing = False
        self.reset()

    def reset(self) -> None:
        """No turn is open."""
        self.speaking = False
        self.pause = 0.0
        self.complete: bool | None = None
        self.closed = False
        self._voiced = 0.0
        self._quiet = 0.0
        self._length = 0.0
        self._talks_on = False

    def wait_for_pause(self) -> None:
        """No turn is open, and none begins before there has been a pause."""
        self.reset()
        self._talks_on = True

    def step(self, probability: float, seconds: float) -> Step:
        """Take one window's probability.

        Returns:
            ``"begin"`` with the window that opens a turn; within one ``"speech"`` or ``"pause"``;
            ``"end"`` or ``"too_long"`` with the one that closes it; else ``"quiet"``.
        """
        settings = self.settings
        if self._talks_on:
            self._quiet = 0.0 if probability >= settings.keep else self._quiet + seconds
            if self._quiet + 1e-9 >= settings.pause_dangling:
                self.reset()
            return "quiet"
        voiced = probability >= (settings.keep if self._voiced else settings.start)
        if not self.speaking:
            if voiced:
                self._voiced += seconds
                self._quiet = 0.0
            else:
                self._quiet += seconds
                if self._quiet > settings.gap:
                    self._voiced = 0.0
            needed = settings.barge_in if self.playing else settings.onset
            if self._voiced + 1e-9 < needed:
                return "quiet"
            length = self._voiced
            self.reset()
            self.speaking, self._voiced, self._length = True, length, length
            return "begin"
        self._length += seconds
        if self._length > settings.longest:
            self.wait_for_pause()
            return "too_long"
        if voiced:
            self.pause, self.complete, self.closed = 0.0, None, False
            return "speech"
        self.pause += seconds
        if self.pause + 1e-9 >= self._limit():
            self.reset()
            return "end"
        return "pause"

    def _limit(self) -> float:
        if self.closed:
            return self.settings.pause_closed
        return self.settings.pause_complete if self.complete else self.settings.pause_dangling
