"""Fine-tune the reconstruction network on a shop's own products: ``showroom finetune``.

Products of ours are drawn from many sides with their exact parameters; photos teach their family
and, where all that makes the size was declared, their lengths. Ordinary drawn members are mixed in,
so that what the network knew is not forgotten. A part of the shop is held back: where the network
answers it no better than before, or ordinary members worse, the new weights are not kept.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..data.bank import Bank, bank_of, load_bank, render_bank
from ..data.masks import MaskSources
from ..data.scenes import Example, SceneSources, drawn_example, photo_example
from ..data.shop import Shop, ShopMember, ShopPhoto, read_shop
from ..errors import ParameterError
from ..families import get_family
from ..intake.declared import DECLARED
from .group import leader_first, training_group
from .inference import WEIGHTS
from .inherit import inherit
from .network import ReconstructionNet, as_input
from .provenance import data_hash
from .train_reconstruction import answer_losses
from .training import Batch, Losses, Progress, TrainSettings, commit, fit
from .vocabulary import LOG_SCALE, Vocabulary
from .weights import load_weights, save_weights

VIEWS = 16
"""Pictures that are drawn of each of the shop's products."""
ORDINARY = 1024
_HELD = 5
"""One in so many products and photos is held back."""
_EXAMPLES = 96
_LEARNED = 0.85
"""Share of the ordinary members that are learned from; the others test what was forgotten."""
_FORGOTTEN = 1.02
"""By how much the loss on ordinary members may grow."""

RATE = 2e-4


@dataclass(frozen=True)
class Finetuned:
    """What came of it.

    Attributes:
        before, after: by what was held back (``"products"``, ``"photos"``) and ``"ordinary"``:
            the network's loss and its figures.
        kept: whether the new weights are better and were written.
    """

    before: Mapping[str, Mapping[str, float]]
    after: Mapping[str, Mapping[str, float]]
    kept: bool
    progress: Progress
    skipped: tuple[str, ...]


def finetune(
    data: Path,
    run: Path,
    settings: TrainSettings,
    *,
    start: Path | None = None,
    ordinary: int = ORDINARY,
    command: str = "showroom finetune",
) -> Finetuned:
    """Fine-tune and, if it helped, write ``run/reconstruction.safetensors``.

    Args:
        data: the shop, see :mod:`reconstruction.data.shop`.
        run: folder of checkpoint, curves and drawn members.
        settings: see :class:`TrainSettings`; :data:`RATE` is a good rate.
        start: weights to start from; None: the shipped ones.
        ordinary: drawn members that are mixed in.

    Raises:
        ParameterError: the shop is too small for a part of it to be held back.
        WeightsError: the weights are missing or of another network.
    """
    start = start or WEIGHTS
    header = load_weights(start)[1]
    with leader_first(training_group()):
        shop = read_shop(data)
        render_bank(run / "bank", ordinary, seed=settings.seed)
    bank = load_bank(run / "bank")
    learn, held = split_shop(shop)
    sources = _Sources.of(learn, bank, settings.seed)
    torch.manual_seed(settings.seed)
    net = _TunedNet(bank.vocabulary, int(header.get("width", 32)))
    inherit(net, start)
    net.hold()
    tests = _tests(held, bank, settings.seed)
    before = scores(net, tests)
    kept, progress = fit(
        net,
        partial(_example, sources),
        _loss,
        settings,
        run / "finetune.pt",
        label="fine-tuning",
    )
    assert isinstance(kept, ReconstructionNet)
    after = scores(kept, tests)
    better = is_better(before, after)
    if better and training_group().leads:
        made = {
            "network": header["network"],
            "width": int(header.get("width", 32)),
            "vocabulary": bank.vocabulary.document(),
            "command": command,
            "commit": commit(),
            "start": {"weights": start.name, "command": header.get("command", "")},
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {
                "products": len(shop.members),
                "photos": len(shop.photos),
                "drawn": len(bank),
                "shop_sha256": data_hash(data if data.is_dir() else data.parent),
            },
            "figures": {"before": before, "after": after},
        }
        save_weights(run / "reconstruction.safetensors", kept.state_dict(), made)
    return Finetuned(before, after, better, progress, shop.skipped)


class _TunedNet(ReconstructionNet):
    """A network that learns a shop without forgetting: what it sees stays, what it says moves.

    A shop's few products are no sample of the world: batch statistics drawn from them would shift
    every feature, and the early layers have nothing to learn from them.
    """

    def hold(self) -> None:
        """Freeze the trunk but for its last stage."""
        for name, parameter in self.trunk.named_parameters():
            parameter.requires_grad_(name.startswith("layer4"))

    def train(self, mode: bool = True) -> _TunedNet:
        """Training mode, in which batch normalisation goes on with what it knows."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def split_shop(shop: Shop) -> tuple[Shop, Shop]:
    """What to learn from and what to hold back, by a hash of each id: always the same.

    Raises:
        ParameterError: fewer than five products and photos.
    """
    everything = [*shop.members, *shop.photos]
    if len(everything) < _HELD:
        raise ParameterError(
            "a shop this small cannot be learned and tested on",
            field="data",
            expected=f"{_HELD} products or photos at least",
            got=str(len(everything)),
        )

    def parted(items: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        order = sorted(items, key=lambda item: (zlib.crc32(item.id.encode()), item.id))
        cut = -(-len(order) // _HELD) if len(order) >= 2 else 0
        return tuple(order[cut:]), tuple(order[:cut])

    (members, held_members), (photos, held_photos) = parted(shop.members), parted(shop.photos)
    return Shop(members, photos), Shop(held_members, held_photos)


@dataclass(frozen=True, eq=False)
class _Sources:
    """Where examples come from: drawn products of the shop, its photos, ordinary members."""

    shop: SceneSources | None
    photos: tuple[ShopPhoto, ...]
    ordinary: SceneSources

    @staticmethod
    def of(shop: Shop, bank: Bank, seed: int) -> _Sources:
        grounds = MaskSources(tuple(p.photo for p in shop.photos))
        drawn = _draw(shop.members, bank.vocabulary, seed) if shop.members else None
        return _Sources(
            None if drawn is None else SceneSources(drawn, grounds),
            shop.photos,
            SceneSources(bank, grounds),
        )


def _draw(members: Sequence[ShopMember], vocabulary: Vocabulary, seed: int) -> Bank:
    """Every member from :data:`VIEWS` sides, in materials and light of all kinds."""
    from ..data.product import draw_product

    drawn = []
    for member in members:
        rng = np.random.default_rng((seed, *member.id.encode()))
        known = (dict(member.values), dict(member.choices))
        drawn += [draw_product(rng, member.family, 128, member=known) for _ in range(VIEWS)]
    return bank_of(drawn, vocabulary)


def _example(sources: _Sources, rng: np.random.Generator) -> Example:
    pick = rng.random()
    bank = sources.ordinary.bank
    if sources.shop is not None and pick < (0.4 if sources.photos else 0.65):
        return drawn_example(rng, sources.shop, int(rng.integers(len(sources.shop.bank))))
    if sources.photos and pick < 0.65:
        photo = sources.photos[int(rng.integers(len(sources.photos)))]
        return shop_photo_example(rng, bank.vocabulary, photo, bank.rgba.shape[1])
    return drawn_example(rng, sources.ordinary, int(rng.integers(int(_LEARNED * len(bank)))))


def shop_photo_example(
    rng: np.random.Generator, vocabulary: Vocabulary, photo: ShopPhoto, size: int
) -> Example:
    """A crop of a shop's photo with its family and, if its whole size was declared, lengths."""
    out = photo_example(rng, vocabulary, photo.photo, size)
    index = int(out["family"])
    if index < 0:
        return out
    words = vocabulary.families[index]
    family = get_family(words.name)
    names = {p.name for p in family.parameters}
    known = {}
    for side, value in photo.declared.items():
        meant = next((n for n in DECLARED[family.kind].get(side, ()) if n in names), None)
        if meant is not None and value > 0:
            known[meant] = value
    if all(name in known for name in words.scale):
        columns = [c.name for c in words.columns]
        values = out["values"].copy()
        first = vocabulary.columns_of(index).start
        size_of = words.size_of(known)
        for i, column in enumerate(words.columns):
            if columns[i] == LOG_SCALE:
                raw = math.log(size_of)
            elif columns[i] in known:
                raw = known[columns[i]] / (size_of if column.relative else 1.0)
            else:
                continue
            values[first + i] = (raw - column.mean) / column.deviation
        out["values"] = values
    return out


def _loss(net: nn.Module, batch: Batch) -> Losses:
    assert isinstance(net, ReconstructionNet)
    return answer_losses(net.vocabulary, net(as_input(batch["crop"])), batch)


def _tests(held: Shop, bank: Bank, seed: int) -> dict[str, Batch]:
    """Fixed examples of what was held back, and ordinary members before fresh grounds."""
    rng = np.random.default_rng((seed, 1))
    size, vocabulary = bank.rgba.shape[1], bank.vocabulary
    out = {}
    grounds = MaskSources()
    if held.members:
        drawn = SceneSources(_draw(held.members, vocabulary, seed + 1), grounds)
        picks = rng.integers(0, len(drawn.bank), _EXAMPLES)
        out["products"] = _batch([drawn_example(rng, drawn, int(i)) for i in picks])
    if held.photos:
        picks = np.arange(max(len(held.photos), _EXAMPLES // 2)) % len(held.photos)
        out["photos"] = _batch(
            [shop_photo_example(rng, vocabulary, held.photos[i], size) for i in picks]
        )
    ordinary = SceneSources(bank, grounds)
    picks = rng.integers(int(_LEARNED * len(bank)), len(bank), _EXAMPLES)
    out["ordinary"] = _batch([drawn_example(rng, ordinary, int(i)) for i in picks])
    return out


def _batch(examples: Sequence[Example]) -> Batch:
    return {k: torch.from_numpy(np.stack([e[k] for e in examples])) for k in examples[0]}


def scores(net: ReconstructionNet, tests: Mapping[str, Batch]) -> dict[str, dict[str, float]]:
    """Loss, share of families that are right, and mean error of the values, by test."""
    device = next(net.parameters()).device
    was = net.training
    net.eval()
    out: dict[str, dict[str, float]] = {}
    for name, batch in tests.items():
        here = {k: v.to(device) for k, v in batch.items()}
        with torch.inference_mode():
            answers = net(as_input(here["crop"]))
            losses = answer_losses(net.vocabulary, answers, here)
        row = {"loss": float(sum(float(v) for v in losses.values()))}
        known = here["family"] >= 0
        if bool(known.any()):
            said = answers.family.argmax(dim=1)
            row["family"] = float((said == here["family"])[known].float().mean())
        error = (answers.mean - here["values"]).abs()
        if bool(torch.isfinite(error).any()):
            row["value_error"] = float(error[torch.isfinite(error)].mean())
        out[name] = {k: round(v, 4) for k, v in row.items()}
    net.train(was)
    return out


def is_better(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> bool:
    """Whether what the shop held back is answered better, and ordinary members hardly worse."""
    own = [name for name in before if name != "ordinary"]
    gain = sum(after[name]["loss"] - before[name]["loss"] for name in own)
    forgot = after["ordinary"]["loss"] - before["ordinary"]["loss"]
    return gain < 0 and forgot <= (_FORGOTTEN - 1) * abs(before["ordinary"]["loss"]) + 0.02
