"""Finds out how a function is called as a norm, by trying: names order the guesses, what comes back decides. Quick to say no."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Callable

import torch

from torch_side.snippet.arrays import Frame, frames_of, from_frame, names_in
from torch_side.snippet.document import Document, out_of_memory
from torch_side.snippet.fit_state import complete, noise, output_place, plain_array, trial_options
from torch_side.snippet.plan import Form, Plan, invoke, part_of, words_for
from torch_side.snippet.roles import TENSOR_ROLES, Role, is_backward, role_of
from torch_side.snippet.shapes import Kind, Shape, forms_for, is_as_pytorch, is_channels_last, kind_of, reduced_axes, shapes_for
from torch_side.snippet.slots import NOTHING, NoCallWorked, NotANorm, RecordingDict, Slot, slots_of


def fit(function: Callable[..., Any], name: str, document: Document, mapped: dict[str, str]) -> Plan:
    """Raises NotANorm with the reason, and NoCallWorked."""
    if is_backward(name):
        raise NotANorm("by its name it is a backward pass; gradients are measured on forward code")
    slots = slots_of(function, mapped)
    if is_backward(slots[0].name):
        raise NotANorm(f"its first argument {slots[0].name} is a gradient; gradients are measured on forward code")
    unknown = [s.name for s in slots if s.role == "other" and s.required]
    roles = {s.role for s in slots}
    kind = kind_of(name) or ("BatchNorm" if "running_mean" in roles else "GroupNorm" if "groups" in roles else None)
    if len(unknown) > (MOST_UNKNOWN if kind is not None or roles & {"weight", "bias"} else 0):
        raise NotANorm(f"neither its name nor those of its arguments {', '.join(unknown)} speak of a norm; --map says what they are")
    trials = _Trials(function, name, kind, document)
    for frame in frames_of(function, document):
        for assigned in _assignments(slots):
            plan = trials.plan_for(frame, assigned)
            if plan is not None:
                return plan
    raise trials.failure()


# --- internal ---

MOST_UNKNOWN = 5
_MOST_ASSIGNMENTS = 60
_LONGEST_SECONDS = 2.0
_ELEMENTWISE = "no output moves with any other input element than its own: nothing is normalised"
_GIVEN = "it normalises with the mean and variance that it is given and computes none"
_MOST_KEYS = 16


class _Trials:
    """One function's trials, with what was learnt of why they failed."""

    def __init__(self, function: Callable[..., Any], name: str, kind: Kind | None, document: Document) -> None:
        self._function = function
        self._name = name
        self._kind: Kind | None = kind
        self._named = kind_of(name) is not None
        self._document = document
        self._until = time.monotonic() + _LONGEST_SECONDS
        self._raised: str | None = None
        self._otherwise: str | None = None
        self._elementwise = False

    def failure(self) -> NotANorm | NoCallWorked:
        if self._otherwise is not None:
            return NotANorm(self._otherwise)
        return NoCallWorked(self._raised or "no array that was tried is accepted")

    def plan_for(self, frame: Frame, slots: list[Slot]) -> Plan | None:
        """The plan on the first shape on which its statistics lie as PyTorch's do, else on the first that it takes."""
        found: list[tuple[int, Plan]] = []
        for optional in (True, False) if any(s.role in TENSOR_ROLES and not s.required for s in slots) else (True,):
            for shape in shapes_for(self._name, self._kind):
                if time.monotonic() > self._until or (self._elementwise and not self._named):
                    break
                plan = self._on_shape(frame, slots, shape, optional, found)
                if plan is not None:
                    return self._finished(plan)
            if found:
                return self._finished(min(found, key=lambda pair: pair[0])[1])
        return None

    def _on_shape(
        self, frame: Frame, slots: list[Slot], shape: Shape, optional: bool, found: list[tuple[int, Plan]]
    ) -> Plan | None:
        """The plan where its statistics lie as PyTorch's do; any other is put to what was `found`, with how far off it is."""
        plan = self._first_that_runs(frame, slots, shape, optional, forms_for(shape, None, False))
        if plan is None:
            return None
        index = tuple(min(axis + 1, size - 1) for axis, size in enumerate(shape))
        moved = self._moved(plan, index)
        if moved is None or int(moved.sum()) <= 1:
            self._elementwise = True
            self._otherwise = _GIVEN if "running_mean" in {s.role for s in slots} else _ELEMENTWISE
            return None
        if not self._named and not self._is_scaled_and_odd(plan):
            self._otherwise = "its output grows with its input, or does not turn over with it: nothing is normalised"
            return None
        reduced, partial = reduced_axes(moved, index)
        plan = self._first_that_runs(frame, slots, shape, optional, forms_for(shape, reduced, partial)) or plan
        if is_as_pytorch(self._kind, reduced, partial, len(shape)):
            return plan
        found.append((1 if is_channels_last(reduced, shape) else 2, plan))
        return None

    def _first_that_runs(
        self, frame: Frame, slots: list[Slot], shape: Shape, optional: bool, forms: list[tuple[Form, tuple[int, ...]]]
    ) -> Plan | None:
        has = {s.role for s in slots}
        needs_form = not has.isdisjoint((*TENSOR_ROLES, "size", "mapping"))
        for form, sizes in forms if needs_form else forms[:1]:
            runnings: list[Form] = [form]
            if "running_mean" in has:
                runnings = list(dict.fromkeys((form, "channel", "channel-keep", "last")))
            for running in runnings:
                for as_tuple in (False, True) if "size" in has and len(sizes) == 1 else (len(sizes) > 1,):
                    plan = Plan(frame, tuple(slots), shape, sizes, form, running, as_tuple, optional_tensors=optional)
                    run = self._run(plan)
                    if run is not None:
                        return run
        return None

    def _run(self, plan: Plan) -> Plan | None:
        """The plan completed by what the code asks of its dicts, and by where its output is; None where it does not run."""
        for axes in _axes(plan, self._kind):
            trial = replace(plan, fixed={**plan.fixed, **axes})
            for _ in range(_MOST_KEYS):
                mappings: dict[str, RecordingDict] = {}
                try:
                    returned = self._invoke(trial, noise(trial.shape, 7), mappings)
                except BaseException as problem:  # whatever foreign code raises
                    if out_of_memory(problem):
                        raise
                    changed = _amended(trial, problem, mappings)
                    if changed is not None:
                        trial = changed
                        continue
                    self._raised = self._raised or f"{type(problem).__name__}: {words_of(problem)}"
                    break
                place = output_place(returned, trial.shape)
                if place is None:
                    self._otherwise = f"it returned {words_for(returned)}, not an array of the shape of its input"
                    break
                return _with_asked(replace(trial, output=place[0]), mappings)
        return None

    def _invoke(self, plan: Plan, x: torch.Tensor, mappings: dict[str, RecordingDict]) -> Any:
        state = {s.path: plain_array(s, plan) for s in plan.tensors()}
        return invoke(plan, self._function, x, state, trial_options(plan), plan.sizes, True, mappings)

    def _output(self, plan: Plan, x: torch.Tensor) -> torch.Tensor | None:
        try:
            return from_frame(part_of(self._invoke(plan, x, {}), plan.output))
        except Exception:
            return None

    def _moved(self, plan: Plan, index: tuple[int, ...]) -> torch.Tensor | None:
        x = noise(plan.shape, 11)
        bumped = x.clone()
        bumped[index] += 7.0  # beyond the largest, which alone may count
        before, after = self._output(plan, x), self._output(plan, bumped)
        if before is None or after is None:
            return None
        return (after - before).abs() > 1e-9 * (1 + before.abs())

    def _is_scaled_and_odd(self, plan: Plan) -> bool:
        """A norm's output hardly changes when a large input grows, and turns over with it."""
        x = noise(plan.shape, 13)
        near, far, turned = (self._output(plan, x * scale) for scale in (1e3, 1e4, -1e3))
        if near is None or far is None or turned is None:
            return False
        size = near.abs().max()
        return bool((near - far).abs().max() <= 2e-2 * size) and bool((near + turned).abs().max() <= 2e-2 * size)

    def _finished(self, plan: Plan) -> Plan:
        names = names_in(self._function, self._document.namespace)
        return complete(plan, self._function, names)


def _assignments(slots: list[Slot]) -> Iterator[list[Slot]]:
    """The slots with what each unknown required one may be, the likeliest first."""
    unknown = [i for i, s in enumerate(slots) if s.role == "other" and s.required]
    taken = {s.role for s in slots}
    pool: list[Role] = [r for r in _GUESSES if r not in taken]
    for guess in itertools.islice(itertools.permutations(pool, len(unknown)), _MOST_ASSIGNMENTS):
        assigned = list(slots)
        for i, role in zip(unknown, guess, strict=True):
            assigned[i] = replace(slots[i], role=role)
        yield assigned


_GUESSES: tuple[Role, ...] = ("weight", "bias", "running_mean", "running_var", "eps", "momentum", "mapping", "groups", "training", "axis", "size")


def _axes(plan: Plan, kind: str | None) -> list[dict[str, Any]]:
    """Values for an argument that is the axes to reduce, where the function has no default for it."""
    slot = next((s for s in plan.slots if s.role == "axis" and s.required), None)
    if slot is None:
        return [{}]
    rank = len(plan.shape)
    spatial = tuple(range(2, rank))
    own: dict[str, list[Any]] = {
        "BatchNorm": [(0, *spatial), 0],
        "InstanceNorm": [spatial],
        "GroupNorm": [(2, *range(3, rank + 1)), (1, *spatial)],
    }
    layered: list[Any] = [-1, (-1,), tuple(range(1, rank))]
    return [{slot.path: value} for value in own.get(kind or "", layered)]


def _amended(plan: Plan, problem: BaseException, mappings: dict[str, RecordingDict]) -> Plan | None:
    """The plan with what the failed call lacked: a key of a dict, or a mode that is a word."""
    if isinstance(problem, KeyError):
        for parameter, mapping in mappings.items():
            missing = next((key for key in mapping.asked if key not in mapping), None)
            if missing is not None and not any(s.parameter == parameter and s.key == missing for s in plan.slots):
                return _with_slot(plan, parameter, missing, NOTHING)
        return None
    modes = [s for s in plan.slots if s.role == "training" and s.path not in plan.fixed and s.required]
    if modes and isinstance(problem, (ValueError, AssertionError, NotImplementedError, RuntimeError, KeyError)):
        return replace(plan, fixed={**plan.fixed, modes[0].path: "train"})
    return None


def _with_asked(plan: Plan, mappings: dict[str, RecordingDict]) -> Plan:
    """The plan with a slot for each key that the code asked for with a default."""
    for parameter, mapping in mappings.items():
        for key, default in mapping.asked.items():
            if not any(s.parameter == parameter and s.key == key for s in plan.slots):
                plan = _with_slot(plan, parameter, key, default)
    return plan


def _with_slot(plan: Plan, parameter: str, key: str, default: Any) -> Plan:
    role = role_of(key)
    array = from_frame(default)
    initial = dict(plan.initial)
    if role in TENSOR_ROLES and array is not None and array.numel() > 0:
        initial[f"{parameter}.{key}"] = float(array.reshape(-1)[0])  # what the code itself begins with
    elif role in TENSOR_ROLES and default is not NOTHING and default is not None:
        role = "other"
    slot = Slot(parameter, key, role, default)
    return replace(plan, slots=(*plan.slots, slot), initial=initial)


def words_of(problem: BaseException) -> str:
    try:
        return str(problem)[:400]
    except BaseException:
        return "an exception whose own __str__ raises"
