"""Processes end in the middle of a batch: what is done stays, the rest is made later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


class Batch:
    """A batch in a process of its own."""

    def __init__(self, tmp_path: Path, names: list[str]) -> None:
        self.photos, self.out = tmp_path / "photos", tmp_path / "out"
        self.photos.mkdir()
        self.out.mkdir()
        for name in names:
            (self.photos / f"{name}.jpg").write_bytes(name.encode())

    def start(self, *words: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(HERE), str(HERE.parent)])
        return subprocess.Popen(
            [sys.executable, "-m", "batch_maker", str(self.photos), str(self.out), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )

    def run(self, *words: str) -> list[dict[str, Any]]:
        with self.start(*words) as process:
            text, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return [json.loads(line) for line in text.splitlines()]

    @property
    def done(self) -> dict[str, bytes]:
        return {p.parent.name: p.read_bytes() for p in self.out.glob("[!.]*/product.glb")}

    @property
    def halves(self) -> list[str]:
        return [p.name for p in self.out.glob(".*")]


def gone(session: int) -> bool:
    """Whether all processes of a session have ended, within a few seconds."""
    for _ in range(100):
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_batch_is_resumed_and_force_makes_all_again(
    tmp_path: Path, end: signal.Signals
) -> None:
    work = Batch(tmp_path, [f"p{i}" for i in range(6)])
    process = work.start()
    assert process.stdout is not None
    for _ in range(2):
        process.stdout.readline()
    os.kill(process.pid, end)
    process.wait(timeout=30)
    process.stdout.close()
    assert process.returncode != 0
    assert gone(process.pid)
    kept = work.done
    assert 2 <= len(kept) < 6
    if end == signal.SIGINT:
        assert not work.halves
    lines = work.run()
    assert {line["id"] for line in lines if line.get("skipped")} == kept.keys()
    assert len(work.done) == 6 and not work.halves
    assert {name: work.done[name] for name in kept} == kept
    again = work.run("--force") if end == signal.SIGINT else []
    assert not any(line.get("skipped") for line in again)


@pytest.mark.slow
def test_processes_that_die_take_only_their_own_order_along(tmp_path: Path) -> None:
    work = Batch(tmp_path, ["a", "bomb1", "bomb2", "z1", "z2"])
    lines = {Path(line["where"]).stem: line for line in work.run()}
    assert {n for n, line in lines.items() if "error" in line} == {"bomb1", "bomb2"}
    assert all("memory" in lines[n]["message"] for n in ("bomb1", "bomb2"))
    assert work.done.keys() == {"a", "z1", "z2"}
    assert not work.halves
