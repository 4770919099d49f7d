import torch
from torch import nn
import torch.nn.functional as F


class SwitchableNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(1, num_features, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, num_features, 1, 1))
        self.mean_weight = nn.Parameter(torch.ones(3))
        self.var_weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        mean_in = x.mean((2, 3), keepdim=True)
        var_in = x.var((2, 3), keepdim=True)
        temp = var_in + mean_in**2
        mean_ln = mean_in.mean(1, keepdim=True)
        var_ln = temp.mean(1, keepdim=True) - mean_ln**2
        mean_bn = mean_in.mean(0, keepdim=True)
        var_bn = temp.mean(0, keepdim=True) - mean_bn**2
        m, v = self.mean_weight.softmax(0), self.var_weight.softmax(0)
        mean = m[0] * mean_in + m[1] * mean_ln + m[2] * mean_bn
        var = v[0] * var_in + v[1] * var_ln + v[2] * var_bn
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


class BatchInstanceNorm2d(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.bn = nn.BatchNorm2d(c, eps, momentum, affine=False)
        self.rho = nn.Parameter(torch.full((1, c, 1, 1), 0.5))
        self.weight = nn.Parameter(torch.ones(1, c, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        mixed = self.rho * self.bn(x) + (1 - self.rho) * F.instance_norm(x)
        return mixed * self.weight + self.bias


class PowerNorm1d(nn.Module):
    """Divides by a running quadratic mean."""

    def __init__(self, c, alpha=0.9, eps=1e-5):
        super().__init__()
        self.alpha, self.eps = alpha, eps
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))
        self.register_buffer("running_phi", torch.ones(c))

    def forward(self, x):
        y = x / torch.sqrt(self.running_phi + self.eps)
        if self.training:
            self.running_phi = self.alpha * self.running_phi + (1 - self.alpha) * x.detach().pow(2).mean(0)
        return y * self.weight + self.bias
