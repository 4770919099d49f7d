import torch
from torch import nn
import torch.nn.functional as F


class FlatBatchNorm3d(nn.Module):
    def __init__(self, num_features, eps=1e-05, momentum=0.1):
        super().__init__()
        self.core = nn.BatchNorm1d(num_features, eps=eps, momentum=momentum)

    def forward(self, volume):
        flat = volume.flatten(2)
        return self.core(flat).unflatten(2, volume.shape[2:])
