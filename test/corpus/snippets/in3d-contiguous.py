import torch
import torch.nn as nn


class VoxelInstanceNorm3d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(num_features, 1))

    def forward(self, x):
        flat = x.view(x.size(0), x.size(1), -1)
        flat = flat - flat.mean(-1, keepdim=True)
        flat = flat * torch.rsqrt(flat.pow(2).mean(-1, keepdim=True) + self.eps)
        return (flat * self.gamma).view(x.size())
