"""What is pushed through a model at every checkpoint: inputs, and the targets that belong to them.

Not for running anything (see ``outputs_of``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnweightviz.words import counted, in_a_word

TAKES = "a tensor or an array, or a tuple or dict of them for several inputs"
SPLITS = ("train", "test")


@dataclass(eq=False)
class Probe:
    """Items to run a model on at every checkpoint.

    Parameters
    ----------
    X, X_test
        The inputs, as the model takes them: a tensor or an array whose first axis is the items; a tuple of arguments
        or a dict of named ones for several inputs.
    y, y_test
        The targets of these items, where there are any: real numbers, or integer classes.
    loss
        ``loss(prediction, y) -> one number``, such as ``torch.nn.functional.mse_loss``. Without it, it is guessed from
        the targets, and said.
    n_items, n_positions
        Of how many items, and of how many time steps, outputs are kept at most.
    batch_size
        How many items are run at once; by default as many as fit into some 64 MB.
    item_axis
        The axis of the inputs along which items lie, if it is not the first: 1 for sequences ``(T, N, ...)``. By
        default, the one that is as long as ``y``.
    seed
        Chooses the items whose outputs are kept.

    Raises
    ------
    TypeError, ValueError
        If something is not as above, or numbers of items differ.

    Examples
    --------
    >>> import numpy as np
    >>> probe = Probe(np.zeros((100, 4)), y=np.zeros(100), n_items=20)
    >>> probe.n_train, probe.n_test, probe.some("train", 0, 3).shape
    (100, 0, (3, 4))
    """

    X: Any
    y: Any = None
    X_test: Any = None
    y_test: Any = None
    loss: Callable[[Any, Any], Any] | None = None
    n_items: int = 200
    n_positions: int = 64
    batch_size: int | None = None
    item_axis: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        self.X, self.X_test = _inputs(self.X, "X"), _inputs(self.X_test, "X_test")
        self.y, self.y_test = _targets(self.y, "y"), _targets(self.y_test, "y_test")
        if self.X is None:
            raise TypeError(f"X is None; it takes {TAKES}")
        if self.loss is not None and not callable(self.loss):
            raise TypeError(
                f"loss is {in_a_word(self.loss)}; it takes a function loss(prediction, y) -> one number"
            )
        if self.loss is not None and self.y is None:
            raise ValueError("a loss was given, but no y to compare predictions with; give y too")
        for name in ("n_items", "n_positions", *(("batch_size",) if self.batch_size is not None else ())):
            _check_count(name, getattr(self, name))
        if (self.y_test is None) != (self.X_test is None or self.y is None):
            raise ValueError("X_test and y_test belong together as X and y do; give both, or neither")
        self._axis = self._find_axis()
        self._check_test()
        self.n_train = self._count("train")
        self.n_test = self._count("test") if self.X_test is not None else 0

    @property
    def splits(self) -> tuple[str, ...]:
        """``("train",)``, or ``("train", "test")``."""
        return SPLITS[: 1 + (self.n_test > 0)]

    def n_of(self, split: str) -> int:
        """How many items a split has."""
        return self.n_train if split == "train" else self.n_test

    def some(self, split: str, start: int, stop: int) -> Any:
        """Return the inputs of a run of items, as they were given."""
        return _each(self._given(split)[0], lambda value: _taken(value, slice(start, stop), self._axis))

    def first(self, n: int) -> Any:
        """Return the inputs of ``n`` items: the first one, and the second again and again."""
        numbers = np.minimum(np.arange(n), min(1, self.n_train - 1))
        return _each(self.X, lambda value: _taken(value, numbers, self._axis))

    def targets(self, split: str, start: int | None = None, stop: int | None = None) -> Any:
        """Return the targets of a run of items as they were given, or None."""
        given, y = self._given(split)
        if y is None:
            return None
        return _taken(y, slice(start, stop), self._target_axis(given, y))

    def target_values(self, split: str) -> Any:
        """Return all targets as an array, items first; None if there are none."""
        given, y = self._given(split)
        if y is None:
            return None
        return np.moveaxis(_as_array(y), self._target_axis(given, y), 0)

    def _given(self, split: str) -> tuple[Any, Any]:
        return (self.X, self.y) if split == "train" else (self.X_test, self.y_test)

    def _target_axis(self, given: Any, y: Any) -> int:
        n = _shapes(given)[0][1][self._axis]
        is_along = y.ndim > self._axis and y.shape[self._axis] == n and y.shape[0] != n
        return self._axis if is_along else 0

    def _check_test(self) -> None:
        """Check that test items are like those for training."""
        for name, given, test in (("X", self.X, self.X_test), ("y", self.y, self.y_test)):
            if test is None:
                continue
            n_axes = [[len(shape) for _, shape in _shapes(values)] for values in (given, test)]
            if type(given) is not type(test) or n_axes[0] != n_axes[1]:
                told = [" and ".join(str(shape) for _, shape in _shapes(values)) for values in (given, test)]
                raise ValueError(
                    f"{name} ({in_a_word(given)}, shape {told[0]}) and {name}_test ({in_a_word(test)}, shape "
                    f"{told[1]}) are not alike; give both in one form"
                )

    def _find_axis(self) -> int:
        if self.item_axis is not None:
            _check_count("item_axis", self.item_axis, least=0)
            return int(self.item_axis)
        shapes = [shape for _, shape in _shapes(self.X)]
        if self.y is None or all(shape[0] == len(self.y) for shape in shapes):
            return 0
        fits = all(len(shape) > 1 and shape[1] == len(self.y) for shape in shapes)
        return 1 if fits else 0

    def _count(self, split: str) -> int:
        given, y = self._given(split)
        end = "" if split == "train" else "_test"
        counts: dict[str, int] = {}
        for name, shape in _shapes(given, f"X{end}"):
            if len(shape) <= self._axis:
                raise ValueError(
                    f"{name} has shape {shape}, with no axis {self._axis} for the items; item_axis= says which"
                )
            counts[name] = shape[self._axis]
        if y is not None:
            counts[f"y{end}"] = y.shape[self._target_axis(given, y)]
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{name} has {counted(n, 'item')}" for name, n in counts.items())
            raise ValueError(f"{told}; give as many of each, items along the first axis (or say item_axis=)")
        n = next(iter(counts.values()))
        if not n:
            raise ValueError(f"X{end} has no items; give at least one")
        return n


def as_probe(probe: Any) -> Probe:
    """Return a Probe: what is one, ``(X, y)``, ``(X, y, X_test, y_test)``, or the inputs alone.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or a :class:`Probe` cannot be made of them.
    """
    if isinstance(probe, Probe):
        return probe
    if isinstance(probe, tuple) and len(probe) in (2, 4):
        return Probe(*probe)
    if _is_values(probe):
        return Probe(probe)
    what = f"a tuple of {len(probe)}" if isinstance(probe, tuple) else in_a_word(probe)
    raise TypeError(
        f"probe is {what}; it takes (X, y), (X, y, X_test, y_test) or a Probe; several inputs go into it as "
        "Probe((X1, X2), y)"
    )


def _is_values(thing: Any) -> bool:
    return hasattr(thing, "shape") and hasattr(thing, "dtype") and not isinstance(thing, type)


def _inputs(given: Any, name: str) -> Any:
    """Return inputs whose arrays are arrays; tensors stay what they are."""
    if given is None:
        return None
    if hasattr(given, "batch_sizes"):
        raise TypeError(f"{name} is a packed sequence, whose items cannot be taken apart; give it padded")
    if isinstance(given, tuple | Mapping):
        if not given:
            raise ValueError(f"{name} is empty; it takes {TAKES}")
        return _each(given, lambda value: _values(value, name))
    return _values(given, name)


def _values(given: Any, name: str) -> Any:
    if _is_values(given) and hasattr(given, "detach"):
        value = given.detach()
    else:
        try:
            value = np.asarray(given)
        except ValueError:
            value = np.asarray(None)
        if value.dtype.kind not in "fiubc":
            raise TypeError(
                f"{name} is {in_a_word(given)} that holds no plain numbers; it takes {TAKES} (of a data set or a "
                "loader, one batch)"
            )
    if not value.ndim:
        raise ValueError(f"{name} is one number; it takes {TAKES}, items along the first axis")
    return value


def _targets(given: Any, name: str) -> Any:
    return None if given is None else _values(given, name)


def _each(given: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(given, tuple):
        return tuple(change(value) for value in given)
    if isinstance(given, Mapping):
        return {name: change(value) for name, value in given.items()}
    return change(given)


def _shapes(given: Any, name: str = "X") -> list[tuple[str, tuple[int, ...]]]:
    """Return what is given by name, with shapes."""
    if isinstance(given, tuple):
        return [(f"{name}[{k}]", tuple(value.shape)) for k, value in enumerate(given)]
    if isinstance(given, Mapping):
        return [(f"{name}[{key!r}]", tuple(value.shape)) for key, value in given.items()]
    return [(name, tuple(given.shape))]


def _taken(value: Any, which: Any, axis: int) -> Any:
    return value[(slice(None),) * axis + (which,)]


def _as_array(value: Any) -> Any:
    if not hasattr(value, "detach"):
        return value
    value = value.cpu()
    return (value.float() if str(value.dtype) in ("torch.bfloat16", "torch.float16") else value).numpy()


def _check_count(name: str, given: Any, least: int = 1) -> None:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
        raise ValueError(f"{name} is {given!r}; it takes a whole number from {least}")
