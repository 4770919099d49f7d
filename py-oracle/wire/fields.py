"""Reads plain values out of a decoded header, strictly. Whatever is not as it should be names its place."""

from __future__ import annotations

import re
from typing import Any

DTYPES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8}

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


class Malformed(Exception):
    """A header that does not say what it should; the message names the place in it."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place} {problem}")
        self._place = place
        self._problem = problem

    def within(self, outer: str) -> Malformed:
        """The same, seen from further out. Places are joined only when something is wrong, since reading must be fast."""
        joint = "" if self._place == "" or self._place.startswith("[") else "."
        return Malformed(f"{outer}{joint}{self._place}", self._problem)


def keys(*names: str) -> frozenset[str]:
    return frozenset(names)


def fields(plain: Any, expected: frozenset[str], place: str) -> dict[str, Any]:
    """The map itself, if it has exactly these keys."""
    if type(plain) is not dict:
        raise Malformed(place, f"is {show(plain)}, expected a map")
    if plain.keys() != expected:
        has = ", ".join(map(str, plain))[:200]
        raise Malformed(place, f"has the keys {has}; expected exactly {', '.join(sorted(expected))}")
    return plain


def string(plain: Any, place: str) -> str:
    if type(plain) is not str:
        raise Malformed(place, f"is {show(plain)}, expected a string")
    return plain


def boolean(plain: Any, place: str) -> bool:
    if type(plain) is not bool:
        raise Malformed(place, f"is {show(plain)}, expected true or false")
    return plain


def count(plain: Any, place: str) -> int:
    if type(plain) is not int or not 0 <= plain < 1 << 53:
        raise Malformed(place, f"is {show(plain)}, expected a whole number")
    return plain


def one_of(plain: Any, words: tuple[str, ...], place: str) -> Any:
    if type(plain) is not str or plain not in words:
        raise Malformed(place, f"is {show(plain)}, expected {' or '.join(words)}")
    return plain


def sequence(plain: Any, place: str) -> list[Any]:
    if type(plain) is not list:
        raise Malformed(place, f"is {show(plain)}, expected a list")
    return plain


def attribute_name(plain: Any, place: str) -> str:
    """A name that may be set on a layer: dotted identifiers and the numbers of a list of layers, none of Python's own double-underscore names."""
    name = string(plain, place)
    if _IDENTIFIER.fullmatch(name) is None or name.startswith("__") or ".__" in name:
        raise Malformed(place, f"is {show(name)}, expected the name of an attribute, none of Python's own __names__")
    return name


def show(plain: Any) -> str:
    if isinstance(plain, bytes):
        return f"{len(plain)} raw bytes"
    return repr(plain)[:60]
