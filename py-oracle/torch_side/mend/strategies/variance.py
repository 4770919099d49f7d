"""Edits of the variance: what its sum is divided by, what it is centred on, and how it is summed."""

from __future__ import annotations

from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, nodes_of
from torch_side.mend.forms import SPREADS, StatCall, assigned, mean_names, stat_calls
from torch_side.mend.scene import Scene
from torch_side.mend.statements import insert_before
from torch_side.mend.strategies.updates import update_statements


def divide_by_n(scene: Scene) -> Iterator[Edit]:
    """`unbiased` → `biased`: in the calls of var and std, in a written-out n − 1, or in a factor n / (n − 1)."""
    updating = {id(n) for u in update_statements(scene) for n in nodes_of(u)}
    calls = [c for c in stat_calls(scene, *SPREADS) if _is_unbiased(c)]
    outside = [c for c in calls if id(c.node) not in updating]
    for chosen in _together(outside if outside else calls):
        yield _joined("divide by n", [_biased(call) for call in chosen])
    counts = [n for n in scene.all(cst.BinaryOperation) if isinstance(n.operator, cst.Subtract) and flat(n.right) in ("1", "1.0")]
    divisors = [n for n in counts if _is_divisor(scene, n)]
    for n in [d for d in divisors if id(d) not in updating] + [d for d in divisors if id(d) in updating]:
        yield Edit("divide by n").put(n, operand(n.left))
    yield from _without_factor(scene)
    for call in scene.all(cst.Call):
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value in ("ddof", "correction") and flat(arg.value) == "1":
                yield Edit("divide by n").put(arg.value, "0")
    if outside and len(calls) > len(outside):
        for call in calls:
            yield _joined("divide by n", [_biased(call)])
    for function in scene.all(cst.FunctionDef):
        for p in (*function.params.params, *function.params.kwonly_params):
            if p.name.value in ("unbiased", "correction", "ddof") and p.default is not None:
                yield Edit("divide by n").put(p.default, "False" if p.name.value == "unbiased" else "0")


def divide_by_count(scene: Scene) -> Iterator[Edit]:
    """Two-pass written with means instead of a call that divides otherwise."""
    for call in stat_calls(scene, "var"):
        squares = f"({call.tensor} - {call.written('mean', _dims(call, keep=True))}) ** 2"
        yield Edit("two passes").put(call.node, f"({squares}).mean({', '.join(_dims(call, keep=False))})")


def track_unbiased(scene: Scene) -> Iterator[Edit]:
    """`biased` → `unbiased` in the update of the running variance: times n / (n − 1)."""
    buffer = scene.own("running_var")
    updates = [u for u in update_statements(scene) if buffer is None or buffer in flat(u)]
    about = "track the unbiased variance"
    for statement in updates:
        for node in _tracked(scene, statement, buffer):
            name = operand(node)
            for n in _counts(scene):
                yield Edit(about).put(node, f"{name} * {n} / ({n} - 1)")
            held = name.removesuffix(".detach()").removesuffix(".data")
            n = next((w for w in ("n", "count", "n_values") if not _is_used(scene, w)), "n_values")
            size = "size" if scene.library == "np" else "numel()"
            edit = Edit(about).put(node, f"{name} * {n} / ({n} - 1)")
            yield insert_before(scene, edit, statement, f"{n} = {scene.x}.{size} / {held}.{size}")
    for statement in updates:
        for call in stat_calls(scene, *SPREADS, under=statement):
            if not _is_unbiased(call):
                yield Edit("track the unbiased variance").put(call.node, call.written(call.name, _with_unbiased(call)))
    for node in [n for s in updates for n in nodes_of(s)]:
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide) and isinstance(node.right, (cst.Name, cst.Attribute)):
            yield Edit("track the unbiased variance").put(node.right, f"({code_of(node.right)} - 1)")


def two_passes(scene: Scene) -> Iterator[Edit]:
    """E[x²] − E[x]² → E[(x − E[x])²]."""
    for node in scene.all(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Subtract):
            continue
        for call in stat_calls(scene, "mean", under=node.left) or _named_means(scene, node.left):
            x = _squared(call.tensor)
            if x is None:
                continue
            keep = _dims(call, keep=True)
            plain = call.written("mean", call.arg_codes())
            for centre in (f"{x}.mean({', '.join(keep)})", *mean_names(scene)):
                centred = f"(({x} - {centre}) ** 2)"
                module = call.module
                text = f"{centred}.mean({', '.join(call.arg_codes())})" if module is None else plain.replace(call.tensor, centred, 1)
                yield Edit("two passes").put(node, text)


# --- internal ---


def _together(calls: list[StatCall]) -> Iterator[list[StatCall]]:
    """All of them, then each alone."""
    if calls:
        yield calls
    if len(calls) > 1:
        yield from ([call] for call in calls)


def _joined(about: str, edits: list[Edit]) -> Edit:
    whole = Edit(about)
    for edit in edits:
        whole.join(edit)
    return whole


def _is_unbiased(call: StatCall) -> bool:
    if call.module in ("np", "numpy", "jnp"):
        return (ddof := call.keyword("ddof")) is not None and flat(ddof.value) != "0"
    if (unbiased := call.keyword("unbiased")) is not None:
        return flat(unbiased.value) != "False"
    if (correction := call.keyword("correction", "ddof")) is not None:
        return flat(correction.value) not in ("0", "False")
    plain = [a for a in call.args if a.keyword is None]
    return not any(flat(a.value) == "False" for a in plain[:2])


def _biased(call: StatCall) -> Edit:
    edit = Edit("divide by n")
    for name, value in (("unbiased", "False"), ("correction", "0"), ("ddof", "0")):
        if (arg := call.keyword(name)) is not None:
            return edit.put(arg.value, value)
    plain = [a for a in call.args if a.keyword is None]
    for arg in plain[:2]:
        if flat(arg.value) == "True" and not (len(plain) > 2 or arg is not plain[0] and len(plain) == 1):
            return edit.put(arg.value, "False")

    def add(now: cst.CSTNode) -> cst.CSTNode:
        assert isinstance(now, cst.Call)
        added = cst.Arg(cst.Name("False"), cst.Name("unbiased"), equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))
        if not now.args:
            return now.with_changes(args=[added])
        last = now.args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return now.with_changes(args=[*now.args[:-1], last, added])

    return edit.change(call.node, add)


def _with_unbiased(call: StatCall) -> list[str]:
    args = call.arg_codes(without=("unbiased", "correction", "ddof"))
    return [a for a in args if a not in ("False", "True")] + (["ddof=1"] if call.module in ("np", "numpy") else [])


def _is_divisor(scene: Scene, node: cst.BinaryOperation) -> bool:
    above = scene.parent(node)
    if isinstance(above, cst.BinaryOperation) and isinstance(above.operator, (cst.Divide, cst.FloorDivide)):
        return above.right is node
    if isinstance(above, cst.Arg):
        call = scene.parent(above)
        return isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value in ("div", "div_", "true_divide", "divide") or isinstance(call, cst.Call) and flat(call.func) == "max"
    return isinstance(above, (cst.Assign, cst.AnnAssign))


def _without_factor(scene: Scene) -> Iterator[Edit]:
    for node in scene.all(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Multiply):
            continue
        for keep, factor in ((node.left, node.right), (node.right, node.left)):
            if isinstance(factor, cst.BinaryOperation) and isinstance(factor.operator, cst.Divide) and flat(factor.right).endswith("-1"):
                yield Edit("leave out the factor n / (n - 1)").put(node, operand(keep))


def _tracked(scene: Scene, statement: cst.CSTNode, buffer: str | None) -> list[cst.BaseExpression]:
    """What the update may take in, the names of a variance first."""
    found: list[cst.BaseExpression] = []
    for node in nodes_of(statement):
        if not isinstance(node, (cst.Name, cst.Attribute, cst.Call)):
            continue
        above = scene.parent(node)
        if isinstance(node, (cst.Name, cst.Attribute)) and isinstance(above, (cst.Attribute, cst.AssignTarget, cst.AugAssign)) and not (isinstance(above, cst.AugAssign) and above.value is node):
            if not (isinstance(above, cst.Attribute) and above.value is node):
                continue
        if isinstance(above, cst.Call) and above.func is node or isinstance(above, (cst.Arg,)) and above.keyword is node:
            continue
        text = flat(node)
        if text == "self" or text.startswith("torch") or buffer is not None and buffer in text:
            continue
        if isinstance(node, cst.Call) and not any(part in text for part in ("var", "detach", "mean", "view", "squeeze", "reshape", "square", "flatten", "data")):
            continue
        found.append(node)
    likely = {"var": 3, "sigma": 2, "std": 1}

    def score(node: cst.BaseExpression) -> tuple[int, int]:
        text = flat(node).lower()
        return (-max((s for w, s in likely.items() if w in text), default=0), isinstance(node, cst.Attribute))

    return sorted(found, key=score)


def _counts(scene: Scene) -> list[str]:
    """Names that may hold the number of values behind one variance already."""
    forward = scene.forward
    named: list[str] = []
    for name, value, _ in assigned(scene, forward):
        code = flat(value)
        if any(word in code for word in ("numel", "shape", "size", "len(")) and not isinstance(value, (cst.Attribute, cst.Tuple, cst.List)):
            if name not in ("shape", "size", "b", "c", "h", "w", "x"):
                named.append(name)
    return sorted(dict.fromkeys(named), key=lambda n: n not in ("n", "m", "N", "count", "num"))[:2]


def _is_used(scene: Scene, name: str) -> bool:
    return any(node.value == name for d in scene.region for node in nodes_of(d) if isinstance(node, cst.Name))


def _dims(call: StatCall, keep: bool) -> list[str]:
    args = call.arg_codes(without=("unbiased", "correction", "ddof", *(("keepdim", "keepdims") if keep else ())))
    args = [a for a in args if a not in ("False", "True")] if keep else args
    return [*args, "keepdim=True"] if keep and args else args


def _named_means(scene: Scene, node: cst.CSTNode) -> list[StatCall]:
    """The means behind names that a difference begins with."""
    if not isinstance(node, cst.Name):
        return []
    found: list[StatCall] = []
    for assign in scene.all(cst.Assign):
        if flat(assign.targets[0].target) == node.value:
            found += stat_calls(scene, "mean", under=assign)
    return found


def _squared(code: str) -> str | None:
    """What `code` is the square of."""
    tree = cst.parse_expression(code)
    if isinstance(tree, cst.BinaryOperation):
        if isinstance(tree.operator, cst.Power) and flat(tree.right) in ("2", "2.0"):
            return operand(tree.left)
        if isinstance(tree.operator, cst.Multiply) and flat(tree.left) == flat(tree.right):
            return operand(tree.left)
    if isinstance(tree, cst.Call) and isinstance(tree.func, cst.Attribute):
        if tree.func.attr.value == "square" and not tree.args:
            return operand(tree.func.value)
        if tree.func.attr.value in ("square", "pow") and flat(tree.func.value) in ("torch", "np") and tree.args:
            return operand(tree.args[0].value)
        if tree.func.attr.value == "pow" and tree.args and flat(tree.args[0].value) in ("2", "2.0"):
            return operand(tree.func.value)
    return None
