"""A Case as it arrives: frozen records, one for each step. Memory stays in the payload until a subject asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Union


class TensorHeader(NamedTuple):
    """Where a tensor lies in its case's payload. Strides and offset count elements, `at` counts bytes."""

    # A NamedTuple, since there are six to a case and a frozen dataclass takes three times as long to make.

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    elements: int
    at: int


Value = Union[None, bool, int, float, str, "list[Value]", TensorHeader]
Arguments = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Construct:
    layer: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Forward:
    mode: Literal["train", "eval"] | None
    input: TensorHeader
    gradient: bool


@dataclass(frozen=True, slots=True)
class Backward:
    gradient: TensorHeader
    accumulate: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Read:
    what: Literal["buffers", "all"]


@dataclass(frozen=True, slots=True)
class SetAttribute:
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class SetTensor:
    name: str
    tensor: TensorHeader | None


@dataclass(frozen=True, slots=True)
class LoadState:
    entries: tuple[tuple[str, TensorHeader], ...]
    version: int | None
    strict: bool


@dataclass(frozen=True, slots=True)
class SaveState:
    pass


@dataclass(frozen=True, slots=True)
class Cast:
    dtype: str


@dataclass(frozen=True, slots=True)
class Copy:
    pass


@dataclass(frozen=True, slots=True)
class Reset:
    what: Literal["running_stats", "parameters"]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: Arguments
    gradient: bool


@dataclass(frozen=True, slots=True)
class DoubleBackward:
    gradient: TensorHeader
    vectors: tuple[tuple[str, TensorHeader], ...]


@dataclass(frozen=True, slots=True)
class Inspect:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    name: str


Step = Union[
    Construct,
    Forward,
    Backward,
    Read,
    SetAttribute,
    SetTensor,
    LoadState,
    SaveState,
    Cast,
    Copy,
    Reset,
    Call,
    DoubleBackward,
    Inspect,
    Probe,
]


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    dtype: str
    steps: tuple[Step, ...]
    payload: memoryview
