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
    Forward,
    LoadState,
    Read,
    Reset,
    SaveState,
    SetAttribute,
    SetTensor,
    Step,
    TensorHeader,
    Value,
)
from wire.fields import DTYPES, Malformed, attribute_name, boolean, count, fields, one_of, sequence, show, string
from wire.limits import Limits

MAX_DEPTH = 8
_UNPACK_DOUBLE = struct.Struct("<d").unpack


def read_case(plain: Any, payload: bytes, limits: Limits) -> Case:
    """Raises Malformed, which names the place, for whatever is not a Case."""
    header = fields(plain, ("id", "layer", "dtype", "layout", "steps"), "case")
    string(header["layer"], "case.layer")
    string(header["layout"], "case.layout")
    reader = _Reader(len(payload), limits.elements)
    steps = sequence(header["steps"], "case.steps")
    return Case(
        id=string(header["id"], "case.id"),
        dtype=_dtype(header["dtype"], "case.dtype"),
        steps=tuple([reader.step(step, i) for i, step in enumerate(steps)]),
        payload=payload,
    )


# --- internal ---


class _Reader:
    __slots__ = ("_elements", "_length")

    def __init__(self, length: int, elements: int) -> None:
        self._length = length
        self._elements = elements

    def step(self, plain: Any, index: int) -> Step:
        if type(plain) is not dict:
            raise Malformed(f"case.steps[{index}] is {show(plain)}, expected a map")
        kind = plain.get("kind")
        read = _STEPS.get(kind) if type(kind) is str else None
        if read is None:
            raise Malformed(f"case.steps[{index}].kind is {show(kind)}, which is no step")
        return read(self, plain, f"case.steps[{index}]")

    def construct(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "layer", "arguments"), place)
        return Construct(string(m["layer"], f"{place}.layer"), self.arguments(m["arguments"], f"{place}.arguments"))

    def forward(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "mode", "input", "gradient"), place)
        mode = m["mode"]
        if mode is not None:
            one_of(mode, ("train", "eval"), f"{place}.mode")
        return Forward(mode, self.tensor(m["input"], f"{place}.input"), boolean(m["gradient"], f"{place}.gradient"))

    def backward(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "gradient", "accumulate", "again"), place)
        return Backward(
            self.tensor(m["gradient"], f"{place}.gradient"),
            boolean(m["accumulate"], f"{place}.accumulate"),
            boolean(m["again"], f"{place}.again"),
        )

    def read(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "what"), place)
        return Read(one_of(m["what"], ("buffers", "all"), f"{place}.what"))

    def set_attribute(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "name", "value"), place)
        return SetAttribute(attribute_name(m["name"], f"{place}.name"), self.value(m["value"], f"{place}.value", 0))

    def set_tensor(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "name", "tensor"), place)
        name = attribute_name(m["name"], f"{place}.name")
        return SetTensor(name, None if m["tensor"] is None else self.tensor(m["tensor"], f"{place}.tensor"))

    def load_state(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "entries", "version", "strict"), place)
        entries: list[tuple[str, TensorHeader]] = []
        for i, item in enumerate(sequence(m["entries"], f"{place}.entries")):
            entry = fields(item, ("name", "tensor"), f"{place}.entries[{i}]")
            name = string(entry["name"], f"{place}.entries[{i}].name")
            entries.append((name, self.tensor(entry["tensor"], f"{place}.entries[{i}].tensor")))
        version = None if m["version"] is None else count(m["version"], f"{place}.version")
        return LoadState(tuple(entries), version, boolean(m["strict"], f"{place}.strict"))

    def save_state(self, plain: Any, place: str) -> Step:
        fields(plain, ("kind",), place)
        return SaveState()

    def cast(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "dtype"), place)
        return Cast(_dtype(m["dtype"], f"{place}.dtype"))

    def copy(self, plain: Any, place: str) -> Step:
        fields(plain, ("kind",), place)
        return Copy()

    def reset(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "what"), place)
        return Reset(one_of(m["what"], ("running_stats", "parameters"), f"{place}.what"))

    def call(self, plain: Any, place: str) -> Step:
        m = fields(plain, ("kind", "function", "arguments", "gradient"), place)
        return Call(
            string(m["function"], f"{place}.function"),
            self.arguments(m["arguments"], f"{place}.arguments"),
            boolean(m["gradient"], f"{place}.gradient"),
        )

    def arguments(self, plain: Any, place: str) -> Arguments:
        arguments: Arguments = {}
        for i, item in enumerate(sequence(plain, place)):
            entry = fields(item, ("name", "value"), f"{place}[{i}]")
            name = string(entry["name"], f"{place}[{i}].name")
            if name in arguments:
                raise Malformed(f"{place}[{i}].name is {show(name)}, which is given twice")
            arguments[name] = self.value(entry["value"], f"{place}[{i}].value", 0)
        return arguments

    def value(self, plain: Any, place: str, depth: int) -> Value:
        kind = type(plain)
        if plain is None or kind is bool or kind is str:
            return plain
        if kind is dict and len(plain) == 1 and depth <= MAX_DEPTH:
            if "int" in plain:
                number = plain["int"]
                if type(number) is not int or not -(1 << 53) < number < 1 << 53:
                    raise Malformed(f"{place}.int is {show(number)}, expected an integer below 2^53")
                return number
            if "float" in plain:
                raw = plain["float"]
                if type(raw) is not bytes or len(raw) != 8:
                    raise Malformed(f"{place}.float is {show(raw)}, expected 8 raw bytes")
                return _UNPACK_DOUBLE(raw)[0]
            if "list" in plain:
                items = sequence(plain["list"], f"{place}.list")
                return [self.value(item, f"{place}[{i}]", depth + 1) for i, item in enumerate(items)]
            if "tensor" in plain:
                return self.tensor(plain["tensor"], f"{place}.tensor")
        raise Malformed(
            f"{place} is {show(plain)}, expected null, a boolean, a string, or a map of one of int, float, list"
            f" or tensor, at most {MAX_DEPTH} lists deep"
        )

    def tensor(self, plain: Any, place: str) -> TensorHeader:
        m = fields(plain, ("dtype", "shape", "strides", "offset", "elements", "at"), place)
        dtype = _dtype(m["dtype"], f"{place}.dtype")
        shape = _counts(m["shape"], f"{place}.shape")
        strides = _counts(m["strides"], f"{place}.strides")
        offset = count(m["offset"], f"{place}.offset")
        elements = count(m["elements"], f"{place}.elements")
        at = count(m["at"], f"{place}.at")
        if len(strides) != len(shape):
            raise Malformed(f"{place} has {len(shape)} sizes and {len(strides)} strides")
        size = 1
        last = offset
        for n, stride in zip(shape, strides):
            size *= n
            last += (n - 1) * stride
        if size > self._elements:
            raise Malformed(f"{place}.shape is {list(shape)}, {size} elements; the limit is {self._elements}")
        if size > 0 and last >= elements:
            raise Malformed(f"{place} reaches element {last}, but its memory holds {elements}")
        if at % 8 != 0 or at + elements * DTYPES[dtype] > self._length:
            raise Malformed(
                f"{place} lies at byte {at} with {elements} elements, outside the payload of {self._length} bytes"
            )
        return TensorHeader(dtype, shape, strides, offset, elements, at)


def _dtype(plain: Any, place: str) -> str:
    if type(plain) is not str or plain not in DTYPES:
        raise Malformed(f"{place} is {show(plain)}, expected one of {', '.join(DTYPES)}")
    return plain


def _counts(plain: Any, place: str) -> tuple[int, ...]:
    for i, n in enumerate(sequence(plain, place)):
        if type(n) is not int or not 0 <= n < 1 << 53:
            raise Malformed(f"{place}[{i}] is {show(n)}, expected a whole number")
    return tuple(plain)


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
}
