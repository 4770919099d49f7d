"""Edits of eps: its value, and the place where it enters the denominator."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand
from torch_side.mend.forms import Root, assigned, eps_code, is_eps, number, root, roots, spread_names, stat_call, stat_calls
from torch_side.mend.scene import Scene


def set_value(scene: Scene) -> Iterator[Edit]:
    """The default of the argument, or the constant."""
    if not isinstance(scene.wish.expected, (int, float)) or scene.wish.expected < 1e-12:
        yield from _machine_epsilon(scene)
        return
    usual = "1e-5"
    actual = float(scene.wish.actual) if isinstance(scene.wish.actual, (int, float)) else None
    parameters = [(p.name.value, p.default) for f in scene.all(cst.FunctionDef) for p in (*f.params.params, *f.params.kwonly_params) if p.default is not None]
    nodes: list[cst.BaseExpression] = []
    for name, default in parameters:
        if re.search(r"(?i)eps|delta|tiny", name):
            nodes.append(default)
    nodes += [default for _, default in parameters if _near(default, actual)]
    near = [n for n in _constants(scene) if _near(n, actual)]
    if len(near) > 1:
        edit = Edit("eps as PyTorch has it")
        for node in near:
            edit.put(node, usual)
        yield edit
    for node in [*nodes, *near, *[n for n in _constants(scene) if is_eps(n)]]:
        yield Edit("eps as PyTorch has it").put(node, usual)
    for tree in scene.trees:
        for statement in tree.module.body:
            if isinstance(statement, cst.SimpleStatementLine):
                for part in statement.body:
                    if isinstance(part, cst.Assign) and (_near(part.value, actual) or re.search(r"(?i)eps", flat(part.targets[0].target))):
                        yield Edit("eps as PyTorch has it").put(part.value, usual)
    # What looks like another value may be another place: a root of eps, its square, an eps added twice.
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, (cst.Multiply, cst.Divide)) and (is_eps(node.left) or is_eps(node.right)):
            yield Edit("eps as PyTorch has it").put(node, operand(node.left if is_eps(node.left) else node.right))
    for call in scene.all(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value.endswith("_norm") and not any(a.keyword is not None and a.keyword.value == "eps" for a in call.args):
            text = code_of(call)
            yield Edit("eps as PyTorch has it").put(call, f"{text[:-1].rstrip().rstrip(',')}, eps={usual})")


def inside_root(scene: Scene) -> Iterator[Edit]:
    """`outside-sqrt`, `max`, `squared`, `absent` → √(var + eps)."""
    actual = scene.wish.actual
    if actual == "squared":
        yield from _unsquared(scene)
    if actual != "absent":
        yield from _moved(scene)
    yield from _added(scene)
    if actual == "squared":
        return
    yield from _unsquared(scene)


# --- internal ---

_INSIDE = "eps inside the root"


def _constants(scene: Scene) -> list[cst.BaseExpression]:
    numbers = [n for n in scene.all(cst.BaseExpression) if isinstance(n, (cst.Integer, cst.Float))]
    powers = [n for n in scene.all(cst.BinaryOperation) if re.fullmatch(r"10(\.0?)?\*\*\(?-\d+\)?", flat(n))]
    return [*numbers, *powers]


def _near(node: cst.BaseExpression, actual: float | None) -> bool:
    value = number(node)
    found = re.fullmatch(r"10(?:\.0?)?\*\*\(?(-\d+)\)?", flat(node))
    if found:
        value = 10.0 ** int(found.group(1))
    return value is not None and actual is not None and actual > 0 and abs(value - actual) <= 0.05 * actual


def _machine_epsilon(scene: Scene) -> Iterator[Edit]:
    """RMSNorm's: of the dtype it computes in."""
    x = scene.x
    actual = float(scene.wish.actual) if isinstance(scene.wish.actual, (int, float)) else None
    value = f"torch.finfo({x}.dtype).eps"
    parameters = [(f, p) for f in scene.all(cst.FunctionDef) for p in (*f.params.params, *f.params.kwonly_params) if p.default is not None and re.search(r"(?i)eps", p.name.value)]
    uses = [n for f in _bodies(scene) for n in scene.all(cst.BaseExpression, f) if isinstance(n, (cst.Attribute, cst.Name)) and is_eps(n) and not isinstance(scene.parent(n), (cst.Attribute, cst.Param, cst.AssignTarget))]
    for _, p in parameters:
        assert p.default is not None
        edit = Edit("eps as PyTorch has it").put(p.default, "None")
        for use in uses:
            edit.put(use, f"({value} if {code_of(use)} is None else {code_of(use)})")
        yield edit
    for node in _constants(scene):
        function = scene.function_of(node)
        if _near(node, actual) and function is not None:
            if function.name.value == "__init__" and uses:
                edit = Edit("eps as PyTorch has it")
                for use in uses:
                    edit.put(use, value)
                yield edit
            elif not isinstance(scene.parent(node), cst.Param):
                yield Edit("eps as PyTorch has it").put(node, value)
    for use in uses:
        yield Edit("eps as PyTorch has it").put(use, value)


def _bodies(scene: Scene) -> list[cst.CSTNode]:
    return [f.body for f in scene.all(cst.FunctionDef) if f.name.value != "__init__"]


def _moved(scene: Scene) -> Iterator[Edit]:
    """A sum, or a maximum, of a deviation and eps."""
    for node, deviation, eps in _sums(scene):
        found = root(deviation)
        if found is not None:
            yield Edit(_INSIDE).put(node, found.written(f"{operand(found.inner)} + {code_of(eps)}"))
        call = stat_call(deviation)
        if call is not None and call.name == "std":
            yield Edit(_INSIDE).put(node, _root_of(scene, f"{call.written('var', call.arg_codes())} + {code_of(eps)}"))
        if isinstance(deviation, cst.Name):
            for _, value, _ in [a for f in scene.all(cst.FunctionDef) for a in assigned(scene, f) if a[0] == deviation.value]:
                made = _with_eps(scene, value, code_of(eps))
                if made is not None:
                    yield Edit(_INSIDE).put(node, code_of(deviation)).join(made)
        squared = f"{operand(deviation)} ** 2 + {code_of(eps)}"
        yield Edit(_INSIDE).put(node, _root_of(scene, squared))
    for statement in scene.all(cst.AugAssign):
        if isinstance(statement.operator, cst.AddAssign) and is_eps(statement.value) and isinstance(statement.target, cst.Name):
            line = scene.statement(statement)
            for _, value, _ in [a for f in scene.all(cst.FunctionDef) for a in assigned(scene, f) if a[0] == statement.target.value]:
                made = _with_eps(scene, value, code_of(statement.value))
                if made is not None and line is not None:
                    yield made.drop(line)


def _sums(scene: Scene) -> Iterator[tuple[cst.BaseExpression, cst.BaseExpression, cst.BaseExpression]]:
    for node in scene.all(cst.BaseExpression):
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if is_eps(node.right):
                yield node, node.left, node.right
            elif is_eps(node.left):
                yield node, node.right, node.left
        elif isinstance(node, cst.Call):
            name = node.func.attr.value if isinstance(node.func, cst.Attribute) else flat(node.func)
            if name not in ("clamp", "clamp_min", "clip", "maximum", "max", "add", "fmax", "clamp_", "clamp_min_", "add_"):
                continue
            values = [a.value for a in node.args]
            if isinstance(node.func, cst.Attribute) and flat(node.func.value) not in ("torch", "np", "numpy"):
                values = [node.func.value, *values]
            if len(values) >= 2:
                inner = values[1]
                if isinstance(inner, cst.Call) and inner.args and ("tensor" in flat(inner.func) or "full_like" in flat(inner.func)):
                    inner = inner.args[-1].value if "full_like" in flat(inner.func) else inner.args[0].value
                if is_eps(inner):
                    yield node, values[0], inner


def _with_eps(scene: Scene, value: cst.BaseExpression, eps: str) -> Edit | None:
    """A deviation's own expression, with eps put under its root."""
    found = root(value)
    if found is not None:
        return Edit(_INSIDE).put(value, found.written(f"{operand(found.inner)} + {eps}"))
    call = stat_call(value)
    if call is not None and call.name == "std":
        return Edit(_INSIDE).put(value, _root_of(scene, f"{call.written('var', call.arg_codes())} + {eps}"))
    return None


def _unsquared(scene: Scene) -> Iterator[Edit]:
    for node in scene.all(cst.BaseExpression):
        if isinstance(node, cst.BinaryOperation):
            if isinstance(node.operator, cst.Power) and flat(node.right) in ("2", "2.0") and is_eps(node.left):
                yield Edit("eps itself, not its square").put(node, operand(node.left))
            if isinstance(node.operator, cst.Multiply) and flat(node.left) == flat(node.right) and is_eps(node.left):
                yield Edit("eps itself, not its square").put(node, operand(node.left))
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("pow", "square", "sqrt"):
            inner = node.args[0].value if flat(node.func.value) in ("torch", "math", "np") and node.args else node.func.value
            if is_eps(inner):
                yield Edit("eps itself, not its square").put(node, operand(inner))


def _added(scene: Scene) -> Iterator[Edit]:
    """eps where there is none."""
    eps = eps_code(scene, "1e-12" if scene.wish.kind == "RMSNorm" else "1e-5")
    if scene.wish.kind == "RMSNorm" and eps == "1e-12":
        eps = f"torch.finfo({scene.x}.dtype).eps"
    found = [r for r in roots(scene) if not _has_eps(r)]
    if len(found) > 1:
        edit = Edit(_INSIDE)
        for r in found:
            edit.change(r.node, _adder(r, eps))
        yield edit
    for r in found:
        yield Edit(_INSIDE).put(r.node, r.written(f"{operand(r.inner)} + {eps}"))
    for call in stat_calls(scene, "std"):
        yield Edit(_INSIDE).put(call.node, _root_of(scene, f"{call.written('var', call.arg_codes())} + {eps}"))
    for call in scene.all(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "norm":
            yield Edit(_INSIDE).put(call, _root_of(scene, f"{code_of(call)} ** 2 + {eps}"))
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Divide) and flat(node.right) in spread_names(scene):
            yield Edit(_INSIDE).put(node.right, _root_of(scene, f"{code_of(node.right)} ** 2 + {eps}"))


def _adder(r: Root, eps: str):
    def change(now: cst.CSTNode) -> cst.CSTNode:
        again = root(now)
        if again is None:
            return now
        return cst.parse_expression(again.written(f"{operand(again.inner)} + {eps}"))

    return change


def _has_eps(r: Root) -> bool:
    return isinstance(r.inner, cst.BinaryOperation) and isinstance(r.inner.operator, cst.Add) and (is_eps(r.inner.right) or is_eps(r.inner.left))


def _root_of(scene: Scene, inner: str) -> str:
    return f"{scene.library}.sqrt({inner})"
