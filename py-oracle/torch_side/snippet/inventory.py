"""The tensors of a foreign object by dotted name: parameters, buffers and plain attributes, in whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterator

import numpy
import torch
from torch import nn

from torch_side.snippet.arrays import from_frame
from torch_side.snippet.document import MODULE
from torch_side.snippet.function_norm import FunctionNorm
from torch_side.snippet.roles import role_of

MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Held:
    """One tensor and the object that holds it; `kind` is parameters, buffers or attributes."""

    name: str
    kind: str
    tensor: torch.Tensor
    replace: Callable[[torch.Tensor], None]


def tensors_of(root: Any) -> list[Held]:
    """
    Each once, in the order in which they were put there, parameters of a module first. NumPy's arrays are seen as tensors of the same memory.
    """
    found = [held for held in _walk(root, "", 0, set()) if _has_values(held.tensor)]
    kinds = root.kinds if isinstance(root, FunctionNorm) else {}
    return [Held(h.name, kinds.get(h.name, h.kind), h.tensor, h.replace) for h in found]


def owner_of(root: Any, name: str) -> tuple[Any, str]:
    """The object that a dotted name's last part belongs to. Raises AttributeError as Python does."""
    *path, last = name.split(".")
    for part in path:
        root = _child(root, part)
    return root, last


def set_on(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    elif isinstance(owner, list):
        owner[int(name)] = value
    else:
        setattr(owner, name, value)


# --- internal ---


def _has_values(tensor: torch.Tensor) -> bool:
    """Real numbers in plain memory; a lazy parameter has none yet."""
    if isinstance(tensor, (nn.UninitializedParameter, nn.UninitializedBuffer)):
        return False
    return tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.is_complex()


def _walk(owner: Any, prefix: str, depth: int, seen: set[int]) -> Iterator[Held]:
    if depth > MAX_DEPTH or id(owner) in seen:
        return
    seen.add(id(owner))
    for name, value, kind in _members(owner):
        dotted = f"{prefix}{name}"
        if isinstance(value, torch.Tensor):
            if id(value) not in seen:
                seen.add(id(value))
                yield Held(dotted, kind, value, _replacer(owner, name))
        elif isinstance(value, numpy.ndarray):
            seen_as = from_frame(value)
            if seen_as is not None and id(value) not in seen:
                seen.add(id(value))
                yield Held(dotted, kind, seen_as, _array_replacer(owner, name))
        elif isinstance(value, (nn.Module, list, tuple, dict)) or type(value).__module__ == MODULE:
            yield from _walk(value, f"{dotted}.", depth + 1, seen)


def _members(owner: Any) -> Iterator[tuple[str, Any, str]]:
    if isinstance(owner, nn.Module):
        yield from ((name, value, "parameters") for name, value in owner._parameters.items())
        yield from ((name, value, "buffers") for name, value in owner._buffers.items())
        for name, value in vars(owner).items():
            if not (name in _MODULE_FIELDS or name.endswith("_hooks")):
                yield name, value, _kind_of(value)
        yield from ((name, value, "attributes") for name, value in owner._modules.items())
    elif isinstance(owner, dict):
        yield from ((str(name), value, _kind_of(value)) for name, value in owner.items())
    elif isinstance(owner, (list, tuple)):
        yield from ((str(i), value, _kind_of(value)) for i, value in enumerate(owner))
    else:
        # Where nothing tells parameters from the rest their names do.
        for name, value in getattr(owner, "__dict__", {}).items():
            yield name, value, "parameters" if role_of(name) in ("weight", "bias") else _kind_of(value)


_MODULE_FIELDS = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "training")


def _kind_of(value: Any) -> str:
    return "parameters" if isinstance(value, nn.Parameter) else "attributes"


def _replacer(owner: Any, name: str) -> Callable[[torch.Tensor], None]:
    return lambda tensor: set_on(owner, name, tensor)


def _array_replacer(owner: Any, name: str) -> Callable[[torch.Tensor], None]:
    return lambda tensor: set_on(owner, name, tensor.detach().numpy())


def _child(owner: Any, name: str) -> Any:
    if isinstance(owner, dict):
        return owner[name]
    if isinstance(owner, (list, tuple)):
        return owner[int(name)]
    return getattr(owner, name)
