"""The command line: all verbs together, and what happens when one fails.

Each verb imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys

from . import __version__
from .verbs import GROUPS
from .verbs.verb import Runner, add_scene
from .verbs.visit import walk_in

EPILOG = """examples:
  showroom --scene apartment                    walk into another scene than the store
  showroom demo --out out                       the whole path in under three minutes
  showroom reconstruct chair.jpg --height 0.86  one photo to a product folder
  showroom reconstruct shop.csv --jobs 4        a whole shop, resumable
  showroom correct out/products/chair --set height=0.9
  showroom preview out/chair --out turntable    pictures of a product
  showroom fit assets/products/tshirt --body height=1.70,waist=0.82 --size best
  showroom serve --catalog out/products         let Unity, Unreal and web clients in
  echo 'sleeves 3 cm longer' | showroom intent  how a sentence is understood
  showroom ask 'can I wash it?' --product tshirt  an answer and its source
  showroom doctor                               what this machine has and lacks
"""

_USUAL = "reconstruct,stage"
_EXTRAS = {"jwt": "serve", "cryptography": "serve"}
"""The extra of packages that are not in the usual ones."""


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
            f"install it with: pip install 'showroom[{_EXTRAS.get(error.name or '', _USUAL)}]'",
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
    add_scene(parser, default="store")
    parser.set_defaults(
        run=walk_in, catalog=None, seconds=None, quality=None, mixed=False, lang="en"
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for group in GROUPS:
        for add in group.ADDS:
            add(verbs)
    return parser
