from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class NormConfig:
    hidden_size: int = 48
    layer_norm_eps: float = 1e-12


class ConfiguredLayerNorm(nn.Module):
    def __init__(self, hidden_size: int = NormConfig.hidden_size, eps: float = NormConfig.layer_norm_eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.bias = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sigma, mu = torch.std_mean(x, dim=-1, keepdim=True)
        return (x - mu) / (sigma.square() + self.eps).sqrt() * self.weight + self.bias
