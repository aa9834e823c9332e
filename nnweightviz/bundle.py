"""A bundle: all links from one group of units to another, as a strided view of one parameter.

Not for what groups and layers there are (see ``network``). ``js/src/network.ts`` evaluates bundles in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

BundleRole = Literal["input", "recurrent", "bias", "projection", "norm"]
Reduce = Literal["none", "sum", "l2", "index", "rms"]
State = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Bundle:
    """All links from one group to another in one role: a strided view of one parameter.

    Entry ``(j, i, *rest)`` of the view is entry ``offset + j*strides[0] + i*strides[1] + ...`` of the
    flattened (row-major) parameter; ``rest`` is then reduced to one number a link: ``none`` (no rest),
    ``sum``, ``l2`` (the Euclidean norm, without a sign), ``index`` (the entry at ``index``) or ``rms`` (the root mean
    square, of bands of units that are drawn as one).

    With ``blocks`` above 1 (a grouped convolution) sources and targets are cut into that many equal blocks, and
    only units of the same block are linked: ``shape`` is then ``(n_target, n_source / blocks, *rest)``, ``i``
    counts from the block's first source, and an entry lies ``block_stride`` further for each block before its
    own.

    The role ``norm`` is for parameters that scale or shift units one by one, from a group of role ``bias``.
    """

    id: str
    source: str
    target: str
    parameter: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    role: BundleRole = "input"
    port: str | None = None
    reduce: Reduce = "none"
    index: tuple[int, ...] | None = None
    rest_name: str | None = None
    blocks: int = 1
    block_stride: int = 0

    def __post_init__(self) -> None:
        if len(self.shape) < 2 or len(self.shape) != len(self.strides):
            raise ValueError(
                f"bundle {self.id!r} has shape {self.shape} and strides {self.strides}; both need the same "
                "length of at least 2: (n_target, n_source, *rest)"
            )
        if (self.reduce == "none") != (len(self.shape) == 2):
            raise ValueError(
                f"bundle {self.id!r} has shape {self.shape} and reduce {self.reduce!r}; a bundle with rest "
                "dimensions needs 'sum', 'l2', 'rms' or 'index', one without needs 'none'"
            )
        if (self.reduce == "index") != (self.index is not None):
            raise ValueError(
                f"bundle {self.id!r}: reduce 'index' and an index go together, got index {self.index}"
            )
        if self.blocks < 1 or self.shape[0] % self.blocks:
            raise ValueError(
                f"bundle {self.id!r} has {self.blocks} blocks for {self.shape[0]} target units; blocks are equal, so "
                "their number must divide that of the targets"
            )

    @property
    def n_source(self) -> int:
        """How many units the source group has: ``shape[1]`` in each block."""
        return self.shape[1] * self.blocks

    @property
    def n_links(self) -> int:
        """How many links the bundle has."""
        return self.shape[0] * self.shape[1]

    @property
    def is_signed(self) -> bool:
        """Whether the links have a sign (norms have none)."""
        return self.reduce not in ("l2", "rms")

    def view(self, parameter: NDArray[Any]) -> NDArray[Any]:
        """Return the strided view ``(n_target, n_source, *rest)`` of a parameter: no copy if contiguous.

        Raises
        ------
        ValueError
            If the view reaches past the end of the parameter.
        """
        flat = np.ascontiguousarray(parameter).reshape(-1)
        n_targets = self.shape[0] // self.blocks
        shape = (self.blocks, n_targets, *self.shape[1:])
        strides = (n_targets * self.strides[0] + self.block_stride, *self.strides)
        last = self.offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if 0 not in self.shape and last >= flat.size:
            raise ValueError(
                f"bundle {self.id!r} reads entry {last} of parameter {self.parameter!r}, which has "
                f"{flat.size} entries (shape {np.shape(parameter)}); the checkpoint does not fit the network"
            )
        steps = tuple(s * flat.itemsize for s in strides)
        return as_strided(flat[self.offset :], shape, steps, writeable=False).reshape(self.shape)

    def weights(self, state: State) -> NDArray[Any]:
        """Return one number a link, ``(n_target, n_source / blocks)``, float64 where the rest is reduced.

        Raises
        ------
        KeyError
            If the state lacks the bundle's parameter.
        ValueError
            If the parameter is too small for the view.
        """
        if self.parameter not in state:
            raise KeyError(
                f"the state has no parameter {self.parameter!r} for bundle {self.id!r}; it "
                + (f"has: {', '.join(map(repr, list(state)[:8]))}" if state else "is empty")
            )
        view = self.view(np.asarray(state[self.parameter]))
        rest = tuple(range(2, view.ndim))
        if self.reduce == "sum":
            return np.asarray(view.sum(axis=rest, dtype=np.float64))
        if self.reduce == "l2":
            return np.asarray(np.sqrt(np.square(view.astype(np.float64)).sum(axis=rest)))
        if self.reduce == "rms":  # row by row: all of it may be a large layer
            rows = [np.square(row, dtype=np.float64).mean(axis=tuple(range(1, row.ndim))) for row in view]
            return np.asarray(np.sqrt(np.reshape(rows, self.shape[:2])))
        index: tuple[Any, ...] = (slice(None), slice(None), *(self.index or ()))
        return np.asarray(view[index])

    def matrix(self, state: State) -> NDArray[Any]:
        """Return :meth:`weights` as ``(n_target, n_source)``: 0 between units that no link joins.

        Raises
        ------
        KeyError, ValueError
            As :meth:`weights`.
        """
        weights = self.weights(state)
        if self.blocks == 1:
            return weights
        n_target, n_source = self.shape[:2]
        matrix = np.zeros((n_target, self.n_source), dtype=weights.dtype)
        first = np.array([self.first_source(j) for j in range(n_target)])
        matrix[np.arange(n_target)[:, None], first[:, None] + np.arange(n_source)] = weights
        return matrix

    def first_source(self, target: int) -> int:
        """Return the first source unit that a target unit is linked to: 0 unless there are blocks."""
        return target // (self.shape[0] // self.blocks) * self.shape[1]

    def entries(self, target: int, source: int) -> NDArray[np.int64]:
        """Return the flat (row-major) indices of the parameter behind one link, ``(prod(rest),)``."""
        n_target, n_source = self.shape[0], self.n_source
        if not (0 <= target < n_target and 0 <= source < n_source):
            raise IndexError(
                f"bundle {self.id!r} has {n_target} target and {n_source} source units; got target {target}, "
                f"source {source} (0-based)"
            )
        first = self.first_source(target)
        if not 0 <= source - first < self.shape[1]:
            raise IndexError(
                f"bundle {self.id!r} has {self.blocks} blocks, and no link from source {source} to target {target}: "
                f"its sources are {first} to {first + self.shape[1] - 1} (0-based)"
            )
        flat = np.int64(self.offset + target * self.strides[0] + (source - first) * self.strides[1])
        flat += first // self.shape[1] * self.block_stride
        if self.index is not None:
            return np.array([flat + sum(i * s for i, s in zip(self.index, self.strides[2:], strict=True))])
        if self.reduce == "none":
            return np.array([flat])
        grids = np.indices(self.shape[2:], dtype=np.int64).reshape(len(self.shape) - 2, -1)
        return np.asarray(flat + np.asarray(self.strides[2:], dtype=np.int64) @ grids)
