"""The main job, whole: photos in; products, pictures, a film and a report out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reconstruction.errors import PhotoError
from showroom.cli import main
from showroom.rehearsal.demo import run_demo


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return document


@pytest.mark.slow
def test_every_sentence_is_answered_in_its_own_language(report: dict[str, Any]) -> None:
    assert len(report["sentences"]) >= 6
    for sentence in report["sentences"]:
        assert sentence["answered"], sentence
        chinese = any("\u4e00" <= c <= "\u9fff" for c in sentence["text"])
        assert sentence["lang"] == ("zh" if chinese else "en")


@pytest.mark.slow
def test_the_numbers_are_what_was_said(report: dict[str, Any]) -> None:
    said = {s["text"]: s for s in report["sentences"]}

    def deltas(text: str) -> dict[str, float]:
        return {n["parameter"]: n["delta"] for n in said[text]["numbers"] if "delta" in n}

    assert deltas("make the sleeves three centimetres longer") == {
        "sleeve_length": pytest.approx(0.03)
    }
    assert deltas("衣长再短两厘米") == {"body_length": pytest.approx(-0.02)}
    assert deltas("one size up please")["chest_width"] > 0
    assert {"color": "navy"}.items() <= said["换成深蓝色"]["numbers"][-1].items()
    moved = deltas("把椅子向左移动五十厘米")
    assert np.hypot(moved.get("x", 0.0), moved.get("z", 0.0)) == pytest.approx(0.5, abs=0.01)
    turned = deltas("turn the chair 45 degrees to the right")
    assert abs(turned["yaw"]) == pytest.approx(np.pi / 4, abs=1e-3)
    assert deltas("椅子加宽五厘米")["width"] == pytest.approx(0.05)


@pytest.mark.slow
def test_each_re_fit_can_be_seen(out: Path, report: dict[str, Any]) -> None:
    pairs = [(s["before"], s["after"]) for s in report["sentences"] if s["numbers"]]
    assert len(pairs) >= 6
    for before, after in pairs:
        one, two = (
            np.asarray(Image.open(out / "refits" / name)).astype(int) for name in (before, after)
        )
        assert one.std() > 10
        assert np.abs(one - two).mean() > 0.5


@pytest.mark.slow
def test_the_film_moves(out: Path) -> None:
    import imageio_ffmpeg

    frames = imageio_ffmpeg.read_frames(str(out / "visit.mp4"))
    meta = next(frames)
    assert meta["duration"] > 8
    width, height = meta["size"]
    shown = [np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in frames]
    assert np.abs(shown[5].astype(int) - shown[len(shown) // 2].astype(int)).mean() > 2


@pytest.mark.slow
def test_the_products_are_valid_gltf(out: Path, khronos: Callable[[bytes], dict[str, Any]]) -> None:
    files = sorted(out.glob("products/*/product.glb"))
    assert len(files) == 2
    for path in files:
        issues = khronos(path.read_bytes())
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_a_bad_photo_stops_the_demo_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    folder = tmp_path / "out"
    with pytest.raises(PhotoError):
        run_demo(folder, [bad])
    assert not list(folder.rglob("*.*"))


def test_the_command_line_says_it_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path), "--photo", str(tmp_path / "none.jpg")]) == 1
    assert "none.jpg cannot be read" in capsys.readouterr().err
