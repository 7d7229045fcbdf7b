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
from pathlib import Path

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


def _median_ms(work: Callable[[], object], repeat: int, warm: int = 2) -> tuple[float, float]:
    """Median and 99th percentile of ``repeat`` calls, milliseconds, after ``warm`` more."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e3)
    times.sort()
    return statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.99))]


def start_up() -> Iterator[Row]:
    """The command line's own start against a bare interpreter's."""

    def process(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *words], capture_output=True, check=True)

    bare, _ = _median_ms(process("-c", "pass"), 7)
    help_text, _ = _median_ms(process(str(ROOT / "run_showroom.py"), "--help"), 7)
    yield Row("start-up, --help", help_text, "ms", "python -c pass", bare, "median of 7")
