import torch
import torch.nn as nn


class TrackedInstanceNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        if track_running_stats:
            self.register_buffer("running_mean", torch.zeros(num_features))
            self.register_buffer("running_var", torch.ones(num_features))
        else:
            self.running_mean = self.running_var = None

    def forward(self, x):
        s = (1, -1, 1, 1)
        if self.training or self.running_mean is None:
            mean = x.mean((2, 3), keepdim=True)
            var = x.var((2, 3), keepdim=True, unbiased=False)
            if self.running_mean is not None:
                with torch.no_grad():
                    self.running_mean.lerp_(mean.mean(0).flatten(), self.momentum)
                    self.running_var.lerp_(x.var((2, 3)).mean(0), self.momentum)
        else:
            mean, var = self.running_mean.view(s), self.running_var.view(s)
        y = (x - mean) / torch.sqrt(var + self.eps)
        return y if self.weight is None else y * self.weight.view(s) + self.bias.view(s)
