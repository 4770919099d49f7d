"""Probes of element types, those that the wire can't carry too: which layers take which, and how they refuse."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch import nn

from torch_side.probes.seen import Probe, Seen, words_of

_REJECTED = {"int32": torch.int32, "int64": torch.int64, "bool": torch.bool, "complex64": torch.complex64}
_FLOATS = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}


def accepted() -> Seen:
    """Each floating type, in a layer of that type."""
    texts: dict[str, str] = {}
    for dtype_name, dtype in _FLOATS.items():
        for name, make in _LAYERS.items():
            texts[f"{name}.{dtype_name}"] = words_of(lambda: make().to(dtype)(torch.ones(3, 4, 4, dtype=dtype)))
    return Seen({}, texts)


def rejected() -> Seen:
    """Each other type, in layers of float32 and in layers without parameters."""
    texts: dict[str, str] = {}
    for dtype_name, dtype in _REJECTED.items():
        for name, make in {**_LAYERS, **_PLAIN}.items():
            texts[f"{name}.{dtype_name}"] = words_of(lambda: make()(torch.ones(3, 4, 4).to(dtype)))
    return Seen({}, texts)


PROBES: dict[str, Probe] = {"dtypes-accepted": accepted, "dtypes-rejected": rejected}

# --- internal ---

_LAYERS: dict[str, Callable[[], Any]] = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(4),
    "InstanceNorm1d": lambda: nn.InstanceNorm1d(4, affine=True),
    "LayerNorm": lambda: nn.LayerNorm(4),
    "GroupNorm": lambda: nn.GroupNorm(2, 4),
    "RMSNorm": lambda: nn.RMSNorm(4),
}
_PLAIN: dict[str, Callable[[], Any]] = {
    "BatchNorm1d-plain": lambda: nn.BatchNorm1d(4, affine=False, track_running_stats=False),
    "InstanceNorm1d-plain": lambda: nn.InstanceNorm1d(4),
    "LayerNorm-plain": lambda: nn.LayerNorm(4, elementwise_affine=False),
    "GroupNorm-plain": lambda: nn.GroupNorm(2, 4, affine=False),
    "RMSNorm-plain": lambda: nn.RMSNorm(4, elementwise_affine=False),
}
