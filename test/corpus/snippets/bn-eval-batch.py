import torch
from torch import nn
from torch.nn import functional as F


class StatelessBatchNorm2d(nn.Module):
    """Always the batch at hand (test-time adaptation)."""

    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.eps = eps

    def forward(self, x):
        return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
