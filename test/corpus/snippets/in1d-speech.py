import torch
import torch.nn as nn


class UtteranceInstanceNorm1d(nn.Module):
    """(batch, mel, time): one mean and one deviation per utterance"""

    def __init__(self, n_mels, eps=1e-8):
        super().__init__()
        self.eps = eps

    def forward(self, feats):
        mean = feats.mean(dim=(1, 2), keepdim=True)
        var = feats.var(dim=(1, 2), keepdim=True, unbiased=False)
        return (feats - mean) / torch.sqrt(var + self.eps)
