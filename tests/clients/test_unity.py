"""Unity's core, compiled and run without Unity, against the real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
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


def test_every_asset_has_a_name_of_its_own_and_the_sample_scene_holds_together():
    """Unity leaves out what has no meta file in a package that is not on disk, without a word."""
    assets = [p for p in UNITY.rglob("*") if p.suffix != ".meta" and p.parent.name != "Samples~"]
    assets.remove(UNITY / "Samples~")
    guids = {}
    for asset in assets:
        meta = asset.with_name(f"{asset.name}.meta").read_text(encoding="utf-8")
        guids[re.search(r"^guid: ([0-9a-f]{32})$", meta, re.M)[1]] = asset
    assert len(guids) == len(assets)
    assert len(list(UNITY.rglob("*.meta"))) == len(assets), "none of what is gone"
    text = (UNITY / "Samples~" / "Walk" / "Walk.unity").read_text(encoding="utf-8")
    objects = re.split(r"^--- !u!\d+ &(\d+)\n", text, flags=re.M)[1:]
    known = set(objects[::2])
    scripts = set()
    for number, body in zip(objects[::2], objects[1::2], strict=True):
        ((kind, fields),) = yaml.safe_load(body).items()
        own = re.findall(r"\{fileID: (\d+)\}", body)
        assert set(own) <= known | {"0"}, f"{kind} {number}"
        if kind == "MonoBehaviour":
            script = guids[fields["m_Script"]["guid"]]
            scripts.add(script.name)
            source = script.read_text(encoding="utf-8")
            for name in (name for name in fields if not name.startswith("m_")):
                assert re.search(rf"public \w+ {name}\b", source), f"{script.name}: {name}"
    assert scripts == {"ShowroomVisit.cs", "PushToTalk.cs", "WalkSample.cs"}


def test_the_core_passes_its_own_tests(tmp_path, golden_compact, toy_server, hearing_server):
    program = tmp_path / "core.exe"
    sources = [*(UNITY / "Runtime" / "Core").glob("*.cs"), *(UNITY / "Tests").glob("*.cs")]
    subprocess.run(
        ["mcs", "-langversion:7", "-warnaserror", f"-out:{program}", f"-r:{JSON}", *sources],
        check=True,
    )
    done = subprocess.run(
        [
            *("mono", program, GOLDEN_FRAMES, golden_compact, GOLDEN_MESH),
            *(str(toy_server.port), str(hearing_server.port)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is so" in done.stdout
