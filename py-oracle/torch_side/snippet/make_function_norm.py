"""From a function of a document to an object that is asked like a layer, and a description of it in JSON for whoever asks. Fits each function once."""

from __future__ import annotations

import json
from typing import Any, Callable

import numpy
import torch

from torch_side.snippet.document import Document
from torch_side.snippet.fit import fit
from torch_side.snippet.fit_state import trial_options
from torch_side.snippet.function_norm import FunctionNorm, options_of, size_argument
from torch_side.snippet.plan import Plan
from torch_side.snippet.slots import NOTHING, NoCallWorked, NotANorm

MAP = "--map"
"""The argument that holds what the user says of names: `gain=weight;e=eps`. No parameter can be called so."""


def make_function_norm(
    function: Callable[..., Any], document: Document, arguments: dict[str, Any]
) -> tuple[FunctionNorm, dict[str, str]]:
    """The object, and the text `plan` of its answer. Raises NotANorm and NoCallWorked."""
    given = dict(arguments)
    words = str(given.pop(MAP, ""))
    mapped = dict(pair.split("=", 1) for pair in words.split(";") if "=" in pair)
    key = hash((id(function), words))
    if key not in document.plans:
        try:
            document.plans[key] = fit(function, getattr(function, "__name__", ""), document, mapped)
        except (NotANorm, NoCallWorked) as no:
            document.plans[key] = no
    plan = document.plans[key]
    if isinstance(plan, Exception):
        raise plan
    if not given:  # asked for a look at it: with the values of the trials
        given = {s.name: v for s in options_of(plan) for path, v in trial_options(plan).items() if path == s.path}
    return FunctionNorm(plan, function, given), {"plan": json.dumps(_described(plan))}


# --- internal ---


def _described(plan: Plan) -> dict[str, Any]:
    size = size_argument(plan)
    sizes = list(plan.sizes)
    return {
        "shape": list(plan.shape),
        "size": None if size is None else {"name": size, "value": sizes if len(sizes) > 1 or plan.form == "trailing" else sizes[0]},
        "options": [
            {"name": s.name, "hasDefault": not s.required, "default": None if s.required else _plain(s.default), "role": s.role}
            for s in options_of(plan)
        ],
        "tensors": {s.path: s.role for s in plan.tensors()},
        "arrays": plan.frame,
        "mode": plan.mode.kind if plan.mode.slot is None else f"{plan.mode.slot.name}={plan.mode.train!r}",
        "returned": bool(plan.returned),
    }


def _plain(value: Any) -> dict[str, Any] | None:
    """A default as the other side writes values; None for what is no plain data."""
    if value is NOTHING or isinstance(value, (torch.Tensor, numpy.ndarray)):
        return None
    if value is None:
        return {"kind": "null"}
    if isinstance(value, bool):
        return {"kind": "bool", "value": value}
    if isinstance(value, int):
        return {"kind": "int", "value": value} if abs(value) < 1 << 53 else None
    if isinstance(value, float):
        return {"kind": "float", "value": value} if abs(value) < float("inf") else None
    return {"kind": "string", "value": value} if isinstance(value, str) else None
