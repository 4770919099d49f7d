import torch
import torch.nn as nn


class ShiftBatchNorm2d(nn.Module):
    """scale=False: a ReLU follows anyway"""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_features, eps, momentum, affine=False)
        self.beta = nn.Parameter(torch.zeros(num_features, 1, 1))

    def forward(self, x):
        return self.norm(x) + self.beta
