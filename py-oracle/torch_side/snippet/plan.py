"""How one function is called as a norm: which argument is what, the shape of its parameters, its mode, where its results are. It finds nothing out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Literal

import torch

from torch_side.snippet.arrays import Frame, from_frame, to_frame
from torch_side.snippet.slots import NOTHING, RecordingDict, Slot

Form = Literal["channel", "channel-keep", "channel-tail", "last", "last-keep", "trailing", "scalar"]

Key = int | str | None
"""Which part of what is returned; None where it is the whole."""


@dataclass(frozen=True, slots=True)
class Mode:
    """`flag`: a slot takes one value in training and another in evaluation. `grad`: evaluation is a call without gradients."""

    kind: Literal["none", "flag", "grad"]
    slot: Slot | None = None
    train: Any = True
    eval: Any = False


@dataclass(frozen=True, slots=True)
class Plan:
    frame: Frame
    slots: tuple[Slot, ...]
    shape: tuple[int, ...]
    """Of an input that it takes."""
    sizes: tuple[int, ...]
    """Of its parameters on that input."""
    form: Form
    running_form: Form
    size_as_tuple: bool = False
    fixed: dict[str, Any] = field(default_factory=dict)
    """Values that stay as they are, by the path of their slot."""
    optional_tensors: bool = True
    """Whether parameters and buffers that have a default are given all the same."""
    mode: Mode = Mode("none")
    output: Key = None
    returned: dict[str, Key] = field(default_factory=dict)
    """Buffers, by path, that are updated by what is returned."""
    initial: dict[str, float] = field(default_factory=dict)
    """First values of the tensors, by path."""

    def tensors(self) -> list[Slot]:
        named = (s for s in self.slots if s.role in ("weight", "bias", "running_mean", "running_var"))
        return [s for s in named if s.required or s.key is not None or self.optional_tensors]

    def shape_of(self, slot: Slot, sizes: tuple[int, ...]) -> tuple[int, ...]:
        form = self.running_form if slot.role.startswith("running") else self.form
        return shape_in(form, sizes, len(self.shape))


@dataclass(frozen=True, slots=True)
class Called:
    output: torch.Tensor
    buffers: dict[str, Any]
    """Buffers after the call, by path, in the function's own kind of array."""
    returned: Any


def shape_in(form: Form, sizes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    c = sizes[0] if sizes else 1
    match form:
        case "channel" | "last":
            return (c,)
        case "channel-keep":
            return (1, c, *(1,) * (rank - 2))
        case "channel-tail":
            return (c, *(1,) * (rank - 2))
        case "last-keep":
            return (*(1,) * (rank - 1), c)
        case "trailing":
            return sizes
        case "scalar":
            return (1,)


def invoke(
    plan: Plan,
    function: Callable[..., Any],
    x: torch.Tensor,
    state: dict[str, Any],
    options: dict[str, Any],
    sizes: tuple[int, ...],
    training: bool,
    mappings: dict[str, RecordingDict],
) -> Any:
    """
    What it returns. `state` holds its arrays by path, `options` other values by path; its dict arguments are left in `mappings`, which
    tells what was asked of them also where it raises. Raises what it raises.
    """
    values: dict[str, Any] = {}
    keyed: list[tuple[Slot, Any]] = []
    for slot in plan.slots:
        value = _value_of(plan, slot, x, state, options, sizes, training)
        if slot.role == "mapping" and slot.key is None:
            mappings[slot.parameter] = values[slot.parameter] = RecordingDict({})
        elif value is not NOTHING:
            if slot.key is None:
                values[slot.name] = value
            else:
                keyed.append((slot, value))
    for slot, value in keyed:
        dict.__setitem__(mappings[slot.parameter], slot.key or "", value)
    args = [values.pop(s.name) for s in plan.slots if s.positional and s.key is None and s.name in values]
    with torch.set_grad_enabled(torch.is_grad_enabled() and (training or plan.mode.kind != "grad")):
        return function(*args, **values)


def call(
    plan: Plan,
    function: Callable[..., Any],
    x: torch.Tensor,
    state: dict[str, Any],
    options: dict[str, Any],
    sizes: tuple[int, ...],
    training: bool,
) -> Called:
    """Calls it once. Raises what it raises, and TypeError where no array comes back."""
    mappings: dict[str, RecordingDict] = {}
    returned = invoke(plan, function, x, state, options, sizes, training, mappings)
    output = from_frame(part_of(returned, plan.output))
    if output is None:
        raise TypeError(f"it returned {words_for(returned)}, expected an array")
    if plan.frame == "numpy" and output.is_floating_point() and x.is_floating_point():
        output = output.to(x.dtype)  # NumPy widens as it likes; the dtype of a result is no convention of such code
    buffers: dict[str, Any] = {}
    for slot in plan.tensors():
        if slot.path in plan.returned:
            buffers[slot.path] = part_of(returned, plan.returned[slot.path])
        elif slot.key is not None and slot.key in mappings[slot.parameter]:
            buffers[slot.path] = dict.__getitem__(mappings[slot.parameter], slot.key)
    return Called(output, buffers, returned)


def part_of(returned: Any, key: Key) -> Any:
    return returned if key is None else returned[key]


def array_of(values: torch.Tensor, frame: Frame) -> Any:
    return to_frame(values.clone(), frame)


def words_for(returned: Any) -> str:
    return "nothing" if returned is None else f"a {type(returned).__name__}"


# --- internal ---

def _value_of(
    plan: Plan,
    slot: Slot,
    x: torch.Tensor,
    state: dict[str, Any],
    options: dict[str, Any],
    sizes: tuple[int, ...],
    training: bool,
) -> Any:
    """NOTHING where the function's own default is to be used."""
    if slot.path in plan.fixed:
        return plan.fixed[slot.path]
    if slot.role == "input":
        return to_frame(x, plan.frame)
    if slot.path in state:
        return state[slot.path]
    if slot.path in options:
        return options[slot.path]
    if plan.mode.slot is not None and plan.mode.slot.path == slot.path:
        return plan.mode.train if training else plan.mode.eval
    if slot.role == "size" and slot.required:
        return sizes if plan.size_as_tuple else sizes[0]
    return NOTHING
