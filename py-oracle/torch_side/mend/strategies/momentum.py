"""Edits of how buffers take in new statistics: the weights of old and new, the default, the rule itself."""

from __future__ import annotations

import re
from typing import Iterator, Sequence

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, nodes_of
from torch_side.mend.forms import batch_assigned, mean_names, number, spread_names
from torch_side.mend.scene import Scene
from torch_side.mend.statements import insert_after, replace
from torch_side.mend.strategies.updates import update_statements

_WORD = re.compile(r"(?i)moment|decay|alpha|beta|rho|rate|mom|factor|ema|tau|forget|smooth|keep|(^|\.)m$|(^|\.)a$|(^|\.)d$")


def swap_weights(scene: Scene) -> Iterator[Edit]:
    """`old-weight` → `new-weight`: momentum and its complement change places; a default near 1 becomes its complement too."""
    updates = update_statements(scene)
    defaults = _defaults(scene)
    for m in _momenta(scene, updates):
        for roots in (list(updates), [d for d in scene.region]):
            edit = Edit("momentum weighs the new value")
            if _swap(scene, edit, roots, m):
                yield from _with_default(edit, defaults)
    # Once, where the constructor keeps it.
    for name, _ in defaults:
        for function in [f for f in scene.all(cst.FunctionDef) if f.name.value == "__init__"]:
            for node in [n for n in nodes_of(function.body) if isinstance(n, cst.Name) and n.value == name]:
                if not isinstance(scene.parent(node), cst.Attribute) and not _is_keyword(scene, node):
                    yield from _with_default(Edit("momentum weighs the new value").put(node, f"(1 - {name})"), defaults)
    constants = {number(n): n for s in updates for n in nodes_of(s) if isinstance(n, (cst.Integer, cst.Float))}
    for value, node in constants.items():
        other = constants.get(None if value is None else round(1 - value, 12))
        if other is not None and other is not node:
            yield Edit("momentum weighs the new value").put(node, code_of(other)).put(other, code_of(node))


def set_default(scene: Scene) -> Iterator[Edit]:
    """The share of the new statistic becomes 0.1, in the signature or where it stands as a number."""
    actual = float(scene.wish.actual) if isinstance(scene.wish.actual, (int, float)) else None
    for _, default in _defaults(scene):
        yield Edit("momentum as PyTorch has it").put(default, "0.1")
    if actual is None:
        return
    updates = update_statements(scene)
    for roots in (list(updates), list(scene.region)):
        edit = Edit("momentum as PyTorch has it")
        numbers = [n for root in roots for n in nodes_of(root) if isinstance(n, (cst.Integer, cst.Float))]
        near = [(n, "0.1") for n in numbers if _near(n, actual)] + [(n, "0.9") for n in numbers if _near(n, 1 - actual)]
        if 0 < len(near) and actual not in (0.0, 1.0):
            for node, value in near:
                edit.put(node, value)
            yield edit
            for node, value in near:
                yield Edit(edit.about).put(node, value)
    for tree in scene.trees:
        for node in nodes_of(tree.module):
            if isinstance(node, (cst.Float, cst.Integer)) and (_near(node, actual) or _near(node, 1 - actual)) and scene.function_of(node) is None:
                yield Edit("momentum as PyTorch has it").put(node, "0.1" if _near(node, actual) else "0.9")


def rewrite_rule(scene: Scene) -> Iterator[Edit]:
    """Another rule → r ← (1 − m)·r + m·s, statement by statement."""
    updates = update_statements(scene)
    yield from _one_branch(scene, updates)
    m = momentum_code(scene)
    sides = [(scene.own("running_mean"), mean_names(scene)), (scene.own("running_var"), spread_names(scene))]
    for view in ("", ".view_as({b})", ".flatten()"):
        edit = Edit("average as PyTorch does")
        complete = True
        for buffer, names in sides:
            own = [u for u in updates if buffer is not None and _writes_alone(u, buffer)]
            if buffer is None or not own:
                complete = complete and buffer is None
                continue
            taken = _taken(own, buffer, names)
            if taken is None:
                complete = False
                continue
            detach = "" if "detach" in code_of(own[0]) or _guarded(scene, own[0]) else ".detach()"
            value = taken + view.format(b=buffer) + detach
            replace(scene, edit, own[0], f"{buffer} = (1 - {m}) * {buffer} + {m} * {value}")
            for statement in own[1:]:
                edit.drop(statement)
        if complete and edit.changes:
            yield edit
    yield from _added(scene, m)


def momentum_code(scene: Scene) -> str:
    """The momentum that the code has, else PyTorch's."""
    init = scene.init
    if init is not None:
        for node in nodes_of(init):
            if isinstance(node, cst.Attribute) and flat(node.value) == "self" and re.search(r"(?i)momentum|decay", node.attr.value):
                return f"self.{node.attr.value}"
    forward = scene.forward
    for p in [] if forward is None else forward.params.params:
        if re.search(r"(?i)momentum|decay", p.name.value):
            return p.name.value
    return "0.1"


# --- internal ---


def _near(node: cst.BaseExpression, value: float) -> bool:
    own = number(node)
    return own is not None and abs(own - value) <= 0.002 * abs(value)


def _defaults(scene: Scene) -> list[tuple[str, cst.BaseExpression]]:
    found: list[tuple[str, cst.BaseExpression]] = []
    for function in scene.all(cst.FunctionDef):
        for p in (*function.params.params, *function.params.kwonly_params):
            value = None if p.default is None else number(p.default)
            if p.default is not None and value is not None and 0 <= value <= 1 and _WORD.search(p.name.value):
                found.append((p.name.value, p.default))
    return found


def _with_default(edit: Edit, defaults: list[tuple[str, cst.BaseExpression]]) -> Iterator[Edit]:
    high = [d for _, d in defaults if (number(d) or 0) > 0.5]
    if high:
        both = Edit(edit.about).join(edit)
        for default in high:
            both.put(default, f"{round(1 - (number(default) or 0), 12):g}")
        yield both
    else:
        yield edit


def _momenta(scene: Scene, updates: list[cst.SimpleStatementLine]) -> list[str]:
    """What may be the momentum, in the order of likelihood."""
    scores: dict[str, int] = {}
    for root in [*updates, *scene.region]:
        for node in nodes_of(root):
            if _is_complement(node):
                assert isinstance(node, cst.BinaryOperation)
                text = flat(node.right)
                scores[text] = max(scores.get(text, 0), 2 + 2 * bool(_WORD.search(text)) + (root in updates))
            elif isinstance(node, (cst.Name, cst.Attribute)) and _WORD.search(flat(node)) and root in updates:
                text = flat(node)
                if not (isinstance(node, cst.Name) and isinstance(scene.parent(node), cst.Attribute)):
                    scores[text] = max(scores.get(text, 0), 1)
    for call in scene.all(cst.Call):
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == "momentum" and not _is_complement(arg.value):
                scores.setdefault(flat(arg.value), 1)
    return [text for text, _ in sorted(scores.items(), key=lambda pair: -pair[1])]


def _is_complement(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Subtract) and flat(node.left) in ("1", "1.0", "1.")


def _swap(scene: Scene, edit: Edit, roots: Sequence[cst.CSTNode], m: str) -> bool:
    """Each `1 - m` becomes `m`, each other `m` that is read becomes `1 - m`."""
    inside: set[int] = set()
    for root in roots:
        for node in nodes_of(root):
            if _is_complement(node):
                assert isinstance(node, cst.BinaryOperation)
                if flat(node.right) == m:
                    edit.put(node, code_of(node.right))
                    inside.update(id(n) for n in nodes_of(node))
    for root in roots:
        wide = isinstance(root, (cst.ClassDef, cst.FunctionDef))
        for node in nodes_of(root):
            if id(node) in inside or not isinstance(node, (cst.Name, cst.Attribute, cst.Float)) or flat(node) != m:
                continue
            above = scene.parent(node)
            if isinstance(above, (cst.AssignTarget, cst.Param, cst.Attribute)) or _is_keyword(scene, node):
                continue
            if wide and not (isinstance(above, cst.Arg) and above.keyword is not None and above.keyword.value == "momentum"):
                continue
            edit.put(node, f"(1 - {m})")
    return bool(edit.changes)


def _is_keyword(scene: Scene, node: cst.CSTNode) -> bool:
    above = scene.parent(node)
    return isinstance(above, cst.Arg) and above.keyword is node or isinstance(above, cst.Param)


def _one_branch(scene: Scene, updates: list[cst.SimpleStatementLine]) -> Iterator[Edit]:
    """Where both ways of a choice update the buffers, only the one that averages."""
    for node in scene.all(cst.If):
        orelse = node.orelse
        if not isinstance(orelse, cst.Else) or not isinstance(node.body, cst.IndentedBlock) or not isinstance(orelse.body, cst.IndentedBlock):
            continue
        held = [sum(u in list(nodes_of(part)) for u in updates) for part in (node.body, orelse.body)]
        if min(held) > 0:
            for part in (orelse.body, node.body):
                lines = node.leading_lines
                first = part.body[0].with_changes(leading_lines=lines)
                rest = part.body[1:]
                yield Edit("average from the first step").change(node, lambda _, first=first, rest=rest: cst.FlattenSentinel([first, *rest]))
    for node in scene.all(cst.IfExp):
        if any(node in list(nodes_of(u)) for u in updates):
            yield Edit("average from the first step").put(node, operand(node.orelse))
            yield Edit("average from the first step").put(node, operand(node.body))


def _writes_alone(statement: cst.SimpleStatementLine, buffer: str) -> bool:
    text = flat(statement)
    return re.search(rf"(^|[^\w.]){re.escape(buffer)}(?!\w)", text) is not None


def _taken(own: list[cst.SimpleStatementLine], buffer: str, names: list[str]) -> str | None:
    read = [node for s in own for node in nodes_of(s) if isinstance(node, cst.Name)]
    for name in names:
        if any(node.value == name for node in read):
            return name
    for statement in own:
        for node in nodes_of(statement):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("mean", "var", "std"):
                return code_of(node)
    return names[0] if names else None


def _guarded(scene: Scene, node: cst.CSTNode) -> bool:
    here: cst.CSTNode | None = node
    while here is not None:
        if isinstance(here, cst.With) and "no_grad" in code_of(here.items[0]):
            return True
        here = scene.parent(here)
    return False


def _added(scene: Scene, m: str) -> Iterator[Edit]:
    """Where nothing updates them: after the statistics of the batch."""
    mean_buffer, var_buffer = scene.own("running_mean"), scene.own("running_var")
    if mean_buffer is None or var_buffer is None or not scene.is_class:
        return
    places = batch_assigned(scene)
    for mean in mean_names(scene)[:2]:
        for var in spread_names(scene)[:2]:
            last = next((s for name, _, s in reversed(places) if name in (mean, var)), None)
            if last is None or mean == var:
                continue
            lines = [
                "with torch.no_grad():",
                f"    n = {scene.x}.numel() / {var}.numel()",
                f"    {mean_buffer} += {m} * ({mean}.view_as({mean_buffer}) - {mean_buffer})",
                f"    {var_buffer} += {m} * ({var}.view_as({var_buffer}) * n / (n - 1) - {var_buffer})",
            ]
            text = "\n".join(lines)
            guarded = "if self.training:\n" + "\n".join(f"    {line}" for line in lines)
            inside = any(isinstance(h, cst.If) for h in _above(scene, last))
            yield insert_after(scene, Edit("update the buffers"), last, text if inside else guarded)


def _above(scene: Scene, node: cst.CSTNode) -> list[cst.CSTNode]:
    found: list[cst.CSTNode] = []
    here = scene.parent(node)
    while here is not None and not isinstance(here, cst.FunctionDef):
        found.append(here)
        here = scene.parent(here)
    return found
