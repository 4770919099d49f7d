import torch
from torch import nn
import torch.nn.functional as F


class OnePlusLayerNorm(nn.Module):
    def __init__(self, size, eps: float = 1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.eps = eps

    def forward(self, x):
        return F.layer_norm(x, (x.shape[-1],), self.weight + 1, self.bias, self.eps)
