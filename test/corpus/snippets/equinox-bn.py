import torch
import torch.nn as nn


class FirstCopyBatchNorm1d(nn.Module):
    def __init__(self, size, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("var", torch.ones(size))
        self.register_buffer("first_time", torch.tensor(True))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            var = x.var(0, unbiased=False)
            m, v = mean.detach(), x.detach().var(0)
            if self.first_time:
                self.mean, self.var = m, v
                self.first_time = torch.tensor(False)
            else:
                self.mean = (1 - self.momentum) * self.mean + self.momentum * m
                self.var = (1 - self.momentum) * self.var + self.momentum * v
        else:
            mean, var = self.mean, self.var
        return (x - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias
