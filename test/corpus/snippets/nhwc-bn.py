import torch
from torch import nn


class ChannelsLastBatchNorm2d(nn.Module):
    """(N, H, W, C) in and out."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.norm = nn.BatchNorm1d(num_features, eps=eps, momentum=momentum)

    def forward(self, x):
        n, h, w, c = x.shape
        return self.norm(x.reshape(n * h * w, c)).reshape(n, h, w, c)
