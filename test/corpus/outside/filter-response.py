import torch
import torch.nn as nn


class FilterResponseNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-6):
        super().__init__()
        self.eps = nn.Parameter(torch.full((1,), eps))
        self.gamma = nn.Parameter(torch.ones(1, num_features, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, num_features, 1, 1))
        self.tau = nn.Parameter(torch.zeros(1, num_features, 1, 1))

    def forward(self, x):
        nu2 = x.pow(2).mean((2, 3), keepdim=True)
        y = x * torch.rsqrt(nu2 + self.eps.abs()) * self.gamma + self.beta
        return torch.max(y, self.tau)
