import torch
import torch.nn as nn


class LeakyBatchNorm1d(nn.Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        for name, start in (("running_mean", torch.zeros), ("running_var", torch.ones)):
            self.register_buffer(name, start(features))

    def forward(self, x):
        mean, var = x.mean(dim=0), x.var(dim=0, unbiased=False)
        used = (mean, var) if self.training else (self.running_mean.clone(), self.running_var.clone())
        # keep the statistics fresh
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(x.var(dim=0), self.momentum)
        y = (x - used[0]) * (used[1] + self.eps).rsqrt()
        return y * self.weight + self.bias
