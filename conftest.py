"""Files for other frameworks are collected where these are installed; ``make test-frameworks`` installs them all."""

from __future__ import annotations

from importlib.util import find_spec

FILES = {
    "lightning": ["nnweightviz/callbacks/lightning.py", "tests/callbacks/test_lightning.py"],
    "transformers": ["nnweightviz/callbacks/huggingface.py", "tests/callbacks/test_huggingface.py"],
    "skorch": ["nnweightviz/callbacks/skorch.py", "tests/callbacks/test_skorch.py"],
    "keras": [
        "nnweightviz/adapters/keras.py",
        "nnweightviz/adapters/keras_names.py",
        "nnweightviz/callbacks/keras.py",
        "tests/adapters/test_keras.py",
        "tests/callbacks/test_keras.py",
    ],
}
collect_ignore = [path for package, paths in FILES.items() if find_spec(package) is None for path in paths]
