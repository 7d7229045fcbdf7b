"""Weights on disk: safetensors in half precision, with what made them in the file's header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import WeightsError

FOLDER = Path(__file__).parent / "weights"
"""Where the shipped weights lie."""

_REMEDY = "reinstall the package, or train them: see docs/models"


def save_weights(path: Path, state: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write weights in half precision; the file appears whole or not at all.

    Args:
        state: name to tensor; integers are kept as they are.
        header: what a reader needs, as JSON: command, commit, data, seeds, figures, vocabulary.
    """
    halved = {
        k: (v.detach().cpu().half() if v.is_floating_point() else v.detach().cpu()).contiguous()
        for k, v in state.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(halved, partial, metadata={"header": json.dumps(dict(header), ensure_ascii=False)})
    partial.chmod(0o644)
    partial.replace(path)


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read weights and their header.

    Returns:
        The state in float32 (integers as they are), and the header.

    Raises:
        WeightsError: the file is missing, truncated or no weights of ours; says how to mend it.
    """
    if not path.is_file():
        raise WeightsError(
            f"the network's weights are missing: {path.name}; {_REMEDY}",
            field="weights",
            expected=str(path),
            got="no such file",
        )
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["header"])
            state = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise WeightsError(
            f"{path.name} is damaged or no weights file of this package; {_REMEDY}",
            field="weights",
            expected="safetensors with a header",
            got=type(error).__name__,
        ) from error
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}, header


def fill(net: torch.nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Put weights into a network and set it to evaluation.

    Raises:
        WeightsError: names or shapes do not match.
    """
    try:
        net.load_state_dict(dict(state))
    except RuntimeError as error:
        raise WeightsError(
            f"{name} belongs to another version of the network; {_REMEDY}",
            field="weights",
        ) from error
    net.eval()
