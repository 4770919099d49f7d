import torch
from torch import nn
import torch.nn.functional as F


class LocalResponseNorm2d(nn.Module):
    def __init__(self, c, size=3, alpha=1e-1, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x):
        return F.local_response_norm(x, self.size, self.alpha, self.beta, self.k)


class EvoNorm2d(nn.Module):
    """S0"""

    def __init__(self, c, groups=2, eps=1e-5):
        super().__init__()
        self.groups, self.eps = groups, eps
        self.v = nn.Parameter(torch.ones(1, c, 1, 1))
        self.weight = nn.Parameter(torch.ones(1, c, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        n, c, h, w = x.shape
        g = x.reshape(n, self.groups, -1)
        std = (g.var(-1, keepdim=True, unbiased=False) + self.eps).sqrt().expand_as(g).reshape(n, c, h, w)
        return x * torch.sigmoid(self.v * x) / std * self.weight + self.bias


class CausalBatchNorm1d(nn.Module):
    """(N, C, L): each step is normalised by the steps up to it."""

    def __init__(self, c, eps=1e-5):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        k = torch.arange(1, x.shape[2] + 1, dtype=x.dtype)
        mean = x.cumsum(2) / k
        power = (x * x).cumsum(2) / k
        return (x - mean) / torch.sqrt((power - mean**2).clamp(min=0) + self.eps)
