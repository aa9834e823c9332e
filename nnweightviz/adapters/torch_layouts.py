"""Where the items of a batch lie in a tensor, and where the units of a group lie in each item.

Found by comparing a run of two items with one of three, and from the codes of the first. Not for choosing tensors (see
``torch_readings``).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from nnweightviz.adapters.torch_signals import units_of

N_FEW, N_MORE = 2, 3
"""How many items the two runs have that are compared."""


@dataclass(frozen=True)
class ItemAxis:
    """The axis of a tensor along which items lie: ``n_each`` entries an item, next to each other or far apart."""

    axis: int
    n_each: int = 1
    is_item_major: bool = True

    def items_first(self, tensor: torch.Tensor, n_items: int) -> torch.Tensor | None:
        """Return a view of shape ``(n_items, ...)``; None if the tensor does not have these items."""
        if self.axis >= tensor.ndim or tensor.shape[self.axis] != n_items * self.n_each:
            return None
        if self.n_each == 1:
            return tensor.movedim(self.axis, 0)
        sizes = (n_items, self.n_each) if self.is_item_major else (self.n_each, n_items)
        before, after = tensor.shape[: self.axis], tensor.shape[self.axis + 1 :]
        split = tensor.reshape(*before, *sizes, *after)
        return split.movedim(self.axis + (0 if self.is_item_major else 1), 0)


def item_axis(few: torch.Tensor, more: torch.Tensor) -> ItemAxis | None:
    """Return where items lie in what two runs put in one place, the first with the first ``N_FEW`` items of ``N_MORE``;
    None where no one axis grows with them.
    """
    if few.ndim != more.ndim:
        return None
    axes = [k for k in range(few.ndim) if few.shape[k] != more.shape[k]]
    if len(axes) != 1:
        return None
    axis = axes[0]
    n_each, left_over = divmod(few.shape[axis], N_FEW)
    if left_over or not n_each or more.shape[axis] != n_each * N_MORE:
        return None
    for is_item_major in (True, False):
        found = ItemAxis(axis, n_each, is_item_major)
        first, same = found.items_first(few, N_FEW), found.items_first(more, N_MORE)
        if n_each == 1 or (first is not None and same is not None and _are_close(first, same[:N_FEW])):
            return found
    return None


def _are_close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.isclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True).all())


def unit_table(codes: torch.Tensor, first: int, n_units: int) -> torch.Tensor | None:
    """Return which flat entries of an item hold each unit, int64 ``(n_positions, n_units)`` in the order in which the
    entries lie; None where some units are missing or there more often than others.
    """
    units = units_of(codes.reshape(-1)) - first
    where = torch.nonzero((units >= 0) & (units < n_units)).reshape(-1)
    units = units[where]
    n_positions, left_over = divmod(len(where), max(1, n_units))
    if left_over or not n_positions or bool((torch.bincount(units, minlength=n_units) != n_positions).any()):
        return None
    return where[torch.argsort(units, stable=True)].reshape(n_units, n_positions).T.contiguous()


def taken(items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Return ``(n_items, n_positions, n_units)`` of what is in ``(n_items, ...)``, without a copy where it can."""
    flat = items.flatten(1) if items.ndim > 1 else items[:, None]
    n_positions, n_units = table.shape
    steps = (
        (int(table[1, 0] - table[0, 0]) if n_positions > 1 else n_units) or 1,
        (int(table[0, 1] - table[0, 0]) if n_units > 1 else 1),
    )
    start = int(table[0, 0])
    expected = start + steps[0] * torch.arange(n_positions)[:, None] + steps[1] * torch.arange(n_units)
    if min(steps) > 0 and bool((expected == table).all()):
        return flat.as_strided(
            (len(flat), n_positions, n_units),
            (flat.stride(0), steps[0] * flat.stride(1), steps[1] * flat.stride(1)),
            flat.storage_offset() + start * flat.stride(1),
        )
    return flat[:, table.to(flat.device)]
