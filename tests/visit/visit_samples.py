"""A small catalogue of real families for the visit's tests."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

from reconstruction.families import get_family
from reconstruction.family import complete
from reconstruction.product import Estimate, Material, Product, graded_sizes
from showroom.catalog.products import Catalog
from showroom.protocol.messages import (
    AssetReady,
    AvatarPose,
    Body,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    ProductChanged,
    Reply,
    Update,
    Utterance,
)
from showroom.visit import Visit
from showroom.visit.desk import Desk
from showroom.visit.visit import interpreter_for

BODY = Body(height=1.68, gender="female", tape={"bust": 0.92, "waist": 0.74, "hip": 0.99}, id="b")
BROWN, GREY = (0.4, 0.25, 0.1), (0.4, 0.4, 0.4)


def product(key: str, family: str, en: str, zh: str, color: tuple[float, float, float]) -> Product:
    made = get_family(family)
    values, choices = complete(made, {}, {})
    mesh = made.build(values, choices)
    garment = made.kind == "garment"
    return Product(
        id=key,
        name={"en": en, "zh": zh},
        family=made,
        values={name: Estimate(v, v, v, 1.0, "photo") for name, v in values.items()},
        choices=choices,
        mesh=mesh,
        materials={slot: Material(base_color=(*color, 1.0)) for slot in set(mesh.part_material)},
        sizes=graded_sizes(made, values, ("S", "M", "L"), "M") if garment else {},
        size="M" if garment else "",
    )


@cache
def catalog() -> Catalog:
    return Catalog(
        [
            product("tee-1", "t_shirt", "grey T-shirt", "灰色T恤", GREY),
            product("skirt-1", "skirt", "brown skirt", "棕色半裙", BROWN),
            product("chair-1", "chair", "oak chair", "橡木椅", BROWN),
            product("table-1", "table", "oak table", "橡木桌", BROWN),
        ]
    )


@cache
def _interpreter():
    return interpreter_for(catalog())


@cache
def _desk():
    return Desk(catalog())


def new_visit(**options) -> Visit:
    return Visit(catalog(), interpreter=_interpreter(), desk=_desk(), **options)


def dressed_visit() -> Visit:
    """A visitor of 1.68 m who wears the T-shirt; copied, since draping takes its time."""
    shared = {id(thing): thing for thing in (catalog(), _interpreter())}
    return deepcopy(_dressed(), shared)


@cache
def _dressed() -> Visit:
    visit = new_visit()
    visit.handle(Hello(lang="en"))
    visit.handle(BODY)
    worn = visit.handle(Command(action="try_on", target="tee-1", id="on"))
    assert isinstance(worn[-1], Done)
    return visit


class Talk:
    """Says things to a visit and keeps what came back."""

    def __init__(self, visit: Visit, lang: str = "") -> None:
        self.visit = visit
        self.lang = lang
        self.count = 0

    def say(self, text: str) -> Answer:
        self.count += 1
        key = f"u{self.count}"
        return Answer(key, self.visit.handle(Utterance(id=key, text=text, lang=self.lang)))


class Answer:
    """The updates to one event, sorted out."""

    def __init__(self, ref: str, updates: list[Update]) -> None:
        self.updates = updates
        ends = [u for u in updates if isinstance(u, Done | ErrorUpdate)]
        assert len(ends) == 1, "one end to every answer"
        assert ends[0] is updates[-1]
        assert ends[0].ref == ref

    def of(self, kind):
        return [u for u in self.updates if isinstance(u, kind)]

    @property
    def text(self) -> str:
        return " ".join(reply.text for reply in self.of(Reply))

    @property
    def changes(self) -> dict[str, tuple[float, float]]:
        return {
            change.name: (change.old, change.new)
            for update in self.of(ProductChanged)
            for change in update.changes
        }

    @property
    def step(self) -> dict[str, float]:
        return {name: round(new - old, 6) for name, (old, new) in self.changes.items()}

    @property
    def assets(self) -> set[str]:
        return {asset.hash for asset in self.of(AssetReady)}

    @property
    def frames(self) -> list[MeshFrame]:
        return self.of(MeshFrame)

    @property
    def poses(self) -> list[AvatarPose]:
        return self.of(AvatarPose)
