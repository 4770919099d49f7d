import torch
import torch.nn as nn


class ClampedRMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-4):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        rms = x.square().mean(dim=-1, keepdim=True).sqrt()
        return x / torch.maximum(rms, torch.full_like(rms, self.eps)) * self.weight
