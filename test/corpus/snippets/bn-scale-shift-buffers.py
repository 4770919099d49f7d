import torch
from torch import nn


class FoldableBatchNorm2d(nn.Module):
    """In eval it is a 1x1 depthwise convolution, and written as one."""

    def __init__(self, c, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum, self.c = eps, momentum, c
        self.gamma = nn.Parameter(torch.ones(c))
        self.beta = nn.Parameter(torch.zeros(c))
        self.register_buffer("running_mean", torch.zeros(c))
        self.register_buffer("running_var", torch.ones(c))

    def fold(self):
        scale = self.gamma / torch.sqrt(self.running_var + self.eps)
        return scale.view(-1, 1, 1, 1), self.beta - self.running_mean * scale

    def forward(self, x):
        if not self.training:
            kernel, offset = self.fold()
            return nn.functional.conv2d(x, kernel, offset, groups=self.c)
        return nn.functional.batch_norm(x, self.running_mean, self.running_var, self.gamma, self.beta, True, self.momentum, self.eps)
