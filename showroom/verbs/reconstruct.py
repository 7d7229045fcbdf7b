"""Verbs about photos to products."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb


def _add_reconstruct(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "reconstruct",
        "Turn photos into re-fittable products. Prints one line of JSON per product; a photo that "
        "cannot be used is named with its reason and the others go on.",
        _reconstruct,
    )
    parser.add_argument(
        "photos", type=Path, nargs="*", metavar="PHOTO", help="photos, folders, or a shop's CSV"
    )
    parser.add_argument("--out", type=Path, default=Path("out/products"), help="where products go")
    parser.add_argument("--category", help="what it is, if you know: t-shirt, dress, chair …")
    more = parser.add_argument_group("several photos of one product, or a depth scan")
    more.add_argument("--front", type=Path, metavar="PHOTO", help="a garment from the front")
    more.add_argument("--back", type=Path, metavar="PHOTO", help="the same from behind")
    more.add_argument(
        "--views", type=Path, nargs="+", default=[], metavar="PHOTO", help="2 to 8 views of one"
    )
    more.add_argument(
        "--scan", type=Path, metavar="PATH", help="a folder of RGB-D frames, or a PLY, PCD or XYZ"
    )
    size = parser.add_argument_group("true size; any one of these sets the scale")
    size.add_argument("--height", metavar="M", help="true height in metres, or with a unit: 86cm")
    size.add_argument("--width", metavar="M", help="true width")
    size.add_argument("--depth", metavar="M", help="true depth")
    size.add_argument("--seat-height", metavar="M", help="true height of the seat")
    size.add_argument(
        "--declare",
        action="append",
        default=[],
        metavar="NAME=M",
        help="the true value of any parameter: --declare sleeve_length=0.6",
    )
    size.add_argument("--size", metavar="LABEL", help="the garment's size label (S, M, L …)")
    size.add_argument("--chart", type=Path, metavar="FILE", help="the shop's size chart, CSV/TOML")
    size.add_argument(
        "--reference", metavar="OBJECT", help="in the photo: card, a4, a5, letter, coin:eur1 …"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="corrections",
        help="correct a parameter by hand, in its unit: --set sleeve_length=0.24",
    )
    parser.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="NAME=OPTION",
        help="set a choice by hand: --choose back=slats",
    )
    parser.add_argument("--quick", action="store_true", help="lay the proposal on, do not refine")
    parser.add_argument(
        "--allow-freeform", action="store_true", help="build what no family can as free-form"
    )
    other = parser.add_argument_group("another reconstructor, for one product")
    other.add_argument(
        "--reconstructor",
        default="resnet",
        metavar="NAME",
        help="hunyuan3d, triposr, or one of an installed package",
    )
    other.add_argument("--server", metavar="URL", help="of hunyuan3d (http://127.0.0.1:8081)")
    other.add_argument(
        "--remote", action="store_true", help="the server may be on another machine: the photo goes"
    )
    parser.add_argument("--jobs", type=int, default=0, help="processes (as many as fit)")
    parser.add_argument("--force", action="store_true", help="make again what is there already")
    parser.add_argument(
        "--explain", action="store_true", help="also write and print what the network saw"
    )


def _reconstruct(options: argparse.Namespace) -> int:
    from ..workshop.making import Wishes, WorkshopError, run_reconstruct

    names = ("height", "width", "depth", "seat_height")
    declared = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    for text in options.declare:
        name, _, value = text.partition("=")
        declared[name.strip()] = value
    if options.back is not None and options.front is None:
        raise WorkshopError("--back goes with --front")
    views = [p for p in (options.front, options.back) if p is not None] + options.views
    if options.reconstructor != "resnet":
        from ..workshop.files import run_reconstructor

        return run_reconstructor(
            options.reconstructor,
            [*options.photos, *views],
            options.out,
            category=options.category,
            declared=declared,
            server=options.server,
            remote=options.remote,
        )
    wishes = Wishes(
        category=options.category,
        declared=declared,
        size=options.size,
        chart=options.chart,
        reference=options.reference,
        corrections=options.corrections,
        choices=options.choose,
        views=views,
        scan=options.scan,
        quick=options.quick,
        freeform=options.allow_freeform,
        jobs=options.jobs,
        force=options.force,
        explain=options.explain,
    )
    return run_reconstruct(options.photos, options.out, wishes)


def _add_correct(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "correct",
        "Correct a finished product by hand and go on from there. Give the photo again to have "
        "it textured anew.",
        _correct,
    )
    parser.add_argument("product", type=Path, help="a product's folder")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="corrections",
        help="a parameter's new value, in its unit: --set leg_height=0.4",
    )
    parser.add_argument(
        "--choose", action="append", default=[], metavar="NAME=OPTION", help="an option: back=slats"
    )
    parser.add_argument("--photo", type=Path, nargs="+", default=[], help="its photo, or photos")
    parser.add_argument("--out", type=Path, help="another folder to write (the product's own)")


def _correct(options: argparse.Namespace) -> int:
    from ..workshop.making import run_correct

    return run_correct(
        options.product,
        values=options.corrections,
        choices=options.choose,
        photos=options.photo,
        out=options.out,
    )


ADDS = (
    _add_reconstruct,
    _add_correct,
)
"""What adds each verb of this module to the command line."""
