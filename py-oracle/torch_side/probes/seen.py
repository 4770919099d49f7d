"""What a probe saw, and the small inputs that probes share. Nothing is observed here."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import torch


class Seen(NamedTuple):
    tensors: dict[str, torch.Tensor]
    texts: dict[str, str]


Probe = Callable[[], Seen]


def columns(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """[3, 2], with means 3 and 6 and biased variances 8/3 and 32/3."""
    return torch.tensor([[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]], dtype=dtype)


def pattern(rows: int, width: int) -> torch.Tensor:
    """[rows, width] of sixteenths between 3 and 11, in no order; `cases/behaviours` makes the same, all exact in float32."""
    return torch.tensor([3.0 + (i * 37 % 101 + i * i % 29) / 16.0 for i in range(rows * width)]).reshape(rows, width)


def words_of(act: Callable[[], Any]) -> str:
    """`Type: message` of what `act` raises, or `returns` and the dtype."""
    try:
        return f"returns {act().dtype}"
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
