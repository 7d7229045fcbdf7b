"""Leads Monado's ``remote`` devices: a headset, two controllers and two hands, over TCP.

The packet is that of Monado 25's ``src/xrt/drivers/remote/r_interface.h``, ``struct r_remote_data``
with the header ``mndrmt3``: the views of the two eyes, the head, then left and right controller.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, replace

from .controls import Side

Pose = tuple[tuple[float, float, float], tuple[float, float, float, float]]
"""Position in metres and quaternion x, y, z, w."""

IDENTITY = (0.0, 0.0, 0.0, 1.0)
_HEADER = b"mndrmt3\0"
_VIEW = struct.pack("<4f7f4x", 0, 0, 0, 0, *IDENTITY, 0, 0, 0)


@dataclass(frozen=True)
class Controller:
    """What one controller (an Index controller, with fingers) says.

    Attributes:
        pose: its grip.
        curl: of thumb, index, middle, ring and little finger, 0 stretched to 1 closed; None hides
            the hand.
        active: whether it is switched on and tracked.
    """

    pose: Pose = ((0.0, 0.0, 0.0), IDENTITY)
    stick: tuple[float, float] = (0.0, 0.0)
    trigger: float = 0.0
    squeeze: float = 0.0
    a: bool = False
    b: bool = False
    stick_click: bool = False
    curl: tuple[float, float, float, float, float] | None = None
    active: bool = True

    def packed(self) -> bytes:
        """Its part of the packet, ``struct r_remote_controller_data``."""
        place, turn = self.pose
        curl = self.curl or (0.0, 0.0, 0.0, 0.0, 0.0)
        pulled, stick = self.trigger > 0.5, self.stick_click
        numbers = struct.pack(
            "<7f6f5f3f2f3f", *turn, *place, *([0.0] * 6), *curl,
            self.trigger, self.squeeze, self.squeeze, *self.stick, 0.0, 0.0, 0.0,
        )  # fmt: skip
        return numbers + struct.pack(
            "<16?", self.curl is not None, self.active, False, False, self.a, self.a, self.b,
            self.b, pulled, pulled, stick, stick, False, False, False, False,
        )  # fmt: skip


class Remote:
    """A connection to the devices; what it was told last stays.

    Args:
        port: of the ``remote`` driver.

    Raises:
        OSError: nothing listens there.
    """

    def __init__(self, port: int) -> None:
        self.head: Pose = ((0.0, 1.6, 0.0), IDENTITY)
        self.left = Controller(((-0.25, 1.1, -0.3), IDENTITY))
        self.right = Controller(((0.25, 1.1, -0.3), IDENTITY))
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def look(self, place: tuple[float, float, float], turn: tuple[float, ...] = IDENTITY) -> None:
        """Move the head."""
        x, y, z, w = turn
        self.head = (place, (x, y, z, w))
        self.send()

    def hold(self, side: Side, **changes: object) -> None:
        """Change what a controller says, by :class:`Controller`'s names."""
        if side == "left":
            self.left = replace(self.left, **changes)  # type: ignore[arg-type]
        else:
            self.right = replace(self.right, **changes)  # type: ignore[arg-type]
        self.send()

    def send(self) -> None:
        """Tell the devices everything again."""
        place, turn = self.head
        head = struct.pack("<7f4?", *turn, *place, False, False, False, False)
        hands = self.left.packed() + self.right.packed()
        self._socket.sendall(_HEADER + 2 * _VIEW + head + hands)

    def close(self) -> None:
        """Leave the devices as they are."""
        self._socket.close()
