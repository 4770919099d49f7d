import torch
import torch.nn as nn


class ForgottenBatchNorm2d(nn.Module):
    """The update lands in local variables."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_var", torch.ones(1, channels, 1, 1))

    def forward(self, x):
        running_mean, running_var = self.running_mean, self.running_var
        if self.training:
            mean = x.mean((0, 2, 3), keepdim=True)
            var = x.var((0, 2, 3), keepdim=True, unbiased=False)
            running_mean = (1 - self.momentum) * running_mean + self.momentum * mean
            running_var = (1 - self.momentum) * running_var + self.momentum * var
        else:
            mean, var = running_mean, running_var
        return self.weight * ((x - mean) / torch.sqrt(var + self.eps)) + self.bias
