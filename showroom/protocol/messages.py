"""The wire messages of protocol v1, as typed structs; no I/O.

A client sends events, the server answers with updates. Both are tagged by ``type``. Units and
frames are OpenXR's and glTF's: metres, radians, seconds, quaternions as (x, y, z, w),
right-handed, Y up, -Z forward, origin on the floor of the visitor's play space. Unknown fields
are ignored; unknown types are answered with a typed error. Ranges and lengths stand in the types
themselves (see :mod:`showroom.protocol.limits`), so a decoded message is inside them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .limits import (
    Counter,
    Factor,
    Height,
    Identifier,
    Lang,
    Length,
    Obstacles,
    Offset,
    Openings,
    Outline,
    RoomHeight,
    Seconds,
    Secret,
    SizeStep,
    Tape,
    Text,
    Weight,
    Word,
    Words,
)
from .limits import Transform as Transform

SUBPROTOCOL = "showroom.v1"
VERSION = 1

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]

Action = Literal[
    "show",
    "try_on",
    "take_off",
    "set_size",
    "adjust_fit",
    "set_color",
    "set_choice",
    "move",
    "rotate",
    "scale",
    "place",
    "undo",
    "redo",
    "report",
    "help",
    "greet",
]


class Message(msgspec.Struct, tag_field="type", kw_only=True, omit_defaults=True):
    """Base of all messages; ``ref`` names the client message that an update answers.

    Attributes:
        n: the update's place in the visit's reliable sequence, from 1; 0 for frames, of which
            only the latest counts, and for updates that never left the process.
    """

    n: Counter = 0


# --- events: client to server ------------------------------------------------------------------


class Hello(Message, tag="hello"):
    """The first message of a visit.

    Attributes:
        client: program and version, such as ``"unity/0.1"``.
        lang: preferred language of replies, ``"en"`` or ``"zh"``.
        want: options: ``"vertices"`` (the avatar's vertices every frame, not only the worn
            garment's), ``"plain"`` (poses and mesh frames as JSON or MessagePack messages
            instead of compact binary frames), ``"still"`` (no mesh frames at all).
        token: what the operator gave out, where the server asks for it.
        resume: the token of an earlier welcome, to go on with that visit.
        have: with ``resume``: the last reliable update that arrived, so that only later ones
            are sent again.
    """

    version: int = VERSION
    client: Word = ""
    lang: Lang = "en"
    want: Words = ()
    token: Secret = ""
    resume: Identifier = ""
    have: Counter = 0
    id: Identifier = ""


class Body(Message, tag="body"):
    """The visitor's body: height and, where known, tape measures (ISO 8559 names), metres."""

    height: Height
    gender: Literal["female", "male", "neutral"] = "neutral"
    tape: Tape = {}
    weight_kg: Weight | None = None
    id: Identifier = ""


class Pose(Message, tag="pose"):
    """One frame of the headset and two controllers, in the play space.

    ``time`` is the client's clock in seconds; a hand that is not tracked is left out.
    """

    time: Seconds
    head: Transform
    left: Transform | None = None
    right: Transform | None = None
    seq: Counter = 0


class Utterance(Message, tag="utterance"):
    """What the visitor said or typed; partial ones (``is_final`` false) change nothing."""

    id: Identifier
    text: Text
    lang: Lang = ""
    rev: Counter = 0
    is_final: bool = True


class Command(Message, tag="command"):
    """A resolved intent in SI units; also what a button sends.

    Attributes:
        target: a product id, a category (``"chair"``), a kind (``"garment"``), or ``""`` for
            what is in context.
        part: sewing or furniture part, such as ``"sleeve"``, ``"hem"``, ``"seat"``.
        parameter: the family's parameter where the speaker named one.
        delta: signed change, metres (adjust_fit, move), radians (rotate).
        value: absolute value in metres where the speaker gave one.
        factor: multiplier (scale; "twice as wide" is 2.0).
        direction: left, right, forward, back, up, down; seen from the visitor.
        size: a label such as ``"M"``; ``size_step`` is +1 for "one size up".
        color: a name of the colour lexicon, such as ``"navy"``.
        near: place it next to, at or on something: ``"wall"``, ``"window"``, a category.
    """

    action: Action
    id: Identifier = ""
    target: Identifier = ""
    part: Word = ""
    parameter: Word = ""
    delta: Offset | None = None
    value: Length | None = None
    factor: Factor | None = None
    direction: Word = ""
    size: Word = ""
    size_step: SizeStep = 0
    color: Word = ""
    option: Word = ""
    near: Word = ""


class Point(Message, tag="point"):
    """What the pointing ray hits: a product id, or ``""`` for nothing."""

    target: Identifier = ""
    id: Identifier = ""


class RoomPlan(Message, tag="room"):
    """The visitor's own room: a metric floor plan.

    Attributes:
        outline: corners (x, z) in order, counter-clockwise seen from above (+Y).
        openings: doors and windows as (kind, wall index, offset, width, sill, height).
        obstacles: boxes (x, z, width, depth, height, yaw).
    """

    outline: Outline
    height: RoomHeight = 2.6
    openings: Openings = ()
    obstacles: Obstacles = ()
    id: Identifier = ""


class Clock(Message, tag="clock"):
    """Time passes: ``time`` in seconds, never going back."""

    time: Seconds


class Ping(Message, tag="ping"):
    """Clock sync; answered by :class:`Pong` with the same ``time``."""

    time: Seconds
    id: Identifier = ""


class Ack(Message, tag="ack"):
    """The client has shown mesh frame ``frame`` of ``target``; returns one credit."""

    target: Identifier
    frame: Counter


class Received(Message, tag="received"):
    """All reliable updates up to ``upto`` have arrived; the server need not keep them."""

    upto: Counter


class Bye(Message, tag="bye"):
    """The visitor leaves; nothing of the visit is kept."""


Event = (
    Hello
    | Body
    | Pose
    | Utterance
    | Command
    | Point
    | RoomPlan
    | Clock
    | Ping
    | Ack
    | Received
    | Bye
)


# --- updates: server to client -----------------------------------------------------------------


class Welcome(Message, tag="welcome"):
    """The visit is open, or goes on.

    Attributes:
        visit: the visit's public name.
        capabilities: what this server can do, such as ``"en"``, ``"zh"``, ``"resume"``.
        resume: the token to come back with; it changes with every welcome.
        resumed: the visit of ``Hello.resume`` goes on; what was missed follows.
        hold: seconds for which the visit waits for a client that vanished.
    """

    visit: str
    version: int = 1
    server: str = ""
    capabilities: tuple[str, ...] = ()
    resume: str = ""
    resumed: bool = False
    hold: float = 0.0


class Pong(Message, tag="pong"):
    """``time`` from the ping, ``server_time`` in seconds of the server's clock."""

    time: float
    server_time: float
    ref: str = ""


class AssetReady(Message, tag="asset"):
    """Bytes that the shell serves under their hash; never sent to clients as they are.

    Attributes:
        hash: SHA-256 in hex; the GLB's URL is ``/asset/<hash>.glb``.
    """

    hash: str
    data: bytes
    media_type: str = "model/gltf-binary"


class RoomShown(Message, tag="room_shown"):
    """The room that the visitor stands in: a scene's name and its floor plan."""

    scene: str
    outline: tuple[tuple[float, float], ...]
    height: float
    ref: str = ""


class ProductShown(Message, tag="product_shown"):
    """A product is to be seen: load the GLB by hash and put it at ``transform``.

    ``worn`` products follow the avatar; their vertices come as :class:`MeshFrame`. ``sizes``,
    ``colors`` and ``values`` are what buttons can offer.
    """

    target: str
    glb: str
    name: dict[str, str]
    kind: Literal["garment", "furniture"]
    category: str
    transform: Transform
    worn: bool = False
    size: str = ""
    color: str = ""
    values: dict[str, float] = {}
    sizes: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    ref: str = ""


class Change(msgspec.Struct, kw_only=True):
    """One number that a re-fit changed: parameter, unit, old and new value."""

    name: str
    unit: str
    old: float
    new: float


class ProductChanged(Message, tag="product_changed"):
    """A product was re-fitted, recoloured or moved.

    ``glb`` is the hash of the new GLB if shape or materials changed, else ``""``.
    """

    target: str
    changes: tuple[Change, ...]
    transform: Transform
    glb: str = ""
    size: str = ""
    color: str = ""
    ref: str = ""


class ProductRemoved(Message, tag="product_removed"):
    """A product left the room or the body."""

    target: str
    ref: str = ""


class AvatarShown(Message, tag="avatar_shown"):
    """The visitor's avatar: a skinned GLB by hash, and its measures in metres (ISO 8559)."""

    glb: str
    height: float
    measures: dict[str, float]
    ref: str = ""


class AvatarPose(Message, tag="avatar_pose"):
    """The avatar's pose: root position and local bone rotations under VRM 1.0 names.

    ``rotations`` is bone name to quaternion, relative to the rest pose of the avatar's GLB.
    """

    time: float
    root: Vec3
    rotations: dict[str, Quat]
    seq: int = 0


class MeshFrame(Message, tag="mesh_frame"):
    """All vertices of one mesh in one frame (``target`` is ``"avatar"`` or a product id).

    ``positions`` is (n, 3) float32 little endian, metres, play space; ``glb`` says of which mesh,
    whose one shared POSITION accessor they fill.
    """

    target: str
    glb: str
    frame: int
    time: float
    positions: bytes


class RegionFit(msgspec.Struct, kw_only=True):
    """Fit of one body region: garment girth minus body girth (ease), metres."""

    region: str
    body: float
    garment: float
    ease: float
    verdict: Literal["tight", "snug", "regular", "loose"]


class FitReport(Message, tag="fit_report"):
    """How the worn garment fits this body."""

    target: str
    size: str
    regions: tuple[RegionFit, ...]
    recommended: str
    reason: dict[str, str]
    ref: str = ""


class Reply(Message, tag="reply"):
    """What to say to the visitor, in their language; ``choices`` when it is a question."""

    text: str
    lang: str
    ref: str = ""
    choices: tuple[str, ...] = ()


class Heard(Message, tag="intent"):
    """How an utterance was understood, after Wit.ai's JSON plus ``resolved``."""

    utterance_id: str
    text: str
    lang: str
    rev: int
    is_final: bool
    intents: tuple[dict[str, str | float], ...]
    entities: dict[str, list[dict[str, str | int | float]]]
    resolved: tuple[dict[str, str | int | float], ...] = ()
    clarify: str | None = None


class Progress(Message, tag="progress"):
    """Long work goes on: ``done`` of 0 to 1."""

    task: str
    done: float
    text: str = ""
    ref: str = ""


class Done(Message, tag="done"):
    """Event ``ref`` is answered: no more updates come for it.

    Every event that has an ``id`` ends in exactly one :class:`Done` or :class:`ErrorUpdate`.
    """

    ref: str


class ErrorUpdate(Message, tag="error"):
    """Something was wrong with a message; the visit lives on."""

    code: str
    message: str
    field: str = ""
    expected: str = ""
    got: str = ""
    ref: str = ""


Update = (
    Welcome
    | Pong
    | AssetReady
    | RoomShown
    | ProductShown
    | ProductChanged
    | ProductRemoved
    | AvatarShown
    | AvatarPose
    | MeshFrame
    | FitReport
    | Reply
    | Heard
    | Progress
    | Done
    | ErrorUpdate
)
