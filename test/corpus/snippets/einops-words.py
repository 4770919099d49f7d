import torch
from torch import nn


# b c h w -> b 1 h w
class EinLayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.g = nn.Parameter(torch.ones(1, dim, 1, 1))
        self.b = nn.Parameter(torch.zeros(1, dim, 1, 1))

    def forward(self, x):
        mean = torch.einsum("b c h w -> b h w", x)[:, None] / x.shape[1]
        var = torch.einsum("b c h w, b c h w -> b h w", x - mean, x - mean)[:, None] / (x.shape[1] - 1)
        return (x - mean) / (var + self.eps).sqrt() * self.g + self.b
