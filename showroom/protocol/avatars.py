"""Compact frames of avatars' poses, one's own and companions'; their layout: :mod:`.compact`."""

from __future__ import annotations

import struct
import sys
from functools import lru_cache
from itertools import chain

import msgspec
import numpy as np

from .bones import BONE_INDEX, VRM_BONES
from .compact import AVATAR, COMPANION, MAGIC, ONE, UNIT, bone_name, check_time, wrong_length
from .errors import ProtocolError
from .messages import AvatarPose
from .quantise import quantise_turns
from .rotations import BoneRotations

_AVATAR = struct.Struct("<BBBxIdiii")
_ROOT = struct.Struct("<iii")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""Zeros up to a multiple of 4, by what is over."""


def encode_avatar(pose: AvatarPose) -> bytes:
    """An avatar's pose; bones that VRM 1.0 does not name are left out.

    Raises:
        ProtocolError: a rotation that is not finite (``invalid``).
    """
    rotations = pose.rotations
    if type(rotations) is BoneRotations:
        bones, parts = rotations.numbers, rotations.quaternions
    else:
        count, bones = _numbers(tuple(rotations))
        if count != len(rotations):
            rotations = {name: q for name, q in rotations.items() if name in BONE_INDEX}
        flat = np.fromiter(chain.from_iterable(rotations.values()), np.float64, 4 * count)
        parts = flat.reshape(count, 4)
    x, y, z = pose.root
    count = len(bones)
    root = (round(x / UNIT), round(y / UNIT), round(z / UNIT))
    head = _AVATAR.pack(MAGIC, AVATAR, count, pose.seq, pose.time, *root)
    whole = np.empty(4 * count, np.int16)
    if not quantise_turns(parts, whole):
        raise ProtocolError(
            "invalid", "a rotation is not finite", field="rotations", expected="numbers"
        )
    if sys.byteorder == "big":
        whole.byteswap(inplace=True)
    data = head + bones + _PADDING[count % 4] + whole.tobytes()
    return of_companion(data, pose.who) if pose.who else data


@lru_cache(64)
def _numbers(names: tuple[str, ...]) -> tuple[int, bytes]:
    """How many of some names are VRM's bones, and their numbers."""
    bones = bytes(BONE_INDEX[name] for name in names if name in BONE_INDEX)
    return len(bones), bones


def of_companion(data: bytes, who: str) -> bytes:
    """The compact avatar's pose ``data`` as that of a companion."""
    name = who.encode()[:255]
    return bytes((MAGIC, COMPANION, 0, len(name))) + name + bytes(-len(name) % 4) + data


def decode_companion(data: bytes) -> AvatarPose:
    """A companion's avatar pose.

    Raises:
        ProtocolError: as :func:`decode_avatar`; a name that is no text.
    """
    length = data[3] if len(data) > 3 else 0
    start = 4 + length + (-length % 4)
    if len(data) < start + _AVATAR.size or data[start : start + 2] != bytes((MAGIC, AVATAR)):
        wrong_length(data, start + _AVATAR.size)
    try:
        who = data[4 : 4 + length].decode()
    except UnicodeDecodeError:
        raise ProtocolError("malformed", "the name is not UTF-8", field="who") from None
    return msgspec.structs.replace(decode_avatar(data[start:]), who=who)


def place_of(data: bytes) -> tuple[float, float]:
    """Where on the floor a compact avatar's pose stands: x and z, metres."""
    x, _, z = _ROOT.unpack_from(data, 16)
    return x * UNIT, z * UNIT


def decode_avatar(data: bytes) -> AvatarPose:
    """The avatar pose of a compact frame.

    Raises:
        ProtocolError: a wrong length or bone number, a bone twice (``malformed``).
    """
    if len(data) < _AVATAR.size:
        wrong_length(data, _AVATAR.size)
    _, _, count, seq, time, x, y, z = _AVATAR.unpack_from(data)
    start = _AVATAR.size + count + (-count % 4)
    if len(data) != start + 8 * count:
        wrong_length(data, start + 8 * count)
    check_time(time, "")
    bones = data[_AVATAR.size : _AVATAR.size + count]
    if count and max(bones) >= len(VRM_BONES):
        for number, bone in enumerate(bones):
            bone_name(bone, f"bones[{number}]")
    if len(set(bones)) != count:
        raise ProtocolError("malformed", "a bone comes twice", field="bones", expected="once")
    whole = np.frombuffer(data, "<i2", 4 * count, start).reshape(count, 4)
    root = (x * UNIT, y * UNIT, z * UNIT)
    return AvatarPose(time=time, root=root, rotations=BoneRotations(bones, whole / ONE), seq=seq)
