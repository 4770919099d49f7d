import torch
from torch import nn


class NoisyBatchNorm1d(nn.BatchNorm1d):
    def forward(self, x):
        y = super().forward(x)
        return y + 0.1 * torch.randn_like(y) if self.training else y


class DropoutLayerNorm(nn.Module):
    def __init__(self, dim, p=0.1):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        return self.drop(self.norm(x))


class RandomGroupNorm(nn.Module):
    """Channels fall into groups anew in each call."""

    def __init__(self, groups, channels):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels)

    def forward(self, x):
        order = torch.randperm(x.shape[1])
        return self.norm(x[:, order])[:, torch.argsort(order)]
