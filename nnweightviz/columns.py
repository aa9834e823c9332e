"""How far apart columns stand: room for lanes, boxes, frames and the names of units. Pure geometry.

The twin of ``js/src/columns.ts``. Not for what stands above each other in a column (see ``layout``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Protocol

from nnweightviz.hanging import Size, image_reach, picture_gap
from nnweightviz.network import Group
from nnweightviz.portraits import Exhibit, Grid

Columns = Mapping[int, Sequence[Group]]

MAX_PORTED_UNITS = 16
RIGHT, LEFT = 64, 64
MOST_NAME = 110
DENSE, TITLED, RECURRENT, BANDED, BOX = 54, 118, 104, 172, 34
"""The least distance from one column to the next: plain, among boxes, with a lane, with gate bands, beside a box."""
ABOUT_STRIPS = 30
"""Beside the width of history strips."""
BESIDE_PICTURES = 30
"""Half the width of pictures of outputs, on either side of their column."""
MOST_BOX_STRETCH = 1.6
"""A few boxes need not be as far apart as the stage is wide."""


class Room(Protocol):
    """What columns have, and what boxes, frames and pictures ask for."""

    @property
    def width(self) -> float: ...
    @property
    def boxes(self) -> Mapping[str, Size]: ...
    @property
    def edges(self) -> Mapping[int, float]: ...
    @property
    def exhibits(self) -> Mapping[str, Exhibit]: ...
    @property
    def strips(self) -> Mapping[str, float]: ...
    @property
    def pictured(self) -> Set[str]: ...
    def image(self, group: str) -> Grid | None: ...


def is_banded(group: Group) -> bool:
    """Whether a group has gates, and too many units to show all of them at once."""
    return bool(group.ports) and group.n_units > MAX_PORTED_UNITS


def has_bands(columns: Columns, column: int) -> bool:
    """Whether there is a banded group in a column."""
    return any(map(is_banded, columns.get(column, ())))


def column_positions(columns: Columns, looks: Room) -> tuple[list[float], float, list[float]]:
    """Return each column's x, the width of all, and the room to the left of each column (behind the strips of the one
    before); wide stages are filled.
    """
    n, width = 1 + max(columns, default=0), looks.width

    def exhibits(column: int) -> list[Exhibit]:
        return [looks.exhibits[g.id] for g in columns.get(column, ()) if g.id in looks.exhibits]

    def has_lane(column: int) -> bool:
        return any(group.delayed_of is not None for group in columns.get(column, ()))

    def reach(column: int) -> float:
        return _box_reach(columns.get(column, ()), looks)

    def edge(column: int) -> float:
        """Return the room for the sides of frames, and for half the pictures of outputs on either side."""
        sides = (group.id for beside in (column - 1, column) for group in columns.get(beside, ()))
        pictures = BESIDE_PICTURES if any(name in looks.pictured for name in sides) else 0
        return looks.edges.get(column, 0) + pictures

    def least_gap(column: int) -> float:
        sides = reach(column - 1), reach(column)
        between = sum(sides) + BOX + (0 if all(sides) else DENSE)
        dense = TITLED if looks.boxes else DENSE
        gap = (between if any(sides) else dense) + edge(column)
        if exhibits(column):
            return max(gap, *(picture_gap(exhibit, width) for exhibit in exhibits(column)))
        if not has_lane(column):
            return gap
        is_beside_bands = has_bands(columns, column) or has_bands(columns, column - 1)
        return max(gap, BANDED if is_beside_bands else RECURRENT)

    def margin(side: float, column: int) -> float:
        if any(looks.image(group.id) for group in columns.get(column, ())):
            return image_reach(width) + 14
        box = reach(column)
        return max(box + BOX if box else side, _name_room(columns.get(column, ())))

    strips = [_strip_room(columns.get(column, ()), looks) for column in range(n)]
    beside = strips[-1] + _name_room(columns.get(n - 1, ())) if strips[-1] else 0  # names stand behind them
    left = margin(LEFT, 0) + edge(0)
    right = max(margin(RIGHT, n - 1), beside) + edge(n)
    first_lane = least_gap(0) if has_lane(0) else 0
    least = [least_gap(column) + strips[column - 1] for column in range(1, n)]
    total, room = sum(least), width - left - right - first_lane
    most = MOST_BOX_STRETCH if looks.boxes else math.inf
    # Pictures fill their room; what is left goes to the columns with lines between them.
    is_pictured = [bool(exhibits(column)) for column in range(1, n)]
    pictured = sum(gap for gap, is_own in zip(least, is_pictured, strict=True) if is_own)
    fixed = 0 if all(is_pictured) else pictured
    stretch = min(most, max(1.0, (room - fixed) / (total - fixed))) if total > fixed else 1.0
    is_loose = bool(least) and most < room / max(1, total)
    spare = room if n == 1 else room - most * total if is_loose else 0
    x = [left + first_lane + max(0.0, spare / 2)]
    gaps = [
        gap if is_own and fixed else gap * stretch for gap, is_own in zip(least, is_pictured, strict=True)
    ]
    for gap in gaps:
        x.append(x[-1] + gap)
    behind = [gap - room for gap, room in zip(gaps, strips, strict=False)]
    return x, max(width, x[-1] + right), [first_lane or RECURRENT, *behind]


def _strip_room(groups: Sequence[Group], looks: Room) -> float:
    """Return the room for the history strips to the right of a column."""
    return max(
        (looks.strips[group.id] + ABOUT_STRIPS for group in groups if group.id in looks.strips), default=0
    )


def _name_room(groups: Sequence[Group]) -> float:
    """Return the room beside a column for the names of its units."""
    longest = max((len(name) for group in groups for name in group.unit_names or ()), default=0)
    return min(MOST_NAME, longest * 6.4) + 26


def _box_reach(groups: Sequence[Group], looks: Room) -> float:
    """Return half the width of a column that has boxes of stated size; 0 of others."""
    return max((looks.boxes[group.id].width / 2 for group in groups if group.id in looks.boxes), default=0)
