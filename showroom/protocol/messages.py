"""The wire messages of protocol v1, as typed structs; no I/O.

A client sends events, the server answers with updates. Both are tagged by ``type``. Units and
frames are OpenXR's and glTF's: metres, radians, seconds, quaternions as (x, y, z, w),
right-handed, Y up, -Z forward, origin on the floor of the visitor's play space. Unknown fields
are ignored; unknown types are answered with a typed error. Ranges and lengths stand in the types
themselves (see :mod:`showroom.protocol.limits`), so a decoded message is inside them.
"""

from __future__ import annotations

from .base import SUBPROTOCOL, VERSION, Message, Quat, Vec3
from .events import (
    Ack,
    Action,
    Body,
    Bye,
    Clock,
    Command,
    Event,
    Hello,
    Ping,
    Point,
    Pose,
    Received,
    RoomPlan,
    Utterance,
)
from .limits import Transform
from .updates import (
    AssetReady,
    AvatarPose,
    AvatarShown,
    Change,
    Done,
    ErrorUpdate,
    FitReport,
    Heard,
    MeshFrame,
    Pong,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Progress,
    RegionFit,
    Reply,
    RoomShown,
    Update,
    Welcome,
)

__all__ = [
    "SUBPROTOCOL",
    "VERSION",
    "Ack",
    "Action",
    "AssetReady",
    "AvatarPose",
    "AvatarShown",
    "Body",
    "Bye",
    "Change",
    "Clock",
    "Command",
    "Done",
    "ErrorUpdate",
    "Event",
    "FitReport",
    "Heard",
    "Hello",
    "MeshFrame",
    "Message",
    "Ping",
    "Point",
    "Pong",
    "Pose",
    "ProductChanged",
    "ProductRemoved",
    "ProductShown",
    "Progress",
    "Quat",
    "Received",
    "RegionFit",
    "Reply",
    "RoomPlan",
    "RoomShown",
    "Transform",
    "Update",
    "Utterance",
    "Vec3",
    "Welcome",
]
