import torch
from torch import nn


class LasagneBatchNorm1d(nn.Module):
    """keeps the running average of 1/sqrt(var + epsilon)"""

    def __init__(self, num_units, epsilon=1e-4, alpha=0.1):
        super().__init__()
        self.epsilon, self.alpha = epsilon, alpha
        self.gamma = nn.Parameter(torch.ones(num_units))
        self.beta = nn.Parameter(torch.zeros(num_units))
        self.register_buffer("mean", torch.zeros(num_units))
        self.register_buffer("inv_std", torch.ones(num_units))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            inv_std = 1 / torch.sqrt(x.var(0, unbiased=False) + self.epsilon)
            self.mean = (1 - self.alpha) * self.mean + self.alpha * mean.detach()
            self.inv_std = (1 - self.alpha) * self.inv_std + self.alpha * inv_std.detach()
        else:
            mean, inv_std = self.mean, self.inv_std
        return (x - mean) * (self.gamma * inv_std) + self.beta
