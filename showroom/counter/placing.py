"""A product in a room of one's own, without a visit: where it goes, whether it fits, the plan."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconstruction.product import Product
from reconstruction.product_io import load_product

from ..catalog.products import Catalog
from ..catalog.scene import Scene, load_scene, scene_names
from ..fit.furnishing import (
    Blocked,
    Footprint,
    Item,
    Outcome,
    PlacementError,
    Viewer,
    rules,
    standing,
)
from ..fit.placement import Floor
from ..fit.shortage import shortage
from ..protocol.messages import Command, Reply, Utterance
from ..visit.mover import scene_room
from ..visit.shopfloor import Shopfloor
from ..visit.visit import Visit
from .plan_picture import draw_plan

Report = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a question about a place came to.

    Attributes:
        report: plain data in metres, centimetres (``_cm``) and degrees, as the verb prints it.
        item: the product where it stands; smaller than it is where only an offer fits.
        wanted: where it was asked to stand and could not.
    """

    report: Report
    item: Item | None = None
    wanted: Item | None = None


class Placing:
    """One product and one room.

    Args:
        product: a piece of furniture.
        scene: the room; its spawn is where the visitor stands.

    Raises:
        RoomError: the floor plan is impossible.
        PlacementError: the product is nothing that stands on a floor.
    """

    def __init__(self, product: Product, scene: Scene) -> None:
        if product.kind != "furniture":
            raise PlacementError(
                "only what stands on a floor can be placed",
                field="product",
                expected="furniture",
                got=product.kind,
            )
        self.product = product
        self.room = scene_room(scene)
        self._catalog = Catalog([product])
        self._scene = scene
        x, _, z = scene.spawn.position
        self.viewer = Viewer(x, z, scene.spawn.yaw)

    @property
    def category(self) -> str:
        """What the rules of placing call the product."""
        return str(self.product.family.name)

    @property
    def empty(self) -> Floor:
        """The room with the visitor alone."""
        return Floor(self.room, {}, self.viewer)

    def footprint(self) -> Footprint:
        """The box that the product fills."""
        return Footprint.of(self.product.mesh.vertices)

    def fits(self, near: str = "") -> Answer:
        """Whether it fits, at best ``near`` something, and what would.

        Raises:
            PlacementError: there is nothing of that name.
        """
        found = self.empty.fits(self.footprint(), near, category=self.category)
        if found.item is not None:
            return self._stands(found.item)
        return self._nowhere(found.blocked or Blocked("room"), found.offer, near)

    def at(self, x: float, z: float, turn: float = 0.0) -> Answer:
        """Stand it exactly there, or at the nearest free place.

        Args:
            x, z: of the middle of its box, metres.
            turn: radians counter-clockwise seen from above; 0 faces +Z.
        """
        probe = Item(self.product.id, self.footprint(), 0.0, 0.0, turn, self.category)
        wanted = standing(probe, x, z)
        return self._came_to(self.empty.put(wanted), "", wanted)

    def near(self, place: str = "") -> Answer:
        """Find a good place, near something or before the visitor."""
        shape = self.footprint()
        outcome = self.empty.place(self.product.id, shape, place, category=self.category)
        return self._came_to(outcome, place)

    def told(self, sentence: str, lang: str = "") -> Answer:
        """Do what a sentence says, as in a visit where the product is shown first."""
        visit = Visit(self._catalog, self._scene)
        updates = visit.handle(Command(action="show", target=self.product.id, id="show"))
        if self.product.id not in visit.state.things:
            answer = self.near()
            return replace(answer, report={**answer.report, "heard": sentence})
        shown = visit.state
        updates = visit.handle(Utterance(text=sentence, lang=lang, id="said"))
        placed = visit.state.things[self.product.id]
        shop = Shopfloor.of(self._catalog, self._scene)
        floor = shop.mover(self.viewer).floor(visit.state, shop.furniture(visit.state))
        before = self.product.numbers
        refit = {
            name: {"from": before[name], "to": value}
            for name, value in placed.look.values.items()
            if name in before and abs(value - before[name]) > 1e-6
        }
        said = {u.lang: u.text for u in updates if isinstance(u, Reply)}
        answer = self._stands(floor.get(self.product.id))
        extra: Report = {"heard": sentence, "as_asked": visit.state != shown, "says": said}
        extra |= {"refit": refit} if refit else {}
        return replace(answer, report={**answer.report, **extra})

    def picture(self, answer: Answer, path: Path) -> None:
        """Write the plan of an answer as PNG; whole or not at all."""
        name = self.product.name.get("en", self.product.id)
        says = answer.report.get("says", {})
        captions = [name, *(str(says[lang]) for lang in ("en", "zh") if says.get(lang))]
        floor, item = self.empty, answer.item
        if item is not None:
            floor = replace(floor, items={item.id: item})
        shown = item.id if item is not None else ""
        image = draw_plan(floor, shown, captions=captions, wanted=answer.wanted)
        partial = path.with_name(path.name + ".part")
        image.save(partial, "PNG")
        partial.replace(path)

    def _came_to(self, outcome: Outcome, near: str, wanted: Item | None = None) -> Answer:
        if outcome.item is None:
            nowhere = self._nowhere(outcome.blocked or Blocked("room"), outcome.offer, near)
            return replace(nowhere, wanted=wanted)
        answer = self._stands(outcome.item)
        if outcome.complete or outcome.blocked is None:
            return answer
        extra: Report = {
            "as_asked": False,
            "blocked": _plain(outcome.blocked),
            "says": self._says(outcome.blocked, outcome.offer),
        }
        return Answer({**answer.report, **extra}, answer.item, wanted)

    def _stands(self, item: Item) -> Answer:
        x, z = item.middle
        floor = replace(self.empty, items={item.id: item})
        gaps = floor.gaps(item)
        clearance = rules()["clearance"]
        report = self._head(item.footprint) | {
            "fits": True,
            "as_asked": True,
            "at": {"x": _mm(x), "z": _mm(z), "turn": round(math.degrees(item.yaw), 2)},
            "free_cm": {side: math.floor(room * 1000) / 10 for side, (room, _) in gaps.items()},
            "next_to": {side: by.name or by.by for side, (_, by) in gaps.items()},
            "clearance_cm": {
                "wanted": 100 * float(clearance.get(item.category, clearance["default"])),
                "free": math.floor(gaps["front"][0] * 1000) / 10,
            },
        }
        return Answer(report, item)

    def _nowhere(self, blocked: Blocked, offer: Footprint | None, near: str) -> Answer:
        report = self._head(self.footprint()) | {
            "fits": False,
            "as_asked": False,
            "blocked": _plain(blocked),
            "says": self._says(blocked, offer),
        }
        if offer is None:
            return Answer(report)
        report["offer"] = {n: _mm(getattr(offer, n)) for n in ("width", "depth", "height")}
        refit, placed = self._smaller(blocked, near)
        report["offer"] |= refit
        return Answer(report, placed)

    def _smaller(self, blocked: Blocked, near: str) -> tuple[Report, Item | None]:
        """The product made as small as the room asks, within the sizes in which it is made."""
        name = blocked.dimension
        spec = next((p for p in self.product.family.parameters if p.name == name), None)
        if spec is None:
            return {"made": False}, None
        # A hair shorter than what would just fit, so that it does.
        value = self.product.numbers[name] - blocked.lack - 0.001
        if value < spec.minimum:
            return {"made": False, "least": {name: spec.minimum}}, None
        product = self.product.refit({name: value})
        shape = Footprint.of(product.mesh.vertices)
        found = self.empty.fits(shape, near, category=self.category)
        return {"made": found.fits, "refit": {name: _mm(value)}}, found.item

    def _says(self, blocked: Blocked, offer: Footprint | None) -> dict[str, str]:
        names = {o.name: {"en": f"the {o.name}", "zh": o.name} for o in self.room.obstacles}
        names.pop("obstacle", None)
        return shortage(blocked, offer, names)

    def _head(self, shape: Footprint) -> Report:
        return {
            "product": self.product.id,
            "size": {n: _mm(getattr(shape, n)) for n in ("width", "depth", "height")},
            "room": {"area": round(self.room.area, 2), "height": self.room.height},
        }


def run_place(
    product: Path,
    room: str,
    *,
    say: str | None = None,
    lang: str = "",
    spot: tuple[float, float, float] | None = None,
    near: str = "",
    fit_check: bool = False,
    out: Path | None = None,
) -> int:
    """The verb ``place``: print the answer as JSON, write it and the plan to ``out``.

    Args:
        room: a room file, or the name of a scene.
        spot: x, z and turn (radians) where it shall stand.

    Returns:
        0 if it fits, 1 if it does not.
    """
    known = room in scene_names()
    placing = Placing(load_product(product), load_scene(room if known else Path(room)))
    if fit_check:
        answer = placing.fits(near)
    elif spot is not None:
        answer = placing.at(*spot)
    elif say is not None:
        answer = placing.told(say, lang)
    else:
        answer = placing.near(near)
    text = json.dumps(answer.report, ensure_ascii=False, indent=1)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "placement.json").write_text(text + "\n", encoding="utf-8")
        placing.picture(answer, out / "plan.png")
    return 0 if answer.report["fits"] else 1


def _plain(blocked: Blocked) -> Report:
    return {
        "by": blocked.name or blocked.by,
        "dimension": blocked.dimension,
        "lack_cm": math.ceil(abs(blocked.lack) * 1000 - 1e-6) / 10,
    }


def _mm(metres: float) -> float:
    return round(metres, 3)
