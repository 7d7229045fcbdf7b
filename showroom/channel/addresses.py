"""How much one address may have of a server: connections at a time, new ones, bytes."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

from .rate import Bucket
from .settings import ServerSettings, is_loopback

REMEMBERED = 4096
"""Addresses whose counts are kept; those that have no connection are forgotten first."""


@dataclass
class _Caller:
    opening: Bucket
    bytes: Bucket
    connections: int = 0


class Addresses:
    """Counts by address; not thread-safe.

    An IPv6 caller owns a whole /64, so that is counted as one. This machine's own addresses are
    not limited unless the settings say so: behind a reverse proxy here everybody has them, and the
    proxy must limit.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._most = settings.per_address
        self._opens = settings.opens_per_second
        self._rate = settings.bytes_per_second
        self._local = settings.limit_local
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def refusal(self, address: str, now: float) -> str:
        """What is expected of an address that may not open one more connection; "" if it may."""
        caller = self._caller(address, now)
        if caller is None:
            return ""
        if caller.connections >= self._most:
            return f"at most {self._most} connections from an address"
        if not caller.opening.take(now):
            return f"at most {self._opens:g} new connections a second"
        return ""

    def enter(self, address: str, now: float) -> None:
        """A connection is open; :meth:`leave` when it ends."""
        caller = self._caller(address, now)
        if caller is not None:
            caller.connections += 1

    def leave(self, address: str) -> None:
        """A connection has ended."""
        caller = self._callers.get(_network(address))
        if caller is not None and caller.connections:
            caller.connections -= 1

    def receive(self, address: str, size: int, now: float) -> bool:
        """Whether so many bytes may come from an address now."""
        caller = self._caller(address, now)
        return caller is None or caller.bytes.take(now, size)

    def limits(self, address: str) -> bool:
        """Whether an address is limited at all."""
        return bool(_network(address)) and (self._local or not is_loopback(address))

    def _caller(self, address: str, now: float) -> _Caller | None:
        if not self.limits(address):
            return None
        network = _network(address)
        caller = self._callers.get(network)
        if caller is None:
            caller = _Caller(
                Bucket(self._opens, 4 * self._opens, now), Bucket(self._rate, 8 * self._rate, now)
            )
            self._callers[network] = caller
            if len(self._callers) > REMEMBERED:
                self._forget()
        self._callers.move_to_end(network)
        return caller

    def _forget(self) -> None:
        for network, caller in self._callers.items():
            if not caller.connections:
                del self._callers[network]
                return


def _network(address: str) -> str:
    """The network that is counted as one caller; "" where an address is none."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
