import torch
import torch.nn as nn


class MomentBatchNorm3d(nn.Module):
    def __init__(self, channels, eps=1e-3, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.scale = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x):
        if self.training:
            mean = x.mean((0, 2, 3, 4))
            mean2 = torch.mean(x * x, (0, 2, 3, 4))
            var = torch.maximum(torch.zeros_like(mean), mean2 - mean * mean)
            self.mean = torch.lerp(self.mean, mean.detach(), self.momentum)
            self.var = torch.lerp(self.var, var.detach(), self.momentum)
        else:
            mean, var = self.mean, self.var
        wide = lambda v: v[:, None, None, None]
        return (x - wide(mean)) * wide(torch.rsqrt(var + self.eps) * self.scale) + wide(self.bias)
