"""Godot's add-on in a headless Godot 3, against the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import GOLDEN_FRAMES, GOLDEN_MESH

from reconstruction.families import get_family
from reconstruction.family import complete
from reconstruction.gltf.glb import write_glb
from reconstruction.product import Material

GODOT = Path(__file__).parents[2] / "clients" / "godot" / "godot3"


@pytest.mark.skipif(
    shutil.which("godot3-server") is None, reason="no Godot 3: apt-get install godot3-server"
)
def test_the_add_on_passes_its_own_tests(tmp_path, golden_compact, toy_server, cut_road):
    family = get_family("chair")
    mesh = family.build(*complete(family, {}, {}))
    glb = tmp_path / "chair.glb"
    glb.write_bytes(write_glb(mesh, {slot: Material() for slot in set(mesh.part_material)}))
    project = shutil.copytree(GODOT, tmp_path / "project")
    done = subprocess.run(
        ["godot3-server", "--path", project, "-s", "tests/run.gd"],
        env={
            **os.environ,
            "HOME": str(tmp_path),
            "SHOWROOM_FRAMES": str(GOLDEN_FRAMES),
            "SHOWROOM_MESHES": str(GOLDEN_MESH),
            "SHOWROOM_GOLDEN": str(golden_compact),
            "SHOWROOM_GLB": str(glb),
            "SHOWROOM_SIZE": ",".join(str(float(v)) for v in mesh.size),
            "SHOWROOM_PORT": str(toy_server.port),
            "SHOWROOM_ROAD": str(cut_road),
        },
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    report = done.stdout + done.stderr
    assert "all is so" in done.stdout, report
    assert "SCRIPT ERROR" not in report, report
    assert "~Object" not in report, "nothing is freed while it tells something"
