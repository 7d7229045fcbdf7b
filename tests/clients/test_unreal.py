"""Unreal's core, compiled and run without Unreal, against the real server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNREAL = Path(__file__).parents[2] / "clients" / "unreal"
GOLDEN = Path(__file__).parents[2] / "showroom" / "protocol" / "golden_frames.json"


@pytest.mark.skipif(
    shutil.which("g++") is None or not Path("/usr/include/rapidjson").exists(),
    reason="no C++ compiler or no RapidJSON: apt-get install g++ rapidjson-dev",
)
def test_the_core_passes_its_own_tests(tmp_path, golden_compact, toy_server, cut_road):
    program = tmp_path / "core"
    subprocess.run(
        [
            *("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror"),
            f"-I{UNREAL / 'Source' / 'ShowroomCore' / 'Public'}",
            *(str(UNREAL / "Tests" / "core.cpp"), "-o", str(program)),
        ],
        check=True,
    )
    done = subprocess.run(
        [program, GOLDEN, golden_compact, str(toy_server.port), str(cut_road)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is so" in done.stdout
