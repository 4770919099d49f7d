import torch
import torch.nn as nn


class LoopInstanceNorm3d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps

    def forward(self, vol):
        # sum over one axis after the other
        n = vol.shape[2] * vol.shape[3] * vol.shape[4]
        mean = vol.sum(4, True).sum(3, True).sum(2, True) / n
        d = vol - mean
        ss = (d * d).sum(4, True).sum(3, True).sum(2, True)
        return d * torch.reciprocal(torch.sqrt(torch.add(ss / n, self.eps)))
