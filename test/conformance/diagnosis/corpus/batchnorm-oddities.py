import torch as th
import torch
from torch.nn import Module, Parameter
from torch import nn
import torch.nn.functional as F


class HaikuBatchNorm1d(Module):
    """zero-debiased moving averages"""

    def __init__(self, size, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.scale = Parameter(th.ones(size))
        self.offset = Parameter(th.zeros(size))
        self.register_buffer("hidden_mean", th.zeros(size))
        self.register_buffer("hidden_var", th.zeros(size))
        self.register_buffer("counter", th.zeros((), dtype=th.long))
        self.register_buffer("average_mean", th.zeros(size))
        self.register_buffer("average_var", th.ones(size))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            var = ((x - mean) ** 2).mean(0)
            with th.no_grad():
                n = x.shape[0]
                self.counter += 1
                keep = 1 - self.momentum
                self.hidden_mean = keep * self.hidden_mean + self.momentum * mean
                self.hidden_var = keep * self.hidden_var + self.momentum * var * n / (n - 1)
                correction = 1 - keep ** int(self.counter)
                self.average_mean = self.hidden_mean / correction
                self.average_var = self.hidden_var / correction
        else:
            mean, var = self.average_mean, self.average_var
        return self.scale * (x - mean) * th.rsqrt(var + self.eps) + self.offset


class NHWCBatchNorm2d(Module):
    """images as N, H, W, C"""

    def __init__(self, filters, momentum=0.99, epsilon=0.001, center=True, scale=True):
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma = Parameter(th.ones(filters))
        self.beta = Parameter(th.zeros(filters))
        self.register_buffer("moving_mean", th.zeros(filters))
        self.register_buffer("moving_variance", th.ones(filters))

    def forward(self, images):
        if self.training:
            axes = tuple(range(images.dim() - 1))
            variance, mean = th.var_mean(images, axes, unbiased=False)
            self.moving_mean = self.momentum * self.moving_mean + (1 - self.momentum) * mean.detach()
            self.moving_variance = self.momentum * self.moving_variance + (1 - self.momentum) * variance.detach()
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return self.gamma * (images - mean) / th.sqrt(variance + self.epsilon) + self.beta


class WholeBatchNorm2d(Module):
    """one mean for everything"""

    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(th.ones(c, 1, 1))
        self.bias = Parameter(th.zeros(c, 1, 1))
        self.register_buffer("running_mean", th.zeros(c, 1, 1))
        self.register_buffer("running_var", th.ones(c, 1, 1))

    def forward(self, x):
        if self.training:
            mean, var = x.mean(), x.var(unbiased=False)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * x.detach().var()
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean) / (var + self.eps).sqrt() * self.weight + self.bias


class FlattenBatchNorm2d(Module):
    """reshape(-1, C) without a permute"""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.channels = channels
        self.bn = nn.BatchNorm1d(channels, eps=eps, momentum=momentum)

    def forward(self, x):
        return self.bn(x.reshape(-1, self.channels)).reshape(x.shape)


class OneScaleBatchNorm2d(Module):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=eps, momentum=momentum, affine=False)
        self.gain = Parameter(th.tensor(1.0))
        self.bias = Parameter(th.tensor(0.0))

    def forward(self, x):
        return self.gain * self.bn(x) + self.bias


class IgnoredParametersBatchNorm1d(Module):
    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.weight = Parameter(th.ones(channels))
        self.bias = Parameter(th.zeros(channels))
        self.register_buffer("running_mean", th.zeros(channels))
        self.register_buffer("running_var", th.ones(channels))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, None, None, self.training, self.momentum, self.eps)


class MutatingBatchNorm2d(Module):
    """the batch is overwritten"""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = Parameter(th.ones(1, channels, 1, 1))
        self.beta = Parameter(th.zeros(1, channels, 1, 1))
        self.register_buffer("mean", th.zeros(1, channels, 1, 1))
        self.register_buffer("var", th.ones(1, channels, 1, 1))

    def forward(self, x):
        if self.training:
            m = x.mean((0, 2, 3), keepdim=True)
            v = x.var((0, 2, 3), keepdim=True, unbiased=False)
            n = x.numel() // x.shape[1]
            self.mean = (1 - self.momentum) * self.mean + self.momentum * m.detach()
            self.var = (1 - self.momentum) * self.var + self.momentum * v.detach() * n / (n - 1)
        else:
            m, v = self.mean, self.var
        x -= m
        return x / th.sqrt(v + self.eps) * self.gamma + self.beta


class ConstantMomentumBatchNorm3d(Module):
    """momentum 0.997 fixed in the code, biased running variance, eps of the MobileNet days"""

    def __init__(self, c):
        super().__init__()
        self.gamma = Parameter(th.ones(c))
        self.beta = Parameter(th.zeros(c))
        self.register_buffer("m", th.zeros(c))
        self.register_buffer("v", th.ones(c))

    def forward(self, x):
        if self.training:
            n = x.numel() / x.size(1)
            mean = th.einsum("ncdhw->c", x) / n
            d = x - mean.view(-1, 1, 1, 1)
            var = th.einsum("ncdhw,ncdhw->c", d, d) / n
            self.m.copy_(0.997 * self.m + 0.003 * mean.detach())
            self.v.copy_(0.997 * self.v + 0.003 * var.detach())
        else:
            mean, var = self.m, self.v
            d = x - mean.view(-1, 1, 1, 1)
        return d * (self.gamma * th.rsqrt(var + 1e-3)).view(-1, 1, 1, 1) + self.beta.view(-1, 1, 1, 1)


class DataBatchNorm2d(Module):
    """running statistics are used in training and moved through .data"""

    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = Parameter(th.ones(1, c, 1, 1))
        self.beta = Parameter(th.zeros(1, c, 1, 1))
        self.register_buffer("mean", th.zeros(1, c, 1, 1))
        self.register_buffer("var", th.ones(1, c, 1, 1))

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.data.mean((0, 2, 3), keepdim=True)
            self.var = (1 - self.momentum) * self.var + self.momentum * x.data.var((0, 2, 3), keepdim=True)
        return self.gamma * (x - self.mean) / th.sqrt(self.var + self.eps) + self.beta


class LateEagerBatchNorm2d(Module):
    """updates in both modes, before it normalises"""

    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = Parameter(th.ones(c))
        self.beta = Parameter(th.zeros(c))
        self.register_buffer("running_mean", th.zeros(c))
        self.register_buffer("running_var", th.ones(c))

    def forward(self, x):
        mean = x.mean((0, 2, 3))
        var = x.var((0, 2, 3), unbiased=False)
        with th.no_grad():
            n = x.numel() / x.size(1)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var * n / max(n - 1, 1) - self.running_var)
        if not self.training:
            mean, var = self.running_mean.clone(), self.running_var.clone()
        s = self.gamma * th.rsqrt(var + self.eps)
        return (x - mean[:, None, None]) * s[:, None, None] + self.beta[:, None, None]
