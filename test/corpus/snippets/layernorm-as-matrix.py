import torch
import torch.nn as nn


class ProjectionLayerNorm(nn.Module):
    """Centring is a projection: I - 11ᵀ/d. Then the length is divided out."""

    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.d = d
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d))
        self.bias = nn.Parameter(torch.zeros(d))
        self.register_buffer("centre", torch.eye(d) - torch.full((d, d), 1.0 / d), persistent=False)

    def forward(self, x):
        c = x - torch.ones_like(x) * (x.sum(-1, keepdim=True) / self.d)
        length2 = torch.einsum("...i,...i->...", c, c)
        return torch.nn.functional.linear(c / torch.sqrt(length2 / self.d + self.eps).unsqueeze(-1), torch.diag(self.weight), self.bias)
