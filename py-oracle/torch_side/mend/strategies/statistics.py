"""Edits of which statistics are used when: of the batch in training, the running ones in eval; and what the gradient flows through."""

from __future__ import annotations

import re
from typing import Iterator

import libcst as cst

from torch_side.mend.edit import Edit, code_of, flat, nodes_of
from torch_side.mend.forms import batch_assigned, mean_names, spread_names
from torch_side.mend.scene import Scene
from torch_side.mend.statements import insert_after
from torch_side.mend.strategies.momentum import momentum_code
from torch_side.mend.strategies.running import training
from torch_side.mend.strategies.updates import update_statements


def running_in_eval(scene: Scene) -> Iterator[Edit]:
    """`batch` → `running`: the names of the batch's statistics hold the buffers in eval."""
    mean_buffer, var_buffer = scene.own("running_mean"), scene.own("running_var")
    if scene.wish.expected == "batch":
        yield from _always_batch(scene)
        return
    yield from _literal_training(scene)
    if mean_buffer is None or var_buffer is None:
        yield from _new_buffers(scene)
        return
    for mean, var, last in _pairs(scene):
        for view in ("{b}", "{b}.view_as({s})", "{b}.reshape({s}.shape)"):
            values = f"{view.format(b=mean_buffer, s=mean)}, {view.format(b=var_buffer, s=var)}"
            for place in _places_after(scene, last):
                text = f"if not {training(scene)}:\n    {mean}, {var} = {values}"
                yield insert_after(scene, Edit("running statistics in eval"), place, text)
    # A deviation where the buffer holds the variance.
    for mean, std, last in _pairs(scene):
        text = f"if not {training(scene)}:\n    {mean}, {std} = {mean_buffer}.view_as({mean}), {var_buffer}.view_as({std}).sqrt()"
        yield insert_after(scene, Edit("running statistics in eval"), last, text)


def batch_in_training(scene: Scene) -> Iterator[Edit]:
    """`running-…` → `batch`: what is normalised with in training is what the batch gave."""
    mean_buffer, var_buffer = scene.own("running_mean"), scene.own("running_var")
    if mean_buffer is None or var_buffer is None:
        return
    updates = update_statements(scene)
    updating = {id(n) for u in updates for n in nodes_of(u)}
    forward = scene.forward
    if forward is None:
        return
    reads = {
        b: [n for n in nodes_of(forward) if isinstance(n, (cst.Attribute, cst.Name)) and flat(n) == b and id(n) not in updating and _is_read(scene, n)]
        for b in (mean_buffer, var_buffer)
    }
    for mean, var, _ in _pairs(scene):
        head = next((h for h in scene.all(cst.If) if training(scene) in flat(h.test) and any(id(u) in {id(n) for n in nodes_of(h.body)} for u in updates)), None)
        outside = {b: [n for n in nodes if head is None or id(n) not in {id(m) for m in nodes_of(head)}] for b, nodes in reads.items()}
        if head is not None:
            edit = Edit("batch statistics in training")
            for node in outside[mean_buffer]:
                edit.put(node, mean)
            for node in outside[var_buffer]:
                edit.put(node, var)
            line = f"{mean}, {var} = {mean_buffer}, {var_buffer}"
            if head.orelse is None:
                added = cst.parse_statement(f"if a:\n    pass\nelse:\n    {line}\n", scene.module_of(head).config_for_parsing)
                assert isinstance(added, cst.If)
                edit.change(head, lambda now, added=added: now.with_changes(orelse=added.orelse))  # type: ignore[attr-defined]
            elif isinstance(head.orelse, cst.Else) and isinstance(head.orelse.body, cst.IndentedBlock):
                insert_after(scene, edit, head.orelse.body.body[-1], line)
            yield edit
        chosen = Edit("batch statistics in training")
        for buffer, name in ((mean_buffer, mean), (var_buffer, var)):
            for node in outside[buffer]:
                chosen.put(node, f"({name} if {training(scene)} else {buffer})")
        if chosen.changes:
            yield chosen
        # `mean = self.running_mean` after the update of training.
        if head is not None:
            edit = Edit("batch statistics in training")
            for node in nodes_of(head.body):
                if isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Assign):
                    value = re.sub(r"\.(view|reshape|clone|detach|view_as)\(.*\)$|\[.*\]$", "", flat(node.body[0].value))
                    if value in (mean_buffer, var_buffer, f"{mean_buffer},{var_buffer}"):
                        edit.drop(node)
            if edit.changes:
                yield edit


def differentiated(scene: Scene) -> Iterator[Edit]:
    """The gradient flows through the statistics again: no detach, no no_grad, no .data around them."""
    updating = {id(n) for u in update_statements(scene) for n in nodes_of(u)}
    found: list[Edit] = []
    for call in scene.all(cst.Call):
        if id(call) in updating or not isinstance(call.func, cst.Attribute):
            continue
        if call.func.attr.value in ("detach", "detach_") and not call.args:
            found.append(Edit("let the gradient through").change(call, _receiver))
        if call.func.attr.value in ("item", "tolist") and not call.args:
            found.append(Edit("let the gradient through").change(call, _receiver))
    for node in scene.all(cst.Attribute):
        if node.attr.value == "data" and id(node) not in updating and not isinstance(scene.parent(node), (cst.AssignTarget, cst.Attribute)):
            found.append(Edit("let the gradient through").change(node, lambda now: now.value))  # type: ignore[attr-defined]
    for head in scene.all(cst.With):
        if any(word in code_of(item) for item in head.items for word in ("no_grad", "inference_mode", "set_grad_enabled")) and isinstance(head.body, cst.IndentedBlock):
            if all(id(s) in updating for s in head.body.body):
                continue
            found.append(Edit("let the gradient through").change(head, _unwrapped))
            found += _split(scene, head, updating)
    for function in scene.all(cst.FunctionDef):
        for decorator in function.decorators:
            if re.search(r"no_grad|inference_mode", code_of(decorator)):
                found.append(Edit("let the gradient through").drop(decorator))
    if len(found) > 1:
        whole = Edit("let the gradient through")
        for edit in found:
            whole.join(edit)
        yield whole
    yield from found


# --- internal ---


def _pairs(scene: Scene) -> list[tuple[str, str, cst.BaseStatement]]:
    """Names for the mean and the variance of the batch, with the last statement that binds one of them."""
    places = batch_assigned(scene)
    found: list[tuple[str, str, cst.BaseStatement]] = []
    bound = {name for name, _, _ in places}
    for mean in [n for n in mean_names(scene) if n in bound][:3]:
        for var in [n for n in spread_names(scene) if n in bound and n != mean][:3]:
            last = max((s for name, _, s in places if name in (mean, var)), key=scene.line, default=None)
            if last is not None:
                found.append((mean, var, last))
    return found


def _places_after(scene: Scene, last: cst.BaseStatement) -> list[cst.BaseStatement]:
    """After the statistics and, where updates follow them, after those too."""
    updates = update_statements(scene)
    places: list[cst.BaseStatement] = []
    if updates and scene.line(updates[-1]) > scene.line(last):
        place: cst.BaseStatement = updates[-1]
        forward = scene.forward
        while (block := scene.parent(place)) is not None and (holder := scene.parent(block)) is not None and holder is not forward and isinstance(holder, (cst.If, cst.With)):
            place = holder
        places.append(place)
    return [*places, last]


def _literal_training(scene: Scene) -> Iterator[Edit]:
    """A `True` where the mode belongs, a condition that does not ask for it."""
    for call in scene.all(cst.Call):
        if flat(call.func).endswith(("batch_norm", "instance_norm")):
            for arg in call.args:
                if flat(arg.value) in ("True", "False"):
                    yield Edit("running statistics in eval").put(arg.value, training(scene))
    for head in scene.all(cst.If):
        if flat(head.test) in ("True", "1") or re.search(r"(?i)train", flat(head.test)) and flat(head.test) != training(scene):
            yield Edit("running statistics in eval").put(head.test, training(scene))
    for node in scene.all(cst.IfExp):
        if re.search(r"(?i)train", flat(node.test)) and flat(node.test) != training(scene):
            yield Edit("running statistics in eval").put(node.test, training(scene))


def _always_batch(scene: Scene) -> Iterator[Edit]:
    for head in scene.all(cst.If):
        if training(scene) in flat(head.test) and isinstance(head.body, cst.IndentedBlock):
            orelse = head.orelse.body if isinstance(head.orelse, cst.Else) else None
            for body in (head.body, orelse):
                if isinstance(body, cst.IndentedBlock):
                    first, rest = body.body[0].with_changes(leading_lines=head.leading_lines), body.body[1:]
                    yield Edit("statistics of the input always").change(head, lambda _, first=first, rest=rest: cst.FlattenSentinel([first, *rest]))
    for call in scene.all(cst.Call):
        for arg in call.args:
            if flat(arg.value) == "self.training":
                yield Edit("statistics of the input always").put(arg.value, "True")
            if arg.keyword is not None and arg.keyword.value == "track_running_stats" and flat(arg.value) == "True":
                yield Edit("statistics of the input always").put(arg.value, "False")


def _new_buffers(scene: Scene) -> Iterator[Edit]:
    """Running statistics where there are none: made, updated in training, used in eval."""
    init, forward = scene.init, scene.forward
    if init is None or forward is None or not isinstance(init.body, cst.IndentedBlock):
        return
    weight = scene.own("weight")
    sizes = [p.name.value for p in init.params.params[1:] if p.default is None]
    named = [s for s in sizes if re.search(r"(?i)feat|chan|dim|size|^c$|^n$|num|planes|width|depth|hidden", s)]
    size = f"{weight}.numel()" if weight is not None else next(iter([*named, *sizes]), None)
    if size is None:
        return
    made = f'self.register_buffer("running_mean", torch.zeros({size}))\nself.register_buffer("running_var", torch.ones({size}))'
    m = momentum_code(scene)
    for mean, var, last in _pairs(scene):
        for deviation in (False, True):
            squared = f"{var} ** 2" if deviation else var
            back = f"self.running_var.view_as({var})" + (".sqrt()" if deviation else "")
            lines = [
                f"if {training(scene)}:",
                "    with torch.no_grad():",
                f"        n = {scene.x}.numel() / {var}.numel()",
                f"        self.running_mean += {m} * ({mean}.flatten() - self.running_mean)",
                f"        self.running_var += {m} * (({squared}).flatten() * n / (n - 1) - self.running_var)",
                "else:",
                f"    {mean}, {var} = self.running_mean.view_as({mean}), {back}",
            ]
            edit = Edit("running statistics")
            insert_after(scene, edit, init.body.body[-1], made)
            yield insert_after(scene, edit, last, "\n".join(lines))


def _is_read(scene: Scene, node: cst.CSTNode) -> bool:
    above = scene.parent(node)
    return not isinstance(above, (cst.AssignTarget, cst.Param)) and not (isinstance(above, cst.AugAssign) and above.target is node)


def _receiver(now: cst.CSTNode) -> cst.CSTNode:
    if isinstance(now, cst.Call) and isinstance(now.func, cst.Attribute):
        return now.func.value
    return now


def _unwrapped(now: cst.CSTNode) -> cst.FlattenSentinel[cst.BaseStatement]:
    assert isinstance(now, cst.With)
    first, *rest = now.body.body
    return cst.FlattenSentinel([first.with_changes(leading_lines=now.leading_lines), *rest])  # type: ignore[list-item]


def _split(scene: Scene, head: cst.With, updating: set[int]) -> list[Edit]:
    """Updates stay under no_grad, what stands before them leaves it."""
    assert isinstance(head.body, cst.IndentedBlock)
    body = list(head.body.body)
    first = next((i for i, s in enumerate(body) if id(s) in updating), None)
    if first is None or first == 0:
        return []
    out, kept = body[:first], body[first:]

    def change(now: cst.CSTNode):
        assert isinstance(now, cst.With)
        lead = out[0].with_changes(leading_lines=head.leading_lines)
        inner = now.with_changes(leading_lines=(), body=now.body.with_changes(body=kept))
        return cst.FlattenSentinel([lead, *out[1:], inner])

    return [Edit("let the gradient through").change(head, change)]
