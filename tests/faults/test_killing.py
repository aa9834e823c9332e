"""A recording that is killed at any instant loses nothing that it said was written, and shows nothing by halves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faults import killing
from faults.recorders import RECORDERS, Histories, state_of
from nnweightviz.storage.folder import file_name

N_KILLS = 40


def test_forty_kills_cost_nothing(tmp_path: Path) -> None:
    toll = killing.kill("nnweightviz.History", tmp_path, N_KILLS)
    assert toll.n_kills == N_KILLS
    assert toll.n_acknowledged > N_KILLS // 2, "too little was recorded to say anything"
    assert (toll.lost, toll.torn, toll.stuck, toll.n_left_behind) == ([], [], [], 0)


def test_a_torn_changed_or_missing_checkpoint_would_be_found(tmp_path: Path) -> None:
    recorder = Histories(tmp_path / "run")
    for step in range(6):
        recorder.record(step, state_of(0, step))
    recorder.history.close()

    def tolled(durable: int = 5) -> killing.Toll:
        toll = killing.Toll()
        killing.look("nnweightviz.History", tmp_path / "run", 0, durable, toll)
        return toll

    assert tolled().is_nothing
    assert tolled(7).lost == ["run: step 6", "run: step 7"]
    (tmp_path / "run" / file_name(3)).unlink()
    assert tolled().lost == ["run: step 3"]
    changed = tmp_path / "run" / file_name(4)
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    assert tolled().torn == ["run: step 4"]
    changed.write_bytes(changed.read_bytes()[:-1])
    assert "left out checkpoint-0000000004" in tolled().torn[0]


@pytest.mark.parametrize("name", RECORDERS)
def test_each_way_of_recording_gives_back_what_it_was_given(name: str, tmp_path: Path) -> None:
    for first in (0, 3):
        recorder = RECORDERS[name](tmp_path / "run")
        for step in range(first, first + 3):
            recorder.record(step, state_of(0, step))
        assert recorder.durable(may_wait=True) == first + 2
        if isinstance(recorder, Histories):
            recorder.history.close()
    there = RECORDERS[name].read(tmp_path / "run")
    assert list(there)[-1] == 5 or sorted(there) == list(range(6))
    assert all(killing.are_equal(state, state_of(0, step)) for step, state in there.items())
    assert np.asarray(there[5]["scale"]).shape == ()
