"""Which form a file is of, by the end of its name, and what reads it.

Not for folders (see ``find``), nor for how a form is read (see its own module).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from numpy.typing import NDArray

from nnweightviz.checkpoint import Checkpoint, LazyState, shapes_of
from nnweightviz.storage import array_files, keras_files, torch_files
from nnweightviz.storage.json_files import read_json
from nnweightviz.storage.labels import epoch_in, metrics_in, number_in_text, step_in
from nnweightviz.storage.own import is_run
from nnweightviz.storage.stored import UnreadableError
from nnweightviz.storage.tensors import TensorFile, TensorState, open_tensors

INDEX = ".index.json"
MAX_SHARDS = 1000
Resolve = Callable[[Path], Path | None]


def read_tensors(path: Path) -> Checkpoint:
    """Return the checkpoint in a safetensors file; step, epoch and metrics from its metadata, if they are there."""
    file = open_tensors(path)
    if is_run(file):
        raise UnreadableError(path, "it is a whole run in one file, not one checkpoint; open it alone")
    return checkpoint_of(file)


def checkpoint_of(file: TensorFile) -> Checkpoint:
    """Return a safetensors file as one checkpoint."""
    if not file.tensors:
        raise UnreadableError(file.path, "it holds no tensors of a dtype that can be read")
    texts = {name: number_in_text(text) for name, text in file.metadata.items()}
    numbers = {name: number for name, number in texts.items() if number is not None}
    return Checkpoint(
        TensorState(file), step_in(numbers), epoch_in(numbers), metrics_in(numbers), file.left_out
    )


FORMS: dict[str, Callable[[Path], Checkpoint]] = {
    ".safetensors": read_tensors,
    ".pt": torch_files.read,
    ".pth": torch_files.read,
    ".bin": torch_files.read,
    ".ckpt": torch_files.read,
    ".npz": array_files.read,
    ".npy": array_files.read,
    ".h5": keras_files.read,
    ".keras": keras_files.read,
}
"""The end of a file's name -> what reads it."""
ACCEPTED = ", ".join(FORMS) + f" and *{INDEX} beside its shards"


def form_of(path: Path) -> Callable[[Path], Checkpoint] | None:
    """Return what reads a file, by the end of its name; None if it is of no known form."""
    return FORMS.get(path.suffix.lower())


class JointState(LazyState):
    """Parameters that lie in several files, as one state."""

    def __init__(self, states: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        self._states = dict(states)
        self._shapes = {name: tuple(shapes_of(state)[name]) for name, state in states.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._states[name][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def __contains__(self, name: object) -> bool:
        return name in self._states

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape, known without reading."""
        return self._shapes


def read_sharded(path: Path, resolve: Resolve) -> Checkpoint:
    """Return the checkpoint whose shards an index such as ``model.safetensors.index.json`` names.

    Parameters
    ----------
    path
        The index.
    resolve
        Returns a shard's path as it may be opened, None if it leads to where it may not.

    Raises
    ------
    UnreadableError
        If the index or a shard is damaged, a shard is named by more than a file's name, or lacks what the index
        says is there.
    """
    places = read_json(path).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise UnreadableError(path, "it has no weight_map, so it is no index of shards")
    shards: dict[str, Checkpoint] = {}
    for name in dict.fromkeys(map(str, places.values())):
        if len(shards) == MAX_SHARDS:
            raise UnreadableError(path, f"it names more than {MAX_SHARDS} shards")
        shards[name] = _read_shard(path, name, resolve)
    shapes = {name: shapes_of(shard.state) for name, shard in shards.items()}
    there = {name: str(place) for name, place in places.items() if name in shapes[str(place)]}
    lacking = [
        name for name in places if name not in there and name not in shards[str(places[name])].left_out
    ]
    if lacking:
        raise UnreadableError(path, f"its shards lack {lacking[0][:80]!r}, which it says is there")
    left_out = tuple(name for shard in shards.values() for name in shard.left_out)
    return Checkpoint(
        JointState({name: shards[place].state for name, place in there.items()}), left_out=left_out
    )


def _read_shard(index: Path, name: str, resolve: Resolve) -> Checkpoint:
    if name in ("", ".", "..") or PurePosixPath(name).name != name or "\\" in name or "\0" in name:
        raise UnreadableError(
            index, f"it names the shard {name[:80]!r}; a shard is named by a file's name alone"
        )
    shard = resolve(index.with_name(name))
    form = form_of(index.with_name(name))
    if shard is None or form is None:
        raise UnreadableError(
            index, f"its shard {name[:80]!r} leads out of the folder, or is of no known form"
        )
    return form(shard)
