"""The links of a diagram at a checkpoint: their values and domains. Twin of ``js/src/views/graph/links.ts``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bundle import Bundle
from nnweightviz.network import Network
from nnweightviz.parameters import Parameters
from nnweightviz.scale import domain_of

Scale = Literal["layer", "global", "checkpoint"]
MOST_VALUES = 500_000
"""Values that a domain is found from; of more, those of every so manieth target."""
APART = {"bias": " biases", "norm": " norms"}
"""Roles whose links have a scale of their own, and what it is called after the layer's name."""


@dataclass
class Links:
    """The bundles of a network with the weights of a history, on a scale."""

    network: Network
    parameters: Parameters
    scale: Scale = "layer"
    _domains: dict[str, float] = field(default_factory=dict)

    def values(self, bundle: Bundle, k: int) -> NDArray[Any] | None:
        """Return a bundle's links at a checkpoint, ``(n_target, n_source)``; None if they were not recorded."""
        if not self.parameters.has(self._stored(bundle), k):
            return None
        return bundle.weights({bundle.parameter: self.parameters.array(k, self._stored(bundle))})

    def _stored(self, bundle: Bundle) -> str:
        return (self.network.tied or {}).get(bundle.parameter, bundle.parameter)

    @staticmethod
    def is_signed(bundle: Bundle) -> bool:
        """Whether links have a sign; norms of several entries have none."""
        return bundle.reduce != "l2"

    def label(self, bundle: Bundle) -> str:
        """Return what a reader calls the scale that a bundle is drawn on."""
        kind = APART.get(bundle.role, "")
        if self.scale == "global":
            return f"all{kind or ' layers'}"
        return self.network.group(bundle.target).layer + kind

    def domain(self, bundle: Bundle, k: int) -> float:
        """Return what full width and colour stand for: of the whole history, unless the scale is a checkpoint's."""
        label = self.label(bundle)
        key = f"{label}|{k}" if self.scale == "checkpoint" else label
        if key not in self._domains:
            n = len(self.parameters.checkpoints)
            self._domains[key] = domain_of(
                self._values(label, [k] if self.scale == "checkpoint" else [*range(n)])
            )
        return self._domains[key]

    def _values(self, label: str, checkpoints: list[int]) -> Iterator[NDArray[Any]]:
        bundles = [bundle for bundle in self.network.bundles if self.label(bundle) == label]
        total = len(checkpoints) * sum(bundle.shape[0] * bundle.shape[1] for bundle in bundles)
        step = math.ceil(total / MOST_VALUES) or 1
        for bundle in bundles:
            for k in checkpoints:
                values = self.values(bundle, k)
                if values is not None:
                    first = k % step
                    if bundle.block_stride:  # all of it at some checkpoints
                        yield values if first == 0 else values[:0]
                    else:
                        yield np.asarray(values)[first::step]
