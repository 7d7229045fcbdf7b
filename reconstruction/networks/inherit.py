"""What a network takes over from earlier weights when families have come since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from ..errors import WeightsError
from .network import ReconstructionNet
from .vocabulary import Vocabulary
from .weights import load_weights

_OF_COLUMNS = ("mean", "spread")
_OF_LANDMARKS = ("landmark_spread", "visible")


def inherit(net: ReconstructionNet, path: Path) -> None:
    """Fill a network with all that earlier weights know, answer by answer.

    The trunk and what follows it are taken whole; of each head the rows whose names both
    vocabularies share. A number's row is taken to its new mean and deviation, so that the same
    answer comes out in metres.

    Raises:
        WeightsError: the file is missing, damaged, or of a network of another width.
    """
    state, header = load_weights(path)
    old = Vocabulary.from_document(header["vocabulary"])
    fresh = net.state_dict()
    for name, tensor in state.items():
        if name.startswith(("heads.", "category.")):
            continue
        if name not in fresh or fresh[name].shape != tensor.shape:
            raise WeightsError(
                f"{path.name} is of a network of another width",
                field="start",
                expected=str(tuple(fresh[name].shape)) if name in fresh else "our names",
                got=f"{name} {tuple(tensor.shape)}",
            )
        fresh[name] = tensor
    new = net.vocabulary
    for head, pairs in _shared(old, new).items():
        for kind in ("weight", "bias"):
            rows = fresh[f"{head}.{kind}"]
            taken = state[f"{head}.{kind}"]
            for to, of in pairs:
                rows[to] = taken[of]
    _rescale(fresh, old, new)
    net.load_state_dict(fresh)


def _shared(old: Vocabulary, new: Vocabulary) -> dict[str, list[tuple[int, int]]]:
    """Rows (new, old) of each head that mean the same."""
    columns = list(_columns(old, new))
    points = _pairs(new.landmarks, old.landmarks)
    shared = {
        "category": _pairs(new.categories, old.categories),
        "heads.family": _pairs(new.family_names, old.family_names),
        "heads.choices": _pairs(_options(new), _options(old)),
        "heads.landmarks": [(2 * a + k, 2 * b + k) for a, b in points for k in (0, 1)],
        "heads.camera": [(k, k) for k in range(5)],
        "heads.camera_spread": [(k, k) for k in range(5)],
    }
    shared |= {f"heads.{name}": columns for name in _OF_COLUMNS}
    return shared | {f"heads.{name}": points for name in _OF_LANDMARKS}


def _pairs(new: tuple[str, ...], old: tuple[str, ...]) -> list[tuple[int, int]]:
    return [(i, old.index(name)) for i, name in enumerate(new) if name in old]


def _options(words: Vocabulary) -> tuple[str, ...]:
    """Every option of every choice, as one long name, in the order of the outputs."""
    return tuple(
        f"{f.name}.{choice}.{option}"
        for f in words.families
        for choice, options in f.choices
        for option in options
    )


def _columns(old: Vocabulary, new: Vocabulary) -> Iterator[tuple[int, int]]:
    before = {f.name: i for i, f in enumerate(old.families)}
    for i, family in enumerate(new.families):
        j = before.get(family.name)
        if j is None:
            continue
        names = tuple(c.name for c in family.columns)
        known = tuple(c.name for c in old.families[j].columns)
        first, other = new.columns_of(i).start, old.columns_of(j).start
        yield from ((first + a, other + b) for a, b in _pairs(names, known))


def _rescale(fresh: dict[str, Tensor], old: Vocabulary, new: Vocabulary) -> None:
    """Answers in the new mean and deviation: (m x + b) of the old as one of the new."""
    was = [c for f in old.families for c in f.columns]
    now = [c for f in new.families for c in f.columns]
    for to, of in _columns(old, new):
        ratio = was[of].deviation / now[to].deviation
        fresh["heads.mean.weight"][to] *= ratio
        shift = (was[of].mean - now[to].mean) / now[to].deviation
        fresh["heads.mean.bias"][to] = fresh["heads.mean.bias"][to] * ratio + shift
        fresh["heads.spread.bias"][to] += torch.log(torch.tensor(ratio))
