"""Unity's core, compiled and run without Unity, against the real server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

UNITY = Path(__file__).parents[2] / "clients" / "unity"
STUBS = Path(__file__).parent / "stubs" / "UnityEngine.cs"
JSON = Path("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll")


pytestmark = pytest.mark.skipif(
    shutil.which("mcs") is None or not JSON.exists(),
    reason="no C# compiler: apt-get install mono-mcs libnewtonsoft-json-cil-dev",
)


def compile_library(out, sources, *references):
    """A library of C# 7 sources without a warning; its path."""
    linked = [f"-r:{reference}" for reference in (JSON, *references)]
    command = ["mcs", "-langversion:7", "-warnaserror", "-target:library", f"-out:{out}"]
    done = subprocess.run([*command, *linked, *sources], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_scripts_fit_the_engine_s_interface(tmp_path):
    """Against signatures only: a typo or a wrong type shows, what the engine does with it not."""
    engine = compile_library(tmp_path / "engine.dll", [STUBS])
    core = compile_library(tmp_path / "core.dll", (UNITY / "Runtime" / "Core").glob("*.cs"))
    scripts = [*(UNITY / "Runtime" / "Unity").glob("*.cs"), *UNITY.glob("Samples~/*/*.cs")]
    assert len(scripts) >= 6
    compile_library(tmp_path / "scripts.dll", scripts, engine, core)


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
