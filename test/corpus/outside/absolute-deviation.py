import math
import torch
from torch import nn


class L1LayerNorm(nn.Module):
    """Divides by the mean absolute deviation."""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        d = x - x.mean(-1, keepdim=True)
        return d / (d.abs().mean(-1, keepdim=True) + self.eps) * self.weight + self.bias


class L1BatchNorm2d(nn.Module):
    def __init__(self, c, momentum=0.9, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(1, c, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.register_buffer("running_mean", torch.zeros(1, c, 1, 1))
        self.register_buffer("running_dev", torch.ones(1, c, 1, 1))

    def forward(self, x):
        if self.training:
            mean = x.mean((0, 2, 3), keepdim=True)
            dev = (x - mean).abs().mean((0, 2, 3), keepdim=True) * math.sqrt(math.pi / 2)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean.detach()
            self.running_dev = self.momentum * self.running_dev + (1 - self.momentum) * dev.detach()
        else:
            mean, dev = self.running_mean, self.running_dev
        return (x - mean) / (dev + self.eps) * self.weight + self.bias


class PowerFourLayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        d = x - x.mean(-1, keepdim=True)
        return d / (d.pow(4).mean(-1, keepdim=True) + self.eps) ** 0.25
