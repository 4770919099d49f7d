"""Port of keras.layers.BatchNormalization(axis=1) so that checkpoints can be compared."""
import torch
from torch import nn


class KerasLikeBatchNormalization(nn.Module):
    def __init__(self, filters, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.gamma = nn.Parameter(torch.ones(filters))
        self.beta = nn.Parameter(torch.zeros(filters))
        self.register_buffer("moving_mean", torch.zeros(filters))
        self.register_buffer("moving_variance", torch.ones(filters))

    def assign_moving_average(self, variable, value):
        with torch.no_grad():
            variable.sub_((variable - value) * (1 - self.momentum))

    def forward(self, inputs):
        if self.training:
            mean = inputs.mean(dim=[0, 2, 3])
            variance = (inputs - mean.reshape(1, -1, 1, 1)).pow(2).mean(dim=[0, 2, 3])
            self.assign_moving_average(self.moving_mean, mean)
            self.assign_moving_average(self.moving_variance, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        scale = (self.gamma / torch.sqrt(variance + self.epsilon)).reshape(1, -1, 1, 1)
        return (inputs - mean.reshape(1, -1, 1, 1)) * scale + self.beta.reshape(1, -1, 1, 1)
