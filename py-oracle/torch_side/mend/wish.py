"""The wish: a finding to be mended in the code of a document, as it comes over standard input. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    blocks: tuple[Source, ...]
    name: str
    """The class or function that the finding is about, and the line of the document on which it begins."""
    line: int
    convention: str
    expected: str | float
    actual: str | float
    at: int | None
    """The line of the document that the finding points to."""
    roles: dict[str, str]
    """PyTorch's names of tensors and options to the subject's."""
    layer: str
    rank: int
    """Axes of the input that it was measured with."""

    @property
    def kind(self) -> str:
        return self.layer.rstrip("d").rstrip("123")


def read_wish(fields: dict[str, Any]) -> Wish:
    """Raises KeyError, TypeError and ValueError for what is none."""
    blocks = tuple(Source(int(b["line"]), str(b["text"])) for b in fields["blocks"])
    roles = {str(torch): str(name) for torch, name in fields["roles"].items()}
    return Wish(
        blocks,
        str(fields["name"]),
        int(fields["line"]),
        str(fields["convention"]),
        fields["expected"],
        fields["actual"],
        None if fields["at"] is None else int(fields["at"]),
        roles,
        str(fields["layer"]),
        int(fields["rank"]),
    )
