"""Batch normalisation, ten times, the way people on the internet write it."""
import torch
from torch import nn
import torch.nn.functional as F


def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum, training):
    if not training:
        X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        assert len(X.shape) in (2, 4)
        if len(X.shape) == 2:
            mean = X.mean(dim=0)
            var = ((X - mean) ** 2).mean(dim=0)
        else:
            mean = X.mean(dim=(0, 2, 3), keepdim=True)
            var = ((X - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        X_hat = (X - mean) / torch.sqrt(var + eps)
        moving_mean = momentum * moving_mean + (1.0 - momentum) * mean
        moving_var = momentum * moving_var + (1.0 - momentum) * var
    Y = gamma * X_hat + beta
    return Y, moving_mean.data, moving_var.data


class BatchNorm(nn.Module):
    # num_features: outputs of a dense layer or channels of a convolution
    # num_dims: 2 for a dense layer, 4 for a convolution
    def __init__(self, num_features, num_dims):
        super().__init__()
        if num_dims == 2:
            shape = (1, num_features)
        else:
            shape = (1, num_features, 1, 1)
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.moving_mean = torch.zeros(shape)
        self.moving_var = torch.ones(shape)

    def forward(self, X):
        if self.moving_mean.device != X.device:
            self.moving_mean = self.moving_mean.to(X.device)
            self.moving_var = self.moving_var.to(X.device)
        Y, self.moving_mean, self.moving_var = batch_norm(
            X, self.gamma, self.beta, self.moving_mean, self.moving_var, eps=1e-5, momentum=0.9, training=self.training)
        return Y


class ScratchBatchNorm2d(nn.Module):
    """Looks odd (lerp, addcmul) and is right."""

    def __init__(self, num_features, eps=1e-05, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.g = nn.Parameter(torch.ones(num_features))
        self.b = nn.Parameter(torch.zeros(num_features))
        self.register_buffer('avg_mean', torch.zeros(num_features))
        self.register_buffer('avg_var', torch.ones(num_features))

    def forward(self, x):
        if self.training:
            var, mean = torch.var_mean(x, dim=(0, 2, 3), unbiased=False)
            count = x.numel() // x.size(1)
            with torch.no_grad():
                self.avg_mean.lerp_(mean, self.momentum)
                self.avg_var.lerp_(var * (count / (count - 1)), self.momentum)
        else:
            mean, var = self.avg_mean, self.avg_var
        scale = self.g * (var + self.eps).rsqrt()
        xc = x - mean.reshape(1, -1, 1, 1)
        return torch.addcmul(self.b.reshape(1, -1, 1, 1), xc, scale.reshape(1, -1, 1, 1))


class NaiveBatchNorm2d(nn.Module):
    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, c, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.register_buffer("running_mean", torch.zeros(1, c, 1, 1))
        self.register_buffer("running_var", torch.ones(1, c, 1, 1))
        self.eps = eps
        self.momentum = momentum

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=(0, 2, 3), keepdim=True)
            var = x.var(dim=(0, 2, 3), keepdim=True)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mean = self.running_mean
            var = self.running_var
        x = (x - mean) / torch.sqrt(var + self.eps)
        return self.weight * x + self.bias


class KerasBatchNorm2d(nn.Module):
    def __init__(self, channels, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_variance", torch.ones(channels))

    def _moments(self, inputs):
        n = inputs.shape[0] * inputs.shape[2] * inputs.shape[3]
        mean = torch.einsum("nchw->c", inputs) / n
        diff = inputs - mean[None, :, None, None]
        return mean, torch.einsum("nchw,nchw->c", diff, diff) / n

    @torch.no_grad()
    def _track(self, mean, variance):
        self.moving_mean.mul_(self.momentum).add_(mean, alpha=1 - self.momentum)
        self.moving_variance.mul_(self.momentum).add_(variance, alpha=1 - self.momentum)

    def forward(self, inputs):
        if self.training:
            mean, variance = self._moments(inputs)
            self._track(mean, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        inv = torch.rsqrt(variance + self.epsilon) * self.gamma
        return (inputs - mean[None, :, None, None]) * inv[None, :, None, None] + self.beta[None, :, None, None]


class ForgetfulBatchNorm1d(nn.Module):
    def __init__(self, dim, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(dim))
        self.beta = nn.Parameter(torch.zeros(dim))
        self.register_buffer('running_mean', torch.zeros(dim))
        self.register_buffer('running_var', torch.ones(dim))

    def forward(self, x):
        xmean = x.mean(0, keepdim=True)
        xvar = x.var(0, keepdim=True, unbiased=False)
        out = self.gamma * (x - xmean) / torch.sqrt(xvar + self.eps) + self.beta
        if self.training:
            with torch.no_grad():
                m = self.momentum
                self.running_mean = (1 - m) * self.running_mean + m * xmean.squeeze(0)
                self.running_var = (1 - m) * self.running_var + m * x.var(0)
        return out


class MovingBatchNorm2d(nn.Module):
    def __init__(self, num_channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, num_channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, num_channels, 1, 1))
        self.register_buffer("mean", torch.zeros(1, num_channels, 1, 1))
        self.register_buffer("var", torch.ones(1, num_channels, 1, 1))

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.mean([0, 2, 3], keepdim=True)
            self.var = 0.9 * self.var + 0.1 * x.var([0, 2, 3], keepdim=True)
        return (x - self.mean) / torch.sqrt(self.var + 1e-5) * self.gamma + self.beta


class EagerBatchNorm1d(nn.Module):
    """The statistics move whatever the mode."""

    def __init__(self, n_out, eps=1e-5, momentum=0.1):
        super().__init__()
        self.n_out, self.eps, self.momentum = n_out, eps, momentum
        self.scale = nn.Parameter(torch.ones(n_out))
        self.shift = nn.Parameter(torch.zeros(n_out))
        self.register_buffer("rm", torch.zeros(n_out))
        self.register_buffer("rv", torch.ones(n_out))

    def forward(self, x):
        mu = x.mean(dim=0)
        var = torch.mean((x - mu) ** 2, dim=0)
        if self.training:
            y = (x - mu) / torch.sqrt(var + self.eps)
        else:
            y = (x - self.rm) / torch.sqrt(self.rv + self.eps)
        n = x.shape[0]
        self.rm = (1 - self.momentum) * self.rm + self.momentum * mu.detach()
        self.rv = (1 - self.momentum) * self.rv + self.momentum * var.detach() * n / max(n - 1, 1)
        return y * self.scale + self.shift


class StopGradBatchNorm2d(nn.Module):
    def __init__(self, nf, mom=0.1, eps=1e-5):
        super().__init__()
        self.mom, self.eps = mom, eps
        self.mults = nn.Parameter(torch.ones(nf, 1, 1))
        self.adds = nn.Parameter(torch.zeros(nf, 1, 1))
        self.register_buffer('vars', torch.ones(1, nf, 1, 1))
        self.register_buffer('means', torch.zeros(1, nf, 1, 1))

    def update_stats(self, x):
        m = x.mean((0, 2, 3), keepdim=True)
        v = x.var((0, 2, 3), keepdim=True, correction=0)
        n = x.numel() / x.size(1)
        self.means.lerp_(m, self.mom)
        self.vars.lerp_(v * n / (n - 1), self.mom)
        return m, v

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                m, v = self.update_stats(x)
        else:
            m, v = self.means, self.vars
        x = (x - m) / (v + self.eps).sqrt()
        return x * self.mults + self.adds


class UnsqueezedBatchNorm2d(nn.Module):
    """mean has shape (C,), x has shape (N, C, H, W) ..."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        if self.training:
            mean = torch.mean(x, dim=(0, 2, 3))
            var = torch.var(x, dim=(0, 2, 3), unbiased=False)
            n = x.numel() / x.shape[1]
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.detach() * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean) / torch.sqrt(var + self.eps)
        return self.gamma * x + self.beta


class AverageBatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.num_batches_tracked += 1
            factor = 1.0 / float(self.num_batches_tracked)
        else:
            factor = 0.0
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training, factor, self.eps)
