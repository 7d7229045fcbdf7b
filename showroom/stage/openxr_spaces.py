"""Reference spaces: the floor, the head, the play area's edge, and recentring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xr

from ..protocol.limits import Transform
from .openxr_actions import Locator
from .openxr_view import matrix_of

_STANDING = 1.6


@dataclass(frozen=True)
class PlayArea:
    """The safe part of the floor, as the visitor drew it in the headset's software.

    Attributes:
        corners: (x, z) of its four corners in the play space, metres, in order.
    """

    corners: tuple[tuple[float, float], ...]

    def inside(self, x: float, z: float) -> float:
        """How far a place is from the nearest edge, metres; negative outside."""
        nearest, sign = float("inf"), self._sign()
        for (ax, az), (bx, bz) in zip(
            self.corners, self.corners[1:] + self.corners[:1], strict=True
        ):
            dx, dz = bx - ax, bz - az
            length = (dx * dx + dz * dz) ** 0.5 or 1.0
            nearest = min(nearest, sign * (dx * (z - az) - dz * (x - ax)) / length)
        return nearest

    def _sign(self) -> float:
        area = sum(
            ax * bz - bx * az
            for (ax, az), (bx, bz) in zip(
                self.corners, self.corners[1:] + self.corners[:1], strict=True
            )
        )
        return 1.0 if area > 0 else -1.0


class Spaces:
    """The spaces of one session.

    Attributes:
        floor: the play space: its floor is at height 0, facing as the visitor faced at the start
            or after recentring.
        head: the middle between the eyes.

    Raises:
        xr.exception.XrException: the runtime refuses.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        kinds = xr.ReferenceSpaceType
        offered = {int(kind) for kind in xr.enumerate_reference_spaces(session)}
        self.stage = self._made(kinds.STAGE) if kinds.STAGE.value in offered else None
        self.kind: Any = kinds.LOCAL
        for kind in (kinds.LOCAL_FLOOR, kinds.STAGE):
            if kind.value in offered:
                self.kind = kind
                break
        self.floor = self._made(self.kind, -_STANDING if self.kind == kinds.LOCAL else 0.0)
        self.head = self._made(kinds.VIEW)
        self._locate = Locator()
        self._recentring: int | None = None

    def where_head(self, time: int) -> Transform | None:
        """The head in the play space; None while it is not tracked."""
        return self._locate(self.head, self.floor, time)

    def play_area(self, time: int) -> PlayArea | None:
        """The safe rectangle; None where the visitor has drawn none."""
        if self.stage is None:
            return None
        try:
            size = xr.get_reference_space_bounds_rect(self._session, xr.ReferenceSpaceType.STAGE)
        except xr.exception.SpaceBoundsUnavailable:
            return None
        place = self._locate(self.stage, self.floor, time)
        if place is None or size.width <= 0 or size.height <= 0:
            return None
        matrix = matrix_of(place)
        w, d = size.width / 2, size.height / 2
        corners = [(x, 0.0, z, 1.0) @ matrix for x, z in ((-w, -d), (w, -d), (w, d), (-w, d))]
        return PlayArea(tuple((float(p[0]), float(p[2])) for p in corners))

    def changes(self, kind: int, at: int) -> None:
        """The runtime says that a space changes at a time of its clock."""
        if kind == int(self.kind):
            self._recentring = at

    def recentred(self, time: int) -> bool:
        """Whether the play space has another origin from this frame on; says so once."""
        if self._recentring is None or time < self._recentring:
            return False
        self._recentring = None
        return True

    def _made(self, kind: Any, height: float = 0.0) -> Any:
        pose = xr.Posef(position=xr.Vector3f(0.0, height, 0.0))
        return xr.create_reference_space(
            self._session,
            xr.ReferenceSpaceCreateInfo(reference_space_type=kind, pose_in_reference_space=pose),
        )
