"""One backward, as torch.autograd.backward does it, but without what it imports and checks on the way."""

from __future__ import annotations

from typing import Any

import torch

_ENGINE: Any = getattr(getattr(torch.autograd.Variable, "_execution_engine", None), "run_backward", None)


def run_backward(output: torch.Tensor, gradient: torch.Tensor, keep_graph: bool = True) -> None:
    """
    Keeps the graph, unless told otherwise, so that it can be asked again. Where torch's checks would pass this goes straight to its engine
    (the checks alone import sympy, a third of a second); where they would not, torch says so in its own words.
    """
    if _ENGINE is None or not output.requires_grad or output.shape != gradient.shape or output.dtype != gradient.dtype:
        torch.autograd.backward(output, gradient, retain_graph=keep_graph)
    else:
        _ENGINE((output,), (gradient,), keep_graph, False, (), allow_unreachable=True, accumulate_grad=True)
