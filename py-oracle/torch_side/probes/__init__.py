"""The oracle's probes: observations on PyTorch's own objects, by name. A closed list; nothing that came over the wire is run."""

from __future__ import annotations

from torch_side.probes.autograd import PROBES as AUTOGRAD
from torch_side.probes.dtypes import PROBES as DTYPES
from torch_side.probes.modules import PROBES as MODULES
from torch_side.probes.operators import PROBES as OPERATORS
from torch_side.probes.seen import Probe, Seen
from torch_side.probes.surgery import PROBES as SURGERY
from torch_side.probes.threads import PROBES as THREADS

PROBES: dict[str, Probe] = {**AUTOGRAD, **DTYPES, **MODULES, **OPERATORS, **SURGERY, **THREADS}

__all__ = ["PROBES", "Probe", "Seen"]
