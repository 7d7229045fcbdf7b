"""Compact binary frames for what streams: poses in, mesh vertices out; avatars: :mod:`.avatars`.

All numbers are little endian. A frame opens with the byte 0xC1, which no MessagePack value can
open with, and its kind. Positions are counted in units of 0.25 mm; quaternions are four int16,
1.0 being 32767 (0.003 degrees).

========= ==== ==========================================================================
pose      1    flags u8 (1 left, 2 right, 4 joints), 0 u8, seq u32, time f64, head position
               i32 x 3, head rotation i16 x 4; per tracked hand, left first: position
               relative to the head i16 x 3, rotation i16 x 4; where there are joints: how
               many u8, zeros u8 x 3, bone numbers u8 x joints (order of
               :data:`~showroom.protocol.bones.VRM_BONES`), zeros up to a multiple of 4, and
               for each as for a hand
avatar    2    bones u8, 0 u8, seq u32, time f64, root position i32 x 3, bone numbers
               u8 x bones (order of :data:`~showroom.protocol.bones.VRM_BONES`), zeros up
               to a multiple of 4, rotations i16 x 4 x bones
mesh      3    encoding u8 (0; others: :mod:`.mesh_delta`), target length u8, frame u32,
               time f64, vertices u32, GLB's SHA-256 u8 x 32, box corner f32 x 3,
               step f32 x 3, target in UTF-8, zeros up to a multiple of 4, coordinates
               u16 x 3 x vertices; position = corner + step * coordinate
audio     4    0 u8, 0 u8, seq u32, samples i16 x n; in both directions
companion 5    0 u8, name length u8, name in UTF-8, zeros up to a multiple of 4, then a
               companion's avatar as kind 2
========= ==== ==========================================================================
"""

from __future__ import annotations

import math
import struct
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .audio import MAX_CHUNK_BYTES
from .bones import BONE_INDEX, VRM_BONES
from .errors import ProtocolError
from .limits import MAX_FRAME_VERTICES, UNIT_TOLERANCE
from .messages import AudioChunk, MeshFrame, Pose

MAGIC = 0xC1
POSE, AVATAR, MESH, AUDIO, COMPANION = 1, 2, 3, 4, 5
POSE_BEGINS, AVATAR_BEGINS, MESH_BEGINS = (bytes((MAGIC, n)) for n in (POSE, AVATAR, MESH))
UNIT = 0.00025
"""Metres per position step."""

ONE = 32767.0
"""A quaternion's part of 1."""

_POSE = struct.Struct("<BBBxIdiiihhhh")
_HAND = struct.Struct("<hhhhhhh")
_MESH = struct.Struct("<BBBBIdI32s24s")
_BOX = struct.Struct("<3f3f")
_AUDIO = struct.Struct("<BBxxI")
_HANDS = (0, 1, 1, 2)
"""How many hands a pose's flags say are tracked."""

_PLAIN = tuple(struct.Struct(_POSE.format + "hhhhhhh" * hands) for hands in _HANDS)
_REACH = 400_000
"""Steps of :data:`UNIT` to where the play space ends."""

_UNIT_LOW = math.ceil((ONE * (1.0 - UNIT_TOLERANCE)) ** 2) + 1
_UNIT_HIGH = math.floor((ONE * (1.0 + UNIT_TOLERANCE)) ** 2) - 1
_NO_HASH = bytes(32)

_Seven = tuple[float, float, float, float, float, float, float]


def is_compact(data: bytes) -> bool:
    """Whether a binary frame is compact rather than MessagePack."""
    return len(data) > 1 and data[0] == MAGIC


def chained(data: bytes) -> bool:
    """Whether others may build on a compact mesh frame, or it on them: none may be left out."""
    return len(data) > 2 and data[1] == MESH and data[2] != 0


def fits(pose: Pose) -> bool:
    """Whether a compact frame can hold a pose: its joints have VRM's names."""
    return not pose.joints or (pose.skeleton == "vrm" and pose.joints.keys() <= BONE_INDEX.keys())


def encode_pose(pose: Pose) -> bytes:
    """A pose in 36 bytes, 14 more per tracked hand, 15 per joint; see :func:`fits`.

    Raises:
        ProtocolError: a hand is more than 8.19 m away from the head (``out_of_range``).
    """
    x, y, z, *rotation = pose.head
    head = (round(x / UNIT), round(y / UNIT), round(z / UNIT))
    flags = (pose.left is not None) | (pose.right is not None) << 1 | bool(pose.joints) << 2
    parts = [_POSE.pack(MAGIC, POSE, flags, pose.seq, pose.time, *head, *_snorm(rotation))]
    pieces = [(n, t) for n, t in (("left", pose.left), ("right", pose.right)) if t is not None]
    hands = len(pieces)
    pieces += [(f"joints.{name}", transform) for name, transform in pose.joints.items()]
    for number, (name, hand) in enumerate(pieces):
        if number == hands:
            parts.append(_bone_numbers(pose))
        offset = [round(hand[i] / UNIT) - head[i] for i in range(3)]
        if max(map(abs, offset)) > ONE:
            raise ProtocolError(
                "out_of_range",
                "a hand or joint is too far from the head for a compact frame",
                field=name,
                expected="within 8.19 m of the head",
                got=f"{max(map(abs, offset)) * UNIT:.2f} m",
            )
        parts.append(_HAND.pack(*offset, *_snorm(hand[3:])))
    return b"".join(parts)


def plain_pose(data: bytes) -> Pose | None:
    """The pose of head and hands in a compact frame, checked; None for whatever else it is.

    The quick way for what comes ninety times a second. What was wrong with a frame, or which
    joints it has, :func:`decode_pose` and :func:`~showroom.protocol.validation.check` tell.
    """
    flags = data[2] if len(data) >= _POSE.size else 4
    if flags > 3 or len(data) != _POSE.size + _HAND.size * _HANDS[flags]:
        return None
    _, _, _, seq, time, x, y, z, a, b, c, d, *hands = _PLAIN[flags].unpack(data)
    if not (
        0.0 <= time <= 1e12
        and -_REACH < x < _REACH
        and -_REACH < y < _REACH
        and -_REACH < z < _REACH
        and _UNIT_LOW < a * a + b * b + c * c + d * d < _UNIT_HIGH
    ):
        return None
    head = (x * UNIT, y * UNIT, z * UNIT, a / ONE, b / ONE, c / ONE, d / ONE)
    placed: list[_Seven] = []
    for start in range(0, len(hands), 7):
        i, j, k, a, b, c, d = hands[start : start + 7]
        i, j, k = x + i, y + j, z + k
        if not (
            -_REACH < i < _REACH
            and -_REACH < j < _REACH
            and -_REACH < k < _REACH
            and _UNIT_LOW < a * a + b * b + c * c + d * d < _UNIT_HIGH
        ):
            return None
        placed.append((i * UNIT, j * UNIT, k * UNIT, a / ONE, b / ONE, c / ONE, d / ONE))
    return Pose(
        time=time,
        head=head,
        left=placed[0] if flags & 1 else None,
        right=placed[-1] if flags & 2 else None,
        seq=seq,
    )


def decode_pose(data: bytes) -> Pose:
    """The pose of a compact frame.

    Raises:
        ProtocolError: a wrong length or flag (``malformed``), a time that is no finite number
            (``out_of_range``).
    """
    if len(data) < _POSE.size:
        wrong_length(data, _POSE.size)
    _, _, flags, seq, time, x, y, z, *rotation = _POSE.unpack_from(data)
    if flags > 7:
        raise ProtocolError(
            "malformed", "unknown pose flags", field="flags", expected="0 to 7", got=str(flags)
        )
    start = _POSE.size + _HAND.size * ((flags & 1) + (flags >> 1 & 1))
    count = data[start] if flags & 4 and len(data) > start else 0
    expected = start + (flags >> 2) * (4 + count + -count % 4 + _HAND.size * count)
    if len(data) != expected:
        wrong_length(data, expected)
    check_time(time, f"pose/{seq}")
    hands: list[_Seven | None] = [None, None]
    start = _POSE.size
    for side in (0, 1):
        if flags >> side & 1:
            dx, dy, dz, *turn = _HAND.unpack_from(data, start)
            hands[side] = _transform((x + dx, y + dy, z + dz), turn)
            start += _HAND.size
    joints: dict[str, _Seven] = {}
    numbers = data[start + 4 : start + 4 + count]
    start += 4 + count + -count % 4
    for place, number in enumerate(numbers):
        name = bone_name(number, f"joints[{place}]")
        dx, dy, dz, *turn = _HAND.unpack_from(data, start + _HAND.size * place)
        joints[name] = _transform((x + dx, y + dy, z + dz), turn)
    head = _transform((x, y, z), rotation)
    return Pose(time=time, head=head, left=hands[0], right=hands[1], seq=seq, joints=joints)


def _bone_numbers(pose: Pose) -> bytes:
    bones = bytes(BONE_INDEX[name] for name in pose.joints)
    return bytes((len(bones), 0, 0, 0)) + bones + bytes(-len(bones) % 4)


def bone_name(number: int, field: str) -> str:
    """The name of a bone by its number.

    Raises:
        ProtocolError: there is none (``malformed``).
    """
    if number >= len(VRM_BONES):
        raise ProtocolError(
            "malformed",
            "unknown bone number",
            field=field,
            expected=f"0 to {len(VRM_BONES) - 1}",
            got=str(number),
        )
    return VRM_BONES[number]


def retargeted(data: bytes, target: str) -> bytes:
    """A compact mesh frame under another target."""
    old = data[3]
    name = target.encode()[:255]
    head = data[:3] + bytes((len(name),)) + data[4 : _MESH.size]
    return head + name + bytes(-len(name) % 4) + data[_MESH.size + old + (-old % 4) :]


def encode_mesh(frame: MeshFrame) -> bytes:
    """A mesh frame at 6 bytes a vertex; the error is at most half a step of its box.

    Raises:
        ProtocolError: positions that are not finite or not (n, 3) float32, a hash that is not
            SHA-256 in hex (``invalid``).
    """
    if len(frame.positions) % 12:
        raise ProtocolError(
            "invalid",
            "positions are not (n, 3) float32",
            field="positions",
            expected="a multiple of 12 bytes",
            got=f"{len(frame.positions)} bytes",
        )
    flat = np.frombuffer(frame.positions, "<f4")
    count = len(flat) // 3
    low, high = np.zeros(3, np.float32), np.zeros(3, np.float32)
    if count:
        low[:] = [flat[axis::3].min() for axis in range(3)]
        high[:] = [flat[axis::3].max() for axis in range(3)]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ProtocolError("invalid", "a vertex is not finite", field="positions")
    step = np.maximum((high - low) / np.float32(65535.0), np.float32(1e-9))
    scaled = _per_axis(flat, -low / step + np.float32(0.5), 1.0 / step)
    coordinates = np.clip(scaled, 0.0, 65535.0, scaled).astype("<u2")
    return mesh_head(frame, 0, count, _BOX.pack(*low, *step)) + coordinates.tobytes()


def mesh_head(frame: MeshFrame, encoding: int, count: int, rest: bytes) -> bytes:
    """What every compact mesh frame opens with; ``rest`` is 24 bytes of its encoding's own.

    Raises:
        ProtocolError: a hash that is not SHA-256 in hex (``invalid``).
    """
    try:
        digest = bytes.fromhex(frame.glb) if frame.glb else _NO_HASH
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ProtocolError(
            "invalid", "not a SHA-256", field="glb", expected="64 hex digits", got=frame.glb
        )
    target = frame.target.encode()[:255]
    head = _MESH.pack(
        MAGIC, MESH, encoding, len(target), frame.frame, frame.time, count, digest, rest
    )
    return head + target + bytes(-len(target) % 4)


def decode_mesh(data: bytes) -> MeshFrame:
    """The mesh frame of a compact frame; positions come back as (n, 3) float32 bytes.

    Raises:
        ProtocolError: a wrong length, encoding or text (``malformed``), or too many vertices.
    """
    frame, count, rest, start = read_mesh_head(data)
    if data[2] != 0:
        raise ProtocolError(
            "malformed",
            "an encoding that was not asked for",
            field="encoding",
            expected="0",
            got=str(data[2]),
        )
    if len(data) != start + 6 * count:
        wrong_length(data, start + 6 * count)
    box = _BOX.unpack(rest)
    if not all(map(math.isfinite, box)):
        raise ProtocolError("malformed", "the box is not finite", field="box")
    coordinates = np.frombuffer(data, "<u2", 3 * count, start)
    with np.errstate(over="ignore"):
        positions = _per_axis(coordinates, np.array(box[:3]), np.array(box[3:]))
    frame.positions = positions.astype("<f4").tobytes()
    return frame


def read_mesh_head(data: bytes) -> tuple[MeshFrame, int, bytes, int]:
    """A mesh frame still without positions, its vertices, its encoding's 24 bytes, where they end.

    Raises:
        ProtocolError: it is cut short, its target is no text, or it has too many vertices.
    """
    if len(data) < _MESH.size:
        wrong_length(data, _MESH.size)
    _, _, _, name, number, time, count, digest, rest = _MESH.unpack_from(data)
    if count > MAX_FRAME_VERTICES:
        raise ProtocolError(
            "malformed",
            "too many vertices",
            field="vertices",
            expected=f"at most {MAX_FRAME_VERTICES}",
            got=str(count),
        )
    start = _MESH.size + name + (-name % 4)
    if len(data) < start:
        wrong_length(data, start)
    check_time(time, "")
    try:
        target = data[_MESH.size : _MESH.size + name].decode()
    except UnicodeDecodeError:
        raise ProtocolError("malformed", "the target is not UTF-8", field="target") from None
    glb = "" if digest == _NO_HASH else digest.hex()
    frame = MeshFrame(target=target, glb=glb, frame=number, time=time, positions=b"")
    return frame, count, rest, start


def encode_audio(chunk: AudioChunk) -> bytes:
    """A chunk of samples in 8 bytes more than they take."""
    return _AUDIO.pack(MAGIC, AUDIO, chunk.seq) + chunk.data


def decode_audio(data: bytes) -> AudioChunk:
    """The chunk of a compact frame.

    Raises:
        ProtocolError: half a sample (``malformed``), or too many samples (``out_of_range``).
    """
    if len(data) < _AUDIO.size or (len(data) - _AUDIO.size) % 2:
        wrong_length(data, _AUDIO.size + (len(data) - _AUDIO.size) // 2 * 2)
    if len(data) > _AUDIO.size + MAX_CHUNK_BYTES:
        raise ProtocolError(
            "out_of_range",
            "a chunk of audio is too long",
            field="data",
            expected=f"at most {MAX_CHUNK_BYTES} bytes",
            got=f"{len(data) - _AUDIO.size} bytes",
        )
    _, _, seq = _AUDIO.unpack_from(data)
    return AudioChunk(seq=seq, data=data[_AUDIO.size :])


def _per_axis(
    flat: NDArray[Any], offset: NDArray[Any], factor: NDArray[Any]
) -> NDArray[np.float32]:
    """``offset + factor * value`` per axis for values x, y, z, x, y, z...; float32.

    In rows of 64 vertices: numpy's inner loop then runs over 192 numbers instead of 3.
    """
    rows = np.zeros((-(-flat.size // 192), 192), np.float32)
    values = rows.reshape(-1)[: flat.size]
    values[:] = flat
    rows *= np.tile(factor, 64).astype(np.float32)
    rows += np.tile(offset, 64).astype(np.float32)
    return values


def _snorm(rotation: tuple[float, ...] | list[float]) -> list[int]:
    return [max(-32767, min(32767, round(part * ONE))) for part in rotation]


def _transform(position: tuple[int, int, int], rotation: list[int]) -> _Seven:
    x, y, z = position
    a, b, c, d = rotation
    return (x * UNIT, y * UNIT, z * UNIT, a / ONE, b / ONE, c / ONE, d / ONE)


def check_time(time: float, ref: str) -> None:
    """Refuse what is no number of seconds.

    Raises:
        ProtocolError: ``out_of_range``.
    """
    if not 0.0 <= time <= 1e12:
        raise ProtocolError(
            "out_of_range",
            "time is not a number of seconds",
            field="time",
            expected="0 to 1e12 s",
            got=str(time),
            ref=ref,
        )


def wrong_length(data: bytes, expected: int) -> NoReturn:
    """Refuse a frame of another length than its head says.

    Raises:
        ProtocolError: ``malformed``.
    """
    raise ProtocolError(
        "malformed",
        "a compact frame has another length than its head says",
        expected=f"{expected} bytes",
        got=f"{len(data)} bytes",
    )
