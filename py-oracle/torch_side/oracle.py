"""PyTorch as the subject that answers Cases: its outcome and, when asked, the same trajectory in float64 as truth."""

from __future__ import annotations

import warnings

import torch

from torch_side.facts import TORCH_VERSION, capabilities, use_threads
from torch_side.floor import time_floor
from torch_side.layers import Unsupported
from torch_side.trajectory import Trajectory
from wire.answer import PayloadWriter, Plain, unsupported
from wire.case import Case
from wire.limits import Limits


class Oracle:
    """One thread unless told otherwise, gradients off but where a step wants them, warnings silent."""

    name = "torch"

    def __init__(self, limits: Limits, threads: int = 1) -> None:
        use_threads(threads)
        torch.set_grad_enabled(False)
        warnings.simplefilter("ignore")
        self._limits = limits
        self.version: str | None = TORCH_VERSION
        self.capabilities = capabilities()

    def answer(self, case: Case, truth: bool, payload: PayloadWriter) -> Plain:
        trajectory = Trajectory(case, False, payload, self._limits.elements)
        try:
            outcome = trajectory.run()
            if not truth:
                return {"outcome": outcome, "truth": None}
            if not trajectory.narrow:  # it was all float64: the same question, so the same answer
                return {"outcome": outcome, "truth": outcome}
            return {"outcome": outcome, "truth": Trajectory(case, True, payload, self._limits.elements).run()}
        except Unsupported as missing:
            return {"outcome": unsupported(str(missing)), "truth": None}

    def floor(self, cases: list[Case]) -> float:
        return time_floor(cases)
