"""Tiles of large matrices: what they hold is what numpy finds entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnweightviz as nwv
from nnweightviz import blocks
from nnweightviz.adapters import as_network
from nnweightviz.answers import Answers
from nnweightviz.history import History
from nnweightviz.network import Network
from nnweightviz.parameters import WEIGHTS, Parameters, Quantity
from nnweightviz.payload import Payload
from nnweightviz.scale import domain_of
from nnweightviz.storage.tensors import TensorState
from nnweightviz.tiles import SIDE, Matrix, Tiles, counts, strongest

NAME = "fc.weight"
N_ROWS, N_COLUMNS = 530, 300  # three by two tiles, those at the edges smaller


def brute(values: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """The entry farthest from zero of each piece, one piece after the other."""

    def farthest(piece: NDArray[Any]) -> float:
        if np.isnan(piece).any():
            return np.nan
        return float(piece.max() if piece.max() >= -piece.min() else piece.min())

    starts = [range(0, n, step) for n, step in zip(values.shape, (rows, columns), strict=True)]
    found = [[farthest(values[r : r + rows, c : c + columns]) for c in starts[1]] for r in starts[0]]
    return np.array(found, np.float32)


def states(n: int = 3) -> list[dict[str, NDArray[Any]]]:
    rng = np.random.default_rng(0)
    return [{NAME: rng.normal(size=(N_ROWS, N_COLUMNS)).astype(np.float32) * (k + 1)} for k in range(n)]


@pytest.fixture
def history() -> History:
    history = History()
    for k, state in enumerate(states()):
        history.record(state, step=10 * k)
    return history


def network(history: History) -> Network:
    return as_network(dict(history[0].state))


@pytest.fixture
def parameters(history: History) -> Parameters:
    return Parameters(network(history), list(history))


def matrix(k: int, quantity: Quantity = WEIGHTS) -> Matrix:
    return Matrix(NAME, k, quantity, (N_ROWS, N_COLUMNS), (N_COLUMNS, 1), 0)


def put_together(coded: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The matrix that tiles are of."""
    whole = np.full(shape, np.nan)
    for entry, data in coded:
        row, column = entry["tile"]
        tile = blocks.decode(entry, data)[0]
        whole[row * SIDE : row * SIDE + tile.shape[0], column * SIDE : column * SIDE + tile.shape[1]] = tile
    return whole


@pytest.mark.parametrize("shared", [(1, 1), (2, 1), (1, 8), (4, 8), (1024, 1024)])
def test_the_strongest_of_those_that_share_an_entry_is_what_a_plain_search_finds(
    shared: tuple[int, int],
) -> None:
    values = states(1)[0][NAME].copy()
    values[3, 5], values[40, 40], values[100, 100] = np.nan, -np.inf, 0
    np.testing.assert_array_equal(strongest(values, *shared), brute(values, *shared))


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8"])
def test_numbers_of_every_type_are_compared_as_they_are(dtype: str) -> None:
    values = (states(1)[0][NAME] * 20).astype(dtype)
    np.testing.assert_array_equal(strongest(values, 4, 4), brute(values.astype(np.float32), 4, 4))


def test_of_a_number_and_its_negative_the_positive_one_is_taken() -> None:
    assert strongest(np.array([[-2.0, 2.0, 1.0]], np.float32), 1, 3) == 2
    assert strongest(np.array([[2.0, -2.0, -3.0]], np.float32), 1, 3) == -3


def test_tiles_laid_side_by_side_are_the_matrix(parameters: Parameters) -> None:
    tiles = Tiles(parameters)
    values = states()[2][NAME]
    every = [(row, column) for row in range(3) for column in range(2)]
    coded = list(tiles.encode(matrix(2), (1, 1), every, "float32"))
    np.testing.assert_array_equal(put_together(coded, values.shape), values)
    coarse = list(tiles.encode(matrix(2), (4, 2), [(0, 0)], "float32"))
    np.testing.assert_array_equal(put_together(coarse, (133, 150)), brute(values, 4, 2))


def test_changes_are_of_the_weights_as_they_were_recorded(parameters: Parameters) -> None:
    tiles = Tiles(parameters)
    first, second, third = (state[NAME] for state in states())
    update = list(tiles.encode(matrix(2, Quantity("update")), (1, 1), [(0, 0)], "float32"))
    np.testing.assert_array_equal(blocks.decode(*update[0])[0], (third - second)[:SIDE, :SIDE])
    assert not tiles.is_recorded(matrix(0, Quantity("update")))
    since = list(tiles.encode(matrix(2, Quantity("difference", 0)), (2, 2), [(1, 0)], "float32"))
    expected = brute(third - first, 2, 2)[SIDE:]
    np.testing.assert_array_equal(blocks.decode(*since[0])[0], expected)


def test_a_view_may_be_transposed_or_of_some_rows_only(parameters: Parameters) -> None:
    tiles = Tiles(parameters)
    values = states()[0][NAME]
    turned = Matrix(NAME, 0, WEIGHTS, (N_COLUMNS, N_ROWS), (1, N_COLUMNS), 0)
    coded = list(tiles.encode(turned, (2, 2), [(0, 0), (0, 1)], "float32"))
    np.testing.assert_array_equal(put_together(coded, (150, 265)), brute(values.T, 2, 2))
    gate = Matrix(NAME, 0, WEIGHTS, (100, N_COLUMNS), (N_COLUMNS, 1), 200 * N_COLUMNS)
    (entry, data), *_ = tiles.encode(gate, (1, 1), [(0, 0)], "float32")
    np.testing.assert_array_equal(blocks.decode(entry, data)[0], values[200:300, :SIDE])


def test_counts_are_numpys() -> None:
    values = states(1)[0][NAME].copy()
    values[7, 9], values[8, 8], values[500, 250] = -9, np.nan, np.inf
    finite = np.where(np.isfinite(values), values, 0)
    assert counts(values, 2.0) == {
        "n_odd": 2,
        "n_beyond": int((np.abs(finite) > 2).sum()),
        "low": -9.0,
        "high": float(finite.max()),
        "strongest": [7, 9],
    }
    nothing = np.full((2, 2), np.nan, np.float32)
    assert counts(nothing, 1.0) == {
        "n_odd": 4,
        "n_beyond": 0,
        "low": None,
        "high": None,
        "strongest": [-1, -1],
    }


def test_domains_are_of_one_checkpoint_or_of_the_history(parameters: Parameters) -> None:
    tiles = Tiles(parameters)
    each = [state[NAME] for state in states()]
    assert tiles.domain(matrix(1), None) == pytest.approx(domain_of([each[1]]), rel=1e-6)
    assert tiles.domain(matrix(1), 3) == pytest.approx(domain_of(each), rel=1e-6)


def test_the_domain_of_a_large_matrix_is_of_a_sample_of_all_its_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nnweightviz.tiles.MOST_SAMPLED", 5_000)
    values = np.tile(np.linspace(-1, 1, 1000, dtype=np.float32), (200, 1))
    history = History()
    history.record({NAME: values})
    tiles = Tiles(Parameters(network(history), list(history)))
    whole = Matrix(NAME, 0, WEIGHTS, (200, 1000), (1000, 1), 0)
    assert tiles.domain(whole, 1) == pytest.approx(domain_of([values]), rel=5e-3)


def test_the_domain_of_a_growing_history_only_grows(history: History) -> None:
    parameters = Parameters(network(history), list(history))
    tiles = Tiles(parameters)
    before = tiles.domain(matrix(0), 3)
    small = {NAME: np.full((N_ROWS, N_COLUMNS), 1e-3, np.float32)}
    for k in range(5):
        history.record(small, step=100 + k)
    parameters.add(list(history)[3:])
    assert tiles.domain(matrix(0), 8) == before


def ask(history: History, **changed: Any) -> tuple[dict[str, Any], list[bytes]]:
    """What the browser hears when it asks for tiles."""

    class Source:
        payload = Payload(network(history), history)

        def everything(self) -> Any:
            raise AssertionError("nobody asked for everything")

        def of(self, _run: Any) -> Any:
            return self

    heard: list[tuple[dict[str, Any], list[bytes]]] = []
    answers = Answers(Source(), lambda message, buffers: heard.append((message, buffers)))
    view = {"shape": [N_ROWS, N_COLUMNS], "strides": [N_COLUMNS, 1], "offset": 0}
    message = {"type": "tiles", "id": "t0", "parameter": NAME, "checkpoint": 1, "quantity": "weights"}
    message |= {"reference": None, "view": view, "shared": [2, 2], "tiles": [[0, 0], [1, 0]], "counted": True}
    answers.receive(message | changed)
    (answer,) = heard
    return answer


def test_an_answer_has_tiles_domains_and_counts(history: History) -> None:
    message, (data,) = ask(history)
    values = states()[1][NAME]
    coded = [(e, data[e["offset"] : e["offset"] + e["n_bytes"]]) for e in message["blocks"]]
    together = put_together(coded, (265, 150))
    np.testing.assert_allclose(together, brute(values, 2, 2), atol=2e-3)
    assert message["domain_here"] == pytest.approx(domain_of([values]), rel=1e-6)
    over_all, here = message["counts"]
    assert here["n_beyond"] == int((np.abs(values) > message["domain_here"]).sum())
    assert over_all["n_beyond"] == int((np.abs(values) > message["domain"]).sum())


def test_what_a_checkpoint_lacks_has_no_tiles(history: History) -> None:
    message, buffers = ask(history, checkpoint=0, quantity="update")
    assert (message["blocks"], message["domain"], message["counts"], buffers) == ([], None, None, [])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"checkpoint": 9}, "checkpoints 9 to 9 were asked for; there are 3, 0 to 2"),
        ({"parameter": "other"}, "there is no parameter 'other' to fetch"),
        ({"tiles": [[3, 0]]}, "tile 3, 0 was asked for; there are 2 by 1"),
        ({"quantity": "sum"}, "there is no quantity 'sum'"),
        (
            {"view": {"shape": [N_ROWS + 1, N_COLUMNS], "strides": [N_COLUMNS, 1], "offset": 0}},
            "531 rows and 300 columns from entry 0 on",
        ),
        ({"view": {"shape": [2, 2], "strides": [-1, 1], "offset": 0}}, "were asked for; 'fc.weight' has"),
        ({"view": {"shape": [2, 2], "strides": [1, 1], "offset": -1}}, "were asked for; 'fc.weight' has"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    history: History, changed: dict[str, Any], sentence: str
) -> None:
    message, _ = ask(history, **changed)
    assert message["type"] == "error"
    assert sentence in message["message"]


def test_of_a_history_on_disk_only_the_matrix_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(tmp_path / "run") as history:
        for k, state in enumerate(states(2)):
            history.record(state | {"other.weight": np.zeros((50, N_COLUMNS), np.float32)}, step=k)
    opened = nwv.open(tmp_path / "run")
    tiles = Tiles(Parameters(network(opened), list(opened)))
    read: list[str] = []
    whole = TensorState.__getitem__
    monkeypatch.setattr(
        TensorState, "__getitem__", lambda self, name: (read.append(name), whole(self, name))[1]
    )
    (entry, data), *_ = tiles.encode(matrix(1), (1, 1), [(0, 0)], "float32")
    np.testing.assert_array_equal(blocks.decode(entry, data)[0], states(2)[1][NAME][:SIDE, :SIDE])
    list(tiles.encode(matrix(1), (2, 2), [(0, 0)], "float32"))
    assert read == [NAME]  # once for both
