"""Where the parts are wired together: a catalogue, visits behind a channel, and a stage."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .requirements import ROOT

if TYPE_CHECKING:
    from reconstruction.product import Product

    from .catalog.products import Catalog
    from .channel.ears import HearingOffer
    from .channel.errands import ErrandSettings
    from .channel.host import Host
    from .channel.server import Server
    from .channel.settings import ServerSettings
    from .channel.studio import Work
    from .hearing.shop import Hearing
    from .stage.settings import Quality
    from .stage.stage import Stage
    from .visit import Visit
    from .visit.desk import Desk
    from .voice import Interpreter

ASSETS = ROOT / "assets"
SHIPPED_PRODUCTS = ASSETS / "products"
SHIPPED_PHOTOS = {
    "garment": ASSETS / "photos" / "tshirt.jpg",
    "furniture": ASSETS / "photos" / "chair.jpg",
}
SHIPPED_MOTION = ASSETS / "motion" / "stroll.jsonl"
SHIPPED_SCRIPT = ASSETS / "demo" / "visit.toml"


class AppError(Exception):
    """The showroom cannot open; the message names the remedy."""


@dataclass(frozen=True, eq=False)
class Showroom:
    """An open showroom: its visits and the port they are reached by."""

    host: Host
    server: Server


def open_catalog(folder: Path | None) -> Catalog:
    """The products of a folder, or the shipped ones; damaged ones are named and left out.

    Raises:
        AppError: there is no usable product in it.
    """
    from .catalog.products import Catalog

    place = SHIPPED_PRODUCTS if folder is None else folder
    catalog = Catalog.open(place)
    for problem in catalog.problems:
        print(f"showroom: left out: {problem}", file=sys.stderr)
    if not len(catalog):
        raise AppError(
            f"no products in {place}; make some with: showroom reconstruct PHOTO --out {place}"
        )
    return catalog


@dataclass(frozen=True)
class Helpers:
    """Who may help a visit from outside; see :mod:`showroom.channel.errands`.

    Attributes:
        people: open questions can be passed on to a person.
        model: unclear sentences can be put to a model.
        wording: it words product answers, too.
    """

    people: bool = False
    model: bool = False
    wording: bool = False

    @staticmethod
    def of(settings: ErrandSettings) -> Helpers:
        """The helpers that errands can reach."""
        return Helpers(bool(settings.hand_over), bool(settings.model), settings.wording)


def make_visit(
    folder: Path | None,
    scene: str | Path,
    *,
    vertices: bool = False,
    helpers: Helpers | None = None,
) -> Visit:
    """A new visit to the products of ``folder``; importable by a worker process."""
    from .visit import Visit

    shared = stock(folder, helpers or Helpers())
    return Visit(
        shared.catalog,
        scene,
        interpreter=shared.interpreter,
        desk=shared.desk,
        vertices=vertices,
    )


@dataclass(frozen=True, eq=False)
class Stock:
    """What visits share: the products, who knows their names, who answers questions."""

    catalog: Catalog
    interpreter: Interpreter
    desk: Desk


@cache
def stock(folder: Path | None, helpers: Helpers = Helpers()) -> Stock:
    """The products of a folder and who speaks of them, read once in each process."""
    from .visit.desk import Desk
    from .visit.visit import interpreter_for

    catalog = open_catalog(folder)
    desk = Desk(catalog, people=helpers.people, model=helpers.model, wording=helpers.wording)
    return Stock(catalog, interpreter_for(catalog), desk)


def make_interpreter(folder: Path | None) -> Interpreter:
    """Who understands sentences about the products of ``folder``."""
    return stock(folder).interpreter


def make_hearing(folder: Path | None, *, engine: str = "", weights: Path | None = None) -> Hearing:
    """Who hears commands about the products of ``folder``; importable by a worker process.

    Raises:
        HearingError: something that hears is missing.
    """
    from .hearing.grammar import Stocked
    from .hearing.shop import complete_for, open_hearing

    shared = stock(folder)
    catalog, interpreter = shared.catalog, shared.interpreter
    stocked = [Stocked(e.product.family.name, tuple(e.product.name.values())) for e in catalog]
    return open_hearing(stocked, complete_for(interpreter), engine=engine, weights=weights)


def hearing_offer(
    folder: Path | None, *, engine: str = "", weights: Path | None = None
) -> HearingOffer | None:
    """What a server can hear here; None where nothing is installed that hears.

    Raises:
        HearingError: an engine was asked for that cannot be opened.
    """
    from .channel.ears import HearingOffer
    from .hearing.shop import heard_languages
    from .hearing.speech import can_speak

    languages = heard_languages(engine, weights)
    if not languages:
        return None
    make = partial(make_hearing, folder, engine=engine, weights=weights)
    return HearingOffer(make, languages, can_speak())


def photo_work() -> Work | None:
    """What a server makes of visitors' photos; None where the networks' torch is not installed."""
    from importlib.util import find_spec

    from .channel.photos import work_on_photo

    return work_on_photo if find_spec("torch") else None


@contextmanager
def open_showroom(
    folder: Path | None,
    *,
    scene: str | Path,
    port: int,
    settings: ServerSettings | None = None,
) -> Iterator[Showroom]:
    """The showroom on a loopback port (0: any free one) until the block ends.

    The visits live in processes of their own, so that their fitting holds up neither the channel
    nor one another.

    Args:
        settings: others than a server's usual ones; the port stays ``port``.
    """
    from .channel.pool import VisitPool
    from .channel.run import ServerThread, settle
    from .channel.settings import ServerSettings

    prepare = partial(prepare_visits, folder, scene)
    host = VisitPool(partial(make_visit, folder, scene), prepare=prepare)
    try:
        with ServerThread(replace(settings or ServerSettings(), port=port), host) as server:
            settle()
            yield Showroom(host, server)
    finally:
        host.stop()


def prepare_visits(folder: Path | None, scene: str | Path, helpers: Helpers = Helpers()) -> None:
    """Read the products and live through a short visit, so that the next finds all at hand.

    Importable by a worker process, where everything that this reads and compiles stays.
    """
    from .protocol.mesh_delta import warm_up as warm_up_frames
    from .protocol.quantise import warm_up as warm_up_avatars

    warm_up_frames()
    warm_up_avatars()
    visit = make_visit(folder, scene, helpers=helpers)
    kinds = {entry.product.kind: entry.id for entry in stock(folder, helpers).catalog}
    _live_through(visit, kinds.get("garment", ""), kinds.get("furniture", ""))


def warm_up() -> None:
    """Compile what a visit needs, into the cache on disk, by living through a short one."""
    from .catalog.products import Catalog
    from .visit import Visit

    visit = Visit(Catalog([plain_product("t_shirt"), plain_product("chair")]))
    _live_through(visit, "t_shirt", "chair")


def _live_through(visit: Visit, garment: str, furniture: str) -> None:
    """A short visit with a garment and a piece of furniture; what there is not is refused."""
    from .protocol.messages import Body, Command, Hello, Pose, Utterance

    head = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
    hand = (0.25, 1.0, -0.2, 0.0, 0.0, 0.0, 1.0)
    for event in (
        Hello(want=("vertices",)),
        Body(height=1.7, tape={"waist": 0.8}),
        Command(action="try_on", target=garment),
        Command(action="place", target=furniture),
        Pose(time=0.0, head=head, left=hand, right=hand),
        Pose(time=0.1, head=head, left=hand),
        Command(action="adjust_fit", target=garment, part="sleeve", delta=0.01),
        Command(action="move", target=furniture, direction="left", delta=0.1),
        Command(action="scale", target=furniture, factor=1.02),
        Pose(time=0.2, head=head, left=hand, right=hand),
        Utterance(id="en", text="make it 2 cm longer"),
        Utterance(id="zh", text="袖子加长两厘米", lang="zh"),
        Utterance(id="asked", text="what is it made of?"),
    ):
        visit.handle(event)


def plain_product(family_name: str) -> Product:
    """A family's ordinary member in one plain colour, under its family's name."""
    from reconstruction.families import get_family
    from reconstruction.product import Estimate, Material, Product

    family = get_family(family_name)
    values = {p.name: p.default for p in family.parameters}
    choices = {c.name: c.default for c in family.choices}
    mesh = family.build(values, choices)
    return Product(
        id=family_name,
        name=family.label,
        family=family,
        values={n: Estimate(v, v, v, 1.0, "prior") for n, v in values.items()},
        choices=choices,
        mesh=mesh,
        materials={slot: Material(base_color=(0.3, 0.3, 0.35, 1.0)) for slot in mesh.part_material},
    )


def serve(
    *,
    catalog: Path | None,
    scene: str | Path,
    settings: ServerSettings,
    engine: str = "",
    weights: Path | None = None,
    errands: ErrandSettings | None = None,
    record: Path | None = None,
    with_body: bool = False,
    force: bool = False,
) -> int:
    """Open the channel until SIGTERM or Ctrl-C, with visits in a process of their own.

    Args:
        settings: of :func:`showroom.channel.config.settings_of`.
        record: a file to write the visits' events to, and with ``with_body`` their bodies and
            the answers; with ``force`` in place of one that is there already.
        errands: where questions for a person and for a model go; nowhere by default.
        engine, weights: an optional recogniser and its folder of weights.

    Raises:
        HearingError: that recogniser cannot be opened.
        ChannelError: the port is taken, or an address beyond loopback lacks TLS and a token.
        TakeError: the recording cannot be written, or is there already.
    """
    from .channel.errands import Errands, ErrandSettings
    from .channel.pool import VisitPool
    from .channel.run import run_server
    from .channel.take import Recorder

    products = open_catalog(catalog)
    hearing = hearing_offer(catalog, engine=engine, weights=weights)
    outside = errands or ErrandSettings()
    recorder = Recorder(record, bodies=with_body, force=force) if record else None
    helpers = Helpers.of(outside)
    visits = VisitPool(
        partial(make_visit, catalog, scene, helpers=helpers),
        Errands(outside),
        recorder,
        prepare=partial(prepare_visits, catalog, scene, helpers),
    )
    try:
        run_server(
            settings,
            visits,
            lambda server: print(
                f"showroom: {len(products)} products in {scene_id(scene)} on {server.url}; "
                "Ctrl-C ends it",
                flush=True,
            ),
            hearing=hearing,
            work=photo_work(),
        )
    finally:
        visits.stop()
        if recorder is not None:
            recorder.close()
    if recorder is not None:
        told = f"{recorder.turns} turns recorded in {record}" if recorder.turns else "no turns came"
        print(f"showroom: {told}", flush=True)
        if recorder.problem:
            print(f"showroom: the recording is cut short: {recorder.problem}", file=sys.stderr)
            return 1
    return 0


def has_display() -> bool:
    """Whether a window can open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def walk_in(
    *,
    catalog: Path | None,
    scene: str | Path,
    seconds: float | None,
    quality: Quality | None = None,
    mixed: bool = False,
    lang: str = "en",
) -> int:
    """Walk through a scene in a headset, else in a window, else write a picture of it.

    Args:
        quality: of what is drawn; what suits the graphics hardware if it is None.
        mixed: show products in the visitor's own surroundings, where the headset can.
        seconds: leave by itself after this long; None stays until the visitor leaves.
        lang: of replies, captions and menus.

    Raises:
        AppError: there are no products.
        StageError: OpenGL or the headset cannot be opened.
    """
    from .local_visit import LocalVisit
    from .microphone import open_microphone
    from .protocol.messages import Hello
    from .stage.openxr import RuntimeInfo, probe
    from .stage.settings import StageSettings
    from .stage.stage import Stage

    made = make_visit(catalog, scene, vertices=True)
    found = probe()
    runtime = found if isinstance(found, RuntimeInfo) and found.usable else None
    if runtime is None and isinstance(found, RuntimeInfo) and found.headset:
        print(f"showroom: {found.name} takes no OpenGL that can open here", file=sys.stderr)
    windowed = runtime is None and has_display()
    settings = StageSettings(display="window" if windowed else "headless")
    settings = settings.at_quality(quality or "medium")
    if runtime is not None or windowed:
        settings = replace(settings.live(), fitting=quality is None)
    if runtime is not None:
        from .stage.headset import Headset, headset_settings

        settings = headset_settings(settings, runtime)
    visit = LocalVisit(lambda: made)
    stage = Stage(settings, visit.assets.__getitem__)
    if isinstance(scene, Path):
        stage.scenes[scene_id(scene)] = scene
    stage.watch = True
    stay = math.inf if seconds is None else seconds
    microphone, deaf = (
        (None, "") if runtime is None and not windowed else open_microphone(hearing_offer(catalog))
    )
    if deaf:
        print(f"showroom: {deaf}", file=sys.stderr)
    try:
        if runtime is not None:
            headset = Headset(stage, visit, lang=lang, microphone=microphone, mixed=mixed)
            headset.guest.enter("headset/1")
            print(f"showroom: in the headset, {runtime.headset}; a thumbstick walks", flush=True)
            cut = headset.run(stay)
            if cut:
                print(f"showroom: {cut}", file=sys.stderr)
        elif windowed:
            from .stage.window import Desktop

            desktop = Desktop(stage, visit, lang=lang, microphone=microphone)
            desktop.guest.enter("desktop/1")
            print("showroom: WASD walks, the mouse points and grabs, T types a sentence, Esc ends")
            desktop.run(stay)
        else:
            visit(Hello(client="desktop/1", lang=lang, want=("vertices",)))
            for update in visit.settle():
                stage.apply(update)
            _write_view(stage, scene, Path("out") / f"{scene_id(scene)}.png")
    finally:
        if microphone is not None:
            microphone.close()
        visit.settle()
        stage.close()
    return 0


def scene_id(scene: str | Path) -> str:
    """What a scene is called on the wire: its name, or its file's."""
    return scene.stem if isinstance(scene, Path) else scene


def _write_view(stage: Stage, scene: str | Path, path: Path) -> None:
    """The scene from its entrance as a picture, and what to do for more."""
    from PIL import Image

    from .catalog.scene import load_scene

    spawn = load_scene(scene).spawn
    x, y, z = spawn.position
    turn = (0.0, math.sin(spawn.yaw / 2), 0.0, math.cos(spawn.yaw / 2))
    stage.look_from((x, y + 1.6, z, *turn))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stage.render()).save(path)
    print(
        f"showroom: no display and no headset here, so the {path.stem} was drawn to {path}.\n"
        "For a whole visit without a screen: showroom demo; for other devices: showroom serve"
    )
