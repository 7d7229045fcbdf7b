"""What a photo shows: the category of the product, by a network that has seen a million photos.

EfficientNet-Lite0 starts from ImageNet weights and is tuned to our categories. It sees colours
alone: a bad mask moves its crop, and nothing else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .crop import cut, square_around
from .efficientnet import FEATURES, EfficientNetLite0
from .weights import FOLDER, fill, load_weights

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

WEIGHTS = FOLDER / "recognition.safetensors"

INPUT = 160
_MARGINS = (0.02, 0.08, 0.16)


class RecognitionNet(nn.Module):
    """Trunk and one linear answer.

    Args:
        categories: the names of the answers, in order.
        frozen: how many of the first blocks training leaves as they are.
    """

    def __init__(self, categories: tuple[str, ...], frozen: int = 0) -> None:
        super().__init__()
        self.categories, self.frozen = categories, frozen
        self.trunk = EfficientNetLite0()
        self.dropout = nn.Dropout(0.3)
        self.answer = nn.Linear(FEATURES, len(categories))

    def forward(self, x: Tensor) -> Tensor:
        """(n, categories) logits of (n, 3, s, s) pictures of -1 to 1, s a multiple of 32."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen == 0):
            early = self.trunk.early(x, self.frozen)
        features = self.trunk.late(early, self.frozen).mean(dim=(2, 3))
        out: Tensor = self.answer(self.dropout(features))
        return out

    def train(self, mode: bool = True) -> RecognitionNet:
        super().train(mode)
        self.trunk.hold(self.frozen if mode else 0)
        return self


def as_picture(crops: Tensor) -> Tensor:
    """(n, s, s, 3 or more) uint8 to the network's (n, 3, s, s) float32 of -1 to 1."""
    x = (crops[..., :3].permute(0, 3, 1, 2).float() - 127.0) / 128.0
    return x.contiguous(memory_format=torch.channels_last)


@cache
def network(path: Path = WEIGHTS) -> RecognitionNet:
    """The network with the weights of a file, loaded once.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    state, header = load_weights(path)
    net = RecognitionNet(tuple(header["categories"]))
    fill(net, state, path.name)
    net.to(memory_format=torch.channels_last)
    return net


def recognise(rgb: U8, mask: F32, *, weights: Path = WEIGHTS) -> dict[str, float]:
    """Probability of each category, the mean over several crops around the product.

    Args:
        rgb: (h, w, 3) uint8.
        mask: (h, w) float32 of 0 to 1; only its box is used.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    net = network(weights)
    crops = [cut(rgb, mask, square_around(mask, margin), INPUT)[..., :3] for margin in _MARGINS]
    crops = [c for crop in crops for c in (crop, np.ascontiguousarray(crop[:, ::-1]))]
    with torch.inference_mode():
        logits = net(as_picture(torch.from_numpy(np.stack(crops))))
    shares = torch.softmax(logits.float(), dim=1).mean(dim=0).numpy()
    return {c: float(p) for c, p in zip(net.categories, shares, strict=True)}
