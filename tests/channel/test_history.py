"""What a Python client draws: samples shown at their own times, body and sleeve together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from showroom.channel.history import History, Moment, SenderClock, blend_avatar, blend_positions
from showroom.protocol.messages import AvatarPose


def value(moment: Moment[float] | None) -> float:
    assert moment is not None
    return moment.first + (moment.second - moment.first) * moment.share


def test_samples_that_arrive_late_are_shown_at_their_own_times():
    history: History[float] = History(SenderClock(0.05))
    for i, late in enumerate((0.01, 0.04, 0.01, 0.035, 0.012, 0.02)):
        history.add(i * 0.02, i * 0.02, 100 + i * 0.02 + late)
    for now in (100.075, 100.09, 100.12):
        assert value(history.at(now)) == pytest.approx(now - 100.06, abs=0.004)


def test_nothing_is_made_up_before_the_first_sample_or_after_the_last():
    history: History[str] = History()
    assert history.at(1.0) is None
    history.add(1.0, "a", 1.0)
    assert history.at(0.0) == Moment("a", "a", 1.0)
    assert history.at(50.0) == Moment("a", "a", 1.0)
    history.add(0.9, "older", 1.1)
    assert history.at(50.0) == Moment("a", "a", 1.0)


def test_a_body_is_never_ahead_of_its_sleeve_however_late_and_rarely_the_sleeve_comes():
    clock = SenderClock()
    body, sleeve = History[float](clock), History[float](clock)
    seen = []
    for i in range(400):
        time = i * 0.01
        body.add(time, time, 50 + time)
        if i % 8 == 0 and i >= 2:
            sleeve.add(time - 0.02, time - 0.02, 50 + time)  # 12.5 Hz, 20 ms late
        worn, moment = sleeve.at(50 + time), value(body.at(50 + time))
        if i < 100:
            continue
        assert moment == pytest.approx(value(worn), abs=1e-6)
        assert time - moment < 0.15
        seen.append(moment)
    steps = np.diff(seen)
    assert (steps >= 0).all() and (steps < 0.03).all()
    assert (steps < 0.004).mean() < 0.15  # and it does not stand still in between


def test_a_body_does_not_wait_for_cloth_that_comes_no_more():
    clock = SenderClock()
    body, sleeve, hem = History[float](clock), History[float](clock), History[float](clock)
    for i in range(100):
        time = i * 0.01
        body.add(time, time, time)
        if i < 60:
            sleeve.add(time, time, time)
        if i < 95:
            hem.add(time, time, time)
        if i == 95:
            hem.clear()
    assert value(body.at(0.99)) > 0.95


def test_who_comes_back_with_a_clock_that_began_anew_is_followed_at_once():
    clock = SenderClock()
    before, after = History[float](clock), History[float](clock)
    for i in range(10):
        before.add(100 + i * 0.02, float(i), i * 0.02)
    before.at(0.2)
    for i in range(10):
        after.add(1 + i * 0.02, float(i), 9 + i * 0.02)
    assert value(after.at(9.18)) < 9.0


def test_a_body_between_two_poses_turns_the_shorter_way():
    half = math.sqrt(0.5)
    first = AvatarPose(time=0.0, root=(0.0, 1.0, 0.0), rotations={"hips": (0.0, 0.0, 0.0, 1.0)})
    second = AvatarPose(
        time=1.0,
        root=(0.2, 1.0, 0.0),
        rotations={"hips": (0.0, -half, 0.0, -half), "head": (0.0, 0.0, 0.0, 1.0)},
    )
    root, turned = blend_avatar(Moment(first, second, 0.5))
    assert root == pytest.approx((0.1, 1.0, 0.0))
    eighth = math.pi / 8
    assert turned["hips"] == pytest.approx((0.0, math.sin(eighth), 0.0, math.cos(eighth)))
    assert turned["head"] == (0.0, 0.0, 0.0, 1.0)


def test_cloth_between_two_frames_lies_between_them_unless_it_is_another_cloth():
    one, other = np.zeros((2, 3), np.float32), np.full((2, 3), 0.4, np.float32)
    assert np.allclose(blend_positions(Moment(one, other, 0.25)), 0.1)
    assert blend_positions(Moment(one, other[:1], 0.25)).shape == (1, 3)
