"""The torch adapter: data flow, layouts, names, and that a model stays as it is."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
import warnings
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from adapters.contract import AdapterContract
from adapters.torch_nets import ZOO, Reference
from nnweightviz.adapters import as_network, as_state
from nnweightviz.network import Bundle, Network

torch.set_num_threads(1)


def net(name: str) -> Network:
    make, example = ZOO[name]
    torch.manual_seed(0)
    return as_network(make(), example)


def bundle(network: Network, bundle_id: str) -> Bundle:
    return next(b for b in network.bundles if b.id == bundle_id)


def wires(network: Network) -> set[tuple[str, str, str]]:
    return {(w.source, w.target, w.kind) for w in network.wires}


def layer(network: Network, name: str) -> Any:
    return next(layer for layer in network.layers if layer.name == name)


class TestTorchKeepsTheContract(AdapterContract):
    def models(self) -> dict[str, tuple[Any, Any]]:
        return {name: (make(), example) for name, (make, example) in ZOO.items()}


class TestTorchWithoutExamplesKeepsTheContract(AdapterContract):
    def models(self) -> dict[str, tuple[Any, Any]]:
        return {name: (make(), None) for name, (make, _) in ZOO.items()}


def test_the_reference_net_is_a_chain_with_its_activations() -> None:
    network = net("Reference")
    kinds = [(la.name, la.kind, la.activation) for la in network.layers if la.kind != "Input"]
    assert kinds == [
        ("lstm1", "LSTM", None),
        ("lstm2", "LSTM", None),
        ("fc1", "Linear", "ReLU"),
        ("fc2", "Linear", "ReLU"),
        ("fc3", "Linear", None),
    ]
    flattened = bundle(network, "fc1.weight")
    assert (flattened.shape, flattened.strides) == ((8, 8, 6), (48, 1, 8))
    assert (flattened.reduce, flattened.rest_name) == ("l2", "time step")
    assert [network.columns[g] for g in ("input", "lstm1.l0", "lstm2.l0", "fc1", "fc2", "fc3")] == [*range(6)]


def test_the_reference_net_needs_no_example_input() -> None:
    assert as_network(Reference()).bundles == net("Reference").bundles


# for the unit h of group g at time t: the column of the dense kernel, by hand
LAYOUTS = {
    "Reference": ("fc1.weight", {"lstm2.l0": lambda t, h: t * 8 + h}),
    "BiFlat": (
        "d.weight",
        {"r.l1": lambda t, h: t * 10 + h, "r.l1.reverse": lambda t, h: t * 10 + 5 + h},
    ),
    "TransFlat": ("d.weight", {"r.l0": lambda t, h: h * 6 + t}),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("reduce", ["sum", "l2", "index"])
def test_a_flatten_equals_a_computation_by_hand(name: str, reduce: Any) -> None:
    make, example = ZOO[name]
    model = make()
    state, network = as_state(model), as_network(model, example)
    parameter, groups = LAYOUTS[name]
    for group, column in groups.items():
        (found,) = [b for b in network.bundles if b.parameter == parameter and b.source == group]
        index = (3,) if reduce == "index" else None
        matrix = replace(found, reduce=reduce, index=index).matrix(state)
        for j, h in np.ndindex(*found.shape[:2]):
            values = [state[parameter][j, column(t, h)] for t in range(6)]
            by_hand = {"sum": sum(values), "l2": np.linalg.norm(values), "index": values[3]}
            assert matrix[j, h] == pytest.approx(by_hand[reduce], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_reshaping_is_followed_to_the_right_columns(data: st.DataObject) -> None:
    steps, hidden = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    moves = data.draw(st.lists(st.sampled_from(["transpose", "split", "repeat"]), max_size=3))

    class Shuffled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(2, hidden, batch_first=True)
            self.fc = nn.Linear(len(self.move(torch.zeros(1, steps, hidden))[0]), 3)

        def move(self, x: torch.Tensor) -> torch.Tensor:
            for move in moves:
                if move == "transpose":
                    x = x.transpose(1, 2)
                elif move == "split":
                    x = torch.cat([x[:, :1], x[:, 1:]], 1)
                else:
                    x = torch.cat([x, x], 2)
            return x.flatten(1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.move(self.rnn(x)[0]))

    model = Shuffled()
    network = as_network(model, torch.zeros(1, steps, 2))
    (found,) = [b for b in network.bundles if b.target == "fc" and b.role == "input"]
    marks = torch.arange(steps * hidden).reshape(1, steps, hidden)
    columns = model.move(marks)[0].numpy()
    unit_of_column = columns % hidden
    for h in range(hidden):
        entries = {int(e) for e in found.entries(1, h)} if found.source == "rnn.l0" else set()
        if found.source == "rnn.l0":
            assert entries == {len(columns) + int(k) for k in np.flatnonzero(unit_of_column == h)}
    # where no strided view says so, a group of its own stands between
    assert found.source == "rnn.l0" or ("rnn.l0", found.source, "flow") in wires(network)


@settings(max_examples=30, deadline=None)
@given(hidden=st.integers(1, 4), steps=st.integers(1, 4), n_out=st.integers(1, 3), data=st.data())
def test_a_flattened_link_maps_back_to_its_entries(
    hidden: int, steps: int, n_out: int, data: st.DataObject
) -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(1, hidden, batch_first=True)
            self.fc = nn.Linear(steps * hidden, n_out)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.rnn(x)[0].flatten(1))

    network = as_network(Flat(), torch.zeros(2, steps, 1))
    (found,) = [b for b in network.bundles if b.target == "fc" and b.role == "input"]
    j, h = data.draw(st.integers(0, n_out - 1)), data.draw(st.integers(0, hidden - 1))
    assert found.entries(j, h).tolist() == [j * steps * hidden + t * hidden + h for t in range(steps)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("LastOut", ["r.l0"]), ("LastHn", ["r.l0", "r.l0.reverse"]), ("MeanT", ["r.l0"]), ("Packed", ["r.l0"])],
)
def test_the_last_step_or_the_mean_over_time_is_a_plain_bundle(name: str, expected: list[str]) -> None:
    into = [b for b in net(name).bundles if b.target == "d" and b.role == "input"]
    assert [b.source for b in into] == expected
    assert {b.reduce for b in into} == {"none"}


def test_a_residual_addition_is_a_group_between_wires() -> None:
    network = net("Residual")
    assert wires(network) == {("a", "add", "add"), ("b", "add", "add")}
    assert bundle(network, "c.weight").source == "add"
    assert [network.columns[g] for g in ("input", "a", "b", "add", "c")] == [0, 1, 2, 3, 4]
    assert layer(network, "add").kind == "Add"


def test_branches_stand_side_by_side_and_a_concatenation_splits_the_kernel() -> None:
    network = net("Branch")
    assert network.columns["l"] == network.columns["r"] == 2
    assert bundle(network, "o.weight<-l").offset == 0
    assert bundle(network, "o.weight<-r").offset == 3


def test_several_inputs_bear_their_arguments_names() -> None:
    network = net("TwoIn")
    assert [g.id for g in network.groups if g.role == "input"] == ["input.left", "input.right"]
    assert bundle(network, "b.weight").source == "input.right"


def test_activations_are_read_from_modules_and_from_functions() -> None:
    for activation in (
        nn.ReLU(),
        torch.relu,
        nn.functional.relu,
        lambda x: x.relu(),
        lambda x: x.clone().relu_(),
    ):

        class Active(nn.Module):
            def __init__(self, function: Any) -> None:
                super().__init__()
                self.a, self.b, self.function = nn.Linear(2, 3), nn.Linear(3, 1), function

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.b(self.function(self.a(x)))

        network = as_network(Active(activation))
        assert layer(network, "a").activation == "ReLU"
        assert bundle(network, "b.weight").source == "a"


def test_dropout_and_norms_are_modifiers_and_a_norms_parameters_act_on_the_units() -> None:
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(), nn.Linear(4, 1))
    network = as_network(model)
    first = layer(network, "0")
    assert (first.activation, first.modifiers) == ("ReLU", ("BatchNorm1d", "Dropout"))
    for parameter in ("1.weight", "1.bias"):
        scale = bundle(network, parameter)
        assert (scale.role, scale.target, scale.shape) == ("norm", "0", (4, 1))
        assert network.group(scale.source).role == "bias"
    assert [g.id for g in network.groups if g.role == "units"] == ["0", "4"]


def test_data_dependent_control_flow_is_followed_where_it_goes() -> None:
    make, _ = ZOO["DataDep"]
    model = make()
    nn.init.zeros_(model.a.weight)
    nn.init.ones_(model.a.bias)
    assert bundle(as_network(model), "c.weight").source == "b"
    nn.init.constant_(model.a.bias, -1.0)
    network = as_network(model)
    assert bundle(network, "c.weight").source == "a"
    assert layer(network, "a").activation == "GELU"
    assert "no data flow through it" in layer(network, "b").note


def test_a_reused_module_has_a_group_per_call_and_one_parameter() -> None:
    network = net("Reused")
    assert (bundle(network, "a.weight").target, bundle(network, "a.weight#2").target) == ("a", "a#2")
    assert {b.parameter for b in network.bundles if b.target.startswith("a")} == {"a.weight", "a.bias"}


def test_a_module_applied_step_by_step_is_drawn_once() -> None:
    assert [g.id for g in net("CellLoop").groups if g.id.startswith("d")] == ["d", "d.bias"]


def test_a_transposed_tied_kernel_is_a_view_with_swapped_strides() -> None:
    make, _ = ZOO["TiedAE"]
    model = make()
    network = as_network(model)
    decoder = bundle(network, "enc.weight#2")
    np.testing.assert_array_equal(decoder.matrix(as_state(model)), model.enc.weight.detach().numpy().T)


def test_tied_parameters_are_named_with_their_first_name() -> None:
    network = net("Tied")
    assert network.tied == {"out.weight": "emb.weight"}
    assert set(network.parameters) >= {"out.weight", "emb.weight"}


def test_nested_modules_keep_torchs_names() -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), nn.Linear(3, 1))
    network = as_network(model)
    assert [g.id for g in network.groups if g.role == "units"] == ["0.0", "1"]
    assert "0.0.weight" in network.parameters


def test_a_model_that_is_one_layer_is_named_by_its_class() -> None:
    network = as_network(nn.Linear(2, 3))
    assert [g.id for g in network.groups] == ["input", "linear", "bias"]
    assert bundle(network, "weight").target == "linear"


def test_unknown_layers_are_boxes_with_shapes_in_the_data_flow() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.AdaptiveLogSoftmaxWithLoss(6, 10, [4]))
    network = as_network(model, (torch.zeros(2, 4),))
    assert network.flow == "order"
    assert network.group("1.head").layer


def test_channels_are_units_and_a_flatten_reads_each_at_every_position() -> None:
    network = net("Cnn")
    first, second, last = (bundle(network, f"{name}.weight") for name in ("c1", "c2", "d"))
    assert (first.source, first.shape, first.strides) == ("input", (4, 1, 3, 3), (9, 9, 3, 1))
    assert (second.source, second.shape, second.rest_name) == ("c1", (6, 4, 3, 3), "kernel")
    assert (last.source, last.shape, last.rest_name) == ("c2", (10, 6, 49), "position")
    assert {b.reduce for b in (first, second, last)} == {"l2"}
    assert layer(network, "c1").note == "padding 1"
    assert layer(network, "c1").modifiers == ("BatchNorm2d", "MaxPool2d")
    assert wires(network) == set()


def test_attention_by_hand_is_a_group_fed_by_wires() -> None:
    network = net("Attn")
    assert {(s, "attention", "flow") for s in "qkv"} <= wires(network)
    assert bundle(network, "o.weight").source == "attention"


def test_an_image_is_flattened_into_one_unit_a_pixel_with_its_grid() -> None:
    image = net("Mnist").group("input")
    assert (image.n_units, image.grid) == (784, (28, 28))


def test_a_model_that_fails_is_drawn_from_names_and_says_so() -> None:
    network = as_network(ZOO["Fails"][0](), torch.zeros(1, 4))
    assert network.flow == "order"
    assert "not today" in network.notes[0]
    assert bundle(network, "b.weight").source == "a"


def test_a_source_that_could_not_be_followed_is_said_not_guessed() -> None:
    network = net("ThroughNumpy")
    assert bundle(network, "b.weight").source == "b.other"
    assert network.notes == ("where the inputs of 'b' come from could not be followed",)


def test_a_module_may_be_called_input() -> None:
    network = net("NamedInput")
    assert bundle(network, "input.weight").source == "model input"
    assert bundle(network, "output.weight").source == "input"


def test_the_attention_weights_beside_an_output_get_no_group() -> None:
    network = as_network(nn.MultiheadAttention(8, 2), (torch.zeros(5, 1, 8),) * 3)
    assert [g.id.removeprefix("multiheadattention") for g in network.groups if g.role == "units"] == [
        ".q", ".k", ".v", ".heads", "",
    ]  # fmt: skip


def test_a_long_loop_is_drawn_for_its_first_calls() -> None:
    network = net("NeuralOde")
    assert sum(g.layer == "f.0" and g.role == "units" for g in network.groups) == 8
    assert "the first 8 calls are drawn" in layer(network, "f.0").note


def test_lazy_modules_are_boxes_until_they_are_initialised() -> None:
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 1))
    assert as_network(model).group("0").role == "box"
    assert as_network(model, torch.zeros(2, 5)).group("0").role == "box"
    assert isinstance(model[0].weight, nn.UninitializedParameter)
    model(torch.zeros(2, 5))
    assert bundle(as_network(model), "0.weight").shape == (3, 5)


@pytest.mark.filterwarnings("ignore")
def test_meta_scripted_compiled_quantised_and_wrapped_models_are_drawn() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    expected = as_network(model).bundles
    assert as_network(copy.deepcopy(model).to("meta")).bundles
    assert as_network(torch.jit.script(model)).bundles == expected
    assert as_network(torch.compile(model)).bundles == expected
    assert list(as_state(torch.compile(model))) == list(as_state(model))
    assert as_network(nn.DataParallel(model)).bundles == expected
    assert as_network(model.to(torch.bfloat16)).bundles == expected
    quantised = torch.ao.quantization.quantize_dynamic(copy.deepcopy(model).float(), {nn.Linear})
    assert {g.role for g in as_network(quantised).groups} <= {"box", "input"}


def test_a_model_is_left_bit_identical() -> None:
    class Touchy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.norm, self.drop = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout()
            self.register_buffer("seen", torch.zeros(1))
            self.calls, self.record = 0, []

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen += 1
            self.calls += 1
            random.random()
            np.random.rand()
            return self.drop(self.norm(self.a(x))) + torch.randn(1)

    model = Touchy().train()
    model.drop.eval()
    heard: list[Any] = []
    model.a.register_forward_hook(lambda *_: heard.append(1))
    before = copy.deepcopy(model.state_dict())
    states = torch.random.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    as_network(model)
    as_network(model, torch.randn(5, 3, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert (model.training, model.drop.training, model.norm.training) == (True, False, True)
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert states[1] == random.getstate()
    assert states[2] == np.random.get_state()[1].tolist()
    assert (model.calls, heard, len(model.a._forward_hooks)) == (0, [], 1)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_cannot_be_copied_is_left_as_it_was() -> None:
    class Stubborn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(3, 4)
            self.norm = nn.BatchNorm1d(4, momentum=0.5)

        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("no copies")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.norm.num_batches_tracked += 1
            return self.norm(self.a(x))

    model = Stubborn()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert as_network(model).bundles
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert model.training
    assert not model.a._forward_hooks
    assert not model.a._forward_pre_hooks


def test_the_weights_in_networkx_are_torchs() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    state = {name: p.detach().numpy() for name, p in model.named_parameters()}
    graph = as_network(model).to_networkx(as_state(model))
    for j, i in np.ndindex(4, 3):
        assert graph["input", i]["0", j]["0.weight"]["weight"] == float(state["0.weight"][j, i])
    for j in range(2):
        assert graph["2.bias", 0]["2", j]["2.bias"]["weight"] == float(state["2.bias"][j])
    assert graph.number_of_edges() == sum(p.numel() for p in model.parameters())


def test_a_colour_image_is_flattened_with_a_grid_for_each_channel() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 6 * 5, 4))
    assert as_network(model, torch.zeros(2, 3, 6, 5)).group("input").grid == (3, 6, 5)
    stated = as_network(nn.Linear(3 * 6 * 5, 4), input_grid=(3, 6, 5))
    assert stated.group("input").grid == (3, 6, 5)


def test_names_and_grid_go_to_input_and_output() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    network = as_network(model, input_names=list("abcd"), output_names=["yes", "no"], input_grid=(2, 2))
    assert network.unit_name("input", 1) == "b"
    assert network.unit_name("1", 0) == "yes"
    assert network.group("input").grid == (2, 2)


def test_names_of_the_wrong_number_are_refused_with_both_numbers() -> None:
    model = nn.Linear(4, 3)
    with pytest.raises(ValueError, match=r"3 names.*4 units"):
        as_network(model, input_names=list("abc"))
    with pytest.raises(ValueError, match=r"2 names.*3 units"):
        as_network(model, output_names=list("ab"))
    with pytest.raises(ValueError, match=r"6 places.*4 units"):
        as_network(model, input_grid=(2, 3))


def test_output_names_go_to_the_group_that_the_model_returns() -> None:
    make, _ = ZOO["Unused"]
    assert as_network(make(), output_names=["p", "q"]).group("b").unit_names == ("p", "q")


@pytest.mark.parametrize("thing", [3, "model.pt", None, [1, 2], nn.Linear, {"a": "b"}], ids=repr)
def test_other_things_are_refused_in_a_sentence(thing: Any) -> None:
    for function in (as_network, as_state):
        with pytest.raises(TypeError, match=r"draws a torch\.nn\.Module.*; got .*Pass the model itself"):
            function(thing)


def test_a_model_without_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="ReLU has no parameters"):
        as_network(nn.ReLU())


def test_a_network_passes_through() -> None:
    network = as_network(nn.Linear(2, 1))
    assert as_network(network) is network


def test_examples_may_be_arrays_tuples_or_named() -> None:
    model = ZOO["TwoIn"][0]()
    a, b = np.zeros((2, 4)), np.zeros((2, 3))
    expected = as_network(model).bundles
    assert as_network(model, (a, b)).bundles == expected
    assert as_network(model, {"left": a, "right": b}).bundles == expected


def test_small_floats_keep_their_values_and_dtypes() -> None:
    values = torch.tensor([1.5, -2.0, 0.25])
    state = as_state({"a": values.bfloat16(), "b": values.to(torch.float8_e4m3fn), "c": values.half()})
    assert state["a"].dtype == ml_dtypes.bfloat16
    assert state["b"].dtype == ml_dtypes.float8_e4m3fn
    for array in state.values():
        assert array.astype(float).tolist() == [1.5, -2.0, 0.25]


def test_weights_on_the_meta_device_have_no_values() -> None:
    with pytest.raises(ValueError, match="meta device"):
        as_state(nn.Linear(2, 2, device="meta"))


def test_importing_the_adapters_does_not_import_torch() -> None:
    draw = "import nnweightviz.adapters as a; a.as_network({'w': [[1.0]]})"
    code = f"import sys; {draw}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_warning_of_a_model_under_test_is_swallowed_afterwards() -> None:
    as_network(nn.Linear(2, 2))
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", UserWarning, stacklevel=1)
