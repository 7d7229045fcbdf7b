"""A crowd of recorded visitors: what it measures, and that it is bounded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from channel_toys import make_toy

from showroom.channel.crowd import Crowd, as_json, looped, table, visit_together, waits
from showroom.channel.host import VisitHost
from showroom.channel.motion import Motion
from showroom.channel.run import ServerThread
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.cli import main
from showroom.protocol.messages import Pose
from showroom.rehearsal.endurance import come_and_go

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
MOTION = Motion(tuple(Pose(time=i / 30, head=HEAD, seq=i) for i in range(10)))


def crowd(**fields) -> Crowd:
    settings = {"visitors": 3, "seconds": 0.8, "sentences": ("a", "b"), "every": 0.3}
    return Crowd(**({"motion": MOTION, "wear": "shirt"} | settings | fields))


def send(crowd: Crowd, settings: ServerSettings | None = None, how=visit_together):
    host = VisitHost.in_process(make_toy)
    try:
        with ServerThread(settings or ServerSettings(), host) as server:
            return asyncio.run(how(server.url, crowd))
    finally:
        host.stop()


def test_every_pose_and_sentence_is_counted_and_timed():
    opened, posed, gaps, said = send(crowd())
    assert (opened.count, opened.dropped) == (3, 0)
    assert (said.count, said.dropped) == (6, 0)
    assert posed.count + posed.dropped == 3 * len(list(looped(MOTION, 0.8)))
    assert posed.count > 0
    assert gaps.count == posed.count - 3
    for row in (opened, posed, gaps, said):
        assert 0.0 < row.p50 <= row.p95 <= row.p99 <= row.longest


def test_who_is_turned_away_is_counted_and_a_closed_door_is_said():
    opened, _, _, said = send(crowd(), ServerSettings(max_visits=1))
    assert (opened.count, opened.dropped, said.count) == (1, 2, 2)
    with pytest.raises(ChannelError, match="token"):
        send(crowd(), ServerSettings(token="secret"))


def test_a_soak_goes_on_beside_those_who_are_turned_away():
    def soak(url, crowd):
        return come_and_go(url, crowd, 2.0)

    visits, refused = send(crowd(seconds=0.5), ServerSettings(max_visits=1), soak)
    assert visits >= 2
    assert refused and "full" in refused[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("visitors", 0), ("visitors", 501), ("seconds", 601.0), ("seconds", float("nan"))],
)
def test_a_load_without_bounds_is_refused(field, value):
    with pytest.raises(ChannelError) as caught:
        crowd(**{field: value}).check()
    assert caught.value.field == field


def test_percentiles_are_of_the_times_that_were_taken():
    row = waits("pose", [i / 1000 for i in range(1, 101)], 7)
    assert (row.count, row.dropped) == (100, 7)
    assert [row.p50, row.p95, row.p99, row.longest] == pytest.approx([51, 96, 100, 100])
    assert waits("pose", [], 2).p99 == 0.0
    assert table([row]).splitlines()[1].split()[:4] == ["pose", "100", "7", "51.00"]
    document = json.loads(as_json([row], crowd(), "ws://here"))
    assert document["visitors"] == 3
    assert document["rows"][0]["p99"] == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["load", "--url", "foo"], "ws://host:port"),
        (["load", "--url", "ws://127.0.0.1:1", "--visitors", "1"], "start a server with"),
        (["load", "--url", "ws://127.0.0.1:1", "--token", "/nowhere/token"], "cannot be read"),
        (["replay", "RECORDING", "--speed", "2"], "--url with --speed"),
        (["replay", "RECORDING", "--url", "ws://127.0.0.1:1"], "start a server with"),
    ],
)
def test_what_a_stranger_gets_wrong_is_answered_in_one_line_with_the_remedy(words, remedy, capsys):
    recording = Path(__file__).parents[1] / "protocol" / "session-v1.jsonl"
    assert main([str(recording) if word == "RECORDING" else word for word in words]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert remedy in told[-1] and told[-1].startswith("showroom: ")
    assert not any("Traceback" in line for line in told)
