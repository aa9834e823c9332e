"""Makes a network from parameter names, their order and their shapes alone: what a bare state dict tells.

Not for live models, whose data flow is followed (see ``torch``): here layers are chained where their sizes
fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nnweightviz.adapters.build import Build, Kernel, Shapes, in_words, not_drawn
from nnweightviz.adapters.chain import Chain
from nnweightviz.adapters.effective import originals
from nnweightviz.adapters.kinds import PORTS, Convolution, Recurrent, add_kernel, add_linear, add_recurrent
from nnweightviz.network import Network
from nnweightviz.words import counted

ACTIVATIONS = {
    "ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish",
    "Tanh", "Sigmoid", "Softmax", "LogSoftmax", "Softplus", "Softsign", "Softmin", "Hardtanh",
    "Hardsigmoid", "Hardswish", "LogSigmoid", "Tanhshrink", "Hardshrink", "Softshrink", "Threshold",
    "GLU",
}  # fmt: skip
CONVOLUTIONS = (None, *(f"Conv{kind}{n}d" for kind in ("", "Transpose") for n in (1, 2, 3)))
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
    computed = {weight: kept for weight, kept in originals(shapes).items() if weight in shapes}
    kept = {name for names in computed.values() for name in names}
    for parameter, shape in shapes.items():
        if parameter not in tied and parameter not in kept:
            owner, _, short = parameter.rpartition(".")
            short = short if owner else parameter  # a name may begin with a dot
            owners.setdefault(owner, {})[short] = tuple(shape)
    known = dict(kinds)
    order = [module for module in known if module in owners or known[module] in ACTIVATIONS]
    build = Build({parameter: tuple(shape) for parameter, shape in shapes.items()})
    chain = Chain(build)
    for owner in dict.fromkeys([*order, *owners]):
        if owner not in owners:
            if chain.last_layer is not None:
                build.activate(chain.last_layer, known[owner])
            continue
        _add_owner(chain, owner, owners[owner], known.get(owner))
    build.say_originals()
    return build.network(tied, "order", name)


def _add_owner(chain: Chain, owner: str, own: dict[str, tuple[int, ...]], kind: str | None) -> None:
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
        _add_norm(chain, owner, own, kind)
    elif set(own) <= {"weight", "bias"} and kind in CONVOLUTIONS and _is_convolution(own):
        _add_convolution(chain, owner, own, kind)
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
    sizes = {shape for name, shape in own.items() if name != "num_batches_tracked"}
    return bool(sizes) and set(own) <= vectors and sizes == {(width,)}


def _add_norm(chain: Chain, owner: str, own: Mapping[str, tuple[int, ...]], kind: str | None) -> None:
    """Draw a norm's scale and shift on the units of the last layer; name its running statistics."""
    build, layer = chain.build, str(chain.last_layer)
    build.modify(layer, kind or owner.rpartition(".")[2] or "norm")
    drawn = [short for short in own if short in ("weight", "bias", "gamma", "beta")]
    for short in drawn:
        for part in chain.ends:
            label = "1" if short in ("bias", "beta") else "×"
            kernel = Kernel(_join(owner, short), part.n_units, 1, offset=part.offset, role="norm")
            build.from_one([kernel], part.group, label, None)
    if len(drawn) < len(own):
        build.note(layer, not_drawn((_join(owner, k), s) for k, s in own.items() if k not in drawn))


def _is_convolution(own: Mapping[str, tuple[int, ...]]) -> bool:
    weight, bias = own.get("weight", ()), own.get("bias")
    fits = bias is None or (len(bias) == 1 and bias[0] in weight[:2])
    return 3 <= len(weight) <= 5 and all(weight) and fits


def _add_convolution(chain: Chain, owner: str, own: Mapping[str, tuple[int, ...]], kind: str | None) -> None:
    """Add a convolution read from its weight's shape: transposed or in groups where only that fits."""
    rows, columns, *kernel_size = own["weight"]
    n_out = own.get("bias", (None,))[0]
    is_transposed = kind is not None and "Transpose" in kind
    if kind is None and n_out is None:
        is_transposed = chain.width == rows != columns and columns != 1 and rows % columns != 0
    elif kind is None:
        is_transposed = n_out == columns != rows
    n_groups = 1
    if (
        not is_transposed
        and chain.width
        and chain.width % columns == 0
        and rows % (chain.width // columns) == 0
    ):
        n_groups = chain.width // columns
    n_in, n_out = (rows, columns) if is_transposed else (columns * n_groups, rows)
    name = owner or "convolution"
    known = kind or f"Conv{'Transpose' if is_transposed else ''}{len(kernel_size)}d"
    weight, bias = _join(owner, "weight"), _join(owner, "bias") if "bias" in own else None
    spec = Convolution(known, weight, n_in, n_out, tuple(kernel_size), n_groups, is_transposed)
    fed = chain.feed(name, n_in, may_flatten=False)
    if n_groups > 1 and len(fed) > 1:
        return _add_box(chain, name, known, dict(own))
    group = add_kernel(chain.build, name, known, fed, spec.kernel(), bias=bias)
    chain.build.note(name, "a convolution, by its weight's shape" + (f": {n_groups} groups" * (n_groups > 1)))
    chain.end(name, [group], has_positions=True)
    return None


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
    chain: Chain,
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
    if names[0] == "kernel" or names[0].startswith("coefs_["):
        is_transposed = True  # Keras and Flax, scikit-learn
    n_out, n_in = (n_columns, n_rows) if is_transposed else (n_rows, n_columns)
    kernel = Kernel(weight, n_out, 1 if is_transposed else n_columns, n_columns if is_transposed else 1)
    if not n_out or not n_in:
        return _add_box(chain, name, "Linear", {short: own[short] for short in names if short is not None})
    chain.end(name, [add_linear(chain.build, name, chain.feed(name, n_in), kernel, bias)])
    return None


def _add_box(chain: Chain, name: str, kind: str | None, own: Mapping[str, tuple[int, ...]]) -> None:
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


def _add_one_by_one(chain: Chain, owner: str, own: dict[str, tuple[int, ...]], kind: str | None) -> None:
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
