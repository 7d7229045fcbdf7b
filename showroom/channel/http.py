"""What the channel's port answers to a plain GET: health, metrics, assets, page and protocol."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from showroom.protocol import schema
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import SUBPROTOCOL

from .assets import AssetStore
from .settings import ServerSettings, is_loopback
from .tokens import Door, Grant

_ASSET = re.compile(r"/asset/([0-9a-f]{64})\.glb")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

_SINGLE = (
    *("Host", "Origin", "Authorization", "Range", "If-Range"),
    *("Sec-WebSocket-Key", "Sec-WebSocket-Version"),
)
"""Headers that a request has once; two of them are two meanings."""

_WEBSOCKET = "13"
"""The version of RFC 6455."""

ASYNCAPI = "asyncapi"

PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/showroom.js": ("showroom.js", "text/javascript"),
    "/listener.js": ("listener.js", "text/javascript"),
    "/asyncapi.json": (ASYNCAPI, "application/json"),
}
"""Path to name and media type: the web client, files of ``page/`` that ``clients/web`` builds; and
the protocol's definition, made from the message types."""

_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss: blob:; img-src 'self' blob: data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)


class Pages:
    """The HTTP side of one server.

    Args:
        ready: whether new visits are taken.
        metrics: the current Prometheus text.
    """

    def __init__(
        self,
        settings: ServerSettings,
        assets: AssetStore,
        ready: Callable[[], bool],
        metrics: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._door = Door(settings.token, settings.token_key)
        self._assets = assets
        self._ready = ready
        self._metrics = metrics

    def answer(self, request: Request) -> Response | None:
        """The response to a GET; None lets a websocket handshake go on."""
        headers = request.headers
        for name in _SINGLE:
            if len(values := headers.get_all(name)) > 1:
                return _refuse(HTTPStatus.BAD_REQUEST, "invalid", name, "one", str(len(values)))
        # Others may come in several lines and mean the same in one (RFC 9110, 5.3).
        headers = Headers([(name, ", ".join(headers.get_all(name))) for name in headers])
        origin = headers.get("Origin")
        if origin is not None and not self.allows(origin, headers.get("Host", "")):
            return _refuse(HTTPStatus.FORBIDDEN, "unauthorized", "Origin", "a known page", origin)
        if "websocket" in headers.get("Upgrade", "").lower():
            version = headers.get("Sec-WebSocket-Version", "")
            if version and version != _WEBSOCKET:
                refusal = _refuse(
                    HTTPStatus.UPGRADE_REQUIRED,
                    "version",
                    "Sec-WebSocket-Version",
                    _WEBSOCKET,
                    version,
                )
                refusal.headers["Sec-WebSocket-Version"] = _WEBSOCKET
                return refusal
            offered = ",".join(headers.get_all("Sec-WebSocket-Protocol"))
            if SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
                return _refuse(
                    HTTPStatus.BAD_REQUEST,
                    "version",
                    "Sec-WebSocket-Protocol",
                    SUBPROTOCOL,
                    offered,
                )
            return None
        path = request.path.partition("?")[0]
        if path == "/health":
            return _text(HTTPStatus.OK, "ok\n")
        if path == "/ready":
            if self._ready():
                return _text(HTTPStatus.OK, "ready\n")
            return _text(HTTPStatus.SERVICE_UNAVAILABLE, "closing\n")
        if path == "/metrics":
            if self._door.signed:
                grant = self._admit(headers)
                if isinstance(grant, Response):
                    return grant
                if not grant.may("metrics"):
                    return _refuse(
                        HTTPStatus.FORBIDDEN, "token_scope", "token", "an operator's", grant.role
                    )
            return _text(HTTPStatus.OK, self._metrics(), "text/plain; version=0.0.4")
        if path in PAGE:
            return _page(path, headers)
        if found := _ASSET.fullmatch(path):
            return self._asset(found[1], headers, origin)
        return _refuse(HTTPStatus.NOT_FOUND, "invalid", "path", "/asset/<hash>.glb", path)

    def allows(self, origin: str, host: str = "") -> bool:
        """Whether a browser's page may talk to this server.

        Args:
            host: the request's ``Host``. Our own page may, where a token guards the server; without
                one, a stranger's name that resolves to this machine must not pass for it.
        """
        if origin in self._settings.origins:
            return True
        try:
            page = urlsplit(origin)
            named = page.hostname or ""
        except ValueError:  # such as half an IPv6 address
            return False
        if self._door.guarded and host and page.netloc == host:
            return True
        return not self._settings.origins and is_loopback(named)

    def _asset(self, digest: str, headers: Headers, origin: str | None) -> Response:
        grant = self._admit(headers)
        if isinstance(grant, Response):
            return grant
        asset = self._assets.get(digest)
        if asset is None or (grant.visit and grant.visit not in asset.visits):
            return _refuse(HTTPStatus.NOT_FOUND, "invalid", "hash", "an asset of a visit", digest)
        tag = f'"{digest}"'
        common = Headers(
            [
                ("ETag", tag),
                ("Accept-Ranges", "bytes"),
                ("Cache-Control", "private, max-age=31536000, immutable"),
                ("X-Content-Type-Options", "nosniff"),
                ("Connection", "close"),
            ]
        )
        if origin is not None:
            common["Access-Control-Allow-Origin"] = origin
            common["Vary"] = "Origin"
        if headers.get("If-None-Match") in (tag, "*"):
            return Response(HTTPStatus.NOT_MODIFIED, "Not Modified", common, b"")
        total = len(asset.data)
        status, body = HTTPStatus.OK, asset.data
        span = _span(headers.get("Range"), total) if headers.get("If-Range", tag) == tag else None
        if span is not None:
            first, last = span
            if first > last:
                common["Content-Range"] = f"bytes */{total}"
                status, body = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b""
            else:
                common["Content-Range"] = f"bytes {first}-{last}/{total}"
                status, body = HTTPStatus.PARTIAL_CONTENT, asset.data[first : last + 1]
        common["Content-Type"] = asset.media_type
        common["Content-Length"] = str(len(body))
        return Response(status, status.phrase, common, body)

    def _admit(self, headers: Headers) -> Grant | Response:
        """What the request's bearer may do, or the refusal."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        try:
            return self._door.admit(token.strip() if scheme.lower() == "bearer" else "")
        except ProtocolError as error:
            refusal = _text(
                HTTPStatus.UNAUTHORIZED,
                msgspec.json.encode(error.update()).decode() + "\n",
                "application/json",
            )
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal


@cache
def _page_bytes(name: str) -> tuple[bytes, bytes, str]:
    """What stands under a name of :data:`PAGE`, as it is, gzipped, and its entity tag."""
    if name == ASYNCAPI:
        data = schema.text().encode()
    else:
        data = (files(__package__) / "page" / name).read_bytes()
    return data, gzip.compress(data, 9, mtime=0), f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def _page(path: str, headers: Headers) -> Response:
    name, media_type = PAGE[path]
    data, small, tag = _page_bytes(name)
    reply = Headers(
        [
            ("ETag", tag),
            ("Cache-Control", "no-cache"),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Vary", "Accept-Encoding"),
            ("Connection", "close"),
        ]
    )
    if headers.get("If-None-Match") == tag:
        return Response(HTTPStatus.NOT_MODIFIED, "Not Modified", reply, b"")
    if "gzip" in headers.get("Accept-Encoding", ""):
        reply["Content-Encoding"] = "gzip"
        data = small
    reply["Content-Type"] = media_type
    reply["Content-Length"] = str(len(data))
    return Response(HTTPStatus.OK, "OK", reply, data)


def _span(header: str | None, total: int) -> tuple[int, int] | None:
    """First and last byte asked for; None for all of it (RFC 9110, one range only)."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        return max(0, total - int(match[2])), total - 1 if int(match[2]) else -1
    first = int(match[1])
    last = min(int(match[2]), total - 1) if match[2] else total - 1
    if match[2] and int(match[2]) < first:
        return None
    return first, last


def _text(status: HTTPStatus, body: str, media_type: str = "text/plain; charset=utf-8") -> Response:
    data = body.encode()
    headers = Headers(
        [
            ("Content-Type", media_type),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
    )
    return Response(status, status.phrase, headers, data)


def too_many(expected: str) -> Response:
    """The refusal of an address that has opened too much."""
    refusal = _refuse(HTTPStatus.TOO_MANY_REQUESTS, "rate", "address", expected, "more")
    refusal.headers["Retry-After"] = "1"
    return refusal


def _refuse(status: HTTPStatus, code: str, field: str, expected: str, got: str) -> Response:
    error = ProtocolError(code, status.phrase, field=field, expected=expected, got=got)
    body = msgspec.json.encode(error.update()).decode() + "\n"
    return _text(status, body, "application/json")
