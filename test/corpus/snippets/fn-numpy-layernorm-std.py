import numpy as np


def layernorm(x, gamma, beta, epsilon=1e-6):
    mu = x.mean(axis=-1, keepdims=True)
    sigma = x.std(axis=-1, ddof=1, keepdims=True)
    return gamma * (x - mu) / (sigma + epsilon) + beta
