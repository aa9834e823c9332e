"""Keras's recurrent layers: gates are blocks of columns, in Keras's own order, and kernels are (n_in, gates x units).

Not for torch's, which are stacked and have rows for gates (see ``kinds``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnweightviz.adapters.build import Build, Columns, Kernel
from nnweightviz.adapters.keras_layers import Call, activation_of, box, kind_of, layer_rule, merged
from nnweightviz.adapters.keras_signals import Signal, joined, of_group
from nnweightviz.network import BundleRole, Group

PORTS: dict[str, tuple[str, ...]] = {
    "LSTM": ("i", "f", "g", "o"),  # Keras says i, f, c, o
    "GRU": ("z", "r", "n"),  # z, r, h
    "SimpleRNN": (),
}


@layer_rule(*PORTS)
def recurrent(build: Build, call: Call) -> list[Signal]:
    """Draw an LSTM, GRU or SimpleRNN; the states that it may return are its units too."""
    kind, n_units = kind_of(call.layer), int(call.layer.units)
    if not _is_whole(build, call.own, call.inputs[0].width, n_units * max(1, len(PORTS[kind]))):
        return box(build, call)
    build.layer(call.name, kind)
    group = add_direction(build, call.name, kind, call.own, call.inputs[0].parts)
    _say_recurrent(build, call.name, call.layer, kind)
    _wire_states(build, call, [group])
    return [of_group(group, n_units, shape) for shape in call.outputs]


def _is_whole(build: Build, own: Mapping[str, str], n_in: int, n_columns: int) -> bool:
    recurrent_kernel = build.parameters.get(own.get("recurrent_kernel", ""), ())
    return build.has(own.get("kernel", ""), n_in, n_columns) and recurrent_kernel[1:] == (n_columns,)


def _say_recurrent(build: Build, name: str, layer: Any, kind: str) -> None:
    usual = "" if kind == "SimpleRNN" else "Tanh"
    if (activation := activation_of(layer)) != usual:
        build.activate(name, activation or "linear")


def _wire_states(build: Build, call: Call, groups: Sequence[str]) -> None:
    for signal in call.inputs[1:]:
        for source in signal.groups:
            for group in groups:
                build.wire(source, group, "initial state")


@layer_rule("Bidirectional")
def bidirectional(build: Build, call: Call) -> list[Signal]:
    """Draw both directions of a recurrent layer, beside each other or merged."""
    layers = (call.layer.forward_layer, call.layer.backward_layer)
    kind, n_units = kind_of(layers[0]), int(getattr(layers[0], "units", 0))
    halves = [_under(call.own, word) for word in ("forward", "backward")]
    n_columns = n_units * max(1, len(PORTS.get(kind, ())))
    if kind not in PORTS or not all(_is_whole(build, own, call.inputs[0].width, n_columns) for own in halves):
        return box(build, call)
    build.layer(call.name, kind)
    groups = [
        add_direction(build, call.name, kind, own, call.inputs[0].parts, is_backward=k == 1)
        for k, own in enumerate(halves)
    ]
    _say_recurrent(build, call.name, layers[0], kind)
    _wire_states(build, call, groups)
    each = [of_group(group, n_units, call.outputs[0]) for group in groups]
    mode = call.layer.merge_mode
    if mode is None:
        return each
    if mode == "concat":
        whole = joined(each, call.outputs[0])
    else:
        whole = merged(build, f"{call.name}.{mode}", mode, each).shaped(call.outputs[0])
    states = [each[k * 2 >= len(call.outputs) - 1] for k in range(len(call.outputs) - 1)]
    return [whole, *states]


def _under(own: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {short.partition(".")[2]: name for short, name in own.items() if short.startswith(f"{prefix}.")}


def add_direction(
    build: Build,
    layer: str,
    kind: str,
    own: Mapping[str, str],
    columns: Sequence[Columns],
    *,
    is_backward: bool | None = None,
) -> str:
    """Add one direction of a recurrent layer, and return the id of its group.

    Parameters
    ----------
    own
        Keras's name of each weight (``kernel``, ``recurrent_kernel``, ``bias``) -> the parameter's name.
    is_backward
        Which direction of a Bidirectional; None for a layer of one direction.
    """
    ports = PORTS[kind]
    n_units = build.parameters[own["recurrent_kernel"]][0]
    wanted = layer if is_backward is None else f"{layer}.{'backward' if is_backward else 'forward'}"
    label = layer + (" · backward" if is_backward else "")
    units = build.group(Group(build.free_id(wanted), layer, n_units, label=label, ports=ports))
    # the backward direction's previous step is the following one in the sequence
    before = "h(t+1)" if is_backward else "h(t−1)"
    delayed = build.group(Group(f"{units}.h(t-1)", layer, n_units, label=before, delayed_of=units))
    n_columns = n_units * max(1, len(ports))
    sources = {"kernel": list(columns), "recurrent_kernel": [Columns(delayed, n_units)]}
    for gate, port in enumerate(ports or (None,)):
        for short, source in sources.items():
            role: BundleRole = "input" if short == "kernel" else "recurrent"
            kernel = Kernel(own[short], n_units, 1, n_columns, gate * n_units, role=role, port=port)
            build.kernel(kernel, source, units)
    if "bias" in own:
        _add_biases(build, own["bias"], units, (columns[0].group, delayed))
    return units


def _add_biases(build: Build, parameter: str, units: str, beside: tuple[str, str]) -> None:
    """Add one "1" for a plain bias, two for GRU's (2, gates x units): of the input and of h(t-1)."""
    ports, n_units = build.groups[units].ports, build.groups[units].n_units
    shape = build.parameters[parameter]
    for row in range(shape[0] if len(shape) == 2 else 1):
        kernels = [
            Kernel(parameter, n_units, 1, offset=row * shape[-1] + gate * n_units, role="bias", port=port)
            for gate, port in enumerate(ports or (None,))
        ]
        build.from_one(kernels, units, "1", beside[row])
