"""What a Keras tensor carries: which columns of a kernel that reads it belong to which group of units.

Not for layers (see ``keras_layers``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnweightviz.adapters.build import Columns

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Signal:
    """``parts`` say how the features of a tensor are units; ``shape`` is its own without the batch axis, None where
    sizes are not known; ``is_channels_first`` tells that its features are along the first axis, not the last.
    """

    parts: tuple[Columns, ...]
    shape: Shape = (None,)
    is_channels_first: bool = False

    @property
    def width(self) -> int:
        """How many columns a kernel has that reads the features."""
        return sum(part.n_units * math.prod(size for size, _ in part.rest) for part in self.parts)

    @property
    def groups(self) -> tuple[str, ...]:
        """The ids of the groups, each once."""
        return tuple(dict.fromkeys(part.group for part in self.parts))

    def shaped(self, shape: Shape) -> Signal:
        """Return the same units in a tensor of another shape."""
        return replace(self, shape=shape, is_channels_first=self.is_channels_first and len(shape) > 1)


def of_group(group: str, n_units: int, shape: Shape = (None,), is_channels_first: bool = False) -> Signal:
    """Return what a layer's own units are carried by."""
    return Signal((Columns(group, n_units),), shape, is_channels_first)


def flattened(signal: Signal, n_places: int | None = None) -> Signal:
    """Return a signal whose places (time steps, pixels) lie in a row, row-major as ``Flatten`` does it.

    ``n_places`` is told where the shape does not.
    """
    places = signal.shape[1:] if signal.is_channels_first else signal.shape[:-1]
    if n_places is None:
        n_places = math.prod(n for n in places if n is not None)
    if n_places == 1 and len(places) < 2:
        return replace(signal, shape=(signal.width,), is_channels_first=False)
    what = "time step" if len(places) == 1 else "position"
    parts = []
    for part in signal.parts:
        if signal.is_channels_first:  # unit c at place p is column c*n_places + p
            offset, stride, rest = part.offset * n_places, part.stride * n_places, (n_places, 1)
            inner = tuple((size, step * n_places) for size, step in part.rest)
            part = replace(part, offset=offset, stride=stride, rest=(*inner, rest))
        else:  # column p*width + c
            part = replace(part, rest=((n_places, signal.width), *part.rest))
        parts.append(replace(part, rest_name=" and ".join(filter(None, (what, part.rest_name)))))
    return Signal(tuple(parts), (signal.width * n_places,))


def joined(signals: Sequence[Signal], shape: Shape) -> Signal:
    """Return several signals side by side, as ``Concatenate`` puts features."""
    parts, first = [], 0
    for signal in signals:
        parts += [replace(part, offset=part.offset + first) for part in signal.parts]
        first += signal.width
    return Signal(tuple(parts), shape, any(s.is_channels_first for s in signals))
