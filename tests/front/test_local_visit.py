from __future__ import annotations

import time
from typing import Any

from showroom.local_visit import LocalVisit
from showroom.protocol.messages import (
    AssetReady,
    AvatarPose,
    Command,
    Hello,
    Input,
    Pose,
    ProductRemoved,
    Reply,
    Update,
)

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


class Slow:
    """A visit that takes a while over commands."""

    def __init__(self) -> None:
        self.poses: list[float] = []

    def handle(self, event: Input) -> list[Update]:
        if isinstance(event, Pose):
            self.poses.append(event.time)
            return [AvatarPose(time=event.time, root=(0.0, 0.9, 0.0), rotations={})]
        if isinstance(event, Hello):
            return [AssetReady(hash="aa", data=b"glb"), ProductRemoved(target="greeted")]
        if isinstance(event, Command):
            time.sleep(0.3)
            return [Reply(text=event.target, lang="en")]
        return []

    def snapshot(self) -> dict[str, Any]:
        return {}

    def restore(self, snapshot: dict[str, Any]) -> list[Update]:
        return []


def test_a_pose_is_answered_at_once_and_no_frame_waits_for_a_command() -> None:
    slow = Slow()
    visit = LocalVisit(lambda: slow)
    visit(Hello())
    deadline = time.monotonic() + 5.0
    greeted: list[Update] = []
    while not greeted and time.monotonic() < deadline:
        greeted = visit.answers()
    assert greeted == [ProductRemoved(target="greeted")]
    assert visit.assets == {"aa": b"glb"}
    for _ in range(100):  # The thread that opened it may still be putting its things away.
        answers = visit(Pose(time=1.0, head=HEAD))
        if answers:
            break
        time.sleep(0.01)
    assert isinstance(answers[0], AvatarPose)
    # A command takes 0.3 s; the frames go on meanwhile, and its answer comes with one of them.
    found = visit(Command(action="undo", target="done"))
    assert found == []
    frames = 0
    while not any(isinstance(u, Reply) for u in found):
        found += visit(Pose(time=2.0 + frames, head=HEAD))
        frames += 1
        time.sleep(0.01)
        assert frames < 500
    assert frames > 5
    visit.settle()
    # Of the poses meanwhile only the latest was taken.
    assert len([t for t in slow.poses if t >= 2.0]) < frames
    assert slow.poses == sorted(slow.poses)
