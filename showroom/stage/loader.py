"""Products on their way to the stage: decoded beside the frames, uploaded over several of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from reconstruction.product import Material

from . import pixels
from .geometry import ModelGeometry, warm_loops
from .looks import Held, Look, TextureStore
from .model import Level, Model, make_levels, read_model, warm_levels
from .pixels import Picture
from .settings import StageError
from .upload import Upload

KEPT = 12
"""How many models that nobody shows are kept, for who tries one on again."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """A GLB as arrays: the model, and per primitive its material's pictures."""

    model: Model
    pictures: tuple[dict[str, Picture], ...]


def decode(data: bytes, side: int) -> Decoded:
    """Decode a GLB and its textures.

    Args:
        side: longest side of a texture, pixels.

    Raises:
        StageError: the GLB or one of its pictures cannot be used.
    """
    model = read_model(data)
    return Decoded(model, pictures_of(model, side))


def pictures_of(model: Model, side: int) -> tuple[dict[str, Picture], ...]:
    """Per primitive its material's decoded pictures; equal materials are decoded once.

    Raises:
        StageError: a picture cannot be decoded.
    """
    known: dict[Material, dict[str, Picture]] = {}
    shared: dict[bytes, Picture] = {}
    for part in model.primitives:
        if part.material not in known:
            made = pixels.material_pictures(part.material, side)
            known[part.material] = {n: shared.setdefault(p.key, p) for n, p in made.items()}
    return tuple(known[part.material] for part in model.primitives)


def geometry_of(decoded: Decoded, store: TextureStore) -> ModelGeometry:
    """The model in the engine, its textures uploaded in one go when they are first drawn."""
    held = {
        picture.key: store.whole(picture)
        for pictures in decoded.pictures
        for picture in pictures.values()
    }
    return _assembled(decoded, held, store)


def _assembled(decoded: Decoded, held: dict[bytes, Held], store: TextureStore) -> ModelGeometry:
    tinted = decoded.model.color is not None
    looks = tuple(
        Look(part.material, {n: held[p.key] for n, p in pictures.items()}, store, tinted)
        for part, pictures in zip(decoded.model.primitives, decoded.pictures, strict=True)
    )
    return ModelGeometry(decoded.model, looks)


class Arrival:
    """One GLB on its way.

    Attributes:
        geometry: what came, once it is there.
        problem: why nothing will come, or ``""``.
    """

    def __init__(self, future: Future[Decoded], store: TextureStore, gsg: Any) -> None:
        self._future, self._store, self._gsg = future, store, gsg
        self._uploads: dict[bytes, Upload] | None = None
        self.geometry: ModelGeometry | None = None
        self.problem = ""

    @property
    def over(self) -> bool:
        """Whether it came, or never will."""
        return self.geometry is not None or bool(self.problem)

    def wait(self, seconds: float) -> None:
        """Wait until it is decoded, ``seconds`` at most."""
        try:
            self._future.result(seconds)
        except (StageError, TimeoutError):
            return

    def step(self, budget: int) -> int:
        """Go on with it within one frame's budget of bytes; returns how many it took."""
        if self.over or not self._future.done():
            return 0
        try:
            decoded = self._future.result()
        except StageError as error:
            self.problem = str(error)
            return 0
        if self._uploads is None:
            pictures = {p.key: p for own in decoded.pictures for p in own.values()}
            self._uploads = {k: Upload(self._store, p, self._gsg) for k, p in pictures.items()}
        spent = 0
        for upload in self._uploads.values():
            if spent < budget:
                spent += upload.step(budget - spent)
        if all(upload.done for upload in self._uploads.values()) and not spent:
            held = {key: upload.held for key, upload in self._uploads.items()}
            self.geometry = _assembled(decoded, held, self._store)
        return spent


class Loader:
    """Decodes beside the frames, one after the other, and keeps what came."""

    def __init__(self, store: TextureStore, gsg: Callable[[], Any], side: int) -> None:
        self.store, self._gsg, self._side = store, gsg, side
        self.known: dict[str, ModelGeometry] = {}
        self.coming: dict[str, Arrival] = {}
        self._levels: dict[str, Future[tuple[Level, ...]]] = {}
        self._worker: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to work beside the frames."""
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "stage-loader")
            self._worker.submit(warm)

    def now(self, glb: str, data: Callable[[], bytes]) -> ModelGeometry:
        """The geometry of a GLB, decoded here and now unless it is known.

        Raises:
            StageError: the GLB cannot be used.
        """
        if glb not in self.known:
            self.known[glb] = geometry_of(decode(data(), self._side), self.store)
        return self.known[glb]

    def ask(self, glb: str, data: bytes) -> None:
        """Have a GLB come."""
        if glb in self.known or glb in self.coming:
            return
        self.start()
        assert self._worker is not None
        future = self._worker.submit(decode, data, self._side)
        self.coming[glb] = Arrival(future, self.store, self._gsg())

    def step(self, budget: int) -> list[str]:
        """Go on within one frame's budget of bytes; returns the GLBs that are over."""
        over = []
        for glb, arrival in list(self.coming.items()):
            if budget > 0:
                budget -= arrival.step(budget)
            if arrival.geometry is not None:
                self.known[glb] = arrival.geometry
            if arrival.over:
                over.append(glb)
        return over

    def level(self, glb: str, *, wait: bool) -> bool:
        """Have a known GLB's lower levels of detail; returns whether they came just now."""
        geometry = self.known.get(glb)
        if geometry is None or geometry.levels:
            return False
        if wait:
            geometry.add_levels(make_levels(geometry.model))
            return bool(geometry.levels)
        if glb not in self._levels:
            self.start()
            assert self._worker is not None
            self._levels[glb] = self._worker.submit(make_levels, geometry.model)
        future = self._levels[glb]
        if not future.done() or future.exception() is not None:
            return False
        geometry.add_levels(future.result())
        return bool(geometry.levels)

    def forget(self, shown: set[str]) -> None:
        """Let go of models that nobody shows, but for the last ones."""
        idle = [glb for glb in self.known if glb not in shown]
        for glb in idle[:-KEPT]:
            del self.known[glb]
            self._levels.pop(glb, None)

    def close(self) -> None:
        """Stop working."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
            self._worker = None


def warm() -> None:
    """Have all loops compiled that a first product needs."""
    pixels.warm()
    warm_loops()
    warm_levels()
