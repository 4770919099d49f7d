"""Memory to torch tensors and back, exactly as it was sent: dtype, shape, strides, offset."""

from __future__ import annotations

from ctypes import string_at
from typing import Any

import torch

from wire.answer import PayloadWriter, Written
from wire.case import TensorHeader
from wire.fields import DTYPES as ITEM_SIZES

DTYPES: dict[str, torch.dtype] = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
}
_NAMES_AND_SIZES = {dtype: (name, ITEM_SIZES[name]) for name, dtype in DTYPES.items()}


def make_tensor(header: TensorHeader, buffer: bytearray, wide: bool) -> torch.Tensor:
    """A view of `buffer`, or with `wide` float64 memory of its own in the same layout if it is of a floating type."""
    dtype = DTYPES[header.dtype]
    if header.elements == 0:  # frombuffer refuses a count of 0
        flat = torch.empty(0, dtype=dtype)
    else:
        flat = torch.frombuffer(buffer, dtype=dtype, count=header.elements, offset=header.at)
    if wide and dtype is not torch.int64:
        flat = flat.double()
    if header.strides == _ONE and header.offset == 0 and header.shape[0] == header.elements:
        return flat  # a parameter or statistic, which most tensors are: it is its memory
    return flat.as_strided(header.shape, header.strides, header.offset)


def write_tensor(name: str, tensor: torch.Tensor, payload: PayloadWriter) -> Written:
    """Copies the values as they are now, in index order. Integer types that the wire lacks are sent as int64."""
    known = _NAMES_AND_SIZES.get(tensor.dtype)
    if known is None:
        tensor = _on_the_wire(tensor)
        known = _NAMES_AND_SIZES[tensor.dtype]
    if not tensor.is_contiguous():
        tensor = tensor.contiguous()
    dtype, size = known
    memory = string_at(tensor.data_ptr(), tensor.numel() * size)
    return (name, dtype, tensor.shape, payload.add(memory))


def to_python(value: Any, buffer: bytearray, wide: bool) -> Any:
    """An argument's value: a tensor for a header, a list for a list, anything else as it is."""
    if type(value) is TensorHeader:
        return make_tensor(value, buffer, wide)
    if type(value) is list:
        return [to_python(item, buffer, wide) for item in value]
    return value


# --- internal ---

_ONE = (1,)



def _on_the_wire(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_complex():
        raise TypeError(f"the wire carries no {tensor.dtype}")
    return tensor.double() if tensor.is_floating_point() else tensor.long()
