"""The protocol's one error type and its codes.

Every refusal on the wire is an :class:`~showroom.protocol.messages.ErrorUpdate` with one of these
codes, or with the code of the room that refused (``parameter``, ``no_such_product``...).

* ``malformed`` - not JSON, MessagePack or a compact frame; truncated; text that is not UTF-8
* ``unknown_type`` - a message type that this version does not have
* ``invalid`` - a field is missing or has another type
* ``out_of_range`` - a number, a text or a list is outside its limits, or a number is not finite
* ``not_unit`` - a rotation is no unit quaternion
* ``too_large`` / ``too_deep`` - more bytes or deeper nesting than a message may have
* ``out_of_order`` - time or a sequence number went back
* ``duplicate`` - an ``id`` was used before
* ``hello_first`` / ``hello_twice`` - the conversation's order was not kept
* ``version`` - the client speaks another version of the protocol
* ``rate`` - more messages in a second than a visit may send
* ``unauthorized`` - the token is missing or wrong
* ``token_expired`` / ``token_forged`` / ``token_audience`` - a signed token whose time is over,
  that is not of the server's key, or that is for another service
* ``token_scope`` - a signed token whose role or visit does not allow this
* ``resume`` - the visit to go on with is no longer held
* ``watch`` - there is no such visit to look on at, or one who looks on wants more than that
* ``upload`` / ``hash`` - a chunk is damaged or not the next one; the whole is not what was
  announced, or no picture
* ``consent`` - a body's photo that its visitor has not agreed to
* ``cancelled`` - the client has cancelled it
* ``refused`` - a wish that the product, the room or the shop does not allow; nothing changed
* ``busy`` - the server has no room for another visit, or is closing
* ``not_ready`` - what the message needs is not there yet (a body, a product in context)
* ``internal`` - the server's own fault; the visit keeps its last good state
"""

from __future__ import annotations

from .messages import ErrorUpdate

MAX_GOT = 80
"""What came is shortened to this many characters."""


class ProtocolError(Exception):
    """A message that cannot be taken.

    Args:
        code: one of the codes above.
        message: one sentence for a person.
        field: dotted path of the offending field, such as ``"head[3]"``.
        expected: what would have been accepted.
        got: what came, shortened.
        ref: ``id`` of the message that caused it, where it had one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str = "",
        expected: str = "",
        got: str = "",
        ref: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got if len(got) <= MAX_GOT else got[: MAX_GOT - 1] + "…"
        self.ref = ref

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{self.code}: {where}{self.message}{detail}"

    def update(self, ref: str = "") -> ErrorUpdate:
        """The error as it goes over the wire; ``ref`` where the error itself has none."""
        return ErrorUpdate(
            code=self.code,
            message=self.message,
            field=self.field,
            expected=self.expected,
            got=self.got,
            ref=self.ref or ref,
        )
