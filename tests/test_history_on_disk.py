"""Histories in folders: what is recorded is what was there, whatever the disk, the model and other processes do."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz.history import History
from nnweightviz.storage.folder import METRICS
from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import TensorFile
from nnweightviz.storage.writer import QUEUE_BYTES, RecordingError
from storage.disks import Disk, wait_until


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch)
    yield disk
    disk.make_room()


def state(value: float = 0.0, n: int = 3) -> dict[str, Any]:
    return {"fc.weight": np.full((2, n), value, dtype=np.float32)}


def values(history: History) -> list[float]:
    return history["fc.weight"][:, 0, 0].tolist()


def files(path: Path) -> list[int]:
    return sorted(int(name[11:21]) for name in os.listdir(path) if name.startswith("checkpoint-"))


# Failures of the disk


def test_a_full_disk_is_told_at_the_next_record_and_nothing_is_lost_once_there_is_room(
    tmp_path: Path, disk: Disk
) -> None:
    history = History(tmp_path)
    history.record(state(0), step=0)
    history.flush()
    disk.fill()
    history.record(state(1), step=1)
    wait_until(lambda: history._run.writer._error is not None)  # type: ignore[union-attr]
    with pytest.raises(OSError, match="No space left on device") as told:
        history.record(state(2), step=2)
    assert told.value.errno == errno.ENOSPC
    assert (history.n_durable, values(history)) == (1, [0, 1])
    with pytest.raises(OSError, match="No space left"):
        history.flush()
    disk.make_room()
    history.record(state(2), step=2)
    history.close()
    assert history.n_durable == 3
    assert values(History(tmp_path)) == values(history) == [0, 1, 2]


def test_a_full_disk_is_told_at_the_next_log_and_at_close(tmp_path: Path, disk: Disk) -> None:
    history = History(tmp_path)
    history.record(state(0), step=0)
    history.flush()
    disk.fill()
    history.log(step=1, loss=1)
    wait_until(lambda: history._run.writer._error is not None)  # type: ignore[union-attr]
    with pytest.raises(OSError, match="No space left"):
        history.log(step=2, loss=2)
    with pytest.raises(OSError, match="No space left"):
        history.close()
    assert values(history) == [0]


FULL = """
    import os, sys, time, resource
    import numpy as np
    from nnweightviz.history import History
    from nnweightviz.storage.folder import read

    path, room = sys.argv[1:]
    if room == "tmpfs":
        assert os.system(f"mount -t tmpfs -o size=400k none {path}") == 0
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    history = History(path)
    sizes = [20_000] * 8 + [40_000] if room == "tmpfs" else [20_000] * 3 + [100_000]
    try:
        for step, n in enumerate(sizes):
            history.record({f"w{n}": np.full(n, step, np.float32)}, step=step)
            history.flush()
    except OSError as error:
        print("told:", error.strerror or error)
    while history._run.writer._error is None:  # it tries again at once
        time.sleep(0.001)
    there = read(history._run.path)
    assert not there.notes, there.notes
    assert history.n_durable == len(there.checkpoints) < len(sizes), (history.n_durable, len(there.checkpoints))
    for checkpoint in there.checkpoints:
        assert all((array == checkpoint.step).all() for array in checkpoint.state.values())
    assert not [name for name in os.listdir(path) if name.endswith(".writing")]
    if room == "tmpfs":
        os.system(f"mount -o remount,size=4m {path}")
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    history.flush()
    assert history.n_durable == len(history)
    history.record({"w20000": np.zeros(20_000, np.float32)}, step=100)
    history.close()
    assert len(read(history._run.path).checkpoints) == len(history)
    print("all is there")
"""


def can_mount() -> bool:
    code = "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d"
    return shutil.which("unshare") is not None and not subprocess.call(
        ["unshare", "-rm", "sh", "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize("room", ["tmpfs", "limit"])
def test_a_disk_that_is_truly_full_tears_no_file(tmp_path: Path, room: str) -> None:
    if room == "tmpfs" and not can_mount():
        room = "limit"
    prefix = ["unshare", "-rm"] if room == "tmpfs" else []
    command = [*prefix, sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path), room]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert "told:" in ended.stdout
    assert "all is there" in ended.stdout


def test_a_read_only_folder_is_read_but_not_recorded_into() -> None:
    code = """
        import os, sys
        import numpy as np
        from nnweightviz.history import History
        history = History(sys.argv[1])
        if os.getuid() == 0:  # who may write everywhere
            os.setgroups([]), os.setgid(65534), os.setuid(65534)
        print(history["fc.weight"].shape)
        history.record({"fc.weight": np.zeros((2, 3), np.float32)}, step=2)
    """
    with tempfile.TemporaryDirectory() as temp:
        path = Path(temp) / "run"
        with History(path) as history:
            history.record(state(1), step=1)
        Path(temp).chmod(0o755)
        path.chmod(0o555)
        command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        path.chmod(0o755)
        assert ended.stdout == "(1, 2, 3)\n", ended.stderr
        assert "cannot be recorded into: Permission denied" in ended.stderr
        assert files(path) == [1]


def test_nothing_is_written_to_a_folder_made_anew_under_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "run"
    history = History(path)
    history.record(state(0), step=0)
    history.flush()
    shutil.rmtree(path)
    path.mkdir()
    history.record(state(1), step=1)
    with pytest.raises(OSError, match="the folder is gone"):
        history.flush()
    with pytest.raises(OSError, match="the folder is gone"):
        history.close()
    assert os.listdir(path) == []
    with pytest.raises(UnreadableError):
        history[0].state["fc.weight"]
    assert history[1].state["fc.weight"][0, 0] == 1  # not written, still in memory


# Who records


def test_a_second_history_of_the_folder_may_read_but_not_record(tmp_path: Path) -> None:
    first, second = History(tmp_path), History(tmp_path)
    first.record(state(1), step=1)
    first.flush()
    with pytest.raises(
        RecordingError, match=r"is being recorded into already.*to read along, nnweightviz.open"
    ):
        second.record(state(2), step=2)
    assert second.refresh() == 1
    first.close()
    second.record(state(2), step=2)
    second.close()
    assert values(History(tmp_path)) == [1, 2]


def test_what_another_process_recorded_meanwhile_is_there_before_one_goes_on(tmp_path: Path) -> None:
    late = History(tmp_path)
    with History(tmp_path) as other:
        other.record(state(1), step=1)
    with pytest.raises(ValueError, match="step 1 is there already"):
        late.record(state(5), step=1)
    late.record(state(2), step=2)
    assert values(late) == [1, 2]
    late.close()


def test_after_a_process_was_killed_another_goes_on(tmp_path: Path) -> None:
    code = """
        import sys, time
        import numpy as np
        from nnweightviz.history import History
        history = History(sys.argv[1])
        history.record({"fc.weight": np.ones((2, 3), np.float32)}, step=1)
        history.flush()
        print("durable", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "durable\n"
        mine = History(tmp_path)
        with pytest.raises(RecordingError, match="recorded into already"):
            mine.record(state(2), step=2)
        process.send_signal(signal.SIGKILL)
    mine.record(state(2), step=2)
    mine.close()
    assert values(History(tmp_path)) == [1, 2]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_reads_but_cannot_record(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.record(state(1), step=1)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def child() -> None:
        sender.send(history["fc.weight"][:, 0, 0].tolist())
        for action in (
            lambda: history.record(state(2), step=2),
            history.flush,
            lambda: history.log(step=3, a=1),
        ):
            try:
                action()
            except RecordingError as error:
                sender.send(str(error))
        history.close()

    process = context.Process(target=child)
    process.start()
    said = [receiver.recv() for _ in range(4) if receiver.poll(20)]
    process.join(20)
    assert process.exitcode == 0
    assert said[0] == [1]
    assert all("by the process that this one was forked from" in refusal for refusal in said[1:4])
    history.record(state(2), step=2)
    history.close()
    assert values(History(tmp_path)) == [1, 2]


def test_a_closed_history_is_read_but_not_recorded_into(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.record(state(1), step=1)
    history.close()
    assert values(history) == [1]
    for action in (lambda: history.record(state(2), step=2), lambda: history.log(step=3, loss=1)):
        with pytest.raises(RecordingError, match="is closed; open it again"):
            action()
    with pytest.raises(RecordingError, match="is closed"):
        history.append(history[0])
    history.flush()
    assert files(tmp_path) == [1]


ENDINGS = {
    "end": "",
    "exit": "sys.exit(3)",
    "exception": "raise KeyError('training broke')",
    "interrupt": "os.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "collected": "del history; import gc; gc.collect()",
    "cycle": "history.itself = history; del history; import gc; gc.collect()",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_all_is_written_however_the_interpreter_ends(tmp_path: Path, ending: str) -> None:
    code = f"""
        import os, signal, sys, time
        import numpy as np
        from nnweightviz.history import History
        history = History(sys.argv[1])
        for step in range(50):
            history.record({{"fc.weight": np.full((2, 3), step, np.float32)}}, step=step)
        history.log(step=60, loss=1)
        {ENDINGS[ending]}
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode == 0) == (ending in ("end", "collected", "cycle")), ended.stderr
    read = History(tmp_path)
    assert values(read) == list(range(50))
    assert read.log_metrics["loss"][0].tolist() == [60]


def test_what_could_not_be_written_at_the_end_is_told(tmp_path: Path) -> None:
    code = """
        import sys, resource
        import numpy as np
        from nnweightviz.history import History
        history = History(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        history.record({"fc.weight": np.zeros(1000, np.float32)}, step=1)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "RecordingError" in ended.stderr
    assert "could not be written: File too large" in ended.stderr


def test_a_clock_that_runs_backwards_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(2_000_000_000, 0, -50_000_000))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    with History(tmp_path) as history:
        for step in range(10):
            history.record(state(step), step=step)
        history.flush()
        for step in range(10):
            os.utime(tmp_path / f"checkpoint-{step:010d}.safetensors", (10**9 - step, 10**9 - step))
    assert values(History(tmp_path)) == list(range(10))
    times = [c.state.file.metadata["time"] for c in History(tmp_path)]  # type: ignore[attr-defined]
    assert times == sorted(times, reverse=True)


# A slow disk


def test_memory_is_bounded_while_the_disk_is_slower_than_training(tmp_path: Path) -> None:
    code = """
        import resource, sys, time
        import torch
        from nnweightviz.history import History
        from nnweightviz.storage.directory import Directory
        from nnweightviz.storage.writer import QUEUE_BYTES
        write = Directory.write
        Directory.write = lambda *given: (time.sleep(0.005), write(*given))[1]
        model = torch.nn.Linear(1000, 1000, bias=False)  # 4 MB
        history = History(sys.argv[1])
        history.record(model, step=0)
        history.flush()
        before, waiting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
        for step in range(1, 80):
            history.record(model, step=step)
            history.log(step=step, loss=1)
            waiting = max(waiting, history._run.writer.n_bytes)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        history.close()
        print(history.n_durable, waiting, waiting <= QUEUE_BYTES, grown * 1024)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert said[0] == "80"
    assert int(said[1]) > 20_000_000, "the disk was never the slower one"
    assert said[2] == "True"
    assert int(said[3]) < QUEUE_BYTES + 40_000_000


def test_a_blocked_recording_goes_on_when_the_disk_does(tmp_path: Path, disk: Disk) -> None:
    history = History(tmp_path)
    big = {"w": np.zeros(10_000_000, np.float32)}
    history.record(big, step=0)
    history.flush()
    with disk.halted():
        history.record(big, step=1)
        history.record(big, step=2)
        begin = time.monotonic()
        threading.Timer(0.2, disk.may_write.set).start()
        history.record(big, step=3)
        assert time.monotonic() - begin > 0.15
    history.close()
    assert history.n_left_out == 0
    assert files(tmp_path) == [0, 1, 2, 3]


@pytest.mark.parametrize("has_steps", [True, False])
def test_a_thinned_recording_leaves_checkpoints_out_keeps_metrics_and_says_so(
    tmp_path: Path, disk: Disk, has_steps: bool
) -> None:
    history = History(tmp_path, when_full="thin")
    big = {"w": np.zeros(10_000_000, np.float32)}
    with disk.halted(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for step in range(8):
            history.record(big, step=step if has_steps else None, loss=step)
    assert [str(w.message).split(": ")[1] for w in told] == [
        "checkpoints are left out, their metrics are kept; history.n_left_out counts them"
    ]
    assert told[0].filename == __file__
    history.close()
    assert history.n_left_out == 8 - len(history) > 3
    for read in (history, History(tmp_path)):
        assert read.log_metrics["loss"][1].tolist() == list(range(8))
        assert (read.metrics["loss"] == read.steps - read.steps[0]).all()


# Going back, going on, reading along


def test_going_back_replaces_what_comes_from_there_on(tmp_path: Path) -> None:
    with History(tmp_path, overwrite=True) as history:
        for step in range(0, 50, 10):
            history.record(state(step), step=step, loss=step)
            history.log(step=step + 5, loss=step + 5)
        history.record(state(-1), step=20, loss=-1)
        assert history.steps.tolist() == [0, 10, 20]
        history.flush()
        assert files(tmp_path) == [0, 10, 20]
    read = History(tmp_path)
    assert values(read) == [0, 10, -1]
    np.testing.assert_array_equal(read.log_metrics["loss"], ([0, 5, 10, 15, 20], [0, 5, 10, 15, -1]))


def test_going_back_behind_metrics_alone_forgets_those_too(tmp_path: Path) -> None:
    with History(tmp_path, overwrite=True) as history:
        history.record(state(0), step=0)
        for step in (1, 2, 3, 4):
            history.log(step=step, loss=step)
        history.record(state(2), step=2)
        history.log(step=3, loss=-3)
    np.testing.assert_array_equal(History(tmp_path).log_metrics["loss"], ([1, 2, 3], [1, 2, -3]))


def test_a_history_without_steps_is_not_gone_back_to(tmp_path: Path) -> None:
    with History(tmp_path, overwrite=True) as history:
        history.record(state(0))
        history.record(state(1))
        with pytest.raises(ValueError, match="has step 0, but those before it do not"):
            history.record(state(2), step=0)
    assert values(History(tmp_path)) == [0, 1]


def test_a_view_of_what_was_replaced_never_shows_the_new(tmp_path: Path) -> None:
    with History(tmp_path, overwrite=True) as history:
        history.record(state(1), step=1)
        history.flush()
        view, fresh = history[:], History(tmp_path)
        history.record(state(9), step=1)
        history.flush()
        for old in (view, fresh):
            with pytest.raises(UnreadableError, match="it was replaced since"):
                old[0].state["fc.weight"]
        assert values(history) == [9]
        assert fresh.refresh() == 1
        assert values(fresh) == [9]


def test_reading_along_finds_what_is_new_and_what_was_gone_back_to(tmp_path: Path) -> None:
    reader = History(tmp_path / "run")
    assert reader.refresh() == 0
    with History(tmp_path / "run", overwrite=True) as history:
        told: list[int] = []
        reader.subscribe(lambda: told.append(len(reader)))
        for step in range(5):
            history.record(state(step), step=step, loss=step)
            history.log(step=step, acc=step)
            history.flush()
            assert reader.refresh() == 1
        assert told == [1, 2, 3, 4, 5]
        assert (values(reader), reader.revision) == ([0, 1, 2, 3, 4], 0)
        assert reader.metrics["acc"].tolist() == [0, 1, 2, 3, 4]
        history.record(state(-2), step=2)
        for step in range(3, 8):
            history.record(state(-step), step=step)
        history.flush()
        reader.refresh()
        assert values(reader) == [0, 1, -2, -3, -4, -5, -6, -7]
        assert reader.revision == 1
        assert reader.refresh() == 0


def test_reading_along_without_steps_and_beside_a_damaged_file(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for k in range(4):
            history.record(state(k))
        history.flush()
        (tmp_path / "checkpoint-0000000001.safetensors").write_bytes(b"")
        reader = History(tmp_path)
        assert len(reader) == 3
        history.record(state(4))
        history.flush()
        assert reader.refresh() == 1
        assert (values(reader), reader.revision) == ([0, 2, 3, 4], 0)
        assert len(reader.notes) == 1


def test_going_on_a_day_later_continues(tmp_path: Path) -> None:
    for day in range(3):
        with History(tmp_path) as history:
            for k in range(3):
                history.record(state(3 * day + k), step=10 * (3 * day + k), loss=k)
            history.log(step=10 * (3 * day + 2) + 1, loss=9)
    assert values(History(tmp_path)) == list(range(9))
    assert len(History(tmp_path).log_metrics["loss"][0]) == 12


# Reading


def test_a_trajectory_reads_the_bytes_of_its_parameter_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = {"small": np.arange(6, dtype=np.float32), "large": np.zeros(100_000, np.float32)}
    with History(tmp_path) as history:
        for step in range(20):
            history.record(arrays, step=step)
    n_read = []
    readinto = TensorFile.read

    def counted(file: TensorFile, name: str, row: int | None = None) -> Any:
        array = readinto(file, name, row)
        n_read.append(array.nbytes)
        return array

    monkeypatch.setattr(TensorFile, "read", counted)
    opened = History(tmp_path)
    assert opened.n_bytes_per_checkpoint == 400_024
    assert opened.parameters["large"] == (100_000,)
    assert n_read == []
    assert opened["small"].shape == (20, 6)
    assert sum(n_read) == 20 * 24


def test_metrics_alone_may_come_first(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.log(step=3, loss=1.5)
        history.record(state(1), step=5)
    read = History(tmp_path)
    np.testing.assert_array_equal(read.log_metrics["loss"], ([3], [1.5]))
    assert (tmp_path / METRICS).read_text() == '{"step": 3, "metrics": {"loss": 1.5}}\n'
