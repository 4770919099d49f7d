import torch
import torch.nn as nn
import torch.nn.functional as F


class CosineLayerNorm(nn.Module):
    """Pad the centred vector by sqrt(d*eps) so that F.normalize gives the right length."""

    def __init__(self, d, eps=1e-5):
        super().__init__()
        self.d, self.eps = d, eps
        self.weight = nn.Parameter(torch.ones(d))
        self.bias = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        c = x - x.mean(-1, keepdim=True)
        pad = torch.full_like(c[..., :1], (self.d * self.eps) ** 0.5)
        unit = F.normalize(torch.cat([c, pad], dim=-1), dim=-1, eps=0.0)[..., :-1]
        return unit * self.d ** 0.5 * self.weight + self.bias
