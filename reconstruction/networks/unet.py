"""The segmentation network: a U-Net on a trunk that has learned from ImageNet.

Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", 2015. The
way down is EfficientNet-Lite0 without its last stage; the way up is small, and its finest
features are at half the picture's size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .efficientnet import EfficientNetLite0

_STAGES = 6
_DOWN = (16, 24, 40, 112, 192)
"""Channels of the trunk's features at a half, a quarter ... a 32nd of the picture's size."""
WIDTHS = (16, 32, 48, 80)
"""Channels of the way up at a half to a 16th of the picture's size."""


def _pair(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """Mask logits at half resolution, and one logit for whether there is any product.

    Args:
        widths: channels of the way up, finest first.
        frozen: how many of the trunk's first blocks training leaves as they are.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, frozen: int = 0) -> None:
        super().__init__()
        self.frozen = frozen
        self.trunk = EfficientNetLite0(_STAGES)
        below = (*widths[1:], _DOWN[-1])
        self.up = nn.ModuleList(
            [
                _pair(deep + skip + (3 if i == 0 else 0), wide)
                for i, (deep, skip, wide) in enumerate(zip(below, _DOWN, widths, strict=False))
            ]
        )
        self.head = nn.Conv2d(widths[0], 1, 1)
        self.present = nn.Linear(_DOWN[-1], 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Masks of pictures.

        Args:
            x: (n, 3, h, w) of -0.5 to 0.5; h and w are multiples of 32.

        Returns:
            (n, 1, h / 2, w / 2) mask logits and (n,) logits of a product being there.
        """
        # The trunk was trained on (level - 127) / 128.
        features = self.trunk.pyramid((x * 255 + 0.5) / 128, self.frozen)
        features[0] = torch.cat([features[0], functional.avg_pool2d(x, 2)], dim=1)
        y = features[-1]
        present = self.present(y.mean(dim=(2, 3)))[:, 0]
        for i in range(len(self.up) - 1, -1, -1):
            y = functional.interpolate(y, scale_factor=2.0, mode="nearest")
            y = self.up[i](torch.cat([y, features[i]], dim=1))
        return self.head(y), present

    def train(self, mode: bool = True) -> UNet:
        super().train(mode)
        self.trunk.hold(self.frozen if mode else 0)
        return self
