"""Layer-by-layer diagrams of neural-network weights, played back over training.

The public names; each is loaded on first use, so that importing the package takes neither torch nor Jupyter.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnweightviz.adapters import as_network as as_network
    from nnweightviz.adapters import as_state as as_state
    from nnweightviz.checkpoint import Checkpoint as Checkpoint
    from nnweightviz.export import to_html as to_html
    from nnweightviz.following import follow as follow
    from nnweightviz.history import History as History
    from nnweightviz.moments import events as events
    from nnweightviz.network import Network as Network
    from nnweightviz.opening import open_history as open
    from nnweightviz.probe import Probe as Probe
    from nnweightviz.recorder import watch as watch
    from nnweightviz.widget import WeightViz as WeightViz

_HOME = {
    "Checkpoint": "checkpoint",
    "History": "history",
    "Network": "network",
    "Probe": "probe",
    "WeightViz": "widget",
    "as_network": "adapters",
    "as_state": "adapters",
    "events": "moments",
    "follow": "following",
    "open": "opening",
    "to_html": "export",
    "watch": "recorder",
}
_NAME_THERE = {"open": "open_history"}

__all__ = [
    "Checkpoint",
    "History",
    "Network",
    "Probe",
    "WeightViz",
    "__version__",
    "as_network",
    "as_state",
    "events",
    "follow",
    "keep",
    "measures",
    "open",
    "plots",
    "to_html",
    "views",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("nnweightviz")
    elif name in ("keep", "measures", "plots", "views"):
        value = import_module(f"nnweightviz.{name}")
    elif name in _HOME:
        value = getattr(import_module(f"nnweightviz.{_HOME[name]}"), _NAME_THERE.get(name, name))
    else:
        raise AttributeError(f"module 'nnweightviz' has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
