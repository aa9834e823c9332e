"""Layer kinds, rebuilt from bundles alone, give torch's own outputs."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from adapters.large_nets import GPT2, ResNet18
from nnweightviz.adapters import as_network, as_state
from nnweightviz.history import History
from nnweightviz.network import Bundle, Network

torch.set_num_threads(1)
Array = NDArray[Any]


def into(network: Network, target: str, role: str = "input") -> list[Bundle]:
    return [b for b in network.bundles if b.target == target and b.role == role]


def pulled(network: Network, state: dict[str, Any], target: str, values: dict[str, Array]) -> Array:
    """Return what plain bundles and biases bring to a group, (..., n_target)."""
    sums: Any = 0
    for bundle in into(network, target):
        sums = sums + values[bundle.source] @ bundle.matrix(state).T
    for bundle in into(network, target, "bias"):
        sums = sums + bundle.matrix(state)[:, 0]
    return np.asarray(sums)


def normed(network: Network, state: dict[str, Any], target: str, names: tuple[str, str], x: Array) -> Array:
    """Scale and shift (..., n) by the bundles of two norm parameters."""
    by_name = {b.parameter: b.matrix(state)[:, 0] for b in into(network, target, "norm")}
    scale, shift = (by_name[name] for name in names)
    return np.asarray(x * scale + shift)


def whole_kernel(bundle: Bundle, state: dict[str, Any]) -> Tensor:
    """Return a bundle's kernel as if every source were linked to every target: (n_target, n_source, *kernel)."""
    view = bundle.view(state[bundle.parameter])
    kernel = np.zeros((view.shape[0], bundle.n_source, *view.shape[2:]))
    for j in range(view.shape[0]):
        first = bundle.first_source(j)
        kernel[j, first : first + view.shape[1]] = view[j]
    return torch.from_numpy(kernel)


CONVOLUTIONS = {
    f"{form} {n}d": (n, form, settings)
    for n in (1, 2, 3)
    for form, settings in {
        "plain": {"stride": 2, "padding": 1},
        "dilated": {"dilation": 2, "bias": False},
        "grouped": {"groups": 2},
        "depthwise": {"groups": 4},
        "transposed": {"stride": 2, "padding": 1, "output_padding": 1},
        "transposed grouped": {"groups": 2},
        "transposed depthwise": {"groups": 4, "bias": False},
    }.items()
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_rebuilt_from_its_bundle_gives_torchs_output(name: str) -> None:
    n, form, settings = CONVOLUTIONS[name]
    torch.manual_seed(0)
    is_transposed = form.startswith("transposed")
    make = getattr(nn, f"Conv{'Transpose' if is_transposed else ''}{n}d")
    layer = make(4, 8, 3, **settings).double()
    x = torch.randn(2, 4, *[7] * n, dtype=torch.float64)
    for network in (as_network(layer, x), as_network(nn.Sequential(layer))):
        target = network.group("0" if "0.weight" in network.parameters else type(layer).__name__.lower()).id
        prefix = "0." if target == "0" else ""
        state = {f"{prefix}{k}": v for k, v in as_state(layer).items()}
        (bundle,) = into(network, target)
        assert (network.group(bundle.source).n_units, bundle.n_source) == (4, 4)
        assert (bundle.reduce, bundle.rest_name) == ("l2", "kernel")
        kernel = whole_kernel(bundle, state)
        biases = [torch.tensor(b.matrix(state)[:, 0]) for b in into(network, target, "bias")]
        rest = {k: v for k, v in settings.items() if k not in ("groups", "bias")}
        function = getattr(F, f"conv{'_transpose' if is_transposed else ''}{n}d")
        kernel = kernel.transpose(0, 1) if is_transposed else kernel
        ours = function(x, kernel, biases[0] if biases else None, **rest)
        torch.testing.assert_close(ours, layer(x).detach(), atol=1e-6, rtol=0)


def test_the_matrix_and_the_entries_of_a_grouped_kernel_are_those_of_its_channels() -> None:
    layer = nn.ConvTranspose2d(4, 6, 3, groups=2)
    state, network = as_state(layer), as_network(layer)
    (bundle,) = into(network, "convtranspose2d")
    matrix = bundle.matrix(state)
    weight = layer.weight.detach().numpy()  # (in, out / groups, 3, 3)
    for target, source in np.ndindex(6, 4):
        if target // 3 != source // 2:
            assert matrix[target, source] == 0
            with pytest.raises(IndexError, match="2 blocks, and no link"):
                bundle.entries(target, source)
            continue
        kernel = weight[source, target % 3]
        assert matrix[target, source] == pytest.approx(np.linalg.norm(kernel))
        np.testing.assert_array_equal(state["weight"].ravel()[bundle.entries(target, source)], kernel.ravel())
    ends = {(s[1], t[1]) for s, t, a in network.links(state) if a["bundle"] == bundle.id}
    assert ends == {(s, t) for t, s in np.ndindex(6, 4) if t // 3 == s // 2}
    graph = network.to_networkx(state)
    assert graph["input", 3]["convtranspose2d", 4]["weight"]["weight"] == pytest.approx(matrix[4, 3])


def test_a_depthwise_convolution_of_many_channels_is_one_small_bundle() -> None:
    network = as_network(nn.Sequential(nn.Conv2d(3, 256, 1), nn.Conv2d(256, 256, 3, groups=256)))
    (depthwise,) = into(network, "1")
    assert (depthwise.n_links, depthwise.blocks, depthwise.n_source) == (256, 256, 256)
    (pointwise,) = into(network, "0")
    assert (pointwise.shape, pointwise.reduce) == ((256, 3), "none")  # numbers with a sign


def test_a_concatenation_before_a_grouped_convolution_is_a_group_of_its_own() -> None:
    class Split(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv1d(2, 3, 3, padding=1), nn.Conv1d(2, 3, 3, padding=1)
            self.c = nn.Conv1d(6, 4, 3, groups=2)

        def forward(self, x: Tensor) -> Any:
            return self.c(torch.cat([self.a(x), self.b(x)], 1))

    network = as_network(Split())
    (grouped,) = into(network, "c")
    assert grouped.source == "concat"
    assert {(w.source, w.target) for w in network.wires} == {("a", "concat"), ("b", "concat")}


def test_convolutions_by_functions_and_of_flat_images_are_followed() -> None:
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.b = nn.Parameter(torch.randn(4, 1, 3, 3)), nn.Parameter(torch.randn(4))
            self.d = nn.Linear(4 * 26 * 26, 2)

        def forward(self, x: Tensor) -> Any:
            return self.d(F.conv2d(x.view(-1, 1, 28, 28), self.w, self.b).flatten(1))

    network = as_network(Flat(), torch.zeros(2, 784))
    sources = {b.parameter: (b.source, b.shape) for b in network.bundles if b.role == "input"}
    assert sources["w"] == ("input", (4, 1, 3, 3))
    assert sources["d.weight"] == ("w", (2, 4, 676))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [{}, {"kdim": 5, "vdim": 3}])
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_rebuilt_from_bundles_gives_torchs_output(
    bias: bool, sizes: dict[str, int], batch_first: bool
) -> None:
    torch.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, bias=bias, batch_first=batch_first, **sizes).double().eval()
    read = [torch.randn(2, n, w, dtype=torch.float64) for n, w in ((4, 8), (6, sizes.get("kdim", 8)))]
    read.append(torch.randn(2, 6, sizes.get("vdim", 8), dtype=torch.float64))
    given = tuple(t if batch_first else t.transpose(0, 1) for t in read)
    network, state = as_network(layer, given), as_state(layer)
    ours = attended(network, state, "multiheadattention", [t.numpy() for t in read])
    expected = layer(*given)[0].detach()
    expected = expected if batch_first else expected.transpose(0, 1)
    np.testing.assert_allclose(ours, expected.numpy(), atol=1e-6)
    heads = network.group("multiheadattention.heads")
    assert heads.parts == ("head 1", "head 2")
    assert network.unit_name(heads.id, 5) == "head 2 · 2"
    wired = {(w.source, w.target, w.kind) for w in network.wires}
    assert wired == {(f"multiheadattention.{p}", heads.id, "attention") for p in "qkv"}


def attended(network: Network, state: dict[str, Any], name: str, read: list[Array]) -> Array:
    """Compute multi-head attention (batch, steps, n) from bundles."""
    n_heads = len(network.group(f"{name}.heads").parts)
    parts = []
    for part, x in zip("qkv", read, strict=True):
        sources = {b.source: x for b in into(network, f"{name}.{part}")}
        y = pulled(network, state, f"{name}.{part}", sources)
        parts.append(y.reshape(*y.shape[:2], n_heads, -1).swapaxes(1, 2))  # (batch, head, steps, n)
    q, k, v = parts
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (shares / shares.sum(-1, keepdims=True)) @ v
    mixed = mixed.swapaxes(1, 2).reshape(*read[0].shape[:2], -1)
    return pulled(network, state, name, {f"{name}.heads": mixed})


def standardised(x: Array, axis: int = -1) -> Array:
    return np.asarray((x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 1e-5))


@pytest.mark.parametrize("training", [True, False])
def test_a_transformer_layer_rebuilt_from_bundles_gives_torchs_output(training: bool) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).double().train(training)
    nn.init.normal_(layer.norm1.weight)
    nn.init.normal_(layer.norm2.bias)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    network, state = as_network(layer, x), as_state(layer)
    assert layer.training is training
    attention = attended(network, state, "self_attn", [x.numpy()] * 3)
    h = normed(network, state, "add", ("norm1.weight", "norm1.bias"), standardised(x.numpy() + attention))
    inner = np.maximum(0, pulled(network, state, "linear1", {"add": h}))
    out = h + pulled(network, state, "linear2", {"linear1": inner})
    out = normed(network, state, "add#2", ("norm2.weight", "norm2.bias"), standardised(out))
    np.testing.assert_allclose(out, layer.eval()(x).detach().numpy(), atol=1e-6)
    residual = {(w.source, w.target) for w in network.wires if w.kind == "add"}
    assert residual == {("input", "add"), ("self_attn", "add"), ("add", "add#2"), ("linear2", "add#2")}


def test_stacks_of_encoders_and_decoders_are_followed_inside() -> None:
    network = as_network(nn.Transformer(8, 2, 2, 2, 16, batch_first=True))
    assert {g.role for g in network.groups} <= {"input", "units", "bias"}
    memory = into(network, "decoder.layers.1.multihead_attn.k")[0].source
    assert memory == "encoder.layers.1.add#2"
    assert into(network, "decoder.layers.1.self_attn.q")[0].source == "decoder.layers.0.add#3"
    assert all(layer.note is None for layer in network.layers)


def test_a_bilinear_has_links_from_both_inputs_that_give_torchs_output() -> None:
    layer = nn.Bilinear(3, 4, 5).double()
    a, b = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    network, state = as_network(layer, (a, b)), as_state(layer)
    first, second = into(network, "bilinear")
    assert (first.shape, second.shape) == ((5, 3, 4), (5, 4, 3))
    bias = into(network, "bilinear", "bias")[0].matrix(state)[:, 0]
    expected = layer(a, b).detach().numpy()
    view = first.view(state["weight"])
    np.testing.assert_allclose(np.einsum("bi,oij,bj->bo", a, view, b) + bias, expected, atol=1e-6)
    view = second.view(state["weight"])
    np.testing.assert_allclose(np.einsum("bj,oji,bi->bo", b, view, a) + bias, expected, atol=1e-6)


def test_a_token_is_a_source_unit_of_its_embedding() -> None:
    layer = nn.Embedding(11, 4)
    ids = torch.tensor([[1, 7, 10]])
    network, state = as_network(layer, ids), as_state(layer)
    (bundle,) = into(network, "embedding")
    one_hot = np.eye(11)[ids.numpy()]
    np.testing.assert_allclose(one_hot @ bundle.matrix(state).T, layer(ids).detach().numpy(), atol=1e-6)
    assert [(g.id, g.role, g.n_units) for g in network.groups] == [
        ("embedding.tokens", "input", 11),
        ("embedding", "units", 4),
    ]
    named = as_network(layer, ids, input_names=[f"token {k}" for k in range(11)])
    assert named.unit_name("embedding.tokens", 10) == "token 10"


NORMS: dict[str, tuple[Any, tuple[int, ...], int]] = {
    "BatchNorm1d": (nn.BatchNorm1d(6), (3, 6), 1),
    "BatchNorm1d over time": (nn.BatchNorm1d(6), (3, 6, 4), 1),
    "BatchNorm2d": (nn.BatchNorm2d(6), (3, 6, 4, 4), 1),
    "BatchNorm3d": (nn.BatchNorm3d(6), (3, 6, 2, 2, 2), 1),
    "GroupNorm": (nn.GroupNorm(2, 6), (3, 6, 4, 4), 1),
    "InstanceNorm2d": (nn.InstanceNorm2d(6, affine=True), (3, 6, 4, 4), 1),
    "LayerNorm": (nn.LayerNorm(6), (3, 4, 6), -1),
    "RMSNorm": (nn.RMSNorm(6), (3, 4, 6), -1),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_norms_scale_and_shift_are_links_to_the_units_that_it_normalises(name: str) -> None:
    norm, shape, axis = NORMS[name]
    norm = norm.double().eval()
    for parameter in norm.parameters():
        nn.init.normal_(parameter)
    for statistic in ("running_mean", "running_var"):
        if getattr(norm, statistic, None) is not None:
            getattr(norm, statistic).copy_(torch.rand(6) + 0.5)
    n_spatial = len(shape) - 2
    first = [nn.Linear(6, 6)] if axis == -1 or not n_spatial else [getattr(nn, f"Conv{n_spatial}d")(6, 6, 1)]
    model = nn.Sequential(*first, norm).double()
    x = torch.randn(*shape, dtype=torch.float64)
    network, state = as_network(model, x), as_state(model)
    bundles = {b.parameter: b for b in into(network, "0", "norm")}
    assert set(bundles) == {f"1.{key}" for key, _ in norm.named_parameters()}
    plain = type(norm)(*([2, 6] if isinstance(norm, nn.GroupNorm) else [6])).double().eval()
    plain.load_state_dict(
        {k: v for k, v in norm.state_dict().items() if k not in ("weight", "bias")}, strict=False
    )
    unscaled = plain(model[0](x)).detach().movedim(axis, -1).numpy()
    ours = unscaled * bundles["1.weight"].matrix(state)[:, 0]
    if "1.bias" in bundles:
        ours = ours + bundles["1.bias"].matrix(state)[:, 0]
    np.testing.assert_allclose(ours, model(x).detach().movedim(axis, -1).numpy(), atol=1e-6)


def test_a_norm_over_several_groups_acts_on_the_units_of_each() -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.n = nn.Linear(2, 3), nn.Linear(2, 2), nn.LayerNorm(5)

        def forward(self, x: Tensor) -> Any:
            return self.n(torch.cat([self.b(x), self.a(x)], -1))

    model = Joined()
    nn.init.normal_(model.n.weight)
    state, network = as_state(model), as_network(model)
    for target, expected in (("b", slice(0, 2)), ("a", slice(2, 5))):
        scale = next(b for b in into(network, target, "norm") if b.parameter == "n.weight")
        np.testing.assert_array_equal(scale.matrix(state)[:, 0], state["n.weight"][expected])


def test_a_gain_and_a_positional_embedding_act_on_the_units_that_they_touch() -> None:
    class Bare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(2, 3)
            self.gain, self.shared = nn.Parameter(torch.randn(3)), nn.Parameter(torch.ones(()))
            self.place = nn.Parameter(torch.randn(1, 5, 3))

        def forward(self, x: Tensor) -> Any:
            return (self.a(x) * self.gain + self.place) * self.shared

    network = as_network(Bare(), torch.zeros(2, 5, 2))
    assert [b.parameter for b in into(network, "a", "norm")] == ["gain"]
    (place,) = [b for b in into(network, "a", "bias") if b.parameter == "place"]
    assert (place.shape, place.strides, place.rest_name) == ((3, 1, 5), (1, 1, 3), "position")
    (note,) = [layer.note for layer in network.layers if layer.name == "a"]
    assert note == "not drawn by link yet: shared ()"


def old(function: Any, *args: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args)


def parametrised() -> dict[str, nn.Module]:
    class Halved(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return weight / 2

    own = nn.Linear(3, 4)
    nn.utils.parametrize.register_parametrization(own, "weight", Halved())
    pruned = nn.Linear(3, 4)
    prune.random_unstructured(pruned, "weight", 0.5)
    return {
        "weight norm": parametrizations.weight_norm(nn.Linear(3, 4)),
        "weight norm of all": parametrizations.weight_norm(nn.Linear(3, 4), dim=None),
        "old weight norm": old(nn.utils.weight_norm, nn.Linear(3, 4)),
        "spectral norm": parametrizations.spectral_norm(nn.Linear(3, 4)),
        "old spectral norm": old(nn.utils.spectral_norm, nn.Linear(3, 4)),
        "pruned": pruned,
        "orthogonal": parametrizations.orthogonal(nn.Linear(3, 4)),
        "own": own,
    }


@pytest.mark.parametrize("name", parametrised())
def test_a_computed_weight_is_drawn_as_the_model_computes_it(name: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(parametrised()[name], nn.Tanh(), nn.Linear(4, 1)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)  # as an optimiser does, after which old-style weights are stale
    before = {k: v.clone() for k, v in model.state_dict().items()}
    network, state = as_network(model), as_state(model)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    (bundle,) = into(network, "0")
    x = torch.randn(5, 3)
    ours = x.numpy() @ bundle.matrix(state).T + state["0.bias"]
    np.testing.assert_allclose(ours, model[0](x).detach().numpy(), atol=1e-6)
    note = next(layer.note for layer in network.layers if layer.name == "0")
    assert note.startswith("weight is computed from 0.")


@pytest.mark.parametrize("name", [n for n in parametrised() if n not in ("orthogonal", "own")])
def test_a_bare_state_dict_gives_the_computed_weight_too(name: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(parametrised()[name], nn.Tanh(), nn.Linear(4, 1)).eval()
    of_state, of_model = as_state(model.state_dict()), as_state(model)
    np.testing.assert_allclose(of_state["0.weight"], of_model["0.weight"], atol=1e-6)
    network = as_network(model.state_dict())
    assert {b.parameter: b.source for b in into(network, "2")} == {"2.weight": "0"}
    assert into(network, "0")[0].parameter == "0.weight"


@pytest.mark.parametrize("name", ["orthogonal", "own"])
def test_an_original_is_drawn_where_a_bare_state_dict_does_not_tell_more(name: str) -> None:
    network = as_network(parametrised()[name].state_dict())
    (layer,) = [la for la in network.layers if la.name == "parametrizations.weight.original"]
    assert "drawn is the original" in (layer.note or "")


def test_recording_a_spectral_norm_changes_nothing() -> None:
    model = parametrizations.spectral_norm(nn.Linear(3, 4)).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    seed = torch.random.get_rng_state()
    history = History()
    history.record(model)
    history.record(model.state_dict())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert torch.equal(seed, torch.random.get_rng_state())
    assert model.training
    np.testing.assert_allclose(*history["weight"], atol=1e-6)


def test_a_parametrised_kernel_of_a_module_with_code_of_its_own_is_found() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 3))

        def forward(self, x: Tensor) -> Any:
            return F.linear(x, self.weight)

    model = nn.Sequential(parametrizations.weight_norm(Own()), nn.Linear(4, 1))
    assert [b.parameter for b in as_network(model).bundles if b.role == "input"] == ["0.weight", "1.weight"]


@pytest.mark.parametrize(
    ("make", "example"),
    [
        (ResNet18, None),
        (ResNet18, torch.zeros(16, 3, 224, 224)),
        (GPT2, None),
        (GPT2, torch.zeros(1, 64, dtype=torch.int64)),
    ],
    ids=["ResNet18", "ResNet18 on a batch", "GPT2", "GPT2 on a sequence"],
)
def test_models_of_real_size_are_followed_in_three_seconds(make: Any, example: Any) -> None:
    """In time on the processor, of which one core is used: a busy machine does not count."""
    model = make()
    start = time.process_time()
    network = as_network(model, example)
    assert time.process_time() - start < 3
    assert network.flow == "run"
    assert network.notes == ()
    assert all("not drawn" not in (layer.note or "") for layer in network.layers)
    assert {g.role for g in network.groups} == {"input", "units", "bias"}


def test_a_gpt_ties_its_output_to_its_tokens() -> None:
    network = as_network(GPT2(2, 8, 2, 11))
    assert network.tied == {"lm_head.weight": "wte.weight"}
    tokens, output = into(network, "wte")[0], into(network, "lm_head")[0]
    assert (tokens.shape, output.shape) == ((8, 11), (11, 8))
    state = as_state(GPT2(2, 8, 2, 11))
    np.testing.assert_array_equal(tokens.matrix(state), output.matrix(state).T)
    assert ("h.0.attn.c_attn", "h.0.attn.attention") in {(w.source, w.target) for w in network.wires}
