"""A maker of products that takes its time and can die, for tests that end processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from reconstruction.intake.request import Request
from showroom.workshop import batch
from showroom.workshop.orders import Order, orders_of

SECONDS = 0.3


def slow(order: Order, digest: str, out: Path, explain: bool, guarded: bool) -> dict[str, Any]:
    """A folder as a product's: half of it, a while later the whole.

    ``bomb…`` kills its process.
    """
    half = Path(tempfile.mkdtemp(prefix=f".{order.id}-", dir=out))
    (half / "product.json").write_text("{}")
    if order.id.startswith("bomb"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(SECONDS)
    (half / "product.glb").write_bytes(str(time.time_ns()).encode())
    (half / batch.INPUTS_NAME).write_text(json.dumps({"sha256": digest}))
    shutil.rmtree(out / order.id, ignore_errors=True)
    half.rename(out / order.id)
    return {"where": order.where, "id": order.id, "product": str(out / order.id)}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    folder, products, *words = sys.argv[1:]
    for line in batch.carry_out(
        orders_of([Path(folder)], Request()),
        Path(products),
        jobs=2,
        force="--force" in words,
        maker=slow,
    ):
        print(json.dumps(line), flush=True)
