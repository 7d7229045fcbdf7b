"""Push-to-talk on this machine: a sound card's microphone, and the ears that understand it.

What hears runs in a process of its own, as behind the channel; a frame only moves bytes. Samples
are in memory until they are heard, and nowhere else.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, Protocol

from .channel.ears import EarsHost, HearingOffer, Told
from .channel.voice import VoiceLine
from .protocol.errors import ProtocolError
from .protocol.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Done,
    ErrorUpdate,
    Event,
    Update,
    Utterance,
)

RATE, BLOCK = 16_000, 320
"""Samples a second, and in each piece (20 ms)."""


class Source(Protocol):
    """Where samples come from: 16 kHz, mono, 16 bits, little endian."""

    def start(self, take: Callable[[bytes], None]) -> None:
        """Begin; ``take`` gets each piece, on any thread."""

    def stop(self) -> None:
        """End; nothing more is taken."""


class SoundCard:
    """The machine's microphone, by PortAudio.

    Raises:
        OSError: there is no PortAudio, or no microphone; the sentence says which.
        ModuleNotFoundError: the package sounddevice is missing.
    """

    def __init__(self) -> None:
        import sounddevice

        self._library = sounddevice
        try:
            sounddevice.query_devices(kind="input")
        except (sounddevice.PortAudioError, ValueError) as error:
            raise OSError(f"no microphone was found: {error}") from error
        self._stream: Any = None

    def start(self, take: Callable[[bytes], None]) -> None:
        """Open the microphone."""
        self._stream = self._library.RawInputStream(
            samplerate=RATE,
            blocksize=BLOCK,
            channels=1,
            dtype="int16",
            callback=lambda data, _frames, _time, _status: take(bytes(data)),
        )
        self._stream.start()

    def stop(self) -> None:
        """Close the microphone."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def open_microphone(offer: HearingOffer | None) -> tuple[Microphone | None, str]:
    """This machine's microphone, or why there is none, as a sentence.

    Args:
        offer: what hears; None where nothing does.
    """
    if offer is None:
        return None, "nothing is installed that hears; see docs/hearing.md"
    try:
        source = SoundCard()
    except ModuleNotFoundError:
        return None, "to talk, install: pip install sounddevice"
    except OSError as error:
        return None, f"nothing can be recorded here: {error} (PortAudio; on Debian libportaudio2)"
    return Microphone(offer, source), ""


class Microphone:
    """Hears one visitor while they hold the button; a stage's microphone.

    All methods are for one thread, the stage's.

    Args:
        offer: what hears.
        source: where the samples come from.
    """

    def __init__(self, offer: HearingOffer, source: Source) -> None:
        self.languages = offer.languages
        self._source = source
        self._samples: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._heard: list[Event] = []
        self._ears = EarsHost(offer, self._told.put)
        self._ears.get_ready()
        self._line = VoiceLine("stage", self._ears.order, self._put, self._heard.append)
        self._number = 0
        self._open = False
        self.problem = ""

    def start(self, lang: str) -> None:
        """Listen from now on."""
        if self._open:
            return
        self.problem = ""
        try:
            self._source.start(self._samples.put)
        except Exception as error:  # a sound card's drivers raise many types
            self.problem = str(error)
            return
        self._open, self._number = True, self._number + 1
        self._line.take(AudioStart(id=f"mic-{self._number}", lang=lang))

    def stop(self) -> None:
        """The button is let go: what was said is over."""
        if not self._open:
            return
        self._source.stop()
        self._open = False
        self._pass_on()
        self._line.take(AudioStop())

    def heard(self) -> list[Event]:
        """What has been understood since last asked, as events for the visit."""
        if self._open:
            self._pass_on()
        while not self._told.empty():
            self._line.told(self._told.get())
        heard = list(self._heard)
        self._heard.clear()
        for event in heard:
            if isinstance(event, Utterance) and event.is_final:
                self._line.settled(event.id)
        return heard

    def close(self) -> None:
        """Hear nothing more."""
        self.stop()
        self._line.close()
        self._ears.stop()

    def _pass_on(self) -> None:
        while not self._samples.empty():
            try:
                self._line.take(AudioChunk(data=self._samples.get()))
            except ProtocolError as error:  # the ears cannot keep up
                self.problem = error.message

    def _put(self, update: Update) -> None:
        if isinstance(update, ErrorUpdate):
            self.problem = update.message
        elif isinstance(update, Done):
            self.problem = ""
