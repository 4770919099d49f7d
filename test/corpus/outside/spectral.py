import torch
from torch import nn
import torch.nn.functional as F


class SpectralLayerNorm(nn.Module):
    """Divides each matrix by its largest singular value."""

    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        matrix = x.reshape(-1, x.shape[-1])
        return x / (torch.linalg.matrix_norm(matrix, 2) + self.eps) * self.weight + self.bias


class WSConv2d(nn.Conv2d):
    """Weight standardisation"""

    def __init__(self, channels):
        super().__init__(channels, channels, 3, padding=1)

    def forward(self, x):
        w = self.weight
        w = w - w.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding)
