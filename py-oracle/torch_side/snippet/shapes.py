"""Shapes of input on which a function is tried, and shapes of parameters that go with each, the likeliest first. It calls nothing."""

from __future__ import annotations

import re
from typing import Literal

import torch

from torch_side.snippet.plan import Form

Kind = Literal["BatchNorm", "LayerNorm", "InstanceNorm", "GroupNorm", "RMSNorm"]
Shape = tuple[int, ...]

C = 6


def kind_of(name: str) -> Kind | None:
    """The norm that a name speaks of. A hint, never a verdict."""
    for kind, word in _KINDS:
        if re.search(word, name, re.IGNORECASE):
            return kind
    return None


def shapes_for(name: str, kind: Kind | None) -> list[Shape]:
    """Sizes that all differ, then sizes that coincide: only there a broadcast along the wrong axis does not raise."""
    digit = re.search(r"([123])_?d", name, re.IGNORECASE)
    rank = None if digit is None else int(digit.group(1)) + 2
    if rank is None and re.search("spatial|image|conv", name, re.IGNORECASE):
        rank = 4
    layered = kind in ("LayerNorm", "RMSNorm")
    ordered = [*_LAST_LAYERED, *_FLAT, *_FIRST] if layered and rank is None else [*_FIRST, *_LAST, *_FLAT]
    both = [sorted(part, key=lambda s: _off(s, rank)) for part in (ordered, _SAME)]
    return [*both[0], *both[1], (2, 64, 3, 4)]


def forms_for(shape: Shape, reduced: frozenset[int] | None, partial: bool) -> list[tuple[Form, tuple[int, ...]]]:
    """Forms of parameters with their sizes; `reduced` are the axes that a statistic runs over, None where that is not known yet."""
    rank = len(shape)
    channel: list[tuple[Form, tuple[int, ...]]] = [
        ("channel", (shape[1],)),
        ("channel-keep", (shape[1],)),
        ("channel-tail", (shape[1],)),
    ]
    last: list[tuple[Form, tuple[int, ...]]] = [("last", (shape[-1],)), ("last-keep", (shape[-1],))]
    trailing: list[tuple[Form, tuple[int, ...]]] = [("trailing", shape[-k:]) for k in range(2, rank)]
    scalar: list[tuple[Form, tuple[int, ...]]] = [("scalar", (1,))]
    if reduced is None:
        return [*channel, *last, *trailing, *scalar]
    if not partial and _is_trailing(reduced, rank):
        if len(reduced) == 1:
            return [*last, *channel, *scalar]
        own = [form for form in trailing if len(form[1]) == len(reduced)]
        return [*own, *channel, *last, *scalar]
    if not partial and reduced == frozenset(range(rank - 1)) and rank > 2:
        return [*last, *channel, *trailing, *scalar]
    return [*channel, *last, *trailing, *scalar]


def reduced_axes(moved: torch.Tensor, index: tuple[int, ...]) -> tuple[frozenset[int], bool]:
    """The axes along which outputs moved with one input element, and whether only a part of the channels did."""
    places = moved.nonzero()
    reduced = frozenset(a for a in range(moved.ndim) if bool((places[:, a] != index[a]).any()))
    channels = len(set(places[:, 1].tolist()))
    return reduced, 1 in reduced and channels < moved.shape[1]


def is_as_pytorch(kind: Kind | None, reduced: frozenset[int], partial: bool, rank: int) -> bool:
    """Whether PyTorch's layer of that kind has statistics over these axes."""
    spatial = frozenset(range(2, rank))
    match kind:
        case None:
            return True
        case "BatchNorm":
            return reduced == spatial | {0} and not partial
        case "InstanceNorm":
            return reduced == spatial
        case "GroupNorm":
            return reduced in (spatial | {1}, spatial) and 0 not in reduced
        case "LayerNorm" | "RMSNorm":
            return not partial and _is_trailing(reduced, rank)


def is_channels_last(reduced: frozenset[int], shape: Shape) -> bool:
    """Whether each place on the last axis, of the size that channels have, has a statistic of its own."""
    return shape[-1] == C and shape[1] != C and reduced == frozenset(range(len(shape) - 1))


# --- internal ---

_KINDS: tuple[tuple[Kind, str], ...] = (
    ("RMSNorm", r"rms_?norm"),
    ("BatchNorm", r"batch_?norm"),
    ("LayerNorm", r"layer_?norm"),
    ("InstanceNorm", r"instance_?norm"),
    ("GroupNorm", r"group_?norm"),
    ("BatchNorm", r"(^|_)bn(_|\d|$)"),
    ("LayerNorm", r"(^|_)ln(_|\d|$)"),
    ("GroupNorm", r"(^|_)gn(_|\d|$)"),
)

_FIRST: list[Shape] = [(4, C, 5, 7), (4, C, 5), (4, C, 2, 5, 7)]
_LAST: list[Shape] = [(4, 5, 7, C), (4, 5, C), (4, 2, 5, 7, C)]
_LAST_LAYERED: list[Shape] = [(4, 5, C), (4, 5, 7, C)]
_FLAT: list[Shape] = [(4, C)]
_SAME: list[Shape] = [(4, C, 5, C), (4, C, C, 7), (4, C, C, C), (4, C, C), (4, C, 2, 5, C), (C, C, 5, 7), (C, C, 5), (C, C)]


def _off(shape: Shape, rank: int | None) -> int:
    if rank is None or (len(shape) == rank and (rank != 3 or shape[1] == C)):
        return 0
    if rank == 3 and len(shape) == 2:
        return 1
    return 2 if len(shape) == rank else 3


def _is_trailing(reduced: frozenset[int], rank: int) -> bool:
    return 0 < len(reduced) < rank and reduced == frozenset(range(rank - len(reduced), rank))
