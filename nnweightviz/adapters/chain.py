"""The chain of layers that a bare state dict is read as: what the next kernel reads, where sizes fit.

Not for telling kinds of layers (see ``arrays``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nnweightviz.adapters.build import Build, Columns
from nnweightviz.network import Group


@dataclass
class Chain:
    """How far the chain has come: the columns that the next layer reads, and who could be read besides."""

    build: Build
    ends: list[Columns] = field(default_factory=list)
    earlier: list[list[Columns]] = field(default_factory=list)
    has_steps: bool = False
    has_positions: bool = False
    last_layer: str | None = None

    def end(
        self, layer: str, groups: Sequence[str], has_steps: bool = False, has_positions: bool = False
    ) -> None:
        """Say that a layer's groups are what the next one reads, and whether they have time steps, or positions as an
        image has.
        """
        sizes = [self.build.groups[group].n_units for group in groups]
        offsets = np.cumsum([0, *sizes[:-1]]).tolist()
        self.ends = [Columns(g, n, start) for g, n, start in zip(groups, sizes, offsets, strict=True)]
        self.earlier.append(self.ends)
        self.has_steps, self.has_positions, self.last_layer = has_steps, has_positions, layer

    @property
    def width(self) -> int:
        return sum(columns.n_units for columns in self.ends)

    def find(self, n_columns: int, may_flatten: bool = True) -> list[Columns] | None:
        """Return what a kernel of ``n_columns`` may read, or None where nothing fits."""
        if self.width == n_columns:
            return self.ends
        if may_flatten and self.has_steps and n_columns % self.width == 0:
            rest = ((n_columns // self.width, self.width),)
            return [Columns(c.group, c.n_units, c.offset, 1, rest, "time step") for c in self.ends]
        n, left_over = divmod(n_columns, max(1, self.width))
        if may_flatten and self.has_positions and n and not left_over:
            return [Columns(c.group, c.n_units, c.offset * n, n, ((n, 1),), "position") for c in self.ends]
        return next((e for e in reversed(self.earlier) if sum(c.n_units for c in e) == n_columns), None)

    def feed(self, layer: str, n_columns: int, may_flatten: bool = True) -> list[Columns]:
        """Return what a kernel reads; where nothing fits, an input of its own."""
        found = self.find(n_columns, may_flatten)
        if found:
            return found
        is_first = self.last_layer is None
        if not is_first:
            self.build.notes.append(f"what feeds {layer!r} is not known from names and shapes")
        group = self.build.free_id("input" if is_first else f"input.{layer}")
        self.build.layer(group, "Input")
        self.build.group(Group(group, group, n_columns, role="input", label="input"))
        return [Columns(group, n_columns)]
