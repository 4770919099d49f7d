"""Probes of nn.Module's bookkeeping around norms: metadata, copies, modes and aliases."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from torch_side.probes.seen import Probe, Seen, columns


def metadata_versions() -> Seen:
    """The version that each layer's state dict claims."""
    layers = {
        "BatchNorm1d": nn.BatchNorm1d(2),
        "InstanceNorm1d": nn.InstanceNorm1d(2),
        "LayerNorm": nn.LayerNorm(2),
        "GroupNorm": nn.GroupNorm(1, 2),
        "RMSNorm": nn.RMSNorm(2),
    }
    return Seen({}, {name: _version(layer) for name, layer in layers.items()})


def deep_copy() -> Seen:
    """The copy trains alone."""
    layer: Any = nn.BatchNorm1d(2)
    twin = copy.deepcopy(layer)
    twin(columns())
    return Seen({"original": layer.running_mean, "copy": twin.running_mean}, {})


def state_dict_aliases() -> Seen:
    """A state dict shows what the layer does after it was taken."""
    layer: Any = nn.BatchNorm1d(2)
    state = layer.state_dict()
    layer(columns())
    shared = all(state[name].data_ptr() == tensor.data_ptr() for name, tensor in layer.named_buffers())
    return Seen({"running_mean": state["running_mean"]}, {"shared": str(shared)})


def containers() -> Seen:
    """train() and eval() reach every layer inside, at any depth; a new one is training."""
    inner = nn.Sequential(nn.GroupNorm(1, 2), nn.InstanceNorm1d(2))
    whole = nn.Sequential(nn.BatchNorm1d(2), nn.ModuleList([nn.LayerNorm(2)]), inner)
    return Seen({}, {"new": _modes(whole), "eval": _modes(whole.eval()), "train": _modes(whole.train())})


def memory_of_outputs() -> Seen:
    """Whether a forward changes its input or answers with its memory."""
    layers: dict[str, Any] = {
        "BatchNorm1d": nn.BatchNorm1d(4),
        "BatchNorm1d.eval": nn.BatchNorm1d(4).eval(),
        "InstanceNorm1d": nn.InstanceNorm1d(4),
        "LayerNorm": nn.LayerNorm(3, elementwise_affine=False),
        "GroupNorm": nn.GroupNorm(2, 4, affine=False),
        "RMSNorm": nn.RMSNorm(3, elementwise_affine=False),
    }
    texts: dict[str, str] = {}
    for name, layer in layers.items():
        x = torch.arange(24.0).reshape(2, 4, 3)
        before = x.clone()
        output = layer(x)
        texts[name] = f"changed {not torch.equal(x, before)}, shared {output.data_ptr() == x.data_ptr()}"
    return Seen({}, texts)


def running_written_in_place() -> Seen:
    """F.batch_norm writes into the tensors it was given when training, and only then."""
    mean, var = torch.zeros(2), torch.ones(2)
    at = (mean.data_ptr(), var.data_ptr())
    F.batch_norm(columns(), mean, var, training=False)
    evaluated = (mean.clone(), var.clone())
    F.batch_norm(columns(), mean, var, training=True)
    same = at == (mean.data_ptr(), var.data_ptr())
    before = {"eval.running_mean": evaluated[0], "eval.running_var": evaluated[1]}
    return Seen({**before, "running_mean": mean, "running_var": var}, {"same memory": str(same)})


def normalized_shapes() -> Seen:
    """However it is given, it is kept as a tuple."""
    given: dict[str, Any] = {"int": 4, "list": [3, 4], "tuple": (3, 4), "size": torch.Size([3, 4])}
    kept = {name: nn.LayerNorm(shape).normalized_shape for name, shape in given.items()}
    types = ", ".join(type(shape).__name__ for shape in kept.values())
    return Seen({}, {**{name: repr(shape) for name, shape in kept.items()}, "type": types})


PROBES: dict[str, Probe] = {
    "containers": containers,
    "deep-copy": deep_copy,
    "memory-of-outputs": memory_of_outputs,
    "metadata-versions": metadata_versions,
    "normalized-shapes": normalized_shapes,
    "running-written-in-place": running_written_in_place,
    "state-dict-aliases": state_dict_aliases,
}

# --- internal ---


def _version(layer: nn.Module) -> str:
    state: Any = layer.state_dict()
    return str(state._metadata[""]["version"])


def _modes(whole: nn.Module) -> str:
    return ", ".join(f"{type(module).__name__} {module.training}" for module in whole.modules())
