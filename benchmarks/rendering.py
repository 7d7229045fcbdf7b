"""What products cost on the stage: repeats, a first appearance, a frame, memory.

Usage: python benchmarks/rendering.py [--frames N]

Each figure stands beside a baseline of the same process. CPU is of the main thread, the median of
the frames; on software GL it includes the work on vertices, which a graphics card would do. The
pictures are small (160 x 112), so that pixels do not hide what is measured.
"""

from __future__ import annotations

import argparse
import io
import math
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from reconstruction.gltf.glb import write_glb
from reconstruction.mesh import Mesh
from reconstruction.product import Material
from showroom.app import make_visit
from showroom.protocol import messages as m
from showroom.stage.settings import StageSettings
from showroom.stage.stage import Stage

CHAIR = Path(__file__).resolve().parents[1] / "assets" / "products" / "chair" / "product.glb"
SMALL = StageSettings(width=160, height=112)
COUNT = 200


@dataclass(frozen=True)
class Frames:
    """Milliseconds of each frame: by the clock, and of the main thread's CPU."""

    wall: list[float]
    cpu: list[float]

    @property
    def middle(self) -> float:
        """Median CPU."""
        return statistics.median(self.cpu)


def frames(stage: Stage, count: int, between: Callable[[int], None] = lambda _: None) -> Frames:
    """Draw frames from a slowly moving eye; ``between`` runs within each, before it is drawn."""
    wall, cpu = [], []
    for k in range(count):
        begin, spent = time.perf_counter(), time.thread_time()
        between(k)
        stage.look_at((0.6 + 0.002 * k, 1.5, 1.8), (-0.3, 1.0, -2.0), 0.9)
        stage.draw()
        wall.append((time.perf_counter() - begin) * 1e3)
        cpu.append((time.thread_time() - spent) * 1e3)
    return Frames(wall, cpu)


def shown(target: str, glb: str, place: m.Transform) -> m.ProductShown:
    """A product at a place."""
    return m.ProductShown(
        target=target, glb=glb, name={"en": target}, kind="furniture", category="chair",
        transform=place,
    )  # fmt: skip


def repeats(count: int) -> Iterator[str]:
    """One product repeated 200 times: drawn together against one at a time."""
    chair = CHAIR.read_bytes()
    settings = SMALL.at_quality("medium")
    times: dict[str, float] = {}
    kinds = {
        "one at a time": replace(settings, repeats=0),
        "together, all triangles": replace(settings, detail=0.0),
        "together, levels of detail": settings,
    }
    for name, kind in kinds.items():
        stage = Stage(kind, lambda _: chair)
        stage.backdrop((0.9, 0.9, 0.9))
        for i in range(COUNT):
            half = 0.15 * i
            x, z = (i % 20 - 9.5) * 0.8, -(i // 20) * 1.2
            place = (x, 0.0, z, 0.0, math.sin(half), 0.0, math.cos(half))
            stage.apply(shown(f"p{i}", "chair", place))
        frames(stage, 3)
        times[name] = frames(stage, count).middle
        stage.close()
    base = times.pop("one at a time")
    yield f"{COUNT} chairs one at a time: {base:.2f} ms of CPU a frame"
    for name, spent in times.items():
        yield f"{COUNT} chairs {name}: {spent:.2f} ms, ratio {spent / base:.3f}"


def product(seed: int, side: int = 101, texture: int = 2048) -> bytes:
    """A product of 20,000 triangles with a texture of 2048 pixels a side, as JPEG."""
    rng = np.random.default_rng(seed)
    u, v = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    radius = 0.3 + 0.01 * seed + 0.03 * np.sin(44 * v)
    place = np.stack([radius * np.cos(2 * np.pi * u), 1.2 * v, radius * np.sin(2 * np.pi * u)], -1)
    index = np.arange(side * side).reshape(side, side)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, c, b), (b, c, d))])
    coarse = rng.integers(0, 255, (texture // 8, texture // 8, 3), np.uint8)
    picture = Image.fromarray(coarse).resize((texture, texture), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    mesh = Mesh(
        place.reshape(-1, 3).astype(np.float32), faces.astype(np.int32),
        np.stack([u, 1 - v], -1).reshape(-1, 2).astype(np.float32), np.zeros(len(faces), np.int32),
        ("body",), ("cloth",),
    )  # fmt: skip
    return write_glb(mesh, {"cloth": Material(texture=stream.getvalue(), double_sided=True)})


def appearance(count: int) -> Iterator[str]:
    """The longest frame while a product appears, against the median frame of the same store."""
    goods = {str(k): product(k) for k in range(4)}
    for name, settings in (
        ("waited for", SMALL.at_quality("medium")),
        ("streamed", SMALL.at_quality("medium").live()),
    ):
        stage = Stage(settings, goods.__getitem__)
        stage.show_room("store")
        frames(stage, 12)
        ratios: list[tuple[float, float]] = []
        for key in goods:
            came: list[int] = []

            def step(k: int, key: str = key, came: list[int] = came, stage: Stage = stage) -> None:
                if k == 5:
                    stage.apply(shown("p", key, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)))
                if not came and any(t.glb == key for t in stage.things.values()):
                    came.append(k)

            spent = frames(stage, count, step)
            ratios.append(
                (
                    max(spent.wall) / statistics.median(spent.wall),
                    max(spent.cpu) / statistics.median(spent.cpu),
                )
            )
            later = came[0] - 5 if came else -1
            yield (
                f"product {key} {name}: there after {later} frames; longest frame over the median: "
                f"{ratios[-1][0]:.2f} by the clock, {ratios[-1][1]:.2f} of the main thread's CPU"
            )
        stage.close()


def store(count: int) -> Iterator[str]:
    """A frame of the store with its products, one eye, against an empty frame."""
    assets: dict[str, bytes] = {}
    before = _peak()
    stage = Stage(SMALL.at_quality("medium"))
    stage.show_room("store")
    frames(stage, 3)
    yield f"memory at the most, the store alone: {_peak():.0f} MiB, before it {before:.0f} MiB"
    stage.close()
    for level in ("medium", "low", "high"):
        stage = Stage(replace(SMALL.at_quality(level), supersample=1), assets.__getitem__)
        frames(stage, 3)
        empty = frames(stage, count).middle
        for update in make_visit(None, "store").handle(m.Hello()):
            if isinstance(update, m.AssetReady):
                assets[update.hash] = update.data
            stage.apply(update)
        frames(stage, 3)
        full = frames(stage, count).middle
        python = unrendered(stage, count)
        yield (
            f"store, {level}: {full:.2f} ms of CPU a frame, of which {python:.2f} ms our own code; "
            f"empty stage {empty:.2f} ms, ratio {full / empty:.1f}"
        )
        stage.close()


def _peak() -> float:
    """Most memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def unrendered(stage: Stage, count: int) -> float:
    """CPU of what we do ourselves for a frame, before the engine culls and draws it."""
    render, stage.graphics.render = stage.graphics.render, lambda: None  # type: ignore[method-assign]
    try:
        return frames(stage, 5 * count).middle
    finally:
        stage.graphics.render = render  # type: ignore[method-assign]


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--only", choices=("repeats", "appearance", "store"))
    chosen = parser.parse_args()
    for part in (store, repeats, appearance):
        if chosen.only in (None, part.__name__):
            for line in part(chosen.frames):
                print(line, flush=True)


if __name__ == "__main__":
    main()
