"""The scene: the code that a finding is about, its trees, and who is who in it. It changes nothing."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from torch_side.mend.edit import Parts, code_of, flat, nodes_of
from torch_side.mend.wish import Wish

Definition = cst.ClassDef | cst.FunctionDef
Node = TypeVar("Node", bound=cst.CSTNode)


@dataclass(slots=True)
class Tree:
    """One block: its module, and how its text was indented as a whole."""

    module: cst.Module
    index: int
    indent: str
    parts: Parts


@dataclass(slots=True)
class Scene:
    wish: Wish
    trees: list[Tree]
    subject: Definition
    region: list[Definition]
    """The subject first, then what it is made of: base classes, and helpers that its code names."""
    tree_of: dict[int, Tree]
    lines: dict[int, int] = field(default_factory=dict)
    parents: dict[int, cst.CSTNode] = field(default_factory=dict)

    # -- looking --

    def all(self, kind: type[Node], under: cst.CSTNode | None = None) -> list[Node]:
        """Nodes of a kind in the region, the nearest to the finding's line first where none is named to look under."""
        roots = self.region if under is None else [under]
        return [node for root in roots for node in nodes_of(root) if isinstance(node, kind)]

    def line(self, node: cst.CSTNode) -> int:
        while id(node) not in self.lines and id(node) in self.parents:
            node = self.parents[id(node)]
        return self.lines.get(id(node), 0)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self.parents.get(id(node))

    def statement(self, node: cst.CSTNode) -> cst.BaseStatement | None:
        """The statement that holds a node: a line, or the head of a compound one."""
        here: cst.CSTNode | None = node
        while here is not None and not isinstance(here, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            here = self.parent(here)
        return here

    def function_of(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        here: cst.CSTNode | None = node
        while here is not None and not isinstance(here, cst.FunctionDef):
            here = self.parent(here)
        return here

    def module_of(self, node: cst.CSTNode) -> cst.Module:
        return self.tree_of[id(self.root_of(node))].module

    def root_of(self, node: cst.CSTNode) -> cst.CSTNode:
        here = node
        while (above := self.parent(here)) is not None:
            here = above
        return here

    # -- who is who --

    @property
    def is_class(self) -> bool:
        return isinstance(self.subject, cst.ClassDef)

    def method(self, *names: str) -> cst.FunctionDef | None:
        for definition in self.region:
            if isinstance(definition, cst.ClassDef):
                for statement in definition.body.body:
                    if isinstance(statement, cst.FunctionDef) and statement.name.value in names:
                        return statement
        return None

    @property
    def forward(self) -> cst.FunctionDef | None:
        return self.subject if isinstance(self.subject, cst.FunctionDef) else self.method("forward", "__call__")

    @property
    def init(self) -> cst.FunctionDef | None:
        return self.method("__init__")

    @property
    def x(self) -> str:
        """The input, as `forward` calls it."""
        forward = self.forward
        names = [] if forward is None else [p.name.value for p in forward.params.params]
        names = names[1:] if self.is_class else names
        named = next((n for n in names if re.fullmatch(r"(?i)x|inp|inputs?|tensor|hidden_states|z|feats?|features", n)), None)
        return named or (names[0] if names else "x")

    def own(self, role: str) -> str | None:
        """How the code writes a tensor or option with a role of PyTorch's: `self.gamma`, or `gamma` in a function."""
        name = self.wish.roles.get(role)
        if name is None:
            return None
        return f"self.{name}" if self.is_class else name

    def means(self, node: cst.CSTNode, role: str) -> bool:
        return (own := self.own(role)) is not None and flat(node) == own

    @property
    def library(self) -> str:
        """`np` for code that computes with NumPy, `torch` for the rest."""
        codes = " ".join(code_of(d) for d in self.region)
        if re.search(r"\b(torch|nn|F)\.", codes) or self.is_class and "Module" in codes:
            return "torch"
        found = re.search(r"\b(np|numpy|jnp)\.", codes)
        return found.group(1) if found else "torch"


def make_scene(wish: Wish) -> Scene | None:
    """None where the block that holds the subject does not parse."""
    trees: list[Tree] = []
    tree_of: dict[int, Tree] = {}
    lines: dict[int, int] = {}
    parents: dict[int, cst.CSTNode] = {}
    for index, block in enumerate(wish.blocks):
        read = _read(block.text)
        if read is None:
            continue
        tree = Tree(read.module, index, read.indent, read.parts)
        trees.append(tree)
        tree_of[id(tree.module)] = tree
        lines.update((node, line + block.line - 1) for node, line in read.lines.items())
        parents.update(read.parents)
    definitions = [d for tree in trees for d in _definitions(tree.module)]
    named = [d for d in definitions if d.name.value == wish.name]
    subject = next((d for d in named if lines.get(id(d)) == wish.line), named[-1] if named else None)
    if subject is None:
        return None
    return Scene(wish, trees, subject, _region(subject, definitions), tree_of, lines, parents)


# --- internal ---


@dataclass(frozen=True, slots=True)
class _Text:
    module: cst.Module
    indent: str
    parts: Parts
    lines: dict[int, int]
    parents: dict[int, cst.CSTNode]


@lru_cache(maxsize=32)
def _read(text: str) -> _Text | None:
    """A text is asked about once for each of its findings."""
    for candidate in (text, textwrap.dedent(text)):
        try:
            module = cst.parse_module(candidate)
        except Exception:  # the parser's own error, or what it meets in hostile text: this block is left alone
            continue
        first = next((line for line in text.splitlines() if line.strip()), "")
        indent = "" if candidate is text else first[: len(first) - len(first.lstrip())]
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        lines = {id(node): at.start.line for node, at in wrapper.resolve(PositionProvider).items()}
        parents = {id(node): parent for node, parent in wrapper.resolve(ParentNodeProvider).items()}
        return _Text(module, indent, Parts(module), lines, parents)
    return None


def _definitions(node: cst.CSTNode) -> list[Definition]:
    """Outside of functions and classes, but inside `if` and `try` as well."""
    found: list[Definition] = []
    for child in node.children:
        if isinstance(child, (cst.ClassDef, cst.FunctionDef)):
            found.append(child)
        elif isinstance(child, (cst.BaseStatement, cst.BaseSuite, cst.Else, cst.ExceptHandler, cst.Finally)):
            found += _definitions(child)
    return found


def _region(subject: Definition, definitions: list[Definition]) -> list[Definition]:
    region = [subject]
    for definition in region:
        names = {node.value for node in nodes_of(definition) if isinstance(node, cst.Name)}
        for other in definitions:
            if other not in region and other.name.value in names and other.name.value != subject.name.value:
                region.append(other)
    return region
