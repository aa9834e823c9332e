"""Where everything in a printed diagram stands: columns of groups, units, ports, lanes, bands. Pure geometry.

The twin of ``js/src/layout.ts``. Lengths are in pixels of the widget's stage, y from the top. Not for drawing (see
``plots.graph``), nor for which units have history strips (see ``striped``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnweightviz.bands import Run
from nnweightviz.bundle import Bundle
from nnweightviz.columns import MAX_PORTED_UNITS, column_positions, has_bands, is_banded
from nnweightviz.hanging import Picture, Size, hang_image, hang_portraits, n_shown, outputs_box
from nnweightviz.network import Group, Network
from nnweightviz.portraits import Exhibit, Grid

Form = Literal["nodes", "ports", "bands", "folded", "box", "bias", "portraits", "image"]
Floats = NDArray[np.float32]

MAX_BIAS_LINKS = 16
MAX_SPACING = 60
TOP, BOTTOM = 58, 14
LANE_TITLE, LANE_SHARE = 16, 0.36
PICTURED_LANE_SHARE, SCORE = 0.22, 48
"""The share of lanes beside pictures of outputs, and the room below those of predictions."""
BESIDE_UNIT, BESIDE_TICK, BESIDE_LINKS = 6, 16, 3
"""Where history strips begin, and what follows them."""


class Span(NamedTuple):
    """Where history strips are, from left to right."""

    x: float
    width: float


@dataclass(frozen=True)
class Tile:
    """The place of a gate's small matrix below the units of a banded layer."""

    port: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Place:
    """Where a group stands: ``unit_y`` ``(n_units,)``, NaN of units with a picture but no links; how it is drawn.

    ``outputs`` is the size of the picture of each unit's outputs, ``strips`` where the histories of its links are.
    """

    group: Group
    form: Form
    x: float
    top: float
    height: float
    spacing: float
    unit_y: Floats
    radius: float
    half_width: float
    port: str | None = None
    tiles: tuple[Tile, ...] = ()
    pictures: tuple[Picture, ...] = ()
    exhibit: Exhibit | None = None
    grid: Grid | None = None
    band: Run | None = None
    outputs: Size | None = None
    strips: Span | None = None

    @property
    def right(self) -> float:
        """Where units and what stands beside them end."""
        return self.strips.x + self.strips.width + BESIDE_LINKS if self.strips else self.x + self.half_width

    def source_point(self, unit: int) -> tuple[float, float]:
        """Return where links leave a unit."""
        if self.form == "bias":
            return self.x, self.top + self.height / 2
        return self.right, float(self.unit_y[unit])

    def target_point(self, unit: int, port: str | None) -> tuple[float, float]:
        """Return where links meet a unit: at the port of their gate where it has ports."""
        y = float(self.unit_y[unit])
        if self.form == "ports" and port is not None:
            y += self.port_offset(port)
        return self.x - self.half_width, y

    def port_offset(self, port: str) -> float:
        """Return how far below a unit's middle a port of it is."""
        ports = self.group.ports
        return ((ports.index(port) + 0.5) / len(ports) - 0.5) * self.spacing * 0.84


@dataclass(frozen=True)
class Layout:
    """All places by group; ``ticked`` are the bundles of biases and norms that are ticks on their units.

    Groups begin at ``top``, their titles stand above it.
    """

    places: Mapping[str, Place]
    width: float
    height: float
    lane_top: float | None
    max_line_width: float
    ticked: Mapping[str, Bundle]
    top: float = TOP

    def is_drawable(self, bundle: Bundle) -> bool:
        """Whether a bundle's links are lines: both ends stand there, and its gate is the unfolded one."""
        source, target = self.places.get(bundle.source), self.places.get(bundle.target)
        if source is None or target is None or bundle.id in self.ticked:
            return False
        if source.form in ("folded", "image"):
            return False
        return target.form != "bands" or bundle.port == target.port


@dataclass(frozen=True)
class Looks:
    """What a layout depends on beside the network: the stage, and of groups, by id, what is unfolded (a gate, or
    whether), how units are portrayed, of which units rows are bands, and which units stand first.

    ``boxes`` are the sizes that boxes ask for (others are 80 wide and share the height), ``edges`` extra pixels before
    each column for the sides of frames, ``headroom`` and ``footroom`` what frames need above and below all groups.
    ``strips`` are the widths of history strips, ``is_striped`` whether groups with room are to have some, ``pictured``
    the groups whose units are pictures of their outputs, given room.
    """

    width: float
    height: float
    unfolded: Mapping[str, str | bool] = field(default_factory=dict)
    exhibits: Mapping[str, Exhibit] = field(default_factory=dict)
    bands: Mapping[str, Run] = field(default_factory=dict)
    order: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)
    boxes: Mapping[str, Size] = field(default_factory=dict)
    edges: Mapping[int, float] = field(default_factory=dict)
    headroom: float = 0
    footroom: float = 0
    strips: Mapping[str, float] = field(default_factory=dict)
    is_striped: bool = False
    pictured: Set[str] = frozenset()

    def image(self, group: str) -> Grid | None:
        """Return the grid of a group that others are portraits of."""
        return next((e.grid for e in self.exhibits.values() if e.source == group), None)


def is_foldable(group: Group) -> bool:
    """Whether a group is an h(t-1) of so many units that it begins folded."""
    return group.delayed_of is not None and group.n_units > MAX_PORTED_UNITS


def layout_network(network: Network, looks: Looks) -> Layout:
    """Return where all groups of a network stand."""
    columns: dict[int, list[Group]] = defaultdict(list)
    for group in network.groups:
        columns[network.columns[group.id]].append(group)
    x, width, gaps = column_positions(columns, looks)
    ticked = {
        b.id: b
        for b in network.bundles
        if _is_one_by_one(b) and (b.shape[0] > MAX_BIAS_LINKS or b.target in looks.exhibits)
    }
    lined = {b.source for b in network.bundles if _is_one_by_one(b) and b.id not in ticked}
    lanes = {group.id for group in network.groups if group.delayed_of is not None}
    bottom, top = looks.height - BOTTOM - looks.footroom, TOP + looks.headroom
    lane_share = PICTURED_LANE_SHARE if looks.pictured else LANE_SHARE
    lane_top = bottom - (bottom - top) * lane_share if lanes else None
    main_bottom = bottom if lane_top is None else lane_top - 18
    places: dict[str, Place] = {}
    for column in range(len(x)):
        here = [(group, form) for group in columns[column] if (form := _form_of(group, lined, looks))]
        in_lane = [group.id in lanes or (group.role == "bias" and group.beside in lanes) for group, _ in here]
        main = [slot for slot, is_in in zip(here, in_lane, strict=True) if not is_in]
        _stack(main, x[column], (top, main_bottom), looks, places)
        if column == len(x) - 1 and _lowest_picture(main, places) + SCORE > looks.height:
            _stack(main, x[column], (top, looks.height - SCORE), looks, places)
        if lane_top is not None:
            # As far to the source side as the gate matrices of the layer before leave room.
            lane_x = x[column] - (0.5 if has_bands(columns, column - 1) else 0.8) * gaps[column]
            lane = [slot for slot, is_in in zip(here, in_lane, strict=True) if is_in]
            _stack(lane, lane_x, (lane_top, bottom - LANE_TITLE), looks, places)
    if lane_top is not None:
        places = {name: _with_tiles(place, lane_top, bottom) for name, place in places.items()}
    line_width = _max_line_width(network, places)
    return Layout(places, width, looks.height, lane_top, line_width, ticked, top)


def _is_one_by_one(bundle: Bundle) -> bool:
    return bundle.role in ("bias", "norm")


def _form_of(group: Group, lined: set[str], looks: Looks) -> Form | None:
    if group.role == "box":
        return "box"
    if group.role == "bias":
        return "bias" if group.id in lined else None
    if group.id in looks.exhibits:
        return "portraits"
    if looks.image(group.id):
        return "image"
    if is_foldable(group) and not looks.unfolded.get(group.id):
        return "folded"
    if is_banded(group):
        return "bands"
    return "ports" if group.ports else "nodes"


def _rows_of(group: Group, form: Form, looks: Looks) -> float:
    """Return how much height a group asks for, in units."""
    fixed = {"bias": 1.0, "box": 1.6, "folded": 2.0, "image": 8.0, "portraits": n_shown(group.n_units)}
    if form not in fixed and group.id in looks.bands and looks.bands[group.id].size > 1:
        return group.n_units * 1.5
    return fixed.get(form) or (group.n_units * 1.35 if form == "ports" else group.n_units)


def _stack(
    slots: Sequence[tuple[Group, Form]],
    x: float,
    between: tuple[float, float],
    looks: Looks,
    places: dict[str, Place],
) -> None:
    """Add groups to the places, stacked between two heights, sharing them by the rows they ask for."""
    top, bottom = between
    # A group below another needs room for its title; a bias has none.
    gaps = [0 if i == 0 else 10 if form == "bias" else 24 for i, (_, form) in enumerate(slots)]
    pixels = [looks.boxes[group.id].height if group.id in looks.boxes else 0 for group, _ in slots]
    rows = [0 if n else _rows_of(*slot, looks) for n, slot in zip(pixels, slots, strict=True)]
    room = bottom - top - sum(gaps)
    fixed = min(1, room / max(1, sum(pixels) + (room / 2 if sum(rows) else 0)))
    step = min(MAX_SPACING, (room - fixed * sum(pixels)) / max(1, sum(rows)))
    y = top + (room - step * sum(rows) - fixed * sum(pixels)) / 2
    for gap, slot, n_rows, n_pixels in zip(gaps, slots, rows, pixels, strict=True):
        group, form = slot
        height = step * n_rows + fixed * n_pixels
        y += gap
        beside = places.get(group.beside or "") if form == "bias" else None
        # Its lines start at the edge of portraits and strips, and so do not cross them.
        edge = beside.right - beside.x if beside and (beside.form == "portraits" or beside.strips) else 0
        places[group.id] = _placed(slot, x + edge, y, height, looks)
        y += height


def _placed(slot: tuple[Group, Form], x: float, top: float, height: float, looks: Looks) -> Place:
    group, form = slot
    spacing = height / max(1, group.n_units)
    unit_y = np.empty(group.n_units, np.float32)
    unit_y[looks.order.get(group.id, slice(None))] = top + (np.arange(group.n_units) + 0.5) * spacing
    radius = max(1.2, min(7.0, spacing * 0.36))
    box = looks.boxes[group.id].width / 2 if group.id in looks.boxes else 40.0
    half_width = {"ports": max(5.0, min(9.0, spacing * 0.3)), "box": box}.get(form, radius)
    is_pictured = group.id in looks.pictured and form in ("nodes", "ports")
    outputs = outputs_box(spacing, is_ported=form == "ports") if is_pictured else None
    if outputs:
        half_width = outputs.width / 2 + (4 if form == "ports" else 1)
    beside = BESIDE_UNIT + max(half_width, BESIDE_TICK if group.n_units > MAX_BIAS_LINKS else 0)
    width = looks.strips.get(group.id)
    unfolded = looks.unfolded.get(group.id)
    port = (unfolded if isinstance(unfolded, str) else group.ports[0]) if form == "bands" else None
    about: dict[str, Any] = {"port": port, "band": looks.bands.get(group.id), "outputs": outputs}
    about["strips"] = Span(x + beside, width) if width else None
    if form == "portraits":
        exhibit = looks.exhibits[group.id]
        hung = hang_portraits(exhibit, x, top, height, looks.width)
        spacing, unit_y, half_width = hung.spacing, hung.unit_y, hung.half_width
        about |= {"pictures": hung.pictures, "exhibit": exhibit}
    elif form == "image" and (grid := looks.image(group.id)):
        about |= {"pictures": hang_image(grid, x, top, height, looks.width), "grid": grid}
        unit_y, half_width = np.full_like(unit_y, np.nan), about["pictures"][0].width / 2
    return Place(group, form, x, top, height, spacing, unit_y, radius, half_width, **about)


def _lowest_picture(slots: Sequence[tuple[Group, Form]], places: Mapping[str, Place]) -> float:
    """Return where the lowest picture of outputs ends."""
    here = [places[group.id] for group, _ in slots]
    ends = [p.top + p.height - (p.spacing - p.outputs.height) / 2 for p in here if p.outputs]
    return max(ends, default=0)


def _with_tiles(place: Place, top: float, bottom: float) -> Place:
    """Return a banded group's place with the matrices of its gates in the lane region below it."""
    if place.form != "bands":
        return place
    step = (bottom - top) / len(place.group.ports)
    tiles = (
        Tile(port, place.x - 30, top + i * step, 60, min(44, step - 5))
        for i, port in enumerate(place.group.ports)
    )
    return Place(**{**vars(place), "tiles": tuple(tiles)})


def _max_line_width(network: Network, places: Mapping[str, Place]) -> float:
    """Return how wide lines may be: as the closest ports or units leave room, thinner where many run into a group."""
    rooms = [
        place.spacing * 0.84 / len(place.group.ports) if place.form == "ports" else place.spacing
        for place in places.values()
        if place.form in ("nodes", "ports", "bands", "portraits")
    ]
    images = {name for name, place in places.items() if place.form == "image"}
    crowds = [
        sum(
            bundle.shape[0] * bundle.shape[1]
            for bundle in network.bundles
            if bundle.target == name and (place.port is None or bundle.port == place.port)
            if bundle.source not in images
        )
        for name, place in places.items()
    ]
    most = 90 / math.sqrt(max(1, *crowds, 1))
    return max(1.0, min(6.5, min(rooms, default=math.inf) * 0.9, most))
