"""Unreal's core, compiled and run without Unreal, against the real server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

UNREAL = Path(__file__).parents[2] / "clients" / "unreal"


HEADERS = (Path("/usr/include/rapidjson"), Path("/usr/include/zlib.h"))


@pytest.mark.skipif(
    shutil.which("g++") is None or not all(header.exists() for header in HEADERS),
    reason="no C++ compiler, RapidJSON or zlib: apt-get install g++ rapidjson-dev zlib1g-dev",
)
def test_the_core_passes_its_own_tests(tmp_path, golden_compact, toy_server, cut_road):
    program = tmp_path / "core"
    subprocess.run(
        [
            *("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror"),
            f"-I{UNREAL / 'Source' / 'ShowroomCore' / 'Public'}",
            *(str(UNREAL / "Tests" / "core.cpp"), "-o", str(program), "-lz"),
        ],
        check=True,
    )
    done = subprocess.run(
        [program, GOLDEN_FRAMES, golden_compact, GOLDEN_MESH, str(toy_server.port), str(cut_road)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is so" in done.stdout
