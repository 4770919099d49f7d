import torch
from torch import nn


class OnnxGroupNorm(nn.Module):
    """GroupNormalization of ONNX opset 18: scale and bias per group."""

    def __init__(self, num_groups, num_channels, epsilon=1e-5):
        super().__init__()
        self.num_groups, self.num_channels, self.epsilon = num_groups, num_channels, epsilon
        self.scale = nn.Parameter(torch.ones(num_groups))
        self.bias = nn.Parameter(torch.zeros(num_groups))

    def forward(self, X):
        Y = X.reshape(X.shape[0], self.num_groups, -1)
        mu = Y.mean(-1, keepdim=True)
        sigma2 = (Y - mu).square().mean(-1, keepdim=True)
        Y = (Y - mu) / torch.sqrt(sigma2 + self.epsilon)
        Y = self.scale[None, :, None] * Y + self.bias[None, :, None]
        return Y.reshape(X.shape)
