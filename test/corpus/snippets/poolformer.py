from torch import nn


class PoolGroupNorm(nn.GroupNorm):
    """
    Group Normalization with 1 group.
    Input: tensor in shape [B, C, H, W]
    """

    def __init__(self, num_channels, **kwargs):
        super().__init__(1, num_channels, **kwargs)


class ChannelLayerNorm(nn.Module):
    """Layer norm over a whole image, (B, C, H, W)."""

    def __init__(self, num_channels, eps=1e-5):
        super().__init__()
        self.body = nn.GroupNorm(1, num_channels, eps=eps)

    def forward(self, x):
        assert x.dim() == 4
        return self.body(x)
