"""Kills each way of recording some hundred times and prints what is lost: ``python -m tests.faults [kills] [seed]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults.killing import kill
from tests.faults.recorders import RECORDERS

HEADER = (
    "recorded by",
    "kills",
    "checkpoints said to be written",
    "of these lost",
    "torn",
    "stuck",
    "left behind",
)


def main(n_kills: int = 200, seed: int = 0) -> int:
    """Print a table; the status is that of nnweightviz alone."""
    print(f"| {' | '.join(HEADER)} |\n|{' --- |' * len(HEADER)}", flush=True)
    failed = 0
    for name in RECORDERS:
        with tempfile.TemporaryDirectory() as temp:
            toll = kill(name, Path(temp), n_kills, seed)
        counts = (toll.n_kills, toll.n_acknowledged, len(toll.lost), len(toll.torn), len(toll.stuck))
        print(f"| {name} | {' | '.join(map(str, counts))} | {toll.n_left_behind} |", flush=True)
        if name.startswith("nnweightviz") and not toll.is_nothing:
            failed = 1
            print(*toll.lost, *toll.torn, *toll.stuck, sep="\n", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
