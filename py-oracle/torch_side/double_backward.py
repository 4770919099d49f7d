"""Gradients of gradients by torch.autograd, for whatever a forward or call recorded. It touches no `.grad`."""

from __future__ import annotations

from typing import Any

import torch

from torch_side.layers import Unsupported


def double_backward(
    output: torch.Tensor,
    gradient: torch.Tensor,
    targets: dict[str, torch.Tensor],
    vectors: dict[str, torch.Tensor],
) -> list[tuple[str, torch.Tensor]]:
    """
    `targets` are the leaves that the output may depend on, by name; `vectors` are named `<target>.grad`. Answers `<target>.grad2` and
    `upstream.grad2` of each that has one. Raises Unsupported for a vector whose gradient does not exist.
    """
    names = [name for name, leaf in targets.items() if leaf.requires_grad]
    leaves = [targets[name] for name in names]
    upstream = gradient.detach().requires_grad_()
    with torch.enable_grad():
        found: Any = torch.autograd.grad(output, leaves, upstream, create_graph=True, allow_unused=True)
        firsts = {f"{name}.grad": first for name, first in zip(names, found) if first is not None}
        for name in vectors:
            if name not in firsts:
                raise Unsupported(f"there is no {name} to go back through a second time")
        asked = [firsts[name] for name in vectors]
        given = [*leaves, upstream]
        back = list(vectors.values())
        seconds: Any = torch.autograd.grad(asked, given, back, retain_graph=True, allow_unused=True)
    return [(f"{name}.grad2", second) for name, second in zip([*names, "upstream"], seconds) if second is not None]
