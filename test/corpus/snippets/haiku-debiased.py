import torch
from torch import nn


class ExponentialMovingAverage(nn.Module):
    def __init__(self, size, decay):
        super().__init__()
        self.decay = decay
        self.register_buffer("hidden", torch.zeros(size))
        self.register_buffer("counter", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def update(self, value):
        self.counter += 1
        self.hidden.mul_(self.decay).add_(value, alpha=1 - self.decay)
        return self.hidden / (1 - self.decay ** self.counter.item())


class DebiasedBatchNorm2d(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(channels))
        self.offset = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean_average", torch.zeros(channels))
        self.register_buffer("var_average", torch.ones(channels))
        self.mean_ema = ExponentialMovingAverage(channels, 1 - momentum)
        self.var_ema = ExponentialMovingAverage(channels, 1 - momentum)

    def forward(self, x):
        if self.training:
            var, mean = torch.var_mean(x, (0, 2, 3), unbiased=False)
            self.mean_average = self.mean_ema.update(mean)
            self.var_average = self.var_ema.update(var)
        else:
            mean, var = self.mean_average, self.var_average
        shape = (-1, 1, 1)
        return (x - mean.view(shape)) * (self.scale * torch.rsqrt(var + self.eps)).view(shape) + self.offset.view(shape)
