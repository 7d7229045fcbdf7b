"""What an operator can limit, with ranges and words for the command line and the settings' file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One number of :class:`~showroom.channel.settings.ServerSettings`.

    Attributes:
        unit: shown where a number is asked for.
        text: what it is for, as ``--help`` says it.
    """

    name: str
    whole: bool
    least: float
    most: float
    unit: str
    text: str


LIMITS = (
    Limit("max_visits", True, 1, 100_000, "N", "visits at a time, held ones included"),
    Limit(
        "hold", False, 0, 3600, "S",
        "seconds for which a visit waits for a client that vanished; 0 ends it at once",
    ),
    Limit(
        "messages_per_second", False, 1, 1e12, "N",
        "from one connection, with as many again as a burst; a headset at 90 Hz needs about 200",
    ),
    Limit("per_address", True, 1, 100_000, "N", "connections at a time from one address"),
    Limit(
        "opens_per_second", False, 0.01, 1e12, "N",
        "new connections a second from one address, four times as many at once",
    ),
    Limit(
        "bytes_per_second", False, 1000, 1e15, "N",
        "received from one address, eight times as many at once; photos need about 2e6",
    ),
    Limit("credits", True, 1, 16, "N", "mesh frames of a product on their way to a client"),
    Limit(
        "backlog", True, 16, 1_000_000, "N",
        "updates kept for a client that does not read or was cut off",
    ),
    Limit("asset_bytes", True, 1_000_000, 1e12, "N", "memory for GLB files that clients fetch"),
)  # fmt: skip
"""In the order in which ``--help`` shows them."""
