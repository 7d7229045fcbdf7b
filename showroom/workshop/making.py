"""The verbs of artists and shops: photos to products, previews, sentences, training, scores."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from reconstruction.intake.request import Request

    from .orders import Order, Refused


OUTSIDE_DATA = Path("../shared/data")
SENTENCES = Path("tests/voice")
"""Where outside data lies unless ``--data`` names another folder."""


class WorkshopError(Exception):
    """A verb cannot do what was asked; the message names the remedy."""


@dataclass(frozen=True)
class Wishes:
    """What ``showroom reconstruct`` was asked, as it was written.

    Attributes:
        declared: true dimensions, ``NAME -> "0.86"`` or ``"86cm"``.
        corrections, choices: ``NAME=VALUE`` each.
        views: photos of one product; the first is the front.
        jobs: processes; 0 for as many as there are cores and memory for.
    """

    category: str | None = None
    declared: Mapping[str, str] | None = None
    size: str | None = None
    chart: Path | None = None
    reference: str | None = None
    corrections: Sequence[str] = ()
    choices: Sequence[str] = ()
    views: Sequence[Path] = ()
    scan: Path | None = None
    quick: bool = False
    freeform: bool = False
    jobs: int = 0
    force: bool = False
    explain: bool = False


def run_reconstruct(photos: Sequence[Path], out: Path, wishes: Wishes) -> int:
    """Reconstruct photos, folders of photos and shops' tables, in parallel.

    Prints one line of JSON per product on standard output: the product, or the error. A product's
    folder gets its GLB, its JSON and the contact sheet; a batch an overview of all sheets. What
    was made before from the same photos and wishes is left alone.

    Returns:
        0 if every order became a product, 1 otherwise.
    """
    from tqdm import tqdm

    from .batch import carry_out, overview
    from .orders import order_of_views, orders_of

    request = _request(wishes)
    if wishes.scan is not None:
        from .scans import run_scan

        return run_scan(wishes.scan, out, request)
    orders: list[Order | Refused] = []
    if wishes.views:
        orders.append(order_of_views(wishes.views, request))
    orders += orders_of(photos, request)
    if not orders:
        raise WorkshopError(f"no photos in {', '.join(map(str, photos)) or 'what was given'}")
    lines = []
    many = len(orders) > 1
    force = wishes.force or not many
    steps = carry_out(orders, out, jobs=wishes.jobs, explain=wishes.explain, force=force)
    with tqdm(total=len(orders), unit="product", disable=not many) as bar:
        for line in steps:
            lines.append(line)
            bar.set_postfix_str(str(line.get("id", line["where"]))[-30:], refresh=False)
            bar.update()
            trace = line.pop("trace", None)
            if trace:
                tqdm.write(trace, file=sys.stderr)
            tqdm.write(json.dumps(line, ensure_ascii=False))
    if many:
        for path in overview(sorted(lines, key=lambda ln: str(ln["where"])), out):
            print(path, file=sys.stderr)
    return 1 if any("error" in line for line in lines) else 0


def _request(wishes: Wishes) -> Request:
    from reconstruction.intake.request import Request
    from reconstruction.intake.size_chart import read_chart

    from .orders import metres

    return Request(
        category=wishes.category,
        declared={n: metres(v, f"declared.{n}") for n, v in (wishes.declared or {}).items()},
        size=wishes.size,
        chart=read_chart(wishes.chart) if wishes.chart else None,
        reference=wishes.reference,
        corrections=_numbers(wishes.corrections),
        choices=dict(_pair(text, "--choose") for text in wishes.choices),
        quick=wishes.quick,
        freeform=wishes.freeform,
    )


def run_correct(
    product: Path,
    *,
    values: Sequence[str],
    choices: Sequence[str],
    photos: Sequence[Path],
    out: Path | None,
) -> int:
    """Set parameters and choices of a finished product by hand, and write it again."""
    from reconstruction.contact_sheet import corrected_sheet
    from reconstruction.correct import correct
    from reconstruction.intake.photo import read_photo
    from reconstruction.product_io import load_product, save_product

    from .batch import SHEET_NAME, png, save

    before = load_product(product)
    after, made = correct(
        before,
        _numbers(values),
        dict(_pair(text, "--choose") for text in choices),
        [read_photo(p) for p in photos],
    )
    target = out or product
    if made is not None:
        folder = save(made, target)
    else:
        beside = {SHEET_NAME: png(corrected_sheet(before, after))}
        folder = save_product(after, target, beside=beside, lods=True)
    line: dict[str, Any] = {
        "product": str(folder),
        "family": after.family.name,
        "size_m": [round(s, 3) for s in after.mesh.size],
        "changed": {
            n: {"from": round(before.numbers[n], 4), "to": round(v, 4)}
            for n, v in after.numbers.items()
            if v != before.numbers.get(n)
        },
        "choices": dict(after.choices),
        "warnings": list(after.warnings),
    }
    print(json.dumps(line, ensure_ascii=False))
    return 0


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise WorkshopError(f"{option} takes NAME=VALUE, got {text!r}")
    return name.strip(), value.strip()


def _numbers(texts: Sequence[str]) -> dict[str, float]:
    out = {}
    for text in texts:
        name, value = _pair(text, "--set")
        try:
            out[name] = float(value)
        except ValueError:
            raise WorkshopError(
                f"--set takes NAME=VALUE in metres, radians or a ratio, got {text!r}"
            ) from None
    return out


def run_preview(
    product: Path,
    out: Path | None,
    *,
    compare: Path | None,
    mode: str = "",
    variant: str = "",
    azimuth: float = 30.0,
    light: float = 0.0,
) -> int:
    """Look at a product folder or a mesh file: in a window, or as files; angles in degrees."""
    import math

    from showroom.app import has_display
    from showroom.stage.preview import Shot, preview

    shot = Shot(mode, variant, math.radians(azimuth), math.radians(light))
    if out is None and has_display():
        from showroom.stage.easel import show_window

        show_window(product, compare, shot)
        return 0
    if out is None:
        out = Path("out/preview")
        print(f"showroom: no display here, so pictures are written to {out}", file=sys.stderr)
    for path in preview(product, out, compare=compare, shot=shot):
        print(path)
    return 0


def run_intent(lines: TextIO, out: TextIO, *, lang: str, explain: bool = False) -> int:
    """Understand one sentence per line; a line may be JSON with text, lang and context.

    Args:
        explain: add each phrase with its words' meanings and its likeliest intents, and what the
            second reader has against the whole.
    """
    import msgspec

    from showroom.voice import Context, Interpreter

    interpreter = Interpreter()
    for number, line in enumerate(lines, 1):
        text, context, spoken = line.strip("\r\n"), None, lang
        if text.lstrip().startswith("{"):
            try:
                document = json.loads(text)
                context = Context.from_dict(document.get("context", {}))
                text, spoken = str(document["text"]), str(document.get("lang", lang))
            except (ValueError, KeyError) as error:
                raise WorkshopError(
                    f"line {number}: expected JSON with text, lang and context, got {error!r}"
                ) from error
        understood = interpreter.understand(text, spoken, context)
        said = msgspec.to_builtins(understood.heard(f"line-{number}"))
        if explain:
            said["explain"] = interpreter.explain(text, context)
            said["second"] = understood.second
        out.write(json.dumps(said, ensure_ascii=False) + "\n")
        out.flush()
    return 0


def run_data(out: Path, *, count: int, seed: int, photos: Path | None) -> int:
    """Draw training data into a folder; what is there already is kept."""
    from reconstruction.data.consensus import load_or_read
    from reconstruction.data.render import render_data

    real = load_or_read(photos, out / "photos.npz") if photos is not None else None
    print(render_data(out, count, seed=seed, photos=real))
    return 0


def run_studio(out: Path) -> int:
    """Render the photos that the project ships, with another renderer than training's."""
    from reconstruction.data.studio import write_studio_photos

    write_studio_photos(out)
    print(out)
    return 0


def run_train(
    what: str,
    out: Path,
    *,
    data: Path | None,
    photos: Path | None,
    start: Path | None,
    minutes: float,
    seed: int,
) -> int:
    """Train a network; goes on where a run in ``out`` stopped, and prints where its weights are."""
    if what == "intents":
        from showroom.voice.model import load_model
        from showroom.voice.train import train

        try:
            paths = train(
                data=data or OUTSIDE_DATA, sentences=SENTENCES, model=load_model(), seed=seed
            )
            print(*paths, sep="\n")
        except FileNotFoundError as error:
            print(f"showroom train intents: {error}; name the folder with --data", file=sys.stderr)
            return 2
        return 0
    if what == "reader":
        from showroom.voice.reader_train import train as train_reader

        outside = data or OUTSIDE_DATA
        there = outside if outside.is_dir() else None
        print(train_reader(data=there, sentences=SENTENCES, minutes=minutes, seed=seed))
        return 0
    if what == "conversations":
        from showroom.voice.ranking_train import train as train_ranking

        try:
            print(train_ranking(sentences=SENTENCES, seed=seed))
        except FileNotFoundError as error:
            print(f"showroom train conversations: {error}", file=sys.stderr)
            return 2
        return 0
    if what == "hearing":
        from showroom.hearing.train import development_clips, read_clips, train_suppressor

        clips = development_clips(seed) if data is None else read_clips(data)
        train_suppressor(clips, minutes, seed=seed)
        return 0
    from reconstruction.networks.training import TrainSettings

    command = f"showroom train {what}"
    given = (("data", data), ("photos", photos), ("from", start))
    command += "".join(f" --{name} {path.name}" for name, path in given if path)
    command += f" --minutes {minutes:g} --seed {seed}"
    settings = TrainSettings(minutes=minutes, seed=seed)
    weights = out / f"{what}.safetensors"
    if what == "segmentation":
        from reconstruction.networks import train_segmentation as masks

        sprites = data / "sprites.npz" if data else None
        masks.train_segmentation(
            weights,
            out,
            masks.recipe(settings),
            photos=photos,
            sprites=sprites,
            start=start,
            command=command,
        )
    elif what == "recognition":
        from reconstruction.networks import train_recognition as kinds

        if data is None or photos is None:
            raise WorkshopError(
                "recognition learns from real photos and drawn products: give --photos (a folder "
                "with one sub-folder per class) and --data (made by `showroom data render`)"
            )
        kinds.train_recognition(
            weights,
            out,
            kinds.recipe(settings),
            bank=data / "bank",
            photos=photos,
            start=start,
            command=command,
        )
    else:
        from reconstruction.networks import train_reconstruction as products

        products.train_reconstruction(
            weights,
            out,
            products.recipe(settings),
            photos=photos,
            bank=data / "bank" if data else None,
            start=start,
            command=command,
        )
    print(weights)
    return 0


def run_calibrate(out: Path, *, count: int, jobs: int) -> int:
    """Calibrate how sure products are of themselves; prints how well it tells right from wrong."""
    from reconstruction.evaluation.calibrate import calibrate

    command = f"showroom train confidence --count {count}"
    for view, figures in calibrate(out, count=count, jobs=jobs, command=command).items():
        print(view, json.dumps({k: round(v, 3) for k, v in figures.items()}))
    print(out / "confidence.json")
    return 0


def run_card() -> int:
    """Write what the shipped weights' headers say into the model cards."""
    from reconstruction.networks.card import write_cards
    from showroom.fit.silhouette.reader import WEIGHTS

    for path in (*write_cards(), *write_cards(WEIGHTS.parent)):
        print(path)
    return 0


def run_finetune(data: Path, out: Path, *, minutes: float, seed: int, install: bool) -> int:
    """Fine-tune on a shop; prints scores before and after, and where better weights are.

    Returns:
        0 if the weights became better, 1 if they were not kept.
    """
    import shutil

    from reconstruction.networks.finetune import RATE, finetune
    from reconstruction.networks.inference import WEIGHTS
    from reconstruction.networks.training import TrainSettings

    settings = TrainSettings(minutes=minutes, seed=seed, rate=RATE, batch=32, average=0.99)
    command = f"showroom finetune --data {data.name} --minutes {minutes:g} --seed {seed}"
    done = finetune(data, out, settings, command=command)
    for text in done.skipped:
        print(f"left out: {text}")
    for name, before in done.before.items():
        print(json.dumps({"held back": name, "before": before, "after": done.after[name]}))
    if not done.kept:
        print("the weights became no better and were not kept; try more data or more minutes")
        return 1
    weights = out / WEIGHTS.name
    print(weights)
    if install:
        fresh = WEIGHTS.with_suffix(".partial")
        shutil.copyfile(weights, fresh)
        fresh.replace(WEIGHTS)
        print(f"installed; the evaluation's figures are those of other weights now: {WEIGHTS}")
    return 0


def run_evaluate(
    out: Path,
    *,
    data: Path | None,
    only: Sequence[str],
    count: int | None,
    seed: int | None,
    jobs: int,
    quick: bool,
) -> int:
    """Score the way from photos to products; writes a table and prints it."""
    from reconstruction.evaluation.run import evaluate

    report = evaluate(out, data=data, only=only, count=count, seed=seed, jobs=jobs, quick=quick)
    print(report.markdown())
    return 0
