import torch
import torch.nn as nn


class ZScoreInstanceNorm3d(nn.Module):
    """z-score per volume, as radiologists do"""

    def __init__(self, channels, epsilon=1e-8):
        super().__init__()
        self.epsilon = epsilon

    def forward(self, volume):
        axes = (-3, -2, -1)
        z = volume - volume.mean(dim=axes, keepdim=True)
        return z / (volume.std(dim=axes, keepdim=True) + self.epsilon)
