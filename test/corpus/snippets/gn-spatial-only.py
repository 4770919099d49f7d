import torch
import torch.nn as nn


class PlaneGroupNorm(nn.Module):
    """Forgets the channels of a group in the mean."""

    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.gamma = nn.Parameter(torch.ones(1, num_channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, num_channels, 1, 1))

    def forward(self, x):
        n, c, h, w = x.shape
        x = x.reshape(n, self.num_groups, c // self.num_groups, h, w)
        mean = x.mean((3, 4), keepdim=True)
        var = x.var((3, 4), keepdim=True, unbiased=False)
        x = ((x - mean) / torch.sqrt(var + self.eps)).reshape(n, c, h, w)
        return x * self.gamma + self.beta
