import torch
from torch import nn


class DecorrelatedBatchNorm1d(nn.Module):
    """ZCA whitening over the batch."""

    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x):
        d = x - x.mean(0)
        cov = d.t() @ d / x.shape[0] + self.eps * torch.eye(x.shape[1], dtype=x.dtype)
        values, vectors = torch.linalg.eigh(cov)
        return d @ (vectors * values.rsqrt()) @ vectors.t() * self.weight + self.bias


class CholeskyBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-3):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        d = x - x.mean(0)
        cov = d.t() @ d / x.shape[0] + self.eps * torch.eye(x.shape[1], dtype=x.dtype)
        return torch.linalg.solve_triangular(torch.linalg.cholesky(cov), d.t(), upper=False).t()
