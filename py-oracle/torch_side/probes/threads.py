"""Probes of what depends on the number of threads. Each sets it and puts it back."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch.nn import functional as F

from torch_side.probes.seen import Probe, Seen, pattern


def rows() -> Seen:
    """batch_norm of [200, 17] with one thread and with two, and of [20, 17, 10], where one thread sums a whole channel."""
    x = _uneven(200, 17)
    planes = _uneven(200, 17).reshape(20, 17, 10)
    with _threads(1):
        one, one_planes = _normalise(x), _normalise(planes)
    with _threads(2):
        two, two_planes = _normalise(x), _normalise(planes)
    return Seen({"one": one, "two": two, "planes.one": one_planes, "planes.two": two_planes}, {})


def two_rows() -> Seen:
    """As many rows as threads, each summed in float64; with one thread they are summed in float32."""
    x = _uneven(2, 64)
    with _threads(1):
        one = _normalise(x)
    with _threads(2):
        two = _normalise(x)
    return Seen({"one": one, "two": two}, {})


def bias_gradient() -> Seen:
    """layer_norm's bias.grad of 4,096 rows of ones in bfloat16: each thread stops at 256."""
    return Seen({"one": _bias_gradient(1), "two": _bias_gradient(2)}, {})


PROBES: dict[str, Probe] = {"threads-bias-gradient": bias_gradient, "threads-rows": rows, "threads-two-rows": two_rows}

# --- internal ---


@contextmanager
def _threads(count: int) -> Generator[None, None, None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _uneven(rows: int, width: int) -> torch.Tensor:
    """Quotients by 7, so that sums in float32 round. `cases/behaviours` makes the same numbers."""
    return pattern(rows, width) / 7.0


def _normalise(x: torch.Tensor) -> torch.Tensor:
    return F.batch_norm(x, None, None, training=True)


def _bias_gradient(count: int) -> torch.Tensor:
    bias = torch.zeros(4, dtype=torch.bfloat16, requires_grad=True)
    with _threads(count), torch.enable_grad():
        output = F.layer_norm(torch.ones(4096, 4, dtype=torch.bfloat16), [4], None, bias)
        output.backward(torch.ones_like(output))
    if bias.grad is None:
        raise ValueError("autograd left no gradient of the bias")
    return bias.grad
