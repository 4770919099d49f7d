"""Reads one CaseHeader and its payload into a Case, strictly. It makes no tensor."""

from __future__ import annotations

import struct
from typing import Any

from wire.case import (
    Arguments,
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
    TensorHeader,
    Value,
)
from wire.fields import (
    DTYPES,
    Malformed,
    attribute_name,
    boolean,
    count,
    fields,
    keys,
    one_of,
    sequence,
    show,
    string,
)
from wire.limits import Limits

MAX_DEPTH = 8


def read_case(plain: Any, payload: memoryview, limits: Limits) -> Case:
    """Raises Malformed, which names the place, for whatever is not a Case."""
    header = fields(plain, _CASE, "case")
    string(header["layer"], "case.layer")
    string(header["layout"], "case.layout")
    reader = _Reader(len(payload), limits.elements)
    steps = [reader.step(step, i) for i, step in enumerate(sequence(header["steps"], "case.steps"))]
    return Case(string(header["id"], "case.id"), _dtype(header["dtype"], "case.dtype"), tuple(steps), payload)


# --- internal ---

_CASE = keys("id", "layer", "dtype", "layout", "steps")
_CONSTRUCT = keys("kind", "layer", "arguments")
_FORWARD = keys("kind", "mode", "input", "gradient")
_BACKWARD = keys("kind", "gradient", "accumulate", "again")
_WHAT = keys("kind", "what")
_SET_ATTRIBUTE = keys("kind", "name", "value")
_SET_TENSOR = keys("kind", "name", "tensor")
_LOAD_STATE = keys("kind", "entries", "version", "strict")
_ENTRY = keys("name", "tensor")
_BARE = keys("kind")
_CAST = keys("kind", "dtype")
_CALL = keys("kind", "function", "arguments", "gradient")
_ARGUMENT = keys("name", "value")
_DOUBLE_BACKWARD = keys("kind", "gradient", "vectors")
_INSPECT = keys("kind", "names")
_PROBE = keys("kind", "name")

_UNPACK_DOUBLE = struct.Struct("<d").unpack


class _Reader:
    """Places are given from the step inwards; what is further out is put before them only when something is wrong."""

    __slots__ = ("_elements", "_length")

    def __init__(self, length: int, elements: int) -> None:
        self._length = length
        self._elements = elements

    def step(self, plain: Any, index: int) -> Step:
        try:
            if type(plain) is not dict:
                raise Malformed("", f"is {show(plain)}, expected a map")
            kind = plain.get("kind")
            read = _STEPS.get(kind) if type(kind) is str else None
            if read is None:
                raise Malformed("kind", f"is {show(kind)}, which is no step")
            return read(self, plain)
        except Malformed as problem:
            raise problem.within(f"case.steps[{index}]") from None

    def construct(self, plain: Any) -> Step:
        m = fields(plain, _CONSTRUCT, "")
        return Construct(string(m["layer"], "layer"), self.arguments(m["arguments"]))

    def forward(self, plain: Any) -> Step:
        m = fields(plain, _FORWARD, "")
        mode = m["mode"]
        if mode is not None:
            one_of(mode, ("train", "eval"), "mode")
        return Forward(mode, self.tensor(m["input"], "input"), boolean(m["gradient"], "gradient"))

    def backward(self, plain: Any) -> Step:
        m = fields(plain, _BACKWARD, "")
        gradient = self.tensor(m["gradient"], "gradient")
        return Backward(gradient, boolean(m["accumulate"], "accumulate"), boolean(m["again"], "again"))

    def read(self, plain: Any) -> Step:
        return Read(one_of(fields(plain, _WHAT, "")["what"], ("buffers", "all"), "what"))

    def set_attribute(self, plain: Any) -> Step:
        m = fields(plain, _SET_ATTRIBUTE, "")
        return SetAttribute(attribute_name(m["name"], "name"), self.value(m["value"], "value", 0))

    def set_tensor(self, plain: Any) -> Step:
        m = fields(plain, _SET_TENSOR, "")
        name = attribute_name(m["name"], "name")
        return SetTensor(name, None if m["tensor"] is None else self.tensor(m["tensor"], "tensor"))

    def load_state(self, plain: Any) -> Step:
        m = fields(plain, _LOAD_STATE, "")
        entries = self.named(m["entries"], "entries")
        version = None if m["version"] is None else count(m["version"], "version")
        return LoadState(entries, version, boolean(m["strict"], "strict"))

    def save_state(self, plain: Any) -> Step:
        fields(plain, _BARE, "")
        return SaveState()

    def cast(self, plain: Any) -> Step:
        return Cast(_dtype(fields(plain, _CAST, "")["dtype"], "dtype"))

    def copy(self, plain: Any) -> Step:
        fields(plain, _BARE, "")
        return Copy()

    def reset(self, plain: Any) -> Step:
        return Reset(one_of(fields(plain, _WHAT, "")["what"], ("running_stats", "parameters"), "what"))

    def call(self, plain: Any) -> Step:
        m = fields(plain, _CALL, "")
        arguments = self.arguments(m["arguments"])
        return Call(string(m["function"], "function"), arguments, boolean(m["gradient"], "gradient"))

    def double_backward(self, plain: Any) -> Step:
        m = fields(plain, _DOUBLE_BACKWARD, "")
        return DoubleBackward(self.tensor(m["gradient"], "gradient"), self.named(m["vectors"], "vectors"))

    def inspect(self, plain: Any) -> Step:
        names = sequence(fields(plain, _INSPECT, "")["names"], "names")
        return Inspect(tuple(attribute_name(name, f"names[{i}]") for i, name in enumerate(names)))

    def probe(self, plain: Any) -> Step:
        return Probe(string(fields(plain, _PROBE, "")["name"], "name"))

    def named(self, plain: Any, place: str) -> tuple[tuple[str, TensorHeader], ...]:
        named: list[tuple[str, TensorHeader]] = []
        for i, item in enumerate(sequence(plain, place)):
            entry = fields(item, _ENTRY, f"{place}[{i}]")
            name = string(entry["name"], f"{place}[{i}].name")
            named.append((name, self.tensor(entry["tensor"], f"{place}[{i}].tensor")))
        return tuple(named)

    def arguments(self, plain: Any) -> Arguments:
        arguments: Arguments = {}
        for i, item in enumerate(sequence(plain, "arguments")):
            try:
                entry = fields(item, _ARGUMENT, "")
                name = string(entry["name"], "name")
                if name in arguments:
                    raise Malformed("name", f"is {show(name)}, which is given twice")
                arguments[name] = self.value(entry["value"], "value", 0)
            except Malformed as problem:
                raise problem.within(f"arguments[{i}]") from None
        return arguments

    def value(self, plain: Any, place: str, depth: int) -> Value:
        kind = type(plain)
        if plain is None or kind is bool or kind is str:
            return plain
        if kind is dict and len(plain) == 1 and depth <= MAX_DEPTH:
            if "int" in plain:
                number = plain["int"]
                if type(number) is not int or not -(1 << 53) < number < 1 << 53:
                    raise Malformed(f"{place}.int", f"is {show(number)}, expected an integer below 2^53")
                return number
            if "float" in plain:
                raw = plain["float"]
                if type(raw) is not bytes or len(raw) != 8:
                    raise Malformed(f"{place}.float", f"is {show(raw)}, expected 8 raw bytes")
                return _UNPACK_DOUBLE(raw)[0]
            if "list" in plain:
                items = sequence(plain["list"], f"{place}.list")
                return [self.value(item, f"{place}.list[{i}]", depth + 1) for i, item in enumerate(items)]
            if "tensor" in plain:
                return self.tensor(plain["tensor"], f"{place}.tensor")
        raise Malformed(
            place,
            f"is {show(plain)}, expected null, a boolean, a string, or a map of one of int, float, list or tensor,"
            f" at most {MAX_DEPTH} lists deep",
        )

    def tensor(self, plain: Any, place: str) -> TensorHeader:
        if type(plain) is not list or len(plain) != len(TensorHeader._fields):
            raise Malformed(place, f"is {show(plain)}, expected a list of {', '.join(TensorHeader._fields)}")
        dtype, shape, strides, offset, elements, at = plain
        if not type(offset) is type(elements) is type(at) is int or offset < 0 or elements < 0 or at < 0:
            raise Malformed(place, f"has {offset=}, {elements=}, {at=}, expected whole numbers")
        if type(dtype) is not str or dtype not in DTYPES:
            raise Malformed(f"{place}.dtype", f"is {show(dtype)}, expected one of {', '.join(DTYPES)}")
        if type(shape) is not list or type(strides) is not list or len(strides) != len(shape):
            raise Malformed(place, f"has shape {show(shape)} and strides {show(strides)}, expected lists of one length")
        size = 1
        last = offset
        for n, stride in zip(shape, strides):
            if type(n) is not int or type(stride) is not int or n < 0 or stride < 0:
                raise Malformed(place, f"has shape {show(shape)} and strides {show(strides)}, expected whole numbers")
            size *= n
            last += (n - 1) * stride
        if size > self._elements:
            raise Malformed(f"{place}.shape", f"is {show(shape)}, {size} elements; the limit is {self._elements}")
        if size > 0 and last >= elements:
            raise Malformed(place, f"reaches element {last}, but its memory holds {elements}")
        if at & 7 or at + elements * DTYPES[dtype] > self._length:
            raise Malformed(
                place, f"lies at byte {at} with {elements} elements, outside the payload of {self._length} bytes"
            )
        return TensorHeader(dtype, tuple(shape), tuple(strides), offset, elements, at)


def _dtype(plain: Any, place: str) -> str:
    if type(plain) is not str or plain not in DTYPES:
        raise Malformed(place, f"is {show(plain)}, expected one of {', '.join(DTYPES)}")
    return plain


_STEPS = {
    "construct": _Reader.construct,
    "forward": _Reader.forward,
    "backward": _Reader.backward,
    "read": _Reader.read,
    "set_attribute": _Reader.set_attribute,
    "set_tensor": _Reader.set_tensor,
    "load_state": _Reader.load_state,
    "save_state": _Reader.save_state,
    "cast": _Reader.cast,
    "copy": _Reader.copy,
    "reset": _Reader.reset,
    "call": _Reader.call,
    "double_backward": _Reader.double_backward,
    "inspect": _Reader.inspect,
    "probe": _Reader.probe,
}
