"""What a conversation remembers, and what is said when nothing is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from showroom.catalog.products import Catalog
from showroom.protocol.messages import Command
from showroom.voice.context import Change, Clarify, Context, Thing, Understanding
from showroom.voice.memory import noted
from showroom.voice.replies import reply

from .refused import RefusedError
from .state import State

MAX_COLORS = 16


@dataclass
class Dialogue:
    """One visit's conversation.

    Attributes:
        lang: the language of replies to buttons, ``"en"`` or ``"zh"``.
        pointed: what the pointing ray hits.
        last: the last command that was carried out on a product.
        topic: the product last talked about.
        listed: what was last shown for a choice, in order.
        previous: the last command where it changed nothing.
        undid: whether the last command took a change back.
        past, ahead: the latest changes that stand, and those taken back since.
        asked: the question of the turn before.
        said: the last reply.
        open: the last question that the shop had no answer to.
    """

    lang: str = "en"
    pointed: str = ""
    last: Command | None = None
    asked: Clarify | None = None
    said: str = ""
    open: str = ""
    colors: list[str] = field(default_factory=list)
    topic: str = ""
    listed: tuple[str, ...] = ()
    previous: Command | None = None
    undid: bool = False
    past: tuple[Change, ...] = ()
    ahead: tuple[Change, ...] = ()
    _stock: tuple[tuple[int, ...], tuple[Thing, ...]] = ((), ())

    def context(self, state: State, catalog: Catalog) -> Context:
        """What understanding may lean on."""
        entry = catalog.get
        return Context(
            things=tuple(
                Thing(
                    key,
                    entry(key).product.family.name,
                    entry(key).kind,
                    thing.look.color or entry(key).color,
                    thing.look.size,
                )
                for key, thing in state.things.items()
            ),
            worn=state.worn,
            pointed=self.pointed if self.pointed in state.things else "",
            last=self.last,
            colors=tuple(self.colors),
            asked=self.asked,
            topic=self.topic,
            listed=self.listed,
            previous=self.previous,
            undid=self.undid,
            shelf=tuple(
                Thing(key, entry(key).product.family.name, entry(key).kind, entry(key).color)
                for key in self.listed
                if key not in state.things
            ),
            stock=self._sold(catalog),
            past=self.past,
            ahead=self.ahead,
        )

    def _sold(self, catalog: Catalog) -> tuple[Thing, ...]:
        """All products of the catalogue; kept as long as it has the same ones."""
        known = tuple(map(id, catalog))
        if known != self._stock[0]:
            sold = (Thing(e.id, e.product.family.name, e.kind, e.color) for e in catalog)
            self._stock = (known, tuple(sold))
        return self._stock[1]

    def done(
        self, command: Command, target: str, colors: tuple[str, ...] = (), size: str = ""
    ) -> None:
        """A command was carried out on ``target``.

        Args:
            colors: of the target, before and after.
            size: of the target before.
        """
        before = {"set_color": colors[0] if colors else "", "set_size": size}
        known = Context(last=self.last, topic=self.topic, past=self.past, ahead=self.ahead)
        after = noted(known, command, target, before.get(command.action, ""))
        self.last, self.topic, self.previous = after.last, after.topic, after.previous
        self.undid, self.past, self.ahead = after.undid, after.past, after.ahead
        for color in colors if len(set(colors)) > 1 else ():
            if color not in self.colors[-1:]:
                self.colors.append(color)
        del self.colors[:-MAX_COLORS]

    def travelled(self, way: str) -> None:
        """A change was taken back (``"undo"``) or restored (``"redo"``)."""
        known = Context(past=self.past, ahead=self.ahead)
        after = noted(known, Command(action="undo" if way == "undo" else "redo"))
        self.undid, self.past, self.ahead = after.undid, after.past, after.ahead

    def small_talk(self, heard: Understanding) -> str:
        """The reply to a sentence that asks for nothing that can be carried out."""
        lang = heard.lang
        if heard.problem == "empty":
            return ""
        if heard.problem in ("too_long", "contradiction"):
            return reply(heard.problem, lang)
        if heard.problem == "no_context":
            return reply("nothing_to_repeat", lang)
        match heard.intent:
            case "repeat":
                return reply("repeat", lang, what=self.said)
            case "no" | "yes" | "stop" | "thanks" | "greet" | "help":
                return reply(heard.intent, lang)
            case "out_of_scope" if heard.confidence >= 0.6:
                return reply("out_of_scope", lang)
        return reply("not_understood", lang)

    def refused(self, refusal: RefusedError, lang: str) -> str:
        """The sentence for a refusal."""
        try:
            return reply(refusal.kind, lang, **refusal.slots)
        except KeyError:
            return reply("error", lang)

    def spoken(self, texts: Iterable[str], lang: str) -> str:
        """Several sentences as one."""
        return ("" if lang.startswith("zh") else " ").join(text for text in texts if text)
