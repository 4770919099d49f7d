"""What the name of a parameter suggests it is for. A guess that orders the trials; behaviour has the last word."""

from __future__ import annotations

import re
from typing import Literal

Role = Literal[
    "input",
    "weight",
    "bias",
    "running_mean",
    "running_var",
    "training",
    "eps",
    "momentum",
    "groups",
    "size",
    "axis",
    "mapping",
    "other",
]

TENSOR_ROLES: tuple[Role, ...] = ("weight", "bias", "running_mean", "running_var")


def role_of(name: str) -> Role:
    """A capital G is a number of groups, a small g a gain."""
    if name == "G":
        return "groups"
    for role, pattern in _PATTERNS:
        if re.search(pattern, name, re.IGNORECASE):
            return role
    return "other"


def is_backward(name: str) -> bool:
    return _BACKWARD.search(name) is not None


def means_eval(name: str) -> bool:
    """Whether a flag of this name is true in evaluation."""
    return _EVAL.search(name) is not None


# --- internal ---

_TRACKED = r"(running|moving|run|mov|pop|population|ema|global|eval|test|inference|avg|average|tracked|accumulated|r)_?"
_IS_MODE = r"^(is_?)?(train|training|test|testing|infer|inference|eval|evaluate|evaluation)(_?(mode|flg|flag|phase|time))?$"
_MODE = r"^(mode|phase|stage|deterministic|training_mode)$|^use_(running|batch|global|moving|input|saved)_?\w*$|_(is_)?train(ing)?$"
_SIZE = r"normalized_shape|(num|n)_?(features|channels)|^channels$|^C$|^D$|d_model|hidden_size|^features$|^shape$"
_AXIS = r"^(axis|axes|dim|dims|reduce_(axis|axes|dims?)|reduction_(axis|axes|dims?)|norm_(axis|axes|dims?))$"
_MAPPING = r"param|cfg|config|^opts?$|^options$|^state$|^stats$|^buffers$|^cache$"
_INPUT = (
    r"^(x|xs|x_?in|inputs?|inp|data|tensor|arr|array|feats?|activations?|hidden_?states?|h|z|a|t|images?|img|batch|y|out)$"
)

_PATTERNS: tuple[tuple[Role, str], ...] = (
    ("running_mean", rf"^{_TRACKED}(mean|mu|avg|m|means)s?$|^(mean|mu|mean_?hat|avg)$"),
    ("running_var", rf"^{_TRACKED}(var|variance|std|sigma|sigma2|sigma_?sq|v|inv_?std|vars)$"),
    ("running_var", r"^(var|variance|sigma|sigma2|sigma_?sq|std|std_?dev)$"),
    ("training", _IS_MODE),
    ("training", _MODE),
    ("weight", r"gamma|weight|^w$|^scale$|gain|^g$|^a_?2$|^gam$|multiplier"),
    ("bias", r"beta|bias|^b$|shift|offset|^b_?2$"),
    ("eps", r"eps|^tiny$|^delta$|^stability"),
    ("momentum", r"mom|decay|^rho$|^ema_?(rate|factor)?$"),
    ("groups", r"group|^num_?g$|^n_?g$"),
    ("size", _SIZE),
    ("axis", _AXIS),
    ("mapping", _MAPPING),
    ("input", _INPUT),
)

_BACKWARD = re.compile(r"backward|_bwd|^bwd|backprop|_grad$|^grad_|^d(out|y|_out)$", re.IGNORECASE)
_EVAL = re.compile(r"test|infer|eval|deterministic|running|global|moving|saved", re.IGNORECASE)
