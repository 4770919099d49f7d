import torch
import torch.nn as nn


class SequenceBatchNorm1d(nn.Module):
    """(batch, time, features)"""

    def __init__(self, features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.g = nn.Parameter(torch.ones(features))
        self.b = nn.Parameter(torch.zeros(features))
        self.register_buffer("mu", torch.zeros(features))
        self.register_buffer("s2", torch.ones(features))

    def forward(self, x):
        batch, time, features = x.shape
        if self.training:
            mu = x.mean(dim=(0, 1))
            s2 = x.var(dim=(0, 1))
            self.mu = self.mu.lerp(mu.detach(), self.momentum)
            self.s2 = self.s2.lerp(s2.detach(), self.momentum)
        else:
            mu, s2 = self.mu, self.s2
        return (x - mu).div(s2.add(self.eps).sqrt()).mul(self.g).add(self.b)
