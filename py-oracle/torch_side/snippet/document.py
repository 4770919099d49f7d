"""Runs the code blocks of a document, statement by statement, in one namespace. What fails is recorded, the rest goes on."""

from __future__ import annotations

import __future__

import ast
import collections
import functools
import linecache
import math
import sys
import textwrap
import types
import typing
from dataclasses import dataclass, field
from typing import Any

import numpy
import torch
from torch import nn

from wire.messages import Block

MODULE = "snippet"

Definition = ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True, slots=True)
class Failure:
    line: int
    end_line: int
    kind: str
    type: str
    message: str
    name: str | None


@dataclass(slots=True)
class Document:
    """What running it left: every class and function with its place, by the order of their lines."""

    file: str
    namespace: dict[str, Any]
    definitions: list[tuple[Definition, Any]] = field(default_factory=list)
    """Syntax and object of each top-level class and function, also of those that a later one replaced."""
    lines_of: dict[int, tuple[int, int]] = field(default_factory=dict)
    """First line of a function's code → its first and last line."""
    failures: list[Failure] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    """First parts of the names of the modules that its statements import."""
    plans: dict[int, Any] = field(default_factory=dict)
    """How each function was found to be called, by its identity."""


def run_document(file: str, blocks: tuple[Block, ...]) -> Document:
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    document = Document(file, module.__dict__)
    module.__dict__.update(_usual_names())
    module.__dict__["__file__"] = file
    _show_source(file, blocks)
    flags = 0
    for block in blocks:
        tree = _parse(block, document)
        if tree is None:
            continue
        ast.increment_lineno(tree, block.line - 1)
        for statement in tree.body:
            flags |= _future_flags(statement)
            _run(statement, flags, document)
    document.definitions.sort(key=lambda pair: pair[0].lineno)
    return document


def out_of_memory(problem: BaseException) -> bool:
    """Python's own error, and the words that torch's allocator has for it."""
    if isinstance(problem, MemoryError):
        return True
    text = str(problem)
    return isinstance(problem, RuntimeError) and ("can't allocate memory" in text or "not enough memory" in text)


# --- internal ---


def _usual_names() -> dict[str, Any]:
    """What people import once at the top of a page and then no more. The document's own names win, being bound later."""
    names: dict[str, Any] = {
        "torch": torch,
        "nn": nn,
        "F": nn.functional,
        "np": numpy,
        "numpy": numpy,
        "math": math,
        "functools": functools,
        "partial": functools.partial,
        "OrderedDict": collections.OrderedDict,
        "Parameter": nn.Parameter,
        "Module": nn.Module,
        "Tensor": torch.Tensor,
    }
    for name in ("Any", "Callable", "Dict", "Iterable", "List", "Optional", "Sequence", "Tuple", "Type", "Union"):
        names[name] = getattr(typing, name)
    return names


def _show_source(file: str, blocks: tuple[Block, ...]) -> None:
    """Lets inspect and torch.jit find the source at the document's lines."""
    lines: list[str] = []
    for block in blocks:
        lines += ["\n"] * (block.line - 1 - len(lines))
        lines[block.line - 1 :] = block.text.splitlines(keepends=True)
    linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


def _parse(block: Block, document: Document) -> ast.Module | None:
    try:
        try:
            return ast.parse(block.text, document.file)
        except IndentationError:
            return ast.parse(textwrap.dedent(block.text), document.file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        last = block.line + max(0, len(block.text.splitlines()) - 1)
        inside = getattr(problem, "lineno", None)
        line = min(last, block.line + (inside or 1) - 1)
        message = getattr(problem, "msg", None) or str(problem)
        document.failures.append(Failure(line, last, "syntax", type(problem).__name__, message, None))
        return None


def _future_flags(statement: ast.stmt) -> int:
    flags = 0
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        for alias in statement.names:
            flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
    return flags


def _run(statement: ast.stmt, flags: int, document: Document) -> None:
    end_line = statement.end_lineno or statement.lineno
    try:
        code = compile(ast.Module([statement], []), document.file, "exec", flags, dont_inherit=True)
        exec(code, document.namespace)  # running the code of the document is what this worker is for
    except BaseException as problem:  # SystemExit and KeyboardInterrupt of the document end only its statement
        name = statement.name if isinstance(statement, (ast.ClassDef, ast.FunctionDef)) else None
        line = line_in(problem, document.file) or statement.lineno
        failure = Failure(line, end_line, _kind_of(problem), type(problem).__name__, str(problem), name)
        document.failures.append(failure)
    _note_definitions(statement, document)


def line_in(problem: BaseException, file: str) -> int | None:
    """The line of the document where it was raised: that of the deepest frame in it."""
    line = None
    frame = problem.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == file:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _kind_of(problem: BaseException) -> str:
    if out_of_memory(problem):
        return "memory"
    if isinstance(problem, SyntaxError):
        return "syntax"
    if isinstance(problem, ImportError):
        return "import"
    return "exit" if isinstance(problem, (SystemExit, KeyboardInterrupt)) else "error"


def _note_definitions(statement: ast.stmt, document: Document) -> None:
    """Also of those inside `if` and `try`, but not inside a function or class."""
    for node in _outer_nodes(statement):
        if isinstance(node, ast.Import):
            document.imports.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            document.imports.add(node.module.split(".")[0])
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            made = document.namespace.get(node.name)
            if getattr(made, "__module__", None) == MODULE and not any(made is other for _, other in document.definitions):
                document.definitions.append((node, made))
    for node in ast.walk(statement):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            document.lines_of[first] = (node.lineno, node.end_lineno or node.lineno)


def _outer_nodes(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = [node]
    if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            found += _outer_nodes(child)
    return found
