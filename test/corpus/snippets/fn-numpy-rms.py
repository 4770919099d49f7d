import numpy as np


def rmsnorm(x, gain, eps=1e-5):
    ms = (x**2).sum(axis=-1, keepdims=True) / x.shape[-1]
    return gain * (x / np.sqrt(ms + eps))
