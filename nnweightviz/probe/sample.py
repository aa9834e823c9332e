"""Of which items and time steps outputs are kept, and in what precision: chosen once, and told.

Not for running anything (see ``outputs_of``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnweightviz.adapters.runs import Form
from nnweightviz.probe.items import Probe
from nnweightviz.words import counted

EXACT_BYTES = 2**25
"""Outputs of up to so many bytes are kept as float32, more as float16."""
MAX_BYTES = 2**27
"""Beyond, fewer items are kept, then fewer time steps."""
FEWEST_ITEMS, FEWEST_POSITIONS = 24, 8
BATCH_BYTES = 2**26
TEST_SHARE = 1 / 3  # at least so many of the kept items are test items, where there are as many

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sample:
    """What is kept: numbers of items by split, of positions by group, a dtype; and sentences that say so."""

    items: Mapping[str, Indices]
    positions: Mapping[str, Indices]
    dtype: DTypeLike
    notes: tuple[str, ...]

    @property
    def n_items(self) -> int:
        """How many items are kept of all splits."""
        return sum(map(len, self.items.values()))


def sampled(probe: Probe, forms: Mapping[str, Form], n_checkpoints: int) -> Sample:
    """Choose what is kept: as much as the probe asks for, less if that would take too much memory."""
    n_items, n_positions = min(probe.n_items, probe.n_train + probe.n_test), probe.n_positions
    every = list(forms.values())
    while _n_bytes(every, n_checkpoints, n_items, n_positions) > MAX_BYTES and n_items > FEWEST_ITEMS:
        n_items = max(FEWEST_ITEMS, n_items // 2)
    while _n_bytes(every, n_checkpoints, n_items, n_positions) > MAX_BYTES and n_positions > FEWEST_POSITIONS:
        n_positions = max(FEWEST_POSITIONS, n_positions // 2)
    kept: dict[str, Form] = {}
    for name, form in sorted(forms.items(), key=lambda item: item[1].n_units):
        if _n_bytes([*kept.values(), form], n_checkpoints, n_items, n_positions) <= MAX_BYTES:
            kept[name] = form
    is_exact = _n_bytes(list(kept.values()), n_checkpoints, n_items, n_positions) * 2 <= EXACT_BYTES
    items = _items(probe, n_items)
    positions = {
        name: _spread(form.n_positions, n_positions if name in kept else 0) for name, form in forms.items()
    }
    dtype: DTypeLike = np.float32 if is_exact else np.float16
    return Sample(items, positions, dtype, tuple(_notes(probe, forms, items, positions, dtype)))


def _n_bytes(forms: list[Form], n_checkpoints: int, n_items: int, n_positions: int) -> int:
    """Return how many bytes outputs take as float16."""
    width = sum(min(form.n_positions, n_positions) * form.n_units for form in forms)
    return n_checkpoints * n_items * width * 2


def batches(probe: Probe, n_bytes_per_item: int) -> list[tuple[str, int, int]]:
    """Return runs of items, ``(split, start, stop)``, that are run at once."""
    size = probe.batch_size or max(1, BATCH_BYTES // max(1, n_bytes_per_item))
    return [
        (split, start, min(start + size, probe.n_of(split)))
        for split in probe.splits
        for start in range(0, probe.n_of(split), size)
    ]


def _items(probe: Probe, n_items: int) -> dict[str, Indices]:
    share = probe.n_test / (probe.n_train + probe.n_test)
    n_test = min(probe.n_test, max(round(n_items * share), int(n_items * TEST_SHARE)))
    n_test = max(n_test, n_items - probe.n_train)
    wanted = {"train": n_items - n_test, "test": n_test}
    rng = np.random.default_rng(probe.seed)
    return {split: _strewn(probe.n_of(split), wanted[split], rng) for split in probe.splits}


def _strewn(n: int, n_kept: int, rng: np.random.Generator) -> Indices:
    """Return numbers below ``n`` that lie evenly, one in each of as many equal stretches, where in it by chance."""
    if n_kept >= n:
        return np.arange(n)
    edges = np.linspace(0, n, n_kept + 1)
    return np.floor(edges[:-1] + rng.random(n_kept) * np.diff(edges)).astype(np.int64)


def _spread(n: int, n_kept: int) -> Indices:
    """Return numbers below ``n`` at equal distances, the last one among them."""
    if n_kept >= n:
        return np.arange(n)
    return np.round(np.linspace(0, n - 1, n_kept)).astype(np.int64) if n_kept > 1 else np.full(n_kept, n - 1)


def _notes(
    probe: Probe,
    forms: Mapping[str, Form],
    items: Mapping[str, Indices],
    positions: Mapping[str, Indices],
    dtype: DTypeLike,
) -> list[str]:
    n_all, n_kept = probe.n_train + probe.n_test, sum(map(len, items.values()))
    notes = []
    if n_kept < n_all:
        told = " and ".join(
            f"{len(items[split])} of {probe.n_of(split)} in {'training' if split == 'train' else 'test'}"
            for split in probe.splits
        )
        notes.append(
            f"outputs are kept of {n_kept} of {n_all} items ({told}), evenly spread, chosen by seed {probe.seed}; "
            "losses, dead and saturated units are of all"
        )
    fewer = {(form.n_positions, len(positions[name])) for name, form in forms.items()}
    for n, n_left in sorted(fewer):
        if 0 < n_left < n:
            notes.append(f"of {counted(n, 'time step')}, outputs are kept of {n_left}, evenly spread")
    left_out = [name for name in forms if not len(positions[name])]
    if left_out:
        notes.append(f"too large to keep outputs of single items: {', '.join(map(repr, left_out))}")
    if any(form.how == "mean over space" for form in forms.values()):
        notes.append("of a convolutional channel, the mean over space is kept")
    if dtype == np.float16:
        notes.append("outputs are kept as float16, three significant digits")
    return notes
