import torch
from torch import nn


class Normalise(torch.autograd.Function):
    """y = (x - mean) * rstd, and the backward that everybody writes first"""

    @staticmethod
    def forward(ctx, x, mean, rstd):
        ctx.save_for_backward(rstd)
        return (x - mean) * rstd

    @staticmethod
    def backward(ctx, dy):
        (rstd,) = ctx.saved_tensors
        return dy * rstd, None, None


class ManualGradBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            var = x.var(0, unbiased=False)
            with torch.no_grad():
                self.running_mean += self.momentum * (mean - self.running_mean)
                self.running_var += self.momentum * (var - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        return Normalise.apply(x, mean, torch.rsqrt(var + self.eps)) * self.weight + self.bias
