"""Unit outputs of torch models at every checkpoint equal what hooks, or a computation of our own, give."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

import nnweightviz as nwv
from adapters.torch_nets import ZOO
from nnweightviz.adapters.torch_inputs import given_inputs, guessed_inputs
from nnweightviz.adapters.torch_layouts import item_axis
from nnweightviz.probe import Outputs, Probe, ProbeError, outputs_of

torch.set_num_threads(1)
TOLERANCE = 1e-6
N = 7


class Of(nn.Module):
    """A model of named parts and a function that runs them."""

    def __init__(self, run: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(self, *args, **kwargs)


def recorded(model: nn.Module, n: int = 3, state_dict: bool = False) -> nwv.History:
    """A history of random walks of the parameters; the model ends at the last checkpoint."""
    torch.manual_seed(1)
    history = nwv.History()
    for k in range(n):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
        history.record(model.state_dict() if state_dict else model, step=k)
    return history


def probed(model: nn.Module, X: Any, n: int = 3, **more: Any) -> Outputs:  # noqa: N803
    history = recorded(model, n)
    example = X[:2] if isinstance(X, Tensor) else X
    return outputs_of(model, history, nwv.as_network(model, example), Probe(X, **more))


def last(outputs: Outputs, group: str) -> NDArray[Any]:
    """Outputs at the last checkpoint, whose parameters the model has: ``(n_items, n_positions, n_units)``."""
    return outputs.groups[group].values[-1]


def close(found: NDArray[Any], expected: Any) -> None:
    expected = expected.detach().numpy() if isinstance(expected, Tensor) else expected
    assert found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE * scale, rtol=0)


def hooked(model: nn.Module, modules: dict[str, str], *inputs: Any) -> dict[str, Any]:
    """What torch's own forward hooks see of some modules: group -> outputs."""
    seen: dict[str, Any] = {}
    named = dict(model.named_modules())
    handles = [
        named[module].register_forward_hook(lambda _m, _i, out, g=group: seen.__setitem__(g, out))
        for group, module in modules.items()
    ]
    model.eval()
    with torch.no_grad():
        model(*inputs)
    for handle in handles:
        handle.remove()
    return seen


def test_a_dense_net_gives_what_hooks_see() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 2))
    x = torch.randn(N, 4)
    outputs = probed(model, x)
    seen = hooked(model, {"0": "1", "2": "3", "4": "4"}, x)
    for group in seen:
        close(last(outputs, group), seen[group][:, None])
        assert outputs.groups[group].how == "units"
    close(outputs.prediction[-1], seen["4"])


def test_every_checkpoint_is_run_with_its_own_parameters() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    x = torch.randn(N, 4)
    history = recorded(model)
    outputs = outputs_of(model, history, nwv.as_network(model), x)
    for k in range(3):
        state = history[k].state
        hidden = np.tanh(x.numpy() @ state["0.weight"].T + state["0.bias"])
        close(outputs.groups["0"].values[k, :, 0], hidden)
        close(outputs.prediction[k], hidden @ state["2.weight"].T + state["2.bias"])


@pytest.mark.parametrize("inplace", [False, True])
def test_activations_that_are_functions_are_followed(inplace: bool) -> None:
    def run(net: Any, x: Tensor) -> Tensor:
        h = F.relu(net.a(x), inplace=inplace)
        return net.c(torch.sigmoid(net.b(h)))

    model = Of(run, a=nn.Linear(4, 6), b=nn.Linear(6, 5), c=nn.Linear(5, 1))
    x = torch.randn(N, 4)
    outputs = probed(model, x)
    a = model.a(x).relu()
    close(last(outputs, "a")[:, 0], a)
    close(last(outputs, "b")[:, 0], model.b(a).sigmoid())
    assert outputs.groups["b"].saturates == "Sigmoid"


def test_norm_and_dropout_come_before_the_activation_and_pooling_after_it() -> None:
    parts = [nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout()]
    model = nn.Sequential(*parts, nn.Flatten(), nn.Linear(27, 2)).eval()
    x = torch.randn(N, 1, 8, 8)
    outputs = probed(model, x)
    active = model[1](model[0](x)).relu()  # (N, 3, 6, 6)
    close(last(outputs, "0")[:, 0], active.mean((2, 3)))
    close(outputs.groups["0"].peaks[-1], active.abs().amax((0, 2, 3)))
    assert outputs.groups["0"].how == "mean over space"
    assert any("mean over space" in note for note in outputs.notes)
    close(last(outputs, "6")[:, 0], model(x))


def test_an_activation_made_by_hand_is_the_output() -> None:
    def run(net: Any, x: Tensor) -> Tensor:
        h = net.a(x)
        h = h * torch.sigmoid(h)
        g = net.b(h)
        return net.c(torch.where(g > 0, g, 0.1 * g))

    model = Of(run, a=nn.Linear(4, 6), b=nn.Linear(6, 5), c=nn.Linear(5, 1))
    x = torch.randn(N, 4)
    outputs = probed(model, x)
    a = F.silu(model.a(x))
    close(last(outputs, "a")[:, 0], a)
    close(last(outputs, "b")[:, 0], F.leaky_relu(model.b(a), 0.1))
    assert outputs.groups["a"].saturates is None


def test_parameters_applied_as_functions_get_their_bias() -> None:
    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.b = nn.Parameter(torch.randn(4, 6)), nn.Parameter(torch.randn(6))
            self.v = nn.Parameter(torch.randn(6, 2))

        def forward(self, x: Tensor) -> Tensor:
            return (x @ self.w + self.b).tanh() @ self.v

    model, x = Raw(), torch.randn(N, 4)
    outputs = probed(model, x)
    close(last(outputs, "w")[:, 0], (x @ model.w + model.b).tanh())
    close(last(outputs, "v")[:, 0], model(x))


FORMS = list(product(("LSTM", "GRU", "RNN"), (1, 3), (False, True), (False, True)))
FORMS_PROJECTED = [
    ("LSTM", n, both, first) for n, both, first in product((1, 2), (False, True), (False, True))
]


def layer_by_layer(module: nn.RNNBase, x: Tensor, n_kept: int) -> list[Tensor]:
    """Outputs of each layer, rebuilt as single-layer modules of torch with copied parameters."""
    found = []
    for layer in range(module.num_layers):
        more = {"proj_size": module.proj_size} if module.proj_size else {}
        single = type(module)(
            x.shape[-1], module.hidden_size, batch_first=module.batch_first,
            bidirectional=module.bidirectional, **more,
        )  # fmt: skip
        single.load_state_dict(
            {
                name: getattr(module, name.replace("_l0", f"_l{layer}"))
                for name, _ in single.named_parameters()
            }
        )
        x = single(x)[0]
        found.append(x)
    assert found[-1].shape[-1] == n_kept * (1 + module.bidirectional)
    return found


@pytest.mark.parametrize(
    ("kind", "num_layers", "bidirectional", "batch_first", "proj_size"),
    [(*form, 0) for form in FORMS] + [(*form, 3) for form in FORMS_PROJECTED],
)
def test_recurrent_layers_give_all_time_steps_of_every_layer_and_direction(
    kind: str, num_layers: int, bidirectional: bool, batch_first: bool, proj_size: int
) -> None:
    n_out, n_steps = proj_size or 5, 6
    more = {"proj_size": proj_size} if proj_size else {}
    r = getattr(nn, kind)(2, 5, num_layers, batch_first=batch_first, bidirectional=bidirectional, **more)
    time = 1 if batch_first else 0
    model = Of(
        lambda net, x: net.d(net.r(x)[0].select(time, -1)),
        r=r,
        d=nn.Linear(n_out * (1 + bidirectional), 1),
    )
    x = torch.randn(N, n_steps, 2)
    x = x if batch_first else x.transpose(0, 1)
    outputs = probed(model, x, y=torch.randn(N))  # y tells along which axis the items lie
    with torch.no_grad():
        expected = layer_by_layer(r, x, n_out)
    for layer, sequence in enumerate(expected):
        sequence = sequence if batch_first else sequence.transpose(0, 1)
        for k, direction in enumerate(("", ".reverse")[: 1 + bidirectional]):
            group = f"r.l{layer}{direction}"
            close(last(outputs, group), sequence[..., k * n_out : (k + 1) * n_out])
            assert outputs.groups[group].how == "time steps"
            assert (outputs.groups[group].saturates == "Tanh") == (kind == "RNN")
    close(outputs.prediction[-1], model(x))
    assert outputs.loss["train"].shape == (3,)


def test_initial_states_reach_the_inner_layers() -> None:
    def run(net: Any, x: Tensor, h: Tensor) -> Tensor:
        return net.d(net.r(x, h.transpose(0, 1).contiguous())[0])

    model = Of(run, r=nn.GRU(2, 4, 3, batch_first=True), d=nn.Linear(4, 1))
    x, h = torch.randn(N, 5, 2), torch.randn(N, 3, 4)
    outputs = probed(model, (x, h))
    sequence = x
    for layer in range(3):
        single = nn.GRU(sequence.shape[-1], 4, batch_first=True)
        names = {name: name.replace("_l0", f"_l{layer}") for name, _ in single.named_parameters()}
        single.load_state_dict({name: getattr(model.r, own) for name, own in names.items()})
        sequence = single(sequence, h[:, layer : layer + 1].transpose(0, 1).contiguous())[0]
        close(last(outputs, f"r.l{layer}"), sequence)


def test_packed_sequences_are_read_padded() -> None:
    def run(net: Any, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        padded = nn.utils.rnn.pad_packed_sequence(net.r(packed)[0], batch_first=True)[0]
        return net.d(padded[:, 0])

    model = Of(run, r=nn.LSTM(2, 4, batch_first=True), d=nn.Linear(4, 1))
    x, lengths = torch.randn(4, 6, 2), torch.tensor([6, 4, 4, 2])
    outputs = probed(model, (x, lengths))
    expected = model.r(x)[0].detach().clone()
    for k, length in enumerate(lengths):
        expected[k, length:] = 0
    close(last(outputs, "r.l0"), expected)


def test_a_cell_in_a_loop_gives_every_step() -> None:
    def run(net: Any, x: Tensor) -> Tensor:
        h = c = x.new_zeros(len(x), 4)
        for t in range(x.shape[1]):
            h, c = net.cell(x[:, t], (h, c))
        return net.d(h)

    model = Of(run, cell=nn.LSTMCell(2, 4), d=nn.Linear(4, 1))
    x = torch.randn(N, 6, 2)
    outputs = probed(model, x)
    whole = nn.LSTM(2, 4, batch_first=True)
    whole.load_state_dict({f"{n}_l0": p for n, p in model.cell.named_parameters()})
    close(last(outputs, "cell"), whole(x)[0])
    assert outputs.groups["cell"].how == "time steps"


def test_a_residual_net_gives_branches_and_sums() -> None:
    def run(net: Any, x: Tensor) -> Tensor:
        h = F.relu(net.a(x))
        h += F.relu(net.b(h))  # in place: the sum is written over what a gave
        return net.c(h)

    model = Of(run, a=nn.Linear(4, 6), b=nn.Linear(6, 6), c=nn.Linear(6, 2))
    x = torch.randn(N, 4)
    outputs = probed(model, x)
    a = model.a(x).relu()
    b = model.b(a).relu()
    for group, expected in (("a", a), ("b", b), ("add", a + b), ("c", model.c(a + b))):
        close(last(outputs, group)[:, 0], expected)


def test_several_inputs_by_position_and_by_name() -> None:
    def run(net: Any, left: Tensor, right: Tensor) -> Tensor:
        return net.o(torch.cat([net.a(left).relu(), net.b(right).tanh()], -1))

    class Two(Of):
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return run(self, left, right)

    model = Two(run, a=nn.Linear(4, 5), b=nn.Linear(3, 6), o=nn.Linear(11, 1))
    left, right = torch.randn(N, 4), torch.randn(N, 3)
    network = nwv.as_network(model, (left[:2], right[:2]))
    history = recorded(model)
    for inputs in ((left, right), {"right": right, "left": left}):
        outputs = outputs_of(model, history, network, Probe(inputs))
        close(last(outputs, "a")[:, 0], model.a(left).relu())
        close(last(outputs, "b")[:, 0], model.b(right).tanh())
        close(outputs.prediction[-1], model(left, right))


def test_an_embedding_classifier_takes_integers() -> None:
    def run(net: Any, tokens: Tensor) -> Tensor:
        return net.o(F.relu(net.h(net.e(tokens))).mean(1))

    model = Of(run, e=nn.Embedding(9, 4), h=nn.Linear(4, 5), o=nn.Linear(5, 3))
    tokens, y = torch.randint(9, (N, 6)), torch.randint(3, (N,))
    outputs = probed(model, tokens, y=y)
    close(last(outputs, "e"), model.e(tokens))
    close(last(outputs, "h"), model.h(model.e(tokens)).relu())
    np.testing.assert_allclose(outputs.loss["train"][-1], F.cross_entropy(model(tokens), y).item(), rtol=1e-6)


def test_a_transformer_block_gives_attention_and_sums() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True).eval()
    x = torch.randn(N, 5, 8)
    outputs = probed(model, x)
    seen = hooked(model, {"self_attn": "self_attn", "linear1": "linear1", "linear2": "linear2"}, x)
    seen["self_attn"] = seen["self_attn"][0]
    seen["linear1"] = seen["linear1"].relu()
    for group in seen:
        close(last(outputs, group), seen[group])
        assert outputs.groups[group].how == "time steps"
    close(last(outputs, "add"), x + seen["self_attn"])
    close(last(outputs, "add#2"), x + seen["self_attn"] + seen["linear2"])
    assert any("'self_attn.q'" in note for note in outputs.notes)  # inside of one fused call


def test_noise_is_the_same_at_every_checkpoint() -> None:
    model = Of(lambda net, x: net.a(x + torch.randn_like(x)), a=nn.Linear(4, 3))
    history = nwv.History()
    for _ in range(2):
        history.record(model)
    before = torch.get_rng_state()
    outputs = outputs_of(model, history, nwv.as_network(model), torch.zeros(N, 4))
    close(outputs.prediction[0], outputs.prediction[1])
    assert np.ptp(outputs.prediction[0], axis=0).min() > 0
    assert torch.equal(torch.get_rng_state(), before)


# These read items as time steps, draw at random, want lengths in order, or choose layers by the whole batch.
NOT_ALONE = {"LastOut", "Mha", "Vae", "Packed", "Fails", "DataDep"}


@pytest.mark.parametrize("name", sorted(set(ZOO) - NOT_ALONE))
def test_an_item_gives_the_same_wherever_it_stands(name: str) -> None:
    net, example = ZOO[name]
    torch.manual_seed(0)
    model = net()
    network = nwv.as_network(model, example)
    given = [*given_inputs(model, example)] if example is not None else []
    inputs = next(i for i in [*given, *guessed_inputs(model)] if runs(model, i))
    items = tuple(five_of(value) for value in (*inputs.args, *inputs.kwargs.values()))
    names = (*inputs.names, *inputs.kwargs)
    history = recorded(model, 1)
    whole, alone, turned = (
        outputs_of(model, history, network, Probe(values, batch_size=size))
        for values, size in (
            (dict(zip(names, items, strict=True)), None),
            (dict(zip(names, items, strict=True)), 1),
            (dict(zip(names, (value.flip(0) for value in items), strict=True)), None),
        )
    )
    assert whole.groups
    for group, found in whole.groups.items():
        assert np.isfinite(found.values).all()
        close(alone.groups[group].values, found.values)
        close(turned.groups[group].values, found.values[:, ::-1])
        close(alone.groups[group].peaks, found.peaks)


def runs(model: nn.Module, inputs: Any) -> bool:
    try:
        with torch.no_grad():
            model(*inputs.args, **inputs.kwargs)
    except Exception:
        return False
    return True


def five_of(value: Tensor) -> Tensor:
    shape = (5, *value.shape[1:])
    generator = torch.Generator().manual_seed(4)
    floats = torch.randn(shape, generator=generator)
    return floats if value.is_floating_point() else torch.randint(3, shape, generator=generator)


def test_items_and_steps_that_were_merged_are_told_apart() -> None:
    def batch_major(net: Any, x: Tensor) -> Tensor:
        return net.b(net.a(x.reshape(-1, 3)).tanh().reshape(len(x), -1))

    def time_major(net: Any, x: Tensor) -> Tensor:
        h = net.a(x.transpose(0, 1).reshape(-1, 3)).tanh()
        return net.b(h.reshape(4, len(x), 5).transpose(0, 1).reshape(len(x), -1))

    for run in (batch_major, time_major):
        model = Of(run, a=nn.Linear(3, 5), b=nn.Linear(20, 1))
        x = torch.randn(N, 4, 3)
        outputs = probed(model, x)
        close(last(outputs, "a"), model.a(x).tanh())


def test_the_axis_of_items_is_found_in_whatever_order_they_were_merged() -> None:
    few, more = (torch.arange(n * 4 * 3.0).reshape(n, 4, 3) for n in (2, 3))
    for order, merge in (
        (True, lambda t: t.flatten(0, 1)),
        (False, lambda t: t.transpose(0, 1).flatten(0, 1)),
        (True, lambda t: t),
        (True, lambda t: t.movedim(0, 2)),
    ):
        found = item_axis(merge(few), merge(more))
        assert found is not None
        assert found.is_item_major == order
        items = found.items_first(merge(more), 3)
        assert items is not None
        close(items.reshape(3, 4, 3).numpy(), more)
    assert item_axis(few, few) is None
    assert item_axis(few, more[:, :3]) is None


def test_a_flattened_convolution_gives_its_channels() -> None:
    model = Of(lambda net, x: net.b(F.relu(net.a(x).flatten(1))), a=nn.Conv1d(2, 3, 3), b=nn.Linear(18, 1))
    x = torch.randn(N, 2, 8)
    outputs = probed(model, x)
    active = model.a(x).relu()  # (N, 3, 6)
    close(outputs.groups["a"].peaks[-1], active.amax((0, 2)))
    close(last(outputs, "a").mean(1), active.mean(2))


def test_tied_normed_and_half_precision_parameters() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.e, self.o = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
            self.o.weight = self.e.weight
            self.n = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))

        def forward(self, tokens: Tensor) -> Tensor:
            return self.o(self.n(self.e(tokens)).tanh())

    model, tokens = Tied(), torch.randint(7, (N, 3))
    outputs = probed(model, tokens)
    close(last(outputs, "n"), model.n(model.e(tokens)).tanh())
    close(last(outputs, "o"), model(tokens))
    assert not any("not in all checkpoints" in note for note in outputs.notes)
    half = nn.Sequential(nn.Linear(4, 3), nn.ReLU()).to(torch.bfloat16)
    x = torch.randn(N, 4)
    outputs = probed(half, x)
    close(last(outputs, "0")[:, 0], half(x.bfloat16()).float())


def test_large_batches_and_small_ones_give_the_same() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 1))
    history = recorded(model)
    x, y = torch.randn(50, 4), torch.randn(50)
    network = nwv.as_network(model)
    whole, parts = (
        outputs_of(model, history, network, Probe(x, y, x[:20], y[:20], batch_size=size))
        for size in (None, 7)
    )
    for group in whole.groups:
        close(parts.groups[group].values, whole.groups[group].values)
        close(parts.groups[group].peaks, whole.groups[group].peaks)
    close(parts.groups["0"].saturated, whole.groups["0"].saturated)
    close(parts.prediction, whole.prediction)
    for split in ("train", "test"):
        close(parts.loss[split], whole.loss[split])


def test_dead_and_saturated_units_are_found_over_all_items() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    with torch.no_grad():
        model[0].bias[:] = torch.tensor([0.0, -100.0, 0.0])
        model[2].weight.zero_()
        model[2].bias[:] = torch.tensor([0.0, 5.0, -5.0])
    history = nwv.History()
    history.record(model)
    x = torch.randn(300, 2)
    outputs = outputs_of(model, history, nwv.as_network(model), Probe(x, n_items=10))
    assert outputs.groups["0"].is_dead.tolist() == [[False, True, False]]
    close(outputs.groups["0"].peaks[0], model[:2](x).amax(0))
    assert outputs.groups["0"].saturated is None
    assert outputs.groups["2"].saturated.tolist() == [[0, 1, 1]]
    assert outputs.groups["2"].saturation == "|output| > 0.99"
    values = torch.linspace(-6, 6, 101)[:, None]
    single = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    history = recorded(single, 1)
    outputs = outputs_of(single, history, nwv.as_network(single), values)
    out = single(values)
    expected = ((out < 0.01) | (out > 0.99)).float().mean()
    close(outputs.groups["0"].saturated[0], expected[None])


def test_the_model_is_left_untouched() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 1))
    history = recorded(model)
    model[3].eval()  # flags that differ
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pointers = [p.data_ptr() for p in model.parameters()]
    flags = [m.training for m in model.modules()]
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    n_threads, has_fastpath = torch.get_num_threads(), torch.backends.mha.get_fastpath_enabled()
    outputs_of(model, history[:1], nwv.as_network(model), (torch.randn(N, 4), torch.randn(N)))
    torch.set_rng_state(states[0])
    outputs_of(model, history[:1], nwv.as_network(model), (torch.zeros(N, 4), torch.zeros(N)))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()
    assert random.getstate() == states[2]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [p.data_ptr() for p in model.parameters()] == pointers
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert [m.training for m in model.modules()] == flags
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.get_num_threads() == n_threads
    assert torch.backends.mha.get_fastpath_enabled() == has_fastpath


def test_running_statistics_come_from_checkpoints_that_hold_them() -> None:
    def normed() -> nn.Sequential:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))

    model, x = normed(), torch.randn(N, 4)
    history, bare = nwv.History(), nwv.History()
    for k in range(2):
        model[1].running_mean.fill_(k)
        history.record(model.state_dict())
        bare.record(model)
    network = nwv.as_network(model)
    held, lacking = (outputs_of(model, given, network, x) for given in (history, bare))
    assert not np.allclose(held.prediction[0], held.prediction[1])
    close(lacking.prediction[0], lacking.prediction[1])
    assert any("running statistics" in note for note in lacking.notes)
    assert not any("running statistics" in note for note in held.notes)


def test_a_failing_layer_is_named_with_the_shapes_it_was_given() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    with pytest.raises(
        ProbeError,
        match=r"layer '0' \(Linear\), given \(3, 5\): RuntimeError.*gave .*\(3, 5\) \(float32\); give X",
    ):
        probed(model, torch.randn(N, 5))


def test_a_scripted_model_is_refused_and_one_that_cannot_be_copied_is_run() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1)).train()
    history, network = recorded(model), nwv.as_network(model)
    x = torch.randn(N, 4)
    with pytest.raises(ProbeError, match="give the module that was scripted"):
        outputs_of(torch.jit.script(model), history, network, x)
    expected = outputs_of(model, history, network, x)
    model.lock = threading.Lock()  # so that no copy can be made
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    parameters = list(model.parameters())
    found = outputs_of(model, history, network, x)
    close(found.groups["0"].values, expected.groups["0"].values)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(m.training for m in model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_failing_function_is_named() -> None:
    model = Of(lambda net, x: net.b(net.a(x).reshape(3, 5)), a=nn.Linear(4, 8), b=nn.Linear(5, 1))
    network, history = nwv.as_network({"a.weight": np.zeros((8, 4))}), recorded(model)
    with pytest.raises(ProbeError, match=r"Of itself, given \(3, 8\) to 'reshape': RuntimeError"):
        outputs_of(model, history, network, torch.randn(N, 4))


def test_items_that_lie_where_the_layer_has_time_are_noted() -> None:
    model = Of(lambda net, x: net.d(net.r(x)[0]), r=nn.LSTM(2, 4), d=nn.Linear(4, 1))
    outputs = probed(model, torch.randn(N, 5, 2))
    assert any("item_axis=1" in note for note in outputs.notes)
    outputs = probed(model, torch.randn(5, N, 2), item_axis=1)
    assert not any("item_axis" in note for note in outputs.notes)
    assert last(outputs, "r.l0").shape == (N, 5, 4)
    assert outputs.prediction.shape == (3, N, 5, 1)


def test_a_layer_that_a_batch_does_not_reach_has_no_outputs_there() -> None:
    def run(net: Any, x: Tensor) -> Tensor:
        h = net.a(x)
        return net.c(net.b(h) if x.sum() > 0 else h)

    model = Of(run, a=nn.Linear(4, 4), b=nn.Linear(4, 4), c=nn.Linear(4, 1))
    x = torch.cat([torch.ones(4, 4), -torch.ones(4, 4)])
    outputs = probed(model, x, batch_size=4)
    assert np.isfinite(last(outputs, "b")[:4]).all()
    assert np.isnan(last(outputs, "b")[4:]).all()
    assert np.isfinite(last(outputs, "a")).all()
    assert any("NaN there: outputs of 'b'" in note for note in outputs.notes)


def test_groups_that_cannot_be_read_are_named_and_the_rest_is_kept() -> None:
    model = Of(lambda net, x: net.b(net.a(x).sum(0)), a=nn.Linear(4, 3), b=nn.Linear(3, 1))
    outputs = probed(model, torch.randn(N, 4))
    assert list(outputs.groups) == ["a"]
    assert any("'b': their items cannot be told apart" in note for note in outputs.notes)
    assert any("no predictions are kept" in note for note in outputs.notes)
