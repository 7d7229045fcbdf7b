"""What a photo shows: the category of the product, by a network that has seen a million photos.

EfficientNet-Lite0 (Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural
networks", 2019; the Lite variant has neither squeeze-and-excitation nor swish) starts from
ImageNet weights and is tuned to our categories. It sees colours alone: a bad mask moves its crop,
and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .crop import cut, square_around
from .weights import FOLDER, fill, load_weights

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

WEIGHTS = FOLDER / "recognition.safetensors"

INPUT = 160
FEATURES = 1280
_STAGES = (
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""EfficientNet-B0's stages, which Lite0 keeps (table 1 of the paper)."""
_STEM = 32
_EPSILON = 1e-3
_MARGINS = (0.02, 0.08, 0.16)


def _padded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Padding as TensorFlow's "same", whose odd pixel lies right and below."""
    edges = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        edges += [total // 2, total - total // 2]
    return functional.pad(x, edges)


class _Norm(nn.BatchNorm2d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_EPSILON, momentum=0.01)


class InvertedBottleneck(nn.Module):
    """Expand, convolve each channel by itself, project; the input is added where it fits."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.kernel, self.stride = kernel, stride
        self.adds = stride == 1 and channels_in == channels_out
        self.expand: nn.Module | None = None
        if expansion > 1:
            self.expand = nn.Conv2d(channels_in, wide, 1, bias=False)
            self.bn0 = _Norm(wide)
        self.depthwise = nn.Conv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self.bn1 = _Norm(wide)
        self.project = nn.Conv2d(wide, channels_out, 1, bias=False)
        self.bn2 = _Norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self.expand is not None:
            y = functional.relu6(self.bn0(self.expand(y)))
        y = functional.relu6(self.bn1(self.depthwise(_padded(y, self.kernel, self.stride))))
        y = self.bn2(self.project(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """The trunk: (n, 3, s, s) of -1 to 1 to (n, 1280, s / 32, s / 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 3, 2, bias=False)
        self.bn0 = _Norm(_STEM)
        blocks, before = [], _STEM
        for repeats, kernel, stride, expansion, after in _STAGES:
            for i in range(repeats):
                step = stride if i == 0 else 1
                blocks.append(InvertedBottleneck(before, after, kernel, step, expansion))
                before = after
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Conv2d(before, FEATURES, 1, bias=False)
        self.bn1 = _Norm(FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        return self.late(self.early(x, len(self.blocks)), len(self.blocks))

    def early(self, x: Tensor, count: int) -> Tensor:
        """The stem and the first ``count`` blocks."""
        x = functional.relu6(self.bn0(self.stem(_padded(x, 3, 2))))
        for block in self.blocks[:count]:
            x = block(x)
        return x

    def late(self, x: Tensor, count: int) -> Tensor:
        """All that follows :meth:`early`."""
        for block in self.blocks[count:]:
            x = block(x)
        return functional.relu6(self.bn1(self.head(x)))


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The trunk's weights from a state with the names of ``efficientnet_lite_pytorch``."""
    out = {}
    for name, tensor in state.items():
        if name.startswith("_fc."):
            continue
        name = re.sub(r"\b_blocks\.", "blocks.", name)
        name = re.sub(r"\b_(depthwise|expand|project)_conv\b", r"\1", name)
        name = re.sub(r"\b_bn", "bn", name)
        name = name.replace("_conv_stem", "stem").replace("_conv_head", "head")
        out[name] = tensor
    return out


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
        if mode and self.frozen:
            self.trunk.bn0.eval()
            for block in self.trunk.blocks[: self.frozen]:
                block.eval()
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
    return net.to(memory_format=torch.channels_last)


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
