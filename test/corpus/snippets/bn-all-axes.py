import torch
import torch.nn as nn


class GlobalBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features, 1))
        self.bias = nn.Parameter(torch.zeros(num_features, 1))

    def forward(self, x):
        # (N, C, L)
        x_hat = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + self.eps)
        return self.weight * x_hat + self.bias
