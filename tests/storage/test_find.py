"""Files, folders and patterns, as people have them: what is found, skipped and refused, with which words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from nnweightviz.storage.find import find
from nnweightviz.storage.stored import Stored, UnreadableError


def state(value: float = 0, n: int = 3) -> dict[str, Any]:
    return {"fc.weight": np.full((2, n), value, np.float32), "fc.bias": np.full(2, value, np.float32)}


def first_values(stored: Stored) -> list[float]:
    return [float(checkpoint.state["fc.weight"][0, 0]) for checkpoint in stored.checkpoints]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"junk")


def test_files_of_all_forms_are_found_together(tmp_path: Path) -> None:
    save_file(state(1), tmp_path / "epoch_1.safetensors", metadata={"loss": "0.5"})
    torch.save({n: torch.tensor(a) for n, a in state(2).items()}, tmp_path / "epoch_2.pt")
    np.savez(tmp_path / "epoch_10.npz", **state(10))
    stored = find(tmp_path)
    assert first_values(stored) == [1, 2, 10]
    assert stored.checkpoints[0].metrics == {"loss": 0.5}
    assert first_values(find(str(tmp_path / "epoch_1*"))) == [1, 10]
    assert first_values(find(tmp_path / "epoch_2.pt")) == [2]


def test_file_times_count_for_nothing(tmp_path: Path) -> None:
    for k in (1, 2):
        np.savez(tmp_path / f"m_{k}.npz", **state(k))
    os.utime(tmp_path / "m_1.npz", (2e9, 2e9))
    assert first_values(find(tmp_path)) == [1, 2]


def test_what_is_beside_is_counted_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for k in (1, 2):
        np.savez(tmp_path / f"m_{k}.npz", **state(k))
    touch(tmp_path, "optimizer.pt", "log.txt", "config.json", "tokenizer.bin", "m_3.npz")
    stored = find(tmp_path)
    assert first_values(stored) == [1, 2]
    assert any(note.startswith("m_3.npz was skipped: it is no zip file") for note in stored.notes)
    assert "4 other files left aside (config.json, log.txt, optimizer.pt, …)" in stored.notes


def test_checkpoints_of_another_model_are_skipped_with_a_reason(tmp_path: Path) -> None:
    for k in (1, 2):
        np.savez(tmp_path / f"m_{k}.npz", **state(k))
    np.savez(tmp_path / "m_3.npz", **state(3, n=4))
    np.savez(tmp_path / "m_4.npz", other=np.ones(3))
    np.savez(tmp_path / "m_5.npz", **state(5), extra=np.ones(3))
    stored = find(tmp_path)
    assert first_values(stored) == [1, 2, 5]
    because = "was skipped: it is of another model than m_1.npz;"
    assert f"m_3.npz {because} its 'fc.weight' has shape (2, 4), not (2, 3)" in stored.notes
    assert f"m_4.npz {because} it shares no parameter with them" in stored.notes


def hugging_face(folder: Path, step: int, sharded: bool = False) -> None:
    folder.mkdir(parents=True)
    if sharded:
        for k, name in enumerate(state()):
            save_file({name: state(step)[name]}, folder / f"model-0000{k + 1}-of-00002.safetensors")
        places = {name: f"model-0000{k + 1}-of-00002.safetensors" for k, name in enumerate(state())}
        (folder / "model.safetensors.index.json").write_text(
            json.dumps({"metadata": {}, "weight_map": places})
        )
    else:
        save_file(state(step), folder / "model.safetensors", metadata={"format": "pt"})
    history = [{"step": s, "epoch": s / 500, "loss": 1 / s} for s in range(100, step + 1, 100)]
    history += [{"step": step, "train_runtime": 3.0}]
    about = {"global_step": step, "epoch": step / 500, "log_history": history}
    (folder / "trainer_state.json").write_text(json.dumps(about))
    touch(folder, "optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin", "config.json")


@pytest.mark.parametrize("sharded", [False, True])
def test_hugging_face_s_folders_give_steps_epochs_and_the_log(tmp_path: Path, sharded: bool) -> None:
    for step in (1000, 500):
        hugging_face(tmp_path / f"checkpoint-{step}", step, sharded)
    (tmp_path / "runs").mkdir()
    stored = find(tmp_path)
    assert first_values(stored) == [500, 1000]
    assert [(c.step, c.epoch) for c in stored.checkpoints] == [(500, 1), (1000, 2)]
    assert stored.points["loss"] == [(float(s), 1 / s) for s in range(100, 1001, 100)]
    assert stored.checkpoints[0].metrics == {"loss": 1 / 500}
    assert "train_runtime" not in stored.points
    alone = find(tmp_path / "checkpoint-500")
    assert first_values(alone) == [500]
    assert len(alone.points["loss"]) == 5


def test_a_final_model_beside_numbered_checkpoints_does_not_hide_them(tmp_path: Path) -> None:
    for k in (9, 10):
        save_file(state(k), tmp_path / f"epoch_{k}.safetensors")
    save_file(state(10), tmp_path / "model.safetensors", metadata={"format": "pt"})
    stored = find(tmp_path)
    assert first_values(stored) == [9, 10]
    assert "model.safetensors was skipped: it has no such number" in stored.notes


def test_a_folder_of_folders_says_which_of_them_hold_checkpoints(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "m_1.npz", **state(1))
    (tmp_path / "logs").mkdir()
    said = "a was skipped: it is a folder of checkpoints by itself; open it by its own path; b was skipped"
    with pytest.raises(UnreadableError, match=said):
        find(tmp_path)
    np.savez(tmp_path / "m_2.npz", **state(2))
    stored = find(tmp_path)
    assert first_values(stored) == [2]
    assert sum("by its own path" in note for note in stored.notes) == 2
    assert not any("logs" in note for note in stored.notes)


def test_an_index_is_opened_by_name(tmp_path: Path) -> None:
    hugging_face(tmp_path / "a", 5, sharded=True)
    assert first_values(find(tmp_path / "a" / "model.safetensors.index.json")) == [5]


def test_an_adapter_alone_is_skipped_with_a_note(tmp_path: Path) -> None:
    hugging_face(tmp_path / "checkpoint-1", 1)
    (tmp_path / "checkpoint-2").mkdir()
    save_file(state(), tmp_path / "checkpoint-2" / "adapter_model.safetensors")
    notes = find(tmp_path).notes
    assert "checkpoint-2 was skipped: it holds an adapter alone, not a model's parameters" in notes


def test_hugging_face_s_cache_of_links_is_followed(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "models--a" / "blobs", tmp_path / "models--a" / "snapshots" / "1f"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    save_file(state(7), blobs / "abc")
    (snapshot / "model.safetensors").symlink_to("../../blobs/abc")
    assert first_values(find(snapshot)) == [7]


def test_a_link_that_leads_out_of_the_folder_is_skipped(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    np.savez(outside / "m_2.npz", **state(2))
    np.savez(inside / "m_1.npz", **state(1))
    (inside / "m_2.npz").symlink_to(outside / "m_2.npz")
    (inside / "m_3.npz").symlink_to("m_1.npz")
    (inside / "folder").symlink_to(outside)
    stored = find(inside)
    assert first_values(stored) == [1, 1]
    why = "was skipped: it is a link that leads out of the opened folder, or to nothing"
    assert {f"m_2.npz {why}", f"folder {why}"} <= set(stored.notes)
    assert first_values(find(inside / "m_2.npz")) == [2]  # named itself, a link may lead anywhere


def test_lightning_s_folder_within_is_found(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    np.savez(tmp_path / "checkpoints" / "epoch=1.npz", **state(1))
    touch(tmp_path, "hparams.yaml")
    assert first_values(find(tmp_path)) == [1]


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        (
            "nothing",
            FileNotFoundError,
            r"there is no file or folder '.*nothing'; give a folder, a pattern, or a file",
        ),
        ("*.pt", FileNotFoundError, r"there is nothing that the pattern '.*\*.pt' names"),
        ("log.txt", UnreadableError, r"the end of its name tells no form; accepted are \.safetensors, \.pt"),
        ("empty", UnreadableError, r"it is empty\. Accepted are \.safetensors"),
        (
            "logs",
            UnreadableError,
            r"it holds no checkpoints, but 1 other file left aside \(b\.log\)\. Accepted are",
        ),
        (
            "bad",
            UnreadableError,
            r"a\.pt was skipped: it does not begin as a file that torch\.save has written",
        ),
    ],
)
def test_where_nothing_can_be_read_it_is_said_why(
    tmp_path: Path, name: str, error: type[Exception], sentence: str
) -> None:
    for folder, file in (("empty", None), ("logs", "b.log"), ("bad", "a.pt")):
        (tmp_path / folder).mkdir()
        if file is not None:
            touch(tmp_path / folder, file)
    touch(tmp_path, "log.txt")
    with pytest.raises(error, match=sentence):
        find(tmp_path / name)
