"""Probes of layers that are to become others: lazy ones before their first forward, and those that SyncBatchNorm replaces."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from torch_side.probes.seen import Probe, Seen, columns


def lazy_batch_norm() -> Seen:
    return _lazy(nn.LazyBatchNorm1d())


def lazy_instance_norm() -> Seen:
    return _lazy(nn.LazyInstanceNorm1d())


def sync_forward() -> Seen:
    """Without a process group it is a BatchNorm of any rank."""
    sync: Any = nn.SyncBatchNorm(2)
    plain: Any = nn.BatchNorm1d(2)
    tensors = {"output": sync(columns()), "as": plain(columns())}
    return Seen({**tensors, "running_mean": sync.running_mean, "running_var": sync.running_var}, {})


def sync_rank() -> Seen:
    """Refuses."""
    nn.SyncBatchNorm(2)(torch.ones(2))
    return Seen({}, {})


def sync_conversion() -> Seen:
    """Every BatchNorm inside becomes one, keeping its options and its tensors themselves; other norms stay."""
    batch: Any = nn.BatchNorm2d(3, eps=0.5, momentum=0.25)
    whole = nn.Sequential(batch, nn.BatchNorm1d(2, affine=False), nn.GroupNorm(1, 2), nn.InstanceNorm1d(2))
    converted: Any = nn.SyncBatchNorm.convert_sync_batchnorm(whole)
    kept = converted[0].weight is batch.weight and converted[0].running_mean is batch.running_mean
    types = ", ".join(type(module).__name__ for module in converted)
    return Seen({}, {"types": types, "first": repr(converted[0]), "kept": str(kept)})


PROBES: dict[str, Probe] = {
    "lazy-batch-norm": lazy_batch_norm,
    "lazy-instance-norm": lazy_instance_norm,
    "sync-batch-norm": sync_forward,
    "sync-batch-norm-conversion": sync_conversion,
    "sync-batch-norm-rank": sync_rank,
}

# --- internal ---


def _lazy(layer: Any) -> Seen:
    return Seen({}, {"before.keys": ", ".join(layer.state_dict()), "before.weight": type(layer.weight).__name__})
