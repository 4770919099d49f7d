import torch
import torch.nn as nn
import torch.nn.functional as F


class FoldedInstanceNorm2d(nn.Module):
    """Fold the batch into the channels and call batch norm, as the native layer does."""

    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None

    def forward(self, x):
        b, c = x.size(0), x.size(1)
        w = None if self.weight is None else self.weight.repeat(b)
        o = None if self.bias is None else self.bias.repeat(b)
        y = F.batch_norm(x.reshape(1, b * c, *x.shape[2:]), None, None, w, o, True, 0.0, self.eps)
        return y.reshape(x.shape)
