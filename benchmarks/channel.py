"""What the channel carries against a bare websocket echo, and what the codecs cost.

Usage: python benchmarks/channel.py [CLIENTS]
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from statistics import median

import numpy as np

from showroom.channel.load import bear, channel, echo, measure_channel, measure_echo
from showroom.protocol.codec import decode_event, decode_update, encode_event, encode_update
from showroom.protocol.messages import AvatarPose, MeshFrame, Pose
from showroom.protocol.rotations import BoneRotations

RUNS = 3


def codecs() -> list[tuple[str, int, float, float]]:
    """Rows of (message, bytes, encode µs, decode µs), each the best of five."""
    turn = (0.0, 0.0, 0.6, 0.8)
    pose = Pose(
        time=1.0, head=(0, 1.6, 0, *turn), left=(0.3, 1, 0, *turn), right=(-0.3, 1, 0, *turn)
    )
    bones = BoneRotations(bytes(range(22)), np.tile(np.array(turn, np.float32), (22, 1)))
    avatar = AvatarPose(time=1.0, root=(0, 1, 0), rotations=bones)
    points = np.random.default_rng(1).random((5000, 3), np.float32)
    mesh = MeshFrame(target="shirt", glb="", frame=1, time=1.0, positions=points.tobytes())
    rows = []
    packed = encode_event(pose).data
    text = encode_event(pose, plain=True).data.decode()
    rows.append(
        (
            "pose, compact",
            len(packed),
            _us(lambda: encode_event(pose)),
            _us(lambda: decode_event(packed)),
        )
    )
    rows.append(
        (
            "pose, JSON",
            len(text),
            _us(lambda: encode_event(pose, plain=True)),
            _us(lambda: decode_event(text)),
        )
    )
    for name, update in (("avatar, 22 bones", avatar), ("mesh, 5,000 vertices", mesh)):
        data = encode_update(update).data
        encode, decode = _coders(update, data)
        rows.append((name, len(data), _us(encode), _us(decode)))
    return rows


def _coders(
    update: AvatarPose | MeshFrame, data: bytes
) -> tuple[Callable[[], object], Callable[[], object]]:
    return lambda: encode_update(update), lambda: decode_update(data)


def _us(work: Callable[[], object]) -> float:
    return min(timeit.repeat(work, number=200, repeat=5)) / 200 * 1e6


def main() -> None:
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    print("| message | bytes | encode µs | decode µs |\n|---|---|---|---|")
    for name, size, encode, decode in codecs():
        print(f"| {name} | {size} | {encode:.1f} | {decode:.1f} |")
    print(f"\n{clients} clients, pose in, avatar pose out, load from another process, {RUNS} runs")
    print("\n| server | messages/s | p50 ms | p99 ms | CPU µs each |\n|---|---|---|---|---|")
    pairs = [(measure_echo(clients), measure_channel(clients)) for _ in range(RUNS)]
    for place, name in enumerate(("bare websockets echo", "showroom")):
        rows = [pair[place] for pair in pairs]
        rate, cpu = median(row.per_second for row in rows), median(row.cpu for row in rows)
        p50, p99 = median(row.p50 for row in rows), median(row.p99 for row in rows)
        print(f"| {name} | {rate:.0f} | {p50:.3f} | {p99:.3f} | {cpu:.1f} |")
    shares = [ours.per_second / echo.per_second for echo, ours in pairs]
    costs = [ours.cpu / echo.cpu for echo, ours in pairs]
    print(f"\nshowroom / echo: {_spread(shares)} of the messages")
    print(f"showroom / echo: {_spread(costs)} of the CPU time for each")
    print("\nvisitors at 90 Hz with a p99 of at most 1 ms, one core:")
    bare, ours = bear(echo), bear(channel)
    print("| bare websockets echo | showroom | ratio |\n|---|---|---|")
    print(f"| {bare.visitors} | {ours.visitors} | {ours.visitors / bare.visitors:.2f} |")


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
