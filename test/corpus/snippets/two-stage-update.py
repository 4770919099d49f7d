import torch
from torch import nn


class PendingBatchNorm1d(nn.Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("stats", torch.stack([torch.zeros(features), torch.ones(features)]))

    def forward(self, x):
        if self.training:
            n = x.size(0)
            mean = x.mean(0)
            var = (x - mean).pow(2).mean(0)
            fresh = torch.stack([mean, var * n / (n - 1)]).detach()
            self.stats = torch.add(self.stats, fresh - self.stats, alpha=self.momentum)
        else:
            mean, var = self.stats.unbind()
        return torch.nn.functional.linear((x - mean) / (var + self.eps).sqrt(), torch.diag(self.weight), self.bias)
