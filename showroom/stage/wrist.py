"""Where the menu hangs, which of its buttons is pointed at, and which page it shows. Pure.

On the left wrist it shows while one looks at it. Without a left hand, or when it was asked for, it
hangs before the visitor. A window shows its picture itself.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..protocol.limits import Transform
from .controls import Controls, Side
from .menu import HEIGHT, METRES, WIDTH, Page, Sheet
from .menu_picture import Board
from .openxr_view import yaw_of
from .panel import Panel
from .poses import composed, looking, meets_panel, moved, rotated

_FACING, _NEAR = 0.45, 0.9
_ON_WRIST: Transform = (0.04, 0.08, -0.04, *looking(0.0, -0.9))
_BEFORE = (0.0, -0.12, -0.6)
_SIDES: tuple[Side, Side] = ("right", "left")


class Wrist:
    """The menu of one visitor.

    Args:
        hangs: it hangs in the scene; else a window shows it.

    Attributes:
        asked: whether it was asked for.
        page: what it shows.
        strain, measures: whether those overlays are on.
        lit: the button that is pointed at, -1 for none.
        panel: where it hangs now, or None.
    """

    def __init__(self, *, hangs: bool = True) -> None:
        self.hangs = hangs
        self.asked = False
        self.page: Page = "home"
        self.strain = self.measures = False
        self.lit = -1
        self.panel: Panel | None = None
        self._board = Board()
        self._pinned: Transform | None = None

    @property
    def worn(self) -> bool:
        """Whether it is on the wrist now."""
        return self.panel is not None and self._pinned is None

    def toggle(self, controls: Controls) -> None:
        """Ask for it, or have it away."""
        self.asked = not self.asked
        self._pinned = _before(controls) if self.asked and self.hangs else None

    def brought(self, controls: Controls) -> None:
        """The visitor jumped: what hung before them comes along."""
        if self._pinned is not None:
            self._pinned = _before(controls)

    def picture(self, sheet: Sheet) -> NDArray[np.uint8]:
        """The menu's picture; the same object until it changes."""
        return self._board.picture(sheet, self.lit)

    def aim(
        self,
        controls: Controls,
        sheet: Sheet,
        *,
        busy: bool,
        over: tuple[float, float] | None = None,
    ) -> frozenset[Side]:
        """Hang it, and light what is pointed at.

        Args:
            busy: something is held; it is not on the wrist then.
            over: where the pointer is on a menu that a window shows, (u, v).

        Returns:
            The hands that point at it.
        """
        found: dict[Side, tuple[float, float]] = {}
        if not self.hangs:
            if over is not None and self.asked:
                found["right"] = over
        else:
            self._hang(controls, sheet, busy)
            found = self._met(controls)
        self.lit = next((sheet.at(*at) for at in found.values()), -1)
        return frozenset(found)

    def _hang(self, controls: Controls, sheet: Sheet, busy: bool) -> None:
        pose = None if busy else _on_wrist(controls)
        if pose is not None:
            self.asked, self._pinned = False, None
        else:
            pose = self._pinned
        self.panel = None
        if pose is not None:
            pixels = self.picture(sheet)
            self.panel = Panel("menu", pixels, pose, METRES, METRES * HEIGHT / WIDTH)

    def _met(self, controls: Controls) -> dict[Side, tuple[float, float]]:
        found: dict[Side, tuple[float, float]] = {}
        panel = self.panel
        for side in _SIDES:
            aim = controls.hand(side).aim
            if panel is None or aim is None or (side == "left" and self.worn):
                continue
            hit = meets_panel(aim, panel.pose, panel.width, panel.height)
            if hit is not None:
                found[side] = (hit[0], hit[1])
        return found


def _on_wrist(controls: Controls) -> Transform | None:
    """On the left wrist, while it is turned to the eyes and looked at."""
    grip, head = controls.left.grip, controls.head
    if grip is None or head is None:
        return None
    pose = composed(grip, _ON_WRIST)
    way = tuple(h - p for h, p in zip(head[:3], pose[:3], strict=True))
    far = math.hypot(*way)
    front, gaze = rotated(pose, (0.0, 0.0, 1.0)), rotated(head, (0.0, 0.0, -1.0))
    facing = sum(a * b for a, b in zip(front, way, strict=True)) / max(far, 1e-6)
    seen = -sum(a * b for a, b in zip(gaze, way, strict=True)) / max(far, 1e-6)
    return pose if far < _NEAR and facing > _FACING and seen > _FACING else None


def _before(controls: Controls) -> Transform | None:
    """Before the visitor, facing them."""
    head = controls.head
    if head is None:
        return None
    yaw = yaw_of(head)
    level: Transform = (head[0], head[1], head[2], *looking(yaw))
    return (*moved(level, _BEFORE), *looking(yaw, -0.2))
