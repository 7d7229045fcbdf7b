"""Push-to-talk without a sound card: samples from a script, real ears on a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from hearing_toys import ToyHearing, said

from showroom.channel.ears import HearingOffer
from showroom.microphone import BLOCK, Microphone
from showroom.protocol.messages import Event, Utterance


class Script:
    """A sound card that has been recorded before."""

    def __init__(self) -> None:
        self.take: Callable[[bytes], None] | None = None
        self.broken = ""

    def start(self, take: Callable[[bytes], None]) -> None:
        if self.broken:
            raise OSError(self.broken)
        self.take = take

    def stop(self) -> None:
        self.take = None

    def play(self, data: bytes) -> None:
        assert self.take is not None
        for start in range(0, len(data), 2 * BLOCK):
            self.take(data[start : start + 2 * BLOCK])


@pytest.fixture
def heard() -> Iterator[tuple[Microphone, Script]]:
    source = Script()
    microphone = Microphone(HearingOffer(ToyHearing, ("en",), subprocess=False), source)
    yield microphone, source
    microphone.close()


def until(microphone: Microphone, done: Callable[[list[Event]], bool]) -> list[Event]:
    found: list[Event] = []
    end = time.monotonic() + 10.0
    while not done(found) and time.monotonic() < end:
        found += microphone.heard()
        time.sleep(0.005)
    return found


def finals(events: list[Event]) -> list[str]:
    return [e.text for e in events if isinstance(e, Utterance) and e.is_final]


def test_what_is_said_while_the_button_is_held_becomes_a_sentence(
    heard: tuple[Microphone, Script],
) -> None:
    microphone, source = heard
    microphone.start("en")
    source.play(said(0.2, 2.0))
    microphone.stop()
    found = until(microphone, lambda e: bool(finals(e)))
    assert finals(found) == ["make it"]
    # Again, with an id of its own.
    microphone.start("en")
    source.play(said(0.2, 3.0))
    microphone.stop()
    again = until(microphone, lambda e: bool(finals(e)))
    assert finals(again) == ["make it longer"]
    ids = {e.id for e in (*found, *again) if isinstance(e, Utterance) and e.is_final}
    assert len(ids) == 2


def test_with_the_button_up_nothing_is_heard(heard: tuple[Microphone, Script]) -> None:
    microphone, source = heard
    microphone.start("en")
    microphone.stop()
    assert source.take is None
    assert microphone.heard() == []


def test_a_microphone_that_fails_says_so(heard: tuple[Microphone, Script]) -> None:
    microphone, source = heard
    source.broken = "the device is busy"
    microphone.start("en")
    assert microphone.problem == "the device is busy"
    microphone.stop()
    source.broken = ""
    microphone.start("zh")  # Nothing here hears that.
    source.play(said(0.2, 1.0))
    until(microphone, lambda _: bool(microphone.problem))
    assert "no recogniser" in microphone.problem


def test_a_machine_that_cannot_hear_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins
    import sys

    from showroom.microphone import open_microphone

    assert open_microphone(None) == (None, "nothing is installed that hears; see docs/hearing.md")
    offer = HearingOffer(ToyHearing, ("en",), subprocess=False)
    real = builtins.__import__

    def missing(name: str, *rest: object, **more: object) -> object:
        if name == "sounddevice":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    assert open_microphone(offer) == (None, "to talk, install: pip install sounddevice")

    def broken(name: str, *rest: object, **more: object) -> object:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", broken)
    microphone, why = open_microphone(offer)
    assert microphone is None
    assert "PortAudio library not found" in why
