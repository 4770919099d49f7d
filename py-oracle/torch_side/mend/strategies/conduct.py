"""Edits of conduct: memory layouts, writing to the input, printing."""

from __future__ import annotations

from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand
from torch_side.mend.scene import Scene
from torch_side.mend.statements import at_start, take_out


def any_layout(scene: Scene) -> Iterator[Edit]:
    """`view` needs one stride for the axes it merges; `reshape` copies where it must."""
    views = [c for c in scene.all(cst.Call) if isinstance(c.func, cst.Attribute) and c.func.attr.value == "view"]
    if views:
        edit = Edit("reshape takes any memory layout")
        for call in views:
            edit.change(call.func.attr, lambda _: cst.Name("reshape"))  # type: ignore[union-attr]
        if len(views) > 1:
            for call in views:
                yield Edit(edit.about).change(call.func.attr, lambda _: cst.Name("reshape"))  # type: ignore[union-attr]
        yield edit
    if (copied := at_start(scene, Edit("take any memory layout"), f"{scene.x} = {scene.x}.contiguous()")) is not None:
        yield copied


def out_of_place(scene: Scene) -> Iterator[Edit]:
    """`x -= m` → `x = x - m`, `x.sub_(m)` → `x = x.sub(m)`; at the last a copy of the input."""
    x = scene.x
    edits: list[Edit] = []
    for node in scene.all(cst.AugAssign):
        sign = code_of(node.operator).strip().rstrip("=")
        if isinstance(node.target, (cst.Name, cst.Subscript)):
            value = code_of(node.value)
            right = operand(node.value) if sign in ("-", "/", "*") else value
            target = code_of(node.target)
            edits.append(Edit("leave the input as it is").change(node, _assign(target, f"{target} {sign} {right}")))
    for call in scene.all(cst.Call):
        if not isinstance(call.func, cst.Attribute) or not call.func.attr.value.endswith("_") or call.func.attr.value.startswith("__"):
            continue
        name = call.func.attr.value[:-1]
        if flat(call.func.value).startswith("self.") or name in ("copy", "fill", "zero", "requires_grad"):
            continue
        edit = Edit("leave the input as it is").change(call.func.attr, lambda _, name=name: cst.Name(name))
        holder = scene.parent(call)
        if isinstance(holder, cst.Expr):
            target = flat(_first_receiver(call))
            edit.change(holder, lambda now, target=target: _assignment(target, now))
        edits.append(edit)
    for edit in edits:
        yield edit
    if len(edits) > 1:
        whole = Edit("leave the input as it is")
        for edit in edits:
            whole.join(edit)
        yield whole
    copy = "clone" if scene.library == "torch" else "copy"
    if (copied := at_start(scene, Edit(f"work on a copy of {x}"), f"{x} = {x}.{copy}()")) is not None:
        yield copied


def silent(scene: Scene) -> Iterator[Edit]:
    prints = [c for c in scene.all(cst.Call) if flat(c.func) in ("print", "pprint", "sys.stdout.write", "pprint.pprint")]
    lines = [s for s in (scene.statement(c) for c in prints) if isinstance(s, cst.SimpleStatementLine)]
    if not lines:
        return
    whole = Edit("print nothing")
    for line in {id(s): s for s in lines}.values():
        take_out(scene, whole, line)
    yield whole


# --- internal ---


def _assign(target: str, value: str):
    return lambda _: _assignment(target, cst.Expr(cst.parse_expression(value)))


def _assignment(target: str, now: cst.CSTNode) -> cst.CSTNode:
    assert isinstance(now, cst.Expr)
    return cst.Assign([cst.AssignTarget(cst.parse_expression(target))], now.value)  # type: ignore[arg-type]


def _first_receiver(call: cst.Call) -> cst.BaseExpression:
    node: cst.BaseExpression = call
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        node = node.func.value
    return node
