import torch
import torch.nn as nn


class FrozenGradBatchNorm2d(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.c, self.eps, self.momentum = c, eps, momentum
        self.gamma = nn.Parameter(torch.ones(1, c, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.register_buffer("mean_buf", torch.zeros(1, c, 1, 1))
        self.register_buffer("var_buf", torch.ones(1, c, 1, 1))

    @torch.no_grad()
    def statistics(self, x):
        if not self.training:
            return self.mean_buf, self.var_buf
        dims = [0, 2, 3]
        mean = x.mean(dims, keepdim=True)
        self.mean_buf += self.momentum * (mean - self.mean_buf)
        self.var_buf += self.momentum * (x.var(dims, keepdim=True) - self.var_buf)
        return mean, x.var(dims, keepdim=True, unbiased=False)

    def forward(self, x):
        mean, var = self.statistics(x)
        return self.gamma * (x - mean) / (var + self.eps).sqrt() + self.beta
