"""Statements that write to the running buffers, however they do it."""

from __future__ import annotations

import re

import libcst as cst

from torch_side.mend.edit import flat, nodes_of
from torch_side.mend.scene import Scene


def update_statements(scene: Scene) -> list[cst.SimpleStatementLine]:
    """Outside of the constructor, in the order of the text."""
    buffers = [b for b in (scene.own("running_mean"), scene.own("running_var")) if b is not None]
    found: list[cst.SimpleStatementLine] = []
    aliases = _aliases(scene, buffers)
    for definition in scene.region:
        for node in nodes_of(definition):
            if isinstance(node, cst.SimpleStatementLine) and (function := scene.function_of(node)) is not None:
                if function.name.value != "__init__" and writes(node, [*buffers, *aliases]):
                    found.append(node)
    return found


def writes(statement: cst.SimpleStatementLine, names: list[str]) -> bool:
    for part in statement.body:
        text = flat(part)
        if isinstance(part, (cst.Assign, cst.AugAssign, cst.AnnAssign)):
            targets = [t.target for t in part.targets] if isinstance(part, cst.Assign) else [part.target]
            if any(_names(target, names) for target in targets):
                return True
        for name in names:
            if re.search(rf"(^|[^\w.]){re.escape(name)}(\.data)?\.\w+_\(", text):
                return True
            if re.search(rf"out={re.escape(name)}\b", text):
                return True
    return False


# --- internal ---


def _names(target: cst.BaseExpression, names: list[str]) -> bool:
    if isinstance(target, (cst.Tuple, cst.List)):
        return any(_names(e.value, names) for e in target.elements)
    text = re.sub(r"(\.data|\[[^\]]*\])$", "", flat(target))
    return text in names


def _aliases(scene: Scene, buffers: list[str]) -> list[str]:
    """Local names of buffers: `running_mean = self.running_mean`, and parameters of helpers that are called with them."""
    found: list[str] = []
    for node in scene.all(cst.Assign):
        if flat(node.value) in buffers and isinstance(node.targets[0].target, cst.Name):
            found.append(node.targets[0].target.value)
    for call in scene.all(cst.Call):
        helper = next((d for d in scene.region if isinstance(d, cst.FunctionDef) and flat(call.func) == d.name.value), None)
        if helper is None:
            continue
        names = [p.name.value for p in helper.params.params]
        for i, arg in enumerate(call.args):
            if flat(arg.value) in buffers:
                name = arg.keyword.value if arg.keyword is not None else names[i] if i < len(names) else None
                if name is not None:
                    found.append(name)
    return found
