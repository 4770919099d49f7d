"""From a name and keywords to an object of the document and how to call it. It calls nothing."""

from __future__ import annotations

import inspect
from typing import Any, Callable

from torch_side.layers import Unsupported
from torch_side.snippet.document import Document


def find_definition(document: Document, name: str, kind: type) -> Any:
    """
    By `name` the latest, by `name@line` that one. The name is bound to it, since its code may call itself by it.
    Raises Unsupported.
    """
    for node, made in reversed(document.definitions):
        if name in (node.name, f"{node.name}@{node.lineno}") and isinstance(made, kind):
            document.namespace[node.name] = made
            return made
    raise Unsupported(f"the document defines no {name}")


def bind(function: Callable[..., Any] | None, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Keywords as they are; what the signature takes by position only goes there, a list for `*name` is spread."""
    args: list[Any] = []
    if function is None:
        return args, values
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return args, values
    for p in parameters:
        if p.kind is p.POSITIONAL_ONLY and p.name in values:
            args.append(values.pop(p.name))
        elif p.kind is p.VAR_POSITIONAL and isinstance(values.get(p.name), list):
            args += values.pop(p.name)
    return args, values
