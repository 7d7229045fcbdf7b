"""The front door sets up what a verb needs, and answers quickly where it needs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from showroom import __version__, bootstrap, doctor, requirements
from showroom.cli import main

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "open3d", "panda3d", "numpy", "numba", "cv2", "scipy", "websockets", "msgspec")


@pytest.mark.parametrize("words", [["--help"], ["demo", "--help"], ["doctor", "--json"]])
def test_light_verbs_import_nothing_heavy(words: list[str]) -> None:
    probe = (
        "import sys; from showroom.bootstrap import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("HEAVY []")


def test_version_is_the_package_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_everything_a_test_run_needs_is_installed() -> None:
    assert requirements.missing_packages(requirements.TEST_EXTRAS) == []


def test_an_unknown_or_too_old_package_counts_as_missing() -> None:
    assert not requirements._installed("no-such-package-anywhere>=1")
    assert not requirements._installed("numpy>=9999")
    assert requirements._installed("numpy>=1.0")


def test_an_old_python_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert bootstrap.main(["demo"]) == 3
    assert "Python 3.11 or newer is needed, this is 3.9.2" in capsys.readouterr().err


def test_doctor_finds_each_thing_and_says_what_it_means() -> None:
    findings = doctor.examine(port=0)
    names = [f.name for f in findings]
    for name in ("OpenGL", "OpenXR", "GPU", "microphone", "port 0"):
        assert name in names
    assert all(f.found and f.meaning for f in findings)
    text = doctor.report(findings)
    assert all(f.name in text for f in findings)


def test_doctor_reads_an_openxr_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "active_runtime.json"
    monkeypatch.setenv("XR_RUNTIME_JSON", str(manifest))
    assert doctor._openxr().status == "lack"
    manifest.write_text('{"runtime": {"name": "Testbed", "library_path": "x.so"}}')
    assert doctor._openxr().found == "Testbed"
    manifest.write_text("{")
    assert doctor._openxr().status == "lack"
