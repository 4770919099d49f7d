import torch
import torch.nn as nn
import torch.nn.functional as F


class HiddenLayerNorm(nn.Module):
    def __init__(self, hidden_size=768, eps=1e-12):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.variance_epsilon = eps

    def forward(self, x):
        u = x.mean(-1, keepdim=True)
        s = (x - u).pow(2).mean(-1, keepdim=True)
        return self.weight * (x - u) / torch.sqrt(s + self.variance_epsilon) + self.bias


class DimRMSNorm(nn.Module):
    def __init__(self, dim: int = 4096):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-6)


class DefaultBatchNorm2d(nn.Module):
    def __init__(self, num_features=64, momentum=0.9, eps=1e-5):
        super().__init__()
        self.bn = nn.BatchNorm2d(num_features, eps, 1 - momentum)

    def forward(self, x):
        return self.bn(x)


class DefaultBatchNorm1d(nn.Module):
    def __init__(self, size=100, eps=1e-3):
        super().__init__()
        self.bn = nn.BatchNorm1d(size, eps)

    def forward(self, x):
        return self.bn(x)


class DefaultGroupNorm(nn.Module):
    def __init__(self, channels=64, groups=8, eps=1e-6):
        super().__init__()
        self.gn = nn.GroupNorm(groups, channels, eps)

    def forward(self, x):
        return self.gn(x)


class ThirtyTwoGroupNorm(nn.Module):
    def __init__(self, in_channels, num_groups=32):
        super().__init__()
        self.norm = nn.GroupNorm(num_groups=num_groups, num_channels=in_channels, eps=1e-6, affine=True)

    def forward(self, x):
        return self.norm(x)


class FixedGroupNorm(nn.Module):
    """always 32 groups"""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)

    def forward(self, x):
        return self.norm(x)


class StarLayerNorm(nn.Module):
    def __init__(self, *normalized_shape):
        super().__init__()
        self.ln = nn.LayerNorm(normalized_shape, eps=1e-4)

    def forward(self, x):
        return self.ln(x)


class KwargsLayerNorm(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        kwargs.setdefault("eps", 1e-6)
        self.ln = nn.LayerNorm(*args, **kwargs)

    def forward(self, x):
        return self.ln(x)


class ChainBatchNorm1d(nn.Sequential):
    def __init__(self, n):
        super().__init__(nn.BatchNorm1d(n, eps=1e-3))


class ListLayerNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.steps = nn.ModuleList([nn.Identity(), nn.LayerNorm(dim, eps=1e-6)])

    def forward(self, x):
        for s in self.steps:
            x = s(x)
        return x


class FullSampleBatchNorm1d(nn.Module):
    def __init__(self, c, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(c, 1))
        self.beta = nn.Parameter(torch.zeros(c, 1))

    def forward(self, x):
        m = x.mean((1, 2), keepdim=True)
        v = x.var((1, 2), keepdim=True, unbiased=False)
        return (x - m) / (v + self.eps).sqrt() * self.gamma + self.beta


class StackBufferBatchNorm1d(nn.Module):
    """a list of two buffers' worth of state"""

    def __init__(self, c, momentum=0.1, eps=1e-5):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))
        self.state = [torch.zeros(c), torch.ones(c)]
        self.momentum, self.eps = momentum, eps

    def forward(self, x):
        mean, var = self.state
        if self.training:
            m = self.momentum
            mean, var = x.mean(0), x.var(0, correction=0)
            self.state = [(1 - m) * self.state[0] + m * mean.detach(), (1 - m) * self.state[1] + m * x.detach().var(0)]
        return (x - mean) / torch.sqrt(var + self.eps) * self.w + self.b
