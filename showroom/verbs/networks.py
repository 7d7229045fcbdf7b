"""Verbs about training data, training, fine-tuning and evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb


def _add_data(verbs: Verbs) -> None:
    parser = verb(verbs, "data", "Make training data. Renders it from the families.", _data)
    parser.add_argument(
        "what",
        choices=["render", "studio"],
        help="render: a folder to train from; studio: the photos that the project ships",
    )
    parser.add_argument("--out", type=Path, default=Path("out/data"), help="folder to write")
    parser.add_argument("--count", type=int, default=20_000, help="how many products (20000)")
    parser.add_argument("--photos", type=Path, help="real photos whose cloth dresses garments")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")


def _data(options: argparse.Namespace) -> int:
    from ..workshop.making import run_data, run_studio

    if options.what == "studio":
        return run_studio(options.out)
    return run_data(options.out, count=options.count, seed=options.seed, photos=options.photos)


def _add_train(verbs: Verbs) -> None:
    parser = verb(
        verbs, "train", "Train a network of ours; resumes from its last checkpoint.", _train
    )
    parser.add_argument(
        "what",
        choices=[
            "recognition",
            "segmentation",
            "reconstruction",
            "body",
            "person",
            "intents",
            "reader",
            "conversations",
            "hearing",
            "confidence",
            "card",
        ],
        help="a network; confidence: how sure products are of themselves; card: the model cards",
    )
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder of checkpoints")
    parser.add_argument(
        "--data",
        type=Path,
        help="folder that `data render` wrote (else drawn); intents, reader: of other sentences",
    )
    parser.add_argument(
        "--photos", type=Path, help="folder of labelled real photos, one sub-folder per class"
    )
    parser.add_argument(
        "--from",
        type=Path,
        dest="start",
        metavar="WEIGHTS",
        help="start from these weights; families that they do not know start afresh",
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to train (30)")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")
    parser.add_argument(
        "--count",
        type=int,
        help="body: drawn people; confidence: drawn members of each family (12)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        help="confidence: processes (2); body: processes that draw people (all cores but one)",
    )


def _train(options: argparse.Namespace) -> int:
    from ..workshop.making import run_calibrate, run_card, run_train

    if options.what == "card":
        return run_card()
    if options.what == "confidence":
        return run_calibrate(options.out, count=options.count or 12, jobs=options.jobs or 2)
    if options.what in ("body", "person"):
        from ..counter.bodies import run_train_body

        return run_train_body(
            options.what,
            options.out,
            photos=options.photos,
            start=options.start,
            count=options.count,
            minutes=options.minutes,
            seed=options.seed,
            jobs=options.jobs,
        )
    return run_train(
        options.what,
        options.out,
        data=options.data,
        photos=options.photos,
        start=options.start,
        minutes=options.minutes,
        seed=options.seed,
    )


def _add_finetune(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "finetune",
        "Teach the reconstruction network a shop's own products, from product folders and from "
        "photos with a category and declared sizes. A part is held back; weights that answer it "
        "no better, or ordinary products worse, are not kept.",
        _finetune,
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="SHOP",
        help="product folders, a CSV (photo, category, height, width, depth) or photos by class",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/finetune"), help="folder of the run")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to learn (10)")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")
    parser.add_argument(
        "--install", action="store_true", help="let better weights replace the installed ones"
    )


def _finetune(options: argparse.Namespace) -> int:
    from ..workshop.making import run_finetune

    return run_finetune(
        options.data,
        options.out,
        minutes=options.minutes,
        seed=options.seed,
        install=options.install,
    )


def _add_evaluate(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "evaluate",
        "Score the way from photos to products on what no training saw: drawn members before a "
        "ray tracer, artists' furniture, real photos, masks, files, seconds, memory. Writes a "
        "table with intervals and the worst cases; a cancelled run goes on.",
        _evaluate,
    )
    parser.add_argument("what", choices=["reconstruction", "body"])
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of test data (without: rendered alone)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="GROUP",
        help="some of: drawn artists photos classes cutouts masks empty speed",
    )
    parser.add_argument("--count", type=int, help="drawn members of each family")
    parser.add_argument("--seed", type=int, help="of the drawn members (the held-out ones)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--quick", action="store_true", help="a look at everything, five minutes")
    parser.add_argument("--out", type=Path, default=Path("out/evaluation"), help="folder to write")


def _evaluate(options: argparse.Namespace) -> int:
    if options.what == "body":
        from ..counter.bodies import run_evaluate_body

        return run_evaluate_body(options.out, count=options.count)
    from ..workshop.making import run_evaluate

    return run_evaluate(
        options.out,
        data=options.data,
        only=options.only,
        count=options.count,
        seed=options.seed,
        jobs=options.jobs,
        quick=options.quick,
    )


ADDS = (
    _add_data,
    _add_train,
    _add_finetune,
    _add_evaluate,
)
"""What adds each verb of this module to the command line."""
