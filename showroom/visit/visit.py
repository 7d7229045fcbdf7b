"""One visitor's live state: protocol events in, protocol updates out.

Deterministic: time comes from events only. Whatever is refused leaves the last good state as it
was. The same object serves the scene of this process and a client on another continent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from reconstruction.errors import ReconstructionError
from showroom.catalog.errors import CatalogError
from showroom.catalog.products import Catalog
from showroom.catalog.scene import Scene, load_scene
from showroom.fit.errors import FitError
from showroom.fit.furnishing import Viewer
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    WATCHED,
    Advice,
    Body,
    Clock,
    Command,
    Consult,
    Done,
    ErrorUpdate,
    Event,
    Granted,
    HandOver,
    Hello,
    Input,
    Part,
    Point,
    Pose,
    Reply,
    RoomPlan,
    Supplied,
    Update,
    Utterance,
    Watched,
    Wish,
)
from showroom.protocol.validation import check, ref_of
from showroom.voice import Clarify, Interpreter, reply
from showroom.voice.ask import Question
from showroom.voice.context import Change, Context, Understanding
from showroom.voice.doubts import OUT_OF_RANGE
from showroom.voice.replies import question
from showroom.voice.wording import SYSTEM as WORDING
from showroom.voice.wording import reworded

from . import basket, taste
from .actions import carry_out, meant
from .company import shared_room
from .desk import Answer, Desk
from .dialogue import Dialogue
from .fitting import lack, reported
from .guests import failure, grant, send_wish, settle_wish, travel
from .pending import DELIVERED, NOTHING, Pending, advised, unsure
from .picking import pick
from .presence import Presence
from .refused import AmbiguousError, RefusedError, StoppedError, refused
from .shopfloor import Shopfloor
from .snapshot import Snapshot, from_plain, to_plain
from .state import History, State


class Visit:
    """One visit.

    Args:
        catalog: the products; shared between visits, never changed by one.
        scene: where it takes place.
        interpreter: understands what is said; share one between visits, it knows the products'
            names.
        desk: answers questions; share one between visits, it has read the shop's FAQ.
        vertices: send the avatar's vertices even to a client that does not ask for them, as a
            stage that mirrors the visit needs.

    Raises:
        SceneError: the scene does not exist or is damaged.
    """

    def __init__(
        self,
        catalog: Catalog,
        scene: Scene | str | Path = "store",
        *,
        interpreter: Interpreter | None = None,
        desk: Desk | None = None,
        vertices: bool = False,
    ) -> None:
        loaded = scene if isinstance(scene, Scene) else load_scene(scene)
        self._here = Presence(Shopfloor.of(catalog, loaded), vertices=vertices)
        self._interpreter = interpreter or interpreter_for(catalog)
        self._desk = desk or Desk(catalog)
        self._history = History()
        self._dialogue = Dialogue()
        self._body: Body | None = None
        self._room: RoomPlan | None = None
        self._utterance = ("", -1)
        self._pending = NOTHING
        self._supplies: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """All products to be seen, as they are now."""
        return self._here.state

    def handle(self, event: Input) -> list[Update]:
        """Take one event, or what came of an errand.

        Returns:
            Updates in the order in which they happened. An event with an ``id`` ends in exactly
            one ``Done`` or ``ErrorUpdate`` that carries it; one that waits for an errand ends once
            the ``Advice`` is there, or before whatever the visitor does next.
        """
        updates = self._handle(event)
        sharing = self._here.sharing
        if sharing.role == "host" and not isinstance(event, Pose):
            room = shared_room(self._here.state, self._here.shop)
            if room != sharing.told:
                sharing.told = room
                updates.append(room)
        return updates

    def _handle(self, event: Input) -> list[Update]:
        match event:
            case Pose():
                pass
            case Watched():
                self._here.watched = event.on and event.vertices
                return self._here.everything(WATCHED) if event.on else []
            case Supplied():
                return self._supplied(event)
            case Advice():
                return self._settle(event) if self._pending.ref == event.ref else []
            case Part():
                return self._here.take_part(event)
            case Wish():
                return grant(event, self._here, self._history, self._dialogue)
            case Granted():
                return self._granted(event)
        ref = ref_of(event)
        settled: list[Update] = []
        try:
            check(event)
            if isinstance(event, Pose):
                return self._here.follow(event)
            if self._pending.ref and not isinstance(event, Point | Clock):
                settled = self._settle(Advice(ref=self._pending.ref))
            updates = settled + self._take(event)
        except ProtocolError as error:
            return [*settled, error.update(ref)]
        except FitError as error:
            return [*settled, refused(error).error(ref).update()]
        except StoppedError as error:
            return [*settled, error.error(ref).update()]
        if not ref or ref == self._pending.ref or ref in self._here.sharing.sent:
            return updates
        if updates and isinstance(updates[-1], ErrorUpdate):
            return updates
        return [*updates, Done(ref=ref)]

    def attend(self, tell: Callable[[float, str], bool]) -> None:
        """Tell how far long work is, and stop where the answer is False; see :class:`Presence`."""
        self._here.tell = tell

    def catch_up(self, poses: Sequence[Pose], count: int) -> list[Update]:
        """Follow poses that another answered meanwhile; see :class:`Presence`."""
        return self._here.catch_up(poses, count)

    def shown(self) -> list[Update]:
        """Everything that somebody who comes in now has to be told."""
        return self._here.everything()

    def snapshot(self) -> dict[str, Any]:
        """The visit as plain data, to go on with elsewhere; see :meth:`restore`."""
        here, dialogue = self._here, self._dialogue
        asked = dialogue.asked or Clarify("")
        return to_plain(
            Snapshot(
                lang=dialogue.lang,
                want=here.want,
                state=here.state,
                done=self._history.done,
                undone=self._history.undone,
                body=self._body,
                room=self._room,
                pointed=dialogue.pointed,
                last=dialogue.last,
                colors=dialogue.colors,
                topic=dialogue.topic,
                listed=dialogue.listed,
                previous=dialogue.previous,
                past=tuple((c.command, c.before) for c in dialogue.past),
                said=dialogue.said,
                open=dialogue.open,
                question=asked.question,
                choices=asked.choices,
                wishes=asked.commands,
                viewer=(here.viewer.x, here.viewer.z, here.viewer.yaw),
                time=here.time,
                utterance=self._utterance,
                watched=here.watched,
                pending=self._pending,
                supplied=self._supplies,
                makers=self._history.makers,
                unmakers=self._history.unmakers,
                sharing=here.sharing,
            )
        )

    def restore(self, snapshot: dict[str, Any]) -> list[Update]:
        """Go on with a visit that was elsewhere, over the same catalogue and scene.

        Returns:
            Everything that there is to be seen.

        Raises:
            SnapshotError: it is no snapshot of this version.
        """
        told, here = from_plain(snapshot), self._here
        here.want, here.time, self._utterance = told.want, told.time, told.utterance
        here.watched, here.sharing = told.watched, told.sharing
        self._pending, self._supplies = told.pending, told.supplied
        for folder in told.supplied:
            here.supply(folder)
        asked = Clarify(told.question, told.choices, told.wishes) if told.question else None
        self._dialogue = Dialogue(
            told.lang,
            told.pointed,
            told.last,
            asked,
            told.said,
            told.open,
            list(told.colors),
            told.topic,
            told.listed,
            told.previous,
            past=tuple(Change(command, before) for command, before in told.past),
        )
        if told.viewer is not None:
            here.viewer = Viewer(*told.viewer)
        if told.room is not None:
            here.shop = here.in_room(told.room)
        self._room, self._body = told.room, told.body
        here.state, here.wearer = told.state, None
        history = self._history
        history.done, history.undone = list(told.done), list(told.undone)
        history.makers, history.unmakers = list(told.makers), list(told.unmakers)
        if told.body is not None or told.state.outfit:
            here.embody(told.body)
        return here.everything()

    def _supplied(self, event: Supplied) -> list[Update]:
        """Show a product that was made from the visitor's own photo."""
        try:
            key = self._here.supply(event.folder)
        except ReconstructionError as error:
            return [ProtocolError("refused", error.message, ref=event.ref).update()]
        self._supplies = (*self._supplies, event.folder)
        return self.handle(Command(action="show", target=key, id=event.ref))

    def _take(self, event: Event) -> list[Update]:
        match event:
            case Utterance():
                return self._utter(event)
            case Command():
                return self._command(event)
            case Hello():
                self._dialogue.lang = "zh" if event.lang.lower().startswith("zh") else "en"
                self._here.want = event.want
                return self._here.everything()
            case Body():
                updates = self._here.embody(event, event.id)
                self._body = event
                return updates
            case RoomPlan() if self._here.sharing.role == "guest":
                raise ProtocolError(
                    "refused",
                    "the room is the host's; leave it first",
                    field="type",
                    expected="the host's room plan",
                    got="a guest's",
                )
            case RoomPlan():
                updates = self._here.move_into(event, event.id)
                self._room, self._history = event, History()
                return updates
            case Point():
                self._point(event)
            case Clock():
                return self._clock(event)
        return []  # what the channel settles by itself

    def _point(self, event: Point) -> None:
        if event.target and event.target not in self.state.things:
            raise ProtocolError(
                "no_such_product",
                "nothing of that name is to be seen",
                field="target",
                expected=", ".join(self.state.things),
                got=event.target,
            )
        self._dialogue.pointed = event.target

    def _clock(self, event: Clock) -> list[Update]:
        if event.time < self._here.time:
            raise ProtocolError(
                "out_of_order",
                "time goes back",
                field="time",
                expected=f"from {self._here.time:.3f} s on",
                got=f"{event.time:.3f}",
            )
        self._here.time = event.time
        return self._here.frames()

    def _utter(self, event: Utterance) -> list[Update]:
        if event.id == self._utterance[0] and event.rev <= self._utterance[1]:
            return []  # an older hearing of the same sentence
        self._utterance, event = (event.id, event.rev), event.settled()
        dialogue = self._dialogue
        context = dialogue.context(self.state, self._here.shop.catalog)
        lang = event.lang or dialogue.lang
        heard = self._interpreter.understand(event.text, lang, context, event.wit)
        updates: list[Update] = [heard.heard(event.id, event.rev, event.is_final)]
        if not event.is_final:
            return updates
        if not heard.commands:
            dialogue.topic = heard.about or dialogue.topic
        wondered = self._desk.understand(event.text, lang, context)
        if self._desk.takes(heard, wondered):
            dialogue.done(Command(action="ask", target=wondered.target), wondered.target)
            answer = self._desk.answer(wondered, self.state)
            dialogue.open = event.text if answer.open else ""
            dialogue.asked = answer.clarify
            return updates + self._worded(self._give(answer, event.id))
        if self._desk.adviser is not None and unsure(heard):
            self._pending = Pending(event.id, "intent", heard.lang, event.text, heard, context)
            system, user = self._desk.adviser.question(event.text, context)
            return [*updates, Consult(ref=event.id, system=system, user=user)]
        return updates + self._answer(heard, context, event.id, wondered)

    def _answer(
        self, heard: Understanding, context: Context, ref: str, question: Question | None = None
    ) -> list[Update]:
        """Do what a sentence says, or ask, or say that it was not understood."""
        dialogue = self._dialogue
        dialogue.asked = heard.clarify
        if heard.clarify is not None and heard.problem == OUT_OF_RANGE:
            # The product states its own limit, which is narrower, as it refuses.
            commands = heard.clarify.commands[0]
            heard, dialogue.asked = replace(heard, commands=commands), None
        elif heard.clarify is not None:
            return self._ask(heard.clarify, heard.lang, ref)
        if not heard.commands:
            return self._say([dialogue.small_talk(heard)], heard.lang, ref)
        updates: list[Update] = []
        texts: list[str] = []
        sources: list[str] = []
        before = self.state
        stopped: StoppedError | None = None
        for command in heard.commands:
            try:
                done, text, found = self._do(command, heard.lang, ref, question)
                updates += done
                sources += found
            except AmbiguousError as error:
                if context.asked is None:
                    dialogue.asked = which(command, error, heard.lang)
                    dialogue.listed = tuple(product.id for product in error.products)
                    asked = self._ask(dialogue.asked, heard.lang, ref)
                    return updates + self._say(texts, heard.lang, ref) + asked
                text = dialogue.refused(error, heard.lang)
            except StoppedError as error:
                stopped = error
                break
            except RefusedError as error:
                text = dialogue.refused(error, heard.lang)
            texts.append(text)
        self._remember(before, heard.commands)
        updates += self._say(texts, heard.lang, ref, tuple(sources))
        return [*updates, stopped.error(ref).update()] if stopped else updates

    def _settle(self, advice: Advice) -> list[Update]:
        """Go on with the event that waited for an errand, whatever came of that."""
        waiting, self._pending = self._pending, NOTHING
        updates: list[Update] = []
        match waiting.kind:
            case "hand_over":
                kind = "handed_over" if advice.text == DELIVERED else "not_handed_over"
                updates = self._say([reply(kind, waiting.lang)], waiting.lang, waiting.ref)
            case "wording" if waiting.reply is not None:
                said = reworded(waiting.reply.text, advice.text, waiting.lang)
                worded = msgspec.structs.replace(waiting.reply, text=said or waiting.reply.text)
                self._dialogue.said = worded.text
                updates = [worded]
            case "intent" if waiting.heard is not None and self._desk.adviser is not None:
                heard = advised(self._desk.adviser, advice.text, waiting)
                updates = self._answer(heard, waiting.context, waiting.ref)
        return [*updates, Done(ref=waiting.ref)]

    def _worded(self, updates: list[Update]) -> list[Update]:
        """A product's answer, by way of the model where that words replies."""
        said = updates[-1]
        if not (self._desk.wording and isinstance(said, Reply) and said.sources):
            return updates
        if any(not source.startswith("product:") for source in said.sources):
            return updates  # the FAQ is given word for word
        self._pending = Pending(said.ref, "wording", said.lang, reply=said)
        return [*updates[:-1], Consult(ref=said.ref, system=WORDING, user=said.text)]

    def _command(self, event: Command) -> list[Update]:
        lang, before = self._dialogue.lang, self.state
        self._dialogue.asked = None
        try:
            updates, text, sources = self._do(event, lang, event.id)
            for update in updates:
                if isinstance(update, Wish):
                    self._here.sharing.sent[update.ref].button = True
        except RefusedError as error:
            said = self._say([self._dialogue.refused(error, lang)], lang, event.id)
            return [*said, error.error(event.id).update()]
        self._remember(before, (event,))
        return updates + self._say([text], lang, event.id, sources)

    def _remember(self, before: State, commands: tuple[Command, ...]) -> None:
        """Make what a sentence or button did one step that can be undone."""
        travelled = any(c.action in ("undo", "redo") for c in commands)
        if self.state != before and not travelled:
            self._history.push(before)
            self._here.sharing.latest = False

    def _do(
        self, command: Command, lang: str, ref: str, question: Question | None = None
    ) -> tuple[list[Update], str, tuple[str, ...]]:
        """Carry out one command; its updates, the sentence about it, and that one's sources.

        Args:
            question: what the sentence asks, for a command that only says that it asks.
        """
        try:
            if self._here.sharing.role == "guest":
                wish = send_wish(command, lang, ref, self._here, self._dialogue)
                if wish is not None:
                    return [wish], "", ()
            match command.action:
                case "undo" | "redo":
                    return (*self._travel(command.action, lang, ref), ())
                case "report":
                    return (*reported(command, self._here, self._dialogue.pointed, lang, ref), ())
                case "help" | "greet":
                    return [], reply(command.action, lang), ()
                case "show_basket":
                    return (*basket.told(self.state, self._here.shop, lang, ref), ())
                case "recommend":
                    return (*self._recommend(command, lang, ref), ())
                case "hand_over":
                    return (*self._hand_over(lang, ref), ())
                case "ask" | "compare":
                    self._dialogue.done(command, command.target)
                    answer = self._asked(command, lang, question)
                    return [], answer.text, answer.sources
                case "dislike" if not command.target and self._dialogue.listed:
                    first = self._dialogue.listed[0]
                    command = msgspec.structs.replace(command, target=first)
                case "choose" if command.option and not command.target:
                    listed = self._dialogue.listed
                    chosen = pick(command.option, listed, self._here.state, self._here.shop)
                    command = msgspec.structs.replace(command, target=chosen, option="")
            here, pointed = self._here, self._dialogue.pointed
            before = here.state
            deed = carry_out(command, here.state, here.shop, here.viewer, pointed)
            updates = here.become(deed.state, ref)
        except (CatalogError, FitError) as error:
            raise refused(error) from error
        colors = tuple(here.shop.color(deed.target, state) for state in (before, deed.state))
        old = before.things.get(deed.target)
        self._dialogue.done(command, deed.target, colors, old.look.size if old else "")
        if deed.state.basket != before.basket:
            updates.append(basket.shown(deed.state, here.shop, ref))
        lacks = lack(command, deed.target, here, lang) if self._body is not None else ""
        said = [reply(deed.kind, lang, **deed.slots), lacks]
        return updates, self._dialogue.spoken(said, lang), ()

    def _granted(self, event: Granted) -> list[Update]:
        """Tell a guest what came of their wish; their event ends once all of it has."""
        over = settle_wish(event, self._here.sharing)
        if over is None:
            return []
        waited, ref = over
        said = self._say(waited.texts, waited.lang, ref)
        if waited.failed is not None and waited.button:
            return [*said, failure(waited.failed, ref)]
        return [*said, Done(ref=ref)] if ref else said

    def _travel(self, way: str, lang: str, ref: str) -> tuple[list[Update], str]:
        before = self.state
        updates = travel(way, self._here, self._history, ref)
        state = self.state
        if state.things != before.things:
            self._dialogue.travelled(way)
        if state.basket != before.basket:
            updates.append(basket.shown(state, self._here.shop, ref))
        return updates, reply("undone" if way == "undo" else "redone", lang)

    def _recommend(self, command: Command, lang: str, ref: str) -> tuple[list[Update], str]:
        here = self._here
        found = taste.recommended(command, here.state, here.shop, self._desk.recommender, ref)
        self._dialogue.listed = tuple(p.target for p in found.products)
        return [found], taste.spoken(found, lang)

    def _hand_over(self, lang: str, ref: str) -> tuple[list[Update], str]:
        """Pass the open question on, with the product in use and nothing else of the visit."""
        dialogue = self._dialogue
        if not dialogue.open or not self._desk.people:
            kind = "nothing_to_hand_over" if self._desk.people else "ask_a_person"
            raise RefusedError(kind, "nothing can be passed on", field="action", got="hand_over")
        key = dialogue.pointed or self.state.worn
        look = self.state.things[key].look if key in self.state.things else None
        errand = HandOver(
            question=dialogue.open,
            lang=lang,
            target=key if look else "",
            size=look.size if look else "",
            color=look.color if look else "",
            ref=ref,
        )
        dialogue.open = ""
        self._pending = Pending(ref, "hand_over", lang)
        return [errand], ""

    def _asked(self, command: Command, lang: str, question: Question | None) -> Answer:
        """The answer to a question, or to what a button or a choice asks."""
        desk, dialogue = self._desk, self._dialogue
        if command.action == "ask" and question and not (command.parameter or command.option):
            answer = desk.answer(question, self.state)
        elif command.action == "ask":
            answer = desk.asked(command, lang, self.state, dialogue.pointed)
        else:
            keys = [
                meant(name, self.state, self._here.shop, dialogue.pointed)
                if name not in desk.catalog
                else name
                for name in (command.target, command.near)
            ]
            if keys[0] == keys[1]:
                raise RefusedError("which_two", "it takes two", field="near", got=keys[1])
            answer = desk.compared(keys[0], keys[1], lang)
        dialogue.asked = answer.clarify
        return answer

    def _give(self, answer: Answer, ref: str) -> list[Update]:
        """An answer as an update."""
        self._dialogue.said = answer.text
        choices = answer.clarify.choices if answer.clarify else ()
        reply_ = Reply(
            text=answer.text, lang=answer.lang, choices=choices, sources=answer.sources, ref=ref
        )
        return [reply_]

    def _say(
        self, texts: list[str], lang: str, ref: str, sources: tuple[str, ...] = ()
    ) -> list[Update]:
        text = self._dialogue.spoken(texts, lang)
        if not text:
            return []
        self._dialogue.said = text
        return [Reply(text=text, lang=lang, sources=sources, ref=ref)]

    def _ask(self, asked: Clarify, lang: str, ref: str) -> list[Update]:
        self._dialogue.said = asked.question
        return [Reply(text=asked.question, lang=lang, choices=asked.choices, ref=ref)]


def which(command: Command, error: AmbiguousError, lang: str) -> Clarify:
    """The question which of several products a command means; at most three are offered."""
    offered = error.products[:3]
    names = tuple(product.name.get(lang) or product.id for product in offered)
    wishes = tuple((msgspec.structs.replace(command, target=p.id, id=""),) for p in offered)
    return Clarify(question("which_product", names, lang), names, wishes)


def interpreter_for(catalog: Catalog) -> Interpreter:
    """An interpreter that knows the products' names; share it between visits."""
    names = {entry.id: tuple(entry.product.name.values()) for entry in catalog}
    return Interpreter(names)
