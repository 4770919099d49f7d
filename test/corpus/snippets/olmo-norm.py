import torch.nn as nn
import torch.nn.functional as F


class OlmoLayerNorm(nn.Module):
    """LayerNorm but with no learnable weight or bias."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.normalized_shape = (hidden_size,)

    def forward(self, hidden_states):
        return F.layer_norm(hidden_states, self.normalized_shape, None, None, eps=1e-5)
