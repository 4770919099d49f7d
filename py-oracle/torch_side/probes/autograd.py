"""Probes of autograd's bookkeeping: what it saves, refuses, counts and leaves out."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from torch_side.probes.seen import Probe, Seen, columns


def weight_changed_in_place() -> Seen:
    """Refuses."""
    with torch.enable_grad():
        layer = nn.BatchNorm1d(2)
        output = layer(columns().requires_grad_())
        with torch.no_grad():
            layer.weight.add_(1)
        output.backward(_upstream())
    return Seen({}, {})


def weight_changed_through_data() -> Seen:
    """The gradient is that of the new weight, 2: saved is the tensor, not its values."""
    with torch.enable_grad():
        x = columns(torch.float64).requires_grad_()
        layer = nn.BatchNorm1d(2, dtype=torch.float64)
        output = layer(x)
        layer.weight.data.add_(1)
        output.backward(_upstream().double())
    return Seen({"input.grad": _gradient(x)}, {})


def version_counters() -> Seen:
    """batch_norm writes the running statistics unseen by their version counters."""
    layer: Any = nn.BatchNorm1d(2)
    before = _versions(layer)
    layer(columns())
    after = _versions(layer)
    return Seen({}, {name: str(after[name] - before[name]) for name in before})


def evaluated_then_trained() -> Seen:
    """The gradient of a forward in eval is asked after a training step has moved the running variance that it used."""
    with torch.enable_grad():
        x = columns(torch.float64).requires_grad_()
        layer: Any = nn.BatchNorm1d(2, dtype=torch.float64).eval()
        output = layer(x)
        layer.train()(columns(torch.float64) * 10)
        output.backward(torch.ones_like(output))
    return Seen({"output": output, "input.grad": _gradient(x), "running_var": layer.running_var}, {})


def trained_then_trained() -> Seen:
    """The gradient of a forward in training is asked after another: its own batch statistics were saved."""
    with torch.enable_grad():
        x = columns(torch.float64).requires_grad_()
        layer: Any = nn.BatchNorm1d(2, dtype=torch.float64)
        output = layer(x)
        layer(columns(torch.float64) * 10 + 1)
        output.backward(_upstream().double())
    return Seen({"input.grad": _gradient(x)}, {})


def input_without_gradient() -> Seen:
    with torch.enable_grad():
        x = columns(torch.float64)
        layer = nn.BatchNorm1d(2, dtype=torch.float64)
        layer(x).backward(_upstream().double())
    gradients = {"weight.grad": _gradient(layer.weight), "bias.grad": _gradient(layer.bias)}
    return Seen(gradients, {"input.grad": str(x.grad)})


def training_under_no_grad() -> Seen:
    layer: Any = nn.BatchNorm1d(2)
    with torch.no_grad():
        output = layer(columns())
    return Seen({"running_mean": layer.running_mean}, {"requires_grad": str(output.requires_grad)})


def running_mean_requires_grad() -> Seen:
    """Refuses."""
    with torch.enable_grad():
        F.batch_norm(columns(), torch.zeros(2, requires_grad=True), torch.ones(2), training=True)
    return Seen({}, {})


def running_var_requires_grad() -> Seen:
    """Refuses."""
    with torch.enable_grad():
        F.batch_norm(columns(), torch.zeros(2), torch.ones(2, requires_grad=True), training=True)
    return Seen({}, {})


def second_derivatives() -> Seen:
    """PyTorch's own gradgradcheck of every layer, in float64."""
    with torch.enable_grad():
        return Seen({}, {name: str(_gradgradcheck(layer, shape)) for name, layer, shape in _differentiable()})


PROBES: dict[str, Probe] = {
    "evaluated-then-trained": evaluated_then_trained,
    "input-without-gradient": input_without_gradient,
    "running-mean-requires-grad": running_mean_requires_grad,
    "running-var-requires-grad": running_var_requires_grad,
    "second-derivatives": second_derivatives,
    "trained-then-trained": trained_then_trained,
    "training-under-no-grad": training_under_no_grad,
    "version-counters": version_counters,
    "weight-changed-in-place": weight_changed_in_place,
    "weight-changed-through-data": weight_changed_through_data,
}

# --- internal ---


def _upstream() -> torch.Tensor:
    return torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])  # [3, 2]


def _gradient(tensor: torch.Tensor) -> torch.Tensor:
    gradient = tensor.grad
    if gradient is None:
        raise ValueError("autograd left no gradient where this probe looks for one")
    return gradient


def _versions(layer: nn.Module) -> dict[str, int]:
    return {name: buffer._version for name, buffer in layer.named_buffers()}


def _differentiable() -> list[tuple[str, nn.Module, tuple[int, ...]]]:
    evaluated = nn.BatchNorm1d(2).double().eval()
    return [
        ("BatchNorm1d", nn.BatchNorm1d(2).double(), (3, 2)),
        ("BatchNorm1d.eval", evaluated, (3, 2)),
        ("BatchNorm2d", nn.BatchNorm2d(2).double(), (2, 2, 2, 1)),
        ("InstanceNorm1d", nn.InstanceNorm1d(2, affine=True).double(), (2, 2, 3)),
        ("LayerNorm", nn.LayerNorm(3).double(), (2, 3)),
        ("GroupNorm", nn.GroupNorm(2, 4).double(), (2, 4, 2)),
        ("RMSNorm", nn.RMSNorm(3).double(), (2, 3)),
    ]


def _gradgradcheck(layer: nn.Module, shape: tuple[int, ...]) -> bool:
    elements = 1
    for n in shape:
        elements *= n
    x = torch.tensor([((i * 7) % 11 - 5) / 4.0 for i in range(elements)], dtype=torch.float64).reshape(shape)
    names = [name for name, _ in layer.named_parameters()]

    def call(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, dict(zip(names, parameters)), (x,))

    leaves = [p.detach().clone().requires_grad_() for p in layer.parameters()]
    return torch.autograd.gradgradcheck(call, (x.requires_grad_(), *leaves))
