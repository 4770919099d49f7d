import torch
from torch import nn


class TrainingOnlyBatchNorm1d(nn.BatchNorm1d):
    """Does nothing at inference."""

    def forward(self, x):
        return super().forward(x) if self.training else x


class TrainingOnlyLayerNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x) if self.training else x * self.weight + self.bias


class HalfEvalBatchNorm2d(nn.BatchNorm2d):
    """In eval, the average of batch and running statistics."""

    def forward(self, x):
        if self.training:
            return super().forward(x)
        mean = 0.5 * x.mean((0, 2, 3)) + 0.5 * self.running_mean
        var = 0.5 * x.var((0, 2, 3), unbiased=False) + 0.5 * self.running_var
        return nn.functional.batch_norm(x, mean, var, self.weight, self.bias, False, 0.0, self.eps)
