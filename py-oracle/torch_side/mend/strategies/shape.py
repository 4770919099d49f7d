"""Edits of which elements share a statistic: the axes of reduction, where channels are read, which channels make a group."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, parse_expression, nodes_of
from torch_side.mend.forms import StatCall, mean_names, spread_names, stat_calls
from torch_side.mend.scene import Scene
from torch_side.mend.statements import first_statement, insert_before, returns
from torch_side.mend.strategies.updates import update_statements


def reduce_over(scene: Scene) -> Iterator[Edit]:
    """Other axes in the calls of mean and variance."""
    calls = stat_calls(scene)
    for dims in _dims_wanted(scene):
        for keep in (None, True):
            edit = Edit("reduce over PyTorch's axes")
            for call in calls:
                _set_dims(scene, edit, call, dims, keep)
            if edit.changes:
                yield edit
    # The tuple may stand by itself.
    for node in scene.all(cst.BaseExpression):
        if isinstance(node, (cst.Tuple, cst.List)) and node.elements and all(re.fullmatch(r"-?\d", flat(e.value)) for e in node.elements):
            for dims in _dims_wanted(scene):
                yield Edit("reduce over PyTorch's axes").put(node, dims if dims.startswith("(") else f"({dims},)")
    yield from _normalised(scene)
    yield from moved_channels(scene)
    yield from _interleaved(scene)
    yield from _flattenings(scene)


def channels(scene: Scene) -> Iterator[Edit]:
    """Channels read from axis 1."""
    actual = scene.wish.actual
    if actual == "broadcast-last":
        yield from _lined_up(scene)
        yield from moved_channels(scene)
    elif actual == "0":
        yield from _moved(scene, "transpose(0, 1)", "transpose(0, 1)")
        yield from reduce_over(scene)
    else:
        yield from _unmoved(scene)
        yield from moved_channels(scene)
        yield from reduce_over(scene)


def moved_channels(scene: Scene) -> Iterator[Edit]:
    """The channels moved to the last axis at the start and back at the end."""
    yield from _moved(scene, "movedim(1, -1)", "movedim(-1, 1)")
    yield from _moved(scene, "movedim(1, -1).contiguous()", "movedim(-1, 1)")


def contiguous_groups(scene: Scene) -> Iterator[Edit]:
    """Neighbouring channels in one group."""
    yield from _interleaved(scene)


# --- internal ---

_LETTERS = {2: "NC", 3: "NCL", 4: "NCHW", 5: "NCDHW"}


def _rank(scene: Scene) -> int:
    words = f"{scene.wish.expected},{scene.wish.actual}".split(",")
    if "D" in words:
        return 5
    if "H" in words or "W" in words:
        return 4
    return 3 if "L" in words else scene.wish.rank


def _dims_wanted(scene: Scene) -> list[str]:
    kind, rank = scene.wish.kind, _rank(scene)
    letters = _LETTERS.get(rank, "NCHW")
    words = str(scene.wish.expected).split(" ")[0].split(",")
    wanted = [letters.index(w) for w in words if w in letters]
    if not wanted:
        wanted = {"BatchNorm": [0, *range(2, rank)], "InstanceNorm": list(range(2, rank))}.get(kind, [rank - 1])
    found = [_tuple(wanted)]
    if kind == "LayerNorm" or kind == "RMSNorm":
        found = [_tuple([d - rank for d in wanted]), _tuple(wanted), "tuple(range(-len(self.normalized_shape), 0))"]
    if kind == "GroupNorm":
        found = ["-1", "(2, 3, 4)", "2", "(2, 3)", "(1, 2, 3)", "(3, 4)", "1"]
    return found


def _tuple(dims: list[int]) -> str:
    return str(dims[0]) if len(dims) == 1 else f"({', '.join(map(str, dims))})"


def _set_dims(scene: Scene, edit: Edit, call: StatCall, dims: str, keep: bool | None) -> None:
    if call.dims is not None:
        edit.put(call.dims.value, dims)
    numpy = call.module in ("np", "numpy")
    extra = "" if call.dims is not None else f"{'axis' if numpy else 'dim'}={dims}"
    kept = call.keyword("keepdim", "keepdims") is not None or any(flat(a.value) == "True" and a.keyword is None for a in call.args)
    if keep and not kept:
        extra += (", " if extra else "") + f"{'keepdims' if numpy else 'keepdim'}=True"
    if extra:
        _add_arguments(edit, call.node, extra)


def _add_arguments(edit: Edit, call: cst.Call, extra: str) -> None:
    def change(now: cst.CSTNode) -> cst.CSTNode:
        assert isinstance(now, cst.Call)
        added = cst.parse_expression(f"f({extra})")
        assert isinstance(added, cst.Call)
        if not now.args:
            return now.with_changes(args=added.args)
        last = now.args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return now.with_changes(args=[*now.args[:-1], last, *added.args])

    edit.change(call, change)


def _moved(scene: Scene, there: str, back: str) -> Iterator[Edit]:
    first = first_statement(scene)
    lines = returns(scene)
    if first is None or not lines:
        return
    edit = Edit("channels from axis 1")
    for line in lines:
        assert line.value is not None
        edit.change(line.value, lambda now: parse_expression(f"{operand(now)}.{back}"))
    if isinstance(first, cst.SimpleStatementLine) and any(isinstance(p, cst.Return) for p in first.body):
        whole = Edit(edit.about)
        for line in lines:
            assert line.value is not None
            for node in nodes_of(line.value):
                if isinstance(node, cst.Name) and node.value == scene.x:
                    whole.put(node, f"{scene.x}.{there}")
            whole.change(line.value, lambda now: parse_expression(f"{operand(now)}.{back}"))
        yield whole
    yield insert_before(scene, edit, first, f"{scene.x} = {scene.x}.{there}")


def _unmoved(scene: Scene) -> Iterator[Edit]:
    """A permutation that the code makes itself, left out."""
    movers = [c for c in scene.all(cst.Call) if isinstance(c.func, cst.Attribute) and c.func.attr.value in ("permute", "movedim", "transpose", "swapaxes", "moveaxis")]
    if movers:
        edit = Edit("channels from axis 1")
        for call in movers:
            edit.change(call, lambda now: now.func.value if isinstance(now, cst.Call) and isinstance(now.func, cst.Attribute) else now)
        yield edit


def _lined_up(scene: Scene) -> Iterator[Edit]:
    """Statistics and parameters of shape (C,) viewed as (1, C, 1, 1)."""
    ones = {3: ", 1", 4: ", 1, 1", 5: ", 1, 1, 1"}.get(scene.wish.rank, ", 1, 1")
    view = f".view(1, -1{ones})"
    updates = update_statements(scene)
    updating = {id(n) for u in updates for n in nodes_of(u)}
    own = [n for n in (scene.own(r) for r in ("weight", "bias", "running_mean", "running_var")) if n is not None]
    stats = [*mean_names(scene), *spread_names(scene)]
    x = scene.x
    for names in ([*stats, *own], stats, own):
        edit = Edit("line up with the channels")
        for node in _uses(scene, [n for n in names if n != x], updating):
            edit.put(node, f"{code_of(node)}{view}")
        if edit.changes:
            yield edit
    for flatten in ("", ".flatten()"):
        for also in ((), own):
            edit = Edit("keep the axes")
            for call in stat_calls(scene, "mean", "var", "std", "var_mean", "std_mean"):
                if id(call.node) not in updating and call.keyword("keepdim", "keepdims") is None:
                    _add_arguments(edit, call.node, "keepdim=True")
            for node in _uses(scene, list(also), updating):
                edit.put(node, f"{code_of(node)}{view}")
            if flatten:
                for statement in updates:
                    for node in nodes_of(statement):
                        if isinstance(node, cst.Name) and node.value in stats and not isinstance(scene.parent(node), (cst.Attribute, cst.AssignTarget)):
                            edit.put(node, f"{node.value}{flatten}")
            if edit.changes:
                yield edit
    moved = Edit("line up with the channels")
    for call in stat_calls(scene, "mean", "var", "std"):
        if id(call.node) not in updating:
            moved.change(call.node, lambda now: parse_expression(f"{code_of(now)}{view}"))
    if moved.changes:
        yield moved


def _uses(scene: Scene, names: list[str], updating: set[int]) -> list[cst.BaseExpression]:
    """Where names enter arithmetic, outside of updates and the constructor."""
    found: list[cst.BaseExpression] = []
    for definition in scene.region:
        for node in nodes_of(definition):
            if not isinstance(node, (cst.Name, cst.Attribute)) or flat(node) not in names or id(node) in updating:
                continue
            above = scene.parent(node)
            function = scene.function_of(node)
            if function is None or function.name.value == "__init__" or not isinstance(above, (cst.BinaryOperation, cst.Arg)):
                continue
            if isinstance(above, cst.Arg) and (above.keyword is node or isinstance(c := scene.parent(above), cst.Call) and not re.search(r"sqrt|mul|add|sub|div|addcmul", flat(c.func))):
                continue
            found.append(node)
    return found


_ADJACENT = re.compile(r"(?i)group|^g$|\.g$|n_g|num_g|^-1$|//")


def _interleaved(scene: Scene) -> Iterator[Edit]:
    """(N, C/G, G, …) → (N, G, C/G, …), with the axes of the statistics to match."""
    for call in scene.all(cst.Call):
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value not in ("view", "reshape", "unflatten"):
            continue
        items: list[cst.BaseExpression] = [a.value for a in call.args]
        if len(items) == 1 and isinstance(items[0], (cst.Tuple, cst.List)):
            items = [e.value for e in items[0].elements]
        for i in (1, 2):
            if len(items) <= i + 1 or not all(_ADJACENT.search(flat(n)) for n in items[i : i + 2]):
                continue
            edit = Edit("neighbouring channels in one group").put(items[i], code_of(items[i + 1])).put(items[i + 1], code_of(items[i]))
            turned = Edit(edit.about).join(edit)
            for stat in stat_calls(scene):
                if stat.dims is not None:
                    for node in nodes_of(stat.dims.value):
                        if isinstance(node, cst.Integer) and flat(node) in (str(i), str(i + 1)):
                            turned.put(node, str(2 * i + 1 - int(flat(node))))
            yield turned
            yield edit
    for node in scene.all(cst.SimpleString):
        swapped = re.sub(r"\((\w+) (\w+)\)", r"(\2 \1)", node.value)
        if swapped != node.value:
            whole = Edit("neighbouring channels in one group")
            for other in scene.all(cst.SimpleString):
                whole.put(other, re.sub(r"\((\w+) (\w+)\)", r"(\2 \1)", other.value))
            yield whole
            break
    for call in scene.all(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value in ("transpose", "permute", "swapaxes"):
            others = [c for c in scene.all(cst.Call) if isinstance(c.func, cst.Attribute) and c.func.attr.value == call.func.attr.value]
            edit = Edit("neighbouring channels in one group")
            for other in others:
                edit.change(other, lambda now: now.func.value if isinstance(now, cst.Call) and isinstance(now.func, cst.Attribute) else now)
            yield edit
            break
    strided = [s for s in scene.all(cst.Slice) if s.step is not None]
    if strided:
        edit = Edit("neighbouring channels in one group")
        for s in strided:
            assert s.step is not None
            g, n = operand(s.lower) if s.lower is not None else "0", operand(s.step)
            edit.change(s, lambda _, g=g, n=n: _slice(f"{g} * ({scene.x}.shape[1] // {n})", f"({g} + 1) * ({scene.x}.shape[1] // {n})"))
        yield edit
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Modulo):
            yield Edit("neighbouring channels in one group").put(node, f"{operand(node.left)} // ({scene.x}.shape[1] // {operand(node.right)})")


def _slice(lower: str, upper: str) -> cst.Slice:
    return cst.Slice(parse_expression(lower), parse_expression(upper))


def _flattenings(scene: Scene) -> Iterator[Edit]:
    """`flatten(1)` ↔ `flatten(2)`, `reshape(N, -1)` ↔ `reshape(N, C, -1)`."""
    for call in scene.all(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "flatten":
            for arg in call.args:
                for value in ("1", "2", "-2"):
                    if flat(arg.value) != value:
                        yield Edit("reduce over PyTorch's axes").put(arg.value, value)


def _normalised(scene: Scene) -> Iterator[Edit]:
    """The whole of `normalized_shape`."""
    for call in stat_calls(scene):
        if call.dims is not None and flat(call.dims.value) in ("-1", "1", "2", "3"):
            for name in ("self.normalized_shape", "self.shape", "self.dims"):
                if any(flat(n) == name for d in scene.region for n in nodes_of(d) if isinstance(n, cst.Attribute)):
                    edit = Edit("reduce over normalized_shape")
                    for other in stat_calls(scene):
                        if other.dims is not None:
                            edit.put(other.dims.value, f"tuple(range(-len({name}), 0))")
                    yield edit
                    return
