import torch
from torch import nn
import torch.nn.functional as F


class OverwritingGroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        y = F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
        x.data.copy_(y.data)
        return y


class ClearingLayerNorm(nn.LayerNorm):
    def forward(self, x):
        y = super().forward(x)
        x.data.zero_()
        return y
