"""From a recorded visit to pictures: before and after each sentence, and a film of it all.

A :class:`Recorder` watches a visit as it happens and keeps what can be seen; a
:class:`Storyboard` plays that back on the stage afterwards, so that drawing never slows the visit.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..protocol.messages import (
    AssetReady,
    AvatarPose,
    AvatarShown,
    Change,
    Heard,
    MeshFrame,
    Message,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Reply,
    RoomShown,
    Update,
)

if TYPE_CHECKING:
    from ..stage.stage import Stage

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]

_SHOWN = (
    AvatarShown,
    Heard,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Reply,
    RoomShown,
)
_PORTRAIT_DISTANCE = 2.1
_PORTRAIT_FOV = 0.62
_OVERVIEW_DISTANCE = 2.7
_SETTLED = 0.7
"""Seconds after a sentence in which a re-fit has come to rest."""


class Recorder:
    """Keeps what can be seen of one visit: every lasting update, and poses at a film's rate.

    Args:
        rate: film frames per second of the visit's own time.
    """

    def __init__(self, rate: float = 12.0) -> None:
        self.rate = rate
        self.updates: list[Update] = []
        self.assets: dict[str, bytes] = {}
        self._latest: dict[str, MeshFrame] = {}
        self._pose: AvatarPose | None = None
        self._due = -math.inf
        self._lock = threading.Lock()

    def __call__(self, visit: str, update: Update) -> None:
        """Take one update of the visit; called on the visit's thread."""
        with self._lock:
            if isinstance(update, AssetReady):
                self.assets[update.hash] = update.data
            elif isinstance(update, MeshFrame):
                self._latest[update.target] = update
            elif isinstance(update, AvatarPose):
                # A pose comes before its mesh frames, so it is kept until the next one.
                if self._pose is not None and self._pose.time >= self._due:
                    self._due = max(self._due + 1 / self.rate, self._pose.time)
                    self._flush()
                self._pose = update
            elif isinstance(update, _SHOWN):
                self._flush()
                self.updates.append(update)

    def finish(self) -> list[Update]:
        """The whole record; what was still waiting is added."""
        with self._lock:
            self._flush()
            return self.updates

    def _flush(self) -> None:
        self.updates.extend(self._latest.values())
        self._latest.clear()
        if self._pose is not None:
            self.updates.append(self._pose)
            self._pose = None


@dataclass
class Moment:
    """One sentence of the visit and the pictures around it.

    Attributes:
        before, after: files in the storyboard's folder.
        changes: of all products that it re-fitted.
    """

    ref: str
    text: str
    reply: str = ""
    target: str = ""
    changes: tuple[Change, ...] = ()
    time: float = 0.0
    before: Path | None = None
    after: Path | None = None
    pictures: tuple[U8, U8] | None = field(default=None, repr=False)


class Storyboard:
    """Plays a record on a stage and writes its pictures.

    Args:
        stage: empty and ready.
        folder: where pictures go; made if it is missing.
        rate: film frames per second of the visit's own time. Where a busy machine left poses out,
            the last picture is held, so that the film lasts as long as the visit.
    """

    def __init__(self, stage: Stage, folder: Path, rate: float = 12.0) -> None:
        self.stage = stage
        self.folder = folder
        self.rate = rate
        self.moments: list[Moment] = []
        self._time = 0.0
        self._filmed = 0
        self._began: float | None = None
        self._root = np.array([0.0, 0.0, 0.0])
        self._facing = np.array([0.0, 0.0, 1.0])
        self._camera: tuple[F64, F64] | None = None
        self._places: dict[str, F64] = {}
        self._eyes: dict[str, F64] = {}
        self._worn: set[str] = set()
        self._open: Moment | None = None
        self._before: dict[str, U8] = {}

    def play(
        self, updates: list[Update], frame: Callable[[U8], None], step: Callable[[], object]
    ) -> None:
        """Apply a record in order.

        Args:
            frame: takes each film frame, (h, w, 3) uint8.
            step: called after every update, for a progress bar.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for update in updates:
            if isinstance(update, Heard) and update.is_final:
                self._close_moment()
                self.stage.caption.clear()
                self._before = dict(self._views())
                self._open = Moment(update.utterance_id, update.text, time=self._time)
            self._follow(update)
            self.stage.apply(update)
            if isinstance(update, AvatarPose):
                if self._open is not None and update.time > self._open.time + _SETTLED:
                    self._close_moment()
                self._film_camera()
                picture = self.stage.render()
                for _ in range(self._frames_due(update.time)):
                    frame(picture)
            step()
        self._close_moment()

    def _frames_due(self, time: float) -> int:
        """Frames that a picture of this moment has to fill; one at least."""
        if self._began is None:
            self._began = time
        count = max(1, round((time - self._began) * self.rate) + 1 - self._filmed)
        self._filmed += count
        return count

    def _follow(self, update: Message) -> None:
        """Keep track of where the visitor and the products are."""
        if isinstance(update, AvatarPose):
            self._time = update.time
            self._root = np.asarray(update.root, np.float64)
            if "hips" in update.rotations:
                self._facing = _forward(update.rotations["hips"])
        elif isinstance(update, ProductShown):
            self._places[update.target] = np.asarray(update.transform[:3], np.float64)
            if update.worn:
                self._worn.add(update.target)
        elif isinstance(update, ProductChanged):
            if update.target not in self._worn:
                self._places[update.target] = np.asarray(update.transform[:3], np.float64)
            if self._open is not None and update.ref == self._open.ref:
                self._open.target = update.target
                self._open.changes += update.changes
        elif isinstance(update, Reply) and self._open is not None and update.ref == self._open.ref:
            self._open.reply = update.text

    def _views(self) -> Iterator[tuple[str, U8]]:
        """A picture of every product from where it is best seen."""
        for target, place in self._places.items():
            self._aim(target, place)
            yield target, self.stage.render()

    def _aim(self, target: str, place: F64) -> None:
        if target in self._worn:
            middle = np.array([self._root[0], 1.12, self._root[2]])
            eye = middle + self._facing * _PORTRAIT_DISTANCE + np.array([0.0, 0.12, 0.0])
            self._look(eye, middle, _PORTRAIT_FOV)
        else:
            middle = place + np.array([0.0, 0.42, 0.0])
            self._look(self._clear_eye(target, middle), middle, 0.62)

    def _clear_eye(self, target: str, middle: F64) -> F64:
        """Where a product is seen from without the visitor in between; kept once it is found."""
        if target in self._eyes and self._clearance(self._eyes[target], middle) > 0.5:
            return self._eyes[target]
        angles = np.arange(16) * (math.tau / 16)
        offsets = np.stack([np.sin(angles), np.full(16, 0.4), np.cos(angles)], axis=1)
        eyes = [_inside(self.stage, middle + o) for o in offsets * _OVERVIEW_DISTANCE * 0.92]
        # Prefer the front quarters: a product faces +Z where it is first put down.
        score = [
            min(self._clearance(eye, middle), 0.8)
            + 0.6 * math.cos(a - 0.5)
            + 0.5 * min(float(np.linalg.norm(eye - middle)), _OVERVIEW_DISTANCE)
            for a, eye in zip(angles, eyes, strict=True)
        ]
        self._eyes[target] = eyes[int(np.argmax(score))]
        return self._eyes[target]

    def _clearance(self, eye: F64, middle: F64) -> float:
        """Horizontal metres between the visitor and the line of sight."""
        along = (middle - eye)[[0, 2]]
        to_visitor = (self._root - eye)[[0, 2]]
        share = float(np.clip(along @ to_visitor / max(float(along @ along), 1e-9), 0.0, 1.0))
        return float(np.linalg.norm(to_visitor - share * along))

    def _film_camera(self) -> None:
        """Follow the visitor from the front, softly."""
        middle = np.array([self._root[0], 1.0, self._root[2]])
        eye = middle + self._facing * 2.5 + [0.0, 0.35, 0.0]
        if self._camera is not None:
            eye = self._camera[0] * 0.93 + eye * 0.07
            middle = self._camera[1] * 0.85 + middle * 0.15
        self._camera = (eye, middle)
        self._look(eye, middle, 0.85)

    def _look(self, eye: F64, target: F64, fov: float) -> None:
        eye = _inside(self.stage, eye)
        self.stage.look_at(
            (float(eye[0]), float(eye[1]), float(eye[2])),
            (float(target[0]), float(target[1]), float(target[2])),
            fov,
        )

    def _close_moment(self) -> None:
        """Write the pictures of the sentence that has had its effect by now."""
        moment, self._open = self._open, None
        if moment is None:
            return
        self.moments.append(moment)
        before = self._before.get(moment.target)
        if before is None:
            return
        self._aim(moment.target, self._places[moment.target])
        after = self.stage.render()
        stem = f"{len(self.moments):02d}-{_slug(moment.text)}"
        moment.before = self._write(f"{stem}-before.png", before)
        moment.after = self._write(f"{stem}-after.png", after)
        moment.pictures = (before, after)

    def _write(self, name: str, picture: U8) -> Path:
        from PIL import Image

        path = self.folder / name
        Image.fromarray(picture).save(path)
        return path


def _forward(hips: tuple[float, float, float, float]) -> F64:
    """Horizontal unit vector that a body with this hip rotation faces (rest faces +Z)."""
    x, y, z, w = hips
    forward = np.array([2 * (x * z + y * w), 0.0, 1 - 2 * (x * x + y * y)])
    length = float(np.linalg.norm(forward))
    return forward / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def _bounds(stage: Stage) -> tuple[F64, F64] | None:
    if stage.room is None:
        return None
    low, high = stage.room.decor.bounds
    return np.asarray(low, np.float64), np.asarray(high, np.float64)


def _inside(stage: Stage, eye: F64) -> F64:
    """The nearest place to ``eye`` that is inside the room."""
    bounds = _bounds(stage)
    if bounds is None:
        return eye
    low, high = bounds
    return np.clip(eye, low + 0.25, high - 0.25)


def _slug(text: str) -> str:
    """A file name of a sentence: its words in ASCII, or in its own script."""
    words = re.findall(r"[A-Za-z0-9]+|[\u4e00-\u9fff]+", text)
    return "-".join(words).lower()[:40] or "sentence"
