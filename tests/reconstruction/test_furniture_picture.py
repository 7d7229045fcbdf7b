"""The pictures that fitting compares: what a drawing's edges say is how the drawing changes."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.furniture.picture import blur, draw_faces, edge_derivatives, shrink_layers
from reconstruction.furniture.search import Favour
from reconstruction.furniture.solver import Start
from reconstruction.furniture.target import Pose

SIDE = 64
FACES = np.array([[0, 2, 1], [0, 3, 2], [4, 6, 5], [4, 7, 6]], np.int32)
SLOT = np.array([0, 0, 1, 1], np.int32)
TONE = np.array([[0.0], [0.7]], np.float32)


def tilted_squares(move: np.ndarray) -> np.ndarray:
    """A large square and a small nearer one on it, which is moved and grown by three numbers."""
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float)
    turn = np.array([[0.93, -0.36], [0.36, 0.93]])
    large = corners * 20 @ turn + 32
    small = corners * (7 + move[2]) @ turn + 30 + move[:2]
    flat = np.concatenate([large, small])[:, ::-1]
    return np.column_stack([flat, [5.0] * 4 + [4.0] * 4]).astype(np.float32)


def layers(move: np.ndarray) -> np.ndarray:
    screen = tilted_squares(move)
    face_id, _ = draw_faces(screen, FACES, SIDE, SIDE)
    return blur(shrink_layers(face_id, SLOT, TONE, 2, 2), 1.5)


def test_derivatives_from_edges_are_those_of_the_picture() -> None:
    screen = tilted_squares(np.zeros(3))
    face_id, nearest = draw_faces(screen, FACES, SIDE, SIDE)
    motion = np.zeros((8, 2, 3), np.float32)
    for i in range(3):
        motion[:, :, i] = (tilted_squares(np.eye(3)[i]) - screen)[:, :2]
    told = blur(edge_derivatives(face_id, nearest, screen, FACES, motion, SLOT, TONE, 2, 2), 1.5)
    for i in range(3):
        step = np.eye(3)[i] * 1.5
        seen = (layers(step) - layers(-step)) / 3.0
        assert np.abs(seen[..., 1]).max() > 0.03
        assert np.linalg.norm(told[..., i] - seen) < 0.12 * np.linalg.norm(seen)
    # The small square hides nothing of the outline: coverage does not change.
    assert np.abs(told[..., 0, :]).max() == 0.0


def test_the_nearer_surface_is_drawn_and_back_faces_are_not() -> None:
    screen = tilted_squares(np.zeros(3))
    face_id, nearest = draw_faces(screen, FACES, SIDE, SIDE)
    assert face_id[30, 30] >= 2
    assert nearest[30, 30] == pytest.approx(1 / 4, rel=1e-4)
    assert 0 <= face_id[32, 46] < 2
    behind, _ = draw_faces(screen, FACES[:, ::-1].copy(), SIDE, SIDE)
    assert (behind == -1).all()


def test_choices_that_were_proposed_cost_less() -> None:
    pose = Pose(0.0, 0.3, 0.2)
    favour = Favour([Start({}, {"apron": "rails"}, pose), Start({}, {"apron": "box"}, pose)])
    costs = [favour.cost({"apron": option}) for option in ("rails", "box", "none")]
    assert costs[0] == 0.0
    assert costs[0] < costs[1] < costs[2]
    sure = Favour(
        [
            Start({}, {"apron": "rails"}, pose, probability=0.1),
            Start({}, {"apron": "box"}, pose, probability=0.8),
        ]
    )
    assert sure.cost({"apron": "box"}) == 0.0
    assert Favour([]).cost({"apron": "none"}) == 0.0
