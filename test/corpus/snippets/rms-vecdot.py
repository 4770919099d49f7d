import torch
from torch import nn


class VecdotRMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float | None = None):
        super().__init__()
        self.dim = dim
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        eps = torch.finfo(x.dtype).eps if self.eps is None else self.eps
        power = torch.linalg.vecdot(x, x) / self.dim
        return torch.einsum("...d,...,d->...d", x, torch.rsqrt(power + eps), self.gain)
