"""The links of a diagram at a checkpoint: their values and domains. Twin of ``js/src/views/graph/links.ts``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bands import fold
from nnweightviz.bundle import Bundle
from nnweightviz.network import Network, Reduce
from nnweightviz.orders import unit_orders
from nnweightviz.parameters import Parameters
from nnweightviz.plots.sums import sum_orders
from nnweightviz.portraits import Exhibit, exhibits, portrayed
from nnweightviz.scale import domain_of

Scale = Literal["layer", "global", "checkpoint"]
MOST_VALUES = 500_000
"""Values that a domain is found from; of more, those of every so manieth target."""
APART = {"bias": " biases", "norm": " norms"}
"""Roles whose links have a scale of their own, and what it is called after the layer's name."""


@dataclass(frozen=True)
class Shown:
    """What is shown: as the options of these names say."""

    scale: Scale = "layer"
    quantity: str = "weights"
    reference: int = 0
    threshold: float = 0.0
    signs: Sequence[str] = ("+", "-")
    gates: Sequence[str] | None = None
    roles: Sequence[str] = ("input", "recurrent", "bias", "projection", "norm")
    reduce: str = "l2"
    rest_index: int = 0
    portraits: bool = True
    strips: bool = False
    pictures: str = "auto"
    order: str = "model"
    fold_above: int = 400
    fold_by: str = "index"
    open_bands: Mapping[str, int] = field(default_factory=dict)


class Links:
    """The bundles of a network with the weights of a history, on a scale; groups of very many units are bands."""

    def __init__(
        self,
        network: Network,
        parameters: Parameters,
        shown: Shown,
        of: Sequence[int] | None = None,
        order: Callable[[str], Mapping[str, Sequence[int]]] | None = None,
    ) -> None:
        """Draw a network on domains ``of`` these checkpoints, all by default; ``order`` gives orders that are known."""
        self.parameters, self.shown, self.scale = parameters, shown, shown.scale
        self._of = range(len(parameters.checkpoints)) if of is None else of
        self._last = len(parameters.checkpoints) - 1
        self._computed = order or (
            lambda name: unit_orders(parameters.network, parameters.state(self._last), name)
        )
        pictured = portrayed(network)
        kept = {*pictured, *(bundle.source for bundle, _ in pictured.values())}
        clusters = self._computed("correlation") if shown.fold_by == "clustering" else None
        self.banded = fold(network, shown.fold_above, shown.open_bands, kept, clusters)
        bundles = tuple(self._reduced(bundle) for bundle in self.banded.network.bundles)
        self.network = replace(self.banded.network, bundles=bundles)
        self._domains: dict[str, float] = {}

    @cached_property
    def order(self) -> dict[str, NDArray[np.intp]]:
        """Units from top to bottom by the last checkpoint, of the groups that are not in the model's order."""
        name = self.shown.order
        if name == "model":
            return {}
        if name == "sum":
            return sum_orders(self.network, self._weights, self._last)
        return {group: np.asarray(units, np.intp) for group, units in self._computed(name).items()}

    @cached_property
    def exhibits(self) -> dict[str, Exhibit]:
        """The layers of portraits, by group."""
        return exhibits(self.network, self._weights, self._last) if self.shown.portraits else {}

    def _reduced(self, bundle: Bundle) -> Bundle:
        """Apply the choice of how a Flatten's steps become one number."""
        name = bundle.rest_name or ""
        if len(bundle.shape) != 3 or not any(word in name for word in ("step", "position", "copy")):
            return bundle
        index = (min(self.shown.rest_index, bundle.shape[2] - 1),) if self.shown.reduce == "index" else None
        return replace(bundle, reduce=cast(Reduce, self.shown.reduce), index=index)

    def values(self, bundle: Bundle, k: int) -> NDArray[Any] | None:
        """Return a bundle's links of the shown quantity at a checkpoint, ``(n_target, n_source)``; None if they, or
        what they are the change from, were not recorded.
        """
        now = self._weights(bundle, k)
        if self.shown.quantity == "weights" or now is None:
            return now
        before = self._weights(bundle, self.shown.reference if self.shown.quantity == "difference" else k - 1)
        return None if before is None else np.asarray(now, np.float64) - before

    def _weights(self, bundle: Bundle, k: int) -> NDArray[Any] | None:
        if k < 0 or not self.parameters.has(self._stored(bundle), k):
            return None
        return self.banded.weights(bundle, self.parameters.array(k, self._stored(bundle)))

    def is_shown(self, bundle: Bundle) -> bool:
        """Whether roles and gates let a bundle through."""
        gates = self.shown.gates
        return bundle.role in self.shown.roles and (
            bundle.port is None or gates is None or bundle.port in gates
        )

    def _stored(self, bundle: Bundle) -> str:
        return (self.network.tied or {}).get(bundle.parameter, bundle.parameter)

    def is_signed(self, bundle: Bundle) -> bool:
        """Whether links have a sign; norms of several entries have none, but their changes have."""
        return bundle.is_signed or self.shown.quantity != "weights"

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
            self._domains[key] = domain_of(
                self._values(label, [k] if self.scale == "checkpoint" else [*self._of])
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
