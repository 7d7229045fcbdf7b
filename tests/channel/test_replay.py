"""Sessions to a file and back, and a session of protocol v1 that must stay answered as it was."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import msgspec
import pytest
from channel_toys import make_toy

from showroom.app import make_visit
from showroom.channel.client import Client
from showroom.channel.host import VisitHost
from showroom.channel.pool import VisitPool
from showroom.channel.replay import compare, replay, replay_at
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.channel.take import (
    Recorder,
    Take,
    TakeError,
    read_take,
    standing,
    write_take,
)
from showroom.cli import main
from showroom.protocol.messages import Body, Hello, Pose, Utterance

SESSION = Path(__file__).parents[1] / "protocol" / "session-v1.jsonl"
HEAD = (0.2, 1.8, 0.0, 0.0, 0.0, 0.0, 1.0)
HAND = (0.5, 1.2, -0.2, 0.0, 0.0, 0.0, 1.0)


def test_a_session_of_version_1_is_answered_as_it_was_then():
    then = read_take(SESSION)
    assert compare(then, replay(then, partial(make_visit, None, "store"))) == []


def test_a_session_of_version_1_is_answered_as_it_was_then_over_a_socket():
    then = read_take(SESSION)
    host = VisitHost.in_process(partial(make_visit, None, "store"))
    with ServerThread(ServerSettings(), host) as server:
        now = asyncio.run(replay_at(server.url, then, encoding="json", seconds=30.0))
    host.stop()
    assert compare(then, now) == []


def changed(take: Take, turn: int, update: int, **fields) -> Take:
    turns = list(take.turns)
    rows = list(turns[turn].updates)
    rows[update] = {**rows[update], **fields}
    turns[turn] = msgspec.structs.replace(turns[turn], updates=tuple(rows))
    return Take(take.head, tuple(turns))


def test_another_answer_is_found_and_another_wording_or_hash_is_not():
    then = read_take(SESSION)
    longer = next(i for i, t in enumerate(then.turns) if getattr(t.event, "id", "") == "u1")
    kinds = [u["type"] for u in then.turns[longer].updates]
    assert kinds == ["intent", "product_changed", "mesh_frame", "reply", "done"]
    (change,) = then.turns[longer].updates[1]["changes"]
    assert change["new"] - change["old"] == pytest.approx(0.03)
    same = changed(changed(then, longer, 3, text="Longer now."), longer, 1, glb="0" * 64)
    assert compare(then, same) == []
    for update, fields, path in (
        (4, {"ref": "u2"}, "done[3].ref"),
        (3, {"lang": "zh"}, "reply[2].lang"),
        (3, {"text": ""}, "reply[2].text"),
        (1, {"target": "skirt"}, "product_changed[1].target"),
        (1, {"glb": ""}, "product_changed[1].glb"),
        (1, {"changes": [{**change, "new": change["new"] + 0.01}]}, "changes[sleeve_length]"),
        (2, {"type": "avatar_pose"}, "frames"),
    ):
        (found,) = compare(then, changed(then, longer, update, **fields))
        assert (found.turn, path in found.field) == (longer + 1, True), found


def test_types_that_are_newer_than_the_recording_may_come_beside():
    then = read_take(SESSION)
    turn = then.turns[1]
    more = msgspec.structs.replace(turn, updates=({"type": "outlook"}, *turn.updates))
    now = Take(then.head, (then.turns[0], more, *then.turns[2:]))
    assert compare(then, now) == []
    fewer = msgspec.structs.replace(turn, updates=turn.updates[:-1])
    now = Take(then.head, (then.turns[0], fewer, *then.turns[2:]))
    assert [(d.turn, d.field) for d in compare(then, now)] == [(2, "updates")]


def record(path: Path, *, bodies: bool) -> Take:
    recorder = Recorder(path, bodies=bodies)
    host = VisitPool(make_toy, recorder=recorder)
    hello = Hello(client="mine/1", token="hush-hush")
    with (
        ServerThread(ServerSettings(token="hush-hush"), host) as server,
        Client(server.url, hello) as client,
    ):
        client.ask(Body(id="b", height=1.93, tape={"waist": 1.01}))
        client.send(Pose(time=0.5, seq=7, head=HEAD, left=HAND, joints={"hips": HAND}))
        client.ask(Utterance(id="u", text="高一点", lang="zh"))
    host.stop()
    recorder.close()
    assert recorder.problem == ""
    return read_take(path)


def test_what_is_recorded_without_body_says_nothing_of_one(tmp_path):
    take = record(tmp_path / "visit.jsonl", bodies=False)
    text = (tmp_path / "visit.jsonl").read_text()
    assert [type(turn.event) for turn in take.turns] == [Hello, Body, Pose, Utterance]
    assert not take.head.answered
    assert all(not turn.updates for turn in take.turns)
    for secret in ("hush-hush", "1.93", "waist", "hips"):
        assert secret not in text
    pose = take.turns[2].event
    assert pose.head[1] == pytest.approx(1.59)
    assert pose.head[3:] == HEAD[3:]
    scale = 1.59 / 1.8
    assert pose.left[1] - pose.head[1] == pytest.approx(scale * (HAND[1] - HEAD[1]))
    assert (tmp_path / "visit.jsonl").stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "visit.jsonl"]


def test_what_is_recorded_with_body_is_answered_the_same_again(tmp_path):
    take = record(tmp_path / "visit.jsonl", bodies=True)
    assert "hush-hush" not in (tmp_path / "visit.jsonl").read_text()
    assert take.turns[1].event.height == 1.93
    assert take.turns[2].updates[1]["vertices"] == 5000
    assert take.turns[3].updates[0]["text"] == "1: 高一点"
    again = replay(take, make_toy)
    assert msgspec.json.encode(again.turns) == msgspec.json.encode(take.turns)
    assert compare(take, again) == []
    write_take(tmp_path / "again.jsonl", again)
    assert read_take(tmp_path / "again.jsonl") == take


def test_a_recording_that_is_there_is_replaced_only_where_that_is_wished(tmp_path, capsys):
    path = tmp_path / "visit.jsonl"
    with Recorder(path) as recorder:
        recorder.add("v1", Utterance(id="u1", text="first"), [])
        with pytest.raises(TakeError, match=r"another recording goes on.*--force"):
            Recorder(path)
    first = path.read_bytes()
    assert main(["record", str(path), "--port", "0"]) == 1
    error = capsys.readouterr().err
    assert "is there already" in error and "--force" in error
    with Recorder(path, force=True):
        pass  # nobody came
    assert path.read_bytes() == first
    with Recorder(path, force=True) as recorder:
        recorder.add("v1", Utterance(id="u1", text="second"), [])
    assert [turn.event.text for turn in read_take(path).turns] == ["second"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_scaled_pose_stays_inside_the_space():
    far = Pose(time=0.0, head=(0.0, 90.0, 0.0, *HEAD[3:]), left=(99.0, 99.0, -99.0, *HEAD[3:]))
    scaled = standing(far, 3.0)
    assert scaled.head[1] == 100.0
    assert scaled.left[:3] == (100.0, 100.0, -100.0)


def test_a_full_disk_ends_the_recording_and_no_visit(tmp_path, monkeypatch):
    recorder = Recorder(tmp_path / "visit.jsonl")
    monkeypatch.setattr("showroom.channel.take.MAX_FILE_BYTES", 600)
    for number in range(50):
        recorder.add("v1", Utterance(id=f"u{number}", text="hello"), [])
    recorder.close()
    assert "full" in recorder.problem
    assert len(read_take(tmp_path / "visit.jsonl").turns) == recorder.turns


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], ":1: expected a recording's first line"),
        (['{"session":2,"protocol":1,"answered":false}'], "expected format 1, got 2"),
        (['{"session":1,"protocol":1,"answered":false}'], "holds no turns"),
        (["HEAD", '{"t":0,"visit":"v1","event":{"type":"dance"}}'], ":2: expected a turn"),
        (["HEAD", '{"t":0,"visit":"v1","event":{"type":"pose","time":0}}'], ":2: expected a turn"),
        (["HEAD", '{"t":0,"visit":"v1","event":{"type":"pose","time":0,"head":'
          "[0,1,0,0,0,0,0]}}"], ":2: not_unit"),
        (["HEAD", '{"t":2,"visit":"v1","event":{"type":"clock","time":0}}',
          '{"t":1,"visit":"v1","event":{"type":"clock","time":0}}'], ":3: time goes back"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recording_is_refused_by_its_line(tmp_path, lines, message):
    head = json.dumps({"session": 1, "protocol": 1, "answered": False})
    file = tmp_path / "visit.jsonl"
    file.write_text("\n".join(head if line == "HEAD" else line for line in lines))
    with pytest.raises(TakeError, match=r"visit\.jsonl") as caught:
        read_take(file)
    assert message in str(caught.value)
