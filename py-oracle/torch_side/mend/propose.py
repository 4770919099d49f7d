"""From a wish to candidates: the texts of blocks with one edit each, likeliest and smallest first. Nothing is run."""

from __future__ import annotations

import difflib
import textwrap
from dataclasses import dataclass
from typing import Callable, Iterator

import libcst as cst

from torch_side.mend.edit import Edit, apply_edit
from torch_side.mend.scene import Scene, Tree, make_scene
from torch_side.mend.strategies import conduct, eps, variance
from torch_side.mend.wish import Wish

Strategy = Callable[[Scene], Iterator[Edit]]


@dataclass(frozen=True, slots=True)
class Candidate:
    about: str
    """What the edit does, in a few words."""
    blocks: dict[int, str]
    """New texts of the blocks that it changes, by their place in the wish."""


STRATEGIES: dict[str, tuple[Strategy, ...]] = {
    "variance.normalization": (variance.divide_by_n, variance.divide_by_count),
    "variance.running": (variance.track_unbiased,),
    "variance.algorithm": (variance.two_passes,),
    "eps.value": (eps.set_value,),
    "eps.placement": (eps.inside_root,),
    "input.layout": (conduct.any_layout,),
    "input.mutated": (conduct.out_of_place,),
    "stdout": (conduct.silent,),
}


def propose(wish: Wish, most: int) -> list[Candidate]:
    """At most `most`, no two with the same text."""
    scene = make_scene(wish)
    if scene is None:
        return []
    found: list[Candidate] = []
    seen: set[tuple[tuple[int, str], ...]] = set()
    for strategy in STRATEGIES.get(wish.convention, ()):
        for candidate in _made(scene, strategy):
            key = tuple(sorted(candidate.blocks.items()))
            if key in seen:
                continue
            seen.add(key)
            found.append(candidate)
            if len(found) >= most:
                return found
    return found


# --- internal ---


def _made(scene: Scene, strategy: Strategy) -> Iterator[Candidate]:
    edits = strategy(scene)
    while True:
        try:
            edit = next(edits)
        except StopIteration:
            return
        except Exception:  # a form that the strategy did not foresee: what it has proposed so far stands
            return
        candidate = _candidate(scene, edit)
        if candidate is not None:
            yield candidate


def _candidate(scene: Scene, edit: Edit) -> Candidate | None:
    blocks: dict[int, str] = {}
    for tree in scene.trees:
        if not any(scene.root_of(node) is tree.module for node, _ in edit.changes.values()):
            continue
        try:
            text = _indented(apply_edit(tree.module, edit), tree, scene.wish.blocks[tree.index].text)
        except Exception:  # the edit made no Python
            return None
        if text != scene.wish.blocks[tree.index].text:
            blocks[tree.index] = text
    return Candidate(edit.about, blocks) if blocks else None


def _indented(text: str, tree: Tree, before: str) -> str:
    """Back to the block's own indentation; lines that did not change are the block's own."""
    if tree.indent == "":
        return text
    old, new = before.splitlines(keepends=True), text.splitlines(keepends=True)
    plain = textwrap.dedent(before).splitlines(keepends=True)
    lines: list[str] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, plain, new, autojunk=False).get_opcodes():
        lines += old[i:j] if tag == "equal" else [tree.indent + line if line.strip() else line for line in new[k:m]]
    return "".join(lines)
