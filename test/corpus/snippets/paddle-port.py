import torch


class PaddleBatchNorm2D(torch.nn.Module):
    """paddle.nn.BatchNorm2D, line by line"""

    def __init__(self, num_features, momentum=0.9, epsilon=1e-05):
        super().__init__()
        self._momentum = momentum
        self._epsilon = epsilon
        self.weight = torch.nn.Parameter(torch.full((num_features,), 1.0))
        self.bias = torch.nn.Parameter(torch.full((num_features,), 0.0))
        self.register_buffer("_mean", torch.full((num_features,), 0.0))
        self.register_buffer("_variance", torch.full((num_features,), 1.0))

    def forward(self, x):
        if self.training:
            saved_mean = x.mean(dim=(0, 2, 3))
            saved_variance = x.var(dim=(0, 2, 3), unbiased=False)
            with torch.no_grad():
                self._mean.copy_(self._mean * self._momentum + saved_mean * (1.0 - self._momentum))
                self._variance.copy_(self._variance * self._momentum + saved_variance * (1.0 - self._momentum))
        else:
            saved_mean, saved_variance = self._mean, self._variance
        inv_std = 1.0 / (saved_variance + self._epsilon).sqrt()
        k = self.weight * inv_std
        return x * k[None, :, None, None] + (self.bias - saved_mean * k)[None, :, None, None]
