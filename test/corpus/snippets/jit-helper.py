from typing import Optional

import torch
from torch import Tensor, nn


def _group_norm(x: Tensor, groups: int, weight: Optional[Tensor], bias: Optional[Tensor], eps: float) -> Tensor:
    shape = x.shape
    g = x.reshape(shape[0], groups, -1)
    out = (g - g.mean(2, keepdim=True)) * torch.rsqrt(g.var(2, keepdim=True) + eps)
    out = out.reshape(shape)
    if weight is not None:
        out = out * weight.reshape([1, -1] + [1] * (len(shape) - 2))
    if bias is not None:
        out = out + bias.reshape([1, -1] + [1] * (len(shape) - 2))
    return out


class ScriptedGroupNorm(nn.Module):
    __constants__ = ["num_groups", "eps"]

    def __init__(self, num_channels: int, num_groups: int = 2, eps: float = 1e-6, affine: bool = True) -> None:
        super().__init__()
        self.num_groups = num_groups
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        return _group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
