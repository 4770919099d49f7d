import torch
import torch.nn as nn

DECAY = 0.997
EPSILON = 0.001


class SlimBatchNorm2d(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(depth))
        self.beta = nn.Parameter(torch.zeros(depth))
        self.register_buffer("moving_mean", torch.zeros(depth))
        self.register_buffer("moving_variance", torch.ones(depth))

    def forward(self, x):
        nhwc = x.permute(0, 2, 3, 1)
        if self.training:
            mean = nhwc.mean((0, 1, 2))
            variance = torch.mean((nhwc - mean.detach()) ** 2, (0, 1, 2))
            self.moving_mean = self.moving_mean * DECAY + mean.detach() * (1 - DECAY)
            self.moving_variance = self.moving_variance * DECAY + variance.detach() * (1 - DECAY)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        inv = torch.rsqrt(variance + EPSILON) * self.gamma
        return (nhwc * inv + (self.beta - mean * inv)).permute(0, 3, 1, 2)
