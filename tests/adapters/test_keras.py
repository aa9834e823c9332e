"""Networks of Keras models, against what Keras computes itself from the same weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import nnweightviz as nwv
from adapters.contract import AdapterContract
from nnweightviz.adapters import as_network, as_state

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def sequential(shape: tuple[int, ...], *rest: Any, **options: Any) -> Any:
    model = keras.Sequential([keras.Input(shape, **options), *rest])
    for variable in model.weights:  # biases and scales of their own, so that a wrong one is seen
        variable.assign(RNG.normal(size=variable.shape, scale=0.5) ** 2 if "variance" in variable.name
                        else RNG.normal(size=variable.shape, scale=0.5))  # fmt: skip
    return model


def branching() -> Any:
    x = keras.Input((6,), name="x")
    first, second = layers.Dense(4, activation="relu")(x), layers.Dense(4)(x)
    added = layers.Add()([first, second])
    joined = layers.Concatenate()([layers.Dense(3)(added), x])
    return keras.Model(x, [layers.Dense(2, name="policy")(joined), layers.Dense(1, name="value")(joined)])


def two_inputs() -> Any:
    series, about = keras.Input((5, 2), name="series"), keras.Input((3,), name="about")
    hidden = layers.LSTM(4)(series)
    return keras.Model([series, about], layers.Dense(1)(layers.Concatenate()([hidden, about])))


def with_operations() -> Any:
    x = keras.Input((4,))
    y = keras.ops.relu(layers.Dense(4)(x) * 2.0) + x
    return keras.Model(x, layers.Dense(1)(keras.ops.mean(layers.Dense(3)(y), axis=-1, keepdims=True)))


def shared() -> Any:
    layer = layers.Dense(3)
    x = keras.Input((3,))
    return keras.Model(x, layer(layers.Activation("tanh")(layer(x))))


def nested() -> Any:
    inner = keras.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)], name="inner")
    return sequential((4,), inner, layers.Dense(1))


class OwnCall(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.recurrent = layers.LSTM(3, return_sequences=True)
        self.flatten = layers.Flatten()
        self.first, self.norm, self.last = layers.Dense(4), layers.LayerNormalization(), layers.Dense(2)
        self.gain = self.add_weight(shape=(2,), name="gain")

    def call(self, x: Any) -> Any:
        return self.last(self.norm(self.first(self.flatten(self.recurrent(x))))) * self.gain


class OwnLayer(layers.Dense):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return super().call(x * x)


def own_call() -> Any:
    model = OwnCall()
    model(np.ones((1, 5, 2)))
    return model


MODELS: dict[str, Any] = {
    "dense": lambda: sequential((3,), layers.Dense(4, activation="relu"), layers.Dense(4), layers.Dense(2)),
    "no bias": lambda: sequential((3,), layers.Dense(4, use_bias=False), layers.Dense(2, use_bias=False)),
    "lstm, flatten": lambda: sequential(
        (5, 2), layers.LSTM(3, return_sequences=True), layers.Flatten(), layers.Dense(2)
    ),
    "gru": lambda: sequential((5, 2), layers.GRU(3), layers.Dense(1)),
    "gru, reset before": lambda: sequential((5, 2), layers.GRU(3, reset_after=False), layers.Dense(1)),
    "rnn": lambda: sequential((5, 2), layers.SimpleRNN(3), layers.Dense(1)),
    "bidirectional": lambda: sequential((5, 2), layers.Bidirectional(layers.LSTM(3)), layers.Dense(1)),
    "bidirectional sum": lambda: sequential(
        (5, 2), layers.Bidirectional(layers.GRU(3), merge_mode="sum"), layers.Dense(1)
    ),
    "time distributed": lambda: sequential(
        (5, 2), layers.TimeDistributed(layers.Dense(3, activation="relu")), layers.LSTM(2)
    ),
    "convolutions": lambda: sequential(
        (8, 8, 3),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.DepthwiseConv2D(2, depth_multiplier=2),
        layers.Conv2D(8, (1, 2), groups=4),
        layers.Flatten(),
        layers.Dense(2),
    ),
    "conv1d, transposed": lambda: sequential(
        (8, 2),
        layers.Conv1D(4, 3),
        layers.Conv1DTranspose(3, 2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1),
    ),
    "embedding": lambda: sequential(
        (7,), layers.Embedding(11, 4), layers.Bidirectional(layers.GRU(2)), layers.Dense(1), dtype="int32"
    ),
    "norms": lambda: sequential(
        (6,),
        layers.Normalization(mean=0.5, variance=2.0),
        layers.Dense(4),
        layers.BatchNormalization(),
        layers.Activation("gelu"),
        layers.Dropout(0.5),
        layers.Dense(4),
        layers.LayerNormalization(),
        layers.LeakyReLU(),
        layers.Dense(1),
    ),
    "norm after flatten": lambda: sequential(
        (3, 2), layers.Conv1D(2, 1), layers.Flatten(), layers.BatchNormalization(), layers.Dense(1)
    ),
    "image": lambda: sequential(
        (6, 6), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, activation="softmax")
    ),
    "attention is a box": lambda: branching_attention(),
    "separable is a box": lambda: sequential(
        (8, 8, 3), layers.SeparableConv2D(4, 3), layers.GlobalMaxPooling2D(), layers.Dense(1)
    ),
    "own layer": lambda: sequential((3,), OwnLayer(4), layers.Dense(1)),
    "branches": branching,
    "two inputs": two_inputs,
    "operations": with_operations,
    "shared": shared,
    "nested": nested,
    "own call": own_call,
}


def branching_attention() -> Any:
    x = keras.Input((5, 4))
    mixed = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(mixed)))


class TestKerasModelsKeepTheContract(AdapterContract):
    def models(self) -> dict[str, tuple[Any, Any]]:
        return {name: (make(), None) for name, make in MODELS.items()}


def incoming(network: nwv.Network, target: str, role: str = "input", port: str | None = None) -> list[Any]:
    return [b for b in network.bundles if (b.target, b.role, b.port) == (target, role, port)]


def matrix(
    network: nwv.Network, state: Any, target: str, role: str = "input", port: str | None = None
) -> Array:
    (bundle,) = incoming(network, target, role, port)
    return np.asarray(bundle.matrix(state))


def biases(network: nwv.Network, state: Any, target: str, port: str | None = None) -> list[Array]:
    return [b.matrix(state)[:, 0] for b in incoming(network, target, "bias", port)]


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


def outputs(model: Any, inputs: Array) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(model(inputs.astype(np.float32), training=False)))


def states_of(network: nwv.Network, state: Any, group: str, inputs: Array) -> list[Array]:
    """Run a recurrent layer by its bundles alone; inputs (n, T, n_in), outputs T arrays (n, n_units)."""
    units = network.group(group)
    h = c = np.zeros((len(inputs), units.n_units))
    hidden = []

    def arrives(x: Array, role: str, port: str | None) -> Array:
        return np.asarray(x @ matrix(network, state, group, role, port).T)

    for x in inputs.swapaxes(0, 1):
        if units.ports == ("i", "f", "g", "o"):
            i, f, g, o = (
                arrives(x, "input", p) + arrives(h, "recurrent", p) + sum(biases(network, state, group, p))
                for p in units.ports
            )
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        elif units.ports == ("z", "r", "n"):
            own = {p: biases(network, state, group, p) for p in units.ports}
            z, r = (sigmoid(arrives(x, "input", p) + arrives(h, "recurrent", p) + sum(own[p])) for p in "zr")
            if len(own["n"]) == 2:  # reset_after
                new = (
                    arrives(x, "input", "n") + own["n"][0] + r * (arrives(h, "recurrent", "n") + own["n"][1])
                )
            else:
                new = arrives(x, "input", "n") + own["n"][0] + arrives(r * h, "recurrent", "n")
            h = z * h + (1 - z) * np.tanh(new)
        else:
            h = np.tanh(
                arrives(x, "input", None) + arrives(h, "recurrent", None) + biases(network, state, group)[0]
            )
        hidden.append(h)
    return hidden


def read(network: nwv.Network, state: Any, target: str, values: Array) -> Array:
    (bias,) = biases(network, state, target)
    return np.asarray(values @ matrix(network, state, target).T + bias)


def test_dense_layers_give_what_keras_computes() -> None:
    model = MODELS["dense"]()
    network, state, x = as_network(model), as_state(model), RNG.normal(size=(7, 3))
    hidden = np.maximum(read(network, state, "dense", x), 0)
    result = read(network, state, "dense_2", read(network, state, "dense_1", hidden))
    np.testing.assert_allclose(result, outputs(model, x), rtol=1e-5, atol=1e-6)
    assert network.layers[1].activation == "ReLU"


@pytest.mark.parametrize("name", ["gru", "gru, reset before", "rnn"])
def test_recurrent_layers_give_what_keras_computes(name: str) -> None:
    model = MODELS[name]()
    network, state, x = as_network(model), as_state(model), RNG.normal(size=(7, 5, 2))
    group = next(g.delayed_of for g in network.groups if g.delayed_of)
    last = states_of(network, state, group, x)[-1]
    np.testing.assert_allclose(read(network, state, "dense", last), outputs(model, x), rtol=1e-5, atol=1e-6)


def test_an_lstm_and_its_flatten_give_what_keras_computes() -> None:
    model = MODELS["lstm, flatten"]()
    network, state, x = as_network(model), as_state(model), RNG.normal(size=(7, 5, 2))
    hidden = states_of(network, state, "lstm", x)
    (bundle,) = incoming(network, "dense")
    assert (bundle.reduce, bundle.rest_name) == ("l2", "time step")
    every_step = bundle.view(state["dense.kernel"])  # (units, hidden units, T)
    result = sum(h @ every_step[:, :, t].T for t, h in enumerate(hidden)) + biases(network, state, "dense")[0]
    np.testing.assert_allclose(result, outputs(model, x), rtol=1e-5, atol=1e-6)


def test_a_bidirectional_layer_gives_what_keras_computes() -> None:
    model = MODELS["bidirectional"]()
    network, state, x = as_network(model), as_state(model), RNG.normal(size=(7, 5, 2))
    halves = {
        "bidirectional.forward": states_of(network, state, "bidirectional.forward", x)[-1],
        "bidirectional.backward": states_of(network, state, "bidirectional.backward", x[:, ::-1])[-1],
    }
    result = sum(halves[b.source] @ b.matrix(state).T for b in incoming(network, "dense"))
    result = result + biases(network, state, "dense")[0]
    np.testing.assert_allclose(result, outputs(model, x), rtol=1e-5, atol=1e-6)
    assert network.group("bidirectional.backward.h(t-1)").label == "h(t+1)"


def test_the_bundles_of_a_convolution_hold_keras_kernels() -> None:
    model = MODELS["convolutions"]()
    network, state = as_network(model), as_state(model)
    (first,), (depth,), (grouped,) = (
        incoming(network, g) for g in ("conv2d", "depthwise_conv2d", "conv2d_1")
    )
    kernel = state["conv2d.kernel"]
    np.testing.assert_array_equal(first.view(kernel), kernel.transpose(3, 2, 0, 1))
    np.testing.assert_allclose(first.matrix(state), np.linalg.norm(kernel, axis=(0, 1)).T, rtol=1e-6)
    norms = np.linalg.norm(state["depthwise_conv2d.kernel"], axis=(0, 1))  # (4, 2)
    expected = np.zeros((8, 4))
    expected[np.arange(8), np.arange(8) // 2] = norms.ravel()
    np.testing.assert_allclose(depth.matrix(state), expected, rtol=1e-6)
    blocks = np.linalg.norm(state["conv2d_1.kernel"], axis=(0, 1))  # (2, 8)
    expected = np.zeros((8, 8))
    for out in range(8):
        expected[out, out // 2 * 2 : out // 2 * 2 + 2] = blocks[:, out]
    np.testing.assert_allclose(grouped.matrix(state), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["convolutions", "image"])
def test_a_flatten_reads_the_units_that_keras_reads(name: str) -> None:
    """A channel whose outputs are switched off changes the result by just its links of the next layer."""
    model = MODELS[name]()
    network, state = as_network(model), as_state(model)
    (bundle,) = incoming(network, "dense")
    flatten = next(layer for layer in model.layers if isinstance(layer, layers.Flatten))
    before = RNG.normal(size=(1, *flatten.input.shape[1:]))
    flat = keras.ops.convert_to_numpy(flatten(before.astype(np.float32)))
    summed = flat @ state["dense.kernel"]  # (1, n_out)
    values = before.reshape(-1, bundle.n_source) if len(bundle.shape) > 2 else before.reshape(1, -1)
    view = bundle.view(state["dense.kernel"]).reshape(bundle.shape[0], bundle.n_source, -1)
    np.testing.assert_allclose(np.einsum("pi,jip->j", values, view), summed[0], rtol=1e-4, atol=1e-5)


def test_a_transposed_convolution_reads_its_kernel_the_other_way() -> None:
    model = MODELS["conv1d, transposed"]()
    (bundle,), state = incoming(as_network(model), "conv1d_transpose"), as_state(model)
    np.testing.assert_array_equal(
        bundle.view(state["conv1d_transpose.kernel"]), state["conv1d_transpose.kernel"].transpose(1, 2, 0)
    )


@pytest.mark.parametrize("kind", ["Conv2D", "Flatten"])
def test_channels_may_come_first(kind: str) -> None:
    x = keras.Input((3, 4, 4))
    y = layers.Conv2D(5, 2, data_format="channels_first")(x)
    flatten = layers.Flatten(data_format="channels_first" if kind == "Flatten" else None)
    model = keras.Model(x, layers.Dense(2)(flatten(y)))
    network = as_network(model)
    (conv,), (dense,) = incoming(network, "conv2d"), incoming(network, "dense")
    assert (conv.shape, conv.n_source) == ((5, 3, 2, 2), 3)
    state = as_state(model)
    activity = RNG.normal(size=(1, 5, 3, 3)).astype(np.float32)
    summed = keras.ops.convert_to_numpy(flatten(activity)) @ state["dense.kernel"]
    view = dense.view(state["dense.kernel"])
    assert view.shape == (2, 5, 9)
    np.testing.assert_allclose(np.einsum("ip,jip->j", activity.reshape(5, 9), view), summed[0], rtol=1e-4)


def test_norms_act_on_the_units_before_them_and_their_statistics_are_no_parameters() -> None:
    model = MODELS["norms"]()
    network, state = as_network(model), as_state(model)
    first, second = (layer for layer in network.layers if layer.name in ("dense", "dense_1"))
    assert (first.modifiers, first.activation) == (("BatchNormalization", "Dropout"), "GELU")
    assert (second.modifiers, second.activation) == (("LayerNormalization",), "LeakyReLU")
    ticks = {b.parameter: (b.target, b.matrix(state)[:, 0]) for b in network.bundles if b.role == "norm"}
    assert {name: target for name, (target, _) in ticks.items()} == {
        "batch_normalization.gamma": "dense", "batch_normalization.beta": "dense",
        "layer_normalization.gamma": "dense_1", "layer_normalization.beta": "dense_1",
    }  # fmt: skip
    for name, (_, values) in ticks.items():
        np.testing.assert_array_equal(values, state[name])
    assert not [name for name in state if "moving" in name or name.startswith("normalization")]


def test_an_image_that_is_only_flattened_is_laid_out_as_one() -> None:
    assert as_network(MODELS["image"]()).group("input").grid == (6, 6)
    assert as_network(MODELS["convolutions"]()).group("input").n_units == 3


def test_tokens_are_the_input_of_an_embedding() -> None:
    network = as_network(MODELS["embedding"]())
    assert [g.id for g in network.groups if g.role == "input"] == ["embedding.tokens"]
    (bundle,) = incoming(network, "embedding")
    state = as_state(MODELS["embedding"]())
    np.testing.assert_array_equal(bundle.matrix(state), state["embedding.embeddings"].T)


def test_branches_are_wires_and_several_sources() -> None:
    network = as_network(MODELS["branches"]())
    assert {(w.source, w.target) for w in network.wires} == {("dense", "add"), ("dense_1", "add")}
    assert {b.source for b in incoming(network, "policy")} == {"dense_2", "input"}
    assert [g.id for g in as_network(MODELS["two inputs"]()).groups if g.role == "input"] == [
        "series",
        "about",
    ]


def test_what_is_not_known_is_a_box_that_names_its_weights() -> None:
    network = as_network(MODELS["attention is a box"]())
    (box,) = [layer for layer in network.layers if layer.kind == "MultiHeadAttention"]
    assert box.note is not None
    assert "query.kernel (4, 2, 3)" in box.note
    assert [layer.kind for layer in as_network(MODELS["own layer"]()).layers] == [
        "Input",
        "OwnLayer",
        "Dense",
    ]


def test_a_model_with_a_call_of_its_own_is_chained_in_order() -> None:
    model = MODELS["own call"]()
    network = as_network(model)
    assert network.flow == "order"
    (bundle,) = incoming(network, "dense")
    assert (bundle.source, bundle.rest_name) == ("lstm", "time step")
    assert any("gain (2)" in note for note in network.notes)


def test_a_model_made_again_has_the_same_names_whatever_keras_counts() -> None:
    first, second = MODELS["branches"](), MODELS["branches"]()
    assert first.layers[1].name != second.layers[1].name
    assert list(as_state(first)) == list(as_state(second))
    assert list(as_state(first))[:2] == ["dense.kernel", "dense.bias"]
    assert "policy.kernel" in as_state(first)
    assert next(iter(as_state(MODELS["nested"]()))) == "inner.dense.kernel"


def test_weights_of_a_frozen_layer_are_parameters_too() -> None:
    model = MODELS["dense"]()
    before = list(as_state(model))
    model.layers[0].trainable = False
    assert list(as_state(model)) == before
    assert len(before) == 6


def test_a_model_that_is_not_built_is_refused_with_what_to_do() -> None:
    for read_model in (as_network, as_state):
        with pytest.raises(ValueError, match=r"Sequential is not built.*give it an Input, or call its build"):
            read_model(keras.Sequential([layers.Dense(2)]))
        with pytest.raises(ValueError, match="has no parameters"):
            read_model(keras.Sequential([keras.Input((2,)), layers.Flatten()]))


def test_a_widget_shows_a_model_with_and_without_a_history() -> None:
    model, history = MODELS["lstm, flatten"](), nwv.History()
    history.record(model, step=0)
    model.layers[0].set_weights([w * 2 for w in model.layers[0].get_weights()])
    history.record(model, step=1)
    np.testing.assert_allclose(history["lstm.kernel"][1], 2 * history["lstm.kernel"][0])
    assert "2 checkpoints" in repr(nwv.WeightViz(model, history))
    assert "one checkpoint" in repr(nwv.WeightViz(model, input_names=["a", "b"], output_names=["c", "d"]))
