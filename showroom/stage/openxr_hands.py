"""What the two controllers do: their poses and thumbsticks, by OpenXR actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xr

from ..protocol.limits import Transform
from .openxr_view import transform_of

_SIDES = ("left", "right")
# A controller without a thumbstick leaves walking to the feet.
_PROFILES = {
    "/interaction_profiles/khr/simple_controller": ("grip", "aim"),
    "/interaction_profiles/oculus/touch_controller": ("grip", "aim", "stick"),
    "/interaction_profiles/valve/index_controller": ("grip", "aim", "stick"),
}
_INPUTS = {"grip": "input/grip/pose", "aim": "input/aim/pose", "stick": "input/thumbstick"}
_PLACED = (
    xr.SpaceLocationFlags.POSITION_VALID_BIT.value
    | xr.SpaceLocationFlags.ORIENTATION_VALID_BIT.value
)


@dataclass(frozen=True)
class Hand:
    """A controller: where it is held, or None while it is not tracked, and its thumbstick.

    ``stick`` is right and forward, -1 to 1.
    """

    pose: Transform | None = None
    stick: tuple[float, float] = (0.0, 0.0)


class Hands:
    """The actions of a session; made before its first frame.

    Raises:
        xr.exception.XrException: the runtime refuses them.
    """

    def __init__(self, instance: Any, session: Any) -> None:
        self._session = session
        self._set = xr.create_action_set(
            instance,
            xr.ActionSetCreateInfo(
                action_set_name="showroom", localized_action_set_name="Showroom", priority=0
            ),
        )
        self._sides = [xr.string_to_path(instance, f"/user/hand/{side}") for side in _SIDES]
        pose, stick = xr.ActionType.POSE_INPUT, xr.ActionType.VECTOR2F_INPUT
        self._actions = {
            "grip": self._action("grip", "Hold", pose),
            "aim": self._action("aim", "Point", pose),
            "stick": self._action("stick", "Walk", stick),
        }
        for profile, names in _PROFILES.items():
            bindings = [
                xr.ActionSuggestedBinding(
                    self._actions[name],
                    xr.string_to_path(instance, f"/user/hand/{side}/{_INPUTS[name]}"),
                )
                for name in names
                for side in _SIDES
            ]
            xr.suggest_interaction_profile_bindings(
                instance,
                xr.InteractionProfileSuggestedBinding(
                    interaction_profile=xr.string_to_path(instance, profile),
                    suggested_bindings=bindings,
                ),
            )
        self._spaces = {
            name: [
                xr.create_action_space(
                    session,
                    xr.ActionSpaceCreateInfo(action=self._actions[name], subaction_path=side),
                )
                for side in self._sides
            ]
            for name in ("grip", "aim")
        }
        xr.attach_session_action_sets(
            session, xr.SessionActionSetsAttachInfo(action_sets=[self._set])
        )

    def read(self, space: Any, time: int) -> tuple[Hand, Hand]:
        """Both controllers in a space at a time of the runtime's clock."""
        active = xr.ActiveActionSet(self._set, xr.NULL_PATH)
        try:
            xr.sync_actions(self._session, xr.ActionsSyncInfo(active_action_sets=[active]))
        except xr.exception.SessionNotFocused:
            return Hand(), Hand()
        left, right = (self._hand(index, space, time) for index in (0, 1))
        return left, right

    def _hand(self, index: int, space: Any, time: int) -> Hand:
        pose = self._pose("grip", index, space, time) or self._pose("aim", index, space, time)
        info = xr.ActionStateGetInfo(self._actions["stick"], self._sides[index])
        stick = xr.get_action_state_vector2f(self._session, info)
        at = stick.current_state
        return Hand(pose, (float(at.x), float(at.y)) if stick.is_active else (0.0, 0.0))

    def _pose(self, name: str, index: int, space: Any, time: int) -> Transform | None:
        info = xr.ActionStateGetInfo(self._actions[name], self._sides[index])
        if not xr.get_action_state_pose(self._session, info).is_active:
            return None
        return located(self._spaces[name][index], space, time)

    def _action(self, name: str, label: str, kind: Any) -> Any:
        return xr.create_action(
            self._set,
            xr.ActionCreateInfo(
                action_type=kind,
                action_name=name,
                localized_action_name=label,
                count_subaction_paths=len(self._sides),
                subaction_paths=self._sides,
            ),
        )


def located(what: Any, space: Any, time: int) -> Transform | None:
    """Where a space is in another; None while it is not tracked."""
    found = xr.locate_space(what, space, time)
    if int(found.location_flags) & _PLACED != _PLACED:
        return None
    return transform_of(found.pose)
