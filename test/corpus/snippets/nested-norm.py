import torch
from torch import nn


class Centre(nn.Module):
    def forward(self, x):
        return x.sub(x.mean(dim=-1, keepdim=True))


class Length(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        return x.div(x.pow(2).mean(dim=-1, keepdim=True).add(self.eps).sqrt())


class Affine(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.k = nn.Parameter(torch.ones(dim))
        self.c = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        return x.mul(self.k).add(self.c)


class WrappedNorm(nn.Sequential):
    """layer norm out of three little modules"""

    def __init__(self, dim, eps=1e-5):
        super().__init__(Centre(), Length(eps), Affine(dim))
