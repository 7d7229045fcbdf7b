"""A recorded visitor: replays a headset stream over the websocket and says what a script says.

Runs as a process of its own, as any engine's client would::

    python -m showroom.rehearsal.visitor URL --motion stroll.jsonl --script visit.toml
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..channel.client import Client
from ..channel.crowd import looped
from ..channel.motion import Motion, load_motion
from ..protocol.messages import (
    Body,
    Command,
    ErrorUpdate,
    Event,
    Heard,
    Hello,
    MeshFrame,
    ProductChanged,
    Reply,
    Update,
    Utterance,
)

ANSWER_SECONDS = 90.0
TAIL_SECONDS = 1.5


class ScriptError(Exception):
    """A visitor's script cannot be read; says which key and what was expected."""


@dataclass(frozen=True)
class Line:
    """One sentence and when to say it, seconds into the motion."""

    at: float
    text: str


@dataclass(frozen=True)
class Script:
    """What a visitor is like and says.

    Attributes:
        body: the height and tape that the visitor gives.
        lines: sentences in order of time.
        before: commands sent before the motion starts, such as trying a garment on.
    """

    body: Body
    lines: tuple[Line, ...]
    before: tuple[Command, ...] = ()


@dataclass
class Sentence:
    """What became of one sentence.

    Attributes:
        delay: seconds from sending it to the last of its answers.
        changes: what each product's parameters became, by ``Change`` fields.
    """

    id: str
    text: str
    said: float
    delay: float = 0.0
    lang: str = ""
    intent: str = ""
    confidence: float = 0.0
    replies: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read_script(path: Path) -> Script:
    """Read a script.

    Raises:
        ScriptError: the file is missing, no TOML, or lacks a key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        body = document["body"]
        return Script(
            body=Body(
                height=float(body["height"]),
                gender=body.get("gender", "neutral"),
                tape={k: float(v) for k, v in body.get("tape", {}).items()},
                id="body",
            ),
            lines=tuple(
                sorted(
                    (Line(float(s["at"]), str(s["text"])) for s in document.get("say", ())),
                    key=lambda line: line.at,
                )
            ),
            before=tuple(
                Command(id=f"before-{i}", **row) for i, row in enumerate(document.get("before", ()))
            ),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ScriptError(
            f"{path} is no visitor's script: expected [body] with height and [[say]] with at "
            f"and text, got {type(error).__name__}: {error}"
        ) from error


class Visitor:
    """One scripted visit; :meth:`run` blocks until it is over."""

    def __init__(self, url: str, motion: Motion, script: Script, *, lang: str = "en") -> None:
        self.url = url
        self.motion = motion
        self.script = script
        self.lang = lang
        self.sentences: list[Sentence] = []
        self.updates: dict[str, int] = {}
        self.asset_bytes = 0
        self._clock = time.monotonic

    def run(self) -> dict[str, Any]:
        """Visit, and say what happened.

        Returns:
            ``sentences``, ``updates`` by type, ``poses``, ``seconds``, ``asset_bytes``.

        Raises:
            ChannelError: the server cannot be reached, or refuses the visit.
        """
        hello = Hello(client="showroom-visitor/1", lang=self.lang, want=("vertices",))
        with Client(self.url, hello, patience=ANSWER_SECONDS) as client:
            opening: tuple[Event, ...] = (self.script.body, *self.script.before)
            for event in opening:
                client.ask(event, seconds=ANSWER_SECONDS)
                self._take(client, client.poll())
            started = self._clock()
            poses = self._walk(client, started)
            self._wait_for_answers(client, started)
            return {
                "poses": poses,
                "seconds": self._clock() - started,
                "updates": dict(sorted(self.updates.items())),
                "asset_bytes": self.asset_bytes,
                "sentences": [vars(s) for s in self.sentences],
            }

    def _walk(self, client: Client, started: float) -> int:
        last = self.script.lines[-1].at if self.script.lines else 0.0
        seconds = max(self.motion.duration, last + TAIL_SECONDS)
        lines = iter(self.script.lines)
        line = next(lines, None)
        sent = 0
        for pose in looped(self.motion, seconds):
            wait = started + pose.time - self._clock()
            if wait > 0:
                time.sleep(wait)
            client.send(pose)
            sent += 1
            if line is not None and pose.time >= line.at:
                self._say(client, line)
                line = next(lines, None)
            self._take(client, client.poll())
        return sent

    def _say(self, client: Client, line: Line) -> None:
        sentence = Sentence(f"u{len(self.sentences) + 1}", line.text, self._clock())
        self.sentences.append(sentence)
        client.send(Utterance(id=sentence.id, text=line.text))

    def _wait_for_answers(self, client: Client, started: float) -> None:
        deadline = self._clock() + ANSWER_SECONDS
        while self._clock() < deadline:
            self._take(client, client.poll())
            if all(s.replies or s.errors for s in self.sentences):
                break
            time.sleep(0.02)
        for sentence in self.sentences:
            sentence.said -= started

    def _take(self, client: Client, updates: list[Update]) -> None:
        for update in updates:
            kind = str(update.__struct_config__.tag)
            self.updates[kind] = self.updates.get(kind, 0) + 1
            if isinstance(update, MeshFrame):
                continue
            digest = getattr(update, "glb", "")
            if digest:
                self.asset_bytes += len(client.asset(digest))
            self._note(update)

    def _note(self, update: Update) -> None:
        """Write an answer beside the sentence that it answers."""
        ref = update.utterance_id if isinstance(update, Heard) else getattr(update, "ref", "")
        sentence = next((s for s in self.sentences if s.id == ref), None)
        if sentence is None:
            if isinstance(update, ErrorUpdate):
                raise RuntimeError(f"the visit refused {ref or 'a message'}: {update.message}")
            return
        sentence.delay = self._clock() - sentence.said
        if isinstance(update, Heard):
            sentence.lang = update.lang
            if update.intents:
                sentence.intent = str(update.intents[0].get("name", ""))
                sentence.confidence = float(update.intents[0].get("confidence", 0.0))
        elif isinstance(update, Reply):
            sentence.replies.append(update.text)
        elif isinstance(update, ProductChanged):
            sentence.changes += [
                {
                    "product": update.target,
                    "parameter": c.name,
                    "unit": c.unit,
                    "old": c.old,
                    "new": c.new,
                    "delta": c.new - c.old,
                }
                for c in update.changes
            ]
            if update.color:
                sentence.changes.append({"product": update.target, "color": update.color})
            if update.size:
                sentence.changes.append({"product": update.target, "size": update.size})
        elif isinstance(update, ErrorUpdate):
            sentence.errors.append(update.message)


def main(arguments: list[str] | None = None) -> int:
    """Visit as the command line says, and print what happened as one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m showroom.rehearsal.visitor", description=__doc__
    )
    parser.add_argument("url", help="of the channel, such as ws://127.0.0.1:8765")
    parser.add_argument("--motion", type=Path, required=True, help="a recorded headset stream")
    parser.add_argument("--script", type=Path, required=True, help="what the visitor says")
    parser.add_argument("--lang", default="en", help="preferred language of replies")
    options = parser.parse_args(arguments)
    visitor = Visitor(
        options.url, load_motion(options.motion), read_script(options.script), lang=options.lang
    )
    json.dump(visitor.run(), sys.stdout, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
