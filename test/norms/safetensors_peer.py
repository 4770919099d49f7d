"""The other side of the safetensors tests: writes a file with the Python package, or says what it finds in one (JSON on both streams)."""

import json
import sys

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
}


def _bytes(tensor: torch.Tensor) -> str:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes().hex() if tensor.numel() else ""


def write(order: dict) -> str:
    tensors = {}
    for name, dtype, shape, data in order["tensors"]:
        raw = bytearray(bytes.fromhex(data))
        flat = torch.frombuffer(raw, dtype=DTYPES[dtype]) if raw else torch.empty(0, dtype=DTYPES[dtype])
        tensors[name] = flat.reshape(shape)
    return save(tensors, metadata=order["metadata"] or None).hex()


def read(order: dict) -> dict:
    try:
        with open(order["path"], "rb") as file:
            tensors = load(file.read())
        with safe_open(order["path"], "pt") as opened:
            metadata = opened.metadata() or {}
    except SafetensorError as problem:
        return {"error": str(problem)}
    found = {n: [str(t.dtype).removeprefix("torch."), list(t.shape), _bytes(t)] for n, t in tensors.items()}
    return {"tensors": found, "metadata": metadata}


print(json.dumps([write(o) if o["kind"] == "write" else read(o) for o in json.load(sys.stdin)]))
