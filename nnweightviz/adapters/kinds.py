"""The layer kinds drawn by link, one function each: which bundles a Linear or a recurrent layer has.

Not for telling kinds apart (the adapters do) and not bound to a framework: it knows parameter names and sizes
only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnweightviz.adapters.build import Build, Columns, Kernel
from nnweightviz.network import Group

PORTS: dict[str, tuple[str, ...]] = {"LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n"), "RNN": ()}


def add_linear(
    build: Build, name: str, columns: Sequence[Columns], kernel: Kernel, bias: str | None = None
) -> str:
    """Add a dense layer: one bundle per source group, and its bias. Return the group's id."""
    build.layer(name, "Linear")
    group = build.group(Group(build.free_id(name), name, kernel.n_target, label=name))
    build.kernel(kernel, columns, group)
    if bias is not None:
        build.bias(bias, kernel.n_target, group, columns[0].group)
    return group


@dataclass(frozen=True)
class Recurrent:
    """The form of a recurrent layer.

    ``kind`` is LSTM, GRU or RNN, ``prefix`` what its parameters' names begin with. A cell has one layer and
    one direction, and names its parameters without ``_l0``.
    """

    name: str
    kind: str
    prefix: str
    hidden_size: int
    proj_size: int = 0
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    is_cell: bool = False
    activation: str | None = None

    @property
    def n_outputs(self) -> int:
        """How many units of one direction the next layer sees."""
        return self.proj_size or self.hidden_size

    def parameter(self, what: str, layer: int, is_reverse: bool) -> str:
        """Return torch's name of ``weight_ih`` and the like."""
        return (
            self.prefix + what + ("" if self.is_cell else f"_l{layer}" + ("_reverse" if is_reverse else ""))
        )

    def shapes(self, n_inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every parameter that the layer must have."""
        shapes: dict[str, tuple[int, ...]] = {}
        rows = self.hidden_size * max(1, len(PORTS[self.kind]))
        for layer in range(self.num_layers):
            for is_reverse in (False, True)[: 1 + self.bidirectional]:
                shapes[self.parameter("weight_ih", layer, is_reverse)] = (rows, n_inputs)
                shapes[self.parameter("weight_hh", layer, is_reverse)] = (rows, self.n_outputs)
                if self.bias:
                    shapes[self.parameter("bias_ih", layer, is_reverse)] = (rows,)
                    shapes[self.parameter("bias_hh", layer, is_reverse)] = (rows,)
                if self.proj_size:
                    shapes[self.parameter("weight_hr", layer, is_reverse)] = (
                        self.proj_size,
                        self.hidden_size,
                    )
            n_inputs = self.n_outputs * (1 + self.bidirectional)
        return shapes


def add_recurrent(build: Build, spec: Recurrent, columns: Sequence[Columns]) -> list[list[str]]:
    """Add every layer and direction of a recurrent layer. Return the output groups' ids,
    ``[layer][direction]``.
    """
    build.layer(spec.name, spec.kind + ("Cell" if spec.is_cell else ""), spec.activation)
    outputs: list[list[str]] = []
    for layer in range(spec.num_layers):
        groups = [
            _direction(build, spec, layer, reverse, columns)
            for reverse in (False, True)[: 1 + spec.bidirectional]
        ]
        outputs.append(groups)
        n = spec.n_outputs
        columns = [Columns(group, n, offset=k * n) for k, group in enumerate(groups)]
    return outputs


def _direction(
    build: Build, spec: Recurrent, layer: int, is_reverse: bool, columns: Sequence[Columns]
) -> str:
    ports = PORTS[spec.kind]
    wanted = spec.name if spec.is_cell else f"{spec.name}.l{layer}" + (".reverse" if is_reverse else "")
    label = spec.name + (f" · l{layer}" if spec.num_layers > 1 else "") + (" · reverse" if is_reverse else "")
    units = Group(build.free_id(wanted), spec.name, spec.n_outputs, label=label, ports=ports)
    target = units.id
    if spec.proj_size:
        units = replace(units, ports=())
        target = build.group(
            Group(
                f"{units.id}.memory", spec.name, spec.hidden_size, "memory", f"{label} · memory", ports=ports
            )
        )
    build.group(units)
    # the reverse direction's previous step is the following one in the sequence
    delayed_label = "h(t+1)" if is_reverse else "h(t−1)"
    delayed = build.group(
        Group(f"{units.id}.h(t-1)", spec.name, spec.n_outputs, label=delayed_label, delayed_of=units.id)
    )
    n_inputs = build.parameters[spec.parameter("weight_ih", layer, is_reverse)][1]
    recurrent = [Columns(delayed, spec.n_outputs)]
    for gate, port in enumerate(ports or (None,)):
        first = gate * spec.hidden_size
        kernel = Kernel(spec.parameter("weight_ih", layer, is_reverse), spec.hidden_size, n_inputs, port=port)
        build.kernel(replace(kernel, offset=first * n_inputs), columns, target)
        kernel = Kernel(
            spec.parameter("weight_hh", layer, is_reverse), spec.hidden_size, spec.n_outputs, port=port
        )
        build.kernel(replace(kernel, offset=first * spec.n_outputs, role="recurrent"), recurrent, target)
    if spec.bias:
        build.bias(
            spec.parameter("bias_ih", layer, is_reverse), spec.hidden_size, target, columns[0].group, ports
        )
        build.bias(spec.parameter("bias_hh", layer, is_reverse), spec.hidden_size, target, delayed, ports)
    if spec.proj_size:
        kernel = Kernel(spec.parameter("weight_hr", layer, is_reverse), spec.proj_size, spec.hidden_size)
        build.kernel(replace(kernel, role="projection"), [Columns(target, spec.hidden_size)], units.id)
    return units.id
