"""Runs the probe of a widget: with a progress bar where it takes long, and so that a failure leaves the diagram.

Not for running models (see ``probe``), nor for what crosses to the browser (see ``probe.encode``).
"""

from __future__ import annotations

import time
import warnings
from typing import Any

from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.parts import Attachment
from nnweightviz.probe import Outputs, Probe, ProbeError, outputs_of
from nnweightviz.probe.encode import attachment

SHOWN_AFTER_S = 1.0
"""A probe that takes longer shows a progress bar."""


class Progress:
    """A bar of tqdm, where that is installed, for what takes longer than a second."""

    def __init__(self, what: str = "probe", unit: str = "batch") -> None:
        self._what, self._unit, self._began = what, unit, time.monotonic()
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` are through."""
        if self._bar is None and done < total and time.monotonic() - self._began > SHOWN_AFTER_S:
            self._bar = _new_bar(total, self._what, self._unit)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _new_bar(total: int, what: str, unit: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, desc=what, unit=unit, leave=False)


def probed(model: Any, history: History, network: Network, probe: Probe) -> tuple[Outputs | None, Attachment]:
    """Run a probe at all checkpoints; return what it found, and what of it rides in the state of a widget.

    A model that fails on the probe, and an interrupt from the keyboard, are warned of and told in the caption: then
    there are no outputs.

    Raises
    ------
    TypeError, ValueError
        As of :func:`nnweightviz.probe.outputs_of`, but for what the model itself fails at.
    """
    progress = Progress()
    checkpoints = range(len(history))  # another thread may record meanwhile
    try:
        outputs = outputs_of(model, history, network, probe, checkpoints=checkpoints, progress=progress)
    except ProbeError as error:
        why = f"no outputs: {error}"
    except KeyboardInterrupt:
        why = "no outputs: the probe was interrupted; viz.run_probe() runs it again"
    else:
        steps = [history[k].step for k in checkpoints] if history.knows_steps else None
        return outputs, attachment(outputs, network, steps, history.metrics)
    finally:
        progress.close()
    warnings.warn(why, stacklevel=4)
    return None, Attachment("outputs", {"checkpoints": [], "groups": {}}, notes=(why,))
