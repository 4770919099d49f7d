"""The layers and functions that the oracle answers for, and what a constructor is called with. It makes none of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from torch_side.tensors import DTYPES
from wire.case import Arguments

_LAYER_NAMES = (
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "InstanceNorm1d", "InstanceNorm2d"),
    *("InstanceNorm3d", "GroupNorm", "RMSNorm"),
    *("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"),
    *("LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"),
)
_FUNCTION_NAMES = ("batch_norm", "layer_norm", "instance_norm", "group_norm", "rms_norm")
LAYERS: dict[str, Any] = {name: getattr(nn, name) for name in _LAYER_NAMES if hasattr(nn, name)}
FUNCTIONS: dict[str, Any] = {name: getattr(F, name) for name in _FUNCTION_NAMES if hasattr(F, name)}
RUNNING = ("running_mean", "running_var")

RMS_NORM: Any = getattr(nn, "RMSNorm", ())  # absent before torch 2.4
# What eps=None stands for is the epsilon of the type that is computed in, which for half types is float32.
COMPUTED_EPS = {"float16": 2.0**-23, "bfloat16": 2.0**-23, "float32": 2.0**-23, "float64": 2.0**-52}


class Unsupported(Exception):
    """This torch, or this side, has no such layer, function or size."""


def find_layer(name: str) -> Any:
    """Raises Unsupported."""
    layer = LAYERS.get(name)
    if layer is None:
        raise Unsupported(f"torch {torch.__version__} has no layer {name} that this oracle answers for")
    return layer


def find_function(name: str) -> Any:
    """Raises Unsupported."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise Unsupported(f"torch {torch.__version__} has no function {name} that this oracle answers for")
    return function


def constructor_arguments(
    given: Arguments, case_dtype: str, wide: bool, max_elements: int
) -> tuple[torch.dtype, dict[str, Any]]:
    """The dtype that is asked for, and the arguments with the dtype that they need for it. Raises Unsupported."""
    arguments: dict[str, Any] = dict(given)
    _check_size(arguments, max_elements)
    dtype = DTYPES.get(arguments.get("dtype", case_dtype), torch.float32)
    if wide:
        arguments["dtype"] = torch.float64
    elif "dtype" in arguments:
        arguments["dtype"] = DTYPES.get(arguments["dtype"], arguments["dtype"])
    elif dtype is not torch.float32 and dtype is not torch.int64:
        arguments["dtype"] = dtype
    return dtype, arguments


# --- internal ---


def _check_size(arguments: Arguments, max_elements: int) -> None:
    size = 1
    for name in ("num_features", "num_channels", "normalized_shape"):
        value = arguments.get(name)
        for n in value if isinstance(value, list) else [value]:
            size *= max(1, abs(n)) if isinstance(n, int) else 1
    if size > max_elements:
        raise Unsupported(f"a layer of {size} elements is over this oracle's limit of {max_elements}")
