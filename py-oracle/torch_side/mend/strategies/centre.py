"""Edits of whether the mean is subtracted: in the output, in the variance, or not at all."""

from __future__ import annotations

from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand
from torch_side.mend.forms import mean_names, stat_calls
from torch_side.mend.scene import Scene
from torch_side.mend.statements import first_statement, insert_before


def centre(scene: Scene) -> Iterator[Edit]:
    """The mean taken away, or left in, as PyTorch does."""
    if scene.wish.expected == "no":
        yield from _uncentred(scene)
        return
    x = scene.x
    calls = stat_calls(scene)
    dims = list(dict.fromkeys(code_of(c.dims.with_changes(comma=cst.MaybeSentinel.DEFAULT, keyword=None, equal=cst.MaybeSentinel.DEFAULT)).strip() for c in calls if c.dims is not None))
    keep, axis = ("keepdims", "axis") if scene.library == "np" else ("keepdim", "dim")
    # The square of what is not centred, where a mean is known.
    for node, inner in _squares(scene):
        for mean in mean_names(scene)[:2]:
            yield Edit("take the mean away").put(node, _square_like(node, f"({operand(inner)} - {mean})"))
    for quotient in scene.all(cst.BinaryOperation):
        if isinstance(quotient.operator, (cst.Divide, cst.Multiply)) and flat(quotient.left) == x:
            for mean in mean_names(scene)[:2]:
                yield Edit("take the mean away").put(quotient.left, f"({x} - {mean})")
    first = first_statement(scene)
    places = [first] if first is not None else []
    for call in calls:
        statement = scene.statement(call.node)
        if isinstance(statement, cst.SimpleStatementLine) and statement not in places and scene.function_of(call.node) is scene.forward:
            places.append(statement)
    for dim in dims:
        for place in places[:3]:
            yield insert_before(scene, Edit("take the mean away"), place, f"{x} = {x} - {x}.mean({axis}={dim}, {keep}=True)")
    for call in calls:
        if call.dims is None or call.keyword("keepdim", "keepdims") is None:
            continue
        text = f"{x}.mean({axis}={code_of(call.dims.value)}, {keep}=True)"
        for quotient in scene.all(cst.BinaryOperation):
            if isinstance(quotient.operator, (cst.Divide, cst.Multiply)) and flat(quotient.left) == x:
                yield Edit("take the mean away").put(quotient.left, f"({x} - {text})")
        for node, inner in _squares(scene):
            yield Edit("take the mean away").put(node, _square_like(node, f"({operand(inner)} - {text})"))


# --- internal ---


def _uncentred(scene: Scene) -> Iterator[Edit]:
    edits: list[Edit] = []
    names = mean_names(scene)
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Subtract) and (flat(node.right) in names or ".mean(" in flat(node.right)):
            edits.append(Edit("leave the mean in").put(node, operand(node.left)))
    for call in stat_calls(scene, "var"):
        args = [a for a in call.arg_codes(without=("unbiased", "correction")) if a not in ("False", "True")]
        edits.append(Edit("leave the mean in").put(call.node, f"({call.tensor} ** 2).mean({', '.join(args)})"))
    if len(edits) > 1:
        whole = Edit("leave the mean in")
        for edit in edits:
            whole.join(edit)
        yield whole
    yield from edits


def _squares(scene: Scene) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """Squares and what they are of."""
    found: list[tuple[cst.BaseExpression, cst.BaseExpression]] = []
    for node in scene.all(cst.BaseExpression):
        if isinstance(node, cst.BinaryOperation):
            if isinstance(node.operator, cst.Power) and flat(node.right) in ("2", "2.0"):
                found.append((node, node.left))
            elif isinstance(node.operator, cst.Multiply) and flat(node.left) == flat(node.right):
                found.append((node, node.left))
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("pow", "square"):
            free = flat(node.func.value) in ("torch", "np", "numpy")
            if free and node.args:
                found.append((node, node.args[0].value))
            elif not free:
                found.append((node, node.func.value))
    return found


def _square_like(node: cst.BaseExpression, inner: str) -> str:
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and flat(node.func.value) not in ("torch", "np", "numpy"):
        args = ", ".join(code_of(a).rstrip(", ") for a in node.args)
        return f"{inner}.{node.func.attr.value}({args})"
    return f"{inner} ** 2"
