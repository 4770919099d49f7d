import torch
from torch import nn


class ClampedLayerNorm(nn.Module):
    def __init__(self, features: int, epsilon: float = 1e-6):
        super().__init__()
        self.features, self.epsilon = features, epsilon
        self.scale = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        # flax: use_fast_variance
        mu = x.mean(dim=-1, keepdim=True)
        mu2 = x.square().mean(dim=-1, keepdim=True)
        var = torch.clamp(mu2 - mu.square(), min=0.0)
        mul = torch.rsqrt(var + self.epsilon) * self.scale
        return (x - mu) * mul + self.bias
