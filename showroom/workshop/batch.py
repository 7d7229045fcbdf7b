"""Carry out orders in parallel: products into folders, one report each, resumable.

A product's folder appears whole or not at all, and keeps a hash of what it was made from: a second
run leaves it alone while photos, wishes and program are the same.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconstruction.errors import PhotoError, ReconstructionError

from .. import __version__
from .orders import Order, Refused

if TYPE_CHECKING:
    from reconstruction.pipeline import Reconstruction

Line = dict[str, Any]
Maker = Callable[[Order, str, Path, bool, bool], Line]
"""What makes one product, as :func:`make` does; processes of its own must be able to import it."""

INPUTS_NAME, SHEET_NAME = "inputs.json", "sheet.png"
EXPLAIN_PICTURE, EXPLAIN_JSON = "explain.png", "explain.json"
OVERVIEW_NAME = "overview.png"
_MEMORY = 1.6e9
"""Bytes that one process may need."""
_OVERVIEW_ROWS, _OVERVIEW_WIDTH = 60, 640
_threads: int | None = None
"""Threads that a worker's process keeps to; None in a process that is no worker."""


def default_jobs() -> int:
    """As many processes as there are cores, and memory for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        free = int(2 * _MEMORY)
    return max(1, min(cores or 1, int(free / _MEMORY)))


def carry_out(
    orders: Sequence[Order | Refused],
    out: Path,
    *,
    jobs: int = 0,
    explain: bool = False,
    force: bool = False,
    maker: Maker | None = None,
) -> Iterator[Line]:
    """Make the products; one report per order, as they get done.

    Args:
        jobs: processes; 0 for :func:`default_jobs`. One order, or one job, runs in this process.
        force: make again what is there already.
        maker: :func:`make`, unless another is to do the work.

    A report has ``where`` and either ``product`` (its folder) or ``error``.
    """
    todo = []
    for order in orders:
        if isinstance(order, Refused):
            yield _refusal(order.where, order.error)
            continue
        try:
            digest = inputs_digest(order)
        except ReconstructionError as error:
            yield _refusal(order.where, error)
            continue
        folder = out / order.id
        if not force and _is_done(folder, digest, explain):
            yield {"where": order.where, "id": order.id, "product": str(folder), "skipped": True}
            continue
        todo.append((order, digest))
    _sweep(out, [order for order, _ in todo])  # of a run that was killed
    jobs = min(jobs or default_jobs(), len(todo))
    if jobs <= 1:
        for order, digest in todo:
            yield (maker or make)(order, digest, out, explain, len(orders) > 1)
        return
    yield from _in_parallel(todo, out, jobs, explain, maker or make)


def _in_parallel(
    todo: Sequence[tuple[Order, str]], out: Path, jobs: int, explain: bool, maker: Maker
) -> Iterator[Line]:
    waiting, suspects = list(todo), list[tuple[Order, str]]()
    while waiting or suspects:
        # What was under way when a process died is tried again with a process of its own: one
        # that dies again is refused, and holds nobody else up.
        alone = bool(suspects)
        batch = [suspects.pop(0)] if alone else waiting
        width = 1 if alone else jobs
        running: dict[Future[Line], tuple[Order, str]] = {}
        died: list[tuple[Order, str]] = []
        with _pool(width, jobs) as pool:
            try:
                while running or (batch and not died):
                    # No more than are worked on, so that those that die are known.
                    while batch and not died and len(running) < width:
                        future = _submit(pool, maker, batch[0], out, explain)
                        if future is None:
                            break
                        running[future] = batch.pop(0)
                    if not running:  # one died idle: on with fresh ones
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        entry = running.pop(future)
                        try:
                            yield future.result()
                        except BrokenProcessPool:
                            died.append(entry)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                _end_processes()
                _sweep(out, [order for order, _ in [*running.values(), *died]])
                raise
        _sweep(out, [order for order, _ in died])
        if alone:
            for order, _ in died:
                yield _refusal(order.where, _died(order))
        else:
            suspects = died


def _submit(
    pool: ProcessPoolExecutor, maker: Maker, entry: tuple[Order, str], out: Path, explain: bool
) -> Future[Line] | None:
    """Hand an order to the pool; None if one of its processes has died.

    A Ctrl-C that comes meanwhile waits: a process that is just being started inherits that it
    is not meant for it.
    """
    order, digest = entry
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if masks else ()
    try:
        return pool.submit(maker, order, digest, out, explain, True)
    except BrokenProcessPool:
        return None
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_processes() -> None:
    """End the pool's processes, by force those that do not listen."""
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(5)
        if child.is_alive():
            child.kill()
            child.join()


def _pool(workers: int, jobs: int) -> ProcessPoolExecutor:
    cores = os.cpu_count() or 1
    return ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_settle,
        initargs=(max(1, cores // jobs),),
    )


def _settle(threads: int) -> None:
    """Let a worker's process stop when told to, or left alone; say how many threads are its."""
    global _threads
    _threads = threads

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    def follow() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=follow, daemon=True).start()


def _keep_to(threads: int) -> None:
    """Make this process modest with threads."""
    import cv2
    import numba
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def make(order: Order, digest: str, out: Path, explain: bool, guarded: bool) -> Line:
    """Make one product and its folder.

    Args:
        guarded: report a fault of the program too, instead of raising it.

    Returns:
        The report: the product, or the error.
    """
    from reconstruction.intake.photo import read_photo
    from reconstruction.pipeline import reconstruct

    if _threads is not None:
        _keep_to(_threads)
    try:
        made = reconstruct([read_photo(p) for p in order.photos], order.request)
        folder = save(made, out / order.id, digest, explain=explain)
    except ReconstructionError as error:
        return _refusal(order.where, error)
    except Exception as error:
        if not guarded:
            raise
        trace = traceback.format_exc(limit=-3)
        return {
            "where": order.where,
            "error": "internal",
            "message": f"a fault of the program: {type(error).__name__}; please report it",
            "trace": trace,
        }
    return report(order.where, folder, made, explain=explain)


def save(made: Reconstruction, folder: Path, digest: str = "", *, explain: bool = False) -> Path:
    """Write a product's folder: levels of detail, contact sheet, and on request what it saw."""
    from reconstruction.contact_sheet import contact_sheet
    from reconstruction.explain import seen_picture
    from reconstruction.product_io import save_product

    sheet = contact_sheet(made.photo.rgb, made.mask, made.rerender, made.product)
    files = {SHEET_NAME: png(sheet)}
    if digest:
        inputs = {"sha256": digest, "version": __version__, "explain": explain}
        files[INPUTS_NAME] = json.dumps(inputs, indent=2).encode()
    if explain:
        files[EXPLAIN_PICTURE] = png(seen_picture(made))
        files[EXPLAIN_JSON] = json.dumps(_explained(made), indent=2, ensure_ascii=False).encode()
    return save_product(made.product, folder, beside=files, lods=True)


def report(where: str, folder: Path, made: Reconstruction, *, explain: bool) -> Line:
    """What became of an order, for one line of JSON."""
    product = made.product
    line: Line = {
        "where": where,
        "id": product.id,
        "product": str(folder),
        "family": product.family.name,
        "confidence": round(product.confidence, 3),
        "mask_iou": round(product.photo.mask_iou, 3) if product.photo else None,
        "size_m": [round(s, 3) for s in product.mesh.size],
        "warnings": list(product.warnings),
        "seconds": {k: round(s, 2) for k, s in made.seconds.items()},
    }
    return line | (_explained(made) if explain else {})


def _explained(made: Reconstruction) -> Line:
    product = made.product
    return {
        "saw": made.explain(),
        "values": {
            name: {"value": round(e.value, 4), "low": round(e.low, 4), "high": round(e.high, 4)}
            | {"source": e.source, "confidence": round(e.confidence, 2)}
            for name, e in product.values.items()
        },
        "choices": dict(product.choices),
    }


def inputs_digest(order: Order) -> str:
    """Hash of all that decides how a product turns out: photos, wishes, networks, program.

    Raises:
        PhotoError: a photo cannot be read.
    """
    from reconstruction.networks.weights import FOLDER

    total = hashlib.sha256(f"{__version__}\n{asdict(order.request)!r}".encode())
    for path in order.photos:
        try:
            total.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise PhotoError(
                f"{path.name} cannot be read: {error.strerror or error}",
                field="photo",
                expected="a readable picture file",
                got=type(error).__name__,
            ) from error
    for weights in sorted(FOLDER.glob("*.safetensors")):
        stat = weights.stat()
        total.update(f"{weights.name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return total.hexdigest()


def overview(lines: Sequence[Line], out: Path) -> list[Path]:
    """The contact sheets' first rows one below the other, so that a batch is seen at a glance.

    Returns:
        The pictures that were written: one per 60 products.
    """
    from PIL import Image

    sheets = [Path(line["product"]) / SHEET_NAME for line in lines if "product" in line]
    sheets = [s for s in sheets if s.is_file()]
    written = []
    for page in range(0, len(sheets), _OVERVIEW_ROWS):
        rows = []
        for path in sheets[page : page + _OVERVIEW_ROWS]:
            with Image.open(path) as sheet:
                row = sheet.convert("RGB").crop((0, 0, sheet.width, sheet.height // 2))
            rows.append(row.resize((_OVERVIEW_WIDTH, _OVERVIEW_WIDTH * row.height // row.width)))
        columns = 2 if len(rows) > 6 else 1
        tall = max(row.height for row in rows)
        deep = -(-len(rows) // columns)
        board = Image.new("RGB", (columns * _OVERVIEW_WIDTH, deep * tall), "white")
        for i, row in enumerate(rows):
            board.paste(row, ((i // deep) * _OVERVIEW_WIDTH, (i % deep) * tall))
        name = OVERVIEW_NAME if page == 0 else f"overview-{page // _OVERVIEW_ROWS + 1}.png"
        half = out / f".{name}"
        board.save(half, "PNG")
        half.replace(out / name)
        written.append(out / name)
    return written


def _is_done(folder: Path, digest: str, explain: bool) -> bool:
    try:
        known = json.loads((folder / INPUTS_NAME).read_text(encoding="utf-8"))
        whole = (folder / "product.json").is_file() and (folder / "product.glb").is_file()
        return bool(whole and known["sha256"] == digest and (known.get("explain") or not explain))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sweep(out: Path, orders: Sequence[Order]) -> None:
    """Remove the half-written folders of orders that were under way."""
    for order in orders:
        for half in out.glob(f".{order.id}-????????"):
            shutil.rmtree(half, ignore_errors=True)


def _refusal(where: str, error: ReconstructionError) -> Line:
    line = {"where": where, "error": error.code, "message": error.message}
    return line | {"field": error.field, "expected": error.expected, "got": error.got}


def _died(order: Order) -> ReconstructionError:
    return ReconstructionError(
        f"the process that made {order.id} ended; give it more memory, or fewer --jobs",
        field="process",
        expected="a process that ends by itself",
        got="one that was ended",
    )


def png(pixels: Any) -> bytes:
    """A picture, (h, w, 3) uint8, as a PNG file."""
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=3)
    return stream.getvalue()
