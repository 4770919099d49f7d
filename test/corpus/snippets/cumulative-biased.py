import torch
import torch.nn as nn


class CountingBatchNorm1d(nn.Module):
    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.batches = 0
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("var", torch.zeros(features))

    def forward(self, x):
        if self.training:
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.batches += 1
            self.mean = self.mean + (mean.detach() - self.mean) / self.batches
            self.var = self.var + (var.detach() - self.var) / self.batches
        else:
            mean, var = self.mean, self.var
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias
