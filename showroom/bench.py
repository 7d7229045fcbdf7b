"""The first table of speeds: each figure beside a baseline measured in the same run.

Machines differ and are shared, so a figure alone says little; its ratio to a baseline on the same
machine in the same minute says more. Nothing here is a test and nothing is asserted.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count, cycle
from pathlib import Path

from .app import SHIPPED_MOTION, SHIPPED_PHOTOS
from .requirements import ROOT


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        value, baseline: in ``unit``.
        note: what exactly was measured, and over what.
    """

    what: str
    value: float
    unit: str
    against: str
    baseline: float
    note: str

    @property
    def ratio(self) -> float:
        return self.value / self.baseline if self.baseline else float("nan")


def run_bench(out: Path | None) -> int:
    """Measure everything, print the table, and write it as JSON where asked."""
    from tqdm import tqdm

    parts = (start_up, photo_to_product, refit_frames, channel_messages, stage_frames)
    rows: list[Row] = []
    for part in tqdm(parts, desc="measuring", unit="part", leave=False):
        for row in part():
            rows.append(row)
            tqdm.write(_line(row))
    print()
    print(table(rows))
    if out is not None:
        document = {
            "python": platform.python_version(),
            "processor": platform.processor() or platform.machine(),
            "rows": [{**asdict(r), "ratio": r.ratio} for r in rows],
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return 0


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | value | baseline | ratio | note |", "|---|---|---|---|---|"]
    lines += [
        f"| {r.what} | {r.value:.3g} {r.unit} | {r.against}: {r.baseline:.3g} {r.unit} "
        f"| {r.ratio:.2f} | {r.note} |"
        for r in rows
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    return f"{row.what}: {row.value:.3g} {row.unit} ({row.ratio:.2f} of {row.against})"


def _median_ms(
    work: Callable[[], object],
    repeat: int,
    warm: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Median and 99th percentile of ``repeat`` calls, milliseconds, after ``warm`` more."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(repeat):
        started = clock()
        work()
        times.append((clock() - started) * 1e3)
    times.sort()
    return statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.99))]


def start_up() -> Iterator[Row]:
    """The command line's own start against a bare interpreter's."""

    def process(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *words], capture_output=True, check=True)

    bare, _ = _median_ms(process("-c", "pass"), 7)
    help_text, _ = _median_ms(process(str(ROOT / "run_showroom.py"), "--help"), 7)
    yield Row("start-up, --help", help_text, "ms", "python -c pass", bare, "median of 7")


def photo_to_product() -> Iterator[Row]:
    """Seconds from a photo to a product, warm, against the network's own forward pass."""
    import torch

    from reconstruction.intake.photo import read_photo
    from reconstruction.networks.inference import WEIGHTS, network
    from reconstruction.networks.network import INPUT
    from reconstruction.pipeline import reconstruct

    net = network(WEIGHTS)
    picture = torch.zeros(1, 4, INPUT, INPUT)

    def forward() -> None:
        with torch.inference_mode():
            net(picture)

    bare, _ = _median_ms(forward, 15)
    for kind, path in SHIPPED_PHOTOS.items():
        photo = read_photo(path)
        spent, _ = _median_ms(partial(reconstruct, photo), 3, warm=1)
        yield Row(
            f"photo to {kind}", spent / 1e3, "s", "ResNet forward", bare / 1e3, "median of 3, warm"
        )
    product = reconstruct(read_photo(SHIPPED_PHOTOS["furniture"])).product
    height = product.numbers["height"]
    heights = count(height * 1.001, height * 0.001)  # never the same mesh twice
    spent, _ = _median_ms(lambda: product.refit({"height": next(heights)}), 9)
    yield Row("parameter to new mesh, chair", spent, "ms", "ResNet forward", bare, "median of 9")


def refit_frames() -> Iterator[Row]:
    """One frame of a dressed, moving visitor against Anny's own forward pass."""
    from reconstruction.families import get_family
    from reconstruction.families.garment import GarmentFamily
    from showroom.channel.motion import load_motion
    from showroom.fit.body import solve
    from showroom.fit.garment import LiveGarment
    from showroom.fit.pose import Tracker

    baseline = anny_forward()
    avatar = solve(1.68, "female")
    poses = cycle(load_motion(SHIPPED_MOTION).poses)
    for name, label in (("t_shirt", "tight: T-shirt"), ("dress", "loose: dress")):
        family = get_family(name)
        assert isinstance(family, GarmentFamily)
        values = family.defaults({})
        cloth = LiveGarment(family, values, {c.name: c.default for c in family.choices}, avatar)
        tracker, clock, body = Tracker(avatar), count(0, 1 / 72), avatar.form.vertices.copy()

        def frame() -> None:
            pose = next(poses)
            state = tracker.update(pose.head, pose.left, pose.right, next(clock))  # noqa: B023
            avatar.skin(state, body)  # noqa: B023
            cloth.step(state, 1 / 72)  # noqa: B023

        middle, slow = _median_ms(frame, 720, warm=90)
        vertices = len(cloth.mesh.vertices)
        note = f"IK + body + {vertices} vertices; p99 {slow:.2f} ms; 10 s of recorded motion"
        yield Row(f"re-fit frame, {label}", middle, "ms", "Anny forward", baseline, note)


def anny_forward(clock: Callable[[], float] = time.perf_counter) -> float:
    """Median ms of Anny's own forward pass, of a body with a pose."""
    import anny
    import torch

    model = anny.Anny(phenotypes="all", local_changes="default").to(dtype=torch.float32)
    pose = torch.eye(4)[None, None].repeat(1, model.bone_count, 1, 1)
    phenotype = {name: 0.5 for name in model.phenotype_labels}

    def forward() -> None:
        with torch.inference_mode():
            model(pose_parameters=pose, phenotype_kwargs=phenotype)

    return _median_ms(forward, 15, clock=clock)[0]


def channel_messages() -> Iterator[Row]:
    """Poses answered on loopback against a bare websockets echo of the same bytes."""
    from showroom.channel.load import measure_channel, measure_echo

    ours, bare = measure_channel(), measure_echo()
    note = "4 clients on loopback, pose in, avatar pose out, load from another process"
    yield Row("messages", ours.per_second, "1/s", "bare echo", bare.per_second, note)
    yield Row("message p99", ours.p99, "ms", "bare echo", bare.p99, note)
    yield Row("server CPU a message", ours.cpu, "µs", "bare echo", bare.cpu, note)


def stage_frames() -> Iterator[Row]:
    """A frame of the store with its products against an empty frame of the same size."""
    from showroom.app import make_visit
    from showroom.protocol.messages import AssetReady, Hello
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    started = time.perf_counter()
    assets: dict[str, bytes] = {}
    stage = Stage(StageSettings(width=640, height=448).at_quality("medium"), assets.__getitem__)
    empty, _ = _median_ms(stage.render, 20)
    for update in make_visit(None, "store").handle(Hello()):
        if isinstance(update, AssetReady):
            assets[update.hash] = update.data
        stage.apply(update)
    stage.look_at((0.0, 1.6, 2.5), (0.0, 1.2, -2.0))
    stage.render()
    opened = time.perf_counter() - started
    store, slow = _median_ms(stage.render, 20)
    renderer = stage.graphics.renderer
    stage.close()
    note = f"640x448, p99 {slow:.0f} ms, {renderer}; store open after {opened:.1f} s"
    yield Row("stage frame, store", store, "ms", "empty frame", empty, note)
