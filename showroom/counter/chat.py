"""A visit by text in a terminal, and single questions to the shop; no stage, no socket."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from ..app import AppError, Helpers, make_visit, stock
from ..channel.errands import Errands, ErrandSettings
from ..protocol.errors import ProtocolError
from ..protocol.messages import (
    BasketShown,
    Body,
    Change,
    Consult,
    ErrorUpdate,
    Event,
    FitReport,
    HandOver,
    Hello,
    Point,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Recommended,
    Reply,
    Update,
    Utterance,
)

PROMPT = "> "
HELP = """Type what you would say, in English or Chinese. Also:
  /point ID    point at a product (/point alone: at nothing)
  /body M      your height in metres, such as /body 1.72
  /things      what is to be seen
  /quit        leave"""

Say = Callable[[Event], list[Update]]


def run_ask(
    text: str, *, catalog: Path | None, product: str, lang: str, out: TextIO | None = None
) -> int:
    """Answer one question as JSON: the answer, what it is about, and the sources of its facts.

    Args:
        product: id of the product that "it" is.

    Returns:
        0 if it was answered, 1 if the shop has no answer.

    Raises:
        AppError: there is no such product.
    """
    from ..visit.state import State
    from ..voice.context import Context, Thing

    known = stock(catalog)
    if product and product not in known.catalog:
        names = ", ".join(entry.id for entry in known.catalog)
        raise AppError(f"there is no product {product!r}; there are: {names}")
    things = tuple(
        Thing(entry.id, entry.product.family.name, entry.kind, entry.color, entry.product.size)
        for entry in known.catalog
    )
    context = Context(things=things, pointed=product)
    question = known.desk.understand(text, lang, context)
    answer = known.desk.answer(question, State())
    document = {
        "question": question.text,
        "lang": answer.lang,
        "about": {"kind": question.best.kind, "name": question.best.name},
        "confidence": round(question.best.confidence, 4),
        "product": question.target,
        "answer": answer.text,
        "sources": answer.sources,
        "choices": answer.clarify.choices if answer.clarify else (),
    }
    (out or sys.stdout).write(msgspec.json.encode(document).decode() + "\n")
    return 0 if answer.sources else 1


def run_chat(
    *,
    catalog: Path | None,
    scene: str,
    lang: str,
    height: float | None,
    script: Path | None,
    errands: ErrandSettings | None = None,
    out: TextIO | None = None,
) -> int:
    """A whole visit by text: says what was answered and what changed.

    Args:
        script: a file with one sentence a line, ``#`` for remarks; else the terminal is read.

    Raises:
        AppError: the script cannot be read.
    """
    outside = errands or ErrandSettings()
    visit = make_visit(catalog, scene, helpers=Helpers.of(outside))
    runner = Errands(outside)
    out = out or sys.stdout

    def handle(event: Event) -> list[Update]:
        """The visit's answer; errands are run in between."""
        updates = visit.handle(event)
        for update in updates:
            if isinstance(update, Consult | HandOver):
                updates = updates + visit.handle(runner.carry_out(update))
        return updates

    talk = Talk(handle, out, lang)
    talk.enter(height)
    for line in _scripted(script, out) if script is not None else _typed():
        if not talk.take(line):
            break
    return 0


class Talk:
    """One visit's events made of lines, and its updates made into lines.

    Args:
        handle: takes an event, as a visit does.
    """

    def __init__(self, handle: Say, out: TextIO, lang: str = "en") -> None:
        self._handle = handle
        self._out = out
        self._lang = lang
        self._count = 0
        self._names: dict[str, str] = {}

    def enter(self, height: float | None = None) -> None:
        """Begin the visit."""
        self._send(Hello(client="chat/1", lang=self._lang, want=("still",)), quiet=True)
        if height is not None:
            self._send(Body(height=height, id="body"), quiet=True)
        self._print("; ".join(f"{name} [{key}]" for key, name in self._names.items()))

    def take(self, line: str) -> bool:
        """Say a line, or do what a line with a slash says; False when it ends the visit."""
        text = line.strip()
        if not text:
            return True
        if not text.startswith("/"):
            self._count += 1
            self._send(Utterance(id=f"u{self._count}", text=text[:2000], lang=""))
            return True
        verb, _, rest = text[1:].partition(" ")
        match verb:
            case "quit" | "q" | "exit":
                return False
            case "point":
                self._send(Point(target=rest.strip()))
            case "body":
                self._body(rest)
            case "things":
                self._print("; ".join(f"{name} [{key}]" for key, name in self._names.items()))
            case _:
                self._print(HELP)
        return True

    def _body(self, text: str) -> None:
        try:
            self._send(Body(height=float(text), id="body"))
        except ValueError:
            self._print("expected a height in metres, such as /body 1.72")

    def _send(self, event: Event, *, quiet: bool = False) -> None:
        try:
            updates = self._handle(event)
        except ProtocolError as error:
            self._print(f"! {error}")
            return
        for update in updates:
            for line in self._lines(update):
                if not quiet:
                    self._print(line)

    def _lines(self, update: Update) -> Iterator[str]:
        match update:
            case ProductShown():
                name = update.name.get(self._lang) or update.target
                self._names[update.target] = name
                size = f", {update.size}" if update.size else ""
                yield f"  + {name} [{update.target}]{size}{', worn' if update.worn else ''}"
            case ProductRemoved():
                yield f"  - {self._names.pop(update.target, update.target)} [{update.target}]"
            case ProductChanged():
                yield from (f"  ~ {update.target}: {_change(c)}" for c in update.changes)
                if update.color:
                    yield f"  ~ {update.target}: color {update.color}"
                if update.size:
                    yield f"  ~ {update.target}: size {update.size}"
            case BasketShown():
                total = " + ".join(f"{v} {k}" for k, v in update.total.items())
                pieces = ", ".join(f"{line.count} x {line.target}" for line in update.lines)
                yield f"  basket: {pieces or 'empty'}{f', {total}' if total else ''}"
            case Recommended():
                yield from (
                    f"  * {p.target}: {p.reason.get(self._lang, '')}" for p in update.products
                )
            case FitReport():
                for region in update.regions:
                    yield f"  {region.region}: {region.verdict}, ease {region.ease * 100:+.1f} cm"
            case HandOver():
                yield "  (to a person of the shop)"
            case Reply():
                source = f"  [{', '.join(update.sources)}]" if update.sources else ""
                yield f"{update.text}{source}"
            case ErrorUpdate():
                yield f"! {update.message}"

    def _print(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _change(change: Change) -> str:
    if change.unit == "m":
        return f"{change.name} {change.old * 100:.1f} -> {change.new * 100:.1f} cm"
    return f"{change.name} {change.old:.3g} -> {change.new:.3g} {change.unit}"


def _scripted(path: Path, out: TextIO) -> Iterable[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AppError(f"the script {path} cannot be read: {error}") from error
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            out.write(PROMPT + line.strip() + "\n")
            yield line


def _typed() -> Iterator[str]:
    with contextlib.suppress(ImportError):  # where there is no readline, lines are read plainly
        import readline  # noqa: F401
    prompt = PROMPT if sys.stdin.isatty() else ""
    while True:
        try:
            yield input(prompt)
        except EOFError:
            return
