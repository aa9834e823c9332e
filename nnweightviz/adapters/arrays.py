"""Makes a network from parameter names, their order and their shapes alone: what a bare state dict tells.

Not for live models, whose data flow is followed (see ``torch``): here layers are chained where their sizes
fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnweightviz.adapters.build import Build, Columns, Kernel, Shapes, in_words, not_drawn
from nnweightviz.adapters.kinds import PORTS, Recurrent, add_linear, add_recurrent
from nnweightviz.network import Group, Network
from nnweightviz.words import counted

ACTIVATIONS = {
    "ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish",
    "Tanh", "Sigmoid", "Softmax", "LogSoftmax", "Softplus", "Softsign", "Softmin", "Hardtanh",
    "Hardsigmoid", "Hardswish", "LogSigmoid", "Tanhshrink", "Hardshrink", "Softshrink", "Threshold",
    "GLU",
}  # fmt: skip
GATES = {len(ports) or 1: kind for kind, ports in PORTS.items()}


def as_network(state: Mapping[str, Any]) -> Network:
    """Return the network of a mapping name -> array, chained in order where sizes fit.

    Raises
    ------
    ValueError
        If the mapping holds no numeric arrays.
    """
    shapes = {str(name): np.shape(value) for name, value in state.items() if _is_numeric(value)}
    if not shapes:
        raise ValueError(
            f"a mapping of {counted(len(state), 'thing')} without numeric arrays has no weights to draw; give a state "
            "dict: parameter name -> array"
        )
    return network_of_shapes(shapes)


def _is_numeric(value: Any) -> bool:
    # ml_dtypes' bfloat16 and float8 are of kind V or f, by version
    dtype = np.asarray(value).dtype
    return dtype.kind in "fiubc" or dtype.name.startswith(("bfloat", "float", "int", "uint"))


@dataclass
class _Chain:
    """How far the chain has come: the columns that the next layer reads, and who could be read besides."""

    build: Build
    ends: list[Columns] = field(default_factory=list)
    earlier: list[list[Columns]] = field(default_factory=list)
    has_steps: bool = False
    last_layer: str | None = None

    def end(self, layer: str, groups: Sequence[str], has_steps: bool = False) -> None:
        """Say that a layer's groups are what the next one reads, and whether they have time steps."""
        sizes = [self.build.groups[group].n_units for group in groups]
        offsets = np.cumsum([0, *sizes[:-1]]).tolist()
        self.ends = [Columns(g, n, start) for g, n, start in zip(groups, sizes, offsets, strict=True)]
        self.earlier.append(self.ends)
        self.has_steps, self.last_layer = has_steps, layer

    @property
    def width(self) -> int:
        return sum(columns.n_units for columns in self.ends)

    def find(self, n_columns: int) -> list[Columns] | None:
        """Return what a kernel of ``n_columns`` may read, or None where nothing fits."""
        if self.width == n_columns:
            return self.ends
        if self.has_steps and n_columns % self.width == 0:
            rest = ((n_columns // self.width, self.width),)
            return [Columns(c.group, c.n_units, c.offset, 1, rest, "time step") for c in self.ends]
        return next((e for e in reversed(self.earlier) if sum(c.n_units for c in e) == n_columns), None)

    def feed(self, layer: str, n_columns: int) -> list[Columns]:
        """Return what a kernel reads; where nothing fits, an input of its own."""
        found = self.find(n_columns)
        if found:
            return found
        is_first = self.last_layer is None
        if not is_first:
            self.build.notes.append(f"what feeds {layer!r} is not known from names and shapes")
        group = self.build.free_id("input" if is_first else f"input.{layer}")
        self.build.layer(group, "Input")
        self.build.group(Group(group, group, n_columns, role="input", label="input"))
        return [Columns(group, n_columns)]


def network_of_shapes(
    shapes: Shapes,
    kinds: Iterable[tuple[str, str]] = (),
    name: str = "model",
    tied: Mapping[str, str] | None = None,
) -> Network:
    """Return the network of parameter shapes; ``kinds`` are the modules' names and class names, in order, if
    known.
    """
    tied = tied or {}
    owners: dict[str, dict[str, tuple[int, ...]]] = {}
    for parameter, shape in shapes.items():
        if parameter not in tied:
            owner, _, short = parameter.rpartition(".")
            short = short if owner else parameter  # a name may begin with a dot
            owners.setdefault(owner, {})[short] = tuple(shape)
    known = dict(kinds)
    order = [module for module in known if module in owners or known[module] in ACTIVATIONS]
    build = Build({parameter: tuple(shape) for parameter, shape in shapes.items()})
    chain = _Chain(build)
    for owner in dict.fromkeys([*order, *owners]):
        if owner not in owners:
            if chain.last_layer is not None:
                build.activate(chain.last_layer, known[owner])
            continue
        _add_owner(chain, owner, owners[owner], known.get(owner))
    return build.network(tied, "order", name)


def _add_owner(chain: _Chain, owner: str, own: dict[str, tuple[int, ...]], kind: str | None) -> None:
    """Add what one prefix owns: a recurrent layer, a norm, or its arrays one by one."""
    spec = _recurrent_form(owner, own, kind)
    if spec is not None:
        columns = chain.feed(spec.name, own["weight_ih" if spec.is_cell else "weight_ih_l0"][1])
        layers = add_recurrent(chain.build, spec, columns)
        chain.end(spec.name, layers[-1], has_steps=not spec.is_cell)
        known = set(spec.shapes(sum(c.n_units for c in columns)))
        own = {short: s for short, s in own.items() if _join(owner, short) not in known}
        if own:
            chain.build.note(spec.name, not_drawn(own.items()))
    elif _is_norm(own, chain.width) and chain.last_layer is not None:
        chain.build.modify(chain.last_layer, kind or owner.rpartition(".")[2] or "norm")
        chain.build.note(chain.last_layer, not_drawn((_join(owner, k), s) for k, s in own.items()))
    elif set(own) <= {"weight", "bias"} and kind not in (None, "Linear"):
        _add_box(chain, owner or str(kind).lower(), str(kind), own)
    elif _is_dense(own):
        _add_dense(chain, owner, own, ("weight", "bias" if "bias" in own else None))
    else:
        _add_one_by_one(chain, owner, own, kind)


def _join(owner: str, short: str) -> str:
    return f"{owner}.{short}" if owner else short


def _is_dense(own: Mapping[str, tuple[int, ...]]) -> bool:
    weight, bias = own.get("weight", ()), own.get("bias")
    return set(own) <= {"weight", "bias"} and len(weight) == 2 and bias in (None, weight[:1])


def _is_norm(own: Mapping[str, tuple[int, ...]], width: int) -> bool:
    vectors = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked", "gamma", "beta"}
    sizes = {shape for shape in own.values() if shape != ()}
    return bool(sizes) and set(own) <= vectors and sizes == {(width,)}


def _recurrent_form(owner: str, own: Mapping[str, tuple[int, ...]], kind: str | None) -> Recurrent | None:
    """Return the form of a recurrent layer, read from names and shapes, or None if it is none."""
    is_cell = "weight_ih_l0" not in own
    first, recurrent = ("weight_ih", "weight_hh") if is_cell else ("weight_ih_l0", "weight_hh_l0")
    if any(len(own.get(short, ())) != 2 for short in (first, recurrent)):
        return None
    rows, n_outputs = own[recurrent]
    projection = own.get("weight_hr_l0")
    hidden_size = projection[-1] if projection else n_outputs
    n_gates, left_over = divmod(rows, max(1, hidden_size))
    if left_over or n_gates not in GATES or not all(own[first]):
        return None
    spec = Recurrent(
        name=owner or (kind or GATES[n_gates]).lower(),
        kind=GATES[n_gates],
        prefix=f"{owner}." if owner else "",
        hidden_size=hidden_size,
        proj_size=n_outputs if projection else 0,
        num_layers=1
        if is_cell
        else sum(short == f"weight_ih_l{k}" for k in range(len(own)) for short in own),
        bidirectional="weight_ih_l0_reverse" in own,
        bias="bias_ih" + first.removeprefix("weight_ih") in own,
        is_cell=is_cell,
    )
    wanted = spec.shapes(own[first][1])
    return (
        spec
        if all(own.get(name.removeprefix(spec.prefix)) == shape for name, shape in wanted.items())
        else None
    )


def _add_dense(
    chain: _Chain,
    owner: str,
    own: Mapping[str, tuple[int, ...]],
    names: tuple[str, str | None],
    layer: str = "",
) -> None:
    weight, bias = _join(owner, names[0]), names[1] and _join(owner, names[1])
    n_rows, n_columns = own[names[0]]
    name = layer or owner or "linear"
    fits = chain.find(n_columns) is not None
    biased = None if names[1] is None else own[names[1]][0]
    is_transposed = not fits and biased != n_rows and (chain.find(n_rows) is not None or biased == n_columns)
    if biased is not None and biased == n_columns != n_rows:
        is_transposed = True  # (n_in, n_out), as numpy's users and Keras write kernels
    n_out, n_in = (n_columns, n_rows) if is_transposed else (n_rows, n_columns)
    kernel = Kernel(weight, n_out, 1 if is_transposed else n_columns, n_columns if is_transposed else 1)
    if not n_out or not n_in:
        return _add_box(chain, name, "Linear", {names[0]: own[names[0]]})
    chain.end(name, [add_linear(chain.build, name, chain.feed(name, n_in), kernel, bias)])
    return None


def _add_box(chain: _Chain, name: str, kind: str | None, own: Mapping[str, tuple[int, ...]]) -> None:
    """Add a box; where the kind is not known, it is in the chain only if it holds a kernel that fits."""
    name = name if name not in chain.build.layers else chain.build.free_id(f"{name}.box")
    n_units = max((shape[0] for shape in own.values() if shape), default=1)
    if kind == "Embedding" and "weight" in own:
        n_units = own["weight"][-1]
    group = chain.build.box(name, kind or "Parameters", list(own.items()), max(1, n_units))
    n_channels = [shape[1] for shape in own.values() if len(shape) > 2]  # what a convolution's kernel reads
    if kind is None and not (n_channels and (not chain.ends or chain.width in n_channels)):
        return
    for columns in chain.ends:
        chain.build.wire(columns.group, group)
    chain.end(name, [group], has_steps=True)


def _add_one_by_one(chain: _Chain, owner: str, own: dict[str, tuple[int, ...]], kind: str | None) -> None:
    """Add arrays whose names follow no known pattern: a matrix with a fitting vector is dense, the rest are
    boxes.
    """
    left = dict(own)
    is_dense_like = kind is None and all(len(shape) <= 2 for shape in own.values())
    matrices = [short for short, shape in own.items() if len(shape) == 2]
    if not (is_dense_like and matrices):
        return _add_box(chain, owner or "parameters", kind, own)
    used: set[str] = set()
    for short in matrices:
        bias = _bias_of(short, left, used)
        used |= {short} | ({bias} if bias else set())
        layer = _join(owner, short)
        _add_dense(chain, owner, own, (short, bias), chain.build.free_id(layer))
        left.pop(short)
    rest = {short: shape for short, shape in own.items() if short not in used}
    if rest and chain.last_layer is not None:
        chain.build.notes.append(
            f"not drawn by link yet, under {owner or 'no prefix'}: {in_words(rest.items())}"
        )
    return None


def _bias_of(matrix: str, arrays: Mapping[str, tuple[int, ...]], used: set[str]) -> str | None:
    """Return the vector that is a matrix's bias: the first that fits, looked for after it, then before."""
    names = list(arrays)
    k = names.index(matrix)
    rows, columns = arrays[matrix]
    alike = [
        matrix.lower().replace(old, new) for old, new in (("w", "b"), ("weight", "bias"), ("kernel", "bias"))
    ]
    vectors = [n for n in names[k + 1 :] + names[:k] if len(arrays[n]) == 1 and n not in used]
    named = [n for n in vectors if n.lower() in alike and n.lower() != matrix.lower()]
    following = [n for n in names[k + 1 : k + 2] if n in vectors]
    return next((n for n in [*named, *following] if arrays[n][0] in (rows, columns) and arrays[n][0]), None)
