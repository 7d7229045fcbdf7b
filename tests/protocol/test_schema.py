from __future__ import annotations

from pathlib import Path

import jsonschema
import msgspec
import pytest

from showroom.protocol.codec import encode_event
from showroom.protocol.messages import Body, Command, Hello, Pose, RoomPlan, Utterance, WitResponse
from showroom.protocol.schema import asyncapi, error_codes, events, tag, text, updates

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "protocol.md").read_text("utf-8")


def test_the_checked_in_document_is_that_of_the_code():
    stored = (DOCS / "protocol" / "asyncapi.json").read_text("utf-8")
    assert stored == text(), "run: python -m showroom.protocol.schema docs/protocol/asyncapi.json"


@pytest.mark.parametrize("kind", [*events(), *updates()], ids=tag)
def test_the_guide_names_every_message_and_its_fields(kind):
    row = next((r for r in GUIDE.splitlines() if r.startswith(f"| `{tag(kind)}` |")), None)
    assert row is not None
    if tag(kind) in ("command", "intent"):
        return
    for field in kind.__struct_fields__:
        if field not in ("n", "ref", "id"):
            assert f"`{field}`" in row, field


def test_the_guide_names_every_error():
    for code in error_codes():
        assert f"`{code}`" in GUIDE


@pytest.mark.parametrize(
    "event",
    [
        Hello(client="x", want=("plain",)),
        Body(height=1.7, tape={"waist": 0.7}),
        Pose(time=1.0, head=(0, 1.6, 0, 0, 0, 0, 1)),
        Utterance(id="u", text="hi"),
        Utterance(id="u", text="", wit=WitResponse(text="hi")),
        Command(action="undo"),
        RoomPlan(outline=((0, 0), (1, 0), (1, 1))),
    ],
    ids=lambda e: type(e).__name__,
)
def test_messages_follow_the_published_schema(event):
    document = asyncapi()
    schema = {
        "$ref": f"#/components/schemas/{type(event).__name__}",
        "components": document["components"],
    }
    validator = jsonschema.Draft202012Validator(schema)
    plain = msgspec.json.decode(encode_event(event, plain=True).data)
    validator.validate(plain)

    plain["type"] = "other"
    assert not validator.is_valid(plain)
