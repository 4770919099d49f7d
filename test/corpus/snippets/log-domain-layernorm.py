import torch
from torch import nn


class LogLayerNorm(nn.Module):
    """The reciprocal root by way of the logarithm."""

    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        mu = x.mean(-1, keepdim=True)
        log_var = (x - mu).square().mean(-1, keepdim=True).add(self.eps).log()
        return (x - mu) * torch.exp(-0.5 * log_var) * self.gamma + self.beta
