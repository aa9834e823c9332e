"""The layer kinds drawn by link, one function each: which bundles a Linear, a convolution or an LSTM has.

Not for telling kinds apart (the adapters do) and not bound to a framework: it knows parameter names and sizes
only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nnweightviz.adapters.build import Build, Columns, Kernel
from nnweightviz.network import Group

PORTS: dict[str, tuple[str, ...]] = {"LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n"), "RNN": ()}


def add_linear(
    build: Build, name: str, columns: Sequence[Columns], kernel: Kernel, bias: str | None = None
) -> str:
    """Add a dense layer: one bundle per source group, and its bias. Return the group's id."""
    return add_kernel(build, name, "Linear", columns, kernel, bias=bias)


def add_kernel(
    build: Build,
    name: str,
    kind: str,
    columns: Sequence[Columns],
    kernel: Kernel,
    *,
    bias: str | None = None,
) -> str:
    """Add a layer of one group that one kernel feeds, with its bias. Return the group's id."""
    build.layer(name, kind)
    group = build.group(Group(build.free_id(name), name, kernel.n_target, label=name))
    build.kernel(kernel, columns, group)
    if bias is not None:
        build.bias(bias, kernel.n_target, group, columns[0].group)
    return group


@dataclass(frozen=True)
class Convolution:
    """The form of a convolution: its channels are units, its kernel is the rest of each link.

    ``weight`` names its parameter, of shape (n_outputs, n_inputs / n_groups, *kernel_size), or (n_inputs, n_outputs /
    n_groups, *kernel_size) if transposed.
    """

    kind: str
    weight: str
    n_inputs: int
    n_outputs: int
    kernel_size: tuple[int, ...]
    n_groups: int = 1
    is_transposed: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the weight must have."""
        if self.is_transposed:
            return (self.n_inputs, self.n_outputs // self.n_groups, *self.kernel_size)
        return (self.n_outputs, self.n_inputs // self.n_groups, *self.kernel_size)

    def kernel(self) -> Kernel:
        """Return the weight as a kernel that reads channels; in groups, its blocks."""
        strides = [math.prod(self.kernel_size[k + 1 :]) for k in range(len(self.kernel_size))]
        size, n_second = math.prod(self.kernel_size), self.shape[1]
        row, column = (size, n_second * size) if self.is_transposed else (n_second * size, size)
        # a transposed weight has its groups along the inputs: the next block's rows lie a whole block further
        jump = (self.n_inputs // self.n_groups - 1) * n_second * size if self.is_transposed else 0
        return Kernel(
            self.weight,
            self.n_outputs,
            row,
            column,
            # a kernel of one entry is a plain number, with its sign
            rest=tuple(zip(self.kernel_size, strides, strict=True)) if size > 1 else (),
            rest_name="kernel" if size > 1 else None,
            blocks=self.n_groups,
            block_stride=jump if self.n_groups > 1 else 0,
        )


def add_lookup(
    build: Build, name: str, kind: str, parameter: str, size: tuple[int, int], *, fed_by: Sequence[str] = ()
) -> str:
    """Add an embedding of ``size`` (n_tokens, n_units): every token is a source unit. Return the group's id."""
    n_tokens, n_units = size
    build.layer(name, kind)
    what = "tokens" if fed_by else "positions"  # an index that comes from no input counts places
    tokens = Group(build.free_id(f"{name}.{what}"), name, n_tokens, "input", label=f"{name} · {what}")
    source = build.group(tokens)
    for group in fed_by:
        build.wire(group, source, "lookup")
    group = build.group(Group(build.free_id(name), name, n_units, label=name))
    build.kernel(Kernel(parameter, n_units, 1, n_units), [Columns(source, n_tokens)], group)
    return group


def add_bilinear(
    build: Build,
    name: str,
    sources: tuple[Sequence[Columns], Sequence[Columns]],
    parameter: str,
    shape: tuple[int, int, int],
    *,
    bias: str | None = None,
) -> str:
    """Add a Bilinear of ``shape`` (n_out, n_in1, n_in2): a link from one input joins the entries of all units of the
    other. Return the group's id.
    """
    n_out, n_first, n_second = shape
    row = n_first * n_second
    build.layer(name, "Bilinear")
    group = build.group(Group(build.free_id(name), name, n_out, label=name))
    first = Kernel(
        parameter, n_out, row, n_second, rest=((n_second, 1),), rest_name="unit of in2", part="in1"
    )
    second = Kernel(
        parameter, n_out, row, 1, rest=((n_first, n_second),), rest_name="unit of in1", part="in2"
    )
    for kernel, columns in zip((first, second), sources, strict=True):
        build.kernel(kernel, columns, group)
    if bias is not None:
        build.bias(bias, n_out, group, sources[0][0].group)
    return group


@dataclass(frozen=True)
class Attention:
    """The form of a multi-head attention: the kernels that make queries, keys and values, and the one after them.

    ``kernels`` and ``biases`` are by ``"q"``, ``"k"`` and ``"v"``; a bias is one of one column.
    """

    name: str
    n_units: int
    n_heads: int
    kernels: dict[str, Kernel]
    biases: dict[str, Kernel]
    out_weight: str
    out_bias: str | None


def add_attention(build: Build, spec: Attention, columns: Mapping[str, Sequence[Columns]]) -> tuple[str, str]:
    """Add q, k, v, the heads that wires from them feed, and the projection of the heads. Return the ids of the
    projection's group and of the heads.
    """
    name, n = spec.name, spec.n_units
    heads = tuple(f"head {k + 1}" for k in range(spec.n_heads))
    build.layer(name, "MultiheadAttention")
    out = build.free_id(name)
    parts = {}
    for part, kernel in spec.kernels.items():
        label = f"{name} · {part}"
        parts[part] = build.group(Group(f"{out}.{part}", name, kernel.n_target, label=label, parts=heads))
        build.kernel(kernel, columns[part], parts[part])
        if part in spec.biases:
            build.from_one([spec.biases[part]], parts[part], "1", columns[part][0].group)
    mixed = build.group(Group(f"{out}.heads", name, n, label=f"{name} · heads", parts=heads))
    for group in parts.values():
        build.wire(group, mixed, "attention")
    build.group(Group(out, name, n, label=name))
    build.kernel(Kernel(spec.out_weight, n, n), [Columns(mixed, n)], out)
    if spec.out_bias is not None:
        build.bias(spec.out_bias, n, out, mixed)
    return out, mixed


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
