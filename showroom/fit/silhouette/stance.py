"""How a photographed person stands: arms off the body, a little uneven; or seated, for refusal."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..basis import load
from ..skin import blend, pose_from_rotations
from ..vrm import BONES, INDEX
from .population import Person, Rng, coarse, table

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def standing(rng: Rng, person: Person, held: str = "stance") -> tuple[F32, F32]:
    """A person who stands, lowest point on the floor.

    Args:
        held: how the arms are held: ``"stance"`` as people do, ``"off"`` or ``"forward"`` as they
            are asked to for the front and the side photo.

    Returns:
        Skin (k, 3), the rows of :func:`.population.coarse`, and joints (52, 3).
    """
    arms, rule = table()["stance"] | table()["asked"].get(held, {}), table()["stance"]
    turns = _identity()
    for bone, spread in (("spine", "spine"), ("chest", "spine"), ("upperChest", "spine")):
        turns[INDEX[bone]] = _euler(np.radians(_three(rng, rule[spread])))
    turns[INDEX["neck"]] = _euler(np.radians(_three(rng, rule["neck"])))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turns[INDEX[f"{side}Shoulder"]] = _euler(np.radians(_three(rng, rule["shoulder"])))
        _arm(rng, person.joints, turns, side, sign, arms)
        out, forward, knee = (
            np.radians(rng.normal(*rule[k])) for k in ("leg_out", "leg_forward", "knee")
        )
        knee = abs(knee)
        turns[INDEX[f"{side}UpperLeg"]] = _euler((-forward - knee / 2, 0.0, sign * out))
        turns[INDEX[f"{side}LowerLeg"]] = _euler((knee, 0.0, 0.0))
        turns[INDEX[f"{side}Foot"]] = _euler((forward - knee / 2, 0.0, -sign * out))
    return _posed(person, turns)


def seated(rng: Rng, person: Person) -> tuple[F32, F32]:
    """Skin and joints of a person who sits or crouches."""
    rule = table()["seated"]
    turns = _identity()
    hip, knee, spread = (np.radians(rng.uniform(*rule[k])) for k in ("hip", "knee", "spread"))
    for bone in ("spine", "chest"):
        turns[INDEX[bone]] = _euler(np.radians(rng.normal(0, 6, 3)))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _arm(rng, person.joints, turns, side, sign, table()["stance"])
        turns[INDEX[f"{side}UpperLeg"]] = _euler((-hip, 0.0, sign * spread))
        turns[INDEX[f"{side}LowerLeg"]] = _euler((knee, 0.0, 0.0))
        turns[INDEX[f"{side}Foot"]] = _euler((hip - knee, 0.0, 0.0))
    return _posed(person, turns)


def _arm(rng: Rng, joints: F32, turns: F32, side: str, sign: float, rule: dict[str, Any]) -> None:
    down = np.clip(rng.normal(*rule["arm_down"]), rule["arm_least"], rule["arm_most"])
    down, forward = np.radians(down), np.radians(rng.normal(*rule["arm_forward"]))
    hang = np.cos(down) * (np.cos(forward) if rule.get("raised") else 1.0)
    upper = np.array((sign * np.sin(down), -hang, np.sin(forward)))
    bend = abs(np.radians(rng.normal(*rule["elbow"])))
    lower = upper + np.sin(bend) * np.array((-0.3 * sign, 0.0, 1.0))
    shoulder, elbow, hand = (joints[INDEX[side + b]] for b in ("UpperArm", "LowerArm", "Hand"))
    first = _between(elbow - shoulder, upper)
    second = _between(hand - elbow, lower)
    turns[INDEX[f"{side}UpperArm"]] = first
    turns[INDEX[f"{side}LowerArm"]] = _product(first * np.array((-1, -1, -1, 1)), second)


def _posed(person: Person, turns: F32) -> tuple[F32, F32]:
    pose = pose_from_rotations(person.joints, person.joints[0], turns)
    rows, _ = coarse()
    skin = np.empty((len(rows), 3), np.float32)
    blend(person.vertices[rows], *_weights(), pose.matrices, skin)
    homogeneous = np.concatenate([person.joints, np.ones((len(BONES), 1), np.float32)], axis=1)
    joints = np.einsum("jab,jb->ja", pose.matrices, homogeneous)
    lift = np.array((0, skin[:, 1].min(), 0), np.float32)
    return skin - lift, (joints - lift).astype(np.float32)


@cache
def _weights() -> tuple[NDArray[np.uint16], F32]:
    rows, basis = coarse()[0], load()
    return np.ascontiguousarray(basis.joints[rows]), np.ascontiguousarray(basis.weights[rows])


def _three(rng: Rng, rule: tuple[float, float]) -> F64:
    return rng.normal(rule[0], rule[1], 3)


def _identity() -> F32:
    turns = np.zeros((len(BONES), 4), np.float32)
    turns[:, 3] = 1.0
    return turns


@njit(cache=True, nogil=True)
def _turned(angles: F64) -> F64:
    """(4,) quaternion of turns about X, then Y, then Z, radians."""
    out = np.array((0.0, 0.0, 0.0, 1.0))
    for axis in range(3):
        turn = np.zeros(4)
        turn[axis], turn[3] = np.sin(angles[axis] / 2), np.cos(angles[axis] / 2)
        out = _product(turn, out)
    return out


def _euler(angles: tuple[float, float, float] | F64) -> F64:
    return np.asarray(_turned(np.asarray(angles, np.float64)), np.float64)


def _between(a: NDArray[np.floating], b: NDArray[np.floating]) -> F64:
    """(4,) shortest turn from one direction to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return np.asarray(_shortest(np.asarray(a, np.float64), np.asarray(b, np.float64)), np.float64)


@njit(cache=True, nogil=True)
def _shortest(a: F64, b: F64) -> F64:
    turn = np.array(
        (
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
            1.0 + a[0] * b[0] + a[1] * b[1] + a[2] * b[2],
        )
    )
    turn /= np.sqrt((turn * turn).sum())
    return turn


@njit(cache=True, nogil=True)
def _product(p: F64, q: F64) -> F64:
    x, y, z, w = p[0], p[1], p[2], p[3]
    a, b, c, d = q[0], q[1], q[2], q[3]
    return np.array(
        (
            w * a + x * d + y * c - z * b,
            w * b - x * c + y * d + z * a,
            w * c + x * b - y * a + z * d,
            w * d - x * a - y * b - z * c,
        )
    )
