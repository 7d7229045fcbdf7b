"""Write the shipped headset recording: a scripted stroll with gentle noise.

``python -m showroom.fit.stroll assets/motion/stroll.jsonl`` makes it, one pose message a line, from
the key frames of ``data_files/stroll.toml``; the same command always writes the same bytes.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

F64 = NDArray[np.float64]

SCRIPT: Final = Path(__file__).parent / "data_files" / "stroll.toml"
_STRIDES_PER_METRE: Final = 1.5


def poses(script: dict[str, Any]) -> list[dict[str, Any]]:
    """Pose messages as plain dictionaries, in order of time."""
    rate = float(script["rate"])
    time = np.arange(round(float(script["seconds"]) * rate)) / rate
    rng = np.random.default_rng(int(script["seed"]))
    body = _keys(script["body"], time, ("x", "z", "heading", "pitch"))
    step = np.hypot(np.diff(body[:, 0], prepend=0.0), np.diff(body[:, 1], prepend=0.0))
    speed = gaussian_filter1d(step * rate, 0.15 * rate)
    phase = 2 * np.pi * _STRIDES_PER_METRE * np.cumsum(step) / 2
    amount = np.clip(speed / 0.6, 0.0, 1.0)
    heading = Rotation.from_euler("y", body[:, 2:3], degrees=True)
    eye = np.stack(
        [
            body[:, 0],
            float(script["eye_height"]) - 0.012 * amount * (1 - np.cos(2 * phase)),
            body[:, 1],
        ],
        axis=1,
    )
    eye += heading.apply(np.stack([0.012 * amount * np.sin(phase), 0 * time, 0 * time], axis=1))
    look = heading * Rotation.from_euler("x", body[:, 3:4], degrees=True)
    wobble = float(script["noise"])
    rows = {"head": _transforms(eye, look, wobble, rng)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hand = _keys(script[side], time, ("x", "y", "z", "pitch", "yaw", "roll"))
        low = np.clip((-hand[:, 1] - 0.6) / 0.15, 0.0, 1.0)
        hand[:, 2] += 0.10 * sign * amount * low * np.sin(phase)
        turn = Rotation.from_euler("YXZ", hand[:, [4, 3, 5]], degrees=True)
        place = eye + heading.apply(hand[:, :3])
        rows[side] = _transforms(place, heading * turn, wobble, rng)
    messages = []
    for i, t in enumerate(time):
        message: dict[str, Any] = {"type": "pose", "time": round(float(t), 4), "seq": i}
        for name, table in rows.items():
            start, end = script.get(name, {}).get("lost", (1.0, 0.0))
            if not start <= t < end:
                message[name] = [round(float(v), 5) for v in table[i]]
        messages.append(message)
    return messages


def _keys(table: dict[str, Any], time: F64, columns: tuple[str, ...]) -> F64:
    """Key frames to one row per frame, smooth and without overshoot."""
    return np.stack([PchipInterpolator(table["time"], table[c])(time) for c in columns], axis=1)


def _transforms(place: F64, turn: Rotation, noise: float, rng: np.random.Generator) -> F64:
    """Positions and (x, y, z, w) with a tremor that a real hand has."""

    def tremor(scale: float) -> F64:
        return np.asarray(gaussian_filter1d(rng.normal(0, scale, place.shape), 2.0, axis=0))

    shaken = turn * Rotation.from_rotvec(tremor(noise * 4))
    return np.concatenate([place + tremor(noise * 2), shaken.as_quat(canonical=False)], axis=1)


def main() -> None:
    """Write the recording."""
    parser = argparse.ArgumentParser(description="Write the shipped headset recording.")
    parser.add_argument("out", type=Path, help="a .jsonl file")
    out: Path = parser.parse_args().out
    script = tomllib.loads(SCRIPT.read_text(encoding="utf-8"))
    lines = [json.dumps(m, separators=(",", ":")) for m in poses(script)]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {out}, {len(lines)} poses")


if __name__ == "__main__":
    main()
