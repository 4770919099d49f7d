"""Edits of weight and bias: what they do to the normalised value, which elements share one, and what they begin with."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, operand, nodes_of
from torch_side.mend.scene import Scene
from torch_side.mend.statements import insert_after, returns, take_out
from torch_side.mend.strategies.running import begin_with


def form(scene: Scene) -> Iterator[Edit]:
    """What stands at `actual` → weight · x + bias (weight alone in RMSNorm)."""
    actual = scene.wish.actual
    if actual == "one-plus-weight":
        yield from _without_one(scene)
    elif actual == "bias-before-weight":
        yield from _bias_last(scene)
    elif actual in ("weight*x+bias", "bias-only") and scene.wish.expected in ("weight-only", "none"):
        yield from _without(scene, "bias")
    elif actual == "weight-only":
        yield from _with_bias(scene)
    elif actual == "bias-only":
        yield from _with_weight(scene)
    elif actual in ("none", "ignored"):
        yield from _with_both(scene)
    yield from _options_on(scene)


def ones_and_zeros(scene: Scene) -> Iterator[Edit]:
    """Weights begin at one, biases at zero."""
    yield from begin_with(scene, {"weight": 1, "bias": 0}, "begin as PyTorch's parameters do")


def shape(scene: Scene) -> Iterator[Edit]:
    """Parameters of another size, and the view that lines them up."""
    init = scene.init
    if init is None:
        return
    parameters = [p.name.value for p in init.params.params[1:]]
    sizes = sorted(parameters, key=lambda n: not re.search(r"(?i)feat|chan|dim|size|shape|^c$|num_c|planes|width|depth|hidden", n))
    makers = [m for role in ("weight", "bias") for m in _makers(scene, role)]
    for size in sizes:
        for written in (size, f"1, {size}, 1, 1", f"1, {size}, 1"):
            edit = Edit("one for each")
            for call in makers:
                if call.args:
                    edit.change(call, lambda now, w=written: now.with_changes(args=[cst.Arg(cst.parse_expression(a.strip())) for a in w.split(",")]))  # type: ignore[attr-defined]
            if not edit.changes:
                continue
            yield edit
            for view in _views(scene):
                both = Edit(edit.about).join(edit)
                for role in ("weight", "bias"):
                    for node in _reads(scene, role):
                        both.put(_viewed(scene, node), f"{scene.own(role)}{view}")
                yield both
    for view in _views(scene):
        edit = Edit("lined up with the channels")
        for role in ("weight", "bias"):
            for node in _reads(scene, role):
                edit.put(_viewed(scene, node), f"{scene.own(role)}{view}")
        if edit.changes:
            yield edit


def default_option(scene: Scene) -> Iterator[Edit]:
    """`affine=True` ↔ `affine=False` in the signature."""
    for function in scene.all(cst.FunctionDef):
        for p in (*function.params.params, *function.params.kwonly_params):
            if p.default is not None and re.search(r"(?i)affine|weight|bias|scale|center", p.name.value) and flat(p.default) in ("True", "False"):
                yield Edit("the default of PyTorch").put(p.default, "False" if flat(p.default) == "True" else "True")


# --- internal ---


def _without_one(scene: Scene) -> Iterator[Edit]:
    edits: list[Edit] = []
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Add):
            for one, weight in ((node.left, node.right), (node.right, node.left)):
                if flat(one) in ("1", "1.0", "1.") and _is_about(scene, weight, "weight"):
                    edits.append(Edit("scale by the weight itself").put(node, operand(weight)))
    for call in scene.all(cst.Call):
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "add" and call.args and flat(call.args[0].value) in ("1", "1.0"):
            edits.append(Edit("scale by the weight itself").put(call, operand(call.func.value)))
    starts = list(begin_with(scene, {"weight": 1}, "scale by the weight itself"))
    for edit in edits:
        for start in starts or [Edit("")]:
            yield Edit("scale by the weight itself").join(edit).join(start)


def _bias_last(scene: Scene) -> Iterator[Edit]:
    for node in scene.all(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Multiply):
            continue
        for weight, total in ((node.left, node.right), (node.right, node.left)):
            if not (isinstance(total, cst.BinaryOperation) and isinstance(total.operator, cst.Add)):
                continue
            for value, bias in ((total.left, total.right), (total.right, total.left)):
                if _is_about(scene, bias, "bias"):
                    first, second = (operand(weight), _inner(value)) if weight is node.left else (_inner(value), operand(weight))
                    yield Edit("bias after weight").put(node, f"{first} * {second} + {code_of(bias)}")
    # Two statements: `y = y + b` before `y * w`.
    sums: list[tuple[cst.BaseStatement | cst.BaseExpression, str, str]] = []
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Add) and _is_about(scene, node.right, "bias"):
            sums.append((node, operand(node.left), code_of(node.right)))
    for node in scene.all(cst.AugAssign):
        line = scene.statement(node)
        if isinstance(node.operator, cst.AddAssign) and _is_about(scene, node.value, "bias") and line is not None:
            sums.append((line, "", code_of(node.value)))
    for place, kept, bias in sums:
        for product in scene.all(cst.BinaryOperation):
            if isinstance(product.operator, cst.Multiply) and _is_about(scene, product, "weight") and product is not place:
                edit = Edit("bias after weight")
                edit.put(place, kept) if kept else edit.drop(place)
                yield edit.change(product, lambda now, b=bias: cst.parse_expression(f"{code_of(now)} + {b}"))


def _inner(node: cst.BaseExpression) -> str:
    """A quotient or product goes without parentheses beside another one."""
    plain = isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Multiply, cst.Divide))
    return code_of(node) if plain else operand(node)


def _without(scene: Scene, role: str) -> Iterator[Edit]:
    edit = Edit(f"no {role}")
    for node in scene.all(cst.BinaryOperation):
        if isinstance(node.operator, cst.Add) and _is_about(scene, node.right, role):
            edit.put(node, operand(node.left))
        elif isinstance(node.operator, cst.Add) and _is_about(scene, node.left, role):
            edit.put(node, operand(node.right))
    if not edit.changes:
        return
    name = scene.own(role)
    for assign in scene.all(cst.Assign):
        line = scene.statement(assign)
        if line is not None and any(flat(t.target) == name for t in assign.targets):
            yield take_out(scene, Edit(f"no {role}").join(edit), line)
    yield edit


def _with_bias(scene: Scene) -> Iterator[Edit]:
    weight = scene.own("weight")
    made = _statement_that_makes(scene, weight)
    if weight is None or made is None or not scene.is_class:
        return
    bias = "self.bias" if weight != "self.bias" else "self.shift"
    for node in _reads(scene, "weight"):
        viewed = _viewed(scene, node)
        product = _product_of(scene, viewed)
        if product is None:
            continue
        text = code_of(viewed).replace(weight, bias)
        edit = Edit("a bias")
        insert_after(scene, edit, made, f"{bias} = nn.Parameter(torch.zeros_like({weight}))")
        yield edit.change(product, lambda now, t=text: cst.parse_expression(f"{code_of(now)} + {t}"))


def _with_weight(scene: Scene) -> Iterator[Edit]:
    bias = scene.own("bias")
    made = _statement_that_makes(scene, bias)
    if bias is None or made is None or not scene.is_class:
        return
    for node in _reads(scene, "bias"):
        viewed = _viewed(scene, node)
        total = scene.parent(viewed)
        if isinstance(total, cst.BinaryOperation) and isinstance(total.operator, cst.Add):
            other = total.left if total.right is viewed else total.right
            text = code_of(viewed).replace(bias, "self.weight")
            edit = Edit("a weight").put(other, f"{operand(other)} * {text}")
            yield insert_after(scene, edit, made, f"self.weight = nn.Parameter(torch.ones_like({bias}))")


def _with_both(scene: Scene) -> Iterator[Edit]:
    weight, bias = scene.own("weight"), scene.own("bias")
    wants_bias = scene.wish.kind != "RMSNorm"
    parameters = _parameters(scene)
    if weight is None and bias is None and parameters:
        weight = parameters[0]
        bias = parameters[1] if len(parameters) > 1 else None
        if len(parameters) > 1 and re.search(r"(?i)bias|beta|shift|offset|^self\.b$", parameters[0]):
            weight, bias = bias, weight
    init = scene.init
    made = ""
    if weight is None and init is not None and isinstance(init.body, cst.IndentedBlock):
        sizes = [p.name.value for p in init.params.params[1:]]
        size = next((s for s in sizes if re.search(r"(?i)feat|chan|dim|size|shape|^c$|planes|width|hidden", s)), sizes[0] if sizes else None)
        if size is None:
            return
        weight, bias = "self.weight", "self.bias" if wants_bias else None
        made = f"self.weight = nn.Parameter(torch.ones({size}))" + (f"\nself.bias = nn.Parameter(torch.zeros({size}))" if wants_bias else "")
    for view in ("", *_views(scene)):
        edit = Edit("weight and bias in the output")
        for line in returns(scene):
            assert line.value is not None
            added = f" + {bias}{view}" if bias is not None and wants_bias else ""
            edit.change(line.value, lambda now, v=view, a=added: cst.parse_expression(f"{operand(now)} * {weight}{v}{a}"))
        if made and init is not None and isinstance(init.body, cst.IndentedBlock):
            insert_after(scene, edit, init.body.body[-1], made)
        yield edit


def _options_on(scene: Scene) -> Iterator[Edit]:
    """A layer inside that was made without its parameters."""
    for call in scene.all(cst.Call):
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value in ("affine", "elementwise_affine", "bias") and flat(arg.value) in ("False", "True"):
                yield Edit("parameters as PyTorch has them").put(arg.value, "False" if flat(arg.value) == "True" else "True")
    yield from default_option(scene)


def _parameters(scene: Scene) -> list[str]:
    found: list[str] = []
    for assign in scene.all(cst.Assign):
        if isinstance(assign.value, cst.Call) and flat(assign.value.func).endswith("Parameter"):
            found += [flat(t.target) for t in assign.targets]
    return found


def _is_about(scene: Scene, node: cst.CSTNode, role: str) -> bool:
    own = scene.own(role)
    return own is not None and re.search(rf"(^|[^\w.]){re.escape(own)}(?!\w)", flat(node)) is not None or own is None and _named(node, role)


def _named(node: cst.CSTNode, role: str) -> bool:
    word = {"weight": r"(?i)weight|gamma|scale|gain|^self\.g$|^self\.w$", "bias": r"(?i)bias|beta|shift|offset|^self\.b$"}[role]
    return re.search(word, flat(node)) is not None


def _reads(scene: Scene, role: str) -> list[cst.BaseExpression]:
    own = scene.own(role)
    forward = scene.forward
    if own is None or forward is None:
        return []
    roots = [d for d in scene.region if isinstance(d, cst.FunctionDef)] + [forward]
    seen: dict[int, cst.BaseExpression] = {}
    for root in roots:
        for node in nodes_of(root):
            if isinstance(node, (cst.Attribute, cst.Name)) and flat(node) == own and not isinstance(scene.parent(node), (cst.AssignTarget, cst.Param)):
                seen[id(node)] = node
    return list(seen.values())


def _viewed(scene: Scene, node: cst.BaseExpression) -> cst.BaseExpression:
    """With the view or index that the code puts it in."""
    here = node
    while True:
        above = scene.parent(here)
        if isinstance(above, cst.Subscript) and above.value is here:
            here = above
        elif isinstance(above, cst.Attribute) and above.value is here and above.attr.value in ("view", "reshape", "unsqueeze", "expand", "to", "expand_as", "view_as", "type_as", "float"):
            call = scene.parent(above)
            if not isinstance(call, cst.Call):
                return here
            here = call
        else:
            return here


def _product_of(scene: Scene, node: cst.BaseExpression) -> cst.BaseExpression | None:
    above = scene.parent(node)
    if isinstance(above, cst.BinaryOperation) and isinstance(above.operator, cst.Multiply):
        return above
    if isinstance(above, cst.Arg) and isinstance(call := scene.parent(above), cst.Call) and flat(call.func).endswith(("mul", "multiply", "mul_")):
        return call
    return None


def _makers(scene: Scene, role: str) -> list[cst.Call]:
    own = scene.own(role)
    found: list[cst.Call] = []
    for assign in scene.all(cst.Assign):
        if any(flat(t.target) == own for t in assign.targets):
            for node in nodes_of(assign.value):
                if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in ("ones", "zeros", "empty", "rand", "randn", "Tensor"):
                    found.append(node)
    return found


def _statement_that_makes(scene: Scene, own: str | None) -> cst.BaseStatement | None:
    for assign in scene.all(cst.Assign):
        if own is not None and any(flat(t.target) == own for t in assign.targets):
            return scene.statement(assign)
    return None


def _views(scene: Scene) -> list[str]:
    ones = {2: "", 3: ", 1", 4: ", 1, 1", 5: ", 1, 1, 1"}.get(scene.wish.rank, ", 1, 1")
    return [f".view(1, -1{ones})"]
