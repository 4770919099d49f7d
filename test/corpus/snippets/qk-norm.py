import torch
from torch import nn


class HeadRMSNorm(nn.Module):
    """queries and keys, (batch, heads, tokens, dim); one scale for all"""

    def __init__(self, head_dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.head_dim = head_dim
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, q):
        norm = torch.linalg.vector_norm(q, dim=-1, keepdim=True)
        return self.scale * q / torch.sqrt(norm**2 / self.head_dim + self.eps)
