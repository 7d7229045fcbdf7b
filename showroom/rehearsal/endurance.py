"""What a server must stand: broken messages by the million, half an hour of coming and going."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..app import open_showroom

if TYPE_CHECKING:
    from ..channel.crowd import Crowd

UNLIMITED = 1e6
WARM_SECONDS = 20.0
"""Caches fill in the beginning; a soak's memory is compared from here on."""

SAMPLE_SECONDS = 5.0
AGAIN_SECONDS = 1.0
"""Until the next visitor tries whose place somebody could not take."""


class _Errors(logging.Handler):
    """Counts what the server's loop and its visits log as errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage()[:200])


@contextmanager
def _listening() -> Iterator[_Errors]:
    errors = _Errors()
    loggers = [logging.getLogger(name) for name in ("asyncio", "showroom.channel")]
    for logger in loggers:
        logger.addHandler(errors)
    try:
        yield errors
    finally:
        for logger in loggers:
            logger.removeHandler(errors)


def run_fuzz(*, url: str, inputs: int, seed: int, catalog: Path | None, scene: str | Path) -> int:
    """Send broken messages and print what was found.

    Args:
        url: the server; "" opens a showroom of its own, without limits of rate.

    Returns:
        1 where anything was found, else 0.

    Raises:
        ChannelError: nobody answers there, or a number is out of bounds.
    """
    from tqdm import tqdm

    from ..channel.fuzz import Findings, fuzz
    from ..channel.settings import ServerSettings

    def send(url: str) -> Findings:
        with tqdm(total=inputs, unit="input") as bar:

            def told(sent: int) -> None:
                bar.update(sent - bar.n)

            return asyncio.run(fuzz(url, inputs, seed=seed, told=told))

    if url:
        found = send(url)
    else:
        settings = ServerSettings(messages_per_second=UNLIMITED)
        with (
            _listening() as errors,
            open_showroom(catalog, scene=scene, port=0, settings=settings) as showroom,
        ):
            found = send(showroom.server.url)
            found.faults += showroom.server.metrics.faults_total + len(errors.seen)
        for message in errors.seen[:10]:
            print(f"showroom: {message}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    print(
        f"showroom: {found.inputs} inputs over {found.connections} connections in "
        f"{found.seconds:.0f} s ({kinds}): {found.faults} faults, {found.hangs} hangs"
    )
    return 0 if found.clean else 1


def run_soak(crowd: Crowd, minutes: float, *, catalog: Path | None, scene: str | Path) -> int:
    """Have visitors come and go for so long, and print what that did to the server's memory.

    Each stays for the crowd's seconds, then another comes. They live in a process of their own; the
    memory is that of the channel's process. A visit's ends with it.

    Returns:
        1 where something failed that should not or somebody was turned away, else 0.

    Raises:
        ChannelError: a number is out of bounds.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from ..channel.settings import ChannelError, ServerSettings

    if not 0.0 < minutes <= 24 * 60.0:
        raise ChannelError(
            "that is no bounded soak", field="soak", expected="up to 1440 minutes", got=f"{minutes}"
        )
    crowd.check()
    settings = ServerSettings(max_visits=2 * crowd.visitors + 8)
    spawn = multiprocessing.get_context("spawn")
    with (
        _listening() as errors,
        open_showroom(catalog, scene=scene, port=0, settings=settings) as showroom,
        ProcessPoolExecutor(1, mp_context=spawn) as pool,
    ):
        metrics = showroom.server.metrics
        coming = pool.submit(_come_and_go, showroom.server.url, crowd, minutes * 60.0)
        memory = _weigh(coming, minutes * 60.0)
        visits, refused = coming.result()
        faults = metrics.faults_total + len(errors.seen)
    for message in [*errors.seen[:10], *refused[:10]]:
        print(f"showroom: {message}")
    third = max(1, len(memory) // 3)
    before, after = (sorted(part)[len(part) // 2] for part in (memory[:third], memory[-third:]))
    print(
        f"showroom: {visits} visits in {minutes:g} min, {crowd.visitors} at a time, "
        f"{len(refused)} turned away; the channel's "
        f"memory went from {before:.1f} to {after:.1f} MB ({100 * (after / before - 1):+.1f}%; "
        f"medians of the first and last third); {faults} faults"
    )
    return 1 if faults or refused else 0


def _come_and_go(url: str, crowd: Crowd, seconds: float) -> tuple[int, list[str]]:
    return asyncio.run(come_and_go(url, crowd, seconds))


async def come_and_go(url: str, crowd: Crowd, seconds: float) -> tuple[int, list[str]]:
    """How many visits there were, and why others were not.

    A visitor who is turned away is followed by the next, as at any door.
    """
    from ..channel.crowd import visit_together
    from ..channel.settings import ChannelError

    one = replace(crowd, visitors=1)
    end = time.monotonic() + seconds
    visits = 0
    refused: list[str] = []

    async def seat(number: int) -> None:
        nonlocal visits
        await asyncio.sleep(crowd.seconds * number / crowd.visitors)
        while time.monotonic() < end:
            try:
                await visit_together(url, one)
            except ChannelError as error:
                refused.append(str(error))
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            visits += 1

    await asyncio.gather(*(seat(number) for number in range(crowd.visitors)))
    return visits, refused


def _weigh(until: Future[Any], seconds: float) -> list[float]:
    """Megabytes of this process now and then, until visitors have gone."""
    memory: list[float] = []
    pause = min(WARM_SECONDS, seconds / 4)
    while not wait((until,), pause).done:
        memory.append(_megabytes())
        pause = min(SAMPLE_SECONDS, seconds / 24)
    return memory or [_megabytes()]


def _megabytes() -> float:
    """What this process has in memory that is its own."""
    try:
        rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
        private = (row.split() for row in rows if row.startswith("Private_"))
        return sum(int(parts[1]) for parts in private) / 1024.0
    except OSError:  # not Linux: the most it ever was
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
