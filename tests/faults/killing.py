"""Kills processes that record, at random instants, and looks at what they leave behind. Not for how they record."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

try:
    from faults.recorders import KEEPS_ALL, RECORDERS, State, leftovers, state_of
except ImportError:  # as ``python -m tests.faults``
    from tests.faults.recorders import KEEPS_ALL, RECORDERS, State, leftovers, state_of

LONGEST_S = 0.12
KILLS_A_FOLDER = 8


@dataclass
class Toll:
    """What so many kills cost one way of recording."""

    n_kills: int = 0
    n_acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """Checkpoints that were said to be written and are not there as they were."""
    torn: list[str] = field(default_factory=list)
    """Folders that show a checkpoint which cannot be read, or not as it was recorded."""
    stuck: list[str] = field(default_factory=list)
    """Folders that could not be recorded into again."""
    n_left_behind: int = 0
    """Unfinished files that were still there after the next recording."""

    @property
    def is_nothing(self) -> bool:
        return not (self.lost or self.torn or self.stuck or self.n_left_behind)


def recording(name: str, path: Path, seed: int, first: int, sender: Connection) -> None:
    """What the process does that is killed: record, and say what is durable as soon as it is."""
    rng = random.Random(f"{seed} {first}")
    recorder = RECORDERS[name](path)
    for step in range(first, first + 10_000):
        recorder.record(step, state_of(seed, step))
        sender.send(recorder.durable(may_wait=rng.random() < 0.2))


def acknowledged(receiver: Connection) -> Iterator[int]:
    """What a process that is dead by now had said."""
    try:
        while True:
            yield receiver.recv()
    except (EOFError, OSError):
        return


def are_equal(state: State, expected: State) -> bool:
    return set(state) == set(expected) and all(
        np.asarray(state[n]).dtype == a.dtype and np.asarray(state[n]).tobytes() == a.tobytes()
        for n, a in expected.items()
    )


def look(name: str, path: Path, seed: int, durable: int, toll: Toll) -> int:
    """Compare a folder with what was recorded into it; return the last step that it has, -1 if none."""
    try:
        there = RECORDERS[name].read(path) if path.exists() else {}
    except Exception as error:
        toll.torn.append(f"{path.name}: {error}"[:300])
        toll.lost += [f"{path.name}: step {durable}"] * (name not in KEEPS_ALL and durable >= 0)
        return durable
    toll.torn += [
        f"{path.name}: step {s}" for s, state in there.items() if not are_equal(state, state_of(seed, s))
    ]
    if name in KEEPS_ALL:
        toll.lost += [f"{path.name}: step {step}" for step in range(durable + 1) if step not in there]
    elif durable >= 0 and max(there, default=-1) < durable:
        toll.lost.append(f"{path.name}: step {durable}")
    return max(there, default=-1)


def goes_on(name: str, path: Path, seed: int, first: int, toll: Toll) -> None:
    """Record once more into a folder whose recorder was killed."""
    try:
        recorder = RECORDERS[name](path)
        recorder.record(first, state_of(seed, first))
        if recorder.durable(may_wait=True) != first:
            toll.stuck.append(f"{path.name}: step {first} is not written")
        if hasattr(recorder, "history"):
            recorder.history.close()
    except Exception as error:
        toll.stuck.append(f"{path.name}: {error}"[:300])


def kill(name: str, folder: Path, n_kills: int, seed: int = 0) -> Toll:
    """Kill a recording again and again, each time going on in the same folder, and add up what is lost."""
    rng, toll = random.Random(seed), Toll()
    while toll.n_kills < n_kills:
        path, of_folder = folder / f"{toll.n_kills:05d}", seed + toll.n_kills
        durable = last = -1
        n_bad = len(toll.torn) + len(toll.stuck)
        for _ in range(min(KILLS_A_FOLDER, n_kills - toll.n_kills)):
            said = killed(name, path, of_folder, last + 1, rng)
            toll.n_kills += 1
            toll.n_acknowledged += max(said, durable) - durable
            durable = max(said, durable)
            last = look(name, path, of_folder, durable, toll)
            goes_on(name, path, of_folder, last + 1, toll)
            durable = last = last + 1
            toll.n_left_behind += len(leftovers(path))
            if len(toll.torn) + len(toll.stuck) > n_bad:
                break
    return toll


@cache
def ready_to_fork() -> Any:
    """Start a process that has imported all there is to import, from which the others are forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([recording.__module__])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # the server is not told our path until Python 3.13
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def killed(name: str, path: Path, seed: int, first: int, rng: random.Random) -> int:
    """Let a process record for a moment, kill it, and return the last step that it said was durable, or -1."""
    context = ready_to_fork()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=recording, args=(name, path, seed, first, sender), daemon=True)
    process.start()
    sender.close()
    if rng.random() < 0.9:  # else while it begins
        receiver.poll(30)
    time.sleep(rng.random() ** 2 * LONGEST_S)
    process.kill()
    process.join()
    said = max(acknowledged(receiver), default=-1)
    receiver.close()
    process.close()
    return said
