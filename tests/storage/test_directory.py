"""A folder held open: files appear whole or not at all, and in no other folder of the same name."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nnweightviz.storage.directory import Directory


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """The system takes what still fits and then refuses, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Directory]:
    opened = Directory(tmp_path)
    yield opened
    opened.close()


def test_a_file_is_written_in_parts_and_replaced(directory: Directory, tmp_path: Path) -> None:
    directory.write("a", [b"one", b"", memoryview(b"two")])
    assert (tmp_path / "a").read_bytes() == b"onetwo"
    directory.write("a", [b"three"])
    assert (tmp_path / "a").read_bytes() == b"three"
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_that_the_disk_takes_only_some_of_is_not_there(directory: Directory, tmp_path: Path) -> None:
    directory.write("a", [b"before"])
    with files_of_at_most(100_000), pytest.raises(OSError, match="large"):
        directory.write("a", [b"x" * 150_000])
    assert (tmp_path / "a").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a"]


def test_what_the_system_takes_in_pieces_is_written_whole(
    directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sparing:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exception: object) -> None:
            self.file.close()

        def write(self, data: Any) -> int:
            return self.file.write(bytes(data[:7]))

    opened = directory.opened
    monkeypatch.setattr(directory, "opened", lambda *given: Sparing(opened(*given)))
    directory.write("a", [bytes(range(100)), b"end"])
    directory.add("b", [b"a long line\n", b"another\n"])
    assert (tmp_path / "a").read_bytes() == bytes(range(100)) + b"end"
    assert (tmp_path / "b").read_bytes() == b"a long line\nanother\n"


def test_lines_are_added_all_or_none(directory: Directory, tmp_path: Path) -> None:
    directory.add("lines", [b"a\n", b"b\n"])
    with files_of_at_most(1_000), pytest.raises(OSError, match="large"):
        directory.add("lines", [b"c" * 2_000 + b"\n"])
    directory.add("lines", [b"d\n"])
    directory.add("lines", [])
    assert (tmp_path / "lines").read_bytes() == b"a\nb\nd\n"


def test_a_torn_line_is_ended_before_more_are_added(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"whole\nto")
    directory.add("lines", [b"new\n"])
    assert (tmp_path / "lines").read_bytes() == b"whole\nto\nnew\n"


def test_a_folder_made_anew_under_the_same_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    directory = Directory(path)
    shutil.rmtree(path)
    path.mkdir()
    with pytest.raises(FileNotFoundError):
        directory.write("a", [b"one"])
    with pytest.raises(FileNotFoundError):
        directory.add("lines", [b"one\n"])
    assert os.listdir(path) == []
    directory.close()


def test_a_folder_that_was_moved_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.mkdir()
    directory = Directory(path)
    path.rename(tmp_path / "moved")
    path.mkdir()
    directory.write("a", [b"one"])
    assert os.listdir(tmp_path / "moved") == ["a"]
    assert os.listdir(path) == []
    directory.close()


def test_a_link_is_replaced_but_not_written_through(directory: Directory, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    for name in ("a", ".a.writing", "lines"):
        (tmp_path / name).symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"):
        directory.add("lines", [b"x\n"])
    with pytest.raises(OSError, match="symbolic"):
        directory.write("a", [b"x"])
    directory.write("a", [b"x"])  # what was in the way of the first attempt is gone
    assert elsewhere.read_bytes() == b"mine"
    assert (tmp_path / "a").read_bytes() == b"x"


def test_what_is_not_there_is_removed_without_a_word_and_a_refusal_is_told(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.remove("nothing")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "unlink", refused)
    with pytest.raises(PermissionError):
        directory.remove("nothing")


def test_only_unfinished_files_are_removed(directory: Directory, tmp_path: Path) -> None:
    for name in (".checkpoint-0000000001.safetensors.writing", ".other", "a.writing", "b"):
        (tmp_path / name).touch()
    directory.remove_unfinished()
    assert sorted(os.listdir(tmp_path)) == [".other", "a.writing", "b"]


def test_data_are_on_the_disk_before_their_name_and_the_name_after_a_sync(
    directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What survives a failure of power is what was synced, in this order; killing a process cannot tell."""
    happened: list[tuple[str, ...]] = []
    fsync, replace = os.fsync, os.replace

    def told_fsync(descriptor: int) -> None:
        names = {path.stat().st_ino: path.name for path in (tmp_path, *tmp_path.iterdir())}
        happened.append(("fsync", names[os.fstat(descriptor).st_ino]))
        fsync(descriptor)

    def told_replace(source: str, target: str, **about: Any) -> None:
        happened.append(("replace", target))
        replace(source, target, **about)

    monkeypatch.setattr(os, "fsync", told_fsync)
    monkeypatch.setattr(os, "replace", told_replace)
    directory.write("a", [b"one"])
    directory.add("lines", [b"one\n"])
    directory.sync()
    assert happened == [
        ("fsync", ".a.writing"),
        ("replace", "a"),
        ("fsync", "lines"),
        ("fsync", tmp_path.name),
    ]
