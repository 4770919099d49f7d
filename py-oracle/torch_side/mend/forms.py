"""Forms that code takes: calls of mean and variance, square roots, small constants, updates of buffers. It finds and changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import libcst as cst

from torch_side.mend.edit import code_of, flat, operand, nodes_of
from torch_side.mend.scene import Scene

SPREADS = ("var", "std", "var_mean", "std_mean")
STATISTICS = ("mean", "nanmean", "average", "sum", *SPREADS)
MODULES = ("torch", "np", "numpy", "jnp", "F", "torch.linalg", "T")


@dataclass(frozen=True, slots=True)
class StatCall:
    node: cst.Call
    name: str
    tensor: str
    """Code of what it is taken of."""
    module: str | None
    """`torch` or `np` in `torch.var(x)`; None in `x.var()`."""
    args: tuple[cst.Arg, ...]
    """The others, as written."""

    def keyword(self, *names: str) -> cst.Arg | None:
        return next((a for a in self.args if a.keyword is not None and a.keyword.value in names), None)

    @property
    def dims(self) -> cst.Arg | None:
        """The argument that says over which axes."""
        named = self.keyword("dim", "axis")
        if named is not None:
            return named
        first = next((a for a in self.args if a.keyword is None and a.star == ""), None)
        return None if first is None or flat(first.value) in ("True", "False") else first

    def written(self, name: str, args: list[str]) -> str:
        """The same call of another name with other arguments."""
        if self.module is None:
            return f"{self.tensor}.{name}({', '.join(args)})"
        return f"{self.module}.{name}({', '.join([self.tensor, *args])})"

    def arg_codes(self, without: tuple[str, ...] = ()) -> list[str]:
        kept = [a for a in self.args if a.keyword is None or a.keyword.value not in without]
        return [code_of(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)).strip() for a in kept]


def stat_calls(scene: Scene, *names: str, under: cst.CSTNode | None = None) -> list[StatCall]:
    found = [stat_call(node) for node in scene.all(cst.Call, under)]
    return [call for call in found if call is not None and call.name in (names or STATISTICS)]


def stat_call(node: cst.CSTNode) -> StatCall | None:
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return None
    name, owner = node.func.attr.value, node.func.value
    if name not in STATISTICS:
        return None
    if flat(owner) in MODULES:
        if not node.args:
            return None
        return StatCall(node, name, operand(node.args[0].value), code_of(owner), tuple(node.args[1:]))
    return StatCall(node, name, operand(owner), None, tuple(node.args))


@dataclass(frozen=True, slots=True)
class Root:
    """A square root of something, however it is written: `torch.sqrt(v)`, `v.rsqrt()`, `v ** 0.5`, `v.pow(-0.5)`."""

    node: cst.BaseExpression
    inner: cst.BaseExpression
    inverse: bool

    def written(self, inner: str) -> str:
        """The same root of something else, given as code that may stand anywhere."""
        node = self.node
        if isinstance(node, cst.BinaryOperation):
            return f"({inner}) ** {code_of(node.right)}"
        assert isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute)
        if self.inner is node.func.value:
            args = ", ".join(code_of(a).rstrip(", ") for a in node.args)
            return f"({inner}).{node.func.attr.value}({args})"
        rest = "".join(f", {code_of(a).rstrip(', ')}" for a in node.args[1:])
        return f"{code_of(node.func)}({inner}{rest})"


def root(node: cst.CSTNode) -> Root | None:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power):
        power = flat(node.right)
        return Root(node, node.left, power.startswith("-")) if _is_half(power) else None
    if not isinstance(node, cst.Call):
        return None
    func = node.func
    if isinstance(func, cst.Name) and func.value in ("sqrt", "rsqrt") and node.args:
        return None  # from math: of one number
    if not isinstance(func, cst.Attribute):
        return None
    name, owner = func.attr.value, func.value
    free = flat(owner) in (*MODULES, "math")
    if name in ("sqrt", "rsqrt", "sqrt_", "rsqrt_"):
        inner = node.args[0].value if free and node.args else owner
        return Root(node, inner, name.startswith("rsqrt"))
    if name in ("pow", "power", "float_power") and node.args:
        if free:
            return Root(node, node.args[0].value, flat(node.args[1].value).startswith("-")) if len(node.args) > 1 and _is_half(flat(node.args[1].value)) else None
        power = flat(node.args[0].value)
        return Root(node, owner, power.startswith("-")) if _is_half(power) else None
    return None


def roots(scene: Scene) -> list[Root]:
    found = [root(node) for node in scene.all(cst.BaseExpression)]
    return [r for r in found if r is not None and not mentions_only_sizes(r.inner)]


def mentions_only_sizes(node: cst.CSTNode) -> bool:
    """Whether it is a count (`x.shape[1]`, `n`, `x.numel()`), so that its root is no standard deviation."""
    text = flat(node)
    return re.fullmatch(r"[\w.]*(shape|size|numel|len)\b.*|\d+", text) is not None


def number(node: cst.CSTNode) -> float | None:
    try:
        return float(flat(node).replace("_", ""))
    except ValueError:
        return None


def is_eps(node: cst.CSTNode) -> bool:
    """By its name, or as a constant too small to be anything else."""
    text = flat(node)
    value = number(node)
    if value is not None:
        return 0 < value <= 0.05
    if re.fullmatch(r"10\*\*-\d+|torch\.finfo\(.*\)\.eps|np\.finfo\(.*\)\.eps|sys\.float_info\.epsilon", text):
        return True
    return isinstance(node, (cst.Name, cst.Attribute, cst.Subscript)) and re.search(r"(?i)(eps|(^|[._])e$|delta|tiny|stab|variance_offset|(^|[._])tol)", text.rsplit("self.", 1)[-1]) is not None


def eps_code(scene: Scene, default: str = "1e-5") -> str:
    """The eps that the code already has, however it is used; else PyTorch's own."""
    init, forward = scene.init, scene.forward
    for function, prefix in ((init, "self."), (forward, "")):
        if function is None:
            continue
        if prefix:
            for node in nodes_of(function):
                if isinstance(node, cst.Attribute) and flat(node.value) == "self" and re.search(r"(?i)eps|^e$", node.attr.value):
                    return f"self.{node.attr.value}"
        else:
            for p in (*function.params.params, *function.params.kwonly_params):
                if re.search(r"(?i)eps", p.name.value):
                    return p.name.value
    return default


def assigned(scene: Scene, function: cst.FunctionDef | None) -> list[tuple[str, cst.BaseExpression, cst.BaseStatement]]:
    """Names bound in a function, what they are bound to, and where; `a, b = c, d` counts as two."""
    found: list[tuple[str, cst.BaseExpression, cst.BaseStatement]] = []
    for node in [] if function is None else nodes_of(function):
        if isinstance(node, cst.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        elif isinstance(node, cst.Assign):
            targets, value = [t.target for t in node.targets], node.value
        else:
            continue
        statement = scene.statement(node)
        if statement is None:
            continue
        for target in targets:
            if isinstance(target, cst.Name):
                found.append((target.value, value, statement))
            elif isinstance(target, cst.Tuple):
                values = [e.value for e in value.elements] if isinstance(value, cst.Tuple) and len(value.elements) == len(target.elements) else [value] * len(target.elements)
                found += [(e.value.value, v, statement) for e, v in zip(target.elements, values) if isinstance(e.value, cst.Name)]
    return found


def batch_assigned(scene: Scene) -> list[tuple[str, cst.BaseExpression, cst.BaseStatement]]:
    """As `assigned` in `forward`, without names that are bound to the buffers."""
    buffers = [b for b in (scene.own("running_mean"), scene.own("running_var")) if b is not None]
    return [(name, value, s) for name, value, s in assigned(scene, scene.forward) if not any(b in flat(value) for b in buffers)]


_SQUARES = re.compile(r"\.var\(|\bvar\(|pow\(2|square|\*\*2|\.std\(|\bvar_mean|\bstd_mean")


def spread_names(scene: Scene) -> list[str]:
    """Names that may hold the variance (or deviation) of the batch, likeliest first."""
    return _ranked(scene, re.compile(r"(?i)var|sigma|std|sd|s2|^v$|second|power"), lambda code: _SQUARES.search(code) is not None)


def mean_names(scene: Scene) -> list[str]:
    """Names that may hold the mean of the batch, likeliest first."""
    return _ranked(
        scene, re.compile(r"(?i)mean|mu|avg|^m$|cent(er|re)|first"), lambda code: re.search(r"mean|sum|average", code) is not None and _SQUARES.search(code) is None
    )


# --- internal ---


def _is_half(power: str) -> bool:
    return power.lstrip("-(").rstrip(")") in ("0.5", ".5", "1/2")


def _ranked(scene: Scene, word: re.Pattern[str], fits: object) -> list[str]:
    assert callable(fits)
    scores: dict[str, int] = {}
    for definition in scene.region:
        for function in [n for n in nodes_of(definition) if isinstance(n, cst.FunctionDef)]:
            for name, value, _ in assigned(scene, function):
                score = 2 * bool(fits(flat(value))) + bool(word.search(name))
                scores[name] = max(scores.get(name, 0), score)
    return [name for name, score in sorted(scores.items(), key=lambda pair: -pair[1]) if score > 0]
