import torch
from torch import nn


class _FamilyNorm(nn.Module):
    """dims is filled in by the heirs"""

    dims: int

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if x.dim() - 2 != self.dims:
            raise ValueError(f"expected {self.dims + 2}D input, got {x.dim()}D")
        wide = (1, -1) + (1,) * self.dims
        if self.training:
            over = (0, *range(2, x.dim()))
            mean, var = x.mean(over), x.var(over, unbiased=False)
            with torch.no_grad():
                for old, new in ((self.running_mean, mean), (self.running_var, var)):
                    old.lerp_(new, self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        return (x - mean.view(wide)) / (var.view(wide) + self.eps).sqrt() * self.weight.view(wide) + self.bias.view(wide)


class FamilyBatchNorm1d(_FamilyNorm):
    dims = 1


class FamilyBatchNorm2d(_FamilyNorm):
    dims = 2


class FamilyBatchNorm3d(_FamilyNorm):
    dims = 3
