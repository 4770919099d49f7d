"""One core, three layers."""
from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor, nn


def standardise(x: Tensor, dims: Sequence[int], eps: float) -> Tensor:
    centred = x - x.mean(dim=tuple(dims), keepdim=True)
    power = centred.square().mean(dim=tuple(dims), keepdim=True)
    return centred * torch.rsqrt(power + eps)


class CoreGroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        y = standardise(x.unflatten(1, (self.num_groups, -1)), range(2, x.dim() + 1), self.eps).flatten(1, 2)
        last = y.movedim(1, -1) * self.weight + self.bias
        return last.movedim(-1, 1)


class CoreLayerNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, [-1], self.eps) * self.weight + self.bias


class CoreInstanceNorm1d(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return standardise(x, [2], self.eps)
