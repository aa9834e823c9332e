"""What is written in a printed diagram: titles of layers, names of units, cut to the room that they have.

Twin of what ``js/src/views/graph/chrome.ts`` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnweightviz.columns import MAX_PORTED_UNITS, MOST_NAME
from nnweightviz.layout import Layout, Place
from nnweightviz.network import Network

CHARACTER, IN_TITLE = 6.1, 8.0
"""Pixels that a character takes, and one of the title above a picture."""
Write = Callable[..., None]


def clipped(text: str, room: float, character: float = CHARACTER) -> str:
    """Return a text cut to a room, in which each character takes so much, in pixels."""
    most = max(3, int(room / character))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def titles_of(network: Network, layout: Layout, place: Place) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Yield the lines above (or below) a group: height, text, and how it is written."""
    group = place.group
    if group.role == "bias" or place.form == "folded":
        return
    others = [other for other in layout.places.values() if other is not place and other.group.role != "bias"]
    is_lane = group.delayed_of is not None
    same_row = [other for other in others if (other.group.delayed_of is not None) == is_lane]
    alone = not any(abs(other.x - place.x) < 1 for other in same_row)
    name, band = group.label or group.id, place.band
    if band and not alone:
        name += f" {band.range}"
    if is_lane:
        at = layout.height - 10 if alone else place.top - 8
        yield at, name, {"size": 7.5, "style": "italic"}
        return
    apart = [abs(other.x - place.x) - 4 for other in same_row if abs(other.x - place.x) > 1]
    room = min([150.0, *apart])
    bold = {"size": 8, "weight": "bold"}
    if not alone:
        yield place.top - 9, clipped(name, room), bold
        return
    yield layout.top - 44 + 10, clipped(name, room), bold
    for i, line in enumerate(_subtitles(network, place, room)):
        yield layout.top - 44 + 22 + 11 * i, clipped(line, room), {"size": 7}


def _subtitles(network: Network, place: Place, room: float) -> list[str]:
    group, layer, band = place.group, network.layer_of(place.group.id), place.band
    if place.grid:
        return [str(place.grid)]
    n = group.n_units * (band.size if band else 1)
    many = [f"{group.n_units} bands of {band.size}"] if band and band.size > 1 else []
    if group.role == "input":
        return [f"{n} input{'' if n == 1 else 's'}", *many]
    kind = f"{layer.kind} {n}".strip()
    ports = " ".join(group.ports) if group.n_units <= MAX_PORTED_UNITS else ""
    gates = f"gates {ports}" if ports and len(f"gates {ports}") * CHARACTER <= room else ports
    extra = [word for word in (*many, gates, layer.activation, *layer.modifiers) if word]
    whole = " · ".join([kind, *extra])
    return [whole] if len(whole) * CHARACTER <= room or not extra else [kind, " · ".join(extra)]


def draw_names(network: Network, layout: Layout, place: Place, write: Write) -> None:
    """Write the names of units at the left of the first and at the right of the last column, thinned to what fits."""
    group, last = place.group, max(network.columns.values())
    if group.delayed_of is not None or place.form not in ("nodes", "ports", "bands"):
        return
    column = network.columns[group.id]
    every = max(1, -(-11 // max(place.spacing, 0.01)))
    if group.role == "input":
        x, ha = place.x - place.half_width - 7, "right"
    elif column == last:
        has_ticks = any(bundle.target == group.id for bundle in layout.ticked.values())
        beyond = place.right + 7
        x, ha = (max(beyond, place.x + 17) if has_ticks else beyond), "left"
    else:
        return
    for unit in np.argsort(place.unit_y)[:: int(every)].tolist():
        write(
            x, float(place.unit_y[unit]), clipped(network.unit_name(group.id, unit), MOST_NAME), size=7, ha=ha
        )
