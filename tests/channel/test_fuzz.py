"""The fuzzer: it reaches every type, finds what is broken, and finds nothing here."""

from __future__ import annotations

import asyncio
import itertools
from typing import get_args

import msgspec
import pytest
from channel_toys import ToyVisit, make_toy

from showroom.channel.fuzz import Mutator, fuzz, seeds
from showroom.channel.host import VisitHost
from showroom.channel.run import ServerThread
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.protocol.codec import decode_event
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Bye, Event, Utterance


def found_at(make, inputs: int):
    host = VisitHost.in_process(make)
    try:
        with ServerThread(ServerSettings(messages_per_second=1e6), host) as server:
            found = asyncio.run(fuzz(server.url, inputs, seed=3))
            assert server.metrics.faults_total == 0
            return found, server.metrics
    finally:
        host.stop()


def test_thousands_of_broken_messages_find_nothing():
    found, metrics = found_at(make_toy, 8000)
    assert found.inputs == 8000 and found.clean
    assert metrics.refused_total > 5000
    assert metrics.events_total > 300  # some are still good, and reach the visit
    assert len(found.kinds) == 6


class Brittle(ToyVisit):
    def handle(self, event):
        if isinstance(event, Utterance):
            raise ZeroDivisionError
        return super().handle(event)


def test_a_visit_that_fails_is_found():
    found, _ = found_at(Brittle, 3000)
    assert found.faults > 0 and not found.clean


def test_seeds_are_good_messages_of_every_type_and_mutations_mostly_are_not():
    assert {type(event) for event in seeds()} | {Bye} == set(get_args(Event))
    again = [list(itertools.islice(Mutator(5), 2000)) for _ in range(2)]
    assert again[0] == again[1]
    refused = 0
    for code, data, _ in again[0]:
        try:
            decode_event(data.decode() if code == 1 else data)
        except ProtocolError:
            refused += 1
    assert 1000 < refused < 2000
    for event in seeds():
        decode_event(msgspec.json.encode(event).decode())


def test_a_run_without_bounds_is_refused():
    with pytest.raises(ChannelError, match="bounded"):
        asyncio.run(fuzz("ws://127.0.0.1:9", 0))
