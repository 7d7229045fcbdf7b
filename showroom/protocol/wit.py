"""Wit.ai's response to a sentence, as Unity's and Meta's Voice SDK hold it.

The fields are those of Wit.ai's HTTP API from version 20200513 on (https://wit.ai/docs/http); more
that a response has is ignored.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .limits import Counter, Identifier, Probability, Text, Word

_MOST = Meta(max_length=32)
_Number = Annotated[float, Meta(ge=-1e12, le=1e12)]


class WitIntent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An intent that Wit.ai found, such as ``"wit$confirmation"`` or one of the app's own."""

    name: Identifier
    confidence: Probability = 0.0


class WitEntity(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Words of the sentence that Wit.ai resolved, such as "3 cm" to 3 ``"centimeter"``.

    Attributes:
        start, end: where ``body`` stands in the response's text.
        unit: as Wit.ai names it, in the singular.
    """

    name: Identifier
    role: Identifier = ""
    body: Text = ""
    value: _Number | Text | None = None
    unit: Word = ""
    confidence: Probability = 0.0
    start: Counter = 0
    end: Counter = 0


class WitTrait(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A trait of the whole sentence, such as a sentiment."""

    value: _Number | Text | None = None
    confidence: Probability = 0.0


class WitResponse(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What Wit.ai made of a sentence; intents best first, entities under ``"name:role"``.

    Attributes:
        type: of a streamed response, such as ``"PARTIAL_TRANSCRIPTION"``.
    """

    text: Text = ""
    intents: Annotated[tuple[WitIntent, ...], _MOST] = ()
    entities: Annotated[dict[Identifier, Annotated[tuple[WitEntity, ...], _MOST]], _MOST] = (
        msgspec.field(default_factory=dict)
    )
    traits: Annotated[dict[Identifier, Annotated[tuple[WitTrait, ...], _MOST]], _MOST] = (
        msgspec.field(default_factory=dict)
    )
    is_final: bool = True
    type: Word = ""

    @property
    def final(self) -> bool:
        """Whether nothing more of this sentence will come."""
        return self.is_final and not self.type.startswith("PARTIAL")
