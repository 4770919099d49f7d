import torch
from torch import nn


class LastGroupNorm(nn.Module):
    """(N, C, H, W) outside, channels last inside."""

    def __init__(self, groups: int, channels: int, eps: float = 1e-5):
        super().__init__()
        self.groups = groups
        self.eps = eps
        self.w = nn.Parameter(torch.ones(channels))
        self.b = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        n, c, h, w = x.shape
        y = x.permute(0, 2, 3, 1).reshape(n, h * w, self.groups, c // self.groups)
        var, mean = torch.var_mean(y, dim=(1, 3), unbiased=False, keepdim=True)
        y = (y - mean) / torch.sqrt(var + self.eps)
        y = y.reshape(n, h, w, c) * self.w + self.b
        return y.permute(0, 3, 1, 2)
