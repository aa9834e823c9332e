"""What the inner layers of a stacked ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN`` put out, which no tensor of a run holds.

Each layer is run by torch itself on the outputs of the one below. Not for the last layer, whose outputs the module
returns.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

VF: Any = torch._VF
FUNCTIONS = {"LSTM": VF.lstm, "GRU": VF.gru, "RNN_TANH": VF.rnn_tanh, "RNN_RELU": VF.rnn_relu}


def inner_sequences(module: nn.RNNBase, args: tuple[Any, ...]) -> list[torch.Tensor]:
    """Return the outputs of all layers but the last for the arguments of a call, in the layout of the module's own;
    packed ones as their data.
    """
    sequence = args[0]
    state = args[1] if len(args) > 1 else None
    if isinstance(sequence, PackedSequence) and state is not None and sequence.sorted_indices is not None:
        state = _each(state, lambda s: s.index_select(1, sequence.sorted_indices))
    found: list[torch.Tensor] = []
    for layer in range(module.num_layers - 1):
        sequence = _layer(module, layer, sequence, state)
        found.append(sequence.data if isinstance(sequence, PackedSequence) else sequence)
    return found


def _layer(module: nn.RNNBase, layer: int, sequence: Any, state: Any) -> Any:
    n = 1 + module.bidirectional
    names = [
        f"{what}_l{layer}{direction}"
        for direction in ("", "_reverse")[:n]
        for what in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    ]
    weights = [weight for name in names if (weight := getattr(module, name, None)) is not None]
    is_packed = isinstance(sequence, PackedSequence)
    data = sequence.data if is_packed else sequence
    if state is None:
        axis = 0 if module.batch_first else 1
        n_items = int(sequence.batch_sizes[0]) if is_packed else data.shape[axis]
        hidden = data.new_zeros(n, n_items, module.proj_size or module.hidden_size)
        own: Any = (hidden, data.new_zeros(n, n_items, module.hidden_size))
        own = own if module.mode == "LSTM" else hidden
    else:
        own = _each(state, lambda s: s[layer * n : (layer + 1) * n].contiguous())
    settings = (weights, module.bias, 1, 0.0, False, module.bidirectional)
    function = FUNCTIONS[module.mode]
    if not is_packed:
        return function(data, own, *settings, module.batch_first)[0]
    result = function(data, sequence.batch_sizes, own, *settings)[0]
    return PackedSequence(result, sequence.batch_sizes, sequence.sorted_indices, sequence.unsorted_indices)


def _each(state: Any, change: Any) -> Any:
    return tuple(change(s) for s in state) if isinstance(state, tuple) else change(state)
