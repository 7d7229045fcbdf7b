"""Messages to bytes and back, for both ends; every failure is a :class:`ProtocolError`.

Text frames carry JSON, binary frames MessagePack or a compact frame (:mod:`.compact`). A server
answers in the encoding of the client's hello.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, get_args, get_type_hints

import msgspec

from . import avatars, compact
from .errors import ProtocolError
from .limits import MAX_EVENT_BYTES
from .messages import INTERNAL, AudioChunk, AvatarPose, Event, MeshFrame, Pose, Update
from .rotations import plain as plain_rotations
from .validation import check

if TYPE_CHECKING:
    from .mesh_delta import MeshDecoder, MeshEncoder

Encoding = Literal["json", "msgpack"]


class Frame(NamedTuple):
    """One websocket message: its bytes, and whether it goes as a text frame."""

    data: bytes
    text: bool


_EVENTS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Event)
}
_event_json = msgspec.json.Decoder(Event)
_event_msgpack = msgspec.msgpack.Decoder(Event)
_update_json = msgspec.json.Decoder(Update)
_update_msgpack = msgspec.msgpack.Decoder(Update)
_json = msgspec.json.Encoder(enc_hook=plain_rotations)
_msgpack = msgspec.msgpack.Encoder(enc_hook=plain_rotations)

_PATH = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_EXPECTED = re.compile(r"Expected (?P<expected>.*?)(?:, got (?P<got>.*))?", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def encode_event(event: Event, encoding: Encoding = "json", *, plain: bool = False) -> Frame:
    """An event as the client sends it; poses and audio go as compact frames unless ``plain``."""
    if isinstance(event, Pose) and not plain and compact.fits(event):
        return Frame(compact.encode_pose(event), False)
    if isinstance(event, AudioChunk) and not plain:
        return Frame(compact.encode_audio(event), False)
    return _encode(event, encoding)


def decode_event(data: str | bytes) -> Event:
    """The event in one websocket message (``str`` from a text frame, ``bytes`` from a binary).

    Raises:
        ProtocolError: says the field, what was expected, what came, and the message's ``id``.
    """
    if len(data) > MAX_EVENT_BYTES:
        raise ProtocolError(
            "too_large",
            "a message is too large",
            expected=f"at most {MAX_EVENT_BYTES} bytes",
            got=f"{len(data)} bytes",
        )
    event: Event
    if isinstance(data, bytes) and compact.is_compact(data):
        if data[1] == compact.POSE:
            event = compact.decode_pose(data)
        elif data[1] == compact.AUDIO:
            event = compact.decode_audio(data)
        else:
            raise ProtocolError(
                "unknown_type",
                "no such compact event",
                field="kind",
                expected=f"{compact.POSE}, {compact.AUDIO}",
                got=str(data[1]),
            )
    else:
        try:
            if isinstance(data, str):
                event = _event_json.decode(data)
            else:
                event = _event_msgpack.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            _refuse(error, data)
    check(event)
    return event


def encode_update(
    update: Update,
    encoding: Encoding = "json",
    *,
    plain: bool = False,
    meshes: MeshEncoder | None = None,
) -> Frame:
    """An update as the server sends it; poses, meshes and audio go compact unless ``plain``.

    Args:
        meshes: of the client, where it asked for ``"delta"``.

    Raises:
        ProtocolError: a mesh frame that is not encodable; an update of :data:`INTERNAL`, which
            the shell deals with.
    """
    if not plain:
        if isinstance(update, AvatarPose):
            return Frame(avatars.encode_avatar(update), False)
        if isinstance(update, MeshFrame):
            encode = compact.encode_mesh if meshes is None else meshes.encode
            return Frame(encode(update), False)
        if isinstance(update, AudioChunk):
            return Frame(compact.encode_audio(update), False)
    if isinstance(update, INTERNAL):
        raise ProtocolError("internal", "this update does not go over the socket", field="type")
    return _encode(update, encoding)


def decode_update(data: str | bytes, meshes: MeshDecoder | None = None) -> Update:
    """The update in one websocket message.

    Args:
        meshes: of the connection, where ``"delta"`` was asked for.

    Raises:
        ProtocolError: as :func:`decode_event`; updates may be of any size.
    """
    if isinstance(data, bytes) and compact.is_compact(data):
        if data[1] == compact.AVATAR:
            return avatars.decode_avatar(data)
        if data[1] == compact.MESH:
            return compact.decode_mesh(data) if meshes is None else meshes.decode(data)
        if data[1] == compact.AUDIO:
            return compact.decode_audio(data)
        if data[1] == compact.COMPANION:
            return avatars.decode_companion(data)
        raise ProtocolError(
            "unknown_type",
            "no such compact update",
            field="kind",
            expected=f"{compact.AVATAR}, {compact.MESH}, {compact.AUDIO}, {compact.COMPANION}",
            got=str(data[1]),
        )
    try:
        update: Update
        if isinstance(data, str):
            update = _update_json.decode(data)
        else:
            update = _update_msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        _refuse(error, data)
    return update


def _encode(message: msgspec.Struct, encoding: Encoding) -> Frame:
    if encoding == "json":
        return Frame(_json.encode(message), True)
    return Frame(_msgpack.encode(message), False)


def _refuse(error: Exception, data: str | bytes) -> NoReturn:
    """Turn a decoder's complaint into a typed error, on the slow path."""
    if isinstance(error, RecursionError):
        raise ProtocolError("too_deep", "a message is nested too deeply") from None
    if not isinstance(error, msgspec.ValidationError):
        form = "JSON" if isinstance(data, str) else "MessagePack"
        got = f"{len(data)} {'characters' if isinstance(data, str) else 'bytes'}"
        raise ProtocolError(
            "malformed", f"the message is not {form}: {error}", expected=form, got=got
        ) from None
    raw = _raw(data)
    kind = raw.get("type") if isinstance(raw, dict) else None
    ref = _ref(raw, kind)
    match = _PATH.fullmatch(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    if path == "type" or what == "Object missing required field `type`":
        raise ProtocolError(
            "unknown_type",
            "no such message type",
            field="type",
            expected=", ".join(_EVENTS),
            got="nothing" if kind is None else str(kind),
            ref=ref,
        ) from None
    if missing := _MISSING.fullmatch(what):
        field = f"{path}.{missing['field']}" if path else missing["field"]
        raise ProtocolError(
            "invalid", "a field is missing", field=field, expected=field, got="nothing", ref=ref
        ) from None
    wanted = _EXPECTED.fullmatch(what)
    if wanted and wanted["got"]:
        raise ProtocolError(
            "invalid",
            "a field has the wrong type",
            field=path,
            expected=wanted["expected"].replace("`", ""),
            got=wanted["got"].replace("`", ""),
            ref=ref,
        ) from None
    expected = wanted["expected"].replace("`", "") if wanted else _options(kind, path)
    raise ProtocolError(
        "out_of_range",
        "a value is outside its limits",
        field=path,
        expected=expected,
        got=_describe(raw, path),
        ref=ref,
    ) from None


def _raw(data: str | bytes) -> Any:
    try:
        if isinstance(data, str):
            return msgspec.json.decode(data)
        return msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError, TypeError):
        return None


def _ref(raw: Any, kind: Any) -> str:
    if not isinstance(raw, dict):
        return ""
    if kind == "pose":
        return f"pose/{raw['seq']}" if isinstance(raw.get("seq"), int) else ""
    ref = raw.get("id", "")
    return ref if isinstance(ref, str) and len(ref) <= 128 else ""


def _options(kind: Any, path: str) -> str:
    """The words of a choice field, such as ``gender``; "" where the field has none."""
    message = _EVENTS.get(kind) if isinstance(kind, str) else None
    if message is None:
        return "a number within the range of a float" if path else ""
    options = get_args(get_type_hints(message).get(path))
    words = [option for option in options if isinstance(option, str)]
    return ", ".join(words) or "a number within the range of a float"


def _describe(raw: Any, path: str) -> str:
    """What came at ``path``: the number or a length; words only where they are short."""
    value = raw
    for step in _STEP.finditer(path):
        name, index = step.groups()
        try:
            if index == "...":
                return "a value outside"
            value = value[name] if name else value[int(index)]
        except (LookupError, TypeError):
            return ""
    if isinstance(value, bool | int | float):
        return str(value)[:40]
    if isinstance(value, str):
        return value if len(value) <= 40 else f"{len(value)} characters"
    if isinstance(value, list | tuple | dict):
        return f"{len(value)} entries"
    return type(value).__name__
