"""Edits of the buffers themselves: what they begin with, what they hold, when they move, and whether they keep the graph."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, nodes_of
from torch_side.mend.forms import mean_names, spread_names, stat_calls
from torch_side.mend.scene import Scene
from torch_side.mend.statements import put_under, runs_of
from torch_side.mend.strategies.updates import update_statements


def begin_as_pytorch(scene: Scene) -> Iterator[Edit]:
    """Means at zero, variances at one."""
    yield from begin_with(scene, {"running_mean": 0, "running_var": 1}, "begin as PyTorch's buffers do")


def begin_with(scene: Scene, values: dict[str, int], about: str) -> Iterator[Edit]:
    """Tensors of roles made of zeros or ones, wherever the code makes them or resets them."""
    whole = Edit(about)
    for role, value in values.items():
        name = scene.wish.roles.get(role, "").rsplit(".", 1)[-1]
        if name == "":
            continue
        for edit in _fills(scene, name, value):
            yield edit
            whole.join(edit)
    if whole.changes:
        yield whole


def track_variance(scene: Scene) -> Iterator[Edit]:
    """`std` → `variance` in the update, and the root where the buffer is read."""
    buffer = scene.own("running_var")
    if buffer is None:
        return
    updates = [u for u in update_statements(scene) if buffer in flat(u)]
    inside = {id(n) for u in updates for n in nodes_of(u)}
    reads = [n for d in scene.region for n in nodes_of(d) if isinstance(n, (cst.Attribute, cst.Name)) and flat(n) == buffer and id(n) not in inside]
    reads = [n for n in reads if not isinstance(scene.parent(n), (cst.AssignTarget, cst.Param)) and _in_call(scene, n)]
    squares = [b for n in reads if isinstance(b := scene.parent(n), cst.BinaryOperation) and isinstance(b.operator, cst.Power)]
    squares += [c for n in reads if isinstance(a := scene.parent(n), cst.Attribute) and a.attr.value in ("square", "pow") and isinstance(c := scene.parent(a), cst.Call)]
    root = "np.sqrt({})" if scene.library == "np" else "torch.sqrt({})"
    for taken in _variances(scene, updates):
        for reading in (True, False):
            edit = Edit("track the variance").join(taken)
            if reading and squares:
                for node in squares:
                    edit.put(node, buffer)
            elif reading:
                for node in reads:
                    edit.put(node, root.format(buffer))
            yield edit


def detach_update(scene: Scene) -> Iterator[Edit]:
    """The update under no_grad, or of detached statistics."""
    updates = update_statements(scene)
    if updates:
        edit = Edit("update without the graph")
        for run in runs_of(scene, updates):
            put_under(scene, edit, run, "with torch.no_grad():")
        yield edit
    names = {*mean_names(scene), *spread_names(scene)}
    edit = Edit("update without the graph")
    for statement in updates:
        for node in _reads(scene, statement, names):
            edit.put(node, f"{code_of(node)}.detach()")
        for call in stat_calls(scene, "mean", "var", "std", under=statement):
            edit.wrap(call.node, "{}.detach()")
    if edit.changes:
        yield edit
    for statement in updates:
        part = statement.body[0]
        if isinstance(part, (cst.Assign, cst.AugAssign)):
            yield Edit("update without the graph").change(part.value, lambda now: cst.parse_expression(f"{operand(now)}.detach()"))


def only_in_training(scene: Scene) -> Iterator[Edit]:
    """The update under `if self.training`."""
    updates = update_statements(scene)
    whole = Edit("update in training alone")
    runs = runs_of(scene, updates)
    with_heads = [[_outermost(scene, s) for s in run] for run in runs]
    for chosen in (with_heads, runs):
        edit = Edit(whole.about)
        seen: set[int] = set()
        for run in chosen:
            fresh = [s for s in run if id(s) not in seen]
            seen.update(id(s) for s in run)
            unique = list({id(s): s for s in fresh}.values())
            if unique:
                put_under(scene, edit, unique, f"if {training(scene)}:")
        if edit.changes:
            yield edit
    for node in scene.all(cst.If):
        if any(id(u) in {id(n) for n in nodes_of(node)} for u in updates):
            yield Edit(whole.about).change(node.test, lambda now: cst.parse_expression(f"{training(scene)} and {operand(now)}"))
            yield Edit(whole.about).put(node.test, training(scene))
    for call in scene.all(cst.Call):
        if flat(call.func).endswith("batch_norm"):
            for arg in call.args:
                if flat(arg.value) == "True":
                    yield Edit(whole.about).put(arg.value, training(scene))


def training(scene: Scene) -> str:
    """How the code asks whether it trains."""
    if scene.is_class:
        return "self.training"
    forward = scene.forward
    names = [] if forward is None else [p.name.value for p in (*forward.params.params, *forward.params.kwonly_params)]
    return next((n for n in names if re.search(r"(?i)train|mode", n)), "training")


# --- internal ---


def _outermost(scene: Scene, statement: cst.BaseStatement) -> cst.BaseStatement:
    """With the `with torch.no_grad():` around it, where there is one that holds nothing else."""
    block = scene.parent(statement)
    holder = None if block is None else scene.parent(block)
    if isinstance(holder, cst.With) and all(s in update_statements(scene) for s in getattr(holder.body, "body", ())):
        return holder
    return statement


def _fills(scene: Scene, name: str, value: int) -> Iterator[Edit]:
    word = "ones" if value == 1 else "zeros"
    for call in scene.all(cst.Call):
        text = flat(call.func)
        if text.endswith("register_buffer") and len(call.args) >= 2 and flat(call.args[0].value).strip("'\"") == name:
            yield from _filled(call.args[1].value, word)
        for init in ("ones_", "zeros_", "constant_", "uniform_", "normal_", "fill_", "zero_"):
            if not text.endswith(init):
                continue
            if text.startswith(("nn.init", "init.", "torch.nn.init")) and call.args and flat(call.args[0].value) == f"self.{name}":
                owner = text.rsplit(".", 1)[0]
                yield Edit("begin as PyTorch does").put(call, f"{owner}.{word}_({code_of(call.args[0].value)})")
            elif re.sub(r"\.data$", "", text.rsplit(".", 1)[0]) == f"self.{name}":
                yield Edit("begin as PyTorch does").put(call, f"{text.rsplit('.', 1)[0]}.{'fill_(1)' if value == 1 else 'zero_()'}")
    for assign in scene.all(cst.Assign):
        if any(flat(t.target) == f"self.{name}" for t in assign.targets) and (function := scene.function_of(assign)) is not None:
            if function.name.value in ("__init__", "reset_parameters", "reset_running_stats", "_init_buffers", "init"):
                yield from _filled(assign.value, word)


def _filled(value: cst.BaseExpression, word: str) -> Iterator[Edit]:
    calls = [n for n in nodes_of(value) if isinstance(n, cst.Call) and isinstance(n.func, cst.Attribute)]
    for call in calls:
        assert isinstance(call.func, cst.Attribute)
        name = call.func.attr.value
        owner = code_of(call.func.value)
        if name in ("zeros", "ones", "empty", "rand", "randn") and name != word:
            yield Edit("begin as PyTorch does").change(call.func.attr, lambda _: cst.Name(word))
        elif name in ("zeros_like", "ones_like", "empty_like", "rand_like") and name != f"{word}_like":
            yield Edit("begin as PyTorch does").change(call.func.attr, lambda _: cst.Name(f"{word}_like"))
        elif name in ("full", "full_like") and call.args:
            yield Edit("begin as PyTorch does").put(call, f"{owner}.{word}{'_like' if name == 'full_like' else ''}({code_of(call.args[0].value)})")
        elif name in ("Tensor", "FloatTensor", "empty"):
            yield Edit("begin as PyTorch does").put(call, f"torch.{word}({', '.join(code_of(a).rstrip(', ') for a in call.args)})")
    inner = next((c for c in calls if isinstance(c.func, cst.Attribute) and c.func.attr.value in ("zeros", "ones", "full", "rand", "randn", "empty", "tensor")), None)
    outer = value
    if isinstance(value, cst.Call) and flat(value.func).endswith("Parameter") and value.args:
        outer = value.args[0].value
    if inner is not None and outer is not inner and isinstance(inner.func, cst.Attribute):
        sizes = code_of(inner.args[0].value) if inner.args else ""
        rest = ", ".join(code_of(a).rstrip(", ") for a in inner.args) if inner.func.attr.value != "full" else sizes
        yield Edit("begin as PyTorch does").put(outer, f"{code_of(inner.func.value)}.{word}({rest})")


def _variances(scene: Scene, updates: list[cst.SimpleStatementLine]) -> Iterator[Edit]:
    names = spread_names(scene)
    deviations = [n for n in names if re.search(r"(?i)std|sd|sigma|dev", n)] + names
    plain = [n for n in names if re.search(r"(?i)var", n) and not re.search(r"(?i)std", n)]
    for statement in updates:
        for deviation in deviations:
            reads = _reads(scene, statement, {deviation})
            for node in reads:
                for var in plain:
                    if var != deviation:
                        yield Edit("track the variance").put(node, var)
                yield Edit("track the variance").put(node, f"{deviation} ** 2")
        for call in stat_calls(scene, "std", under=statement):
            yield Edit("track the variance").put(call.node, call.written("var", call.arg_codes()))
        for node in nodes_of(statement):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "sqrt":
                inner = node.args[0].value if node.args else node.func.value
                yield Edit("track the variance").put(node, operand(inner))
            if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power) and flat(node.right) in ("0.5", ".5"):
                yield Edit("track the variance").put(node, operand(node.left))


def _reads(scene: Scene, statement: cst.CSTNode, names: set[str]) -> list[cst.Name]:
    found: list[cst.Name] = []
    for node in nodes_of(statement):
        if isinstance(node, cst.Name) and node.value in names:
            above = scene.parent(node)
            if isinstance(above, cst.Attribute) and above.attr is node or isinstance(above, cst.AssignTarget):
                continue
            if isinstance(above, cst.Arg) and above.keyword is node:
                continue
            found.append(node)
    return found


def _in_call(scene: Scene, node: cst.CSTNode) -> bool:
    """In a function that runs, not in the constructor."""
    function = scene.function_of(node)
    return function is not None and function.name.value != "__init__"
