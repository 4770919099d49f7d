import torch
import torch.nn as nn


class SeriesInstanceNorm1d(nn.Module):
    """x of shape (batch, channels, time)"""

    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        out = []
        for c in range(x.shape[1]):
            s = x[:, c]
            out.append((s - s.mean(dim=1, keepdim=True)) / s.std(dim=1, keepdim=True))
        return torch.stack(out, dim=1)
