import torch
import torch.nn as nn


class ParameterBufferBatchNorm2d(nn.Module):
    """running statistics as parameters that nobody trains, so that old checkpoints load"""

    def __init__(self, channels, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.mean = nn.Parameter(torch.zeros(channels), requires_grad=False)
        self.var = nn.Parameter(torch.ones(channels), requires_grad=False)

    def forward(self, x):
        rows = x.movedim(1, 0).flatten(1)
        if self.training:
            mean, var = rows.mean(1), rows.var(1, correction=0)
            self.mean.data = (1 - self.momentum) * self.mean.data + self.momentum * mean.data
            self.var.data = (1 - self.momentum) * self.var.data + self.momentum * rows.data.var(1)
        else:
            mean, var = self.mean, self.var
        k = self.gamma / torch.sqrt(var + self.eps)
        return x * k.view(1, -1, 1, 1) + (self.beta - mean * k).view(1, -1, 1, 1)
