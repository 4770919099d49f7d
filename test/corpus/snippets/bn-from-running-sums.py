import torch
from torch import nn


class SumBatchNorm1d(nn.Module):
    def __init__(self, num_features, momentum=0.1, eps=1e-5, affine=True):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        if affine:
            self.weight = nn.Parameter(torch.ones(num_features))
            self.bias = nn.Parameter(torch.zeros(num_features))
        else:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        n = x.shape[0]
        if self.training:
            total = x.sum(0)
            mean = total / n
            residual = x - mean
            # corrected two-pass: the second term takes out what rounding left in the mean
            ss = residual.pow(2).sum(0) - residual.sum(0).pow(2) / n
            with torch.no_grad():
                self.running_mean += (mean - self.running_mean) * self.momentum
                self.running_var += (ss / (n - 1) - self.running_var) * self.momentum
            var = ss / n
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean) * (1.0 / torch.sqrt(var + self.eps))
        if self.weight is not None:
            y = torch.addcmul(self.bias, self.weight, y)
        return y
