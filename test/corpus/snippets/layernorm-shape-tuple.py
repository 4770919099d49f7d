import numbers
import torch
from torch import nn


class ShapedLayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        super().__init__()
        if isinstance(normalized_shape, numbers.Integral):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = nn.Parameter(torch.empty(self.normalized_shape))
            self.bias = nn.Parameter(torch.empty(self.normalized_shape))
        self.reset_parameters()

    def reset_parameters(self):
        if self.elementwise_affine:
            nn.init.constant_(self.weight, 1.0)
            nn.init.constant_(self.bias, 0.0)

    def forward(self, x):
        lead = x.shape[: x.dim() - len(self.normalized_shape)]
        flat = x.reshape(*lead, -1)
        mean = torch.einsum("...i->...", flat).div(flat.shape[-1])
        flat = flat - mean[..., None]
        std = flat.mul(flat).mean(-1).add(self.eps).pow(0.5)
        out = flat.div(std[..., None]).reshape(x.shape)
        return torch.addcmul(self.bias, out, self.weight) if self.elementwise_affine else out
