from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("panda3d", reason="the stage needs panda3d (extra 'stage')")

from stage_models import ASSETS

from showroom.stage.settings import StageError, StageSettings
from showroom.stage.stage import Stage


@pytest.fixture(scope="session")
def opened() -> Iterator[Stage]:
    settings = StageSettings(
        width=192, height=128, supersample=1, shadow_size=512, reflections=False, fov=1.0
    )
    try:
        stage = Stage(settings, assets=ASSETS.__getitem__)
    except StageError as error:
        pytest.skip(f"no GL here: {error}")
    yield stage
    stage.close()


@pytest.fixture
def stage(opened: Stage) -> Stage:
    """The one stage of the session, emptied."""
    for target in list(opened.things):
        opened._remove(target)
    opened.backdrop((0.5, 0.5, 0.5))
    opened.caption.clear()
    opened.caption.prompt = ""
    opened.first_person = False
    return opened
