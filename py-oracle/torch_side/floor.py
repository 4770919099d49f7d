"""The time that bare PyTorch needs for the same cases: everything is decoded first, nothing is answered."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from torch_side.layers import FUNCTIONS, LAYERS, RUNNING
from torch_side.tensors import DTYPES, make_tensor, to_python
from wire.case import Backward, Call, Case, Construct, Forward, SetAttribute, SetTensor

Act = tuple[Any, ...]


def time_floor(cases: list[Case]) -> float:
    """Seconds for construct, set, forward, backward and call of all cases; the other steps are free."""
    prepared = [_prepare(case) for case in cases]
    started = time.perf_counter()
    for acts in prepared:
        try:
            _run(acts)
        except Exception:  # a refusal ends that case here; the suites have few
            torch.set_grad_enabled(False)
    return time.perf_counter() - started


# --- internal ---


def _prepare(case: Case) -> list[Act]:
    buffer = bytearray(case.payload)
    acts: list[Act] = []
    for step in case.steps:
        if isinstance(step, Construct) and step.layer in LAYERS:
            arguments = {name: to_python(value, buffer, False) for name, value in step.arguments.items()}
            dtype = DTYPES.get(arguments.get("dtype", case.dtype), torch.float32)
            if dtype not in (torch.float32, torch.int64):
                arguments["dtype"] = dtype
            acts.append(("construct", LAYERS[step.layer], arguments))
        elif isinstance(step, Forward):
            acts.append(("forward", step.mode, make_tensor(step.input, buffer, False), step.gradient))
        elif isinstance(step, Backward):
            acts.append(("backward", make_tensor(step.gradient, buffer, False), step.accumulate))
        elif isinstance(step, SetTensor):
            acts.append(("set", step.name, None if step.tensor is None else make_tensor(step.tensor, buffer, False)))
        elif isinstance(step, SetAttribute):
            acts.append(("attribute", step.name, to_python(step.value, buffer, False)))
        elif isinstance(step, Call) and step.function in FUNCTIONS:
            arguments = {name: to_python(value, buffer, False) for name, value in step.arguments.items()}
            acts.append(("call", FUNCTIONS[step.function], arguments, step.gradient))
    return acts


_NOTHING: Any = object()


def _run(acts: list[Act]) -> None:
    module: Any = _NOTHING
    output: Any = _NOTHING
    for act in acts:
        kind = act[0]
        if kind == "forward":
            _, mode, x, gradient = act
            if mode is not None:
                module.train(mode == "train")
            if gradient:
                x.requires_grad_()
            torch.set_grad_enabled(gradient)
            output = module(x)
            torch.set_grad_enabled(False)
        elif kind == "backward":
            if not act[2] and module is not _NOTHING:
                module.zero_grad()
            torch.autograd.backward(output, act[1], retain_graph=True)
        elif kind == "construct":
            module = act[1](**act[2])
        elif kind == "set":
            parameter = module._parameters.get(act[1])
            if isinstance(parameter, nn.Parameter) and act[2] is not None:
                parameter.data = act[2]
            else:
                setattr(module, act[1], act[2])
        elif kind == "attribute":
            setattr(module, act[1], act[2])
        else:
            if act[3]:
                for name, value in act[2].items():
                    if isinstance(value, torch.Tensor) and value.is_floating_point() and name not in RUNNING:
                        value.requires_grad_()
            torch.set_grad_enabled(act[3])
            output = act[1](**act[2])
            torch.set_grad_enabled(False)
