"""Finds a model's parameters in what a training run saved: a state dict, or a dict with one somewhere inside.

Not for where tensors lie (see ``torch_files``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnweightviz.storage.pickles import Called, Named
from nnweightviz.storage.stored import UnreadableError

USUAL = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
    "model_state",
    "weights",
    "params",
)
"""Under what parameters usually are; the first that is there is taken."""
BESIDE = re.compile(
    r"optim|sched|scaler|^amp|rng|random|callback|loops|hyper_?param|hparams|config|^args$|dataloader|sampler|"
    r"^ema|_ema$|ema_|swa|average|teacher|moment",
    re.IGNORECASE,
)
"""Names of what is saved beside the parameters: optimisers, schedules, generators, averages."""
MAX_DEPTH = 8


@dataclass(frozen=True)
class Found:
    """A model's parameters by name, the names of its entries that are no tensors, and the dicts around it.

    Where the parameters are the file's root, that is also what is around them: an epoch may stand among them.
    """

    state: dict[str, Any]
    left_out: tuple[str, ...]
    around: tuple[dict[Any, Any], ...]


def parameters_in(root: Any, tensor: type[Any], path: Path) -> Found:
    """Return the one mapping of tensors that is a model's.

    Raises
    ------
    UnreadableError
        If there is none, if a model was pickled whole, or if there are several and none has a usual name.
    """
    candidates = list(_candidates(root, tensor))
    if not candidates:
        raise UnreadableError(path, _why_none(root))
    names = dict(candidates)
    way = _chosen(list(names))
    if way is None:
        listed = ", ".join(repr(".".join(way)[:60]) for way in list(names)[:5])
        raise UnreadableError(
            path,
            f"it holds the parameters of several models ({listed}); load it with torch and pass the state dicts of "
            "one of them, in a list",
        )
    state = {str(name): value for name, value in names[way].items() if isinstance(value, tensor)}
    left_out = tuple(str(name)[:80] for name, value in names[way].items() if isinstance(value, Called))
    return Found(state, left_out, tuple(_around(root, way)) or (root,))


def _candidates(root: Any, tensor: type[Any]) -> Iterator[tuple[tuple[str, ...], dict[Any, Any]]]:
    """Every mapping with tensors, with the keys that lead to it, but those inside another and what is beside."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), root)]
    known: set[int] = set()
    while waiting:
        way, thing = waiting.pop(0)
        if not isinstance(thing, dict) or id(thing) in known or "param_groups" in thing:
            continue
        known.add(id(thing))
        n_tensors = sum(isinstance(value, tensor) and value.shape != () for value in thing.values())
        has_more = any(isinstance(value, dict) for value in thing.values())
        if n_tensors and (way or not has_more or 2 * n_tensors > len(thing)):
            yield way, thing
        elif len(way) < MAX_DEPTH:
            inside = [(k, v) for k, v in thing.items() if isinstance(k, str) and not BESIDE.search(k)]
            waiting.extend(((*way, key), value) for key, value in inside)


def _chosen(ways: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    if len(ways) == 1:
        return ways[0]
    for name in USUAL:
        named = [way for way in ways if way[-1:] == (name,)]
        if len(named) == 1:
            return named[0]
    return None


def _around(root: Any, way: tuple[str, ...]) -> Iterator[dict[Any, Any]]:
    """The mappings that the parameters are inside of, the nearest first; the parameters themselves not."""
    mappings = [root]
    for key in way:
        mappings.append(mappings[-1][key])
    yield from reversed(mappings[:-1])


def _why_none(root: Any) -> str:
    """Return a sentence on what a file holds that holds no parameters."""
    save = "save the parameters alone, with torch.save(model.state_dict(), path)"
    if isinstance(root, dict) and "param_groups" in root:
        return "it holds the state of an optimiser, no parameters"
    values = root.values() if isinstance(root, dict) else [root]
    pickled = next((value for value in values if isinstance(value, Called)), None)
    if pickled is not None:
        name = pickled.args[0].name if pickled.args and isinstance(pickled.args[0], Named) else pickled.name
        return f"it holds a whole pickled object ({name[:80]}), and to read it is to execute it; load it and {save}"
    return f"it holds no parameters, that is no dict of tensors; load it and {save}"
