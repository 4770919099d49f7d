import torch
from torch import nn


class StreamingBatchNorm3d(nn.Module):
    """Chan's parallel update: the samples of a batch are merged one after the other."""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels, 1, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1, 1))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def merge(self, x):
        count, mean, m2 = 0, 0.0, 0.0
        for sample in x:
            flat = sample.flatten(1)
            n = flat.shape[1]
            mu = flat.mean(1)
            s2 = (flat - mu[:, None]).pow(2).sum(1)
            delta = mu - mean
            total = count + n
            m2 = m2 + s2 + delta.pow(2) * (count * n / total) if torch.is_tensor(m2) else s2
            mean = mean + delta * (n / total)
            count = total
        return count, mean, m2

    def forward(self, x):
        if self.training:
            count, mean, m2 = self.merge(x)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(m2 / (count - 1), self.momentum)
            var = m2 / count
        else:
            mean, var = self.running_mean, self.running_var
        rstd = (var + self.eps).rsqrt()
        return (x - mean[:, None, None, None]) * rstd[:, None, None, None] * self.weight + self.bias
