"""The order of checkpoints, from what they contain and from their names; never from their files' times."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nnweightviz.checkpoint import Checkpoint
from nnweightviz.storage.order import Ordered, Read, in_order

Given = str | tuple[str, int | None, float | None]


def ordered(*given: Given) -> Ordered:
    """Checkpoints by name, or (name, step, epoch) where their contents tell these; the state's key is the name."""
    named = [(item, None, None) if isinstance(item, str) else item for item in given]
    reads = [Read(n, Checkpoint({n: np.zeros(1)}, step=step, epoch=epoch)) for n, step, epoch in named]
    random.Random(0).shuffle(reads)
    return in_order(reads)


def names(found: Ordered) -> list[str]:
    return [next(iter(checkpoint.state)) for checkpoint in found.checkpoints]


@pytest.mark.parametrize(
    ("expected", "what"),
    [
        (["epoch_9.pt", "epoch_10.pt"], "their epochs, as their names tell them"),
        (["epoch=3-step=1200.ckpt", "epoch=12-step=4800.ckpt"], "their steps, as their names tell them"),
        (["checkpoint-500", "checkpoint-1000"], "their steps, as their names tell them"),
        (["m_0009.npz", "m_0010.npz"], "the number in their names"),
        (["resnet50_9_v2.pt", "resnet50_10_v2.pt"], "the number in their names"),
        (["model_1_0.9.pt", "model_2_0.9.pt", "model_10_0.5.pt"], "the number in their names"),
        (
            ["epoch=1-val_loss=0.45.ckpt", "epoch=2-val_loss=0.35.ckpt"],
            "their epochs, as their names tell them",
        ),
        (["a.pt", "b9.pt", "b10.pt", "c.pt"], "their names"),
        (["init.pt", "middle.pt", "final.pt"], "their names"),
        (["run/iter_90/w.pt", "run/iter_100/w.pt"], "their steps, as their names tell them"),
        ([("b.pt", 1, 0), ("a.pt", 2, 0)], "their steps"),
        ([("z2.pt", None, 1), ("z1.pt", None, 2)], "their epochs"),
        (
            [("epoch0_900.pt", None, 0), ("epoch0_1000.pt", None, 0)],
            "their epochs, then the number in their names",
        ),
        (
            [("a.pt", 100, 0), ("b.pt", 200, 0), ("c.pt", 100, 1), ("d.pt", 200, 1)],
            "their epochs, then their steps",
        ),
    ],
)
def test_checkpoints_are_ordered_by_what_tells_most(expected: list[Given], what: str) -> None:
    found = ordered(*expected)
    assert names(found) == [item if isinstance(item, str) else item[0] for item in expected]
    assert found.notes == (f"{len(expected)} checkpoints, ordered by {what}",)


def test_steps_and_epochs_in_names_are_known_afterwards() -> None:
    found = ordered("epoch=3-step=1200.ckpt", "epoch=12-step=4800.ckpt")
    assert [(c.step, c.epoch) for c in found.checkpoints] == [(1200, 3), (4800, 12)]


def test_contents_are_believed_before_names() -> None:
    assert names(ordered(("epoch_1.pt", None, 2), ("epoch_2.pt", None, 1))) == ["epoch_2.pt", "epoch_1.pt"]


def test_steps_that_begin_again_each_epoch_are_dropped() -> None:
    found = ordered(("a.pt", 100, 0), ("b.pt", 200, 0), ("c.pt", 100, 1), ("d.pt", 200, 1))
    assert [checkpoint.step for checkpoint in found.checkpoints] == [None] * 4


def test_the_same_step_twice_is_kept_once_under_its_number() -> None:
    found = ordered(("step=1.ckpt", 1, 0), ("step=2.ckpt", 2, 0), ("last.ckpt", 2, 0), ("best.ckpt", 1, 0))
    assert names(found) == ["step=1.ckpt", "step=2.ckpt"]
    assert found.notes[1:] == (
        "best.ckpt was skipped: it is at the same place as step=1.ckpt",
        "last.ckpt was skipped: it is at the same place as step=2.ckpt",
    )


def test_what_has_no_number_among_numbered_ones_is_skipped_by_name() -> None:
    found = ordered("m_2.pt", "m_10.pt", "best.pt")
    assert (names(found), found.notes[1]) == (
        ["m_2.pt", "m_10.pt"],
        "best.pt was skipped: it has no such number",
    )


def test_a_single_checkpoint_needs_no_order() -> None:
    assert ordered("epoch_3.pt").notes == ()
    assert ordered("epoch_3.pt").checkpoints[0].epoch == 3
