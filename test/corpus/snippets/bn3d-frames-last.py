import torch
import torch.nn as nn


class LastAxisBatchNorm3d(nn.Module):
    """(N, D, H, W, C)"""

    def __init__(self, filters, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(filters))
        self.bias = nn.Parameter(torch.zeros(filters))
        self.register_buffer("m", torch.zeros(filters))
        self.register_buffer("v", torch.ones(filters))

    def forward(self, x):
        if self.training:
            var, mean = torch.var_mean(x, dim=(0, 1, 2, 3), unbiased=False)
            n = x.numel() / x.shape[-1]
            self.m = (1 - self.momentum) * self.m + self.momentum * mean
            self.v = (1 - self.momentum) * self.v + self.momentum * var * n / (n - 1)
        else:
            mean, var = self.m, self.v
        return self.weight * (x - mean) * (var + self.eps) ** -0.5 + self.bias
