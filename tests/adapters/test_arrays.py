"""Networks from bare state dicts: names, order and shapes only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import AdapterContract
from nnweightviz.adapters import as_network, as_state


def arrays(**shapes: tuple[int, ...]) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    return {name.replace("__", "."): rng.normal(size=shape) for name, shape in shapes.items()}


MLP = arrays(fc1__weight=(4, 3), fc1__bias=(4,), fc2__weight=(2, 4), fc2__bias=(2,))
STATES: dict[str, dict[str, Any]] = {
    "mlp": MLP,
    "no bias": arrays(a__weight=(4, 3), b__weight=(2, 4)),
    "nested": {f"module.net.{name}": array for name, array in MLP.items()},
    "lstm, flatten": arrays(
        l__weight_ih_l0=(12, 2), l__weight_hh_l0=(12, 3), l__bias_ih_l0=(12,), l__bias_hh_l0=(12,),
        d__weight=(2, 15), d__bias=(2,),
    ),
    "bidirectional gru": arrays(
        r__weight_ih_l0=(9, 2), r__weight_hh_l0=(9, 3), r__weight_ih_l0_reverse=(9, 2),
        r__weight_hh_l0_reverse=(9, 3), d__weight=(1, 6),
    ),
    "projected lstm": arrays(
        r__weight_ih_l0=(16, 2), r__weight_hh_l0=(16, 3), r__weight_hr_l0=(3, 4), d__weight=(1, 3)
    ),
    "cell": arrays(c__weight_ih=(3, 2), c__weight_hh=(3, 3), c__bias_ih=(3,), c__bias_hh=(3,)),
    "half an lstm": arrays(r__weight_ih_l0=(12, 2)),
    "odd recurrent": arrays(r__weight_ih_l0=(7, 2), r__weight_hh_l0=(7, 3)),
    "norm": arrays(a__weight=(4, 3), n__weight=(4,), n__bias=(4,), n__running_mean=(4,), b__weight=(2, 4)),
    "conv": arrays(c__weight=(6, 1, 3, 3), c__bias=(6,), d__weight=(2, 54), d__bias=(2,)),
    "numpy": arrays(W1=(3, 4), b1=(4,), W2=(4, 2), b2=(2,)),
    "numpy, biases last": arrays(W1=(3, 4), W2=(4, 2), b1=(4,), b2=(2,)),
    "two heads": arrays(a__weight=(8, 3), policy__weight=(4, 8), value__weight=(1, 8)),
    "misfits": arrays(a__weight=(4, 3), b__weight=(5, 7), c=(2, 2, 2), d=(9,), e=()),
    "empty arrays": arrays(a=(0,), b=(0, 3), c__weight=(3, 0)),
    "one vector": arrays(theta=(5,)),
    "named input": arrays(input__weight=(4, 3), input__bias=(4,)),
    "same names": {"weight": np.ones((2, 3)), "bias": np.ones(2), "linear.weight": np.ones((1, 2))},
    "whole numbers": {"w": np.arange(6).reshape(2, 3)},
}  # fmt: skip


class TestBareStatesKeepTheContract(AdapterContract):
    def models(self) -> dict[str, tuple[Any, Any]]:
        return {name: (state, None) for name, state in STATES.items()}


def sources(name: str) -> dict[str, str]:
    return {b.id: b.source for b in as_network(STATES[name]).bundles}


def test_dense_layers_are_chained_where_sizes_fit() -> None:
    network = as_network(MLP)
    assert network.flow == "order"
    assert sources("mlp")["fc2.weight"] == "fc1"
    assert [network.columns[g] for g in ("input", "fc1", "fc2")] == [0, 1, 2]
    np.testing.assert_array_equal(network.bundles[0].matrix(MLP), MLP["fc1.weight"])


def test_a_wide_kernel_behind_a_recurrent_layer_is_a_flatten() -> None:
    (flatten,) = [b for b in as_network(STATES["lstm, flatten"]).bundles if b.parameter == "d.weight"]
    assert (flatten.shape, flatten.strides, flatten.rest_name) == ((2, 3, 5), (15, 1, 3), "time step")


def test_kinds_are_told_by_the_number_of_gates() -> None:
    kinds = {name: {la.kind for la in as_network(STATES[name]).layers} for name in STATES}
    assert "LSTM" in kinds["lstm, flatten"]
    assert "GRU" in kinds["bidirectional gru"]
    assert "LSTM" in kinds["projected lstm"]
    assert "RNNCell" in kinds["cell"]


def test_both_directions_feed_the_next_layer() -> None:
    found = sources("bidirectional gru")
    assert found["d.weight<-r.l0"] == "r.l0"
    assert found["d.weight<-r.l0.reverse"] == "r.l0.reverse"


def test_kernels_written_input_first_are_transposed() -> None:
    for name in ("numpy", "numpy, biases last"):
        network = as_network(STATES[name])
        by_id = {b.id: b for b in network.bundles}
        assert by_id["W2"].source == "W1"
        np.testing.assert_array_equal(by_id["W1"].matrix(STATES[name]), STATES[name]["W1"].T)
        assert {"b1", "b2"} <= set(by_id)


def test_a_second_head_reads_the_layer_that_fits() -> None:
    assert sources("two heads") == {
        "a.weight": "input", "policy.weight": "a", "value.weight": "a",
    }  # fmt: skip


def test_norms_are_modifiers_and_act_on_the_units() -> None:
    norm = as_network(STATES["norm"])
    (first,) = [la for la in norm.layers if la.name == "a"]
    assert first.modifiers == ("n",)
    assert first.note == "not drawn by link yet: n.running_mean (4)"
    assert {b.parameter: b.target for b in norm.bundles if b.role == "norm"} == {
        "n.weight": "a",
        "n.bias": "a",
    }


def test_a_dense_layer_behind_a_convolution_reads_every_channel_at_every_position() -> None:
    (flatten,) = [b for b in as_network(STATES["conv"]).bundles if b.parameter == "d.weight"]
    assert (flatten.shape, flatten.strides, flatten.rest_name) == ((2, 6, 9), (54, 9, 1), "position")


def test_convolutions_are_read_from_shapes_in_groups_and_transposed_too() -> None:
    shapes = {"a.weight": (6, 3, 5), "b.weight": (6, 1, 5), "c.weight": (6, 2, 5), "c.bias": (2,)}
    depthwise, transposed = as_network(arrays(**shapes)).bundles[1:3]
    assert (depthwise.blocks, depthwise.shape, depthwise.source) == (6, (6, 1, 5), "a")
    assert (transposed.shape, transposed.strides) == ((2, 6, 5), (5, 10, 1))


def test_what_feeds_a_layer_that_fits_nothing_is_said_to_be_unknown() -> None:
    network = as_network(STATES["misfits"])
    assert any("what feeds 'b' is not known" in note for note in network.notes)


def test_a_scalar_beside_a_vector_is_no_norm() -> None:
    state = {"a": np.zeros((2, 0)), "a.weight": np.ones(2), "a.bias": np.array(1.0)}
    for bundle in as_network(state).bundles:
        assert bundle.weights(state).shape == bundle.shape[:2]


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.text("ab.w", min_size=1, max_size=5)
        | st.sampled_from(
            ["a.weight", "a.bias", "b.weight", "r.weight_ih_l0", "r.weight_hh_l0", "r.bias_ih_l0"]
        ),
        st.lists(st.integers(0, 5), max_size=4),
        min_size=1,
        max_size=7,
    )
)
def test_no_mapping_of_arrays_raises(shapes: dict[str, list[int]]) -> None:
    state = {name: np.ones(shape) for name, shape in shapes.items()}
    network = as_network(state)
    for bundle in network.bundles:
        assert bundle.weights(state).shape == bundle.shape[:2]


def test_a_mapping_without_arrays_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="without numeric arrays has no weights"):
        as_network({})
    with pytest.raises(TypeError, match="a mapping without arrays, with the keys 'a'"):
        as_network({"a": "text"})


def test_entries_that_are_no_arrays_are_left_out() -> None:
    assert list(as_state({"w": np.ones((2, 2)), "name": "x", "epoch": None})) == ["w"]


@pytest.mark.parametrize("first", [True, False])
def test_what_is_not_known_is_a_box_without_wires(first: bool) -> None:
    leftover, known = arrays(scale=(1,), log_std=(7,)), arrays(**{"a.weight": (4, 3), "b.weight": (2, 4)})
    network = as_network(leftover | known if first else known | leftover)
    assert network.wires == ()
    assert {(b.source, b.target) for b in network.bundles} == {("input", "a"), ("a", "b")}
    (box,) = [layer for layer in network.layers if layer.kind == "Parameters"]
    assert box.note == "not drawn by link yet: scale (1), log_std (7)"
    assert network.notes == ()


def test_kernels_that_fit_stay_in_the_chain() -> None:
    shapes = {"c1.weight": (4, 1, 3, 3), "gain": (5,), "c2.weight": (6, 4, 3, 3), "c3.weight": (7, 9, 3, 3)}
    network = as_network(arrays(**shapes))
    found = {b.parameter: b.source for b in network.bundles}
    assert found == {"c1.weight": "input", "c2.weight": "c1", "c3.weight": "input.c3"}
    assert {layer.note for layer in network.layers if layer.kind == "Conv2d"} == {
        "a convolution, by its weight's shape"
    }


def test_square_kernels_are_read_as_the_frameworks_write_them() -> None:
    keras = arrays(**{"a.kernel": (3, 3), "a.bias": (3,), "b.kernel": (3, 2)})
    sklearn = arrays(**{"coefs_[0]": (3, 3), "intercepts_[0]": (3,), "coefs_[1]": (3, 2)})
    for state in (keras, sklearn):
        network = as_network(state)
        kernels = [b for b in network.bundles if b.role == "input"]
        assert [b.parameter for b in kernels] == [n for n in state if "bias" not in n and "inter" not in n]
        assert kernels[0].source == "input"
        assert kernels[1].source == kernels[0].target
        for bundle in kernels:
            np.testing.assert_array_equal(bundle.matrix(state), state[bundle.parameter].T)
