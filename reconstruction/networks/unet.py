"""The segmentation network: a small U-Net whose finest features are at half the picture's size."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 96, 128)


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
    """Mask logits at half resolution, and one logit for whether there is any product."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 5, 2, 2)
        self.down = nn.ModuleList(
            [_pair(widths[0], widths[0])] + [_pair(a, b) for a, b in pairwise(widths)]
        )
        self.up = nn.ModuleList([_pair(b + a, a) for a, b in pairwise(widths)])
        self.head = nn.Conv2d(widths[0], 1, 1)
        self.present = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Masks of pictures.

        Args:
            x: (n, 3, h, w) of -0.5 to 0.5; h and w are multiples of 32.

        Returns:
            (n, 1, h / 2, w / 2) mask logits and (n,) logits of a product being there.
        """
        features = []
        x = self.stem(x)
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else functional.max_pool2d(x, 2))
            features.append(x)
        present = self.present(x.mean(dim=(2, 3)))[:, 0]
        for i in range(len(self.up) - 1, -1, -1):
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[i](torch.cat([x, features[i]], dim=1))
        return self.head(x), present
