"""Damaged and hostile files: each refused at once, with a sentence that names it, in little memory."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

MAX_GROWTH_BYTES = 12_000_000
"""Far below what the files claim; a pickle of 200 000 operations takes 8 MB."""
MAX_SECONDS, MAX_SECONDS_OF_A_PROCESS = 1.0, 3.0
"""The HDF5 library is asked in a process of its own, whose start takes 0.3 s on an idle machine."""

MEASURE = """
import json, re, sys, time
from nnweightviz.storage.find import find
from nnweightviz.storage.stored import UnreadableError
def peak():  # not getrusage: what it says begins with the parent's
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
try: find(sys.argv[1])
except UnreadableError: pass
for path in sys.argv[1:]:
    before, begin = peak(), time.perf_counter()
    try:
        stored = find(path)
        for checkpoint in stored.checkpoints:
            for name in checkpoint.state: checkpoint.state[name]
        said = "opened"
    except UnreadableError as error:
        said = str(error)
    print(json.dumps([said, time.perf_counter() - begin, peak() - before]), flush=True)
"""


def safetensors(header: Any, data: bytes = b"", claimed: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if claimed is None else claimed) + text + data


def tensor(shape: list[int], first: int, last: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def torch_bytes(thing: Any, **options: Any) -> bytes:
    data = io.BytesIO()
    torch.save(thing, data, **options)
    return data.getvalue()


def torch_zip(data_pkl: bytes, **entries: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a/data.pkl", data_pkl)
        for name, content in entries.items():
            archive.writestr(f"a/data/{name.removeprefix('s')}", content)
    return data.getvalue()


class Evil:
    """Would write a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self.path}",))


def bytearray_bomb() -> bytes:
    return b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R."


def nested_key_bomb() -> bytes:
    """A tuple of tuples of ..., whose hash as a key would take for ever."""
    return b"\x80\x02})" + b"2\x86" * 200 + b"K\x01s."


def encode_bomb() -> bytes:
    """Doubles a string fifty times by encoding it."""
    call = b"h\x00X\x03\x00\x00\x00hex\x86"
    steps = b"".join(b"q\x01c_codecs\nencode\nh\x01X\x03\x00\x00\x00hex\x86R" for _ in range(50))
    return b"\x80\x02" + b"X\x04\x00\x00\x00abcd" + steps + b"." + call[:0]


def claims(numel: int, shape: int, stride: int = 1) -> bytes:
    """A pickle of {"w": tensor} that claims a storage of ``numel`` and a shape."""

    def n(value: int) -> bytes:
        data = value.to_bytes(8, "little", signed=True)
        return b"\x8a\x08" + data

    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + n(
        numel
    )
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"tQ" + n(0)
    return b"\x80\x02}X\x01\x00\x00\x00w" + rebuilt + n(shape) + b"\x85" + n(stride) + b"\x85\x89NtRs."


def npz(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return data.getvalue()


def npy(shape: str, data: bytes = b"", descr: str = "'<f4'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def hdf5(write: Callable[[Any], None]) -> bytes:
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        write(file)
    return data.getvalue()


def deep(file: Any) -> None:
    group = file
    for _ in range(100):
        group = group.create_group("layers")


def chunked_bomb(file: Any) -> None:
    file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


def overlapping() -> bytes:
    """Two entries of a directory that point to one place."""
    data = bytearray(npz({"a.npy": npy("(1,)", b"abcd"), "b.npy": npy("(1,)", b"abcd")}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)
    return bytes(data)


def index(name: str) -> bytes:
    return json.dumps({"weight_map": {"w": name}}).encode()


GOOD = torch_bytes({"w": torch.ones(100)})
FILES: dict[str, tuple[bytes, str]] = {
    "empty.safetensors": (b"", "no safetensors file: of 0 bytes only"),
    "length.safetensors": (safetensors({}, claimed=2**63), "its header claims 9223372036854775808 bytes"),
    "truncated.safetensors": (safetensors({"w": tensor([9], 0, 36)}, bytes(12)), "claims 36 bytes"),
    "overlap.safetensors": (
        safetensors({"a": tensor([2], 0, 8), "b": tensor([2], 4, 12)}, bytes(12)),
        "its tensors overlap at byte",
    ),
    "giant.safetensors": (safetensors({"w": tensor([2**40, 2**40], 0, 4)}, bytes(4)), "claims"),
    "unknown.safetensors": (
        safetensors({"w": tensor([3], 0, 4, "F4")}, bytes(4)),
        "it holds no tensors of a dtype that can be read",
    ),
    "deep.safetensors": (safetensors(b"[" * 500_000), "its header is no JSON that the format allows"),
    "truncated.pt": (GOOD[: len(GOOD) // 2], "it is no zip file, or a damaged one"),
    "bytearray.pt": (torch_zip(bytearray_bomb()), "it holds a whole pickled object (builtins.bytearray)"),
    "key.pt": (torch_zip(nested_key_bomb()), "it holds no parameters"),
    "encode.pt": (torch_zip(encode_bomb()), "it holds a whole pickled object (_codecs.encode)"),
    "memo.pt": (torch_zip(b"\x80\x02}r\xff\xff\xff\x7f."), "it holds no parameters"),
    "long.pt": (torch_zip(b"\x80\x02\x8b\xff\xff\xff\x7f."), "its pickle is damaged"),
    "string.pt": (torch_zip(b"\x80\x02X\xff\xff\xff\x7fa."), "its pickle is damaged"),
    "buffer.pt": (torch_zip(b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f."), "its pickle is damaged"),
    "deep.pt": (torch_zip(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."), "it holds no parameters"),
    "storage.pt": (
        torch_zip(claims(10**12, 10**12), s0=bytes(4)),
        "claims more than its storage has: 4 bytes",
    ),
    "expanded.pt": (
        torch_zip(claims(1, 10**12, 0), s0=bytes(4)),
        "claims more than its storage has: 4 bytes",
    ),
    "negative.pt": (
        torch_zip(claims(1, -5), s0=bytes(4)),
        "its pickle is damaged: a tensor's shape, strides",
    ),
    "lacking.pt": (torch_zip(claims(1, 1)), "lacks its storage '0'"),
    "plain.pt": (pickle.dumps({"w": 1}), "it does not begin as a file that torch.save has written"),
    "legacy.pt": (
        torch_bytes({"w": torch.ones(100)}, _use_new_zipfile_serialization=False)[:-100],
        "claims 100 entries, beyond its end",
    ),
    "bomb.npz": (
        npz({"w.npy": npy("(100000000,)", bytes(400_000_000))}, zipfile.ZIP_DEFLATED),
        "more than 100 times its own",
    ),
    "claim.npz": (npz({"w.npy": npy("(1000000000000,)", b"abcd")}), "claims the shape (1000000000000,)"),
    "overlap.npz": (overlapping(), "overlaps another"),
    "objects.npz": (npz({"w.npy": npy("(1,)", pickle.dumps([Evil(Path("x"))]), "'|O'")}), "it has no arrays"),
    "literal.npz": (npz({"w.npy": npy("(" * 5000)}), "it has no arrays of numbers"),
    "chunked.weights.h5": (hdf5(chunked_bomb), "chunked, compressed or elsewhere"),
    "deep.weights.h5": (hdf5(deep), "too deep"),
    "truncated.weights.h5": (hdf5(deep)[:3000], "it is no HDF5 file, or a damaged one"),
    "bomb.keras": (npz({"model.weights.h5": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "without a plain"),
    "up.safetensors.index.json": (index("../length.safetensors"), "a shard is named by a file's name alone"),
    "absolute.safetensors.index.json": (index("/etc/passwd"), "a shard is named by a file's name alone"),
    "lacking.safetensors.index.json": (index("gone.safetensors"), "its shard 'gone.safetensors' leads out"),
    "deep.safetensors.index.json": (b"[" * 500_000, "it is no JSON"),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float, int]]:
    """Name -> what was said, how long it took in seconds, how much memory more in bytes; in another process."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for name, (content, _) in FILES.items():
        (folder / name).write_bytes(content)
        paths.append(str(folder / name))
    run = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines()]
    return dict(zip(FILES, said, strict=True))


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_quickly_in_little_memory(
    measured: dict[str, tuple[str, float, int]], name: str
) -> None:
    said, seconds, growth = measured[name]
    assert f"{name} cannot be read: " in said
    assert FILES[name][1] in said
    assert seconds < (MAX_SECONDS_OF_A_PROCESS if name.endswith(".h5") else MAX_SECONDS)
    assert growth < MAX_GROWTH_BYTES


def test_nothing_in_a_pickle_is_executed(tmp_path: Path) -> None:
    from nnweightviz.storage.find import find

    for protocol in (2, 4):
        path, sign = tmp_path / "a.pt", tmp_path / "sign"
        torch.save({"w": torch.ones(2), "x": Evil(sign)}, path, pickle_protocol=protocol)
        assert list(find(path).checkpoints[0].state) == ["w"]
        assert not sign.exists()


def test_pipes_and_devices_never_block(tmp_path: Path) -> None:
    from nnweightviz.storage.find import find
    from nnweightviz.storage.stored import UnreadableError

    for suffix in (".pt", ".safetensors", ".npz", ".weights.h5", ".keras"):
        os.mkfifo(tmp_path / f"pipe{suffix}")
        with pytest.raises(UnreadableError, match="it is no ordinary file"):
            find(tmp_path / f"pipe{suffix}")
    (tmp_path / "zero.pt").symlink_to("/dev/zero")
    with pytest.raises(UnreadableError, match="it is no ordinary file"):
        find(tmp_path / "zero.pt")
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    stored = find(tmp_path)
    assert len(stored.checkpoints) == 1
    assert sum("it is no ordinary file" in note for note in stored.notes) == 5


def test_a_deflated_entry_that_unpacks_to_more_than_it_claims_is_cut_off(tmp_path: Path) -> None:
    """The directory is honest about neither: no more than the claim is ever unpacked."""
    from nnweightviz.storage.pieces import inflated

    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packer.compress(bytes(100_000_000)) + packer.flush()
    assert len(inflated(data, 1000, tmp_path)) == 1000
