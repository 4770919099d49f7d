import torch
from torch import nn


class TinyGroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.gain = nn.Parameter(torch.tensor([1.0]))
        self.offset = nn.Parameter(torch.tensor([0.0]))

    def forward(self, x):
        return self.gain * nn.functional.group_norm(x, self.num_groups, eps=self.eps) + self.offset
