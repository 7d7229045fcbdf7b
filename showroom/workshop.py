"""The verbs of artists and shops: photos to products, previews, sentences, training, scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from reconstruction.pipeline import Reconstruction

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


class WorkshopError(Exception):
    """A verb cannot do what was asked; the message names the remedy."""


def run_reconstruct(
    photos: Sequence[Path],
    out: Path,
    *,
    category: str | None,
    declared: Mapping[str, float],
    size: str | None,
    corrections: Sequence[str],
    explain: bool,
) -> int:
    """Reconstruct photos and folders of photos, one after the other.

    Prints one line of JSON per photo on standard output: the product, or the error. A product's
    folder gets its GLB, its JSON and the contact sheet.

    Returns:
        0 if every photo became a product, 1 otherwise.
    """
    from tqdm import tqdm

    from reconstruction.errors import ReconstructionError
    from reconstruction.photo import read_photo
    from reconstruction.pipeline import Request, reconstruct

    request = Request(
        category=category,
        declared=dict(declared),
        size=size,
        corrections=dict(_correction(text) for text in corrections),
    )
    failures = 0
    paths = list(_expand(photos))
    if not paths:
        raise WorkshopError(f"no photos in {', '.join(map(str, photos))}")
    with tqdm(paths, unit="photo", disable=len(paths) == 1) as bar:
        for path in bar:
            bar.set_postfix_str(path.name, refresh=True)
            try:
                made = reconstruct(read_photo(path), request)
                folder = _save(made, out)
            except ReconstructionError as error:
                failures += 1
                line = {"photo": str(path), "error": error.code, "message": error.message}
                line |= {"field": error.field, "expected": error.expected, "got": error.got}
            else:
                line = _line(path, folder, made, explain=explain)
            tqdm.write(json.dumps(line, ensure_ascii=False))
    return 1 if failures else 0


def _expand(photos: Sequence[Path]) -> Iterator[Path]:
    for path in photos:
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)
        else:
            yield path


def _correction(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        if not equals:
            raise ValueError
        return name.strip(), float(value)
    except ValueError:
        raise WorkshopError(
            f"--set takes NAME=VALUE in metres, radians or a ratio, got {text!r}"
        ) from None


def _save(made: Reconstruction, out: Path) -> Path:
    from PIL import Image

    from reconstruction.contact_sheet import contact_sheet
    from reconstruction.product_io import save_product

    folder = save_product(made.product, out / made.product.id, lods=True)
    sheet = contact_sheet(made.photo.rgb, made.mask, made.rerender, made.product)
    Image.fromarray(sheet).save(folder / "sheet.png")
    return folder


def _line(path: Path, folder: Path, made: Reconstruction, *, explain: bool) -> dict[str, Any]:
    product = made.product
    line: dict[str, Any] = {
        "photo": str(path),
        "product": str(folder),
        "family": product.family.name,
        "confidence": round(product.confidence, 3),
        "mask_iou": round(product.photo.mask_iou, 3) if product.photo else None,
        "size_m": [round(s, 3) for s in product.mesh.size],
        "warnings": list(product.warnings),
        "seconds": {k: round(s, 2) for k, s in made.seconds.items()},
    }
    if explain:
        line["saw"] = made.explain()
        line["values"] = {
            name: {"value": round(e.value, 4), "low": round(e.low, 4), "high": round(e.high, 4)}
            | {"source": e.source, "confidence": round(e.confidence, 2)}
            for name, e in product.values.items()
        }
        line["choices"] = dict(product.choices)
    return line


def run_preview(product: Path, out: Path, *, compare: Path | None) -> int:
    """Pictures of a product folder or a GLB file, without a window."""
    from showroom.stage.preview import preview

    for path in preview(product, out, compare=compare):
        print(path)
    return 0


def run_intent(lines: TextIO, out: TextIO, *, lang: str) -> int:
    """Understand one sentence per line; a line may be JSON with text, lang and context."""
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
            except (ValueError, KeyError, TypeError) as error:
                raise WorkshopError(
                    f"line {number}: expected JSON with text, lang and context, got {error!r}"
                ) from error
        heard = interpreter.understand(text, spoken, context).heard(f"line-{number}")
        out.write(msgspec.json.encode(heard).decode() + "\n")
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
        from showroom.voice.train import train

        print(train())
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


def run_evaluate(out: Path, *, photos: Path | None, cutouts: Sequence[Path], count: int) -> int:
    """Score the shipped networks; writes a table and prints it."""
    from reconstruction.networks.evaluation import evaluate_reconstruction

    out.mkdir(parents=True, exist_ok=True)
    path = out / "evaluation.json"
    evaluate_reconstruction(path, photos=photos, cutouts=cutouts, count=count)
    print(path.with_suffix(".md").read_text(encoding="utf-8"))
    return 0
