"""What an operator can set about the channel, and what is refused before it listens."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .limits import LIMITS

if TYPE_CHECKING:
    from .tokens import TokenKey


_ORIGIN = re.compile(r"https?://[^/?#@\s]+")
"""As browsers send it (RFC 6454, 6.2)."""


class ChannelError(Exception):
    """The channel cannot be opened or reached as asked.

    Args:
        message: one sentence that names the remedy.
        field: the setting or address that was wrong.
        expected, got: what would do, what came.
    """

    code = "channel"

    def __init__(self, message: str, *, field: str = "", expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{self.message}{detail}"


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        host: address to listen on; anything beyond loopback needs TLS and a token.
        port: 0 picks a free one.
        token: what a client's hello (and an asset's ``Authorization: Bearer``) must carry; ""
            lets everybody in.
        token_key: verifies signed tokens, which say a role and may say a visit; beside
            ``token`` or in its place.
        certificate, key: PEM files; both or neither.
        insecure: listen beyond loopback without TLS or token all the same.
        origins: ``Origin`` headers that browsers may come with; empty allows pages from this
            machine only.
        max_visits: visits at a time, those held for a vanished client included.
        hold: seconds for which a visit waits for its client to come back.
        messages_per_second: per connection, with as many again as a burst.
        per_address: connections at a time from one address (of IPv6, from one /64).
        opens_per_second: new connections from one address, with four times as many at once.
        bytes_per_second: received from one address, with eight times as many at once.
        limit_local: apply these three to this machine's own addresses too.
        credits: mesh frames in flight per product before the client acknowledges.
        backlog: reliable updates kept for a client that does not read or was cut off.
        asset_bytes: memory for GLBs; the oldest that no visit uses go first.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = field(default="", repr=False)
    token_key: TokenKey | None = None
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False
    origins: tuple[str, ...] = ()
    max_visits: int = 64
    hold: float = 30.0
    messages_per_second: float = 400.0
    per_address: int = 64
    opens_per_second: float = 10.0
    bytes_per_second: float = 2e6
    limit_local: bool = False
    credits: int = 2
    backlog: int = 1024
    asset_bytes: int = 512 * 1024 * 1024

    def check(self) -> ssl.SSLContext | None:
        """The TLS context, or None for plain TCP on loopback.

        Raises:
            ChannelError: a limit out of its range, an open door beyond this machine, or unusable
                TLS files.
        """
        for limit in LIMITS:
            value = getattr(self, limit.name)
            if not limit.least <= value <= limit.most:
                raise ChannelError(
                    f"{limit.name} is out of its range",
                    field=limit.name,
                    expected=f"{limit.least:g} to {limit.most:g}",
                    got=f"{value:g}",
                )
        if not 0 <= self.port <= 65_535:
            raise ChannelError(
                "there is no such port", field="port", expected="0 to 65535", got=str(self.port)
            )
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise ChannelError(
                    "that is no origin, and no browser would ever send it",
                    field="origins",
                    expected="scheme://host or scheme://host:port, nothing after it",
                    got=origin,
                )
        if (self.certificate is None) != (self.key is None):
            raise ChannelError(
                "TLS needs a certificate and its key",
                field="key" if self.key is None else "certificate",
                expected="two PEM files",
                got="one",
            )
        if not self.insecure and not is_loopback(self.host):
            tokens = self.token or self.token_key
            for name, given in (("certificate", self.certificate), ("token", tokens)):
                if not given:
                    raise ChannelError(
                        "listening beyond this machine needs TLS and a token; give both, "
                        "or say insecure to do without",
                        field=name,
                        expected=f"a {name}",
                        got="none",
                    )
        if self.certificate is None or self.key is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ChannelError(
                f"the TLS files cannot be used: {error}", field="certificate"
            ) from error
        return context


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
