import torch
from torch import nn


class ShiftThenScaleLayerNorm(nn.Module):
    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.g = nn.Parameter(torch.ones(width))
        self.b = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, h):
        h = h - h.mean(-1, keepdim=True)
        h = h / (h.pow(2).mean(-1, keepdim=True) + self.eps).sqrt()
        return (h + self.b) * self.g
