"""Unreal's core, compiled and run without Unreal, against the real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

UNREAL = Path(__file__).parents[2] / "clients" / "unreal"
STUBS = Path(__file__).parent / "stubs" / "unreal"
ENGINE = STUBS / "Engine.h"


HEADERS = (Path("/usr/include/rapidjson"), Path("/usr/include/zlib.h"))


pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None or not all(header.exists() for header in HEADERS),
    reason="no C++ compiler, RapidJSON or zlib: apt-get install g++ rapidjson-dev zlib1g-dev",
)


def test_the_actor_fits_the_engine_s_interface(tmp_path):
    """Against signatures only: a typo or a wrong type shows, what the engine does with it not."""
    source = UNREAL / "Source"
    core = source / "ShowroomCore" / "Public"
    own = {header.name for header in source.rglob("*.h")}
    sources = sorted(source.rglob("*.cpp"))
    for file in (*sources, *(source / "Showroom" / "Public").glob("*.h")):
        for name in re.findall(r'#include "([^"]+)"', file.read_text(encoding="utf-8")):
            if name not in own:  # one of the engine's, or one that its tool writes
                header = tmp_path / name
                header.parent.mkdir(parents=True, exist_ok=True)
                header.write_text("" if ".generated." in name else f'#include "{ENGINE}"\n')
    folders = [f"-I{folder}" for folder in (tmp_path, STUBS, core, source / "Showroom" / "Public")]
    options = ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    assert len(sources) == 4
    for file in sources:
        done = subprocess.run(["g++", *options, *folders, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


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
