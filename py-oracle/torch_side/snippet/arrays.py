"""Which arrays code works on, torch's or NumPy's, and the way between them. Memory is shared where it can be, so that writes are seen."""

from __future__ import annotations

import dis
import types
from typing import Any, Literal

import numpy
import torch

from torch_side.snippet.document import Document

Frame = Literal["torch", "numpy"]


def frames_of(made: Any, document: Document) -> tuple[Frame, Frame]:
    """The likelier first: by the libraries that its code, and the code of the document that it calls, names."""
    names = names_in(made, document.namespace)
    torch_named = not names.isdisjoint(_TORCH)
    numpy_named = not names.isdisjoint(_NUMPY)
    if torch_named != numpy_named:
        return ("torch", "numpy") if torch_named else ("numpy", "torch")
    # Code that names neither may run on both, with another meaning (`x.var()`): the annotations decide, then what the document imports.
    annotations = " ".join(str(a) for a in getattr(made, "__annotations__", {}).values())
    if "ndarray" in annotations or "Tensor" in annotations:
        return ("torch", "numpy") if "Tensor" in annotations else ("numpy", "torch")
    only_numpy = "numpy" in document.imports and "torch" not in document.imports
    return ("numpy", "torch") if only_numpy else ("torch", "numpy")


def names_in(made: Any, namespace: dict[str, Any]) -> set[str]:
    """Names that its code reads as globals or attributes, followed into functions of the same document."""
    found: set[str] = set()
    open_codes = _codes_of(made)
    seen: set[int] = set()
    while open_codes:
        code = open_codes.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        open_codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
        for instruction in dis.get_instructions(code):
            name = instruction.argval
            if isinstance(name, str) and instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD")):
                found.add(name)
                other = namespace.get(name)
                if isinstance(other, types.FunctionType) and instruction.opname.startswith("LOAD_GLOBAL"):
                    open_codes += _codes_of(other)
    return found


def texts_in(made: Any) -> set[str]:
    """The short string constants of its code."""
    return {
        const
        for code in _codes_of(made)
        for inner in (code.co_consts, *(c.co_consts for c in code.co_consts if isinstance(c, types.CodeType)))
        for const in _flat(inner)
        if isinstance(const, str) and len(const) < 20
    }


def to_frame(tensor: torch.Tensor, frame: Frame) -> Any:
    return tensor if frame == "torch" else tensor.detach().numpy()


def from_frame(value: Any) -> torch.Tensor | None:
    """The tensor that an array or NumPy scalar is; None for anything else, and for arrays of other things than numbers."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        array = numpy.asarray(value)
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            return None
        if any(stride < 0 for stride in array.strides) or not array.flags.writeable:
            array = array.copy()
        try:
            return torch.from_numpy(array)
        except TypeError:
            return None
    return None


# --- internal ---

_TORCH = {"torch", "F", "nn", "Tensor", "unsqueeze", "rsqrt", "addcmul", "detach"}
_NUMPY = {"np", "numpy", "ndarray", "newaxis", "astype"}


def _codes_of(made: Any) -> list[types.CodeType]:
    if isinstance(made, type):
        return [code for member in vars(made).values() for code in _codes_of(member)]
    function = getattr(made, "__wrapped__", made)
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    code = getattr(function, "__code__", None)
    return [code] if isinstance(code, types.CodeType) else []


def _flat(consts: tuple[Any, ...]) -> list[Any]:
    return [item for const in consts for item in (const if isinstance(const, (tuple, frozenset)) else (const,))]
