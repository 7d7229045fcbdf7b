"""The reconstruction network: a ResNet-18 trunk with one head per question.

He et al., "Deep residual learning for image recognition", 2016. The trunk's state keeps
torchvision's names (``conv1``, ``bn1``, ``layer1.0.conv1`` ...), so that its weights load where
the widths agree. The input has a fourth channel, the mask.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.drawn import CAMERA_FIELDS
from .vocabulary import Vocabulary

WIDTH = 32
INPUT = 128


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions around which the input is added."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """The trunk: (n, 4, 128, 128) to (n, 8 * width, 4, 4)."""

    def __init__(self, width: int = WIDTH, channels: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = width
        for number, stride in enumerate((1, 2, 2, 2)):
            after = width << number
            blocks = nn.Sequential(BasicBlock(before, after, stride), BasicBlock(after, after, 1))
            setattr(self, f"layer{number + 1}", blocks)
            before = after

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        for number in range(4):
            x = getattr(self, f"layer{number + 1}")(x)
        return x


class Answers(NamedTuple):
    """What the network says about a batch of n crops.

    Attributes:
        category: (n, categories) logits.
        family: (n, families) logits.
        mean, spread: (n, columns) standardised values and the logarithm of their Laplace scale.
        choices: (n, all options) logits, see :attr:`Vocabulary.choice_sizes`.
        camera, camera_spread: (n, 5), see :data:`CAMERA_FIELDS`.
        landmarks, landmark_spread: (n, L, 2) of -1 to 1 over the crop, (n, L) log scale.
        visible: (n, L) logits of a landmark being there.
    """

    category: Tensor
    family: Tensor
    mean: Tensor
    spread: Tensor
    choices: Tensor
    camera: Tensor
    camera_spread: Tensor
    landmarks: Tensor
    landmark_spread: Tensor
    visible: Tensor


class ReconstructionNet(nn.Module):
    """Trunk and heads for a vocabulary."""

    def __init__(self, vocabulary: Vocabulary, width: int = WIDTH) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        points = len(vocabulary.landmarks)
        self.sizes = {
            "family": len(vocabulary.families),
            "mean": vocabulary.column_count,
            "spread": vocabulary.column_count,
            "choices": sum(vocabulary.choice_sizes),
            "camera": len(CAMERA_FIELDS),
            "camera_spread": len(CAMERA_FIELDS),
            "landmarks": 2 * points,
            "landmark_spread": points,
            "visible": points,
        }
        self.trunk = ResNet18(width)
        self.category = nn.Linear(8 * width, len(vocabulary.categories))
        self.reduce = nn.Conv2d(8 * width, 96, 1)
        self.hidden = nn.Linear(96 * (INPUT // 32) ** 2, 512)
        self.heads = nn.ModuleDict({k: nn.Linear(512, n) for k, n in self.sizes.items()})
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Answers:
        """Answers for crops.

        Args:
            x: (n, 4, 128, 128): red, green, blue and mask, each of -0.5 to 0.5.
        """
        features = self.trunk(x)
        pooled = features.mean(dim=(2, 3))
        local = functional.relu(self.reduce(features)).contiguous().flatten(1)
        hidden = functional.relu(self.hidden(local))
        out = {k: head(hidden) for k, head in self.heads.items()}
        shape = (len(x), -1, 2)
        return Answers(
            self.category(self.dropout(pooled)),
            out["family"],
            out["mean"],
            out["spread"].clamp(-6, 3),
            out["choices"],
            out["camera"],
            out["camera_spread"].clamp(-6, 3),
            out["landmarks"].view(shape),
            out["landmark_spread"].clamp(-6, 3),
            out["visible"],
        )


def as_input(crops: Tensor) -> Tensor:
    """(n, 128, 128, 4) uint8 to the network's (n, 4, 128, 128) float32."""
    x = crops.permute(0, 3, 1, 2).float() / 255 - 0.5
    return x.contiguous(memory_format=torch.channels_last)
