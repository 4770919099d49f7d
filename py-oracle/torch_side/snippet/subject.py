"""A document as a subject: loads its code, then answers Cases whose layer is one of its classes."""

from __future__ import annotations

import random
from typing import Any

import numpy
import torch

from torch_side.layers import Unsupported
from torch_side.facts import TORCH_VERSION, capabilities
from torch_side.snippet.capture import Capture
from torch_side.snippet.describe import describe
from torch_side.snippet.document import Document, out_of_memory, run_document
from torch_side.snippet.trajectory import SnippetTrajectory
from wire.answer import PayloadWriter, Plain, undecided, unsupported
from wire.case import Case
from wire.limits import Limits
from wire.messages import Block


class Snippet:
    """Its code may leave torch in any state, so the state that matters is put right before each case."""

    name = "snippet"
    version: str | None = None

    def __init__(self, limits: Limits) -> None:
        self.capabilities = {**capabilities(), "torch": TORCH_VERSION}
        self._limits = limits
        self._document: Document | None = None
        self._spent: str | None = None  # how it ran out of memory, if it did: it would again, a second at a time

    def load(self, file: str, blocks: tuple[Block, ...], payload: PayloadWriter) -> Plain:
        _settle()
        with Capture():
            self._document = run_document(file, blocks)
            return describe(self._document, payload)

    def answer(self, case: Case, truth: bool, payload: PayloadWriter) -> Plain:
        del truth  # nobody's code is its own truth
        if self._document is None:
            return {"outcome": unsupported("no document was loaded; send `load` first"), "truth": None}
        if self._spent is not None:
            return {"outcome": undecided("memory", self._spent), "truth": None}
        _settle()
        try:
            outcome: Any = SnippetTrajectory(case, self._document, payload, self._limits.elements).run()
        except Unsupported as missing:
            outcome = unsupported(str(missing))
        except BaseException as problem:  # what foreign code raises outside of a step, or the end of its memory
            if not out_of_memory(problem):
                raise
            self._spent = f"it ran into its memory limit: {type(problem).__name__} {problem}"[:400]
            outcome = undecided("memory", self._spent)
        return {"outcome": outcome, "truth": None}


# --- internal ---


def _settle() -> None:
    """Gradients on, as a plain call has them; the same random numbers each time, so that two runs agree."""
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.default_generator.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)
