"""What there is to say about this torch, and how it is made to compute. No case is known here."""

from __future__ import annotations

import platform

import torch

TORCH_VERSION = str(torch.__version__)


def use_threads(count: int) -> None:
    """With one thread sums fall in the same order each time; more are asked for only to see what that changes."""
    torch.set_num_threads(count)


def use_one_thread() -> None:
    use_threads(1)


def capabilities() -> dict[str, str]:
    """Facts for the handshake and the report, in lower case."""
    reported = getattr(torch.backends.cpu, "get_cpu_capability", None)
    return {
        "threads": str(torch.get_num_threads()),
        "capability": "unknown" if reported is None else str(reported()).lower(),
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.machine()}".lower(),
    }
