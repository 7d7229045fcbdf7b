"""The training loop that every network shares: resumable, seeded, with progress and curves.

The length of a run is given in minutes of work, so that it fits any machine, or in pictures; the
learning rate follows the share that is used up, across interruptions. The shipped weights are an
exponential moving average of those trained. Under ``torchrun`` several processes train one network
together: see :mod:`.group`.
"""

from __future__ import annotations

import copy
import json
import math
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..errors import WeightsError
from .curves import draw_curves
from .group import moved, training_group

Batch = dict[str, Tensor]
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class TrainSettings:
    """How long and how fast to learn.

    Attributes:
        minutes: minutes of work in all, counted over interruptions.
        images: pictures in all, whichever of both comes first; 0: no such limit.
        batch: pictures per step and process.
        rate: peak learning rate.
        seed: of the data and of the initial weights.
        save_every: seconds between checkpoints.
        average: decay of the moving average of the weights per step.
        threads: of torch.
        workers: processes that make data.
        bfloat16: whether to compute in bfloat16 where the machine is quick at it.
    """

    minutes: float
    images: int = 0
    batch: int = 16
    rate: float = 2e-3
    weight_decay: float = 0.02
    seed: int = 0
    save_every: float = 60.0
    average: float = 0.997
    threads: int = 1
    workers: int = 1
    bfloat16: bool = True


@dataclass
class Progress:
    """What a checkpoint remembers beside the weights."""

    step: int = 0
    images: int = 0
    seconds: float = 0.0
    resumed: int = 0


@runtime_checkable
class Batches(Protocol):
    """Examples that are drawn as whole batches on the device that learns."""

    device: torch.device

    def __call__(self, size: int, generator: torch.Generator) -> Batch:
        """A batch of ``size`` examples; the generator lives on the device."""
        ...


Draw = Callable[[np.random.Generator], dict[str, np.ndarray[Any, Any]]]
"""One training example as arrays of equal shapes."""


class _Stream(torch.utils.data.IterableDataset[Any]):
    """Endless batches, drawn from a generator seeded by run, process, worker and restart."""

    def __init__(
        self,
        draw: Draw,
        batch: int,
        seed: tuple[int, ...],
    ) -> None:
        self.draw, self.batch, self.seed = draw, batch, seed

    def __iter__(self) -> Iterator[Batch]:
        import cv2

        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((*self.seed, 0 if worker is None else worker.id))
        while True:
            drawn = [self.draw(rng) for _ in range(self.batch)]
            yield {k: torch.from_numpy(np.stack([d[k] for d in drawn])) for k in drawn[0]}


class _Losses(nn.Module):
    """A network with its losses: the one forward pass whose gradients processes share."""

    def __init__(
        self, net: nn.Module, loss: Callable[[nn.Module, Batch], Losses], half: bool
    ) -> None:
        super().__init__()
        self.net, self.loss, self.half = net, loss, half

    def forward(self, batch: Batch) -> Losses:
        kind = next(self.net.parameters()).device.type
        with torch.autocast(kind, torch.bfloat16, enabled=self.half and quick_bfloat16(kind)):
            return self.loss(self.net, batch)


def _batches(source: Batches, size: int, seed: tuple[int, ...]) -> Iterator[Batch]:
    """Endless batches that a source draws on its device."""
    generator = torch.Generator(source.device)
    generator.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    while True:
        yield source(size, generator)


def _loaded(draw: Draw, settings: TrainSettings, seed: tuple[int, ...]) -> Iterator[Batch]:
    """Endless batches that processes of their own draw, example by example."""
    yield from torch.utils.data.DataLoader(
        _Stream(draw, settings.batch, seed),
        batch_size=None,
        num_workers=settings.workers,
        prefetch_factor=4 if settings.workers else None,
    )


@cache
def quick_bfloat16(kind: str) -> bool:
    """Whether a kind of device (``"cpu"``, ``"cuda"``) multiplies bfloat16 in hardware."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def commit() -> str:
    """The working tree's commit, or ``"unknown"`` outside a repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


@torch.no_grad()
def _average(kept: nn.Module, live: nn.Module, decay: float) -> None:
    pairs = zip(kept.state_dict().values(), live.state_dict().values(), strict=True)
    moving: list[tuple[Tensor, Tensor]] = []
    for a, b in pairs:
        if a.is_floating_point():
            moving.append((a, b))
        else:
            a.copy_(b)
    torch._foreach_lerp_([a for a, _ in moving], [b for _, b in moving], 1 - decay)


def fit(
    net: nn.Module,
    draw: Draw | Batches,
    loss: Callable[[nn.Module, Batch], Losses],
    settings: TrainSettings,
    checkpoint: Path,
    *,
    on_save: Callable[[nn.Module, Progress], dict[str, float] | None] | None = None,
    label: str = "training",
) -> tuple[nn.Module, Progress]:
    """Train, or go on where ``checkpoint`` stopped.

    Args:
        net: the network, freshly made.
        draw: one training example as arrays of equal shapes; or whole batches on the device.
        loss: named losses of a batch; their sum is minimised.
        checkpoint: file of the run; ``<name>.jsonl`` beside it collects the curves, which
            end as a picture, ``<name>.png``.
        on_save: called with the averaged network at every checkpoint, for interim weights; what
            it returns joins the curves' file. An interrupted run (SIGINT) is saved too.

    Returns:
        The averaged network in evaluation mode, and the progress.

    Raises:
        WeightsError: the checkpoint belongs to another network.
    """
    group = training_group()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    random.seed(settings.seed)
    torch.backends.cudnn.benchmark = True  # Batches are all of one shape.
    net = net.to(group.device, memory_format=torch.channels_last)
    kept = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(
        net.parameters(),
        lr=settings.rate,
        weight_decay=settings.weight_decay,
        fused=group.device.type == "cuda",
    )
    progress = Progress()
    if checkpoint.exists():
        stored = torch.load(checkpoint, weights_only=True, map_location=group.device)
        try:
            net.load_state_dict(stored["net"])
            kept.load_state_dict(stored["kept"])
            optimiser.load_state_dict(stored["optimiser"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise WeightsError(
                f"{checkpoint} was written by another network; remove it to start afresh",
                field="checkpoint",
            ) from error
        progress = Progress(**stored["progress"])
        progress.resumed += 1
    apart = (group.rank,) if group.rank else ()
    seed = (settings.seed, progress.resumed, *apart)
    if isinstance(draw, Batches):
        loader = _batches(draw, settings.batch, seed)
    else:
        loader = _loaded(draw, settings, seed)
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    curve = checkpoint.with_suffix(".jsonl")
    budget = settings.minutes * 60
    running: dict[str, Tensor] = {}

    def save() -> None:
        partial = checkpoint.with_suffix(".partial")
        torch.save(
            {
                "net": net.state_dict(),
                "kept": kept.state_dict(),
                "optimiser": optimiser.state_dict(),
                "progress": asdict(progress),
            },
            partial,
        )
        partial.replace(checkpoint)
        found = on_save(copy.deepcopy(kept).eval(), progress) if on_save is not None else None
        losses_now = {k: round(float(v), 5) for k, v in running.items()}
        with curve.open("a", encoding="utf-8") as out:
            out.write(json.dumps({**asdict(progress), **losses_now, **(found or {})}) + "\n")

    saved = last = time.monotonic()
    net.train()
    losses = group.together(_Losses(net, loss, settings.bfloat16))
    begun = round(progress.seconds)
    bar = tqdm(total=round(budget), initial=begun, desc=label, unit="s", disable=not group.leads)
    try:
        for batch in loader:
            now = time.monotonic()
            progress.seconds += now - last
            last = now
            bar.update(round(progress.seconds) - bar.n)
            progress.seconds = group.agree(progress.seconds)
            share = max(progress.seconds / budget, progress.images / (settings.images or math.inf))
            if share >= 1:
                break
            warm = min(1.0, (progress.step + 1) / 100)
            for options in optimiser.param_groups:
                falling = 0.5 + 0.5 * math.cos(math.pi * share)
                options["lr"] = settings.rate * warm * falling + 1e-6
            parts: Losses = losses(moved(batch, group.device))
            optimiser.zero_grad(set_to_none=True)
            torch.stack([v.float() for v in parts.values()]).sum().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            progress.step += 1
            progress.images += settings.batch * group.size
            _average(kept, net, min(settings.average, (1 + progress.step) / (10 + progress.step)))
            for name, value in parts.items():
                running[name] = torch.lerp(running.get(name, value.detach()), value.detach(), 0.02)
            if progress.step % 20 == 0:
                shown = {k: f"{float(v):.3f}" for k, v in running.items()}
                bar.set_postfix(shown, images=progress.images)
            if group.leads and now - saved > settings.save_every:
                save()
                saved = time.monotonic()
    except KeyboardInterrupt:
        if group.leads:
            save()
        raise
    bar.close()
    if group.leads:
        save()
        draw_curves(curve, curve.with_suffix(".png"))
    group.wait()
    return kept.eval(), progress
