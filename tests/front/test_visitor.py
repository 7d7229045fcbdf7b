"""The recorded visitor: scripts are checked, motions loop, answers find their sentences."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from showroom.app import SHIPPED_MOTION, SHIPPED_SCRIPT
from showroom.channel.crowd import looped
from showroom.channel.motion import Motion, load_motion
from showroom.protocol.messages import Change, ErrorUpdate, Pose, ProductChanged, Reply
from showroom.rehearsal.visitor import ScriptError, Sentence, Visitor, read_script

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


def test_the_shipped_visit_speaks_two_languages_within_the_shipped_motion() -> None:
    script = read_script(SHIPPED_SCRIPT)
    texts = [line.text for line in script.lines]
    assert len(texts) >= 6
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) >= 3
    assert sum(t.isascii() for t in texts) >= 3
    assert script.lines[-1].at < load_motion(SHIPPED_MOTION).duration + 2


@pytest.mark.parametrize(
    "text",
    ["", "[body]", "[body]\nheight = 'tall'", "[body]\nheight = 1.7\n[[say]]\ntext = 'hi'", "=["],
)
def test_a_broken_script_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "visit.toml"
    path.write_text(text)
    with pytest.raises(ScriptError, match="expected"):
        read_script(path)
    with pytest.raises(ScriptError):
        read_script(tmp_path / "nowhere.toml")


def test_a_motion_goes_on_forwards_and_backwards_without_a_jump() -> None:
    poses = tuple(Pose(time=i / 10, head=(i / 10, *HEAD[1:]), seq=i) for i in range(11))
    out = list(looped(Motion(poses), 3.5))
    times = [p.time for p in out]
    assert times == sorted(times)
    assert 3.4 <= times[-1] <= 3.5
    steps = [abs(b.head[0] - a.head[0]) for a, b in itertools.pairwise(out)]
    assert max(steps) < 0.11
    assert [p.seq for p in out] == list(range(len(out)))


def test_answers_are_written_beside_their_sentence() -> None:
    visitor = Visitor("ws://x", Motion((Pose(time=0.0, head=HEAD),)), read_script(SHIPPED_SCRIPT))
    visitor.sentences = [Sentence("u1", "sleeves 3 cm longer", 0.0), Sentence("u2", "undo", 0.0)]
    change = Change(name="sleeve_length", unit="m", old=0.2, new=0.23)
    visitor._note(ProductChanged(target="t", changes=(change,), transform=HEAD, ref="u1"))
    visitor._note(Reply(text="Sleeves 3 cm longer.", lang="en", ref="u1"))
    visitor._note(ErrorUpdate(code="x", message="no", ref="u2"))
    first, second = visitor.sentences
    assert first.replies == ["Sleeves 3 cm longer."]
    assert first.changes[0]["delta"] == pytest.approx(0.03)
    assert second.errors == ["no"]


def test_a_refusal_of_the_visit_itself_stops_the_visitor() -> None:
    visitor = Visitor("ws://x", Motion((Pose(time=0.0, head=HEAD),)), read_script(SHIPPED_SCRIPT))
    with pytest.raises(RuntimeError, match="refused"):
        visitor._note(ErrorUpdate(code="body", message="height is out of range", ref="body"))
