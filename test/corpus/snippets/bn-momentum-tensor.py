import torch
import torch.nn as nn


class TensorMomentumBatchNorm1d(nn.Module):
    def __init__(self, dim, momentum=0.9):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones([dim]))
        self.beta = nn.Parameter(torch.zeros([dim]))
        self.register_buffer("moving_mean", torch.zeros([dim]))
        self.register_buffer("moving_var", torch.ones([dim]))
        self.register_buffer("momentum", torch.tensor(momentum))

    def forward(self, x):
        if self.training:
            mean, var = x.mean(dim=[0]), x.var(dim=[0], unbiased=False)
            n = x.shape[0]
            self.moving_mean = self.moving_mean * self.momentum + mean.detach() * (1 - self.momentum)
            self.moving_var = self.moving_var * self.momentum + var.detach() * (n / (n - 1)) * (1 - self.momentum)
        else:
            mean, var = self.moving_mean, self.moving_var
        return (x - mean) / torch.sqrt(var + 1e-8) * self.gamma + self.beta
