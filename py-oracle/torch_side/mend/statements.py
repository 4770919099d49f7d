"""Edits of whole statements: one put before or after another, several put under one head, one taken out."""

from __future__ import annotations

import re
from typing import Sequence

import libcst as cst

from torch_side.mend.edit import Edit, code_of, parse_statements, nodes_of
from torch_side.mend.scene import Scene


def insert_before(scene: Scene, edit: Edit, statement: cst.CSTNode, text: str) -> Edit:
    added = parse_statements(text + "\n", scene.module_of(statement))
    return edit.change(statement, lambda now: cst.FlattenSentinel([*added, now]))  # type: ignore[list-item]


def insert_after(scene: Scene, edit: Edit, statement: cst.CSTNode, text: str) -> Edit:
    added = parse_statements(text + "\n", scene.module_of(statement))
    return edit.change(statement, lambda now: cst.FlattenSentinel([now, *added]))  # type: ignore[list-item]


def replace(scene: Scene, edit: Edit, statement: cst.CSTNode, text: str) -> Edit:
    """The comments above it stay."""
    added = parse_statements(text + "\n", scene.module_of(statement))
    lines = getattr(statement, "leading_lines", ())
    first = added[0].with_changes(leading_lines=lines)
    return edit.change(statement, lambda _: cst.FlattenSentinel([first, *added[1:]]))


def put_under(scene: Scene, edit: Edit, run: Sequence[cst.BaseStatement], head: str) -> Edit:
    """Neighbouring statements under `if …:` or `with …:`."""
    first, *rest = run
    made = parse_statements(f"{head}\n    pass\n", scene.module_of(first))[0]
    lines = getattr(first, "leading_lines", ())
    plain = first.with_changes(leading_lines=()) if hasattr(first, "leading_lines") else first
    assert isinstance(made, (cst.If, cst.With)) and isinstance(made.body, cst.IndentedBlock)
    made = made.with_changes(leading_lines=lines, body=made.body.with_changes(body=[plain, *rest]))
    edit.change(first, lambda _: made)
    for statement in rest:
        edit.drop(statement)
    return edit


def at_start(scene: Scene, edit: Edit, text: str) -> Edit | None:
    """A line before all others of `forward`, after its docstring."""
    first = first_statement(scene)
    return None if first is None else insert_before(scene, edit, first, text)


def first_statement(scene: Scene) -> cst.BaseStatement | None:
    forward = scene.forward
    if forward is None or not isinstance(forward.body, cst.IndentedBlock):
        return None
    body = list(forward.body.body)
    return next((s for s in body if not is_docstring(s)), body[0])


def take_out(scene: Scene, edit: Edit, line: cst.BaseStatement) -> Edit:
    """Where it is all that a block holds, `pass` stands for it; an `if` that held nothing else goes with it."""
    above = scene.parent(line)
    if isinstance(above, cst.IndentedBlock) and len(above.body) == 1:
        holder = scene.parent(above)
        if isinstance(holder, cst.If) and holder.orelse is None and not isinstance(scene.parent(holder), cst.If):
            return edit.drop(holder)
        return edit.change(line, lambda now: now.with_changes(body=[cst.Pass()]))  # type: ignore[attr-defined]
    return edit.drop(line)


def runs_of(scene: Scene, statements: Sequence[cst.BaseStatement]) -> list[list[cst.BaseStatement]]:
    """Statements in runs of neighbours in one block."""
    runs: list[list[cst.BaseStatement]] = []
    for statement in statements:
        block = scene.parent(statement)
        body: list[object] = list(getattr(block, "body", ()))
        last = runs[-1][-1] if runs else None
        if last is not None and scene.parent(last) is block and body.index(last) + 1 == body.index(statement):
            runs[-1].append(statement)
        else:
            runs.append([statement])
    return runs


def heads_above(scene: Scene, node: cst.CSTNode) -> list[cst.CSTNode]:
    """The compound statements that a node stands in, from the inside out, up to its function."""
    found: list[cst.CSTNode] = []
    here = scene.parent(node)
    while here is not None and not isinstance(here, cst.FunctionDef):
        if isinstance(here, (cst.If, cst.With, cst.Else, cst.For, cst.While, cst.Try)):
            found.append(here)
        here = scene.parent(here)
    return found


def returns(scene: Scene) -> list[cst.Return]:
    """Of `forward`, with a value."""
    forward = scene.forward
    return [] if forward is None else [n for n in nodes_of(forward) if isinstance(n, cst.Return) and n.value is not None]


def is_docstring(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
        return False
    return isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))


def mentions(node: cst.CSTNode, names: Sequence[str]) -> bool:
    text = "".join(code_of(node).split())
    return any(re.search(rf"(^|[^\w.]){re.escape(name)}(?!\w)", text) for name in names)
