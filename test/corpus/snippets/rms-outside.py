import torch
import torch.nn as nn


class RMSNorm(nn.Module):
    """Root mean square layer normalization; the norm of the vector over the root of its length."""

    def __init__(self, d, eps=1e-8):
        super().__init__()
        self.eps = eps
        self.d = d
        self.scale = nn.Parameter(torch.ones(d))

    def forward(self, x):
        norm_x = x.norm(2, dim=-1, keepdim=True)
        rms_x = norm_x * self.d ** (-1.0 / 2)
        x_normed = x / (rms_x + self.eps)
        return self.scale * x_normed
