import torch
import torch.nn as nn


class InplaceInstanceNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        mu = x.mean(-1, keepdim=True)
        var = x.var(-1, keepdim=True, unbiased=False)
        x.sub_(mu)
        return x / torch.sqrt(var + self.eps)
