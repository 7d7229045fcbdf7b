"""What the two controllers do, by OpenXR actions bound as ``bindings.toml`` says."""

from __future__ import annotations

import ctypes as c
from pathlib import Path
from typing import Any

import xr
from xr import raw_functions as raw

from ..protocol.limits import Transform
from .bindings import ACTIONS, BINDINGS, Profile, load_bindings
from .controls import SIDES, HandInput, Side, Tick
from .openxr_instance import XrInstance, succeeded
from .openxr_view import transform_of
from .settings import StageError

_TYPES = {
    "pose": xr.ActionType.POSE_INPUT,
    "float": xr.ActionType.FLOAT_INPUT,
    "bool": xr.ActionType.BOOLEAN_INPUT,
    "vector2": xr.ActionType.VECTOR2F_INPUT,
    "haptic": xr.ActionType.VIBRATION_OUTPUT,
}
_STATES = {
    "float": (raw.xrGetActionStateFloat, xr.ActionStateFloat),
    "bool": (raw.xrGetActionStateBoolean, xr.ActionStateBoolean),
    "vector2": (raw.xrGetActionStateVector2f, xr.ActionStateVector2f),
    "pose": (raw.xrGetActionStatePose, xr.ActionStatePose),
}
_PLACED = (
    xr.SpaceLocationFlags.POSITION_VALID_BIT.value
    | xr.SpaceLocationFlags.ORIENTATION_VALID_BIT.value
)


class Locator:
    """Asks where one space is in another; keeps its structure between frames."""

    def __init__(self) -> None:
        self._found = xr.SpaceLocation()

    def __call__(self, what: Any, space: Any, time: int) -> Transform | None:
        """None while it is not tracked."""
        succeeded(raw.xrLocateSpace(what, space, time, c.byref(self._found)))
        if self._found._location_flags & _PLACED != _PLACED:
            return None
        return transform_of(self._found.pose)


class XrActions:
    """The actions of a session; made before its first frame.

    Args:
        bindings: another file than the shipped one.

    Attributes:
        profiles: names of the controllers in the left and right hand; ``""`` where there is none
            or an unknown one.

    Raises:
        xr.exception.XrException: the runtime refuses them.
        StageError: it refuses every profile.
    """

    def __init__(self, instance: XrInstance, session: Any, bindings: Path = BINDINGS) -> None:
        self._instance, self._session = instance, session
        self._set = xr.create_action_set(
            instance.handle,
            xr.ActionSetCreateInfo(
                action_set_name="showroom", localized_action_set_name="Showroom", priority=0
            ),
        )
        self._sides = [instance.path(f"/user/hand/{side}") for side in SIDES]
        self._actions = {
            name: xr.create_action(
                self._set,
                xr.ActionCreateInfo(
                    action_type=_TYPES[kind],
                    action_name=name,
                    localized_action_name=label,
                    count_subaction_paths=len(self._sides),
                    subaction_paths=self._sides,
                ),
            )
            for name, (kind, label) in ACTIONS.items()
        }
        self._bind(load_bindings(bindings))
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
        self._active = xr.ActionsSyncInfo(
            active_action_sets=[xr.ActiveActionSet(self._set, xr.NULL_PATH)]
        )
        self._questions = {
            (name, index): (
                xr.ActionStateGetInfo(self._actions[name], self._sides[index]),
                *_STATES[kind],
            )
            for name, (kind, _) in ACTIONS.items()
            if kind in _STATES
            for index in (0, 1)
        }
        self._answers = {key: made() for key, (_, _, made) in self._questions.items()}
        self._locate = Locator()
        self.profiles = ("", "")

    def _bind(self, profiles: tuple[Profile, ...]) -> None:
        """Suggest each profile; one that this runtime does not know is left out."""
        self._known: dict[Any, Profile] = {}
        refusals = []
        for profile in profiles:
            if profile.extension and not self._instance.has(profile.extension):
                continue
            suggestions = [
                xr.ActionSuggestedBinding(
                    self._actions[action], self._instance.path(f"/user/hand/{side}/{place}")
                )
                for side, action, place in profile.inputs
            ]
            path = self._instance.path(profile.path)
            try:
                xr.suggest_interaction_profile_bindings(
                    self._instance.handle,
                    xr.InteractionProfileSuggestedBinding(
                        interaction_profile=path, suggested_bindings=suggestions
                    ),
                )
            except xr.exception.PathUnsupportedError as error:
                refusals.append(f"{profile.name} ({type(error).__name__})")
                continue
            self._known[_number(path)] = profile
        if not self._known:
            raise StageError(
                f"the headset's software knows none of these controllers: {', '.join(refusals)}"
            )

    def changed(self) -> None:
        """Ask anew which controllers are held; after the runtime says that they changed."""
        self.profiles = tuple(  # type: ignore[assignment]
            getattr(self._known.get(self._profile(side)), "name", "") for side in self._sides
        )

    def _profile(self, side: Any) -> int:
        state = xr.get_current_interaction_profile(self._session, side)
        return _number(state.interaction_profile)

    def read(self, space: Any, time: int) -> tuple[HandInput, HandInput]:
        """Both controllers in a space at a time of the runtime's clock."""
        if not succeeded(raw.xrSyncActions(self._session, c.byref(self._active))):
            return HandInput(), HandInput()
        return self._hand(0, space, time), self._hand(1, space, time)

    def _hand(self, index: int, space: Any, time: int) -> HandInput:
        stick = self._state("stick", index)
        return HandInput(
            grip=self._pose("grip", index, space, time),
            aim=self._pose("aim", index, space, time),
            stick=(float(stick.x), float(stick.y)) if stick else (0.0, 0.0),
            trigger=float(self._state("trigger", index) or 0.0),
            squeeze=float(self._state("squeeze", index) or 0.0),
            primary=bool(self._state("primary", index)),
            secondary=bool(self._state("secondary", index)),
            menu=bool(self._state("menu", index)),
        )

    def _state(self, name: str, index: int) -> Any:
        """An action's state; None while nothing is bound to it."""
        question, ask, _ = self._questions[name, index]
        answer = self._answers[name, index]
        succeeded(ask(self._session, c.byref(question), c.byref(answer)))
        return answer.current_state if answer.is_active else None

    def _pose(self, name: str, index: int, space: Any, time: int) -> Transform | None:
        question, ask, _ = self._questions[name, index]
        answer = self._answers[name, index]
        succeeded(ask(self._session, c.byref(question), c.byref(answer)))
        return self._locate(self._spaces[name][index], space, time) if answer.is_active else None

    def pulse(self, tick: Tick) -> None:
        """Let a controller be felt; one without haptics stays silent."""
        shake = xr.HapticVibration(
            duration=max(1, int(tick.seconds * 1e9)),
            frequency=xr.FREQUENCY_UNSPECIFIED,
            amplitude=min(1.0, max(0.0, tick.strength)),
        )
        xr.apply_haptic_feedback(
            self._session,
            xr.HapticActionInfo(self._actions["haptic"], self._sides[_index(tick.side)]),
            c.cast(c.pointer(shake), c.POINTER(xr.HapticBaseHeader)).contents,
        )


def _number(path: Any) -> int:
    """A path's number; ctypes gives fields of this type as plain ones and results as objects."""
    return int(getattr(path, "value", path))


def _index(side: Side) -> int:
    return SIDES.index(side)
