"""The Python client's README does what it says, against the real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "clients" / "python" / "README.md"


def test_the_readme_s_programs_speak_with_a_server(toy_server):
    programs = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert len(programs) == 3
    said = ""
    for program in programs:
        assert "ws://127.0.0.1:8765" in program
        own = program.replace("ws://127.0.0.1:8765", toy_server.url)
        done = subprocess.run(
            [sys.executable, "-c", own], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        said += done.stdout
    assert "make the sleeves 3 cm longer" in said  # the toy visit repeats what it hears
    assert "frames of the worn cloth" in said
    assert "Reply\nDone\n" in said
    assert re.search(r"^[1-9]\d* pictures of a body$", said, re.M)
