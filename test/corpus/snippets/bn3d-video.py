import torch
import torch.nn as nn


class VideoBatchNorm3d(nn.Module):
    """Each frame of a clip (N, C, T, H, W) is normalised over the batch by itself."""

    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mu = x.mean(dim=(0, 3, 4), keepdim=True)
        var = x.var(dim=(0, 3, 4), unbiased=False, keepdim=True)
        shape = (1, -1, 1, 1, 1)
        return (x - mu) / torch.sqrt(var + self.eps) * self.weight.view(shape) + self.bias.view(shape)
