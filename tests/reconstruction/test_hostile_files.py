"""Hostile files are refused by what they claim, in little memory, before a parser sees them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from benchmarks.hostile_files import GOOD_OBJ, Maker, cases, document, file, glb, png, read
from reconstruction.errors import ReconstructionError

CASES = cases()


class Parsed(BaseException):
    """A decoder was reached; not an Exception, so that no reader takes it for a broken file."""


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What decodes others' formats stops the test."""
    import trimesh
    from PIL import ImageFile

    def reached(*args: object, **kwargs: object) -> None:
        raise Parsed

    monkeypatch.setattr(trimesh, "load_scene", reached)
    monkeypatch.setattr(ImageFile.ImageFile, "load", reached)


@pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())
@pytest.mark.usefixtures("no_decoder")
def test_a_hostile_file_is_refused_in_little_memory(tmp_path: Path, make: Maker) -> None:
    path = make(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(ReconstructionError) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    fault = caught.value
    assert fault.field and fault.expected and fault.got
    assert peak < 64 * 2**20


@pytest.mark.parametrize(
    ("name", "data"),
    [("good.glb", glb(document())), ("good.obj", b"mtllib absent.mtl\n" + GOOD_OBJ)],
)
def test_the_good_files_that_they_are_made_of_are_read(
    tmp_path: Path, name: str, data: bytes
) -> None:
    read(file(name, data)(tmp_path))


@pytest.mark.parametrize("name", ["a.obj", "a.png"])
@pytest.mark.usefixtures("no_decoder")
def test_the_guard_itself_sees_a_decoder(tmp_path: Path, name: str) -> None:
    data = {"a.obj": GOOD_OBJ, "a.png": png(60, 60)}[name]
    with pytest.raises(Parsed):
        read(file(name, data)(tmp_path))
