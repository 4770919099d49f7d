"""An edit: nodes of a source tree and what stands in their place. Everything else keeps its spaces and comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Union

import libcst as cst

Replacement = Union[cst.CSTNode, cst.RemovalSentinel, cst.FlattenSentinel[cst.BaseStatement]]
Change = Callable[[cst.CSTNode], Replacement]


@dataclass(slots=True)
class Edit:
    """Changes by node. A later one of the same node is made to what the earlier left, so that edits can be joined."""

    about: str
    changes: dict[int, tuple[cst.CSTNode, list[Change]]] = field(default_factory=dict)

    def change(self, node: cst.CSTNode, change: Change) -> Edit:
        self.changes.setdefault(id(node), (node, []))[1].append(change)
        return self

    def put(self, node: cst.CSTNode, text: str) -> Edit:
        """An expression in the place of another; it keeps the parentheses it needs."""
        return self.change(node, lambda _: parse_expression(text))

    def wrap(self, node: cst.CSTNode, template: str) -> Edit:
        """`template` with `{}` for what stands there, other edits of it included."""
        return self.change(node, lambda now: parse_expression(template.format(operand(now))))

    def drop(self, statement: cst.CSTNode) -> Edit:
        return self.change(statement, lambda _: cst.RemoveFromParent())

    def join(self, other: Edit) -> Edit:
        for node, changes in other.changes.values():
            for change in changes:
                self.change(node, change)
        return self


def code_of(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def flat(node: cst.CSTNode) -> str:
    """The code without spaces and outer parentheses: equal for what reads equal."""
    return "".join(code_of(bare(node)).split())


def bare(node: cst.CSTNode) -> cst.CSTNode:
    """Without parentheses around it."""
    return node.with_changes(lpar=[], rpar=[]) if getattr(node, "lpar", None) else node


_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.Tuple, cst.List)


def operand(node: cst.CSTNode) -> str:
    """Code that may stand anywhere in an expression."""
    text = code_of(node)
    return text if isinstance(node, _ATOMS) or getattr(node, "lpar", None) else f"({text})"


def parse_expression(text: str) -> cst.BaseExpression:
    return cst.parse_expression(text)


def parse_statements(text: str, module: cst.Module) -> list[cst.BaseStatement]:
    config = module.config_for_parsing
    return list(cst.parse_module(text, config).body)


class Parts:
    """The code of a module in parts, one for each statement at its top: what an edit leaves alone is not written again."""

    def __init__(self, module: cst.Module) -> None:
        self._module = module
        self._codes = [module.code_for_node(statement) for statement in module.body]
        whole, body = module.code, "".join(self._codes)
        at = whole.find(body)
        self._before, self._after = whole[:at], whole[at + len(body) :]

    def with_edit(self, edit: Edit) -> str | None:
        """Null where nothing changed. Raises where the result is no Python."""
        applier = _Applier(edit)
        codes = list(self._codes)
        touched = False
        for i, statement in enumerate(self._module.body):
            if not any(id(node) in edit.changes for node in nodes_of(statement)):
                continue
            changed = statement.visit(applier)
            made = [] if isinstance(changed, cst.RemovalSentinel) else list(changed) if isinstance(changed, cst.FlattenSentinel) else [changed]
            codes[i] = "".join(self._module.code_for_node(s) for s in made)
            cst.parse_module(codes[i], self._module.config_for_parsing)
            touched = touched or codes[i] != self._codes[i]
        return self._before + "".join(codes) + self._after if touched else None


_NODES: dict[int, tuple[cst.CSTNode, list[cst.CSTNode]]] = {}
_MOST_LISTS = 50_000


def nodes_of(root: cst.CSTNode) -> list[cst.CSTNode]:
    """The node and all under it, in the order of the text."""
    known = _NODES.get(id(root))
    if known is not None and known[0] is root:
        return known[1]
    if len(_NODES) > _MOST_LISTS:
        _NODES.clear()
    found: list[cst.CSTNode] = [root]
    for child in root.children:
        found += nodes_of(child)
    _NODES[id(root)] = (root, found)
    return found


# --- internal ---


class _Applier(cst.CSTTransformer):
    def __init__(self, edit: Edit) -> None:
        super().__init__()
        self._changes = edit.changes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Replacement:  # type: ignore[override]
        updated_node = _guarded(updated_node)
        found = self._changes.get(id(original_node))
        if found is None:
            return updated_node
        now: Replacement = updated_node
        for change in found[1]:
            if not isinstance(now, cst.CSTNode):
                return _flattened(now, change)
            outer = now
            now = _in_parentheses_of(outer, change(outer))
        return now


def _in_parentheses_of(before: cst.CSTNode, after: Replacement) -> Replacement:
    """What replaces something in parentheses that it wrote itself keeps them, unless it is an atom."""
    if not isinstance(before, cst.BaseExpression) or not isinstance(after, cst.BaseExpression):
        return after
    if after.lpar or isinstance(after, _ATOMS) or not before.lpar:
        return after
    return after.with_changes(lpar=before.lpar, rpar=before.rpar)


_POWERS: dict[type[cst.CSTNode], int] = {
    cst.NamedExpr: -1,
    cst.Lambda: 0,
    cst.IfExp: 0,
    cst.Comparison: 4,
    cst.UnaryOperation: 11,
    cst.Await: 13,
}
_OPERATORS: dict[type[cst.CSTNode], int] = {
    cst.BitOr: 5,
    cst.BitXor: 6,
    cst.BitAnd: 7,
    cst.LeftShift: 8,
    cst.RightShift: 8,
    cst.Add: 9,
    cst.Subtract: 9,
    cst.Power: 12,
}
_ATOM = 14


def _binding(node: cst.CSTNode) -> int:
    """How strongly an expression holds together; the more, the less it needs parentheses."""
    if getattr(node, "lpar", None):
        return _ATOM
    if isinstance(node, cst.BinaryOperation):
        return _OPERATORS.get(type(node.operator), 10)
    if isinstance(node, cst.BooleanOperation):
        return 1 if isinstance(node.operator, cst.Or) else 2
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        return 3
    return _POWERS.get(type(node), _ATOM)


def _guarded(node: cst.CSTNode) -> cst.CSTNode:
    """With parentheses around operands that would else come apart. What the author wrote needs none."""
    if isinstance(node, cst.BinaryOperation):
        own = _binding(node.with_changes(lpar=[], rpar=[]))
        power = isinstance(node.operator, cst.Power)
        left, right = _within(node.left, own + 1 if power else own), _within(node.right, 11 if power else own + 1)
        return node if left is node.left and right is node.right else node.with_changes(left=left, right=right)
    if isinstance(node, cst.UnaryOperation):
        least = 3 if isinstance(node.operator, cst.Not) else 11
        inner = _within(node.expression, least)
        return node if inner is node.expression else node.with_changes(expression=inner)
    for field_name in ("value", "func"):
        if isinstance(node, (cst.Attribute, cst.Subscript) if field_name == "value" else cst.Call):
            child = getattr(node, field_name)
            inner = _within(child, _ATOM)
            return node if inner is child else node.with_changes(**{field_name: inner})
    return node


def _within(child: cst.BaseExpression, least: int) -> cst.BaseExpression:
    if _binding(child) >= least:
        return child
    return child.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _flattened(now: cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel, change: Change) -> Replacement:
    """A further change of a statement that was already made several: of its last one."""
    if isinstance(now, cst.RemovalSentinel):
        return now
    *rest, last = now
    made = change(last)
    tail = [made] if isinstance(made, cst.CSTNode) else [] if isinstance(made, cst.RemovalSentinel) else list(made)
    return cst.FlattenSentinel([*rest, *tail])  # type: ignore[list-item]
