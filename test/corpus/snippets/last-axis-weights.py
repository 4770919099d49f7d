import torch
from torch import nn


class TableLayerNorm(nn.Module):
    """Normalises over all of normalized_shape, but learns a gain per column only."""

    def __init__(self, normalized_shape, eps=1e-12):
        super().__init__()
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.normalized_shape[-1]))
        self.bias = nn.Parameter(torch.zeros(self.normalized_shape[-1]))

    def forward(self, x):
        dims = tuple(range(-len(self.normalized_shape), 0))
        var, mean = torch.var_mean(x, dim=dims, keepdim=True, unbiased=False)
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias
