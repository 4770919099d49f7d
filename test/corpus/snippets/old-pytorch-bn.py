# written for 0.2, still runs
import torch
import torch.nn as nn
from torch.autograd import Variable


class OldBatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super(OldBatchNorm2d, self).__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.Tensor(num_features))
        self.bias = nn.Parameter(torch.Tensor(num_features))
        self.register_buffer('running_mean', torch.zeros(num_features))
        self.register_buffer('running_var', torch.ones(num_features))
        self.weight.data.fill_(1)
        self.bias.data.zero_()

    def forward(self, input):
        b, c, h, w = input.size()
        if self.training:
            m = b * h * w
            flat = input.transpose(0, 1).contiguous().view(c, m)
            mean = torch.mean(flat, 1)
            centered = flat - mean.unsqueeze(1).expand_as(flat)
            var = torch.mean(torch.pow(centered, 2), 1)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.data
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.data * m / (m - 1)
        else:
            mean = Variable(self.running_mean)
            var = Variable(self.running_var)
        wide = lambda t: t.view(1, c, 1, 1).expand_as(input)
        out = (input - wide(mean)) / torch.sqrt(wide(var) + self.eps)
        return out * wide(self.weight) + wide(self.bias)
