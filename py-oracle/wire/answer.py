"""Builds one answer: outcome headers and the payload of their tensors. It takes bytes; it makes none out of tensors."""

from __future__ import annotations

from typing import Any, Sequence

Plain = dict[str, Any]

# A tensor of an answer: name, dtype, shape, and the byte of its case's payload at which it lies.
Written = tuple[str, str, Sequence[int], int]

_PADDING = tuple(b"\0" * n for n in range(8))

NOT_RUN: Plain = {"kind": "not_run"}


class PayloadWriter:
    """Collects memory, each piece at a multiple of 8 bytes, and joins it once."""

    __slots__ = ("_parts", "length")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.length = 0

    def add(self, memory: bytes) -> int:
        """Returns the byte at which it will lie."""
        at = self.length
        self._parts.append(memory)
        size = len(memory)
        gap = -size & 7
        if gap:
            self._parts.append(_PADDING[gap])
        self.length = at + size + gap
        return at

    def join(self) -> bytes:
        return b"".join(self._parts)


def join_all(payloads: list[PayloadWriter]) -> bytes:
    """The payloads one after the other, copied once."""
    return b"".join([part for payload in payloads for part in payload._parts])


def returned(tensors: list[Written], texts: dict[str, str]) -> Plain:
    return {"kind": "returned", "tensors": tensors, "texts": texts}


def refused(type_name: str, message: str, line: int | None = None) -> Plain:
    return {"kind": "refused", "type": type_name, "message": message, "line": line}


def outcome_of(steps: list[Plain]) -> Plain:
    """Names the outcome that a list of step results makes."""
    for index, step in enumerate(steps):
        if step["kind"] == "refused":
            return {"kind": "refused", "step": index, "steps": steps}
    return {"kind": "returned", "steps": steps}


def unsupported(reason: str) -> Plain:
    return {"kind": "unsupported", "reason": reason}


def undecided(kind: str, message: str) -> Plain:
    return {"kind": "undecided", "reason": {"kind": kind, "message": message}}
