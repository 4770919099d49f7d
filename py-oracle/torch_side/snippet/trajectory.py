"""Runs the steps of one Case on a class or function of a document. Names of tensors are dotted paths into the instance."""

from __future__ import annotations

import copy
import re
from collections import OrderedDict
from typing import Any, Callable

import torch
from torch import nn

from torch_side.backward import run_backward
from torch_side.layers import Unsupported
from torch_side.snippet.capture import Capture
from torch_side.snippet.arrays import Frame, frames_of, to_frame
from torch_side.snippet.binding import bind, find_definition
from torch_side.snippet.calling import calling_of
from torch_side.snippet.document import Document, line_in, out_of_memory
from torch_side.snippet.make_function_norm import make_function_norm
from torch_side.snippet.inventory import Held, owner_of, set_on, tensors_of
from torch_side.tensors import DTYPES, make_tensor, to_python, write_tensor
from wire.answer import NOT_RUN, PayloadWriter, Plain, Written, outcome_of, refused, returned
from wire.case import (
    Arguments,
    Backward,
    Call,
    Case,
    Cast,
    Construct,
    Copy,
    Forward,
    LoadState,
    Read,
    Reset,
    SaveState,
    SetAttribute,
    SetTensor,
    Step,
    TensorHeader,
)
from wire.fields import DTYPES as ITEM_SIZES

MAX_TENSORS = 256
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object without a repr of its own; another one in each run
LONGEST_MESSAGE = 4000


class NotATensor(Exception):
    """It returned something else."""


class SnippetTrajectory:
    def __init__(self, case: Case, document: Document, payload: PayloadWriter, max_elements: int) -> None:
        self._case = case
        self._document = document
        self._payload = payload
        self._max_elements = max_elements
        self._buffer = bytearray(case.payload)
        self._instance: Any = None
        self._calling: Any = None
        self._training = True
        self._lost = False
        self._asked_again = False
        self._output: torch.Tensor | None = None
        self._leaves: dict[str, torch.Tensor] = {}

    def run(self) -> Plain:
        """The outcome header. Raises Unsupported, and MemoryError when the worker's memory is at its end."""
        results: list[Plain] = []
        for at, step in enumerate(self._case.steps):
            self._asked_again = asks_again(self._case.steps[at + 1 :])
            results.append(NOT_RUN if self._lost else self._step(step))
        return outcome_of(results)

    # --- internal ---

    def _step(self, step: Step) -> Plain:
        capture = Capture()
        try:
            with capture:
                result = _step_runner(step)(self, step)
        except Unsupported:
            raise
        except BaseException as problem:  # also SystemExit: it is an answer of the code in question
            if out_of_memory(problem):
                raise
            if type(step) is Construct:
                self._lost = True
            return refused(type(problem).__name__, words_of(problem), line_in(problem, self._document.file))
        said = capture.texts()
        return {**result, "texts": {**result["texts"], **said}} if said and "texts" in result else result

    def _construct(self, step: Construct) -> Plain:
        made = find_definition(self._document, step.layer, object)
        self._output = None
        texts: dict[str, str] = {}
        if isinstance(made, type):
            args, kwargs = self._bound(made.__init__, step.arguments)
            frame = "torch" if issubclass(made, nn.Module) else frames_of(made, self._document)[0]
            kwargs = {name: _owned(value, frame) for name, value in kwargs.items()}
            self._instance = made(*args, **kwargs)
        else:
            self._instance, texts = make_function_norm(made, self._document, self._bound(None, step.arguments)[1])
        self._calling = calling_of(self._instance, self._document)
        dtype = DTYPES[self._case.dtype]
        if dtype.is_floating_point and dtype is not torch.float32:
            self._convert(dtype)
        return self._everything({"repr": _ADDRESS.sub("", repr(self._instance)), **texts})

    def _forward(self, step: Forward) -> Plain:
        self._output = None
        if self._instance is None:
            return NOT_RUN
        x = make_tensor(step.input, self._buffer, False)
        if step.mode is not None:
            self._set_mode(step.mode == "train")
        if step.gradient and x.is_floating_point():
            x.requires_grad_()
            self._ask_gradients()
        self._training = self._training if step.mode is None else step.mode == "train"
        output = _as_tensor(self._calling(x, self._training))
        tensors = [write_tensor("output", output, self._payload)]
        if self._changed(step.input):
            tensors.append(write_tensor("input", x, self._payload))
        self._output = output
        self._leaves = {"input": x}
        return returned(tensors, {})

    def _ask_gradients(self) -> None:
        """Parameters of an object that is no module are leaves only when asked for; its caller would have made them so."""
        if isinstance(self._instance, nn.Module) or self._calling.frame == "numpy":
            return
        for held in self._held():
            if held.kind == "parameters" and held.tensor.is_leaf and held.tensor.is_floating_point():
                held.tensor.requires_grad_()

    def _set_mode(self, training: bool) -> None:
        if callable(getattr(self._instance, "train", None)):
            self._instance.train(training)
        elif hasattr(self._instance, "training"):
            self._instance.training = training

    def _call(self, step: Call) -> Plain:
        function = find_definition(self._document, step.function, object)
        self._output = None
        args, kwargs = self._bound(function, step.arguments)
        names = [name for name, value in step.arguments.items() if isinstance(value, TensorHeader)]
        given = {name: value for name, value in kwargs.items() if isinstance(value, torch.Tensor)}
        leaves = {name: v for name, v in given.items() if v.is_floating_point() and not name.startswith("running_")}
        if step.gradient:
            for leaf in leaves.values():
                leaf.requires_grad_()
        output = function(*args, **kwargs)
        outputs: list[Any] = list(output) if isinstance(output, (tuple, list)) else [output]
        main_output = _as_tensor(outputs[0] if outputs else None)
        tensors = [write_tensor("output", main_output, self._payload)]
        for i, extra in enumerate(outputs[1:], 1):
            if isinstance(extra, torch.Tensor):
                tensors.append(write_tensor(f"output.{i}", extra, self._payload))
        for name in names:
            header = step.arguments[name]
            if name in given and isinstance(header, TensorHeader):
                if name in ("running_mean", "running_var") or self._changed(header):
                    tensors.append(write_tensor(name, given[name], self._payload))
        self._output = main_output
        self._leaves = leaves if step.gradient else {}
        return returned(tensors, {})

    def _backward(self, step: Backward) -> Plain:
        output = self._output
        if output is None:
            return NOT_RUN
        if self._calling is not None and (self._calling.frame == "numpy" or getattr(self._instance, "differentiable", True) is False):
            raise Unsupported("code on NumPy arrays has no gradients")
        own = {h.name: h.tensor for h in self._held() if h.tensor.requires_grad and h.tensor.is_leaf}
        leaves = {**self._leaves, **own}
        if not step.accumulate:
            for leaf in leaves.values():
                leaf.grad = None
        # As a training loop does it: a graph that nobody asks again is freed, which shows buffers that still hold it.
        run_backward(output, make_tensor(step.gradient, self._buffer, False), keep_graph=self._asked_again)
        tensors: list[Written] = []
        for name, leaf in leaves.items():
            if leaf.grad is not None:
                tensors.append(write_tensor(f"{name}.grad", leaf.grad, self._payload))
        return returned(tensors, {})

    def _read(self, step: Read) -> Plain:
        if self._instance is None:
            return NOT_RUN
        held = [h for h in self._held() if step.what == "all" or h.kind != "parameters"]
        attached = [h.name for h in held if h.kind != "parameters" and (h.tensor.requires_grad or h.tensor.grad_fn)]
        return returned(self._write(held), {"attached": " ".join(attached)})

    def _set_attribute(self, step: SetAttribute) -> Plain:
        if self._instance is None:
            return NOT_RUN
        owner, name = owner_of(self._instance, step.name)
        set_on(owner, name, to_python(step.value, self._buffer, False))
        return returned([], {})

    def _set_tensor(self, step: SetTensor) -> Plain:
        if self._instance is None:
            return NOT_RUN
        owner, name = owner_of(self._instance, step.name)
        if step.tensor is None:
            set_on(owner, name, None)
            return returned([], {})
        values = make_tensor(step.tensor, self._buffer, False).clone()
        held = next((h for h in self._held() if h.name == step.name), None)
        if held is None:
            set_on(owner, name, values)
        elif isinstance(held.tensor, nn.Parameter):
            if held.tensor.shape != values.shape:
                raise ValueError(f"{step.name} has shape {list(held.tensor.shape)}, values of {list(values.shape)} were sent")
            held.tensor.data = values.to(held.tensor.dtype)
        else:
            held.replace(values.to(held.tensor.dtype))
        return returned([], {})

    def _load_state(self, step: LoadState) -> Plain:
        if self._instance is None:
            return NOT_RUN
        state = OrderedDict((name, make_tensor(header, self._buffer, False)) for name, header in step.entries)
        return returned([], {"keys": repr(self._instance.load_state_dict(state, strict=step.strict))})

    def _save_state(self, _: SaveState) -> Plain:
        if self._instance is None:
            return NOT_RUN
        entries = self._instance.state_dict().items()
        tensors = [write_tensor(str(name), t, self._payload) for name, t in entries if isinstance(t, torch.Tensor)]
        return returned(tensors, {})

    def _cast(self, step: Cast) -> Plain:
        if self._instance is None:
            return NOT_RUN
        self._convert(DTYPES[step.dtype])
        return returned([], {})

    def _copy(self, _: Copy) -> Plain:
        if self._instance is None:
            return NOT_RUN
        self._instance = copy.deepcopy(self._instance)
        return returned([], {})

    def _reset(self, step: Reset) -> Plain:
        if self._instance is None:
            return NOT_RUN
        getattr(self._instance, f"reset_{step.what}")()
        return returned([], {})

    def _bound(self, function: Any, given: Arguments) -> tuple[list[Any], dict[str, Any]]:
        return bind(function, {name: to_python(value, self._buffer, False) for name, value in given.items()})

    def _convert(self, dtype: torch.dtype) -> None:
        """A module's own conversion, then that of the tensors it does not know about."""
        if isinstance(self._instance, nn.Module):
            self._instance.to(dtype)
        for held in self._held():
            if held.tensor.is_floating_point() and held.tensor.dtype is not dtype:
                if isinstance(held.tensor, nn.Parameter):
                    held.tensor.data = held.tensor.data.to(dtype)
                else:
                    held.replace(held.tensor.to(dtype))

    def _everything(self, texts: dict[str, str]) -> Plain:
        held = self._held()
        for kind in ("parameters", "buffers", "attributes"):
            texts[kind] = " ".join(h.name for h in held if h.kind == kind)
        return returned(self._write(held), texts)

    def _held(self) -> list[Held]:
        return tensors_of(self._instance)[:MAX_TENSORS]

    def _write(self, held: list[Held]) -> list[Written]:
        for h in held:
            if h.tensor.numel() > self._max_elements:
                raise Unsupported(f"{h.name} has {h.tensor.numel()} elements; the limit is {self._max_elements}")
        return [write_tensor(h.name, h.tensor, self._payload) for h in held]

    def _changed(self, header: TensorHeader) -> bool:
        """Whether the memory that was handed over is no longer what was sent."""
        end = header.at + header.elements * ITEM_SIZES[header.dtype]
        return memoryview(self._buffer)[header.at : end] != self._case.payload[header.at : end]


def words_of(problem: BaseException) -> str:
    """The message; an exception of foreign code may raise another when asked for it."""
    try:
        return str(problem)[:LONGEST_MESSAGE]
    except BaseException:
        return "an exception whose own __str__ raises"


def asks_again(steps: tuple[Step, ...]) -> bool:
    """Whether a backward on the same graph follows before the next forward."""
    for step in steps:
        if isinstance(step, (Forward, Call, Construct)):
            return False
        if isinstance(step, Backward):
            return step.again
    return False


def _owned(value: Any, frame: Frame) -> Any:
    """An array that the constructor may keep, of the kind that its code works on."""
    return to_frame(value.clone(), frame) if isinstance(value, torch.Tensor) else value


def _as_tensor(output: Any) -> torch.Tensor:
    if not isinstance(output, torch.Tensor):
        raise NotATensor(f"it returned {type(output).__name__}, expected a tensor")
    return output


_RUN: dict[type[Step], Callable[[SnippetTrajectory, Any], Plain]] = {
    Construct: SnippetTrajectory._construct,
    Forward: SnippetTrajectory._forward,
    Backward: SnippetTrajectory._backward,
    Read: SnippetTrajectory._read,
    SetAttribute: SnippetTrajectory._set_attribute,
    SetTensor: SnippetTrajectory._set_tensor,
    LoadState: SnippetTrajectory._load_state,
    SaveState: SnippetTrajectory._save_state,
    Cast: SnippetTrajectory._cast,
    Copy: SnippetTrajectory._copy,
    Reset: SnippetTrajectory._reset,
    Call: SnippetTrajectory._call,
}


def _step_runner(step: Step) -> Any:
    run = _RUN.get(type(step))
    if run is None:
        raise Unsupported(f"foreign code answers no step {type(step).__name__}")
    return run
