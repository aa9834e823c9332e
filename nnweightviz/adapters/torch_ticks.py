"""Parameters that act on units one by one: the scales and shifts of norms, gains, added embeddings of positions.

Not for kernels, which join units (see ``torch_layers``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from nnweightviz.adapters.build import Columns, Kernel
from nnweightviz.adapters.torch_signals import Signal, as_columns, feature_axis, units_of
from nnweightviz.adapters.torch_tracker import Tracker
from nnweightviz.network import BundleRole

MAX_POSITIONS = 2**22


def norm_axis(module: nn.Module, n_axes: int) -> int | None:
    """Return the axis of what a norm or activation module scales; None for its last axes, as many as its parameter
    has.
    """
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return None
    spatial = {nn.InstanceNorm1d: 1, nn.InstanceNorm2d: 2, nn.InstanceNorm3d: 3}
    n_spatial = next((n for kind, n in spatial.items() if isinstance(module, kind)), 0)
    return n_axes - 1 - n_spatial if n_spatial else min(1, n_axes - 1)


def entries_of(shape: Sequence[int], axis: int | None, n_axes: int) -> torch.Tensor:
    """Return which entry of a parameter acts on each place of a tensor, to be broadcast: int64."""
    entries = torch.arange(math.prod(shape)).reshape(tuple(shape))
    return entries if axis is None or entries.ndim != 1 else entries.reshape(-1, *[1] * (n_axes - 1 - axis))


def tick(tracker: Tracker, signal: Signal, parameter: str, entries: torch.Tensor, role: BundleRole) -> bool:
    """Draw a parameter of which each entry acts on one unit, as links from a group of one unit; False, and a note,
    where it is not of that form.

    ``entries`` tells which entry acts on each place of the tensor, to be broadcast: int64.
    """
    found = _columns(tracker, signal, entries)
    drawn = {tracker.build.bundles[b].parameter for b in tracker.calls.get(("ticks", signal.groups), [])}
    if not found:
        return not tracker.scale(signal, parameter)
    if parameter in drawn:
        return True
    for part in found:
        kernel = Kernel(
            parameter,
            part.n_units,
            part.stride,
            offset=part.offset,
            role=role,
            rest=part.rest,
            rest_name="position" if part.rest else None,
        )
        before = len(tracker.build.bundles)
        label = "1" if role == "bias" or parameter.endswith("bias") else "×"
        tracker.build.from_one([kernel], part.group, label, _fed_by(tracker, part.group))
        tracker.calls.setdefault(("ticks", signal.groups), []).extend(list(tracker.build.bundles)[before:])
    return True


def tick_view(
    tracker: Tracker, signal: Signal, tensor: torch.Tensor, role: BundleRole, axis: int | None = None
) -> None:
    """Draw a parameter, or a view of one, that a function applies to units one by one; a vector along an axis."""
    found = tracker.parameter(tensor)
    if found is None:
        return
    parameter, whole = found
    if signal.codes is None or not whole.is_contiguous():
        tracker.scale(signal, parameter)
        return
    places = torch.arange(whole.numel())
    entries = places.as_strided(
        tensor.shape, tensor.stride(), tensor.storage_offset() - whole.storage_offset()
    )
    if axis is not None and tensor.ndim == 1:
        entries = entries.reshape(-1, *[1] * (signal.codes.ndim - 1 - axis))
    tick(tracker, signal, parameter, entries, role)


def _fed_by(tracker: Tracker, group: str) -> str | None:
    """Return the group whose kernel feeds a group, beside which its ticks' source stands."""
    fed = [b for b in tracker.build.bundles.values() if b.target == group and b.role == "input"]
    return fed[0].source if fed else None


def _columns(tracker: Tracker, signal: Signal, entries: torch.Tensor) -> list[Columns] | None:
    """Return which entries act on which units, or None where no strided view says so."""
    codes = signal.codes
    if codes is None or not codes.numel():
        return None
    axis = feature_axis(codes)
    for k in range(codes.ndim) if axis is not None else ():
        at = k - codes.ndim + entries.ndim
        if k != axis and (at < 0 or entries.shape[at] == 1):
            codes = codes.narrow(k, 0, 1)
    try:
        shape = np.broadcast_shapes(codes.shape, entries.shape)
        codes, entries = codes.broadcast_to(shape), entries.broadcast_to(shape)
    except RuntimeError:
        return None
    if codes.numel() > MAX_POSITIONS:
        return None
    pairs = np.unique(np.stack([units_of(codes).reshape(-1).numpy(), entries.reshape(-1).numpy()]), axis=1)
    if len(np.unique(pairs[1])) != pairs.shape[1]:
        return None  # an entry acts on several units
    columns = []
    for group in signal.groups:
        n_units = tracker.build.groups[group].n_units
        first = int(tracker.units.of(group, n_units)[0])
        units, where = pairs[:, (pairs[0] >= first) & (pairs[0] < first + n_units)]
        part = as_columns(group, n_units, units - first, where, where)
        if part is None:
            return None
        columns.append(part)
    return columns
