import torch
import torch.nn as nn
from dataclasses import dataclass


class GroupNormABE(nn.Module):
    """(a, b) = (channels, groups), m is the epsilon"""

    def __init__(self, a, b, m=1e-3):
        super().__init__()
        self.a, self.b, self.m = a, b, m
        self.p = nn.Parameter(torch.ones(a))
        self.q = nn.Parameter(torch.zeros(a))

    def forward(self, x):
        s = x.shape
        y = x.reshape(s[0], self.b, -1)
        y = (y - y.mean(-1, keepdim=True)) / (y.var(-1, keepdim=True, unbiased=False) + self.m).sqrt()
        k = (1, self.a) + (1,) * (len(s) - 2)
        return y.reshape(s) * self.p.view(k) + self.q.view(k)


class BiasFirstNamesLayerNorm(nn.Module):
    """the bias comes first and is called gamma"""

    def __init__(self, *, size, eps=1e-5):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(size))
        self.beta = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        v, m = torch.var_mean(x, dim=-1, keepdim=True, correction=1)
        return (x - m) / (v + self.eps) ** 0.5 * self.beta + self.gamma


class UnusedMomentumLayerNorm(nn.Module):
    def __init__(self, dim, momentum=0.1, affine=True, eps=1e-5):
        super().__init__()
        self.eps, self.affine, self.dim = eps, affine, dim
        if affine:
            self.weight = nn.Parameter(torch.ones(dim))
            self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        x = x - x.mean(-1, keepdim=True)
        x = x / torch.sqrt((x ** 2).sum(-1, keepdim=True) / self.dim + self.eps)
        if self.affine:
            x = x * self.weight + self.bias
        return x


class EpsAsTensorBatchNorm2d(nn.Module):
    """momentum and eps live in buffers"""

    def __init__(self, dim, momentum=0.9, eps=1e-5):
        super().__init__()
        self.register_buffer("momentum", torch.tensor(momentum))
        self.register_buffer("eps", torch.tensor(eps))
        self.gamma = nn.Parameter(torch.ones([1, dim, 1, 1]))
        self.beta = nn.Parameter(torch.zeros([1, dim, 1, 1]))
        self.register_buffer("moving_mean", torch.zeros([1, dim, 1, 1]))
        self.register_buffer("moving_var", torch.ones([1, dim, 1, 1]))

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=[0, 2, 3], keepdim=True)
            var = x.var(dim=[0, 2, 3], keepdim=True, unbiased=False)
            self.moving_mean = self.moving_mean * self.momentum + mean * (1 - self.momentum)
            self.moving_var = self.moving_var * self.momentum + var * (1 - self.momentum)
            return (x - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta
        return (x - self.moving_mean) / torch.sqrt(self.moving_var + self.eps) * self.gamma + self.beta


class SwitchBatchNorm1d(nn.Module):
    """2-D and 3-D inputs, flags for everything"""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = nn.Parameter(torch.empty(num_features))
            self.bias = nn.Parameter(torch.empty(num_features))
        else:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)
        if track_running_stats:
            self.register_buffer("running_mean", torch.zeros(num_features))
            self.register_buffer("running_var", torch.ones(num_features))
            self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self):
        if self.affine:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    def forward(self, input):
        squeeze = input.dim() == 2
        x = input.unsqueeze(-1) if squeeze else input
        if self.training or not self.track_running_stats:
            z = x.permute(1, 0, 2).reshape(self.num_features, -1)
            if z.shape[1] < 2:
                raise ValueError("Expected more than 1 value per channel when training")
            mean, var = z.mean(1), z.var(1, False)
            if self.training and self.track_running_stats:
                with torch.no_grad():
                    self.num_batches_tracked.add_(1)
                    self.running_mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
                    self.running_var.mul_(1 - self.momentum).add_(z.var(1), alpha=self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        out = (x - mean[None, :, None]) * torch.rsqrt(var + self.eps)[None, :, None]
        if self.affine:
            out = out * self.weight[None, :, None] + self.bias[None, :, None]
        return out.squeeze(-1) if squeeze else out


class TransposedLayerNorm(nn.Module):
    """(N, C, L): normalises the channels of axis 1 by transposing; the size is found on axis 1 of a 3-D input"""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x.transpose(1, -1)).transpose(1, -1)


class OldNewBatchNorm2d(nn.Module):
    """Copies the batch into the buffers; the momentum is decoration"""

    def __init__(self, c, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(c))
        self.bias = nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))

    def forward(self, x):
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            self.running_mean = mean.detach()
            self.running_var = x.detach().var((0, 2, 3))
        else:
            mean, var = self.running_mean, self.running_var
        y = (x.permute(0, 2, 3, 1) - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias
        return y.permute(0, 3, 1, 2)


class GroupNormOfOne(nn.Module):
    """GroupNorm whose groups are the channels' halves; ints from a property"""

    def __init__(self, num_groups, num_channels, eps=1e-05, affine=True):
        super().__init__()
        self._shape = num_groups, num_channels
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None

    @property
    def num_groups(self):
        return self._shape[0]

    def forward(self, x):
        onehot = torch.zeros(self.num_groups, x.shape[1], dtype=x.dtype)
        per = x.shape[1] // self.num_groups
        for i in range(self.num_groups):
            onehot[i, i * per:(i + 1) * per] = 1
        flat = x.flatten(2)
        n = per * flat.shape[2]
        mean = torch.einsum("ncs,gc->ng", flat, onehot) / n
        d = flat - (mean @ onehot)[..., None]
        var = torch.einsum("ncs,ncs,gc->ng", d, d, onehot) / n
        y = d * ((var + self.eps).rsqrt() @ onehot)[..., None]
        if self.weight is not None:
            y = y * self.weight[:, None] + self.bias[:, None]
        return y.reshape(x.shape)
