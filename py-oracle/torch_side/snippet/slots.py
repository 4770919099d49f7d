"""The places of a function's signature that a norm's call fills, each with what it is for. It calls nothing but `inspect`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Callable

from torch_side.snippet.roles import TENSOR_ROLES, Role, role_of

NOTHING: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter, or with `key` an entry of a parameter that is a dict."""

    parameter: str
    key: str | None
    role: Role
    default: Any
    """NOTHING where the call has to give it."""
    positional: bool = False

    @property
    def name(self) -> str:
        return self.parameter if self.key is None else self.key

    @property
    def path(self) -> str:
        """Where its tensor lies in the instance."""
        return self.parameter if self.key is None else f"{self.parameter}.{self.key}"

    @property
    def required(self) -> bool:
        return self.default is NOTHING


class NotANorm(Exception):
    """It is no norm; the message says why, and ends up in the report."""


def slots_of(function: Callable[..., Any], mapped: dict[str, str]) -> list[Slot]:
    """
    In the order of the signature, the input named; `mapped` are roles by name that the user gave. Raises NotANorm where no array is taken.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        raise NotANorm("its signature can't be read") from None
    found = [
        Slot(p.name, None, _role(mapped.get(p.name) or role_of(p.name)), p.default, p.kind is p.POSITIONAL_ONLY)
        for p in parameters
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    if not found:
        raise NotANorm("it takes no array")
    return _with_one_input(found)


class RecordingDict(dict[str, Any]):
    """A dict argument that notes what is asked of it: the keys, and the defaults that the code has for them."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.asked: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        self.asked.setdefault(key, NOTHING)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self.asked or self.asked[key] is NOTHING:
            self.asked[key] = default
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        self.asked.setdefault(key, default[0] if default else NOTHING)
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        self.asked.setdefault(key, default)
        return super().setdefault(key, default)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()


class NoCallWorked(Exception):
    """Every call of it that was tried raised; the message is the first error."""


# --- internal ---

_ALIASES: dict[str, Role] = {
    "input": "input",
    "weight": "weight",
    "bias": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
    "training": "training",
    "eps": "eps",
    "momentum": "momentum",
    "num_groups": "groups",
    "num_features": "size",
    "num_channels": "size",
    "normalized_shape": "size",
}


def _role(word: str) -> Role:
    known: Any = _ALIASES.get(word, word)
    return known


def _with_one_input(slots: list[Slot]) -> list[Slot]:
    """The first that is called like an input is it; else the first that nothing else is known of."""
    named = [i for i, s in enumerate(slots) if s.role == "input"]
    unknown = [i for i, s in enumerate(slots) if s.role == "other" and s.required]
    # A gain `g` before no shift is a number of groups; `a` may be the input or, after it, a gain.
    at = next(iter(named or unknown), None)
    if at is None:
        raise NotANorm("none of its arguments is an array to normalise")
    slots = [replace(s, role="other") if i in named and i != at else s for i, s in enumerate(slots)]
    slots[at] = replace(slots[at], role="input")
    seen: set[str] = set()
    for i, s in enumerate(slots):  # a second of a kind is something else
        if s.role in TENSOR_ROLES and s.role in seen:
            slots[i] = replace(s, role="other")
        seen.add(s.role)
    return slots
