import torch
from torch import nn, Tensor


class LocalBatchNorm2d(nn.Module):
    """Batch norm without the fused kernel, for double backward on odd devices."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def _moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        count = x.numel() // x.size(1)
        total = x.sum(dim=(0, 2, 3))
        mean = total / count
        ssd = ((x - mean[:, None, None]) ** 2).sum(dim=(0, 2, 3))
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(ssd / (count - 1), self.momentum)
        return mean, ssd / count

    def forward(self, x: Tensor) -> Tensor:
        mean, var = self._moments(x) if self.training else (self.running_mean, self.running_var)
        inv = torch.rsqrt(var + self.eps) * self.weight
        return x * inv[:, None, None] + (self.bias - mean * inv)[:, None, None]
