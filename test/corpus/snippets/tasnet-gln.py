import torch
import torch.nn as nn


class GlobalLayerNorm1d(nn.Module):
    """gLN on [M, N, K] feature maps; N channels, K steps"""

    def __init__(self, channel_size, eps=1e-8):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(1, channel_size, 1))
        self.beta = nn.Parameter(torch.zeros(1, channel_size, 1))

    def forward(self, y):
        m, n, k = y.shape
        flat = y.view(m, n * k)
        mean = flat.mean(1).view(m, 1, 1)
        var = flat.var(1, unbiased=False).view(m, 1, 1)
        return self.gamma * (y - mean) / torch.pow(var + self.eps, 0.5) + self.beta
