"""Opens what is on disk as a History: ``nwv.open``.

Not for how files are found and read (see ``storage``), nor for lists (see ``gather``).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from nnweightviz.adapters import as_network
from nnweightviz.checkpoint import Checkpoint, LazyState, as_path, shapes_of, strip_wrappers
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.storage.find import find
from nnweightviz.storage.folder import is_history

Shapes = Mapping[str, tuple[int, ...]]


def open_history(path: str | os.PathLike[str], model: Any = None) -> History:
    """Open checkpoints that lie on disk; parameters are read when they are asked for.

    Parameters
    ----------
    path
        A folder, a glob pattern such as ``"runs/a/*.pt"``, or a file: PyTorch's ``.pt``, ``.pth``, ``.bin``,
        Lightning's ``.ckpt``, ``.safetensors`` (also in shards), NumPy's ``.npz``, ``.npy``, Keras 3's
        ``.weights.h5``, ``.keras``, folders of Hugging Face's Trainer, and what a History has saved.
    model
        A torch module, a Network or a state dict whose names the parameters are to have: prefixes such as
        ``module.``, ``_orig_mod.`` and ``model.`` are taken off or put before. Without it, names stay as they are.

    Returns
    -------
    History
        It goes on growing if it is recorded into, or refreshed, where the folder is one that a History has written.
        Its ``notes`` say which order was taken, and what was skipped and why.

    Raises
    ------
    FileNotFoundError
        If there is nothing at ``path``.
    TypeError
        If ``path`` is none: a list of paths goes into ``WeightViz(model, [...])``.
    UnreadableError
        If nothing there can be read: damaged, hostile or of no known form. Nothing in a file is ever executed.
    ValueError
        If the names of the parameters do not fit the model's, or fit in several ways.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for epoch in (9, 10):
    ...         np.savez(f"{folder}/epoch_{epoch}.npz", w=np.full((1, 2), epoch))
    ...     history = open_history(folder)
    ...     history.epochs.tolist(), history["w"][:, 0, 0].tolist()
    ([9.0, 10.0], [9, 10])
    """
    own = as_path(path)
    if is_history(own) and model is None:
        return History(own)
    stored = find(path)
    if model is not None:
        wanted = shapes_wanted(model)
        ways: dict[frozenset[tuple[str, tuple[int, ...]]], dict[str, str]] = {}
        renamed = [_renamed(checkpoint, wanted, ways) for checkpoint in stored.checkpoints]
        if is_history(own) and all(a is b for a, b in zip(renamed, stored.checkpoints, strict=True)):
            return History(own)
        stored = replace(stored, checkpoints=renamed)
    return History.of(stored)


class RenamedState(LazyState):
    """A state under other names, read when it is asked for; ``names`` maps the new to the old."""

    def __init__(self, state: Mapping[str, NDArray[Any]], names: Mapping[str, str]) -> None:
        self._state, self._names = state, names

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._state[self._names[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape, known without reading."""
        shapes = shapes_of(self._state)
        return {name: tuple(shapes[old]) for name, old in self._names.items()}


def shapes_wanted(model: Any) -> Shapes:
    """Return the names and shapes of a model's parameters; TypeError if it is no model, Network or state dict."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from nnweightviz.adapters import torch as torch_adapter

        state = torch_adapter.unwrapped(model).state_dict()
        return {
            name: tuple(tensor.shape) for name, tensor in state.items() if isinstance(tensor, torch.Tensor)
        }
    network = model if isinstance(model, Network) else as_network(model)
    return dict(network.parameters or {})


def _renamed(
    checkpoint: Checkpoint,
    wanted: Shapes,
    ways: dict[frozenset[tuple[str, tuple[int, ...]]], dict[str, str]],
) -> Checkpoint:
    shapes = shapes_of(checkpoint.state)
    key = frozenset(shapes.items())
    if key not in ways:
        ways[key] = matched_names(wanted, shapes)
    names = ways[key]
    is_same = all(new == old for new, old in names.items())
    return checkpoint if is_same else replace(checkpoint, state=RenamedState(checkpoint.state, names))


def matched_names(wanted: Shapes, given: Shapes) -> dict[str, str]:
    """Return new name -> given name, so that as many as can be are a model's, with equal shapes.

    The wrappers' prefixes (``module.``, ``_orig_mod.``) count for nothing wherever they stand. One prefix may be
    taken off the given names, or put before them; names that it does not concern stay.

    Raises
    ------
    ValueError
        If no name fits, or if two prefixes fit equally well.

    Examples
    --------
    >>> matched_names({"fc.weight": (2, 3)}, {"model.module.fc.weight": (2, 3), "loss.scale": (1,)})
    {'fc.weight': 'model.module.fc.weight', 'loss.scale': 'loss.scale'}
    """
    ours = {strip_wrappers(name): name for name in wanted}
    theirs: dict[str, str] = {}
    for name in given:
        theirs.setdefault(strip_wrappers(name), name)
    scores: Counter[tuple[str, str]] = Counter({("", ""): 0})
    for off, before in _prefixes(ours, theirs):
        for name, old in theirs.items():
            new = ours.get(before + name.removeprefix(off)) if name.startswith(off) else None
            scores[off, before] += new is not None and tuple(wanted[new]) == tuple(given[old])
    best = max(scores.values())
    if not best:
        raise ValueError(
            f"the checkpoints seem to be of another model: none of their parameters ({_examples(given)}) has the name, "
            f"with or without a prefix, and the shape of one of the model's ({_examples(wanted)}); open them without "
            "model, or with the model that they were taken from"
        )
    ways = [way for way, score in scores.items() if score == best]
    way = ways[0]
    if len(ways) > 1 and ("", "") not in ways:
        fits = ", ".join(repr(off or before) for off, before in ways[:4])
        raise ValueError(
            f"the names of the parameters fit the model's in several ways, with the prefixes {fits}; open them without "
            "model, and pass a list of state dicts with the model's names"
        )
    off, before = ("", "") if ("", "") in ways else way
    return _applied(off, before, ours, theirs)


def _applied(off: str, before: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    others = []
    for name, old in theirs.items():
        new = before + name.removeprefix(off)
        if name.startswith(off) and (off or before or name in ours):
            names[ours.get(new, new)] = old
        else:
            others.append(old)
    for old in others:
        names.setdefault(old, old)
    return names


def _prefixes(ours: Iterable[str], theirs: Iterable[str]) -> list[tuple[str, str]]:
    """Return what could be taken off, or put before: nothing, and each beginning of a name up to a dot or slash."""
    off = dict.fromkeys(prefix for name in theirs for prefix in _beginnings(name))
    before = dict.fromkeys(prefix for name in ours for prefix in _beginnings(name))
    return [("", ""), *((prefix, "") for prefix in off), *(("", prefix) for prefix in before)]


def _beginnings(name: str) -> Iterator[str]:
    yield from (name[: k + 1] for k, letter in enumerate(name[:-1]) if letter in "./")


def _examples(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(repr(name[:80]) for name in listed[:most]) + (", …" if len(listed) > most else "")
