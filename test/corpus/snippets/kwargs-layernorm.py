from torch import nn


class DefaultsLayerNorm(nn.LayerNorm):
    def __init__(self, *args, eps=1e-6, **kwargs):
        super().__init__(*args, eps=eps, **kwargs)
