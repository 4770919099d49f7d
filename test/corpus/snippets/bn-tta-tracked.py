import torch
from torch import nn


class AdaptBatchNorm2d(nn.BatchNorm2d):
    """Tracks while training, but never trusts what it tracked."""

    def forward(self, x):
        if self.training:
            return super().forward(x)
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
