"""Everything a page without a kernel needs: all checkpoints and orders of a payload, deflated as small as can be.

Not for writing the page (see ``export``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnweightviz.orders import COMPUTED
from nnweightviz.parameters import Entry, Quantity
from nnweightviz.parts import Attachment, add, attached, merged, onto_last, pressed
from nnweightviz.payload import Payload

PAGE_ORDER_LINKS = 200_000
"""Links up to which a page has the orders of units that take Python to compute; for more it would take too long."""
PAGE_BYTES = 100_000_000
"""Weights of a page without a kernel, before deflating: checkpoints beyond it are left out, evenly."""
PAGE_UPDATE_BYTES = 150_000
"""Encoded bytes that a page may spend on updates beside rounded weights."""


def complete(payload: Payload, n_runs: int = 1) -> tuple[dict[str, Any], list[bytes]]:
    """Return index and parts with every checkpoint and order in them: what a page without a kernel needs.

    Beyond 100 MB (before deflating; runs share them) checkpoints are left out evenly, which the notes say. Beside
    weights in int8, updates have blocks of their own if those stay below 150 kB.
    """
    most = max(2, PAGE_BYTES // n_runs // max(1, payload.n_bytes_each))
    if payload.n_checkpoints <= most:
        if payload.parameters.network.n_links <= PAGE_ORDER_LINKS:
            for name in COMPUTED:
                if name not in payload.orders:
                    payload.order(name)
        if n_runs == 1:
            payload.events()
        return _everything(payload)
    chosen = payload.history[: payload.n_checkpoints].thin(most)
    some = Payload(payload.parameters.network, chosen, payload.dtype, payload.run)
    for name in payload.orders:  # those that were asked for
        some.order(name)
    some.spectra.keep(payload.spectra)
    some.attached = {name: _renumbered(more, payload, some) for name, more in payload.attached.items()}
    index, parts = complete(some, n_runs)
    left_out = f"{most} of {payload.n_checkpoints} checkpoints are in this page, evenly spread"
    return {**index, "notes": [*index["notes"], left_out]}, parts


def page_state(traits: Mapping[str, Any], *payloads: Payload) -> tuple[dict[str, Any], list[bytes]]:
    """Return a widget's traits as a page has them, and the parts with every block of all runs."""
    whole = [complete(payload, len(payloads)) for payload in payloads]
    names = [payload.run for payload in payloads]
    shown = names.index(traits["options"].get("run") or names[0])
    share = (whole[shown][0]["runs"][0]["n_checkpoints"] - 1) / max(1, payloads[shown].n_checkpoints - 1)
    index, parts = merged(whole)
    state = dict(traits)
    if share < 1:  # checkpoints were left out evenly: the nearest one stands for each
        options = state["options"]
        state["checkpoint"] = round(state["checkpoint"] * share)
        state["options"] = {**options, "reference": round(options["reference"] * share)}
    return {**state, "playing": False, "_index": index}, parts


def _everything(payload: Payload) -> tuple[dict[str, Any], list[bytes]]:
    spectra = payload.spectra.for_page(payload.n_checkpoints)
    with payload.lock:
        index, parts = payload.index(), list(payload.parts)
        entries, sizes = list(payload.entries), list(payload.sizes)
        if not payload.is_whole:
            parts, entries = [], []
            for start in range(0, payload.n_checkpoints, payload.window):
                stop = min(payload.n_checkpoints, start + payload.window)
                add(entries, parts, payload.encode(start, stop))
            sizes = onto_last(parts, payload.summaries(0))
        if payload.dtype == "int8":
            add(entries, parts, _updates(payload))
        both, parts = pressed([*entries, *sizes], parts)
        entries, sizes = both[: len(entries)], both[len(entries) :]
        summaries = {**index["summaries"], "blocks": sizes}
        more, parts = attached(parts, [*payload.attached.values(), spectra], payload.run)
        return {**index, "window": None, "blocks": entries, "summaries": summaries, **more}, parts


def _renumbered(more: Attachment, before: Payload, now: Payload) -> Attachment:
    """Return what is attached with the numbers that checkpoints have in a page that lacks some: None for those."""
    there = {id(checkpoint): k for k, checkpoint in enumerate(now.parameters.checkpoints)}
    numbers = [there.get(id(before.parameters.checkpoints[k])) for k in more.about["checkpoints"]]
    return replace(more, about={**more.about, "checkpoints": numbers})


def _updates(payload: Payload) -> list[tuple[Entry, bytes]]:
    """Return the updates of all checkpoints, each with a scale of its own; nothing if they take too much room."""
    coded: list[tuple[Entry, bytes]] = []
    n_bytes = 0
    for k in range(1, payload.n_checkpoints):
        for entry, data in payload.parameters.encode(k, k + 1, "int8", Quantity("update")):
            coded.append(({"run": payload.run, **entry}, data))
            n_bytes += len(data)
        if n_bytes > PAGE_UPDATE_BYTES:
            return []
    return coded
