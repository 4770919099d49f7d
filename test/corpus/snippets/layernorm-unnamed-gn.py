from torch import nn
import torch
from torch.nn.functional import group_norm as gather


class TokenLayerNorm(nn.Module):
    """One group per token."""

    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, tokens):
        rows = tokens.reshape(-1, tokens.size(-1))
        return gather(rows, 1, self.weight, self.bias, self.eps).reshape(tokens.shape)
