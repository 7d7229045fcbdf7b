"""What all messages share: the subprotocol's name, common types, the tagged base."""

from __future__ import annotations

import msgspec

from .limits import Counter

SUBPROTOCOL = "showroom.v1"
VERSION = 1

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]


class Message(msgspec.Struct, tag_field="type", kw_only=True, omit_defaults=True):
    """Base of all messages; ``ref`` names the client message that an update answers.

    Attributes:
        n: the update's place in the visit's reliable sequence, from 1; 0 for frames, of which
            only the latest counts, and for updates that never left the process.
    """

    n: Counter = 0
