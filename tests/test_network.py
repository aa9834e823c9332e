"""The drawable structure: bundles as views, links, columns, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnweightviz.network import Bundle, Group, Layer, Network, Wire
from nnweightviz.selection import block_names


def chain(*ids: str, **more: Any) -> Network:
    groups = tuple(Group(i, "layer", 2) for i in ids)
    bundles = tuple(Bundle(f"{a}-{b}", a, b, "w", (2, 2), (2, 1)) for a, b in pairwise(ids))
    return Network((Layer("layer", "Linear"),), groups, bundles, **more)


@st.composite
def bundles(draw: st.DrawFn) -> tuple[Bundle, np.ndarray[Any, Any]]:
    """A parameter of any shape, seen along any order of its axes, with any reduction."""
    shape = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    parameter = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    axes = draw(st.permutations(range(len(shape))))
    view = parameter.transpose(axes)
    reduce = "none" if len(shape) == 2 else draw(st.sampled_from(["sum", "l2", "index"]))
    index = tuple(draw(st.integers(0, n - 1)) for n in view.shape[2:]) if reduce == "index" else None
    strides = tuple(s // parameter.itemsize for s in view.strides)
    return Bundle("b", "s", "t", "w", view.shape, strides, 0, reduce=reduce, index=index), view  # type: ignore[arg-type]


@given(bundles())
def test_a_bundle_is_a_strided_view_of_its_parameter(found: tuple[Bundle, np.ndarray[Any, Any]]) -> None:
    bundle, view = found
    parameter = np.arange(1.0, view.size + 1)
    np.testing.assert_array_equal(bundle.view(parameter), view)
    rest = tuple(range(2, view.ndim))
    expected = {
        "none": lambda: view,
        "sum": lambda: view.sum(rest),
        "l2": lambda: np.sqrt((view**2).sum(rest)),
        "index": lambda: view[(..., *(bundle.index or ()))],
    }[bundle.reduce]()
    np.testing.assert_allclose(bundle.matrix({"w": parameter}), expected)


@given(bundles(), st.data())
def test_a_link_knows_the_entries_behind_it(
    found: tuple[Bundle, np.ndarray[Any, Any]], data: st.DataObject
) -> None:
    bundle, view = found
    j = data.draw(st.integers(0, view.shape[0] - 1))
    i = data.draw(st.integers(0, view.shape[1] - 1))
    behind = np.atleast_1d(view[j, i][bundle.index] if bundle.index is not None else view[j, i]).ravel()
    np.testing.assert_array_equal(bundle.entries(j, i) + 1, behind)


def test_an_offset_selects_a_gate() -> None:
    weight = np.arange(24.0).reshape(8, 3)
    gate = Bundle("w[f]", "s", "t", "w", (2, 3), (3, 1), offset=6, port="f")
    np.testing.assert_array_equal(gate.matrix({"w": weight}), weight[2:4])


def test_blocks_link_only_units_of_the_same_block() -> None:
    weight = np.arange(1.0, 13.0)  # (4 targets, 3 sources of the block)
    bundle = Bundle("b", "s", "t", "w", (4, 3), (3, 1), blocks=2)
    assert (bundle.n_source, bundle.n_links) == (6, 12)
    matrix = bundle.matrix({"w": weight})
    np.testing.assert_array_equal(matrix[:2, :3], weight[:6].reshape(2, 3))
    np.testing.assert_array_equal(matrix[2:, 3:], weight[6:].reshape(2, 3))
    assert matrix.sum() == weight.sum()
    assert bundle.entries(3, 4).tolist() == [10]
    with pytest.raises(IndexError, match="no link from source 1 to target 3: its sources are 3 to 5"):
        bundle.entries(3, 1)


def test_blocks_that_do_not_divide_the_targets_are_refused() -> None:
    with pytest.raises(ValueError, match="3 blocks for 4 target units"):
        Bundle("b", "s", "t", "w", (4, 1), (1, 1), blocks=3)


def test_a_unit_of_a_part_is_named_by_it() -> None:
    group = Group("heads", "layer", 6, parts=("head 1", "head 2"))
    network = Network((Layer("layer", "Attention"),), (group,))
    assert [network.unit_name("heads", k) for k in (0, 2, 3)] == ["head 1 · 1", "head 1 · 3", "head 2 · 1"]
    assert network.layer_of("heads").kind == "Attention"


def test_a_view_past_the_end_is_refused() -> None:
    bundle = Bundle("b", "s", "t", "w", (2, 3), (3, 1), offset=1)
    with pytest.raises(ValueError, match="reads entry 6 of parameter 'w', which has 6 entries"):
        bundle.matrix({"w": np.zeros((2, 3))})


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(KeyError, match=r"no parameter 'w'.*'other'"):
        Bundle("b", "s", "t", "w", (2, 3), (3, 1)).matrix({"other": np.zeros(1)})


def test_entries_beyond_the_bundle_are_refused() -> None:
    with pytest.raises(IndexError, match="2 target and 3 source units; got target 2"):
        Bundle("b", "s", "t", "w", (2, 3), (3, 1)).entries(2, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (2,), "strides": (1,)},
        {"shape": (2, 2), "strides": (1,)},
        {"shape": (2, 2, 2), "strides": (4, 2, 1)},
        {"shape": (2, 2), "strides": (2, 1), "reduce": "sum"},
        {"shape": (2, 2, 2), "strides": (4, 2, 1), "reduce": "index"},
        {"shape": (2, 2, 2), "strides": (4, 2, 1), "reduce": "l2", "index": (0,)},
    ],
    ids=str,
)
def test_a_bundle_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="bundle 'b'"):
        Bundle("b", "s", "t", "w", **wrong)


def test_columns_are_topological_generations() -> None:
    network = chain("a", "b", "c")
    assert network.columns == {"a": 0, "b": 1, "c": 2}
    skip = Network(network.layers, network.groups, network.bundles, (Wire("a", "c"),))
    assert skip.columns["c"] == 2


def test_delayed_groups_and_biases_take_no_column_of_their_own() -> None:
    groups = (
        Group("x", "in", 1, "input"),
        Group("h", "rnn", 2),
        Group("h.h(t-1)", "rnn", 2, delayed_of="h"),
        Group("1", "rnn", 1, "bias", beside="h.h(t-1)"),
    )
    links = tuple(Bundle(s, s, "h", "w", (2, n), (n, 1)) for s, n in (("x", 1), ("h.h(t-1)", 2), ("1", 1)))
    network = Network((), groups, links)
    assert network.columns == {"x": 0, "h": 1, "h.h(t-1)": 1, "1": 1}


def test_blocks_are_the_layers_and_all_that_their_dotted_names_lie_in() -> None:
    layers = tuple(Layer(name, "Linear") for name in ("stem", "h.0.fc", "h.0.out", "h.1.fc"))
    assert block_names(Network(layers)) == ("stem", "h", "h.0", "h.0.fc", "h.0.out", "h.1", "h.1.fc")


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        chain("a", "b", wires=(Wire("b", "a"),))


def test_doubled_and_unknown_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="group ids must be unique; given twice: 'a'"):
        chain("a", "a")
    with pytest.raises(ValueError, match=r"wire .* names group 'z', which is not there"):
        chain("a", wires=(Wire("a", "z"),))
    with pytest.raises(KeyError, match="no group 'z'; groups are: a, b"):
        chain("a", "b").group("z")


def test_networkx_has_a_node_a_unit_and_an_edge_a_link() -> None:
    network = chain("a", "b", wires=(Wire("a", "b", "add"),))
    weight = np.array([[1.0, -2.0], [0.0, 4.0]])
    graph = network.to_networkx({"w": weight})
    assert graph.number_of_nodes() == 4
    assert graph.graph["wires"] == [("a", "b", "add")]
    assert graph["a", 1]["b", 0]["a-b"]["weight"] == -2.0
    assert graph.nodes["b", 0] == {"name": "1", "layer": "layer", "role": "units", "column": 1}
    assert "weight" not in network.to_networkx()["a", 1]["b", 0]["a-b"]


def test_units_are_called_by_their_names_or_one_based() -> None:
    groups = (Group("a", "l", 2, unit_names=("x", "y")), Group("b", "l", 2), Group("c", "l", 1, "bias"))
    network = Network((), groups)
    assert [network.unit_name(g, 0) for g in "abc"] == ["x", "1", "1"]


def test_an_empty_state_is_told_to_be_empty() -> None:
    with pytest.raises(KeyError, match="has no parameter 'w' for bundle 'b'; it is empty"):
        Bundle("b", "s", "t", "w", (2, 3), (3, 1)).matrix({})
