"""Completes a plan that runs: first values of its tensors, what its mode is called, and where updated buffers come back. By a few calls each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

import torch

from torch_side.snippet.arrays import from_frame, texts_in
from torch_side.snippet.plan import Key, Mode, Plan, array_of, invoke, part_of
from torch_side.snippet.roles import means_eval, role_of
from torch_side.snippet.slots import NOTHING, RecordingDict, Slot

Function = Callable[..., Any]


def complete(plan: Plan, function: Function, names: set[str]) -> Plan:
    """`names` are those that the function's code reads."""
    plan = _with_initial(plan, function)
    plan = _with_mode(plan, function, names)
    return replace(plan, returned=_returned(plan, function))


def trial_options(plan: Plan) -> dict[str, Any]:
    """Values for options that trials give: those without a default, and a number of groups that divides the channels."""
    options: dict[str, Any] = {}
    for slot in plan.slots:
        if slot.role == "groups":
            options[slot.path] = next(g for g in (3, 4, 2, 1) if plan.shape[1] % g == 0)
        elif slot.required and slot.role == "eps":
            options[slot.path] = 1e-5
        elif slot.required and slot.role == "momentum":
            options[slot.path] = 0.1
        elif slot.role == "training" and not isinstance(slot.default, str):
            options[slot.path] = not means_eval(slot.name)  # whatever its default: a norm shows in training
    return options


def plain_array(slot: Slot, plan: Plan) -> Any:
    value = plan.initial.get(slot.path, 1.0 if slot.role in ("weight", "running_var") else 0.0)
    return array_of(torch.full(plan.shape_of(slot, plan.sizes), value, dtype=torch.float64), plan.frame)


def noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=made, dtype=torch.float64)


def output_place(returned: Any, shape: tuple[int, ...]) -> tuple[Key] | None:
    """Where the first array of the input's shape is."""
    if _fits(returned, shape):
        return (None,)
    for key, part in _parts(returned):
        if _fits(part, shape):
            return (key,)
    return None


# --- internal ---


def _with_initial(plan: Plan, function: Function) -> Plan:
    """What scales the output begins at 1, what is added to it at 0, whatever it is called."""
    initial = dict(plan.initial)
    for slot in plan.tensors():
        if slot.role not in ("weight", "bias"):
            continue
        effects = []
        for seed in (17, 19):
            before = _output(plan, function, noise(plan.shape, seed), {})
            after = _output(plan, function, noise(plan.shape, seed), {slot.path: 0.5})
            effects.append(None if before is None or after is None else after - before)
        first, second = effects
        if first is not None and second is not None and bool(first.any()):
            additive = bool((first - second).abs().max() <= 1e-9 * first.abs().max())
            initial[slot.path] = 0.0 if additive else 1.0
    return replace(plan, initial=initial)


def _with_mode(plan: Plan, function: Function, names: set[str]) -> Plan:
    slot = next((s for s in plan.slots if s.role == "training"), None)
    if slot is None:
        return replace(plan, mode=Mode("grad")) if "is_grad_enabled" in names else plan
    fixed = {path: value for path, value in plan.fixed.items() if path != slot.path}
    plan = replace(plan, fixed=fixed)
    is_text = isinstance(slot.default, str) or isinstance(_fixed(plan, slot), str) or not _runs(plan, function, slot, True)
    if is_text:
        texts = texts_in(function)
        train = next((t for t in _TRAIN_TEXTS if t in texts or t == slot.default), "train")
        evals = [t for t in _EVAL_TEXTS if t in texts] + list(_EVAL_TEXTS)
        evaluated = next((t for t in evals if _runs(plan, function, slot, t)), "eval")
        return replace(plan, mode=Mode("flag", slot, train, evaluated))
    reads = {value: _reads_buffers(plan, function, slot, value) for value in (True, False)}
    # The value under which the buffers move the output is that of evaluation; where that does not tell, the name does.
    when_eval = True if reads == {True: True, False: False} else False if reads == {True: False, False: True} else means_eval(slot.name)
    return replace(plan, mode=Mode("flag", slot, not when_eval, when_eval))


_TRAIN_TEXTS = ("train", "training", "TRAIN", "Train", "fit")
_EVAL_TEXTS = ("test", "eval", "inference", "infer", "predict", "testing", "evaluation", "val", "valid", "TEST", "EVAL")


def _fixed(plan: Plan, slot: Slot) -> Any:
    return plan.fixed.get(slot.path, NOTHING)


def _runs(plan: Plan, function: Function, slot: Slot, value: Any) -> bool:
    return _output(replace(plan, fixed={**plan.fixed, slot.path: value}), function, noise(plan.shape, 23), {}) is not None


def _reads_buffers(plan: Plan, function: Function, slot: Slot, value: Any) -> bool:
    plan = replace(plan, fixed={**plan.fixed, slot.path: value})
    mean = next((s.path for s in plan.tensors() if s.role == "running_mean"), None)
    if mean is None:
        return False
    x = noise(plan.shape, 29)
    before, after = _output(plan, function, x, {}), _output(plan, function, x, {mean: 0.75})
    return before is not None and after is not None and bool((before - after).abs().max() > 1e-9)


def _returned(plan: Plan, function: Function) -> dict[str, Key]:
    """Which parts of what is returned are updated buffers: those that move with a buffer, else those in the places after the output."""
    buffers = [s for s in plan.tensors() if s.role in ("running_mean", "running_var") and s.key is None]
    if not buffers:
        return {}
    base = _invoked(plan, function, {})
    if base is None or any(_differs(base[1][s.path], plain_array(s, plan)) for s in buffers):
        return {}  # written to in place
    extras = [(key, part) for key, part in _parts(base[0]) if key != plan.output and from_frame(part) is not None]
    found: dict[str, Key] = {}
    for slot in buffers:
        moved = _invoked(plan, function, {slot.path: 0.75})
        numel = plain_array(slot, plan).size if plan.frame == "numpy" else plain_array(slot, plan).numel()
        for key, part in extras:
            array = from_frame(part)
            if array is None or array.numel() != numel or key in found.values() or moved is None:
                continue
            if _differs(part_of(moved[0], key), part):
                found[slot.path] = key
                break
    if found:
        return found
    named: dict[str, Key] = {slot.path: key for slot in buffers for key, _ in extras if isinstance(key, str) and role_of(key) == slot.role}
    shapes = {plan.shape_of(slot, plan.sizes) for slot in buffers}
    alike = [key for key, part in extras if tuple(getattr(part, "shape", ())) in shapes or _size(part) == _size(plain_array(buffers[0], plan))]
    if named or len(alike) < len(buffers):
        return named
    return dict(zip((s.path for s in buffers), alike, strict=False))


def _size(part: Any) -> int:
    array = from_frame(part)
    return -1 if array is None else array.numel()


def _differs(one: Any, other: Any) -> bool:
    a, b = from_frame(one), from_frame(other)
    if a is None or b is None or a.numel() != b.numel():
        return True
    return bool((a.detach().reshape(-1).double() - b.detach().reshape(-1).double()).abs().max() > 1e-12)


def _output(plan: Plan, function: Function, x: torch.Tensor, shifts: dict[str, float]) -> torch.Tensor | None:
    invoked = _invoked(plan, function, shifts, x)
    output = None if invoked is None else from_frame(part_of(invoked[0], plan.output))
    return None if output is None else output.detach()


def _invoked(
    plan: Plan, function: Function, shifts: dict[str, float], x: torch.Tensor | None = None
) -> tuple[Any, dict[str, Any]] | None:
    """What it returned in training, and its arrays after the call; None where it raised. `shifts` are added to arrays, by path."""
    state = {s.path: plain_array(s, plan) for s in plan.tensors()}
    for path, shift in shifts.items():
        state[path] = state[path] + shift
    mappings: dict[str, RecordingDict] = {}
    x = noise(plan.shape, 31) if x is None else x
    try:
        return invoke(plan, function, x, state, trial_options(plan), plan.sizes, True, mappings), state
    except Exception:
        return None


def _fits(part: Any, shape: tuple[int, ...]) -> bool:
    array = from_frame(part)
    return array is not None and tuple(array.shape) == shape and array.is_floating_point()


def _parts(returned: Any) -> list[tuple[Key, Any]]:
    if isinstance(returned, dict):
        return [(str(key), part) for key, part in returned.items()]
    return list(enumerate(returned)) if isinstance(returned, (tuple, list)) else []
