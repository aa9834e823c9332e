"""A layout with room for history strips beside the units that can have them. Pure geometry.

The twin of ``js/src/views/graph/striped.ts``. Not for what strips show (see ``plots.strips``).
"""

from __future__ import annotations

import math
from dataclasses import replace

from nnweightviz.layout import Layout, Looks, Place, layout_network
from nnweightviz.network import Network

LEAST_SPACING = 4
"""Pixels from unit to unit."""
SHARE, LEAST, MOST = 0.1, 36, 120
"""The width of strips: of the stage, and in pixels."""


def stripable(network: Network, layout: Layout) -> list[str]:
    """Return the groups whose units have room for strips."""
    targets = {bundle.target for bundle in network.bundles}
    return [
        name
        for name, place in layout.places.items()
        if name in targets and _is_by_unit(place) and place.spacing >= LEAST_SPACING
    ]


def _is_by_unit(place: Place) -> bool:
    """Whether the links into a group are drawn unit by unit."""
    is_whole = place.band is None or place.band.size == 1
    return place.form in ("nodes", "ports") and place.group.delayed_of is None and is_whole


def striped(network: Network, looks: Looks) -> Layout:
    """Return where all groups stand, with strips where those are wanted and have room: narrower ones rather than a
    wider stage.
    """
    bare = layout_network(network, looks)
    groups = stripable(network, bare) if looks.is_striped else []
    if not groups:
        return bare

    def with_strips(width: float) -> Layout:
        return layout_network(network, replace(looks, strips=dict.fromkeys(groups, width)))

    wide = max(LEAST, min(MOST, SHARE * looks.width))
    layout = with_strips(wide)
    beyond = layout.width - max(looks.width, bare.width)
    if beyond <= 0:
        return layout
    n_columns = len({layout.places[name].x for name in groups})
    return with_strips(max(LEAST, math.floor(wide - beyond / n_columns)))
