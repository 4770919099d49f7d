import torch
import torch.nn as nn
import torch.nn.functional as F


class MxBatchNorm2d(nn.Module):
    """mx.sym.BatchNorm with its default fix_gamma=True"""

    def __init__(self, channels, eps=1e-3, momentum=0.9):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_var", torch.ones(channels))

    def forward(self, x):
        fixed = torch.ones_like(self.gamma)
        return F.batch_norm(x, self.moving_mean, self.moving_var, fixed, self.beta, self.training, 1 - self.momentum, self.eps)
