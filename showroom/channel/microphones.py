"""Visitors' microphones and spoken replies, and the process of ears behind them all."""

from __future__ import annotations

import asyncio

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Cancel,
    Hello,
    PlaybackFinished,
)

from .ears import EarsHost, HearingOffer, Ordered, Told
from .host import Host
from .session import Session
from .sessions import Sessions
from .voice import VoiceLine

Heard = AudioStart | AudioChunk | AudioStop | PlaybackFinished | Cancel


class Microphones:
    """Joins each visit's voice with the ears, which are got ready for the first visitor.

    Args:
        offer: what hears and speaks; without it, nothing does.
    """

    def __init__(self, offer: HearingOffer | None, host: Host, sessions: Sessions) -> None:
        self._offer = offer
        self._host = host
        self._sessions = sessions
        self._ears: EarsHost | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What a welcome says of hearing and speaking."""
        if self._offer is None:
            return ()
        heard = tuple(f"hear-{lang}" for lang in self._offer.languages)
        return (*heard, *(("speech",) if self._offer.speaks else ()))

    def stop(self) -> None:
        """End the ears; waits for what is queued."""
        if self._ears is not None:
            self._ears.stop()
            self._ears = None

    def connect(self, session: Session, hello: Hello) -> None:
        """Give a visit its voice."""
        session.voice = VoiceLine(
            session.name,
            self._order,
            session.deliver,
            lambda utterance: self._host.post(session.name, utterance),
        )
        self.tune(session, hello)
        if self._ears is None and self._offer is not None:
            self._begin(self._offer).get_ready()

    def tune(self, session: Session, hello: Hello) -> None:
        """What the client wants of speech."""
        assert session.voice is not None
        session.voice.lang = hello.lang or "en"
        session.voice.speaks = "speech" in hello.want and self._offer is not None

    def take(self, session: Session, event: Heard) -> None:
        """What a visitor's microphone and loudspeaker bring.

        Raises:
            ProtocolError: ``not_ready`` where nothing hears.
        """
        if self._offer is None:
            raise ProtocolError(
                "not_ready",
                "this server does not hear; send the text that the headset or phone recognises",
                field="type",
                expected="utterance",
                got=str(event.__struct_config__.tag),
                ref=getattr(event, "id", ""),
            )
        if session.is_new(event) and session.voice is not None:
            session.voice.take(event)

    def _order(self, order: Ordered) -> bool:
        return self._ears is None or self._ears.order(order)

    def _begin(self, offer: HearingOffer) -> EarsHost:
        def deliver(told: Told) -> None:
            self._loop.call_soon_threadsafe(self._told, told)

        self._ears = EarsHost(offer, deliver)
        return self._ears

    def _told(self, told: Told) -> None:
        session = self._sessions.get(told.visit)
        if session is not None and session.voice is not None:
            session.voice.told(told)
