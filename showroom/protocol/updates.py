"""What the server sends: updates, tagged by ``type``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from .audio import AudioChunk, Cancel, Speak, Transcript
from .base import Message, Quat, Vec3
from .events import Wish
from .limits import Transform
from .sharing import Granted, Guests, SharedRoom


class Welcome(Message, tag="welcome"):
    """The visit is open, or goes on.

    Attributes:
        visit: the visit's public name.
        capabilities: what this server can do, such as ``"en"``, ``"zh"``, ``"resume"``.
        resume: the token to come back with; it changes with every welcome.
        resumed: the visit of ``Hello.resume`` goes on; what was missed follows.
        hold: seconds for which the visit waits for a client that vanished.
        watch: the key with which others may look on at this visit; theirs to have whom the
            visitor gives it to. Empty for one who looks on.
    """

    visit: str
    version: int = 1
    server: str = ""
    capabilities: tuple[str, ...] = ()
    resume: str = ""
    resumed: bool = False
    hold: float = 0.0
    watch: str = ""


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

    ``worn`` products follow the avatar, several at once where they are worn over each other; the
    vertices of each come as a :class:`MeshFrame` of its own. ``sizes``,
    ``colors`` and ``values`` are what buttons can offer; ``ranges`` the lowest and highest of
    those values that grow when the product is scaled. ``price`` is as the shop wrote it, or ``""``.
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
    values: dict[str, float] = msgspec.field(default_factory=dict)
    sizes: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    ranges: dict[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    price: str = ""
    currency: str = ""
    ref: str = ""


class Change(msgspec.Struct, kw_only=True):
    """One number that a re-fit changed: parameter, unit, old and new value."""

    name: str
    unit: str
    old: float
    new: float


class ProductChanged(Message, tag="product_changed"):
    """A product was re-fitted, recoloured or moved.

    ``glb`` is the hash of the new GLB if shape or materials changed, else ``""``; ``size`` and
    ``color`` are those of now if they became others, else ``""``. Among ``changes`` are those of
    the place, which is in ``transform``.
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
    """The visitor's avatar: a skinned GLB by hash, and its measures in metres (ISO 8559).

    Attributes:
        who: the companion whose avatar it is, then without measures; "" for the visitor's own.
    """

    glb: str
    height: float
    measures: dict[str, float]
    ref: str = ""
    who: str = ""


class AvatarPose(Message, tag="avatar_pose"):
    """The avatar's pose: root position and local bone rotations under VRM 1.0 names.

    ``rotations`` is bone name to quaternion, relative to the rest pose of the avatar's GLB.

    Attributes:
        who: the companion whose avatar it is, then by their clock; "" for the visitor's own.
    """

    time: float
    root: Vec3
    rotations: Mapping[str, Quat]
    seq: int = 0
    who: str = ""


class Companion(msgspec.Struct, kw_only=True):
    """One who is in the room; ``away`` while their connection is lost.

    Attributes:
        may: what they may do with what stands in the room; a host whatever they wish.
    """

    name: str
    away: bool = False
    may: Guests = "change"


class Company(Message, tag="company"):
    """Who is in the room, whenever that changes.

    What companions wear, and what the host has in the room, comes as products whose ``target``
    begins with the companion's name and "/"; their avatars come with ``who``.

    Attributes:
        room: the code to join with; "" when one has left.
        you: one's own name there.
        host: whose room it is; when they leave, the one who came next.
        may: what one may do oneself with what stands in the room; a host whatever they wish.
    """

    room: str
    you: str = ""
    host: str = ""
    may: Guests = "change"
    companions: tuple[Companion, ...] = ()
    ref: str = ""


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
    """Fit of one body region: garment girth minus body girth (ease), metres.

    Where the garment is worn, its cloth there too: ``strain`` (what nine tenths of it stay under,
    as a share of its own length), ``gap`` (mean distance from the skin, metres) and ``contact``
    (share that touches the skin).
    """

    region: str
    body: float
    garment: float
    ease: float
    verdict: Literal["tight", "snug", "regular", "loose"]
    strain: float | None = None
    gap: float | None = None
    contact: float | None = None


class FitReport(Message, tag="fit_report"):
    """How the worn garment fits this body.

    ``confidence`` (0 to 1) is that of ``recommended`` before ``next_best``; ``labels`` are the
    body's sizes by standard: ``{"EN 13402": "M", "GB/T 1335": "165/92A"}``.
    """

    target: str
    size: str
    regions: tuple[RegionFit, ...]
    recommended: str
    reason: dict[str, str]
    next_best: str = ""
    confidence: float = 0.0
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    ref: str = ""


class FitMap(Message, tag="fit_map"):
    """The strain map of a worn garment at rest.

    ``bands`` has one byte for each vertex of the GLB's shared POSITION accessor: 0 where the cloth
    is at its own length, to 7 from 117.5% of it on, in steps of 2.5%.
    """

    target: str
    glb: str
    bands: bytes
    ref: str = ""


class Reply(Message, tag="reply"):
    """What to say to the visitor, in their language; ``choices`` when it is a question.

    Attributes:
        sources: where each stated fact stands: ``"product:tshirt/material"``, ``"faq:returns"``.
    """

    text: str
    lang: str
    ref: str = ""
    choices: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class BasketLine(msgspec.Struct, kw_only=True):
    """One line of the basket; ``price`` of one piece as the shop wrote it, or ``""``."""

    target: str
    name: dict[str, str]
    count: int
    size: str = ""
    color: str = ""
    price: str = ""
    currency: str = ""


class BasketShown(Message, tag="basket_shown"):
    """All that is in the basket now.

    Attributes:
        total: decimal sums by currency, of the lines that have a price.
        unpriced: pieces without a price.
    """

    lines: tuple[BasketLine, ...]
    total: dict[str, str]
    unpriced: int = 0
    ref: str = ""


class Suggestion(msgspec.Struct, kw_only=True):
    """One recommended product.

    Attributes:
        because: the product that contributed most, or ``""``.
        shared: what both share, such as ``"color"``; ``"together"`` where others took both;
            ``"popular"`` where nothing else is known.
        reason: one sentence per language.
    """

    target: str
    name: dict[str, str]
    because: str = ""
    shared: str = ""
    reason: dict[str, str] = msgspec.field(default_factory=dict)


class Recommended(Message, tag="recommended"):
    """Products that may please, best first."""

    products: tuple[Suggestion, ...]
    ref: str = ""


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


class Consult(Message, tag="consult"):
    """A question to the optional model; carried out by the shell, never sent to clients.

    Attributes:
        ref: the utterance that waits; its answer comes as ``Advice`` with the same ``ref``.
        system, user: the two messages of a chat completion.
    """

    ref: str
    system: str
    user: str


class HandOver(Message, tag="hand_over"):
    """A question that a visitor agreed to pass on to a person of the shop.

    Carried out by the shell, never sent to clients. It holds what the visitor asked and about
    which product; nothing of body, room, voice or earlier sentences.
    """

    question: str
    lang: str
    target: str = ""
    size: str = ""
    color: str = ""
    ref: str = ""


class UploadState(Message, tag="upload_state"):
    """How much of an upload has arrived.

    Attributes:
        wanted: the answer to an ``upload``: send from ``received`` on; else it only tells.
    """

    received: int
    size: int
    wanted: bool = False
    ref: str = ""


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
    | Company
    | MeshFrame
    | FitReport
    | FitMap
    | Reply
    | BasketShown
    | Recommended
    | Consult
    | HandOver
    | SharedRoom
    | Wish
    | Granted
    | Heard
    | Transcript
    | Speak
    | AudioChunk
    | Cancel
    | UploadState
    | Progress
    | Done
    | ErrorUpdate
)
INTERNAL = (AssetReady, Consult, HandOver, SharedRoom, Wish, Granted)
"""Updates that the shell deals with; they never go to a client."""
