from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from showroom.stage import caption
from showroom.stage.film import Film, before_after
from showroom.stage.settings import StageError


def frames(count: int) -> list[np.ndarray]:
    out = []
    for k in range(count):
        frame = np.full((48, 64, 3), 30, np.uint8)
        frame[10:30, 2 * k : 2 * k + 20] = (220, 40, 30)
        out.append(frame)
    return out


def test_mp4_plays_back(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="films in MP4 need imageio-ffmpeg")
    path = tmp_path / "visit.mp4"
    with Film(path, (64, 48), 12.0) as film:
        for frame in frames(12):
            film.add(frame)
    reader = ffmpeg.read_frames(str(path))
    info = next(reader)
    decoded = [np.frombuffer(f, np.uint8).reshape(48, 64, 3) for f in reader]
    assert info["size"] == (64, 48) and info["fps"] == pytest.approx(12.0)
    assert info["codec"] == "h264" and info["pix_fmt"].startswith("yuv420p")
    assert len(decoded) == 12
    assert decoded[6][20, 22, 0] > 150 and decoded[6][20, 60, 0] < 90


def test_gif_plays_back(tmp_path: Path) -> None:
    from PIL import Image

    with Film(tmp_path / "visit.gif", (64, 48), 24.0) as film:
        for frame in frames(12):
            film.add(frame)
    with Image.open(tmp_path / "visit.gif") as image:
        assert image.n_frames == 6  # Reduced to 12 frames a second.


@pytest.mark.parametrize("name", ["visit.mp4", "visit.gif"])
def test_an_error_leaves_no_film(tmp_path: Path, name: str) -> None:
    if name.endswith("mp4"):
        pytest.importorskip("imageio_ffmpeg", reason="films in MP4 need imageio-ffmpeg")
    with (
        pytest.raises(StageError, match="expected frames of 64x48"),
        Film(tmp_path / name, (64, 48)) as film,
    ):
        film.add(frames(1)[0])
        film.add(np.zeros((10, 10, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size"), [("a.avi", (64, 48)), ("a.mp4", (63, 48)), ("a.gif", (0, 0))]
)
def test_impossible_films_are_refused(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    with pytest.raises(StageError):
        Film(tmp_path / name, size)


def test_the_caption_font_has_chinese() -> None:
    def drawn(text: str) -> bytes:
        return caption.bar("", text, 640).tobytes()

    # A font without a glyph draws the same empty box for each.
    assert len({drawn(c) for c in "袖长短裙椅桌厘米腰红蓝绿"}) == 12


@pytest.mark.parametrize(
    "text",
    ["Make the sleeves three centimetres longer please", "请把袖子改长三厘米然后把裙摆收窄一点"],
)
def test_captions_wrap(text: str) -> None:
    lines = caption.wrap(text, 16, 140)
    assert len(lines) > 1
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(caption.font(16).getlength(line) <= 140 for line in lines)


def test_before_and_after_stand_side_by_side() -> None:
    before, after = np.full((90, 120, 3), 50, np.uint8), np.full((90, 120, 3), 150, np.uint8)
    picture = before_after(before, after, "把袖子改长三厘米", ("sleeve length +3.0 cm",))
    assert picture.shape[1] >= 240 and picture.shape[0] > 90
    assert (picture[-90:, :120] == 50).all() and (picture[-90:, -120:] == 150).all()
