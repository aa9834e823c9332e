"""Collects layers, groups, bundles and wires while an adapter reads a model, and makes the Network of them.

Not for finding the data flow: whoever calls says which columns of a kernel read which group.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nnweightviz.adapters.effective import originals
from nnweightviz.network import Bundle, BundleRole, Group, Layer, Network, Wire

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Columns:
    """Which columns of a kernel read the units of one group.

    Unit i at rest position (r, ...) is read by column ``offset + i*stride + r*rest[0][1] + ...``; ``rest``
    holds ``(size, stride)`` pairs, slowest first, and is empty where a unit is read by one column.
    """

    group: str
    n_units: int
    offset: int = 0
    stride: int = 1
    rest: tuple[tuple[int, int], ...] = ()
    rest_name: str | None = None


@dataclass(frozen=True)
class Kernel:
    """Some rows of a parameter, read as (n_target, n_columns): where they start and how far apart entries
    are.

    ``rest`` holds ``(size, stride)`` pairs, slowest first, where several entries join one row and column (a
    convolution's kernel). ``blocks`` and ``block_stride`` are those of the bundle. ``part`` tells several kernels in
    one parameter apart, in the bundles' ids only.
    """

    parameter: str
    n_target: int
    row_stride: int
    column_stride: int = 1
    offset: int = 0
    role: BundleRole = "input"
    port: str | None = None
    rest: tuple[tuple[int, int], ...] = ()
    rest_name: str | None = None
    blocks: int = 1
    block_stride: int = 0
    part: str | None = None


def _free(wanted: str, taken: Container[str]) -> str:
    """Return ``wanted``, or ``wanted#2`` and so on if that is taken."""
    free, k = wanted, 1
    while free in taken:
        k += 1
        free = f"{wanted}#{k}"
    return free


def in_words(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> str:
    """Return ``weight (16, 3, 3, 3), bias (16)``."""
    return ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in shapes)


def not_drawn(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> str:
    """Return the note for parameters that are not drawn by link."""
    return "not drawn by link yet: " + in_words(shapes)


class Build:
    """A network in the making. Group ids and layer names are handed out here, so they are unique."""

    def __init__(self, parameters: Shapes) -> None:
        self.parameters = parameters
        self.layers: dict[str, Layer] = {}
        self.groups: dict[str, Group] = {}
        self.bundles: dict[str, Bundle] = {}
        self.wires: dict[tuple[str, str], Wire] = {}
        self.notes: list[str] = []
        self.noted: set[str] = set()

    def layer(self, name: str, kind: str, activation: str | None = None) -> str:
        """Add a layer unless its name is there already, and return the name."""
        self.layers.setdefault(name, Layer(name, kind, activation))
        return name

    def free_id(self, wanted: str) -> str:
        """Return ``wanted``, or ``wanted#2`` and so on if a group has that id."""
        return _free(wanted, self.groups)

    def group(self, group: Group) -> str:
        """Add a group (its id must be free) and return its id."""
        self.groups[group.id] = group
        return group.id

    def has(self, parameter: str, *dims: int) -> bool:
        """Whether the model has a parameter of this name and shape."""
        return self.parameters.get(parameter) == dims

    def _call(self, target: str) -> str:
        """Return ``#2`` for a group of a reused layer's second call, else nothing."""
        call = target.removeprefix(self.groups[target].layer).partition("#")[2].partition(".")[0]
        return f"#{call}" if call else ""

    def kernel(self, kernel: Kernel, columns: Sequence[Columns], target: str) -> None:
        """Add the bundles of a kernel, one per source group; ``#2`` of a reused layer's group goes on to
        their ids.
        """
        part_of = kernel.port or kernel.part
        port = f"[{part_of}]" if part_of else ""
        start = kernel.parameter + port + self._call(target)
        for part in columns:
            step = kernel.column_stride
            rest = (*((size, stride * step) for size, stride in part.rest), *kernel.rest)
            bundle = Bundle(
                id=_free(f"{start}<-{part.group}" if len(columns) > 1 else start, self.bundles),
                source=part.group,
                target=target,
                parameter=kernel.parameter,
                shape=(kernel.n_target, part.n_units // kernel.blocks, *(size for size, _ in rest)),
                strides=(kernel.row_stride, part.stride * step, *(stride for _, stride in rest)),
                offset=kernel.offset + part.offset * step,
                role=kernel.role,
                port=kernel.port,
                reduce="l2" if rest else "none",
                rest_name=" and ".join(filter(None, (part.rest_name, kernel.rest_name))) or None,
                blocks=kernel.blocks,
                block_stride=kernel.block_stride,
            )
            self.bundles[bundle.id] = bundle

    def bias(
        self, parameter: str, n: int, target: str, beside: str | None, ports: Sequence[str] = ()
    ) -> None:
        """Add a "1" and its links: ``n`` entries of the parameter to each port of the target (or to the
        target).
        """
        kernels = [
            Kernel(parameter, n, 1, offset=k * n, role="bias", port=port)
            for k, port in enumerate(ports or (None,))
        ]
        self.from_one(kernels, target, "1", beside)

    def from_one(self, kernels: Sequence[Kernel], target: str, label: str, beside: str | None) -> None:
        """Add a group of one unit, such as the "1" of a bias, and the bundles from it to a target."""
        wanted = kernels[0].parameter + (f"[{kernels[0].part}]" if kernels[0].part else "")
        wanted += self._call(target)
        layer = self.groups[target].layer
        source = self.group(Group(self.free_id(wanted), layer, 1, role="bias", label=label, beside=beside))
        for kernel in kernels:
            self.kernel(kernel, [Columns(source, 1)], target)

    def wire(self, source: str, target: str, kind: str = "flow") -> None:
        """Add a wire, unless it is there or would close a cycle (then a note says so)."""
        if source == target or (source, target) in self.wires:
            return
        if self._reaches(target, source):
            self.notes.append(f"the feedback from {source!r} to {target!r}, one step later, is not drawn")
            return
        self.wires[source, target] = Wire(source, target, kind)

    def _edges(self) -> list[Bundle | Wire]:
        return [*self.bundles.values(), *self.wires.values()]

    def _reaches(self, start: str, goal: str) -> bool:
        followers: dict[str, list[str]] = {}
        for edge in self._edges():
            followers.setdefault(edge.source, []).append(edge.target)
        seen, queue = {start}, [start]
        while queue:
            for follower in followers.get(queue.pop(), ()):
                if follower not in seen:
                    seen.add(follower)
                    queue.append(follower)
        return goal in seen

    def box(
        self, name: str, kind: str, shapes: Sequence[tuple[str, tuple[int, ...]]], n_units: int = 1
    ) -> str:
        """Add a layer that is not drawn by link: a box that tells its parameters' shapes. Return the group's
        id.
        """
        self.layer(name, kind)
        if shapes:
            self.note(name, not_drawn(shapes))
        label = kind if kind.lower() == name else f"{name} · {kind}"
        return self.group(Group(self.free_id(name), name, n_units, role="box", label=label))

    def note(self, layer: str, text: str) -> None:
        """Add a sentence to a layer's note."""
        old = self.layers[layer]
        if text not in (old.note or ""):
            self.layers[layer] = replace(old, note=f"{old.note}; {text}" if old.note else text)

    def activate(self, layer: str, activation: str) -> None:
        """Write an activation on a layer; a second one is listed among the modifiers."""
        old = self.layers[layer]
        if old.activation is None and old.kind != "Input":
            self.layers[layer] = replace(old, activation=activation)
        elif old.activation != activation:
            self.modify(layer, activation)

    def modify(self, layer: str, modifier: str) -> None:
        """List a dropout or norm among a layer's modifiers."""
        old = self.layers[layer]
        if modifier not in old.modifiers:
            self.layers[layer] = replace(old, modifiers=(*old.modifiers, modifier))

    def say_originals(self) -> None:
        """Note from what each drawn weight is computed, where it is."""
        for weight, kept in originals(self.parameters).items():
            layers = {self.groups[b.target].layer for b in self.bundles.values() if b.parameter == weight}
            for layer in layers:
                told = in_words((name, self.parameters[name]) for name in kept)
                self.note(layer, f"{weight.rpartition('.')[2]} is computed from {told}")
                self.noted.update(kept)
            for bundle in list(self.bundles.values()) if weight not in self.parameters else ():
                if bundle.parameter in kept:
                    what = "drawn is the original; the weight that is computed from it is not in the state"
                    self.note(self.groups[bundle.target].layer, what)

    def _drop_ids_of_tokens(self) -> None:
        """Leave out an input that only chooses tokens: the tokens are the input then."""
        for group in [g.id for g in self.groups.values() if g.role == "input" and g.n_units == 1]:
            out = [edge for edge in self._edges() if edge.source == group]
            if out and all(isinstance(edge, Wire) and edge.kind == "lookup" for edge in out):
                for edge in out:
                    del self.wires[edge.source, edge.target]

    def undrawn(self) -> list[str]:
        """Return the parameters that no bundle reads and no note names."""
        drawn = {bundle.parameter for bundle in self.bundles.values()}
        return [name for name in self.parameters if name not in drawn and name not in self.noted]

    def network(self, tied: Mapping[str, str], flow: str, name: str) -> Network:
        """Return the Network; model inputs that lead nowhere are left out, those of a recurrent layer are
        x(t).
        """
        self._drop_ids_of_tokens()
        used = {end for edge in self._edges() for end in (edge.source, edge.target)}
        used |= {group.id for group in self.groups.values() if self.layers[group.layer].note}
        delayed = {group.id for group in self.groups.values() if group.delayed_of}
        recurrent = {b.target for b in self.bundles.values() if b.source in delayed}
        sequences = {b.source for b in self.bundles.values() if b.target in recurrent}
        groups = []
        for group in self.groups.values():
            if group.role == "input" and group.id not in used:
                continue
            if group.role == "input" and group.id in sequences:
                label = "x(t)" if group.label == "input" else f"{group.label}(t)"
                group = replace(group, label=label)
            groups.append(group)
        owners = {group.layer for group in groups}
        return Network(
            layers=tuple(layer for layer in self.layers.values() if layer.name in owners),
            groups=tuple(groups),
            bundles=tuple(self.bundles.values()),
            wires=tuple(self.wires.values()),
            parameters=self.parameters,
            tied=tied,
            notes=tuple(dict.fromkeys(self.notes)),
            flow=flow,
            name=name,
        )
