"""A small real visit for the channel's tests: it answers, streams, fails and dies on request."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import numpy as np

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    WATCHED,
    AssetReady,
    AvatarPose,
    AvatarShown,
    Body,
    Command,
    Done,
    Event,
    Hello,
    MeshFrame,
    Part,
    Pose,
    ProductRemoved,
    Reply,
    RoomShown,
    Update,
    Utterance,
    Watched,
)

GLB = b"glTF" + bytes(range(256)) * 8
HASH = hashlib.sha256(GLB).hexdigest()
VERTICES = 5000
HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


class ToyVisit:
    vertices = VERTICES

    def __init__(self) -> None:
        self.said = 0
        self.frame = 0
        self.poses = 0
        self.watched = False
        self.tell = lambda done, text: True

    def handle(self, event: Event) -> list[Update]:
        match event:
            case Hello():
                return [AssetReady(hash=HASH, data=GLB), _room("toy")]
            case Part():
                return []
            case Watched():
                self.watched = event.on
                return [_room("toy", WATCHED)] if event.on else []
            case Utterance(is_final=False):
                return []  # partial texts change nothing
            case Utterance():
                self.said += 1
                return [
                    Reply(text=f"{self.said}: {event.text}", lang=event.lang, ref=event.id),
                    Done(ref=event.id),
                ]
            case Body():
                raise ProtocolError("parameter", "no such body", field="height", expected="2 m")
            case Command():
                return self._command(event)
            case Pose():
                self.poses += 1
                self.frame += 1
                points = np.full((self.vertices, 3), event.time, "<f4").tobytes()
                return [
                    AvatarPose(time=event.time, root=event.head[:3], rotations={}, seq=event.seq),
                    MeshFrame(
                        target="shirt",
                        glb=HASH,
                        frame=self.frame,
                        time=event.time,
                        positions=points,
                    ),
                ]
            case _:
                return [Done(ref=getattr(event, "id", ""))]

    def _command(self, event: Command) -> list[Update]:
        match event.option:
            case "crash":
                raise ZeroDivisionError("secret: waist 0.70")
            case "die":
                os._exit(3)
            case "sleep":
                until = time.monotonic() + (event.value or 0.0)
                while (left := until - time.monotonic()) > 0.0:
                    if not self.tell(1.0 - left / (event.value or 1.0), "asleep"):
                        raise ProtocolError("cancelled", "woken", ref=event.id)
                    time.sleep(min(left, 0.05))
            case "watched":
                return [Reply(text=str(self.watched), lang="en", ref=event.id), Done(ref=event.id)]
            case "avatar":
                shown = AvatarShown(glb=HASH, height=1.7, measures={"waist": 0.7}, ref=event.id)
                return [shown, Done(ref=event.id)]
            case "flood":
                many = [ProductRemoved(target=str(i), ref=event.id) for i in range(100)]
                return [*many, Done(ref=event.id)]
        return [
            Reply(text=f"poses {self.poses}", lang="en", ref=event.id),
            Done(ref=event.id),
        ]

    def attend(self, tell) -> None:
        self.tell = tell

    def catch_up(self, poses, count) -> list[Update]:
        self.poses += count
        self.frame += count
        return []

    def snapshot(self) -> dict[str, Any]:
        return {"said": self.said}

    def restore(self, snapshot: dict[str, Any]) -> list[Update]:
        self.said = snapshot["said"]
        return [_room("again")]


def _room(scene: str, ref: str = "") -> RoomShown:
    return RoomShown(scene=scene, outline=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), height=2.5, ref=ref)


def make_toy() -> ToyVisit:
    return ToyVisit()
