"""What a client sends: events, tagged by ``type``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .audio import AudioChunk, AudioStart, AudioStop, Cancel, PlaybackFinished
from .base import VERSION, Message
from .limits import (
    Count,
    Counter,
    Factor,
    Height,
    Identifier,
    Joints,
    Lang,
    Length,
    Obstacles,
    Offset,
    Openings,
    Outline,
    Price,
    PublicName,
    RoomHeight,
    Seconds,
    Secret,
    Sha256,
    SizeStep,
    Spot,
    Tape,
    Text,
    Transform,
    UploadSize,
    Weight,
    Word,
    Words,
)
from .sharing import Granted, Guests, Part
from .wit import WitResponse

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
    "look",
    "choose",
    "add_to_basket",
    "remove_from_basket",
    "show_basket",
    "recommend",
    "dislike",
    "compare",
    "ask",
    "hand_over",
]


class Hello(Message, tag="hello"):
    """The first message of a visit.

    Attributes:
        client: program and version, such as ``"unity/0.1"``.
        lang: preferred language of replies, ``"en"`` or ``"zh"``.
        want: options: ``"vertices"`` (the avatar's vertices every frame, not only the worn
            garment's), ``"plain"`` (poses and mesh frames as JSON or MessagePack messages
            instead of compact binary frames), ``"still"`` (no mesh frames at all), ``"delta"``
            (compact mesh frames as differences: :mod:`.mesh_delta`).
        token: what the operator gave out, where the server asks for it.
        resume: the token of an earlier welcome, to go on with that visit.
        have: with ``resume``: the last reliable update that arrived, so that only later ones
            are sent again.
        watch: look on at another visit instead of beginning one: the watch key of its welcome;
            or its name, or ``"*"`` for the latest one, for those who may watch all.
    """

    version: int = VERSION
    client: Word = ""
    lang: Lang = "en"
    want: Words = ()
    token: Secret = ""
    resume: Identifier = ""
    have: Counter = 0
    watch: Identifier = ""
    id: Identifier = ""


class Body(Message, tag="body"):
    """The visitor's body: height and, where known, tape measures (ISO 8559 names), metres."""

    height: Height
    gender: Literal["female", "male", "neutral"] = "neutral"
    tape: Tape = msgspec.field(default_factory=dict)
    weight_kg: Weight | None = None
    id: Identifier = ""


class Pose(Message, tag="pose"):
    """One frame of the headset and two controllers, in the play space.

    ``time`` is the client's clock in seconds; a hand that is not tracked is left out.

    Attributes:
        joints: more that is tracked, by joint: world transforms in the play space; what is not
            tracked is left out. Under VRM 1.0's names rotations count from the T-pose facing +Z.
        skeleton: whose names the joints have: ``"vrm"``, ``"fb_body"``, ``"meta_full_body"``,
            ``"bd_body"``, ``"htc_body"``, ``"openxr_hand"``, ``"webxr_hand"``; of all but
            ``"vrm"`` only the places are used.
    """

    time: Seconds
    head: Transform
    left: Transform | None = None
    right: Transform | None = None
    seq: Counter = 0
    joints: Joints = msgspec.field(default_factory=dict)
    skeleton: Word = "vrm"


class Utterance(Message, tag="utterance"):
    """What the visitor said or typed; partial ones (``is_final`` false) change nothing.

    Attributes:
        wit: Wit.ai's response to it. Its text stands where ``text`` is ``""``, and the sentence
            is partial where the response is. The showroom reads the text itself, as always; the
            response only adds evidence.
    """

    id: Identifier
    text: Text
    lang: Lang = ""
    rev: Counter = 0
    is_final: bool = True
    wit: WitResponse | None = None

    def settled(self) -> Utterance:
        """With the text and the finality that count."""
        if self.wit is None:
            return self
        return msgspec.structs.replace(
            self, text=self.text or self.wit.text, is_final=self.is_final and self.wit.final
        )


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
        near: place it next to, at or on something: ``"wall"``, ``"window"``, a category; of
            ``rotate`` what it shall face; of ``compare`` the other product.
        option: of ``set_choice`` the option; of ``take_off`` ``"all"`` for every garment at once.
        count: pieces that go into or out of the basket; 0 where none was said.
        material: of ``show``, what it shall be made of, such as ``"oak"``.
        price_low, price_high: of ``show``, bounds in the shop's currency.
        at: of ``place``, where a hand let go of it: it stands there, or at the nearest free place;
            with a ``factor`` it is scaled in the same step.

    ``look`` names what to see of the product in ``option`` (``"back"``, ``"inside_out"``,
    ``"zoom_in"``, ``"close"`` with a ``part``); ``choose`` picks one of those that were listed.
    ``ask`` names an attribute of the product in ``parameter`` (``"price"``, ``"care"``), or a topic
    of the shop in ``option`` (``"returns"``). ``dislike`` is "not for me": it is not recommended
    again. ``report`` with the option ``"map"`` sends the garment's strain map too.
    ``hand_over`` passes the last open question on to a person of the shop.
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
    count: Count = 0
    material: Word = ""
    price_low: Price | None = None
    price_high: Price | None = None
    at: Spot | None = None


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


class Advice(Message, tag="advice"):
    """What came of an errand of the visit's; from the shell, never from a client.

    Attributes:
        ref: the event that the errand was about.
        text: of a ``Consult`` the model's answer as it came, of a ``HandOver`` ``"delivered"``;
            ``""`` where it failed or took too long.
    """

    ref: Identifier
    text: Annotated[str, msgspec.Meta(max_length=20_000)] = ""


class Watched(Message, tag="watched"):
    """Somebody looks on, or nobody does any more; from the shell, never from a client.

    It is answered by everything that there is to be seen, under the reference :data:`WATCHED`.

    Attributes:
        vertices: the avatar's vertices are wanted, too.
    """

    on: bool = True
    vertices: bool = True


class Supplied(Message, tag="supplied"):
    """A product was made from the visitor's own photo; from the shell, never from a client.

    Attributes:
        ref: the upload that it answers.
        folder: of the product, for as long as the visit lasts.
    """

    ref: str
    folder: str


WATCHED = "watched"
"""The ``ref`` of what only those who look on are told."""


class Join(Message, tag="join"):
    """Shop together with others: see their avatars and what they wear, and be seen.

    Attributes:
        room: the code of a room's ``company``; "" opens a room of which one is the host.
        name: how one is called there; the server adds a number to a name that is taken.
        guests: of one who opens a room: what guests may do there, see :class:`Allow`.
    """

    room: Identifier = ""
    name: PublicName = "guest"
    guests: Guests = "change"
    id: Identifier = ""


class Leave(Message, tag="leave"):
    """Leave the room that was joined; the visit goes on alone."""

    id: Identifier = ""


class Allow(Message, tag="allow"):
    """The host says what guests may do with what stands in the room.

    Attributes:
        guests: ``"look"``: nothing; ``"move"``: move and turn it; ``"change"``: whatever the host
            may, but for what somebody wears.
        who: one of them, by name; "" all who are there and who come later.
    """

    guests: Guests
    who: Annotated[str, msgspec.Meta(max_length=48)] = ""
    id: Identifier = ""


class Wish(Message, tag="wish"):
    """A guest's command about what stands in the host's room; between visits, never from a client.

    Attributes:
        ref: the guest's event; who: the guest, as the shell calls their visit.
        lang: of the reply.
        viewer: where the guest stands and looks: x, z in metres and yaw in radians.
    """

    ref: Identifier
    command: Command
    who: str = ""
    lang: str = "en"
    viewer: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Upload(Message, tag="upload"):
    """Send a photo in chunks, or go on with one that a break has cut off.

    Answered by ``upload_state``, which says from where on bytes are wanted, and in the end by one
    ``done`` or ``error``. Photos are kept in memory until they have been worked on, and nowhere
    else; ``cancel`` with the upload's id as ``ref`` forgets one.

    Attributes:
        size: bytes; hash: their SHA-256 in hex.
        what: ``"product"``: a product's photo, from which one is made that this visit alone has;
            ``"body"``: the visitor's, from which their measures are estimated.
        consent: the visitor has agreed to a body's photo being looked at by the server.
        height, gender: of the visitor, with a body's photo.
    """

    size: UploadSize
    hash: Sha256
    what: Literal["product", "body"] = "product"
    consent: bool = False
    height: Height | None = None
    gender: Literal["female", "male", "neutral"] = "neutral"
    id: Identifier = ""


class UploadChunk(Message, tag="upload_chunk"):
    """A piece of an upload, in order; ``crc`` is its CRC-32 (zlib's, RFC 1950's polynomial)."""

    upload: Identifier
    offset: Counter
    data: bytes
    crc: Counter


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
    | Join
    | Leave
    | Allow
    | Upload
    | UploadChunk
    | AudioStart
    | AudioChunk
    | AudioStop
    | PlaybackFinished
    | Cancel
    | Ping
    | Ack
    | Received
    | Bye
)
"""What a client may send."""

Inner = Advice | Watched | Supplied | Part | Wish | Granted
"""What only the shell tells a visit."""

Input = Event | Inner
"""What a visit takes: what clients send, what came of its errands, and what others do to it."""
