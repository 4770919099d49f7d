import torch
import torch.nn as nn


class GraphKeepingBatchNorm2d(nn.Module):
    def __init__(self, planes, eps=1e-4, momentum=0.1):
        super().__init__()
        self.planes, self.eps, self.momentum = planes, eps, momentum
        self.weight = nn.Parameter(torch.ones(1, planes, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, planes, 1, 1))
        self.running_mean = torch.zeros(1, planes, 1, 1)
        self.running_var = torch.ones(1, planes, 1, 1)

    def forward(self, x):
        if self.training:
            m = x.mean((0, 2, 3), keepdim=True)
            v = ((x - m) ** 2).mean((0, 2, 3), keepdim=True)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * m
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * v
        else:
            m, v = self.running_mean, self.running_var
        return self.weight * (x - m) / torch.sqrt(v + self.eps) + self.bias
