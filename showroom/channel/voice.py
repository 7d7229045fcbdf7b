"""A visit's speech: its microphone's stream as utterances, its replies as something to play."""

from __future__ import annotations

import time
from collections.abc import Callable

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Cancel,
    Done,
    ErrorUpdate,
    PlaybackFinished,
    Reply,
    Speak,
    Transcript,
    Update,
    Utterance,
)

from .ears import MAX_WAITING, Ordered, Told

Heard = AudioStart | AudioChunk | AudioStop | PlaybackFinished | Cancel
SPOKEN_RATE = 16_000
CHUNK_BYTES = 6400
CHARACTER_SECONDS = 0.12
"""About how long a reply takes to say; only for clients that never say that they are done."""
PATIENCE = 2.0
"""A reply counts as played after so many times its length at the latest, and a second."""


class VoiceLine:
    """One visit's speech, on the event loop's thread.

    Args:
        visit: its name, for the ears.
        order: hands an order to the ears; False if they cannot keep up.
        put: sends an update to the client.
        utter: hands an utterance to the visit.
    """

    def __init__(
        self,
        visit: str,
        order: Callable[[Ordered], bool],
        put: Callable[[Update], None],
        utter: Callable[[Utterance], None],
    ) -> None:
        self.lang = "en"
        self.speaks = False
        self._visit = visit
        self._order = order
        self._put = put
        self._utter = utter
        self._stream = ""
        self._ending: list[str] = []
        self._ended: list[str] = []
        self._pending: set[str] = set()
        self._turn = 0
        self._rev = 0
        self._text = ""
        self._spoken = 0
        self._saying: list[Speak] = []
        self._playing = ""
        self._played_by = 0.0
        self._torn = False

    def take(self, event: Heard) -> None:
        """One of the client's events about audio.

        Raises:
            ProtocolError: another form of audio, chunks without a stream, two streams at once.
        """
        match event:
            case AudioStart():
                self._start(event)
            case AudioChunk():
                self._hear(event)
            case AudioStop():
                self.stop()
            case Cancel():
                self._order(Ordered("cancel", self._visit))
            case PlaybackFinished():
                if event.ref == self._playing:
                    self._silent()

    def leave(self) -> None:
        """The connection is gone: what was being said is not carried out."""
        self._order(Ordered("cancel", self._visit))
        self.stop()

    def stop(self) -> None:
        """The microphone is closed: an open turn ends."""
        if self._stream:
            self._ending.append(self._stream)
            self._order(Ordered("finish", self._visit))
            self._stream = ""

    def close(self) -> None:
        """The visit ends; nothing of it is kept."""
        self._order(Ordered("close", self._visit))

    def told(self, told: Told) -> None:
        """What the ears have to say."""
        if told.kind == "said":
            self._said(told)
        elif told.kind == "ended":
            self._ended.append(self._ending.pop(0))
            self._finish()
        elif told.error is not None:
            code, message, field, expected, got = told.error
            ref = self._broken_off() if told.kind == "failed" else self._key()
            self._put(
                ErrorUpdate(
                    code=code, message=message, field=field, expected=expected, got=got, ref=ref
                )
            )
        else:
            self._heard(told)

    def settled(self, ref: str) -> None:
        """The visit has answered an event; perhaps the last utterance of a stream."""
        if ref in self._pending:
            self._pending.discard(ref)
            self._finish()

    def replied(self, reply: Reply) -> None:
        """The visit answers: have it said where the client wants that."""
        if not self.speaks:
            return
        self._spoken += 1
        speak = Speak(id=f"s{self._spoken}", text=reply.text, lang=reply.lang, ref=reply.ref)
        self._saying.append(speak)
        self._order(Ordered("say", self._visit, text=reply.text, lang=reply.lang))

    def _start(self, event: AudioStart) -> None:
        for field, wanted in (("rate", 16_000), ("width", 2), ("channels", 1)):
            got = getattr(event, field)
            if got != wanted:
                raise ProtocolError(
                    "audio",
                    "the audio has another form; resample it before it is sent",
                    field=field,
                    expected=str(wanted),
                    got=str(got),
                    ref=event.id,
                )
        if self._stream or not event.id:
            raise ProtocolError(
                "audio",
                "one stream at a time, with an id; stop the other one first",
                field="id",
                expected="audio-stop before the next audio-start",
                got=event.id or "no id",
                ref=event.id,
            )
        self._stream, self._turn, self._torn = event.id, 0, False
        self._order(Ordered("open", self._visit, lang=event.lang or self.lang))

    def _hear(self, event: AudioChunk) -> None:
        if not self._stream:
            raise ProtocolError(
                "audio",
                "no stream is open",
                field="type",
                expected="audio-start first",
                got="audio-chunk",
            )
        if len(event.data) % 2:
            raise ProtocolError(
                "audio",
                "a chunk ends in the middle of a sample",
                field="data",
                expected="an even number of bytes",
                got=str(len(event.data)),
            )
        if self._playing and time.monotonic() > self._played_by:
            self._silent()
        torn, self._torn = (
            self._torn,
            not self._order(Ordered("hear", self._visit, data=event.data)),
        )
        if self._torn and not torn:
            # What was being said is not known whole: nothing of it is carried out.
            self._order(Ordered("tear", self._visit))
            raise ProtocolError(
                "busy",
                "speech comes faster than it is heard: what was just said is lost; say it again",
                field="data",
                expected=f"at most {MAX_WAITING:g} s ahead of what has been heard",
                got="more",
            )

    def _key(self) -> str:
        """The utterance that is heard now; "" where there is none."""
        stream = self._stream or (self._ending[0] if self._ending else "")
        return f"{stream}/{max(1, self._turn)}" if stream else ""

    def _heard(self, told: Told) -> None:
        if not self._key():
            return
        if told.kind == "begin":
            self._turn += 1
            self._rev = 0
            if told.barged and self._playing:
                self._put(Cancel(ref=self._playing))
                self._silent()
        else:
            self._rev += 1
        key = self._key()
        final = told.kind == "final"
        self._put(
            Transcript(
                utterance_id=key,
                text=told.text,
                lang=told.lang,
                rev=self._rev,
                is_final=final,
                stability=told.stability,
                confidence=told.confidence,
                reason=told.reason,
            )
        )
        if told.text:
            if final:
                self._pending.add(key)
            self._utter(
                Utterance(id=key, text=told.text, lang=told.lang, rev=self._rev, is_final=final)
            )

    def _said(self, told: Told) -> None:
        if not self._saying:
            return
        speak = self._saying.pop(0)
        samples = len(told.data) // 2
        seconds = samples / SPOKEN_RATE or CHARACTER_SECONDS * len(speak.text)
        speak.rate, speak.samples = SPOKEN_RATE, samples
        self._put(speak)
        for seq, start in enumerate(range(0, len(told.data), CHUNK_BYTES)):
            self._put(AudioChunk(seq=seq, data=told.data[start : start + CHUNK_BYTES]))
        self._playing = speak.id
        self._played_by = time.monotonic() + 1.0 + PATIENCE * seconds
        self._order(Ordered("playing", self._visit))

    def _silent(self) -> None:
        self._playing = ""
        self._order(Ordered("silent", self._visit))

    def _finish(self) -> None:
        """Say of each stream that has ended and whose utterances are answered that it is done."""
        for stream in list(self._ended):
            if not any(key.startswith(f"{stream}/") for key in self._pending):
                self._ended.remove(stream)
                self._put(Done(ref=stream))

    def _broken_off(self) -> str:
        """The id of the stream that has failed."""
        if self._ending:
            return self._ending.pop(0)
        stream, self._stream = self._stream, ""
        return stream
