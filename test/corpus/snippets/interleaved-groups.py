import torch
import torch.nn as nn


class MlxGroupNorm(nn.Module):
    """Groups as mlx.nn.GroupNorm(pytorch_compatible=False) makes them."""

    def __init__(self, num_groups: int, dims: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        self.num_groups = num_groups
        self.dims = dims
        self.eps = eps
        if affine:
            self.bias = nn.Parameter(torch.zeros(dims))
            self.weight = nn.Parameter(torch.ones(dims))

    def forward(self, x):
        last = x.movedim(1, -1)
        batch, *rest, dims = last.shape
        g = last.reshape(batch, -1, dims // self.num_groups, self.num_groups)
        means = g.mean(dim=(1, 2), keepdim=True)
        var = g.var(dim=(1, 2), keepdim=True, unbiased=False)
        g = (g - means) * torch.rsqrt(var + self.eps)
        y = g.reshape(batch, *rest, dims)
        if hasattr(self, "weight"):
            y = self.weight * y + self.bias
        return y.movedim(-1, 1)
