"""Edges inside the outline: what they are, and that they decide what no outline shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reconstruction.families import get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.furniture.creases import (
    clarity,
    drawn_edges,
    edge_cost,
    edge_normal,
    inner,
    photo_edges,
    photo_pairs,
    unmet,
)
from reconstruction.furniture.fit import refine
from reconstruction.furniture.picture import draw_faces
from reconstruction.furniture.solver import Start
from reconstruction.furniture.target import Pose
from reconstruction.render.camera import frame_camera
from reconstruction.render.zbuffer import render

SIDE = 80
CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
BOX = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.int32,
)  # fmt: skip
EVERYWHERE = np.ones((SIDE, SIDE), np.uint8)


def seen_box(shift: float = 0.0) -> np.ndarray:
    """A unit box on a square of 80 pixels, turned so that three sides show, moved to the right."""
    turn, _ = cv2.Rodrigues(np.array([0.5, 0.6, 0.1]))
    points = (CORNERS - 0.5) @ turn.T
    screen = np.column_stack([points[:, 0] * 30 + 40 + shift, 40 - points[:, 1] * 30])
    return np.column_stack([screen, 5 - points[:, 2]]).astype(np.float32)


def edges_of_box(shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    screen = seen_box(shift)
    face_id, nearest = draw_faces(screen, BOX, SIDE, SIDE)
    slot = np.zeros(len(BOX), np.int32)
    return drawn_edges(face_id, nearest, screen, CORNERS, BOX, slot, EVERYWHERE, 0.87), face_id


def painted(shift: float = 0.0) -> np.ndarray:
    """The box with each of its sides in a grey of its own."""
    face_id, _ = draw_faces(seen_box(shift), BOX, SIDE, SIDE)
    greys = np.repeat(np.array([90, 200, 120, 60, 170, 140]), 2)
    grey = np.where(face_id >= 0, greys[face_id], 30).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def test_a_box_has_edges_where_its_sides_meet_and_nowhere_else() -> None:
    drawn, face_id = edges_of_box()
    sides = np.where(face_id >= 0, face_id // 2, -1)
    assert len(drawn) > 40
    for y, x, axis, _ in drawn:
        other = sides[y, x + 1] if axis == 0 else sides[y + 1, x]
        assert sides[y, x] != other
        assert min(sides[y, x], other) >= 0


def test_a_step_is_an_edge_and_a_weave_is_not() -> None:
    rng = np.random.default_rng(0)
    weave = rng.normal(120, 12, (SIDE, SIDE, 1))
    step = weave * 0.2 + 96
    step[:, 40:] += 60
    as_photo = [np.clip(np.repeat(p, 3, axis=2), 0, 255).astype(np.uint8) for p in (weave, step)]
    core = inner(EVERYWHERE)
    plain, stepped = (photo_pairs(p, core) for p in as_photo)
    assert clarity(stepped, core) <= 1.0
    assert stepped[0, 10:70, 39].min() > 2 * np.median(stepped[0, 10:70, 10:30])
    assert stepped[0, 10:70, 39].mean() > np.quantile(plain[0][core > 0], 0.97)


def test_edges_go_together_only_where_they_lie_on_each_other() -> None:
    (own, face_id), moved = edges_of_box(), edges_of_box(5.0)[0]
    core = inner((face_id >= 0).astype(np.uint8))
    edges = photo_edges(photo_pairs(painted(), core), core, 1.2)
    assert unmet(own, edges, 1.2) < 0.6 < 0.85 < unmet(moved, edges, 1.2)
    assert unmet(own[:0], edges, 1.2) == 1.0


@pytest.mark.parametrize("off", [-2.0, 2.0])
def test_edges_pull_a_shape_towards_those_of_the_photo(off: float) -> None:
    core = inner(EVERYWHERE)
    edges = photo_edges(photo_pairs(painted(), core), core, 2.5)
    drawn = edges_of_box(off)[0]
    motion = np.zeros((8, 2, 1), np.float32)
    motion[:, 0] = 1
    matrix, slope = edge_normal(drawn, edges.strength, edges.slope, seen_box(off), BOX, motion)
    step = -slope[0] / matrix[0, 0]
    assert np.sign(step) == -np.sign(off)
    assert edge_cost(edges_of_box()[0], edges.strength) < edge_cost(drawn, edges.strength)


def test_drawers_are_found_by_their_gaps_though_no_outline_shows_them() -> None:
    family = get_family("cabinet")
    assert isinstance(family, FurnitureFamily)
    choices = {c.name: c.default for c in family.choices}
    choices |= {"columns": "1", "rows": "2", "fronts": "drawers", "base": "floor"}
    values = {p.name: p.default for p in family.parameters}
    values |= {"width": 0.7, "height": 0.8, "depth": 0.45, "lower_rows": 1.7}
    mesh = family.build(values, choices)
    camera = frame_camera(mesh.vertices, 0.5, 0.3, fov=0.45)
    drawn = render(mesh.vertices, mesh.faces, camera, (260, 260)).face_id
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    light = 140 + normal @ np.array([-40, 60, 20])
    grey = np.where(drawn >= 0, light[drawn], 250).astype(np.uint8)
    photo = np.repeat(grey[..., None], 3, axis=2)
    mask = (drawn >= 0).astype(np.float32)
    guess = {**values, "lower_rows": 1.2, "depth": 0.5}
    start = Start(guess, choices, Pose(0.45, 0.35, 0.2))
    told = {"height": 0.8}
    blind, seeing = (
        refine(family, {}, {}, None, mask, photo=p, declared=told, proposals=[start], effort=0)
        for p in (None, photo)
    )
    assert abs(blind.values["lower_rows"] - 1.7) > 0.3
    assert abs(seeing.values["lower_rows"] - 1.7) < 0.1
    assert seeing.evidence is not None
    assert seeing.evidence.edge_left < 0.6
