"""Says what a document defines: its classes and functions with their lines, signatures and missing names. It calls nothing."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import struct
import types
from typing import Any, Callable

import torch
from torch import nn

from torch_side.snippet.document import MODULE, Document, Failure
from torch_side.tensors import DTYPES
from wire.answer import PayloadWriter, Plain


def describe(document: Document, payload: PayloadWriter) -> Plain:
    """The fields of `loaded`; tensors among the defaults go to the payload."""
    classes: list[Plain] = []
    functions: list[Plain] = []
    for node, made in document.definitions:
        place = {"name": node.name, "line": node.lineno, "endLine": node.end_lineno or node.lineno}
        if isinstance(node, ast.ClassDef) and isinstance(made, type):
            classes.append({**place, **_class(made, document, payload)})
        elif isinstance(node, ast.FunctionDef) and callable(made):
            missing = _missing([made], document.namespace)
            functions.append({**place, "parameters": _parameters(made, False, payload), "missing": missing})
    return {"classes": classes, "functions": functions, "failures": [_failure(f) for f in document.failures]}


# --- internal ---

_LONGEST_TEXT = 2000


def _class(made: type, document: Document, payload: PayloadWriter) -> Plain:
    forward = _forward_of(made)
    lines = None if forward is None else document.lines_of.get(_first_line(forward, document.file))
    own = [base for base in made.__mro__ if base.__module__ == MODULE]
    methods = [member for base in own for member in vars(base).values()]
    return {
        "bases": [base.__qualname__ for base in made.__bases__],
        "isModule": issubclass(made, nn.Module),
        "parameters": _constructor(made, payload),
        "forward": None if forward is None else _parameters(forward, True, payload),
        "forwardLine": None if lines is None else lines[0],
        "forwardEndLine": None if lines is None else lines[1],
        "missing": _missing(methods, document.namespace),
    }


def _constructor(made: type, payload: PayloadWriter) -> list[Plain]:
    constructor = made.__init__
    if constructor is object.__init__ or constructor is nn.Module.__init__:
        return []  # theirs take anything, or nothing
    return _parameters(constructor, True, payload)


def _forward_of(made: type) -> Callable[..., Any] | None:
    forward = getattr(made, "forward", None)
    if forward is None or forward is getattr(nn.Module, "forward", None):
        forward = None if issubclass(made, nn.Module) else getattr(made, "__call__", None)
    return forward if callable(forward) else None


def _first_line(function: Any, file: str) -> int:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_firstlineno if code is not None and code.co_filename == file else 0


def _parameters(function: Callable[..., Any], is_method: bool, payload: PayloadWriter) -> list[Plain]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return []
    if is_method and parameters and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        parameters = parameters[1:]
    return [
        {
            "name": p.name,
            "kind": p.kind.name.lower(),
            "hasDefault": p.default is not p.empty,
            "default": None if p.default is p.empty else _default(p.default, payload),
            "annotation": None if p.annotation is p.empty else _annotation(p.annotation),
        }
        for p in parameters
    ]


def _annotation(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)[:_LONGEST_TEXT]


def _default(default: Any, payload: PayloadWriter) -> Plain | None:
    try:
        return {"value": _value(default, payload, 0)}
    except TypeError:
        return None


def _value(value: Any, payload: PayloadWriter, depth: int) -> Any:
    """As the wire encodes a Value. Raises TypeError for what it has no word for."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int and abs(value) < 1 << 53:
        return {"int": value}
    if type(value) is float:
        return {"float": struct.pack("<d", value)}
    if isinstance(value, (list, tuple)) and depth < 8:
        return {"list": [_value(item, payload, depth + 1) for item in value]}
    if isinstance(value, torch.Tensor) and value.dtype in DTYPES.values():
        return {"tensor": _tensor(value.detach().contiguous(), payload)}
    raise TypeError(type(value).__name__)


def _tensor(value: torch.Tensor, payload: PayloadWriter) -> list[Any]:
    dtype = next(name for name, known in DTYPES.items() if known is value.dtype)
    memory = bytes(value.reshape(-1).view(torch.uint8).tolist())
    return [dtype, list(value.shape), list(value.stride()), 0, value.numel(), payload.add(memory)]


def _missing(members: list[Any], namespace: dict[str, Any]) -> list[str]:
    """Names that code of these reads as globals and that nobody has bound."""
    found: dict[str, None] = {}
    for member in members:
        for code in _codes_of(member):
            for instruction in dis.get_instructions(code):
                name = instruction.argval
                if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and isinstance(name, str):
                    if name not in namespace and not hasattr(builtins, name):
                        found[name] = None
    return list(found)


def _codes_of(member: Any) -> list[types.CodeType]:
    if isinstance(member, property):
        return [code for part in (member.fget, member.fset, member.fdel) for code in _codes_of(part)]
    if isinstance(member, (staticmethod, classmethod)):
        member = member.__func__
    code = getattr(member, "__code__", None)
    return [] if not isinstance(code, types.CodeType) else _nested(code)


def _nested(code: types.CodeType) -> list[types.CodeType]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return [code, *(deeper for const in inner for deeper in _nested(const))]


def _failure(failure: Failure) -> Plain:
    return {
        "line": failure.line,
        "endLine": failure.end_line,
        "kind": failure.kind,
        "type": failure.type,
        "message": failure.message[:_LONGEST_TEXT],
        "name": failure.name,
    }
