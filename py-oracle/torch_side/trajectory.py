"""Runs the steps of one Case on torch.nn, in the case's dtype or wide (float64). Holds the state of that case alone."""

from __future__ import annotations

import copy
import re
from collections import OrderedDict
from typing import Any, Callable, Mapping

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from torch_side.backward import run_backward
from torch_side.double_backward import double_backward
from torch_side.inspect import Warnings, inspect_name
from torch_side.layers import (
    COMPUTED_EPS,
    RMS_NORM,
    RUNNING,
    Unsupported,
    constructor_arguments,
    find_function,
    find_layer,
)
from torch_side.probes import PROBES
from torch_side.tensors import DTYPES, make_tensor, to_python, write_tensor
from wire.answer import NOT_RUN, Plain, PayloadWriter, Written, outcome_of, refused, returned
from wire.case import (
    Backward,
    Call,
    Case,
    Cast,
    Construct,
    Copy,
    DoubleBackward,
    Forward,
    Inspect,
    LoadState,
    Probe,
    Read,
    Reset,
    SaveState,
    SetAttribute,
    SetTensor,
    Step,
)

# The same as torch.set_grad_enabled, without the layers of Python above it.
_set_grad_enabled: Callable[[bool], object] = getattr(torch._C, "_set_grad_enabled", torch.set_grad_enabled)


# Where Python's words name a function, they name its place in memory too, which is another each time.
_ADDRESS = re.compile(r" at 0x[0-9a-f]+(?=>)")


class Trajectory:
    """`narrow` tells afterwards whether anything but float64 was seen, so that the truth is a question of its own."""

    def __init__(self, case: Case, wide: bool, payload: PayloadWriter, max_elements: int) -> None:
        self.narrow = False
        self._case = case
        self._wide = wide
        self._payload = payload
        self._max_elements = max_elements
        self._buffer = bytearray(case.payload)
        self._module: nn.Module | None = None
        self._lost = False
        self._output: torch.Tensor | None = None
        self._leaves: dict[str, torch.Tensor] = {}
        self._warned: list[Any] = []

    def run(self) -> Plain:
        """The outcome header; tensors go to the payload as they stand after their step. Raises Unsupported."""
        if not any(type(step) is Inspect and "warnings" in step.names for step in self._case.steps):
            return self._run()
        recorded = Warnings()
        with recorded:
            self._warned = recorded.seen
            return self._run()

    # --- internal: one method for each step ---

    def _run(self) -> Plain:
        results: list[Plain] = []
        for step in self._case.steps:
            if self._lost:
                results.append(NOT_RUN)
                continue
            try:
                results.append(_step_runner(step)(self, step))
            except Unsupported:
                raise
            except Exception as problem:
                if type(step) is Construct:
                    self._lost = True
                results.append(refused(type(problem).__name__, _ADDRESS.sub("", str(problem))))
        return outcome_of(results)

    def _construct(self, step: Construct) -> Plain:
        layer = find_layer(step.layer)
        dtype, arguments = constructor_arguments(step.arguments, self._case.dtype, self._wide, self._max_elements)
        if dtype is not torch.float64:
            self.narrow = True
        self._output = None
        self._module = layer(**{name: to_python(value, self._buffer, self._wide) for name, value in arguments.items()})
        return returned([], {"repr": repr(self._module)})

    def _forward(self, step: Forward) -> Plain:
        module: Any = self._module
        self._output = None
        if module is None:
            return NOT_RUN
        x = self._tensor(step.input)
        if step.mode is not None and module.training is not (step.mode == "train"):
            module.train(step.mode == "train")
        if step.gradient and x.is_floating_point():
            x.requires_grad_()
        borrowed_eps = self._wide and isinstance(module, RMS_NORM) and module.eps is None
        if borrowed_eps:
            module.eps = COMPUTED_EPS.get(step.input.dtype)
        _set_grad_enabled(step.gradient)
        try:
            output = module(x)
        finally:
            _set_grad_enabled(False)
            if borrowed_eps:
                module.eps = None
        self._output = output
        self._leaves = {"input": x}
        return returned([write_tensor("output", output, self._payload)], {})

    def _call(self, step: Call) -> Plain:
        function = find_function(step.function)
        self._output = None
        arguments = {name: to_python(value, self._buffer, self._wide) for name, value in step.arguments.items()}
        leaves: dict[str, torch.Tensor] = {}
        for name, value in arguments.items():
            if isinstance(value, torch.Tensor):
                if value.dtype is not torch.float64 and value.is_floating_point():
                    self.narrow = True
                if step.gradient and value.is_floating_point() and name not in RUNNING:
                    leaves[name] = value.requires_grad_()
        if self._wide and step.function == "rms_norm" and arguments.get("eps") is None:
            arguments["eps"] = COMPUTED_EPS.get(getattr(step.arguments.get("input"), "dtype", ""))
        _set_grad_enabled(step.gradient)
        try:
            output = function(**arguments)
        finally:
            _set_grad_enabled(False)
        self._output = output
        self._leaves = leaves
        tensors = [write_tensor("output", output, self._payload)]
        for name in RUNNING:
            if isinstance(arguments.get(name), torch.Tensor):
                tensors.append(write_tensor(name, arguments[name], self._payload))
        return returned(tensors, {})

    def _backward(self, step: Backward) -> Plain:
        output = self._output
        if output is None:
            return NOT_RUN
        gradient = self._tensor(step.gradient)
        leaves = self._leaves
        parameters = {} if self._module is None else self._module._parameters
        if not step.accumulate:
            for leaf in leaves.values():
                leaf.grad = None
            for parameter in parameters.values():
                if parameter is not None:
                    parameter.grad = None
        run_backward(output, gradient)
        tensors: list[Written] = []
        for name, leaf in leaves.items():
            if leaf.grad is not None:
                tensors.append(write_tensor(name + ".grad", leaf.grad, self._payload))
        for name, parameter in parameters.items():
            if parameter is not None and parameter.grad is not None:
                tensors.append(write_tensor(name + ".grad", parameter.grad, self._payload))
        return returned(tensors, {})

    def _double_backward(self, step: DoubleBackward) -> Plain:
        if self._output is None:
            return NOT_RUN
        parameters = {} if self._module is None else self._module._parameters
        targets = self._leaves | {name: own for name, own in parameters.items() if own is not None}
        vectors = {name: self._tensor(header) for name, header in step.vectors}
        seconds = double_backward(self._output, self._tensor(step.gradient), targets, vectors)
        return returned([write_tensor(name, second, self._payload) for name, second in seconds], {})

    def _read(self, step: Read) -> Plain:
        module = self._module
        if module is None:
            return NOT_RUN
        parameters = module._parameters if step.what == "all" else {}
        entries: dict[str, torch.Tensor | None] = {**parameters, **module._buffers}
        return self._answer_entries({name: tensor for name, tensor in entries.items() if tensor is not None})

    def _set_attribute(self, step: SetAttribute) -> Plain:
        if self._module is None:
            return NOT_RUN
        *path, name = step.name.split(".")
        owner: Any = self._module
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, name, to_python(step.value, self._buffer, self._wide))
        return returned([], {})

    def _set_tensor(self, step: SetTensor) -> Plain:
        module = self._module
        if module is None:
            return NOT_RUN
        name = step.name
        if step.tensor is None:
            setattr(module, name, None)
            return returned([], {})
        values = self._tensor(step.tensor)
        if name in module._parameters:
            parameter = module._parameters[name]
            if parameter is not None and not is_lazy(parameter) and parameter.dtype is values.dtype and parameter.shape == values.shape:
                parameter.data = values
            else:
                setattr(module, name, nn.Parameter(values, requires_grad=values.is_floating_point()))
        else:
            setattr(module, name, values)
        return returned([], {})

    def _load_state(self, step: LoadState) -> Plain:
        if self._module is None:
            return NOT_RUN
        state: OrderedDict[str, torch.Tensor] = OrderedDict()
        for name, header in step.entries:
            state[name] = self._tensor(header)
        if step.version is not None:
            state._metadata = {"": {"version": step.version}}  # pyright: ignore[reportAttributeAccessIssue] # as state_dict() does
        return returned([], {"keys": repr(self._module.load_state_dict(state, strict=step.strict))})

    def _save_state(self, _: SaveState) -> Plain:
        if self._module is None:
            return NOT_RUN
        return self._answer_entries(self._module.state_dict())

    def _cast(self, step: Cast) -> Plain:
        if self._module is None:
            return NOT_RUN
        dtype = DTYPES[step.dtype]
        if dtype is not torch.float64:
            self.narrow = True
        self._module.to(torch.float64 if self._wide and dtype.is_floating_point else dtype)
        return returned([], {})

    def _copy(self, _: Copy) -> Plain:
        if self._module is None:
            return NOT_RUN
        self._module = copy.deepcopy(self._module)
        return returned([], {})

    def _reset(self, step: Reset) -> Plain:
        module: Any = self._module
        if module is None:
            return NOT_RUN
        if step.what == "running_stats":
            module.reset_running_stats()
        else:
            module.reset_parameters()
        return returned([], {})

    def _inspect(self, step: Inspect) -> Plain:
        known = (self._module, self._output, self._leaves, self._warned)
        return returned([], {name: inspect_name(name, *known) for name in step.names})

    def _probe(self, step: Probe) -> Plain:
        probe = PROBES.get(step.name)
        if probe is None:
            raise Unsupported(f"this oracle has no probe {step.name}")
        seen = probe()
        self.narrow = True
        return returned([write_tensor(n, t.detach(), self._payload) for n, t in seen.tensors.items()], seen.texts)

    def _answer_entries(self, entries: Mapping[str, torch.Tensor]) -> Plain:
        """What has a size; the names of a lazy layer's tensors that have none yet are a text."""
        sizeless = [name for name, tensor in entries.items() if is_lazy(tensor)]
        written = [write_tensor(name, tensor, self._payload) for name, tensor in entries.items() if not is_lazy(tensor)]
        return returned(written, {"uninitialized": ", ".join(sizeless)} if sizeless else {})

    def _tensor(self, header: Any) -> torch.Tensor:
        tensor = make_tensor(header, self._buffer, self._wide)
        if tensor.dtype is not torch.float64:
            self.narrow = True
        return tensor


_RUN: dict[type[Step], Callable[[Trajectory, Any], Plain]] = {
    Construct: Trajectory._construct,
    Forward: Trajectory._forward,
    Backward: Trajectory._backward,
    Read: Trajectory._read,
    SetAttribute: Trajectory._set_attribute,
    SetTensor: Trajectory._set_tensor,
    LoadState: Trajectory._load_state,
    SaveState: Trajectory._save_state,
    Cast: Trajectory._cast,
    Copy: Trajectory._copy,
    Reset: Trajectory._reset,
    Call: Trajectory._call,
    Probe: Trajectory._probe,
    Inspect: Trajectory._inspect,
    DoubleBackward: Trajectory._double_backward,
}


def _step_runner(step: Step) -> Callable[[Trajectory, Any], Plain]:
    run = _RUN.get(type(step))
    if run is None:
        raise Unsupported(f"no step {type(step).__name__}")
    return run
