"""From a wish to candidates: the texts of blocks with one edit each, likeliest and smallest first. Nothing is run."""

from __future__ import annotations

import difflib
import textwrap
from dataclasses import dataclass
from typing import Callable, Iterator

from torch_side.mend.edit import Edit
from torch_side.mend.scene import Scene, Tree, make_scene
from torch_side.mend.strategies import affine, centre, conduct, eps, momentum, mutate, notes, precision, running, shape, statistics, variance
from torch_side.mend.wish import Wish

Strategy = Callable[[Scene], Iterator[Edit]]


@dataclass(frozen=True, slots=True)
class Candidate:
    about: str
    """What the edit does, in a few words."""
    guess: bool
    """One of all small changes."""
    blocks: dict[int, str]
    """New texts of the blocks that it changes, by their place in the wish."""


MOST_GUESSES = 16

STRATEGIES: dict[str, tuple[Strategy, ...]] = {
    "variance.normalization": (variance.divide_by_n, variance.divide_by_count),
    "variance.running": (variance.track_unbiased,),
    "variance.algorithm": (variance.two_passes,),
    "mean.subtracted": (centre.centre,),
    "running.tracked": (running.track_variance,),
    "running.initial": (running.begin_as_pytorch,),
    "running.gradient": (running.detach_update,),
    "running.update-in-eval": (running.only_in_training,),
    "momentum.rule": (momentum.swap_weights, momentum.rewrite_rule),
    "momentum.default": (momentum.set_default,),
    "eps.value": (eps.set_value,),
    "eps.placement": (eps.inside_root,),
    "eps.zero": (notes.honour_zero,),
    "axes.reduction": (shape.reduce_over,),
    "channel.axis": (shape.channels,),
    "groups.layout": (shape.contiguous_groups,),
    "affine.form": (affine.form,),
    "affine.shape": (affine.shape,),
    "affine.default": (affine.default_option,),
    "weight.initial": (affine.ones_and_zeros,),
    "statistics.train": (statistics.batch_in_training,),
    "statistics.eval": (statistics.running_in_eval,),
    "gradient.statistics": (statistics.differentiated,),
    "statistics.untracked-eval": (precision.batch_untracked,),
    "precision.accumulation": (precision.widen,),
    "precision.affine": (precision.round_last,),
    "single-value.train": (notes.refuse_single_value,),
    "state.batches-tracked": (notes.count_batches,),
    "state.keys": (notes.without_extras,),
    "input.rank": (notes.take_ranks,),
    "input.layout": (conduct.any_layout,),
    "input.mutated": (conduct.out_of_place,),
    "stdout": (conduct.silent,),
}
"""By convention; what is not listed is not mended."""

_MUTABLE = ("variance.", "mean.", "running.", "momentum.", "eps.", "axes.", "channel.", "groups.", "affine.", "statistics.", "gradient.")


def propose(wish: Wish, most: int) -> list[Candidate]:
    """At most `most`, no two with the same text; none for what no edit of the code could mend."""
    if wish.convention == "affine.shape" and wish.expected == "normalized_shape" and wish.actual == "C":
        return []  # the constructor takes a number of channels alone, and the sizes beside it are nowhere
    scene = make_scene(wish)
    if scene is None:
        return []
    found: list[Candidate] = []
    seen: set[tuple[tuple[int, str], ...]] = set()
    meant = STRATEGIES.get(wish.convention, ())
    guesses = (mutate.mutations,) if wish.convention.startswith(_MUTABLE) else ()
    for strategies, limit in ((meant, most), (guesses, MOST_GUESSES)):
        left = limit
        for strategy in strategies:
            for candidate in _made(scene, strategy, strategies is guesses):
                key = tuple(sorted(candidate.blocks.items()))
                if left > 0 and key not in seen:
                    seen.add(key)
                    found.append(candidate)
                    left -= 1
                if left == 0:
                    break
    return found


# --- internal ---


def _made(scene: Scene, strategy: Strategy, guess: bool) -> Iterator[Candidate]:
    edits = strategy(scene)
    while True:
        try:
            edit = next(edits)
        except StopIteration:
            return
        except Exception:  # a form that the strategy did not foresee: what it has proposed so far stands
            return
        candidate = _candidate(scene, edit, guess)
        if candidate is not None:
            yield candidate


def _candidate(scene: Scene, edit: Edit, guess: bool) -> Candidate | None:
    blocks: dict[int, str] = {}
    for tree in scene.trees:
        if not any(scene.root_of(node) is tree.module for node, _ in edit.changes.values()):
            continue
        try:
            text = tree.parts.with_edit(edit)
        except Exception:  # the edit made no Python
            return None
        if text is not None:
            blocks[tree.index] = _indented(text, tree, scene.wish.blocks[tree.index].text)
    return Candidate(edit.about, guess, blocks) if blocks else None


def _indented(text: str, tree: Tree, before: str) -> str:
    """Back to the block's own indentation; lines that did not change are the block's own."""
    if tree.indent == "":
        return text
    old, new = before.splitlines(keepends=True), text.splitlines(keepends=True)
    plain = textwrap.dedent(before).splitlines(keepends=True)
    lines: list[str] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, plain, new, autojunk=False).get_opcodes():
        lines += old[i:j] if tag == "equal" else [tree.indent + line if line.strip() else line for line in new[k:m]]
    return "".join([*lines, *old[len(plain) :]])  # a last line of spaces alone is no line of the plain text
