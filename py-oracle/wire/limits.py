"""How large a message may be. Only numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a header, bytes of one payload frame, cases in a message, and elements that one tensor may have."""

    header_bytes: int = 16 << 20
    frame_bytes: int = 128 << 20
    cases: int = 4096
    elements: int = 1 << 24
