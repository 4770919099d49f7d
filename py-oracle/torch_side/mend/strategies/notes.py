"""Edits for departures of level note: a value alone in its statistic, the counter of batches, tensors without a role, eps = 0."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, nodes_of
from torch_side.mend.scene import Scene
from torch_side.mend.statements import at_start, insert_after, take_out
from torch_side.mend.strategies.running import training
from torch_side.mend.strategies.updates import update_statements


def refuse_single_value(scene: Scene) -> Iterator[Edit]:
    """PyTorch's own refusal, with its words."""
    x = scene.x
    if scene.wish.expected != "raises":
        return
    if scene.wish.kind == "InstanceNorm":
        test = f"{x}[0, 0].numel() == 1"
        words = "spatial element when training, got input size"
    else:
        test = f"{training(scene)} and {x}.numel() == {x}.size(1)"
        words = "value per channel when training, got input size"
    text = f'if {test}:\n    raise ValueError(f"Expected more than 1 {words} {{{x}.size()}}")'
    if (edit := at_start(scene, Edit("refuse a single value"), text)) is not None:
        yield edit


def count_batches(scene: Scene) -> Iterator[Edit]:
    """A buffer that counts the batches."""
    init = scene.init
    updates = update_statements(scene)
    if init is None or not isinstance(init.body, cst.IndentedBlock):
        return
    name = scene.wish.roles.get("num_batches_tracked")
    if name is None:
        made = 'self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))'
        for place in updates[:1]:
            edit = insert_after(scene, Edit("count the batches"), init.body.body[-1], made)
            yield insert_after(scene, edit, place, "self.num_batches_tracked += 1")
    elif updates:
        yield insert_after(scene, Edit("count the batches"), updates[-1], f"self.{name} += 1")
    for node in scene.all(cst.AugAssign):
        line = scene.statement(node)
        if line is not None and name is not None and name in flat(node.target):
            yield take_out(scene, Edit("count no batches"), line)


def without_extras(scene: Scene) -> Iterator[Edit]:
    """Parameters and buffers that have no role, where nothing else reads them."""
    named = {name.split(".")[0] for name in scene.wish.roles.values()}
    for line in scene.all(cst.SimpleStatementLine):
        text = code_of(line)
        found = re.search(r"register_buffer\(\s*[\"'](\w+)[\"']|self\.(\w+)\s*(?::[^=]+)?=\s*(?:nn\.|torch\.nn\.)?Parameter\(|self\.(\w+)\s*=\s*torch\.", text)
        name = None if found is None else next(g for g in found.groups() if g is not None)
        if name is None or name in named:
            continue
        reads = [n for d in scene.region for n in nodes_of(d) if isinstance(n, cst.Attribute) and flat(n) == f"self.{name}"]
        if len(reads) <= 1:
            yield take_out(scene, Edit("leave out what has no role"), line)
        if found is not None and found.group(1) is not None:
            call = next((n for n in nodes_of(line) if isinstance(n, cst.Call) and flat(n.func).endswith("register_buffer")), None)
            if call is not None and isinstance(value := call.args[1].value, cst.Call) and flat(value.func) == "torch.tensor":
                yield Edit("a plain number").change(line, lambda _, name=name, v=code_of(value.args[0].value): cst.parse_statement(f"self.{name} = {v}\n"))


def honour_zero(scene: Scene) -> Iterator[Edit]:
    """`eps or 1e-5` → eps."""
    for node in scene.all(cst.BooleanOperation):
        if isinstance(node.operator, cst.Or) and re.search(r"(?i)eps", flat(node.left)):
            yield Edit("take eps = 0 as it is").put(node, code_of(node.left))
    for node in scene.all(cst.IfExp):
        if re.search(r"(?i)eps", flat(node.test)) and "None" not in flat(node.test):
            yield Edit("take eps = 0 as it is").put(node, code_of(node.body))
    for node in scene.all(cst.If):
        if re.search(r"(?i)eps", flat(node.test)) and "None" not in flat(node.test) and node.orelse is None:
            yield Edit("take eps = 0 as it is").drop(node)


def take_ranks(scene: Scene) -> Iterator[Edit]:
    """The other ranks of PyTorch's layer, by way of the rank that the code takes."""
    x, forward = scene.x, scene.forward
    if forward is None or not scene.is_class:
        return
    call = f"self.{forward.name.value}"
    merged = f"if {x}.dim() == 3:\n    n, c, l = {x}.shape\n    return {call}({x}.transpose(1, 2).reshape(n * l, c)).reshape(n, l, c).transpose(1, 2)"
    narrow = f"if {x}.dim() == 2:\n    return {call}({x}[..., None])[..., 0]"
    alone = f"if {x}.dim() == {scene.wish.rank - 1}:\n    return {call}({x}[None])[0]"
    refusal = f'if {x}.dim() != {scene.wish.rank}:\n    raise ValueError(f"expected {scene.wish.rank}D input (got {{{x}.dim()}}D input)")'
    both = f'if {x}.dim() not in (2, 3):\n    raise ValueError(f"expected 2D or 3D input (got {{{x}.dim()}}D input)")'
    one_dimensional = scene.wish.layer == "BatchNorm1d"
    for text in (merged, narrow, both) if one_dimensional else (refusal, alone):
        if (edit := at_start(scene, Edit("take the ranks that PyTorch takes"), text)) is not None:
            yield edit
