"""What a layer, its latest output and their gradients look like, in Python's words. It changes nothing and gives no values of tensors."""

from __future__ import annotations

import re
import warnings
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from torch_side.layers import Unsupported

# The parts of a tensor that a name may go on with after a dot.
_PARTS = frozenset(("stride", "is_contiguous", "memory_format", "requires_grad", "is_leaf", "dtype", "shape", "grad"))

_INTERNALS = re.compile(r" \(Triggered internally at .*\)$", re.DOTALL)


def inspect_name(name: str, module: Any, output: Any, leaves: dict[str, torch.Tensor], warned: list[Any]) -> str:
    """The text of one name, as docs/protocol.md lists them. Raises what Python raises for an unknown one, and Unsupported."""
    if name == "class":
        return type(module).__name__
    if name == "repr":
        return repr(module)
    if name == "named_parameters":
        return ", ".join(own for own, _ in module.named_parameters())
    if name == "named_buffers":
        return ", ".join(own for own, _ in module.named_buffers())
    if name == "warnings":
        return "\n".join(f"{one.category.__name__}: {_INTERNALS.sub('', str(one.message))}" for one in warned)
    root, *parts = name.split(".")
    value: Any
    if root == "output":
        value = output
    elif root in leaves and (root == "input" or module is None):
        value = leaves[root]
    else:
        value = getattr(module, root)
    for part in parts:
        value = _part(value, part)
    return _text(value)


class Warnings:
    """Records every warning while it is open, those too that PyTorch gives once in a process only."""

    def __init__(self) -> None:
        self.seen: list[warnings.WarningMessage] = []
        self._catch = warnings.catch_warnings(record=True)

    def __enter__(self) -> None:
        self.seen = self._catch.__enter__()
        warnings.simplefilter("always")
        torch.set_warn_always(True)

    def __exit__(self, *problem: Any) -> None:
        torch.set_warn_always(False)
        self._catch.__exit__(*problem)


# --- internal ---


def _part(value: Any, part: str) -> Any:
    if isinstance(value, torch.Tensor):
        if part == "memory_format":
            return _Word(_memory_format(value))
        if part == "stride":
            return value.stride()
        if part == "is_contiguous":
            return value.is_contiguous()
    found = getattr(value, part)
    if not isinstance(value, torch.Tensor) or part not in _PARTS:
        raise Unsupported(f"inspect has no word {part} for a {type(value).__name__}")
    return found


class _Word(str):
    """Text that stands as it is."""


def _memory_format(tensor: torch.Tensor) -> str:
    if tensor.is_contiguous():
        return "contiguous"
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        return "channels_last"
    if tensor.dim() == 5 and tensor.is_contiguous(memory_format=torch.channels_last_3d):
        return "channels_last_3d"
    return "strided"


def _text(value: Any) -> str:
    if isinstance(value, _Word):
        return str(value)
    if is_lazy(value):
        return f"{type(value).__name__} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, torch.Tensor):
        return f"{type(value).__name__} {str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if value is None or type(value) in (bool, int, float, str) or isinstance(value, torch.dtype):
        return repr(value)
    if isinstance(value, (tuple, list)):
        items = ", ".join(map(_text, value))
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    raise Unsupported(f"inspect has no words for a {type(value).__name__}")
