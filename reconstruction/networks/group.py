"""The processes that train one network together, as ``torchrun`` starts them.

Without ``torchrun`` there is one process, and everything here does nothing. With it, each process
draws pictures of its own, gradients are averaged, and the first process alone writes files. All
processes must see the same folders.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Group:
    """This process among those that train together.

    Attributes:
        rank: 0 to ``size`` - 1; the first one writes.
        device: where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def agree(self, value: float) -> float:
        """The first process' value, in every process."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, 0)
        return float(shared)

    def together(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over all processes."""
        if self.size == 1:
            return module
        where = [self.device.index] if self.device.type == "cuda" else None
        # A batch without garments trains no landmarks.
        return nn.parallel.DistributedDataParallel(
            module, device_ids=where, find_unused_parameters=True
        )

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            distributed.barrier()


def training_group() -> Group:
    """Join the processes that ``torchrun`` started (``WORLD_SIZE``, ``RANK``, ``LOCAL_RANK``).

    NCCL between GPUs, gloo between processes without one. The group lasts as long as the process.
    """
    size, rank = (int(os.environ.get(n, d)) for n, d in (("WORLD_SIZE", "1"), ("RANK", "0")))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if size > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(distributed.destroy_process_group)
    return Group(rank, size, device)


@contextmanager
def leader_first(group: Group) -> Iterator[None]:
    """The first process does the block before the others, which then find its files."""
    if not group.leads:
        group.wait()
    yield
    if group.leads:
        group.wait()


def moved(batch: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The batch on a device."""
    if device.type == "cpu":
        return batch
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
