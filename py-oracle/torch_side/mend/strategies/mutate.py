"""The fall-back: every small local change, those nearest to the finding's line first. It knows nothing of norms; the audit does."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, nodes_of
from torch_side.mend.scene import Scene


def mutations(scene: Scene) -> Iterator[Edit]:
    """Constants, keywords, operators, names of calls, whole statements: one change each."""
    at = scene.wish.at or scene.line(scene.subject)
    nodes = [n for d in scene.region for n in nodes_of(d)]
    for node in sorted(nodes, key=lambda n: abs(scene.line(n) - at)):
        yield from _changes(scene, node)


# --- internal ---

_PAIRS = {
    "var": "std",
    "std": "var",
    "zeros": "ones",
    "ones": "zeros",
    "sqrt": "rsqrt",
    "rsqrt": "sqrt",
    "mean": "sum",
    "sum": "mean",
    "max": "mean",
    "view": "reshape",
}


def _changes(scene: Scene, node: cst.CSTNode) -> Iterator[Edit]:
    about = "one small change"
    if isinstance(node, cst.Integer):
        value = int(node.value.replace("_", ""), 0)
        for other in {0: (1,), 1: (0, 2)}.get(value, (value - 1, value + 1)):
            yield Edit(about).put(node, str(other))
    elif isinstance(node, cst.Float):
        value = float(node.value.replace("_", ""))
        yield from (Edit(about).put(node, text) for text in ("1e-5", f"{round(1 - value, 12):g}", "0.1", "1.0") if text != node.value)
    elif isinstance(node, cst.Name) and node.value in ("True", "False"):
        yield Edit(about).put(node, "False" if node.value == "True" else "True")
    elif isinstance(node, cst.Arg) and node.keyword is not None:
        call = scene.parent(node)
        if isinstance(call, cst.Call) and len(call.args) > 1:
            index = list(call.args).index(node)
            yield Edit(about).change(call, lambda now, i=index: now.with_changes(args=[a for k, a in enumerate(now.args) if k != i]))  # type: ignore[attr-defined]
    elif isinstance(node, cst.Attribute) and node.attr.value in _PAIRS and isinstance(scene.parent(node), cst.Call):
        yield Edit(about).change(node.attr, lambda _, w=_PAIRS[node.attr.value]: cst.Name(w))
    elif isinstance(node, cst.BinaryOperation):
        yield Edit(about).put(node, operand(node.left))
        yield Edit(about).put(node, operand(node.right))
        if isinstance(node.operator, (cst.Add, cst.Subtract)):
            sign = cst.Subtract() if isinstance(node.operator, cst.Add) else cst.Add()
            yield Edit(about).change(node, lambda now, s=sign: now.with_changes(operator=s))  # type: ignore[attr-defined]
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and not re.search(r"super|register|Parameter", flat(node)):
        yield Edit(about).change(node, lambda now: now.func.value if isinstance(now, cst.Call) and isinstance(now.func, cst.Attribute) else now)
    elif isinstance(node, cst.UnaryOperation):
        yield Edit(about).put(node, operand(node.expression))
    elif isinstance(node, cst.SimpleStatementLine) and not code_of(node).strip().startswith(("super", '"', "return", "import")):
        yield Edit(about).drop(node)
