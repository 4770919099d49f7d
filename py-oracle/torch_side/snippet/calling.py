"""How an instance is called in training and in evaluation: with torch's arrays or NumPy's, with a flag if its forward takes one. It keeps no state."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Callable

import torch
from torch import nn

from torch_side.snippet.arrays import Frame, frames_of, from_frame, texts_in, to_frame
from torch_side.snippet.document import Document
from torch_side.snippet.function_norm import FunctionNorm
from torch_side.snippet.roles import means_eval, role_of


@dataclass(frozen=True, slots=True)
class Calling:
    frame: Frame
    call: Callable[..., Any]
    flag: str | None
    """The argument of forward that tells training from evaluation."""
    train: Any
    eval: Any

    def __call__(self, x: torch.Tensor, training: bool) -> Any:
        flags = {} if self.flag is None else {self.flag: self.train if training else self.eval}
        if self.frame == "torch":
            return self.call(x, **flags)
        returned = self.call(to_frame(x, "numpy"), **flags)
        output = from_frame(returned)
        if output is None:
            return returned
        return output.to(x.dtype) if output.is_floating_point() and x.is_floating_point() else output


def calling_of(instance: Any, document: Document) -> Calling:
    if isinstance(instance, FunctionNorm):
        return Calling("torch", instance, None, True, False)  # it knows its own kind of array
    frame: Frame = "torch" if isinstance(instance, nn.Module) else frames_of(type(instance), document)[0]
    forward: Any = getattr(instance, "forward", instance)
    call: Any = instance if callable(instance) else forward
    flag = _flag_of(forward)
    if flag is None:
        return Calling(frame, call, None, True, False)
    if isinstance(flag.default, str):
        texts = texts_in(type(instance))
        evals = [text for text in ("test", "eval", "inference", "infer", "predict", "valid", "val") if text in texts]
        return Calling(frame, call, flag.name, "train" if flag.default not in _TRAIN else flag.default, (evals or ["eval"])[0])
    return Calling(frame, call, flag.name, not means_eval(flag.name), means_eval(flag.name))


# --- internal ---

_TRAIN = ("train", "training", "fit")


def _flag_of(function: Any) -> inspect.Parameter | None:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return None
    return next((p for p in parameters[1:] if role_of(p.name) == "training" and p.kind is not p.POSITIONAL_ONLY), None)
