import torch
from torch import nn


class ViewGroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.scale = nn.Parameter(torch.ones(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        shape = x.shape
        x = x.view(shape[0], self.num_groups, -1)
        mean = x.mean(dim=-1, keepdim=True)
        mean_x2 = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
        x = (x - mean) / torch.sqrt(mean_x2 + self.eps)
        x = x.view(shape[0], self.num_channels, -1)
        x = self.scale.view(1, -1, 1) * x + self.shift.view(1, -1, 1)
        return x.view(shape)
