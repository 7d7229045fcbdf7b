"""The main job, unattended: photos to products, a visitor who moves and speaks, pictures."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..app import SHIPPED_MOTION, SHIPPED_PHOTOS, SHIPPED_SCRIPT, open_showroom
from ..requirements import ROOT

if TYPE_CHECKING:
    from reconstruction.intake.photo import Photo
    from reconstruction.product import Product

SCENE = "store"
FILM_RATE = 12.0
FILM_SIZE = (640, 448)
VISITOR_SECONDS = 150.0


class DemoError(Exception):
    """The demo cannot go on; the message says what is missing and what to do."""


class Stopwatch:
    """Seconds per stage of the demo, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.started = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block and add it under ``name``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    @property
    def total(self) -> float:
        return time.perf_counter() - self.started


def run_demo(out: Path, photos: list[Path] | None = None, motion: Path | None = None) -> int:
    """Go the whole path and write everything into ``out``.

    Args:
        out: made if it is missing; files of an earlier run are replaced.
        photos: of a garment and of a piece of furniture, in any order; the shipped photo stands
            in for the kind that is not given.
        motion: a recorded headset stream; the shipped one if None.

    Returns:
        0 when every sentence was answered, 1 otherwise.

    Raises:
        ReconstructionError: a photo cannot be used; says why.
        DemoError: the visitor could not finish; says where it stopped.
    """
    watch = Stopwatch()
    given = _read(photos or [])
    out.mkdir(parents=True, exist_ok=True)
    with _warming() as warm:
        products = _reconstruct(out, given, watch)
        with watch.stage("wait for compilation"):
            warm.wait(timeout=VISITOR_SECONDS)
    visit, recorder = _visit(out, products, motion or SHIPPED_MOTION, watch)
    moments = _draw(out, recorder, watch)
    report = _report(products, visit, moments, watch)
    path = out / "report.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    print(_summary(out, report))
    return 0 if all(s["answered"] for s in report["sentences"]) else 1


def _read(paths: Sequence[Path]) -> list[Photo]:
    """The photos given, refused before anything long begins."""
    from reconstruction.intake.photo import read_photo

    return [read_photo(path) for path in paths]


@contextmanager
def _warming() -> Iterator[subprocess.Popen[bytes]]:
    """Compile the visit's kernels in another process; the first time takes long."""
    command = [sys.executable, "-c", "from showroom.app import warm_up; warm_up()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def _reconstruct(out: Path, given: list[Photo], watch: Stopwatch) -> dict[str, Product]:
    """One product of each kind, from the photos given or the shipped ones."""
    from tqdm import tqdm

    with watch.stage("import the reconstructor"):
        from PIL import Image

        from reconstruction.contact_sheet import contact_sheet
        from reconstruction.intake.photo import read_photo
        from reconstruction.pipeline import STEPS, reconstruct
        from reconstruction.product_io import save_product

    products: dict[str, Product] = {}
    queue = list(given)
    while queue or len(products) < len(SHIPPED_PHOTOS):
        if queue:
            photo = queue.pop(0)
        else:
            missing = (path for kind, path in SHIPPED_PHOTOS.items() if kind not in products)
            photo = read_photo(next(missing))
        with (
            watch.stage(f"reconstruct {photo.name}"),
            tqdm(total=len(STEPS), desc=f"{photo.name:<24.24}", unit="step") as bar,
        ):
            made = reconstruct(photo, progress=partial(_advance, bar))
        product = made.product
        if product.kind in products:
            raise DemoError(
                f"{photo.name} is a second {product.kind} ({product.category}); "
                "give one garment and one piece of furniture"
            )
        products[product.kind] = product
        save_product(product, out / "products" / product.id)
        sheet = contact_sheet(photo.rgb, made.mask, made.rerender, product)
        Image.fromarray(sheet).save(out / f"reconstruction-{product.id}.png")
    return products


def _advance(bar: Any, step: str) -> None:
    bar.set_postfix_str(step, refresh=False)
    bar.update()


def _visit(
    out: Path, products: dict[str, Product], motion: Path, watch: Stopwatch
) -> tuple[dict[str, Any], Any]:
    """Open the showroom on loopback and let a visitor in another process walk through it."""
    from tqdm import tqdm

    with watch.stage("import the showroom"):
        from .storyboard import Recorder

    recorder = Recorder(FILM_RATE)
    script = _script(products)
    with (
        tempfile.TemporaryDirectory() as folder,
        watch.stage("visit"),
        open_showroom(out / "products", scene=SCENE, port=0) as showroom,
    ):
        showroom.host.subscribe(recorder)
        script_path = Path(folder) / "visit.toml"
        script_path.write_text(script, encoding="utf-8")
        command = [sys.executable, "-m", "showroom.rehearsal.visitor", showroom.server.url]
        command += ["--motion", str(motion), "--script", str(script_path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        with (
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
            ) as visitor,
            tqdm(desc=f"{'visitor':<24}", unit="s", bar_format="{desc} {elapsed}") as bar,
        ):
            deadline = time.monotonic() + VISITOR_SECONDS
            while True:
                try:
                    output, errors = visitor.communicate(timeout=0.5)
                    break
                except subprocess.TimeoutExpired:
                    bar.update()
                    if time.monotonic() > deadline:
                        visitor.kill()
                        raise DemoError(
                            f"the visitor did not finish in {VISITOR_SECONDS:.0f} s; "
                            "close other programs and try again"
                        ) from None
        if visitor.returncode:
            last = errors.strip().splitlines()[-1:] or ["no word"]
            raise DemoError(f"the visitor stopped: {last[0]}")
    return json.loads(output), recorder


def _script(products: dict[str, Product]) -> str:
    """The shipped script, with the commands that put this demo's products into the visit."""
    text = SHIPPED_SCRIPT.read_text(encoding="utf-8")
    garment, chair = products["garment"].id, products["furniture"].id
    return (
        f'{text}\n[[before]]\naction = "try_on"\ntarget = "{garment}"\n'
        f'\n[[before]]\naction = "place"\ntarget = "{chair}"\n'
    )


def _draw(out: Path, recorder: Any, watch: Stopwatch) -> list[Any]:
    """Play the recorded visit on the stage: pictures and the film."""
    from tqdm import tqdm

    with watch.stage("open the stage"):
        from ..stage.film import Film
        from ..stage.settings import StageSettings
        from ..stage.stage import Stage
        from .storyboard import Storyboard

        width, height = FILM_SIZE
        settings = StageSettings(width=width, height=height).at_quality("medium")
        stage = Stage(settings, assets=recorder.assets.__getitem__)
    updates = recorder.finish()
    board = Storyboard(stage, out / "refits", FILM_RATE)
    with (
        watch.stage("draw pictures and film"),
        tqdm(total=len(updates), desc=f"{'pictures and film':<24}", unit="update") as bar,
        Film(out / "visit.mp4", FILM_SIZE, FILM_RATE) as film,
    ):
        board.play(updates, film.add, bar.update)
    stage.close()
    _sheet(out / "refits.png", board.moments)
    return board.moments


def _sheet(path: Path, moments: list[Any]) -> None:
    """All befores and afters in one picture."""
    from PIL import Image

    from reconstruction.contact_sheet import tile

    cells = [
        [(f"{m.ref} before", m.pictures[0]), (f"{m.ref} after: {_numbers(m)}", m.pictures[1])]
        for m in moments
        if m.pictures
    ]
    rows = [
        [*cells[i], *cells[i + 1]] if cells[i + 1 :] else cells[i] for i in range(0, len(cells), 2)
    ]
    if rows:
        width, height = FILM_SIZE
        Image.fromarray(tile(rows, 400, round(400 * height / width))).save(path)


def _numbers(moment: Any) -> str:
    return ", ".join(f"{c.name} {c.old:.3f} > {c.new:.3f} {c.unit}" for c in moment.changes[:3])


def _report(
    products: dict[str, Product], visit: dict[str, Any], moments: list[Any], watch: Stopwatch
) -> dict[str, Any]:
    pictures = {m.ref: m for m in moments}
    sentences = []
    for said in visit["sentences"]:
        moment = pictures.get(said["id"])
        sentences.append(
            {
                "text": said["text"],
                "lang": said["lang"],
                "intent": said["intent"],
                "confidence": round(said["confidence"], 3),
                "reply": " ".join(said["replies"]),
                "answered": bool(said["replies"]) and not said["errors"],
                "errors": said["errors"],
                "seconds": round(said["delay"], 3),
                "changes": [_change_text(c) for c in said["changes"]],
                "numbers": said["changes"],
                "before": moment.before.name if moment and moment.before else None,
                "after": moment.after.name if moment and moment.after else None,
            }
        )
    return {
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
        },
        "seconds": {name: round(s, 2) for name, s in watch.seconds.items()},
        "seconds_total": round(watch.total, 1),
        "products": [
            {
                "id": p.id,
                "family": p.family.name,
                "confidence": round(p.confidence, 3),
                "mask_iou": round(p.photo.mask_iou, 3) if p.photo else None,
                "warnings": list(p.warnings),
                "size_m": [round(s, 3) for s in p.mesh.size],
                "values": {n: round(e.value, 4) for n, e in p.values.items()},
            }
            for p in products.values()
        ],
        "visit": {k: v for k, v in visit.items() if k != "sentences"},
        "sentences": sentences,
    }


def _change_text(change: dict[str, Any]) -> str:
    if "delta" in change:
        return f"{change['parameter']} {change['delta']:+.3f} {change['unit']}"
    return " ".join(f"{k} {v}" for k, v in change.items() if k != "product")


def _summary(out: Path, report: dict[str, Any]) -> str:
    lines = [f"\nDone in {report['seconds_total']:.0f} s. Look into {out}:"]
    lines.append("  visit.mp4                the visitor moving and speaking")
    lines.append("  refits.png, refits/      before and after each sentence")
    lines.append("  reconstruction-*.png     photo, mask, re-render, turntable")
    lines.append("  products/*/product.glb   the products, for any glTF program")
    lines.append("  report.json              times and numbers\n")
    for s in report["sentences"]:
        mark = "  " if s["answered"] else "! "
        change = ", ".join(s["changes"]) or "; ".join(s["errors"]) or "no change"
        lines.append(f"{mark}“{s['text']}”  →  {change}")
    return "\n".join(lines)
