import torch
import torch.nn as nn


class RowsBatchNorm3d(nn.Module):
    def __init__(self, channels, eps=1e-3, momentum=0.1):
        super().__init__()
        self.channels = channels
        self.bn = nn.BatchNorm1d(channels, eps=eps, momentum=momentum)

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, self.channels)
        x = self.bn(x)
        return x.reshape(shape)
