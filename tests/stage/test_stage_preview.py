from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stage_models import ASSETS

from showroom.stage.preview import preview
from showroom.stage.settings import StageError


def test_previews_a_product_folder(
    tmp_path: Path, opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("showroom.stage.preview.FILM_FRAMES", 4)
    del opened  # Skips where there is no GL.
    pytest.importorskip("imageio_ffmpeg", reason="films in MP4 need imageio-ffmpeg")
    folder = tmp_path / "cube"
    folder.mkdir()
    (folder / "product.glb").write_bytes(ASSETS["cube"])
    photo = tmp_path / "photo.png"
    Image.new("RGB", (200, 100), (10, 200, 10)).save(photo)
    files = preview(folder, tmp_path / "out", compare=photo)
    assert [f.name for f in files] == ["preview.png", "turntable.mp4", "compare.png"]
    with Image.open(files[0]) as image:
        pixels = np.asarray(image).astype(int)
    # The blue cube is in the first view, in all its turns.
    blue = pixels[..., 2] - pixels[..., :2].max(-1) > 60
    assert all(blue[56:696, k * 320 : (k + 1) * 320].mean() > 0.1 for k in range(4))
    with Image.open(files[2]) as image:
        assert image.getpixel((20, 240)) == (10, 200, 10)


def test_previews_of_nothing_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"cannot read no\.glb"):
        preview(tmp_path / "no.glb", tmp_path)
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    with pytest.raises(StageError, match="cannot be shown"):
        preview(tmp_path / "bad.glb", tmp_path / "out")
    assert not (tmp_path / "out").exists()
