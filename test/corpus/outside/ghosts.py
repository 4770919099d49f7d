import torch
from torch import nn


class GhostBatchNorm2d(nn.Module):
    """Statistics over halves of the batch."""

    def __init__(self, num_features, splits=2, eps=1e-5, momentum=0.1):
        super().__init__()
        self.splits = splits
        self.bn = nn.BatchNorm2d(num_features, eps, momentum)

    def forward(self, x):
        if not self.training or x.shape[0] < 2:
            return self.bn(x)
        return torch.cat([self.bn(part) for part in x.chunk(self.splits)])


class BatchRenorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-3, momentum=0.01):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_std", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            std = x.std(0, unbiased=False) + self.eps
            r = (std.detach() / self.running_std).clamp(1 / 3, 3)
            d = ((mean.detach() - self.running_mean) / self.running_std).clamp(-5, 5)
            y = (x - mean) / std * r + d
            self.running_mean = self.running_mean + self.momentum * (mean.detach() - self.running_mean)
            self.running_std = self.running_std + self.momentum * (std.detach() - self.running_std)
        else:
            y = (x - self.running_mean) / self.running_std
        return y * self.weight + self.bias
