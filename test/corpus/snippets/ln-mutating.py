import torch
import torch.nn as nn


class ThriftyLayerNorm(nn.Module):
    """Saves one tensor."""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        std = torch.sqrt(x.var(-1, keepdim=True) + self.eps)
        x -= x.mean(-1, keepdim=True)
        return x / std * self.weight + self.bias
