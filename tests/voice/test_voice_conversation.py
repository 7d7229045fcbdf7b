"""Scripted conversations of several turns, with the state that a visit would keep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from showroom.protocol.messages import Command
from showroom.voice import Context, Thing, understand
from showroom.voice.effect import slots
from showroom.voice.memory import noted
from showroom.voice.score import done_by

SCRIPTS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("conversations.yaml").read_text("utf-8")
)
START = Context(
    things=(
        Thing("tee-1", "t_shirt", "garment", "grey", "M"),
        Thing("dress-1", "dress", "garment", "black", "M"),
        Thing("skirt-1", "skirt", "garment", "blue", "M"),
        Thing("chair-1", "chair", "furniture", "brown"),
        Thing("table-1", "table", "furniture", "white"),
        Thing("sofa-1", "sofa", "furniture", "grey"),
    ),
    worn="tee-1",
)


def wanted(text: str) -> dict[str, Any]:
    action, *fields = text.split()
    out: dict[str, Any] = {"action": action}
    for field in fields:
        name, value = field.split("=")
        out[name] = value
        if name in ("delta", "factor", "value"):
            out[name] = pytest.approx(float(value), rel=1e-3)
        elif name == "size_step":
            out[name] = int(value)
    return out


def after(context: Context, commands: tuple[Command, ...]) -> Context:
    for command in commands:
        if command.action == "try_on":
            context = replace(context, worn=command.target)
        if command.action == "take_off" and command.target == context.worn:
            context = replace(context, worn="")
        context = noted(context, command)
    return context


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: str(s["name"]))
def test_a_conversation_goes_as_scripted(script: dict[str, Any]) -> None:
    context = START
    for said, expected in script["turns"]:
        got = understand(said, "", context)
        if expected.startswith("="):
            assert (got.intent, done_by(got)) == (expected[1:], []), said
        else:
            assert got.clarify is None, (said, got.clarify)
            made = [{"action": c.action, **slots(c)} for c in got.commands]
            assert made == [wanted(expected)], said
        context = replace(after(context, got.commands), asked=got.clarify)
