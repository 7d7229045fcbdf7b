"""Speech on the wire, after Wyoming's events: what a client's microphone and loudspeaker exchange.

Audio is 16-bit PCM, little endian, mono. Chunks go as compact binary frames (:mod:`.compact`), so a
stream costs 4 KiB a second more than its samples.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .base import Message
from .limits import Counter, Identifier, Lang, Word

MAX_CHUNK_BYTES = 6400
"""200 ms at 16 kHz; 20 ms are usual."""

Rate = Annotated[int, Meta(ge=1, le=384_000)]
Small = Annotated[int, Meta(ge=1, le=64)]
Pcm = Annotated[bytes, Meta(max_length=MAX_CHUNK_BYTES)]


class AudioStart(Message, tag="audio-start"):
    """The microphone is open: chunks follow until :class:`AudioStop`.

    Turns are found by the server; the first one is the utterance ``<id>/1``, the next ``<id>/2``.

    Attributes:
        rate, width, channels: of the samples; 16000, 2 and 1 are taken.
        lang: what is spoken; "" for the language of the hello.
    """

    id: Identifier
    rate: Rate = 16_000
    width: Small = 2
    channels: Small = 1
    lang: Lang = ""


class AudioChunk(Message, tag="audio-chunk"):
    """Samples of the microphone, or of a reply that is spoken; ``seq`` counts from 0."""

    data: Pcm
    seq: Counter = 0


class AudioStop(Message, tag="audio-stop"):
    """No more chunks come: a push-to-talk button was let go. An open turn ends with it."""


class PlaybackFinished(Message, tag="playback-finished"):
    """The client has played, or stopped, the reply ``ref`` of a :class:`Speak`."""

    ref: Identifier


class Cancel(Message, tag="cancel"):
    """From a client: what is being said is to be forgotten. From the server: stop playing ``ref``.

    The server sends it when the visitor breaks into a reply.
    """

    ref: Identifier = ""


class Transcript(Message, tag="transcript"):
    """What was heard of an utterance so far; the final one is carried out.

    Attributes:
        text: "" in the first one of a turn, and in a final one of which nothing was understood.
        stability: how likely the text stays as it is, 0 to 1.
        confidence: how likely it is right, 0 to 1.
        reason: why a final text is empty: ``"silence"``, ``"off_grammar"``, ``"noise"``.
    """

    utterance_id: str
    text: str
    lang: str
    rev: int
    is_final: bool
    stability: float = 0.0
    confidence: float = 0.0
    reason: Word = ""


class Speak(Message, tag="speak"):
    """Say a reply aloud; answered by ``playback-finished`` with ``id`` as its ``ref``.

    Attributes:
        ref: the utterance or command that the reply answers.
        rate, width, channels: of the chunks that follow.
        samples: how many follow in all; 0 where this server has no voice: the client's own speaks
            the text.
    """

    id: str
    text: str
    lang: str
    ref: str = ""
    rate: int = 16_000
    width: int = 2
    channels: int = 1
    samples: int = 0
