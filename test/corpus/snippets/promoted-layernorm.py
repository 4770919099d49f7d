import torch
from torch import nn


def wide(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


class PromotedLayerNorm(nn.Module):
    """float32 inside for half precision; rounded, then scaled"""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        h = wide(x)
        h = h - h.mean(-1, keepdim=True)
        h = h * torch.rsqrt(h.square().mean(-1, keepdim=True) + self.eps)
        return h.to(x.dtype) * self.weight + self.bias


class WideLayerNorm(nn.Module):
    """float32 inside for half precision; scaled, then rounded"""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        h = wide(x)
        h = h - h.mean(-1, keepdim=True)
        h = h * torch.rsqrt(h.square().mean(-1, keepdim=True) + self.eps)
        return (h * wide(self.weight) + wide(self.bias)).to(x.dtype)
