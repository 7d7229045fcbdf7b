"""Unity's core, compiled and run without Unity, against the real server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

UNITY = Path(__file__).parents[2] / "clients" / "unity"
JSON = Path("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll")


@pytest.mark.skipif(
    shutil.which("mcs") is None or not JSON.exists(),
    reason="no C# compiler: apt-get install mono-mcs libnewtonsoft-json-cil-dev",
)
def test_the_core_passes_its_own_tests(tmp_path, golden_compact, toy_server):
    program = tmp_path / "core.exe"
    sources = [*(UNITY / "Runtime" / "Core").glob("*.cs"), *(UNITY / "Tests").glob("*.cs")]
    subprocess.run(
        ["mcs", "-langversion:7", "-warnaserror", f"-out:{program}", f"-r:{JSON}", *sources],
        check=True,
    )
    done = subprocess.run(
        ["mono", program, GOLDEN_FRAMES, golden_compact, GOLDEN_MESH, str(toy_server.port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is so" in done.stdout
