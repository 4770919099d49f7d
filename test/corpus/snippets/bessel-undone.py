import torch
import torch.nn as nn


class UnBesselGroupNorm(nn.Module):
    # x.var() divides by n-1; take it back
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None

    def forward(self, x):
        g = x.unflatten(1, (self.num_groups, -1)).flatten(2)
        n = g.size(-1)
        sd = (g.var(-1, keepdim=True) * (n - 1) / n + self.eps).sqrt()
        y = ((g - g.mean(-1, keepdim=True)) / sd).reshape_as(x)
        if self.weight is None:
            return y
        view = (-1,) + (1,) * (x.dim() - 2)
        return y * self.weight.view(view) + self.bias.view(view)
