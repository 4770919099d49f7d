"""A function as an object that can be asked like a layer: it keeps the parameters and buffers that the function's caller would keep."""

from __future__ import annotations

from typing import Any, Callable

import torch

from torch_side.snippet.arrays import from_frame
from torch_side.snippet.plan import Plan, array_of, call
from torch_side.snippet.slots import NOTHING, Slot

_OWN = "_normative"


class FunctionNorm:
    """Its tensors are attributes by the function's own names, or in a dict of the name of the argument that is one."""

    def __init__(self, plan: Plan, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        size_name = size_argument(plan)
        given = arguments.get(size_name, NOTHING) if size_name is not None else NOTHING
        sizes = plan.sizes if given is NOTHING else tuple(given) if isinstance(given, (list, tuple)) else (given,)
        options = {s.path: arguments[s.name] for s in options_of(plan) if s.name in arguments}
        for slot in options_of(plan):
            if slot.required and slot.path not in options:
                raise TypeError(f"{slot.name} has no default and was not given")
        self.__dict__[_OWN] = (plan, function, sizes, options)
        self.training = True
        for slot in plan.tensors():
            value = plan.initial.get(slot.path, 1.0 if slot.role in ("weight", "running_var") else 0.0)
            self._put(slot, array_of(torch.full(plan.shape_of(slot, sizes), value), plan.frame))

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each tensor, by its dotted name."""
        plan, *_ = self.__dict__[_OWN]
        return {s.path: "parameters" if s.role in ("weight", "bias") else "buffers" for s in plan.tensors()}

    @property
    def differentiable(self) -> bool:
        return self.__dict__[_OWN][0].frame == "torch"

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        plan, function, sizes, options = self.__dict__[_OWN]
        state = {s.path: self._get(s) for s in plan.tensors()}
        called = call(plan, function, x, state, options, sizes, self.training)
        for slot in plan.tensors():
            if slot.path in called.buffers and from_frame(called.buffers[slot.path]) is not None:
                self._put(slot, called.buffers[slot.path])
        return called.output

    def __repr__(self) -> str:
        plan, function, *_ = self.__dict__[_OWN]
        return f"{function.__name__}({', '.join(s.name for s in plan.slots)})"

    def _get(self, slot: Slot) -> Any:
        return self.__dict__[slot.parameter] if slot.key is None else self.__dict__[slot.parameter][slot.key]

    def _put(self, slot: Slot, array: Any) -> None:
        if slot.key is None:
            self.__dict__[slot.parameter] = array
        else:
            self.__dict__.setdefault(slot.parameter, {})[slot.key] = array


def size_argument(plan: Plan) -> str | None:
    """What the size of the parameters is called; the function's own name where it has one."""
    own = next((s.name for s in plan.slots if s.role == "size" and s.required), None)
    if own is not None:
        return own
    if not plan.tensors():
        return None
    return "normalized_shape" if plan.form in ("trailing", "last", "last-keep") else "num_features"


def options_of(plan: Plan) -> list[Slot]:
    """Slots that are options of a layer: what is neither input, tensor, mode nor size."""
    taken = ("input", "weight", "bias", "running_mean", "running_var", "training", "mapping")
    return [
        s
        for s in plan.slots
        if s.role not in taken and s.path not in plan.fixed and not (s.role == "size" and s.required)
    ]


