"""Hands without controllers, and whole bodies, where the runtime tracks them.

XR_EXT_hand_tracking (26 joints a hand), XR_FB_body_tracking (70 joints) and
XR_META_body_tracking_full_body (84). Joints go to the visit under the names that
``fit/data_files/skeletons.toml`` gives them, in OpenXR's order.
"""

from __future__ import annotations

import ctypes as c
import math
from typing import Any

import xr

from ..fit.stream import skeletons
from ..protocol.limits import Transform
from .controls import HandInput
from .openxr_instance import XrInstance, succeeded
from .openxr_view import transform_of

Joints = dict[str, Transform]
_JOINTS = 26
_PALM, _WRIST, _THUMB_TIP, _INDEX_TIP, _INDEX_PROXIMAL = 0, 1, 5, 10, 7
_TOUCHING, _APART = 0.015, 0.06
"""Thumb's tip to index finger's tip, metres: a full pinch, and none."""
_VALID = (
    xr.SpaceLocationFlags.POSITION_VALID_BIT.value
    | xr.SpaceLocationFlags.ORIENTATION_VALID_BIT.value
)


def pinch_of(distance: float) -> float:
    """How far a pinch is closed, 0 to 1, from the way between two finger tips, metres."""
    return min(1.0, max(0.0, (_APART - distance) / (_APART - _TOUCHING)))


class HandTrackers:
    """Both hands' joints.

    Args:
        instance: with XR_EXT_hand_tracking in use.

    Attributes:
        seen: whether any hand was.

    Raises:
        xr.exception.XrException: the runtime refuses.
    """

    skeleton = "openxr_hand"

    def __init__(self, instance: XrInstance, session: Any) -> None:
        create = instance.function("xrCreateHandTrackerEXT", xr.PFN_xrCreateHandTrackerEXT)
        self._find = instance.function("xrLocateHandJointsEXT", xr.PFN_xrLocateHandJointsEXT)
        self._destroy = instance.function("xrDestroyHandTrackerEXT", xr.PFN_xrDestroyHandTrackerEXT)
        self._names = skeletons()[self.skeleton].joints
        self._trackers: list[Any] = []
        for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT):
            tracker = xr.HandTrackerEXT()
            info = xr.HandTrackerCreateInfoEXT(hand=hand, hand_joint_set=xr.HandJointSetEXT.DEFAULT)
            succeeded(create(session, c.byref(info), c.byref(tracker)))
            self._trackers.append(tracker)
        self._places = (xr.HandJointLocationEXT * _JOINTS)()
        self.seen = False
        self._aim = xr.HandTrackingAimStateFB() if instance.has("XR_FB_hand_tracking_aim") else None

    def read(
        self, space: Any, time: int, held: tuple[HandInput, HandInput]
    ) -> tuple[tuple[HandInput, HandInput], Joints]:
        """Hands where there is no controller, else the controllers; and all joints by name."""
        joints: Joints = {}
        hands = list(held)
        for index, tracker in enumerate(self._trackers):
            places = self._located(tracker, space, time)
            if places is None:
                continue
            self.seen = True
            names = self._names[index * _JOINTS : (index + 1) * _JOINTS]
            joints.update((n, p) for n, p in zip(names, places, strict=True) if p is not None)
            if held[index].grip is None:
                hands[index] = self._hand(places, held[index])
        return (hands[0], hands[1]), joints

    def close(self) -> None:
        """Free the trackers."""
        for tracker in self._trackers:
            self._destroy(tracker)
        self._trackers.clear()

    def _located(self, tracker: Any, space: Any, time: int) -> list[Transform | None] | None:
        following = c.cast(c.pointer(self._aim), c.c_void_p) if self._aim is not None else None
        found = xr.HandJointLocationsEXT(next=following)
        found.joint_count = _JOINTS
        found._joint_locations = c.cast(self._places, c.POINTER(xr.HandJointLocationEXT))
        info = xr.HandJointsLocateInfoEXT(base_space=space, time=time)
        if not succeeded(self._find(tracker, c.byref(info), c.byref(found))) or not found.is_active:
            return None
        return _placed(self._places)

    def _hand(self, places: list[Transform | None], before: HandInput) -> HandInput:
        palm = places[_PALM] or places[_WRIST]
        aim, pinch = before.aim, 0.0
        thumb, finger = places[_THUMB_TIP], places[_INDEX_TIP]
        if thumb is not None and finger is not None:
            pinch = pinch_of(math.dist(thumb[:3], finger[:3]))
        if self._aim is not None and self._aim._status & _AIM_VALID:
            aim = transform_of(self._aim.aim_pose)
            pinch = max(pinch, float(self._aim.pinch_strength_index))
        if aim is None and palm is not None:
            knuckle = places[_INDEX_PROXIMAL] or palm
            aim = (*knuckle[:3], *palm[3:])
        return HandInput(
            grip=palm, aim=aim, pinch=pinch, squeeze=before.squeeze, trigger=before.trigger,
            bare=True,
        )  # fmt: skip


_AIM_VALID = 2  # XR_HAND_TRACKING_AIM_VALID_BIT_FB


class BodyTracker:
    """A whole body's joints, the fuller of the two joint sets that the runtime has.

    Args:
        instance: with XR_FB_body_tracking in use.

    Attributes:
        skeleton: whose names the joints have.

    Raises:
        xr.exception.XrException: the runtime refuses.
    """

    def __init__(self, instance: XrInstance, session: Any) -> None:
        full = instance.has("XR_META_body_tracking_full_body") and instance.supports(
            xr.SystemPropertiesBodyTrackingFullBodyMETA(), "supports_full_body_tracking"
        )
        self.skeleton = "meta_full_body" if full else "fb_body"
        self._names = skeletons()[self.skeleton].joints
        create = instance.function("xrCreateBodyTrackerFB", xr.PFN_xrCreateBodyTrackerFB)
        self._find = instance.function("xrLocateBodyJointsFB", xr.PFN_xrLocateBodyJointsFB)
        self._destroy = instance.function("xrDestroyBodyTrackerFB", xr.PFN_xrDestroyBodyTrackerFB)
        kind = xr.BodyJointSetFB.FULL_BODY_M if full else xr.BodyJointSetFB.DEFAULT
        self._tracker = xr.BodyTrackerFB()
        info = xr.BodyTrackerCreateInfoFB(body_joint_set=kind)
        succeeded(create(session, c.byref(info), c.byref(self._tracker)))
        self._places = (xr.BodyJointLocationFB * len(self._names))()

    def read(self, space: Any, time: int) -> Joints:
        """The joints that are tracked, by name."""
        found = xr.BodyJointLocationsFB()
        found.joint_count = len(self._names)
        found._joint_locations = c.cast(self._places, c.POINTER(xr.BodyJointLocationFB))
        info = xr.BodyJointsLocateInfoFB(base_space=space, time=time)
        ok = succeeded(self._find(self._tracker, c.byref(info), c.byref(found)))
        if not ok or not found.is_active:
            return {}
        places = _placed(self._places)
        return {n: p for n, p in zip(self._names, places, strict=True) if p is not None}

    def close(self) -> None:
        """Free the tracker."""
        self._destroy(self._tracker)


def hand_trackers(instance: XrInstance, session: Any) -> HandTrackers | None:
    """Both hands, where the system tracks them."""
    if not instance.has("XR_EXT_hand_tracking"):
        return None
    if not instance.supports(xr.SystemHandTrackingPropertiesEXT(), "supports_hand_tracking"):
        return None
    return HandTrackers(instance, session)


def body_tracker(instance: XrInstance, session: Any) -> BodyTracker | None:
    """The body, where the system tracks it."""
    if not instance.has("XR_FB_body_tracking"):
        return None
    if not instance.supports(xr.SystemBodyTrackingPropertiesFB(), "supports_body_tracking"):
        return None
    return BodyTracker(instance, session)


def _placed(places: Any) -> list[Transform | None]:
    return [transform_of(p.pose) if p._location_flags & _VALID == _VALID else None for p in places]
