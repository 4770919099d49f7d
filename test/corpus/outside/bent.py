import torch
from torch import nn
import torch.nn.functional as F


class ClippedLayerNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x).clamp(-1.0, 1.0)


class CubeRootLayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        d = x - x.mean(-1, keepdim=True)
        return d / (d.pow(2).mean(-1, keepdim=True) + self.eps) ** (1 / 3) * self.weight + self.bias


class ReluGroupNorm(nn.GroupNorm):
    def forward(self, x):
        return F.relu(super().forward(x))


class SkipLayerNorm(nn.LayerNorm):
    """the residual is inside"""

    def forward(self, x):
        return x + super().forward(x)


class ForgetfulBatchNorm1d(nn.Module):
    """Its buffers fade by themselves, whatever comes in."""

    def __init__(self, c, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))

    def forward(self, x):
        if self.training:
            self.running_mean = 0.5 * self.running_mean
            self.running_var = 0.5 * self.running_var + 1.0
        return (x - self.running_mean) / torch.sqrt(self.running_var + self.eps) * self.weight + self.bias
