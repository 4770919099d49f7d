"""Edits for half precision: statistics in float32 or wider, and one rounding at the end."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, nodes_of, operand, parse_expression
from torch_side.mend.scene import Scene
from torch_side.mend.statements import first_statement, insert_before, returns, take_out


def widen(scene: Scene) -> Iterator[Edit]:
    """The input in float32 or wider, the result in the input's dtype again."""
    first, lines = first_statement(scene), returns(scene)
    if first is None or not lines or scene.library != "torch":
        return
    x = scene.x
    edit = Edit("compute in float32 or wider")
    for line in lines:
        assert line.value is not None
        edit.change(line.value, lambda now: parse_expression(f"{operand(now)}.to(dtype)"))
    yield insert_before(scene, edit, first, f"dtype = {x}.dtype\n{x} = {x}.to(torch.promote_types(dtype, torch.float32))")


def round_last(scene: Scene) -> Iterator[Edit]:
    """Weight and bias before the result goes back to the input's dtype."""
    for line in returns(scene):
        assert line.value is not None
        for cast in _casts(line.value):
            if cast is line.value:
                continue
            assert isinstance(cast.func, cst.Attribute)
            tail = code_of(cast)[len(code_of(cast.func.value)) :]
            yield Edit("round once, at the end").change(cast, _receiver).change(line.value, lambda now, t=tail: parse_expression(f"{operand(now)}{t}"))
        for assign in [n for d in scene.region for n in nodes_of(d) if isinstance(n, cst.Assign)]:
            statement = scene.statement(assign)
            for cast in _casts(assign.value):
                assert isinstance(cast.func, cst.Attribute)
                tail = code_of(cast)[len(code_of(cast.func.value)) :]
                edit = Edit("round once, at the end").change(line.value, lambda now, t=tail: parse_expression(f"{operand(now)}{t}"))
                if cast is assign.value and flat(cast.func.value) == flat(assign.targets[0].target) and statement is not None:
                    yield take_out(scene, edit, statement)
                else:
                    yield edit.change(cast, _receiver)
    yield from widen(scene)


def batch_untracked(scene: Scene) -> Iterator[Edit]:
    """Without buffers eval uses the batch, as training does."""
    names = [f"self.{n.attr.value}" for d in scene.region for n in nodes_of(d) if isinstance(n, cst.Attribute) and re.search(r"(?i)track", n.attr.value) and "batches" not in n.attr.value]
    buffer = scene.own("running_mean") or "self.running_mean"
    for ask in (*dict.fromkeys(f"not {n}" for n in names), f"{buffer} is None"):
        edit = Edit("batch statistics where none are kept")
        for head in scene.all(cst.If):
            if "self.training" in flat(head.test):
                test = head.test
                yield Edit(edit.about).change(test, lambda now, a=ask: parse_expression(f"{code_of(now)} or {a}"))
        for node in scene.all(cst.Arg):
            if flat(node.value) == "self.training":
                yield Edit(edit.about).put(node.value, f"self.training or {ask}")


# --- internal ---


def _casts(node: cst.CSTNode) -> list[cst.Call]:
    found = [n for n in nodes_of(node) if isinstance(n, cst.Call) and isinstance(n.func, cst.Attribute)]
    return [n for n in found if isinstance(n.func, cst.Attribute) and n.func.attr.value in ("to", "type_as", "type", "half", "bfloat16")]


def _receiver(now: cst.CSTNode) -> cst.CSTNode:
    return now.func.value if isinstance(now, cst.Call) and isinstance(now.func, cst.Attribute) else now
