"""Finds checkpoints where people have them: a file, a folder, a glob pattern, and puts them in order.

Not for any one form (see ``forms``), nor for the order (see ``order``).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nnweightviz.checkpoint import Checkpoint, shapes_of
from nnweightviz.storage import hugging_face, keras_files
from nnweightviz.storage.forms import ACCEPTED, INDEX, checkpoint_of, form_of, read_sharded
from nnweightviz.storage.order import LABELLED, Read, in_order, natural
from nnweightviz.storage.own import history_in_file, history_in_folder
from nnweightviz.storage.stored import Stored, UnreadableError
from nnweightviz.storage.tensors import open_tensors
from nnweightviz.words import counted

BESIDE = re.compile(
    r"^(optim\w*|sched\w*|scaler|rng_state\w*|training_args|random_states\w*|tokenizer\w*|adapter_model)[._-]|"
    r"^(optim\w*|sched\w*|rng_state\w*)$|-of-\d+\.(safetensors|bin)$",
    re.IGNORECASE,
)
"""Files of a form that can be read but hold no parameters, or are shards that an index names."""
WITHIN = ("checkpoints",)
"""A folder without checkpoints may have them in a folder of this name."""
MAX_NOTED = 20


@dataclass
class Search:
    """What was found under ``root``, what was skipped and why."""

    root: Path
    reads: list[Read] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    points: dict[str, dict[float, float]] = field(default_factory=dict)
    looked: dict[Path, keras_files.Looked] = field(default_factory=dict)

    def name_of(self, path: Path) -> str:
        """Return a path as a reader knows it: from where the search began."""
        if path == self.root:
            return path.name
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def resolve(self, path: Path) -> Path | None:
        """Return a path without links; None if there is nothing, or a link leads out of the opened folder.

        Hugging Face's cache keeps a model's files as links into its ``blobs``; these are followed.
        """
        resolved, root = Path(os.path.realpath(path)), Path(os.path.realpath(self.root))
        if not resolved.exists():
            return None
        blobs = resolved.parent
        is_cached = blobs.name == "blobs" and root.is_relative_to(blobs.parent / "snapshots")
        return resolved if resolved.is_relative_to(root) or is_cached else None

    def skip(self, path: Path, why: str) -> None:
        """Note that a file was skipped, and why."""
        self.skipped.append(f"{self.name_of(path)} was skipped: {why}")

    def add(self, path: Path) -> None:
        """Read one file or folder, if it is a checkpoint; else say why not, or count it among the others."""
        if os.path.islink(path) and self.resolve(path) is None:
            self.skip(path, "it is a link that leads out of the opened folder, or to nothing")
        elif path.is_dir():
            self._add_folder(path)
        elif (form_of(path) is None and not path.name.endswith(INDEX)) or BESIDE.search(path.name):
            self.beside.append(path.name)
        else:
            try:
                self.reads.append(Read(self.name_of(path), self._read(path)))
            except UnreadableError as error:
                self.skip(path, error.why)

    def _read(self, path: Path) -> Checkpoint:
        form = form_of(path)
        if form is None:
            return read_sharded(path, self.resolve)
        resolved = self.resolve(path)
        if resolved is None:
            raise UnreadableError(path, "it leads out of the opened folder")
        return keras_files.read(resolved, self.looked.get(path)) if path in self.looked else form(resolved)

    def look_ahead(self, paths: Sequence[Path]) -> None:
        """Let one process look into all of Keras' files, not one for each."""
        among = [path for path in paths if path.suffix.lower() in keras_files.SUFFIXES and path.is_file()]
        inside = [path for path in among if self.resolve(path) is not None]
        self.looked = dict(zip(inside, keras_files.look_into(inside), strict=True)) if inside else {}

    def _add_folder(self, folder: Path) -> None:
        weights = hugging_face.weights_in(folder, self.resolve)
        if weights is None:
            if hugging_face.has_adapter(folder):
                self.skip(folder, "it holds an adapter alone, not a model's parameters")
            elif (
                folder.name not in WITHIN
                and self.resolve(folder)
                and any(map(_may_be_checkpoint, _listed(folder)))
            ):
                self.skip(folder, "it is a folder of checkpoints by itself; open it by its own path")
            return
        try:
            checkpoint, points = hugging_face.read(weights, self.resolve)
        except UnreadableError as error:
            self.skip(weights, error.why)
            return
        self.reads.append(Read(self.name_of(folder), checkpoint))
        for name, curve in points.items():
            self.points.setdefault(name, {}).update(curve)

    def stored(self, path: Path | str) -> Stored:
        """Return all that was found, in order."""
        if not self.reads:
            raise UnreadableError(path, _nothing(self))
        if len(self.reads) == 1 and not self.skipped:
            only = self.reads[0].checkpoint
            return Stored((only,), self._points(only.step is not None), _left(self.beside))
        reads, strange = _of_one_model(self.reads)
        ordered = in_order(reads)
        notes = (*ordered.notes, *strange, *_shortened(self.skipped), *_left(self.beside))
        has_steps = ordered.checkpoints[0].step is not None
        return Stored(ordered.checkpoints, self._points(has_steps), notes)

    def _points(self, has_steps: bool) -> Mapping[str, Sequence[tuple[float, float]]]:
        return {name: sorted(curve.items()) for name, curve in self.points.items()} if has_steps else {}


def find(path: str | os.PathLike[str]) -> Stored:
    """Return the checkpoints in a file, a folder, or in all that a glob pattern names; their states lazy.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder, or nothing that the pattern names.
    UnreadableError
        If nothing of it can be read; the message says what was found and what is accepted.
    """
    given = os.path.expanduser(os.fspath(path))
    if os.path.isdir(given):
        return _in_folder(Path(given))
    if os.path.lexists(given):
        return _in_file(Path(given))
    if not glob.has_magic(given):
        raise FileNotFoundError(
            f"there is no file or folder {given!r}; give a folder, a pattern, or a file "
            f"of a form that is known: {ACCEPTED}"
        )
    search = Search(Path(_before_magic(given)))
    names = sorted(glob.glob(given, recursive=True), key=natural)
    if len(names) == 1 and search.resolve(Path(names[0])) is not None:
        return _in_folder(Path(names[0])) if os.path.isdir(names[0]) else _in_file(Path(names[0]))
    search.look_ahead([Path(name) for name in names])
    for name in names:
        search.add(Path(name))
    if not (search.reads or search.skipped or search.beside):
        raise FileNotFoundError(f"there is nothing that the pattern {given!r} names")
    return search.stored(given)


def _before_magic(pattern: str) -> str:
    parts = Path(pattern).parts
    n = next(k for k, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:n])) if n else "."


def _in_file(path: Path) -> Stored:
    """Open one file that was named itself, so that it may be a link to anywhere."""
    if path.name.endswith(INDEX):
        return Stored((read_sharded(path, Search(path.parent).resolve),))
    form = form_of(path)
    if form is None:
        raise UnreadableError(path, f"the end of its name tells no form; accepted are {ACCEPTED}")
    if path.suffix.lower() != ".safetensors":
        return _alone(Read(path.name, form(path)))
    file = open_tensors(path)
    return history_in_file(file) or _alone(Read(path.name, checkpoint_of(file)))


def _alone(read: Read) -> Stored:
    return Stored(in_order([read]).checkpoints)


def _in_folder(folder: Path) -> Stored:
    own = history_in_folder(folder)
    if own is not None and own.checkpoints:
        return own
    search = Search(folder)
    inside = sorted(_listed(folder), key=lambda path: natural(path.name))
    weights = hugging_face.weights_in(folder, search.resolve)
    if weights is not None and not any(map(_is_numbered, inside)):
        search.add(folder)
        search.beside += [
            path.name for path in inside if not path.is_dir() and path.name not in hugging_face.WEIGHTS
        ]
        inside = [path for path in inside if path.is_dir()]
    search.look_ahead(inside)
    for path in inside:
        search.add(path)
    if not search.reads and not search.skipped:
        within = [path for path in inside if path.name in WITHIN and path.is_dir()]
        if within and search.resolve(within[0]) is not None:
            return _in_folder(within[0])
    if own is not None and not search.reads:
        return own
    return search.stored(folder)


def _is_numbered(path: Path) -> bool:
    """Whether a file is one of several checkpoints, by its name: beside it, ``model.safetensors`` is but one more."""
    return _may_be_checkpoint(path) and LABELLED.search(path.name) is not None


def _may_be_checkpoint(path: Path) -> bool:
    """Whether a file is one, by its name."""
    return form_of(path) is not None and not BESIDE.search(path.name)


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UnreadableError(folder, error.strerror or str(error)) from None


def _of_one_model(reads: list[Read]) -> tuple[list[Read], list[str]]:
    """Return the largest set of checkpoints of one model, and sentences on the others."""
    shapes = {read.name: dict(shapes_of(read.checkpoint.state)) for read in reads}
    groups: dict[frozenset[tuple[str, tuple[int, ...]]], list[Read]] = {}
    for read in reads:
        groups.setdefault(frozenset(shapes[read.name].items()), []).append(read)
    largest = max(groups.values(), key=len)
    known = dict(shapes[largest[0].name])
    kept, notes = list(largest), []
    for read in reads:
        if read in largest:
            continue
        common = [name for name in shapes[read.name] if name in known]
        differing = next((name for name in common if shapes[read.name][name] != known[name]), None)
        if common and differing is None:
            known.update(shapes[read.name])
            kept.append(read)
            continue
        why = (
            f"its {differing!r} has shape {shapes[read.name][differing]}, not {known[differing]}"
            if differing is not None
            else "it shares no parameter with them"
        )
        notes.append(f"{read.name} was skipped: it is of another model than {largest[0].name}; {why}")
    return kept, _shortened(notes)


def _shortened(notes: list[str]) -> list[str]:
    more = len(notes) - MAX_NOTED
    return notes if more <= 0 else [*notes[:MAX_NOTED], f"and {more} more were skipped"]


def _left(beside: list[str]) -> tuple[str, ...]:
    if not beside:
        return ()
    listed = ", ".join(name[:60] for name in beside[:3])
    return (f"{counted(len(beside), 'other file')} left aside ({listed}{', …' if len(beside) > 3 else ''})",)


def _nothing(search: Search) -> str:
    """Return why nothing could be read: what was found there."""
    if search.skipped:
        return f"{'; '.join(search.skipped[:3])}{'; …' if len(search.skipped) > 3 else ''}. Accepted are {ACCEPTED}"
    if search.beside:
        return f"it holds no checkpoints, but {_left(search.beside)[0]}. Accepted are {ACCEPTED}"
    return f"it is empty. Accepted are {ACCEPTED}"
