"""The desktop visit with scripted keys and mouse: a real visit, drawn without a window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from stage_models import ASSETS

from showroom.app import SHIPPED_PRODUCTS, stock
from showroom.catalog.scene import parse_scene
from showroom.protocol import messages as m
from showroom.stage.onlooker import OnlookerWindow
from showroom.stage.settings import StageError, StageSettings
from showroom.stage.stage import Stage
from showroom.stage.window import Desktop, WindowInput
from showroom.visit import Visit

FRAME = 1 / 30
SIZE = (480, 320)
SCENE = """
schema = 1
name = { en = "Room", zh = "房间" }
[room]
outline = [[3, -4], [-3, -4], [-3, 2], [3, 2]]
height = 2.6
[spawn]
at = [0, 0, 0]
[[stand]]
name = "floor"
kind = "furniture"
at = [0, 0, -2.6]
[[stand]]
name = "rack"
kind = "garment"
at = [-1.5, 0, -2.2]
"""


class Script:
    """Keys and a mouse, led by a test."""

    closed = False

    def __init__(self) -> None:
        self.queue: list[tuple[str, str]] = []
        self.at: tuple[float, float] | None = None

    def events(self) -> list[tuple[str, str]]:
        queue, self.queue = self.queue, []
        return queue

    def pointer(self) -> tuple[float, float] | None:
        return self.at


class Room:
    """One stage and one desktop visit on it."""

    def __init__(self) -> None:
        settings = StageSettings(
            width=SIZE[0], height=SIZE[1], supersample=1, shadow_size=0, mirror_scale=0.0,
            reflections=False,
        )  # fmt: skip
        self.assets: dict[str, bytes] = dict(ASSETS)
        try:
            self.stage = Stage(settings, self.assets.__getitem__)
        except StageError as error:
            pytest.skip(f"no GL here: {error}")

    def begin(self) -> None:
        self.stage.clear()
        shared = stock(SHIPPED_PRODUCTS)
        self.visit = Visit(
            shared.catalog, parse_scene(SCENE), interpreter=shared.interpreter, desk=shared.desk
        )
        self.script = Script()
        self.events: list[m.Event] = []
        self.desktop = Desktop(self.stage, self._handle, inputs=self.script)
        self.desktop.guest.enter("test/1")
        self.time = 0.0
        self.frames()

    def _handle(self, event: m.Event) -> list[m.Update]:
        self.events.append(event)
        updates = self.visit.handle(event)
        self.assets.update((u.hash, u.data) for u in updates if isinstance(u, m.AssetReady))
        return updates

    def frames(self, count: int = 1) -> None:
        # Only the last one is looked at.
        for k in range(count):
            self.stage.draw = lambda: None  # type: ignore[method-assign]
            if k == count - 1:
                del self.stage.draw  # type: ignore[misc]
            self.time += FRAME
            self.desktop.frame(self.time, FRAME)

    def keys(self, *names: str, frames: int = 1) -> None:
        self.script.queue += [("key", name) for name in names]
        self.frames(frames)
        self.script.queue += [("up", name) for name in names]
        self.frames()

    def on(self, x: float, y: float, z: float) -> tuple[float, float]:
        """The pixel at which a place of the room is seen."""
        from panda3d import core

        camera = self.stage._camera
        local = camera.get_relative_point(self.stage.world, core.LPoint3f(x, y, z))
        at = core.LPoint2f()
        assert camera.node().get_lens().project(local, at)
        return ((at[0] + 1) / 2 * SIZE[0], (1 - at[1]) / 2 * SIZE[1])


@pytest.fixture(scope="module")
def opened() -> Iterator[Room]:
    made = Room()
    yield made
    made.stage.close()


@pytest.fixture
def room(opened: Room) -> Room:
    opened.begin()
    return opened


def test_a_click_chooses_and_the_menu_changes_it(room: Room) -> None:
    room.script.at = room.on(0.0, 0.8, -2.75)
    room.frames(2)
    assert room.desktop.guest.touch.hover == "chair"
    room.keys("mouse1")
    assert room.desktop.guest.touch.chosen == "chair"
    room.keys("m")
    plain = room.stage.render()
    sheet = room.desktop.guest._sheet()
    larger = next(b for b in sheet.buttons if b.label.startswith("Larger"))
    x, y, w, h = larger.rect
    u, v, overlay = (x + w / 2) / 640, (y + h / 2) / 820, room.stage.overlay
    # The two corners that a coarse search finds say where the menu is.
    found = [
        ((px, py), at)
        for py in range(0, SIZE[1], 8)
        for px in range(0, SIZE[0], 8)
        if (at := overlay.on_board(px, py)) is not None
    ]
    (ax, ay), (au, av) = found[0]
    (bx, by), (bu, bv) = found[-1]
    room.script.at = (
        ax + (u - au) / (bu - au) * (bx - ax),
        ay + (v - av) / (bv - av) * (by - ay),
    )
    before = room.visit.state.things["chair"].look.values["width"]
    room.frames()
    room.keys("mouse1")
    assert room.visit.state.things["chair"].look.values["width"] == pytest.approx(1.05 * before)
    room.keys("escape")
    assert not room.desktop.guest.wrist.asked
    assert not room.desktop.over
    assert not np.array_equal(plain, room.stage.render())
    room.keys("escape")
    assert room.desktop.over


def test_a_drag_moves_a_chair_and_escape_puts_it_back(room: Room) -> None:
    room.script.at = room.on(0.0, 0.8, -2.75)
    room.frames(2)
    for undone in (True, False):
        room.script.at = room.on(0.0, 0.8, -2.75)
        room.frames(2)
        room.script.queue.append(("key", "mouse1"))
        room.frames(14)  # Held long enough to take it.
        assert room.desktop.guest.touch.hold is not None
        room.script.at = room.on(0.6, 0.8, -2.4)
        room.script.queue.append(("key", "wheel_up"))
        room.frames(2)
        if undone:
            room.keys("escape")
            assert room.desktop.guest.touch.hold is None
        room.script.queue.append(("up", "mouse1"))
        room.frames(14)
        stands = room.visit.state.things["chair"]
        assert (stands.x > 0.3) == (not undone)
    assert stands.yaw == pytest.approx(0.2618, abs=0.01)


def test_one_walks_and_turns_by_keys_and_types_in_any_language(room: Room) -> None:
    room.keys("w", frames=15)
    z = room.desktop.guest.legs.rig.z
    assert z < -0.4
    room.keys("q", frames=10)
    assert room.desktop.guest.legs.rig.yaw > 0.3
    room.script.queue += [("key", "t"), ("typed", "t"), ("up", "t")]
    room.script.queue += [("typed", c) for c in "椅子转90度"]
    room.frames()
    assert "椅子转90度" in room.stage.caption.prompt
    room.keys("w", frames=5)  # A letter now.
    assert room.desktop.guest.legs.rig.z == pytest.approx(z, abs=1e-6)
    room.keys("enter")
    assert abs(room.visit.state.things["chair"].yaw) == pytest.approx(1.5708, abs=0.01)
    assert room.stage.caption.lines[0] == "椅子转90度"


def test_a_drag_from_nothing_looks_around(room: Room) -> None:
    room.script.at = (240.0, 60.0)
    room.script.queue.append(("key", "mouse1"))
    room.frames()
    for x in (260.0, 300.0, 340.0):
        room.script.at = (x, 60.0)
        room.frames()
    assert room.desktop.guest.legs.rig.yaw < -0.1
    room.script.queue.append(("up", "mouse1"))
    room.frames(2)
    assert not any(isinstance(e, m.Point) for e in room.events)


def test_v_shows_oneself_from_the_front(room: Room) -> None:
    assert room.stage.first_person
    eye = room.stage.eye.copy()
    room.keys("v")
    assert not room.stage.first_person
    assert np.linalg.norm(room.stage.eye - eye) > 1.5
    room.keys("v")


def test_a_headless_stage_has_no_keys(room: Room) -> None:
    with pytest.raises(StageError, match="window"):
        WindowInput(room.stage)


def test_a_spectator_follows_or_walks_and_touches_nothing(room: Room) -> None:
    room.stage.clear()
    arrived: list[m.Update] = []

    def arrive() -> list[m.Update]:
        updates = list(arrived)
        arrived.clear()
        return updates

    window = OnlookerWindow(room.stage, arrive, inputs=room.script)
    window.frame(0.1, FRAME)
    assert room.stage.caption.prompt.startswith("Waiting")
    pose = m.AvatarPose(time=0.0, root=(1.0, 0.9, -1.0), rotations={"hips": (0.0, 0.0, 0.0, 1.0)})
    arrived.append(pose)
    window.frame(0.2, FRAME)
    ahead = room.stage.eye - np.array([1.0, 0.0, -1.0])
    assert ahead[2] > 1.0  # Seen from the front: the avatar faces +Z at rest.
    room.script.queue += [("key", "v"), ("key", "w")]
    for k in range(10):
        window.frame(0.3 + k * FRAME, FRAME)
    assert not window.onlooker.follows
    assert room.stage.eye[2] < 0.0
    room.script.queue += [("up", "w"), ("key", "escape")]
    window.frame(1.0, FRAME)
    assert window.onlooker.over
