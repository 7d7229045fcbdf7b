"""Godot's add-on in a true Godot 4, which runs in a headless Chromium, against the real server."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import godot_web
import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

from reconstruction.families import get_family
from reconstruction.family import complete
from reconstruction.gltf.glb import write_glb
from reconstruction.product import Material

GODOT = Path(__file__).parents[2] / "clients" / "godot" / "godot4"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
PATIENCE = 100_000  # milliseconds


@pytest.mark.slow
@pytest.mark.skipif(
    not CHROMIUM or importlib.util.find_spec("playwright") is None,
    reason="no Chromium or no playwright: apt-get install chromium; pip install playwright",
)
def test_the_add_on_passes_its_own_tests(tmp_path, golden_compact, toy_server, cut_road):
    from playwright.sync_api import sync_playwright

    try:
        engine = godot_web.fetch(tmp_path)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no Godot 4: npm did not bring it ({type(error).__name__})")
    family = get_family("chair")
    mesh = family.build(*complete(family, {}, {}))
    glb = write_glb(mesh, {slot: Material() for slot in set(mesh.part_material)})
    given = {
        "frames": json.loads(GOLDEN_FRAMES.read_text(encoding="utf-8")),
        "meshes": json.loads(GOLDEN_MESH.read_text(encoding="utf-8")),
        "compact": json.loads(golden_compact.read_text(encoding="utf-8")),
        "glb": base64.b64encode(glb).decode(),
        "size": [float(v) for v in mesh.size],
        "server": toy_server.url,
        "road": f"ws://127.0.0.1:{cut_road}",
    }
    files = {
        path.relative_to(GODOT).as_posix(): path.read_bytes()
        for path in GODOT.rglob("*")
        if path.is_file() and ".godot" not in path.parts
    }
    files["tests/given.json"] = json.dumps(given).encode()
    project = files["project.godot"].decode()
    assert "res://sample/walk.tscn" in project
    files["project.godot"] = project.replace("res://sample/walk", "res://tests/run").encode()
    said: list[str] = []
    with godot_web.Site(engine, files) as site, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(site.url, wait_until="commit")
        with page.expect_console_message(
            lambda message: message.text in ("all is so", "it is not so"), timeout=PATIENCE
        ) as last:
            pass
        report = "\n".join(said)
        assert last.value.text == "all is so", report
        assert "SCRIPT ERROR" not in report, report
