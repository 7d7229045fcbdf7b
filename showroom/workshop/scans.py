"""Depth scans to products, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconstruction.intake.request import Request


def run_scan(path: Path, out: Path, request: Request) -> int:
    """Make a product of a scan; prints one line of JSON."""
    from tqdm import tqdm

    from reconstruction.errors import ReconstructionError
    from reconstruction.pipeline import product_id
    from reconstruction.product_io import save_product
    from reconstruction.scan.product import product_of_scan

    try:
        name = product_id(path.name if path.is_dir() else path.stem)
        with tqdm(unit="frame", disable=not path.is_dir()) as bar:

            def frame(done: int, total: int) -> None:
                bar.total = total
                bar.update(done + 1 - bar.n)

            product = product_of_scan(
                path, request, id=name, progress=bar.set_postfix_str, frames=frame
            )
        folder = save_product(product, out / product.id, lods=True)
    except ReconstructionError as error:
        line: dict[str, object] = {"where": str(path), "error": error.code}
        line |= {"message": error.message, "field": error.field}
        line |= {"expected": error.expected, "got": error.got}
    else:
        line = {
            "where": str(path),
            "id": product.id,
            "product": str(folder),
            "family": product.family.name,
            "confidence": round(product.confidence, 3),
            "size_m": [round(s, 3) for s in product.mesh.size],
            "warnings": list(product.warnings),
        }
    print(json.dumps(line, ensure_ascii=False))
    return 1 if "error" in line else 0
