"""Answers wishes line by line: JSON on standard input, JSON on standard output, until its input closes."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

MOST = 48


def serve_mend() -> NoReturn:
    """The first line says whether LibCST is there. A wish is {"id", …}; its answer {"id", "candidates"} or {"id", "problem"}."""
    version = _libcst_version()
    _say({"libcst": version, "python": sys.executable})
    for line in sys.stdin.buffer:
        _say(_answer(line, version))
    sys.exit(0)


# --- internal ---


def _libcst_version() -> str | None:
    try:
        import libcst  # noqa: F401 # pyright: ignore[reportUnusedImport]
    except ImportError:
        return None
    from importlib.metadata import version

    return version("libcst")


def _answer(line: bytes, version: str | None) -> dict[str, Any]:
    number = None
    try:
        fields = json.loads(line)
        number = fields["id"]
        if version is None:
            return {"id": number, "problem": "libcst is not installed"}
        from torch_side.mend.propose import propose
        from torch_side.mend.wish import read_wish

        candidates = propose(read_wish(fields), MOST)
        found = [{"about": c.about, "guess": c.guess, "blocks": [{"index": i, "text": t} for i, t in c.blocks.items()]} for c in candidates]
        return {"id": number, "candidates": found}
    except Exception as problem:  # one wish that goes wrong does not end the others
        return {"id": number, "problem": f"{type(problem).__name__}: {problem}"}


def _say(fields: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(fields).encode() + b"\n")
    sys.stdout.buffer.flush()
