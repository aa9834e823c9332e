"""What a browser is told of spectra: blocks of numbers, each computed once for each checkpoint and kept.

Not for computing them (see ``nnweightviz.spectrum``), nor for when they are asked for (see ``answers``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnweightviz import blocks
from nnweightviz.parameters import Entry, Parameters
from nnweightviz.parts import Attachment, joined
from nnweightviz.spectrum import NUMBERS, Spectra, most_weights

Floats = NDArray[np.float64]
ANSWER_VALUES = 1_000_000
"""Singular values of one matrix that are sent at once; of more, some of each checkpoint are left out."""
MOST_IN_PAGE = 128
"""Singular values of a matrix at a checkpoint that a page carries, and the fewest that are sent."""
PAGE_SECONDS = 5.0
"""How long a page may wait for spectra that nobody has asked for; the most costly are left out."""
FEWEST_SAMPLES = 3
"""Checkpoints that a correlation takes."""


class Told:
    """The spectra of one history as a browser is told of them.

    Computing them may take long: call from a thread. Whoever asks for the same at the same time waits for it.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._spectra: Spectra | None = None
        self._finding = threading.Lock()
        self._known: dict[str, dict[int, Floats]] = {}  # by name and checkpoint
        self._correlation: tuple[int, dict[str, Any]] | None = None

    @property
    def spectra(self) -> Spectra:
        """What has a spectrum."""
        self._spectra = self._spectra or Spectra(self._parameters)
        return self._spectra

    @property
    def names(self) -> list[str]:
        """Whose spectra can be asked for."""
        return self.spectra.names

    def keep(self, before: Told) -> None:
        """Take over what is known of checkpoints that are still there, under the numbers that they have now."""
        there = {id(checkpoint): k for k, checkpoint in enumerate(self._parameters.checkpoints)}
        numbers = {k: there.get(id(old)) for k, old in enumerate(before._parameters.checkpoints)}
        for name, rows in list(before._known.items()):
            self._known[name] = {
                now: row for k, row in list(rows.items()) if (now := numbers.get(k)) is not None
            }

    def rows(self, name: str, n: int) -> Floats:
        """Return the numbers of a matrix at the first ``n`` checkpoints, ``(n, 4 + n_values)``; see ``Spectra.rows``.

        Raises
        ------
        ValueError
            If there is no such matrix.
        """
        with self._finding:
            known = self._known.setdefault(name, {})
            missing = [k for k in range(n) if k not in known]
            known.update(self.spectra.rows(name, missing))
            return np.stack([known[k] for k in range(n)])

    def answer(self, name: str, n: int, most: int | None = None) -> tuple[dict[str, Any], list[Entry], bytes]:
        """Return what is told of a matrix, and its two blocks: of the other numbers, and of singular values.

        At most ``most`` singular values are told, see :func:`told_ranks`.
        """
        rows = self.rows(name, n)
        values = rows[:, len(NUMBERS) :]
        taken = told_ranks(values.shape[1], max(MOST_IN_PAGE, ANSWER_VALUES // n) if most is None else most)
        coded = []
        for quantity, numbers in (("ranks", rows[:, : len(NUMBERS)]), ("singular_values", values[:, taken])):
            fields, data = blocks.encode(numbers.astype(np.float32), "float32")
            coded.append(({"quantity": quantity, "name": name, "start": 0, "stop": n, **fields}, data))
        is_whole = len(taken) == values.shape[1]
        about = {"name": name, "shape": list(self.spectra.shape(name)), "n_values": values.shape[1]}
        return about | {"taken": None if is_whole else taken.tolist()}, *joined(coded, None)

    def correlation(self, n: int) -> dict[str, Any] | None:
        """Return the correlation of layers over the first ``n`` checkpoints as JSON has it; None of too few."""
        if n < FEWEST_SAMPLES or not self.spectra.kernels:
            return None
        with self._finding:
            if self._correlation is None or self._correlation[0] != n:
                self._correlation = n, self._plain_correlation(n)
            return self._correlation[1]

    def _plain_correlation(self, n: int) -> dict[str, Any]:
        whole = self.spectra.correlation(n)
        found, decay = whole.found, whole.decay
        return {
            "n_checkpoints": n,
            "layers": list(whole.layers),
            "n_weights": whole.n_weights,
            "mean_absolute": [_json(value) for value in found.mean_absolute],
            "mean": [_json(value) for value in found.mean],
            "n_pairs": found.n_pairs.tolist(),
            "chance": found.chance,
            "decay": decay and [_json(value) for value in (decay.at_zero, decay.length, decay.r_squared)],
        }

    def seconds(self, name: str, n: int) -> float:
        """Return about how long the spectra of a matrix take that are not known, rather more than less."""
        n_missing = n - len(self._known.get(name, ()))
        short, long = sorted(self.spectra.shape(name))
        return n_missing * (2e-8 * short * long + 1e-10 * short**2 * long + 2e-10 * short**3)

    def for_page(self, n: int) -> Attachment:
        """Return the spectra that a page carries: as many as take no longer than a few seconds, the quickest first."""
        cost = {name: self.seconds(name, n) for name in self.names}
        n_layers = len(self.spectra.kernels)
        products = (n_layers * most_weights(n_layers)) ** 2 / 2
        left = PAGE_SECONDS - products * (1e-8 + 1e-10 * n)
        correlation = self.correlation(n) if left > 0 else None
        chosen = []
        for name in sorted(cost, key=cost.__getitem__):
            left -= cost[name]
            if left < 0:
                break
            chosen.append(name)
        answers = [self.answer(name, n, MOST_IN_PAGE) for name in self.names if name in chosen]
        about = {
            "parts": [part for part, _, _ in answers],
            "left_out": [name for name in self.names if name not in chosen],
            "correlation": correlation,
        }
        entries, data = behind(answers)
        return Attachment("spectra", {"about": [about]}, tuple(entries), data)


def behind(answers: Iterable[tuple[Any, Sequence[Entry], bytes]]) -> tuple[list[Entry], bytes]:
    """Lay the bytes of answers behind each other; return the entries of their blocks there, and the bytes."""
    entries: list[Entry] = []
    laid: list[bytes] = []
    for _, some, data in answers:
        start = sum(map(len, laid))
        entries += [{**entry, "offset": start + entry["offset"]} for entry in some]
        laid.append(data)
    return entries, b"".join(laid)


def told_ranks(n_values: int, most: int) -> NDArray[np.int64]:
    """Return the ranks, from 0, that are told: half of ``most`` are the largest values, the others lie evenly."""
    if n_values <= most:
        return np.arange(n_values)
    n_largest = most // 2
    rest = np.linspace(n_largest, n_values - 1, most - n_largest)
    return np.concatenate([np.arange(n_largest), np.rint(rest).astype(np.int64)])


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
