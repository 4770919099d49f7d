import torch
from torch import nn


class SquaredEpsLayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        d = x - x.mean(dim=-1, keepdim=True)
        # eps is a standard deviation, so it is squared beside the variance
        return d * torch.rsqrt(d.pow(2).mean(-1, keepdim=True) + self.eps ** 2) * self.weight + self.bias
