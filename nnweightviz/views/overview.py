"""One number of each parameter at every checkpoint, in blocks and kinds: the numbers behind the overview.

Not for drawing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnweightviz import measures
from nnweightviz.network import Network
from nnweightviz.summaries import Summaries
from nnweightviz.views.parts import Parts, Values, check_choice
from nnweightviz.views.runs import each, named_runs
from nnweightviz.views.times import Data, moments_of

KINDS = ("norm", "update_norm", "update_ratio", "stable_rank")


def overview(
    history: Any, kind: str = "norm", *, network: Network | None = None, of: Sequence[str] | None = None
) -> Any:
    """Return the norm, update norm, update ratio or stable rank of each parameter at every checkpoint.

    Parameters
    ----------
    history, network, of
        As for :func:`~nnweightviz.views.distribution`.
    kind
        ``"norm"``, ``"update_norm"``, ``"update_ratio"`` or ``"stable_rank"`` (of parameters of two axes or more).

    Returns
    -------
    dict
        ``parameter`` (n_parameters,), the ``block`` that it is in (``"h.0"``) and its ``rest`` (``"attn.weight"``),
        ``step``, ``epoch`` (n_checkpoints,) and, under the name of the kind, float64 (n_parameters, n_checkpoints), NaN
        where not recorded.

        Of several runs: run -> such a dict.

    Raises
    ------
    ValueError
        If something is not accepted; the message says what is.
    """
    check_choice("kind", kind, KINDS)

    def one(history: Any) -> Data:
        parts = Parts(history, network, of=of, by="parameter")
        if kind == "stable_rank":
            parts.keep(lambda part: len(part.shape) >= 2, "a matrix, a parameter of two axes or more")
        values = _stable_ranks(parts) if kind == "stable_rank" else _sizes(parts, kind)
        blocks = [block_of(name) for name in parts.names]
        return {
            **moments_of(parts.history),
            "parameter": np.array(parts.names),
            "block": np.array([block for block, _ in blocks]),
            "rest": np.array([rest for _, rest in blocks]),
            kind: values,
        }

    return each(named_runs(history), one)


def block_of(parameter: str) -> tuple[str, str]:
    """Return the block that a parameter is in, up to its first number, or its layer; and the rest of its name.

    Examples
    --------
    >>> block_of("h.0.attn.weight"), block_of("fc1.weight"), block_of("scale")
    (('h.0', 'attn.weight'), ('fc1', 'weight'), ('', 'scale'))
    """
    found = re.match(r"^(.*?\.\d+|\d+)\.(.+)$", parameter)
    if found:
        return found[1], found[2]
    block, _, rest = parameter.rpartition(".")
    return block, rest


def _sizes(parts: Parts, kind: str) -> Values:
    summaries = Summaries(parts.names)
    source = parts.source
    for k in range(len(parts)):
        summaries.record({name: source.array(k, name) for name in parts.names if source.has(name, k)})
    if kind != "update_ratio":
        return summaries.values(kind).T
    before = np.vstack([np.full((1, len(parts.names)), np.nan), summaries.values("norm")[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Values = np.where(before > 0, summaries.values("update_norm") / before, np.nan).T
    return ratios


def _stable_ranks(parts: Parts) -> Values:
    found = measures.stable_rank(parts)
    return np.stack([found[name] for name in parts.names])
