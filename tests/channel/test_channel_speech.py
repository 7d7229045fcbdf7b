"""Speech over the socket: a microphone's stream becomes utterances, replies become audio."""

import os
import sys
import time
from functools import partial

import pytest
from channel_toys import ToyVisit
from hearing_toys import SlowHearing, ToyHearing, said

from showroom.channel.client import Client
from showroom.channel.ears import GENTLY, HearingOffer
from showroom.channel.host import VisitHost
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Cancel,
    Done,
    ErrorUpdate,
    Hello,
    PlaybackFinished,
    Pose,
    Reply,
    Speak,
    Transcript,
    Utterance,
)

OFFER = HearingOffer(ToyHearing, ("en",), speaks=True, subprocess=False)


@pytest.fixture
def opened(request):
    offer, want = getattr(request, "param", (OFFER, ()))
    host = VisitHost.in_process(ToyVisit)
    try:
        with (
            ServerThread(ServerSettings(), host, offer) as server,
            Client(server.url, Hello(client="test/1", want=want)) as client,
        ):
            yield client
    finally:
        host.stop()


def of(updates, kind):
    return [u for u in updates if isinstance(u, kind)]


def test_a_spoken_sentence_is_an_utterance_of_the_visit(opened):
    updates = opened.speak(said(0.5, 3.0, 1.0), id="m1", speed=20.0)
    heard = of(updates, Transcript)
    assert [t.text for t in heard if t.is_final] == ["make it longer"]
    assert {t.utterance_id for t in heard} == {"m1/1"}
    assert [t.rev for t in heard] == sorted({t.rev for t in heard})
    assert heard[0].text == "" and "make it" in [t.text for t in heard]
    assert of(updates, Reply)[-1].text.endswith("make it longer")
    assert [d.ref for d in of(updates, Done)][-1] == "m1"


def test_every_turn_of_a_stream_is_an_utterance_of_its_own(opened):
    updates = opened.speak(said(0.5, 3.0, 1.0, 3.0, 0.5), id="m1", speed=20.0)
    finals = [t for t in of(updates, Transcript) if t.is_final]
    assert [t.utterance_id for t in finals] == ["m1/1", "m1/2"]
    answered = [d.ref for d in of(updates, Done)]
    assert answered[-1] == "m1"
    assert {"m1/1", "m1/2"} <= set(answered)


def test_letting_the_button_go_ends_the_turn(opened):
    updates = opened.speak(said(0.3, 3.0), id="m1", speed=20.0)
    assert [t.text for t in of(updates, Transcript) if t.is_final] == ["make it longer"]


def test_silence_is_no_command(opened):
    updates = opened.speak(said(2.0), id="m1", speed=20.0)
    (final,) = of(updates, Transcript)
    assert (final.text, final.is_final, final.reason) == ("", True, "silence")
    assert not of(updates, Reply)


@pytest.mark.parametrize(("field", "value"), [("rate", 44100), ("width", 4), ("channels", 2)])
def test_another_form_of_audio_is_refused_by_name(opened, field, value):
    (error,) = opened.ask(AudioStart(id="m1", **{field: value}))
    assert (error.code, error.field, error.got) == ("audio", field, str(value))


def test_chunks_without_a_stream_are_refused(opened):
    opened.send(AudioChunk(data=bytes(640)))
    assert opened.ask(Utterance(id="u1", text="hi"))[-1].ref == "u1"
    (error,) = of(opened.poll(), ErrorUpdate)
    assert (error.code, error.expected) == ("audio", "audio-start first")


def test_two_streams_at_once_are_refused_and_the_first_goes_on(opened):
    opened.send(AudioStart(id="m1"))
    (error,) = opened.ask(AudioStart(id="m2"))
    assert (error.code, error.field) == ("audio", "id")
    opened.send(AudioStop())
    assert opened.ask(Utterance(id="u1", text="hi"))[-1].ref == "u1"


def test_a_language_that_nobody_hears_is_refused_with_the_stream_s_id(opened):
    (error,) = opened.ask(AudioStart(id="m1", lang="fr"))
    assert (error.code, error.ref, error.expected) == ("not_ready", "m1", "en")
    assert of(opened.speak(said(0.3, 1.0), id="m2", speed=20.0), Transcript)


def test_what_is_cancelled_is_not_carried_out(opened):
    opened.send(AudioStart(id="m1"))
    data = said(0.3, 2.0)
    for start in range(0, len(data), 6400):
        opened.send(AudioChunk(data=data[start : start + 6400]))
    opened.send(Cancel())
    opened.send(AudioStop())
    updates = []
    while not any(isinstance(u, Done) and u.ref == "m1" for u in updates):
        updates += opened.poll()
    assert not [t for t in of(updates, Transcript) if t.is_final and t.text]


@pytest.mark.parametrize("opened", [(None, ())], indirect=True)
def test_a_server_without_ears_says_so(opened):
    (error,) = opened.ask(AudioStart(id="m1"))
    assert error.code == "not_ready"
    assert not [c for c in opened.welcome.capabilities if c.startswith("hear")]


def test_the_welcome_names_what_is_heard(opened):
    assert {"hear-en", "speech"} <= set(opened.welcome.capabilities)


@pytest.mark.parametrize("opened", [(OFFER, ("speech",))], indirect=True)
def test_a_reply_is_spoken_and_a_visitor_can_break_in(opened):
    opened.ask(Utterance(id="u1", text="hello there, how are you"))
    updates = []
    while not of(updates, Speak):
        updates += opened.poll()
    (speak,) = of(updates, Speak)
    assert speak.ref == "u1"
    while sum(len(c.data) for c in of(updates, AudioChunk)) < 2 * speak.samples:
        updates += opened.poll()
    assert [c.seq for c in of(updates, AudioChunk)] == list(range(len(of(updates, AudioChunk))))
    opened.speak(said(0.3, 0.4, 0.5), id="m1", speed=20.0)
    assert not of(opened.poll(), Cancel)
    opened.speak(said(0.3, 2.0, 1.0), id="m2", speed=20.0)
    assert [c.ref for c in of(opened.poll(), Cancel)] == [speak.id]


@pytest.mark.parametrize("opened", [(OFFER, ("speech",))], indirect=True)
def test_after_playback_has_finished_a_short_word_is_heard(opened):
    opened.ask(Utterance(id="u1", text="hello"))
    updates = []
    while not of(updates, Speak):
        updates += opened.poll()
    opened.send(PlaybackFinished(ref=of(updates, Speak)[0].id))
    heard = opened.speak(said(0.3, 0.4, 1.0), id="m1", speed=20.0)
    assert of(heard, Transcript)[0].utterance_id == "m1/1"
    assert len(of(heard, Transcript)) >= 2


def test_ears_in_a_process_of_their_own_hear_and_are_replaced_when_they_die():
    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(ToyHearing, ("en",))
    try:
        with (
            ServerThread(ServerSettings(), host, offer) as server,
            Client(server.url, Hello(client="test/1")) as client,
        ):
            (error,) = client.ask(AudioStart(id="m0", lang="die"))
            assert (error.code, error.ref) == ("internal", "m0")
            updates = client.speak(said(0.3, 3.0, 1.0), id="m1", speed=20.0)
            assert [t.text for t in of(updates, Transcript) if t.is_final] == ["make it longer"]
            head = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
            client.send(Pose(time=1.0, head=head))
    finally:
        host.stop()


def noted(path):
    """The number in a file that another process writes; waits for it."""
    until = time.monotonic() + 60.0
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} was never written"
        time.sleep(0.01)
    return int(path.read_text(encoding="utf-8"))


def test_ears_get_ready_when_the_first_visitor_comes_and_keep_what_is_said_meanwhile(tmp_path):
    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(partial(SlowHearing, tmp_path), ("en",))
    usual = os.nice(0)
    gently = min(19, usual + GENTLY) if sys.platform == "linux" else usual
    try:
        with ServerThread(ServerSettings(), host, offer) as server:
            assert not list(tmp_path.iterdir())
            with Client(server.url, Hello(client="test/1")) as client:
                assert noted(tmp_path / "loading") == gently
                # They are still loading: the visit goes on, and what is said is kept.
                assert client.ask(Utterance(id="u1", text="hi"))[-1].ref == "u1"
                client.send(AudioStart(id="m1"))
                data = said(0.3, 3.0, 0.7)
                for start in range(0, len(data), 640):
                    client.send(AudioChunk(data=data[start : start + 640]))
                client.send(AudioStop())
                updates = client.ask(Utterance(id="u2", text="hi"))
                assert not of(updates, Transcript) and not of(updates, ErrorUpdate)
                (tmp_path / "go").touch()
                while not any(isinstance(u, Done) and u.ref == "m1" for u in updates):
                    updates += client.poll()
                finals = [t.text for t in of(updates, Transcript) if t.is_final]
                assert finals == ["make it longer"] and not of(updates, ErrorUpdate)
                assert (noted(tmp_path / "ear-1"), noted(tmp_path / "ear-2")) == (gently, usual)
    finally:
        host.stop()


TEN_MINUTES = 600.0
CHUNK = 6400  # bytes, 200 ms


def pieces(data):
    return [AudioChunk(data=data[i : i + CHUNK]) for i in range(0, len(data), CHUNK)]


def heard_until(client, found):
    """What has come, as soon as there is something like that among it."""
    updates, end = [], time.monotonic() + 60.0
    while not any(map(found, updates)):
        assert time.monotonic() < end
        updates += client.poll()
        time.sleep(0.005)
    return updates


def test_who_talks_for_ten_minutes_is_told_the_limit_once_and_heard_again_after():
    heard = 0

    class Counted(ToyHearing):
        def ear(self, lang):
            ear = super().ear(lang)
            accept = ear.accept

            def counted(samples):
                nonlocal heard
                reports = accept(samples)
                heard += len(samples)
                return reports

            ear.accept = counted
            return ear

    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(Counted, ("en",), subprocess=False)
    try:
        with (
            ServerThread(ServerSettings(messages_per_second=1e6), host, offer) as server,
            Client(server.url, Hello(client="test/1")) as client,
        ):
            client.send(AudioStart(id="m1"))
            sent = 0
            for _ in range(int(TEN_MINUTES / 8.0)):  # as fast as it is heard
                for chunk in pieces(said(0.0, 8.0)):
                    client.send(chunk)
                sent += 8 * 16_000
                end = time.monotonic() + 60.0
                while heard < sent:
                    assert time.monotonic() < end
                    time.sleep(0.001)
            for chunk in pieces(said(1.0, 3.0, 1.0)):
                client.send(chunk)
            client.send(AudioStop())
            updates = heard_until(client, lambda u: isinstance(u, Done) and u.ref == "m1")
    finally:
        host.stop()
    (error,) = of(updates, ErrorUpdate)
    assert (error.code, error.field, error.expected) == ("too_large", "duration", "at most 15 s")
    assert error.ref == "m1/1"
    finals = [(t.utterance_id, t.text) for t in of(updates, Transcript) if t.is_final]
    assert finals == [("m1/2", "make it longer")]
    assert of(updates, Reply)[-1].text.endswith("make it longer")


def test_ten_minutes_at_once_are_refused_with_the_limit_and_no_half_sentence_is_carried_out(
    tmp_path,
):
    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(partial(SlowHearing, tmp_path), ("en",))
    try:
        with (
            ServerThread(ServerSettings(messages_per_second=1e6), host, offer) as server,
            Client(server.url, Hello(client="test/1")) as client,
        ):
            noted(tmp_path / "loading")  # nothing is heard yet
            client.send(AudioStart(id="m1"))
            whole = said(0.5, 3.0, 1.0)
            for chunk in pieces(whole + said(0.0, TEN_MINUTES)):
                client.send(chunk)
            (error,) = of(heard_until(client, lambda u: isinstance(u, ErrorUpdate)), ErrorUpdate)
            assert (error.code, error.field) == ("busy", "data")
            assert error.expected == "at most 10 s ahead of what has been heard"
            assert client.ask(Utterance(id="u1", text="hi"))[-1].ref == "u1", "the visit goes on"
            (tmp_path / "go").touch()
            torn = heard_until(client, lambda u: isinstance(u, Transcript) and u.reason == "lost")
            assert [t.text for t in of(torn, Transcript) if t.is_final] == ["make it longer", ""]
            for chunk in pieces(said(1.0, 2.0, 1.0)):
                client.send(chunk)
            client.send(AudioStop())
            updates = heard_until(client, lambda u: isinstance(u, Done) and u.ref == "m1")
            assert [t.text for t in of(updates, Transcript) if t.is_final] == ["make it"]
            assert not of(updates, ErrorUpdate)
    finally:
        host.stop()


def test_a_server_whose_ears_are_still_loading_can_stop(tmp_path):
    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(partial(SlowHearing, tmp_path), ("en",))
    try:
        with (
            ServerThread(ServerSettings(), host, offer) as server,
            Client(server.url, Hello(client="test/1")),
        ):
            noted(tmp_path / "loading")
    finally:
        host.stop()
