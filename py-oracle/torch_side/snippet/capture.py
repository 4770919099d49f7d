"""What foreign code prints and warns while it runs, kept and cut short. Nothing of it reaches a real stream."""

from __future__ import annotations

import io
import sys
import warnings
from types import TracebackType
from typing import Any

LONGEST = 2000


class Capture:
    """A context in which prints and warnings go to `texts()`."""

    def __enter__(self) -> Capture:
        self._before = sys.stdout
        self._printed = _Capped()
        self._warned: list[str] = []
        self._catching = warnings.catch_warnings()
        self._catching.__enter__()
        warnings.simplefilter("always")
        warnings.showwarning = self._warn
        sys.stdout = self._printed
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        sys.stdout = self._before
        self._catching.__exit__(None, None, None)

    def texts(self) -> dict[str, str]:
        """`stdout` and `warnings`, each only if there is something."""
        said: dict[str, str] = {}
        if self._printed.getvalue():
            said["stdout"] = self._printed.getvalue()
        if self._warned:
            said["warnings"] = "\n".join(self._warned)[:LONGEST]
        return said

    def _warn(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if len(self._warned) < 20:
            self._warned.append(f"{category.__name__}: {message}")


# --- internal ---


class _Capped(io.StringIO):
    def write(self, text: str) -> int:
        room = LONGEST - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)
