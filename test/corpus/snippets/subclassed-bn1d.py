import torch
import torch.nn as nn


class ManualBatchNorm1d(nn.BatchNorm1d):
    """Same state, same options, no kernel."""

    def forward(self, x):
        self._check_input_dim(x)
        dims = [0] if x.dim() == 2 else [0, 2]
        shape = [1, -1] if x.dim() == 2 else [1, -1, 1]
        if self.training or not self.track_running_stats:
            mean = x.mean(dims)
            var = x.var(dims, unbiased=False)
            n = x.numel() / x.size(1)
            if n <= 1:
                raise ValueError(f"Expected more than 1 value per channel when training, got input size {x.size()}")
            if self.track_running_stats:
                with torch.no_grad():
                    self.num_batches_tracked += 1
                    m = self.momentum if self.momentum is not None else 1.0 / float(self.num_batches_tracked)
                    self.running_mean = m * mean + (1 - m) * self.running_mean
                    self.running_var = m * var * n / (n - 1) + (1 - m) * self.running_var
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean.view(shape)) / (torch.sqrt(var.view(shape) + self.eps))
        if self.affine:
            x = x * self.weight.view(shape) + self.bias.view(shape)
        return x
