import torch
import torch.nn as nn


class StdBatchNorm1d(nn.Module):
    def __init__(self, dim, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.register_buffer("running_mean", torch.zeros(dim))
        self.register_buffer("running_std", torch.ones(dim))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            var = (x - mean).pow(2).mean(0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()
            self.running_std = (1 - self.momentum) * self.running_std + self.momentum * x.detach().std(0)
        else:
            mean, var = self.running_mean, self.running_std ** 2
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias
