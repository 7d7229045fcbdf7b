"""The command line: every verb, its options and its help; nothing heavy is imported here.

Each verb imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from . import __version__

Runner = Callable[[argparse.Namespace], int]

EPILOG = """examples:
  showroom demo --out out                       the whole path in under three minutes
  showroom reconstruct chair.jpg --height 0.86  one photo to a product folder
  showroom reconstruct shop.csv --jobs 4        a whole shop, resumable
  showroom correct out/products/chair --set height=0.9
  showroom preview out/chair --out turntable    pictures of a product
  showroom serve --catalog out/products         let Unity, Unreal and web clients in
  echo 'sleeves 3 cm longer' | showroom intent  how a sentence is understood
  showroom doctor                               what this machine has and lacks
"""


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run its verb.

    Returns:
        The exit status: 0 done, 1 the work failed with a sentence, 2 wrong usage, 130 cancelled.
    """
    parser = _parser()
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    run: Runner = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        print("showroom: cancelled; nothing half-written was kept", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        print(
            f"showroom: the package {error.name} is missing; "
            "install it with: pip install 'showroom[reconstruct,stage]'",
            file=sys.stderr,
        )
        return 1
    except Exception as error:
        if not _is_expected(error):
            raise
        print(f"showroom: {error}", file=sys.stderr)
        return 1


def _is_expected(error: Exception) -> bool:
    """Whether an exception is one of the project's own, whose text is for the user."""
    return any(
        kind.__module__.split(".")[0] in ("showroom", "reconstruction")
        for kind in type(error).__mro__
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="showroom",
        description="One product photo in; a product you can wear, walk around and re-fit by "
        "voice, out. Without a verb: walk in, with a headset or in a window.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"showroom {__version__}")
    parser.set_defaults(run=_walk_in, catalog=None, scene="store", seconds=None)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for add in (
        _add_demo,
        _add_reconstruct,
        _add_import,
        _add_colorways,
        _add_export,
        _add_check,
        _add_correct,
        _add_preview,
        _add_walk,
        _add_serve,
        _add_intent,
        _add_doctor,
        _add_bench,
        _add_data,
        _add_train,
        _add_finetune,
        _add_evaluate,
    ):
        add(verbs)
    return parser


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, run: Runner
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        name, help=text[0].lower() + text[1:].split(". ")[0].rstrip("."), description=text
    )
    parser.set_defaults(run=run)
    return parser


def _add_demo(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "demo",
        "Go the whole path unattended: photos to products, a visitor who walks and speaks, films. "
        "Writes the GLBs, a picture before and after each re-fit, a film and report.json.",
        _demo,
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder to write (out)")
    parser.add_argument(
        "--photo",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="your own photos of one garment and one piece of furniture (else the shipped ones)",
    )
    parser.add_argument(
        "--motion", type=Path, metavar="FILE", help="a recorded headset stream (else the shipped)"
    )


def _add_reconstruct(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
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


def _add_correct(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
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


def _add_import(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
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


def _add_colorways(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "colorways",
        "Add colourways to a product. They are KHR_materials_variants in its GLB.",
        _colorways,
    )
    parser.add_argument("product", type=Path, help="a product folder")
    parser.add_argument("colors", nargs="+", metavar="COLOR", help="navy grey 红色 …")


def _add_export(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "export",
        "Write a product as one file: GLB, a compact GLB, USDZ for phones' AR, or OBJ.",
        _export,
    )
    parser.add_argument("product", type=Path, help="a product folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--format", choices=["glb", "glb-compact", "usdz", "obj"], help="by the ending if left out"
    )
    parser.add_argument("--texture", type=int, metavar="PX", help="longest side of a texture")
    parser.add_argument(
        "--variants", nargs="+", default=[], metavar="COLOR", help="with these colourways"
    )


def _add_check(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "check",
        "Check a GLB or a product against the Khronos 3D Commerce asset guidelines.",
        _check,
    )
    parser.add_argument("file", type=Path, help="a .glb file or a product folder")
    parser.add_argument("--json", action="store_true", help="one line of JSON per finding")


def _add_preview(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "preview",
        "Look at a product or any GLB: turntable, wireframe, UV, normals and measurements.",
        _preview,
    )
    parser.add_argument("product", type=Path, help="a product folder or a .glb file")
    parser.add_argument("--out", type=Path, default=Path("out/preview"), help="folder to write")
    parser.add_argument("--compare", type=Path, metavar="PHOTO", help="put this photo beside it")


def _add_walk(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "walk",
        "Walk in: a headset where a runtime offers one, else a window. The same as no verb.",
        _walk_in,
    )
    parser.add_argument("--catalog", type=Path, help="a folder of products")
    parser.add_argument("--scene", default="store", help="a scene of scenes/ (store)")
    parser.add_argument("--seconds", type=float, help="leave by itself after this long")


def _add_serve(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "serve",
        "Open the websocket channel for Unity, Unreal and web clients. Listens on loopback; "
        "other addresses need --certificate, --key and --token.",
        _serve,
    )
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    parser.add_argument("--scene", default="store", help="a scene of scenes/ (store)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on (8765)")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="TLS certificate chain")
    parser.add_argument("--key", type=Path, metavar="PEM", help="TLS private key")
    parser.add_argument(
        "--token", type=Path, metavar="FILE", help="file with the token that clients must send"
    )
    parser.add_argument(
        "--insecure", action="store_true", help="allow other addresses without TLS and token"
    )


def _add_intent(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "intent",
        "Understand sentences: reads lines of text, or of JSON with text, lang and context, from "
        "standard input and writes one line of JSON for each.",
        _intent,
    )
    parser.add_argument("--lang", default="", help="language hint: en or zh")


def _add_doctor(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "doctor", "Say what this machine has and what each lack means.", _doctor)
    parser.add_argument("--port", type=int, default=8765, help="the port to look at (8765)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_bench(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "bench",
        "Measure: seconds per photo, ms per re-fit frame, messages per second, start-up. "
        "Each is given as a ratio to a baseline measured in the same run.",
        _bench,
    )
    parser.add_argument("--out", type=Path, help="also write the table here, as JSON")


def _add_data(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "data", "Make training data. Renders it from the families.", _data)
    parser.add_argument(
        "what",
        choices=["render", "studio"],
        help="render: a folder to train from; studio: the photos that the project ships",
    )
    parser.add_argument("--out", type=Path, default=Path("out/data"), help="folder to write")
    parser.add_argument("--count", type=int, default=20_000, help="how many products (20000)")
    parser.add_argument("--photos", type=Path, help="real photos whose cloth dresses garments")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")


def _add_train(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "train", "Train a network of ours; resumes from its last checkpoint.", _train
    )
    parser.add_argument(
        "what",
        choices=["recognition", "segmentation", "reconstruction", "intents", "confidence", "card"],
        help="a network; confidence: how sure products are of themselves; card: the model cards",
    )
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder of checkpoints")
    parser.add_argument("--data", type=Path, help="folder that `data render` wrote (else drawn)")
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
        "--count", type=int, default=12, help="confidence: drawn members of each family (12)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="confidence: processes (2)")


def _add_finetune(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
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


def _add_evaluate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "evaluate",
        "Score the way from photos to products on what no training saw: drawn members before a "
        "ray tracer, artists' furniture, real photos, masks, files, seconds, memory. Writes a "
        "table with intervals and the worst cases; a cancelled run goes on.",
        _evaluate,
    )
    parser.add_argument("what", choices=["reconstruction"])
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


def _demo(options: argparse.Namespace) -> int:
    from .demo import run_demo

    return run_demo(options.out, photos=options.photo, motion=options.motion)


def _reconstruct(options: argparse.Namespace) -> int:
    from .workshop import Wishes, WorkshopError, run_reconstruct

    names = ("height", "width", "depth", "seat_height")
    declared = {n: getattr(options, n) for n in names if getattr(options, n) is not None}
    for text in options.declare:
        name, _, value = text.partition("=")
        declared[name.strip()] = value
    if options.back is not None and options.front is None:
        raise WorkshopError("--back goes with --front")
    views = [p for p in (options.front, options.back) if p is not None] + options.views
    if options.reconstructor != "resnet":
        from .assets_desk import run_reconstructor

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


def _correct(options: argparse.Namespace) -> int:
    from .workshop import run_correct

    return run_correct(
        options.product,
        values=options.corrections,
        choices=options.choose,
        photos=options.photo,
        out=options.out,
    )


def _import(options: argparse.Namespace) -> int:
    from .assets_desk import run_import

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


def _colorways(options: argparse.Namespace) -> int:
    from .assets_desk import run_colorways

    return run_colorways(options.product, options.colors)


def _export(options: argparse.Namespace) -> int:
    from .assets_desk import run_export

    return run_export(
        options.product,
        options.out,
        format=options.format,
        texture=options.texture,
        colors=options.variants,
    )


def _check(options: argparse.Namespace) -> int:
    from .assets_desk import run_check

    return run_check(options.file, as_json=options.json)


def _preview(options: argparse.Namespace) -> int:
    from .workshop import run_preview

    return run_preview(options.product, options.out, compare=options.compare)


def _walk_in(options: argparse.Namespace) -> int:
    from .app import walk_in

    return walk_in(catalog=options.catalog, scene=options.scene, seconds=options.seconds)


def _serve(options: argparse.Namespace) -> int:
    from .app import serve

    return serve(
        catalog=options.catalog,
        scene=options.scene,
        host=options.host,
        port=options.port,
        certificate=options.certificate,
        key=options.key,
        token=options.token,
        insecure=options.insecure,
    )


def _intent(options: argparse.Namespace) -> int:
    from .workshop import run_intent

    return run_intent(sys.stdin, sys.stdout, lang=options.lang)


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine, report

    findings = examine(options.port)
    print(report(findings, as_json=options.json))
    return 1 if any(f.status == "fail" for f in findings) else 0


def _bench(options: argparse.Namespace) -> int:
    from .bench import run_bench

    return run_bench(options.out)


def _data(options: argparse.Namespace) -> int:
    from .workshop import run_data, run_studio

    if options.what == "studio":
        return run_studio(options.out)
    return run_data(options.out, count=options.count, seed=options.seed, photos=options.photos)


def _train(options: argparse.Namespace) -> int:
    from .workshop import run_calibrate, run_card, run_train

    if options.what == "card":
        return run_card()
    if options.what == "confidence":
        return run_calibrate(options.out, count=options.count, jobs=options.jobs)
    return run_train(
        options.what,
        options.out,
        data=options.data,
        photos=options.photos,
        start=options.start,
        minutes=options.minutes,
        seed=options.seed,
    )


def _finetune(options: argparse.Namespace) -> int:
    from .workshop import run_finetune

    return run_finetune(
        options.data,
        options.out,
        minutes=options.minutes,
        seed=options.seed,
        install=options.install,
    )


def _evaluate(options: argparse.Namespace) -> int:
    from .workshop import run_evaluate

    return run_evaluate(
        options.out,
        data=options.data,
        only=options.only,
        count=options.count,
        seed=options.seed,
        jobs=options.jobs,
        quick=options.quick,
    )
