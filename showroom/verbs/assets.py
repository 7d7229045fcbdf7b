"""Verbs about finished products: brought in, coloured, exported, checked, looked at."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb


def _add_import(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "import",
        "Make a product of another artist's mesh. Reads GLB, glTF, OBJ, PLY and STL.",
        _import,
    )
    parser.add_argument("file", type=Path, help="the mesh, Y up")
    parser.add_argument("--out", type=Path, default=Path("out/products"), help="where products go")
    parser.add_argument("--category", default="furniture", help="what it is: lamp, vase, chair …")
    parser.add_argument("--height", type=float, metavar="M", help="true height in metres")
    parser.add_argument("--width", type=float, metavar="M", help="true width in metres")
    parser.add_argument("--depth", type=float, metavar="M", help="true depth in metres")
    parser.add_argument("--triangles", type=int, metavar="N", help="collapse it to about so many")
    parser.add_argument("--name", help="what to call it")
    parser.add_argument(
        "--refit", action="store_true", help="make it a re-fittable member of its family"
    )


def _import(options: argparse.Namespace) -> int:
    from ..workshop.files import run_import

    declared = {n: getattr(options, n) for n in ("height", "width", "depth")}
    return run_import(
        options.file,
        options.out,
        category=options.category,
        declared={n: v for n, v in declared.items() if v is not None},
        triangles=options.triangles,
        name=options.name,
        refit=options.refit,
    )


def _add_colorways(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "colorways",
        "Add colourways to a product. They are KHR_materials_variants in its GLB.",
        _colorways,
    )
    parser.add_argument("product", type=Path, help="a product folder")
    parser.add_argument("colors", nargs="+", metavar="COLOR", help="navy grey 红色 …")


def _colorways(options: argparse.Namespace) -> int:
    from ..workshop.files import run_colorways

    return run_colorways(options.product, options.colors)


def _add_export(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "export",
        "Write a product as one file: GLB, a compact GLB, USDZ for phones' AR, or OBJ.",
        _export,
    )
    parser.add_argument("product", type=Path, help="a product folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--format",
        choices=["glb", "glb-compact", "glb-meshopt", "usdz", "obj"],
        help="by the ending if left out",
    )
    parser.add_argument(
        "--meshopt",
        action="store_const",
        const="glb-meshopt",
        dest="format",
        help="the smallest GLB: EXT_meshopt_compression",
    )
    parser.add_argument("--texture", type=int, metavar="PX", help="longest side of a texture")
    parser.add_argument(
        "--variants", nargs="+", default=[], metavar="COLOR", help="with these colourways"
    )


def _export(options: argparse.Namespace) -> int:
    from ..workshop.files import run_export

    return run_export(
        options.product,
        options.out,
        format=options.format,
        texture=options.texture,
        colors=options.variants,
    )


def _add_check(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "check",
        "Check a GLB or a product against the Khronos 3D Commerce asset guidelines.",
        _check,
    )
    parser.add_argument("file", type=Path, help="a .glb file or a product folder")
    parser.add_argument("--json", action="store_true", help="one line of JSON per finding")


def _check(options: argparse.Namespace) -> int:
    from ..workshop.files import run_check

    return run_check(options.file, as_json=options.json)


def _add_preview(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "preview",
        "Look at a product or any mesh file: turntable, wireframe, UV, normals, texture channels, "
        "measurements. In a window; with --out, or without a display, as pictures and a film.",
        _preview,
    )
    parser.add_argument("product", type=Path, help="a product folder, GLB, glTF, OBJ, PLY or STL")
    parser.add_argument(
        "--out", type=Path, help="a .png, a .mp4 or .gif, or a folder for sheet and turntable"
    )
    parser.add_argument("--compare", type=Path, metavar="PHOTO", help="put this photo beside it")
    parser.add_argument("--mode", default="", help="shaded, wireframe, measures, uv, normals, ...")
    parser.add_argument("--variant", default="", metavar="NAME", help="a colourway of the file")
    parser.add_argument("--azimuth", type=float, default=30.0, help="seen from, degrees from front")
    parser.add_argument("--light", type=float, default=0.0, help="turns the studio, degrees")


def _preview(options: argparse.Namespace) -> int:
    from ..workshop.making import run_preview

    return run_preview(
        options.product,
        options.out,
        compare=options.compare,
        mode=options.mode,
        variant=options.variant,
        azimuth=options.azimuth,
        light=options.light,
    )


ADDS = (
    _add_import,
    _add_colorways,
    _add_export,
    _add_check,
    _add_preview,
)
"""What adds each verb of this module to the command line."""
