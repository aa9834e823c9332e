"""The order of checkpoints: by what they contain, else by the numbers in their names, never by their files' times.

Not for opening them (see ``find``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.words import counted

NUMBER = re.compile(r"\d+(?:\.\d+)?(?!\d)")
LABELLED = re.compile(
    r"(?<![a-z])(?:(?P<step>(?:global[_-]?)?steps?|iter(?:ation)?s?)|(?P<epoch>epochs?|ep))[-_= .]*(?P<number>\d{1,18})"
    r"(?!\.\d)(?!\d)",
    re.IGNORECASE,
)
STEP_FOLDER = re.compile(r"(?:^|/)checkpoint-(\d{1,18})(?:/|$)")
"""How Hugging Face's Trainer names a checkpoint's folder."""
END = re.compile(r"(?<![a-z])(?:best|last|latest|final|newest|current|trained)(?![a-z])", re.IGNORECASE)
BEGINNING = re.compile(r"(?<![a-z])(?:init|initial|start|untrained|before)(?![a-z])", re.IGNORECASE)
STEPS, EPOCHS = "their steps", "their epochs"
Key = tuple[float, ...]


@dataclass(frozen=True)
class Read:
    """A checkpoint and the name that it was found under, relative to what was opened, with ``/`` between parts.

    ``told`` says what of the checkpoint its name alone told.
    """

    name: str
    checkpoint: Checkpoint
    told: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ordered:
    """Checkpoints in order, and sentences: which order that is, and what was skipped."""

    checkpoints: tuple[Checkpoint, ...]
    notes: tuple[str, ...]


def in_order(found: Sequence[Read]) -> Ordered:
    """Return checkpoints in the order of training.

    By the steps or epochs that they contain, if all (or most) do; else by those that their names tell, or by the
    one number in which the names differ; else by name, numbers counted as numbers. Of several at one place, the one
    with a number in its name stays. Steps are kept only if all have one and they increase.
    """
    found = sorted((_with_name(read) for read in found), key=lambda read: natural(read.name))
    if len(found) == 1:
        return Ordered((found[0].checkpoint,), ())
    keys, what, left = _keys(found)
    notes = [f"{read.name} was skipped: it has no such number" for read in left]
    kept: dict[Key, Read] = {}
    for read, key in sorted(keys, key=lambda pair: (pair[1], bool(END.search(pair[0].name)))):
        if key in kept:
            notes.append(f"{read.name} was skipped: it is at the same place as {kept[key].name}")
        else:
            kept[key] = read
    notes.insert(0, f"{counted(len(kept), 'checkpoint')}, ordered by {what}")
    return Ordered(_with_steps([read.checkpoint for read in kept.values()]), tuple(notes))


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which ``"a10"`` comes after ``"a9"``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part[:400]), part) if part.isdecimal() and part.isascii() else (-1, part) for part in parts]


def _with_name(read: Read) -> Read:
    """Fill in the step and the epoch that a name tells where the contents do not."""
    known = read.checkpoint
    told: dict[str, int] = {}
    for match in LABELLED.finditer(read.name):
        told["step" if match["step"] else "epoch"] = int(match["number"])
    folder = STEP_FOLDER.search(read.name)
    if folder is not None:
        told.setdefault("step", int(folder[1]))
    if known.step is not None:
        told.pop("step", None)
    if known.epoch is not None:
        told.pop("epoch", None)
    return Read(read.name, replace(known, **told), frozenset(told))  # type: ignore[arg-type]


def _keys(found: Sequence[Read]) -> tuple[list[tuple[Read, Key]], str, list[Read]]:
    """Return each checkpoint with what it is ordered by, what that is, and those that lack it."""
    varying = _varying(found)
    ways: list[tuple[str, Callable[[Read], Key | None]]] = [
        (STEPS + _source(found, "step"), lambda read: _key(read.checkpoint.step)),
        (EPOCHS + _source(found, "epoch"), lambda read: _key(read.checkpoint.epoch)),
        ("the number in their names", lambda read: varying.get(read.name)),
    ]
    for is_complete in (True, False):
        for what, key_of in ways:
            keys = [(read, key) for read in found if (key := key_of(read)) is not None]
            left = [read for read in found if key_of(read) is None]
            named = all(END.search(read.name) for read in left)
            if keys and (not left if is_complete else named or 2 * len(left) < len(found)):
                keys, what = _parted(keys, what, varying)
                return keys, what, left
    by_name = sorted(found, key=lambda read: bool(END.search(read.name)) - bool(BEGINNING.search(read.name)))
    return [(read, (float(k),)) for k, read in enumerate(by_name)], "their names", []


def _source(found: Sequence[Read], what: str) -> str:
    return ", as their names tell them" if any(what in read.told for read in found) else ""


def _key(number: float | None) -> Key | None:
    return None if number is None else (float(number),)


def _parted(
    keys: list[tuple[Read, Key]], what: str, varying: dict[str, Key]
) -> tuple[list[tuple[Read, Key]], str]:
    """Where many share a place, part them by a second number: steps that begin again each epoch, say."""
    counts = Counter(key for _, key in keys)
    n_distinct = len(counts)
    if n_distinct == len(keys):
        return keys, what
    finer: list[tuple[str, list[tuple[Read, Key]]]] = []
    if what.startswith(STEPS) and all(read.checkpoint.epoch is not None for read, _ in keys):
        epochs = [(read, (float(read.checkpoint.epoch or 0), *key)) for read, key in keys]
        finer.append((f"{EPOCHS}, then {what}", epochs))
    if all(read.name in varying for read, key in keys if counts[key] > 1):
        numbered = [(read, (*key, *varying.get(read.name, ()))) for read, key in keys]
        finer.append((f"{what}, then the number in their names", numbered))
    for name, parted in finer:
        n_parted = len({key for _, key in parted})
        if n_parted > n_distinct + (len(keys) - n_distinct) // 2:
            return parted, name
    return keys, what


def _varying(found: Sequence[Read]) -> dict[str, Key]:
    """Return, for those names that differ in one number alone (the commonest such pattern), that number."""
    patterns = Counter(NUMBER.sub("#", read.name) for read in found)
    pattern, n = patterns.most_common(1)[0]
    if n < 2:
        return {}
    alike = [read for read in found if NUMBER.sub("#", read.name) == pattern]
    numbers = {read.name: [float(m[:300]) for m in NUMBER.findall(read.name)] for read in alike}
    columns = list(zip(*numbers.values(), strict=True))
    differing = [k for k, column in enumerate(columns) if len(set(column)) > 1]
    if len(differing) > 1:  # several differ: the one that is different everywhere, if there is one
        differing = [k for k in differing if len(set(columns[k])) == len(columns[k])]
        whole = [k for k in differing if all(value.is_integer() for value in columns[k])]
        differing = (whole or differing)[:1]
    if len(differing) != 1:
        return {}
    return {name: (values[differing[0]],) for name, values in numbers.items()}


def _with_steps(checkpoints: list[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Keep the steps if all have one and they increase; a history has them for all or for none."""
    steps = [checkpoint.step for checkpoint in checkpoints]
    known = [step for step in steps if step is not None]
    if len(known) == len(steps) and all(a < b for a, b in pairwise(known)):
        return tuple(checkpoints)
    return tuple(replace(checkpoint, step=None) for checkpoint in checkpoints)
