"""Probes of the operators below torch.nn: what they return besides the output, and what they take that a layer refuses."""

from __future__ import annotations

from typing import Any

import torch

from torch_side.probes.seen import Probe, Seen, pattern

# Lengths that end in every part of the kernels: below one vector, whole vectors, tails, more than one chunk of 16 vectors.
LENGTHS = (1, 3, 7, 8, 9, 16, 17, 31, 64, 100, 127, 128, 129, 136, 200, 257, 300, 384, 520, 1000)


def one_value() -> Seen:
    """batch_norm itself takes one value per channel; the unbiased variance is then 0/0."""
    mean, var = torch.zeros(2), torch.ones(2)
    weight, bias = torch.tensor([2.0, 3.0]), torch.tensor([10.0, 20.0])
    x = torch.tensor([[5.0, 7.0]])  # [1, 2]
    output = torch.batch_norm(x, weight, bias, mean, var, True, 0.1, 1e-5, False)
    return Seen({"output": output, "running_mean": mean, "running_var": var}, {})


def layer_statistics() -> Seen:
    """mean and rstd of native_layer_norm for rows of many lengths."""
    tensors: dict[str, torch.Tensor] = {}
    for length in LENGTHS:
        _, mean, rstd = torch.native_layer_norm(pattern(3, length), [length], None, None, 1e-5)
        tensors[f"mean.{length}"] = mean
        tensors[f"rstd.{length}"] = rstd
    return Seen(tensors, {})


def empty_layer_statistics() -> Seen:
    """Rows without elements have mean 0 and rstd NaN; without rows there is nothing."""
    _, mean, rstd = torch.native_layer_norm(torch.zeros(2, 0), [0], None, None, 1e-5)
    _, no_mean, no_rstd = torch.native_layer_norm(torch.zeros(0, 3), [3], None, None, 1e-5)
    return Seen({"mean": mean, "rstd": rstd, "no-rows.mean": no_mean, "no-rows.rstd": no_rstd}, {})


def group_statistics() -> Seen:
    """mean and rstd of native_group_norm, two groups of two channels: [1, 2]."""
    tensors: dict[str, torch.Tensor] = {}
    for length in LENGTHS:
        x: Any = pattern(1, 4 * length).reshape(1, 4, length)
        _, mean, rstd = torch.native_group_norm(x, None, None, 1, 4, length, 2, 1e-5)
        tensors[f"mean.{length}"] = mean
        tensors[f"rstd.{length}"] = rstd
    return Seen(tensors, {})


PROBES: dict[str, Probe] = {
    "batch-norm-one-value": one_value,
    "group-norm-statistics": group_statistics,
    "layer-norm-statistics": layer_statistics,
    "layer-norm-statistics-empty": empty_layer_statistics,
}
