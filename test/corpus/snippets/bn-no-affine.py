import torch
from torch import nn


class WhitenedBatchNorm1d(nn.Module):
    def __init__(self, features: int, momentum: float = 0.1):
        super().__init__()
        self.bn = nn.BatchNorm1d(features, momentum=momentum, affine=False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.bn(z)
