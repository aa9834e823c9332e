"""Events: found where they were planted in synthetic histories, with recall and precision; and nothing in noise."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import nnweightviz as nwv
from nnweightviz.moments import Event, events
from nnweightviz.moments.curves import curve_events
from nnweightviz.network import Network

NOISE = 0.01


def history_of(weights: np.ndarray, name: str = "fc.weight", **metrics: np.ndarray) -> nwv.History:
    history = nwv.History()
    for k, weight in enumerate(weights):
        history.record({name: weight}, step=10 * k, **{m: float(v[k]) for m, v in metrics.items()})
    return history


def found(weights: np.ndarray, **metrics: np.ndarray) -> list[Event]:
    history = history_of(weights, **metrics)
    return events(history, nwv.as_network(history[0].state))


def of(kind: str, told: list[Event]) -> list[Event]:
    return [event for event in told if event.kind == kind]


def steady(rng: np.random.Generator, n: int = 60, shape: tuple[int, int] = (6, 8)) -> np.ndarray:
    """Weights that stay where they are but for noise, all of them away from zero, of both signs in each fan."""
    base = rng.uniform(0.5, 1.0, shape) * rng.choice([-1, 1], shape)
    base[:, 0], base[:, 1] = -0.8, 0.8
    return base + NOISE * rng.standard_normal((n, *shape))


def recall_and_precision(planted: set[tuple[int, ...]], told: set[tuple[int, ...]]) -> tuple[float, float]:
    hits = len(planted & told)
    return hits / max(1, len(planted)), hits / max(1, len(told))


@pytest.mark.parametrize("seed", range(5))
def test_weights_that_only_jitter_make_no_events(seed: int) -> None:
    assert found(steady(np.random.default_rng(seed))) == []


@pytest.mark.parametrize("seed", range(5))
def test_every_planted_sign_flip_is_found_at_its_link_and_checkpoint_and_no_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = steady(rng)
    planted = set()
    for j in range(6):
        i, k = int(rng.integers(2, 8)), int(rng.integers(5, 55))
        weights[k:, j, i] *= -1
        planted.add((k, j, i))
    flips = of("sign flip", found(weights))
    told = {(e.checkpoint, e.where["target"], e.where["source"]) for e in flips}
    assert recall_and_precision(planted, told) == (1.0, 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_weight_that_wanders_about_zero_flips_no_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = steady(rng)
    weights[:, 2, 3] = 0.02 * rng.standard_normal(60)
    assert of("sign flip", found(weights)) == []


def test_a_slow_crossing_is_one_flip_when_the_weight_is_clear_of_zero() -> None:
    weights = steady(np.random.default_rng(0))
    weights[:, 1, 4] = np.linspace(0.6, -0.6, 60)
    (flip,) = of("sign flip", found(weights))
    assert flip.where == {"bundle": "fc.weight", "target": 1, "source": 4}
    assert 30 < flip.checkpoint < 42
    assert flip.sentence == "the weight from 5 of input to unit 2 of fc became negative"


def test_a_bias_that_flips_is_called_a_bias() -> None:
    history = nwv.History()
    for bias in np.linspace(0.6, -0.6, 20):
        history.record({"fc.weight": np.ones((1, 2)), "fc.bias": np.array([bias])})
    (flip,) = of("sign flip", events(history, nwv.as_network(history[0].state)))
    assert flip.sentence == "the bias of unit 1 of fc became negative"
    assert flip.where == {"bundle": "fc.bias", "target": 0, "source": 0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"history": "runs/a"}, "history is a str; events takes a History"),
        ({"history": [{}]}, "history is a list; events takes a History"),
        ({"network": {}}, "network is a dict; events takes a Network"),
    ],
)
def test_what_is_no_history_or_network_is_refused_with_what_to_do(wrong: dict[str, Any], said: str) -> None:
    history = nwv.History()
    history.record({"fc.weight": np.ones((1, 2))})
    given = {"history": history, "network": nwv.as_network(history[0].state), **wrong}
    with pytest.raises(TypeError, match=said):
        events(**given)


def test_several_flips_of_a_fan_at_once_are_one_event_of_its_unit() -> None:
    weights = steady(np.random.default_rng(0))
    weights[20:, 3, 2:5] *= -1
    (flip,) = of("sign flip", found(weights))
    assert (flip.checkpoint, dict(flip.where)) == (20, {"group": "fc", "unit": 3})
    assert flip.sentence.startswith("3 of 8 weights into unit 4 of fc")


@pytest.mark.parametrize("seed", range(5))
def test_fans_that_grow_and_shrink_beyond_the_factor_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = steady(rng)
    up, down = (int(u) for u in rng.choice(6, 2, replace=False))
    weights[25:, up] *= 2.5
    weights[35:, down] /= 2.5
    told = found(weights)
    assert [(e.checkpoint, e.where["unit"]) for e in of("grows", told)] == [(25, up)]
    assert [(e.checkpoint, e.where["unit"]) for e in of("shrinks", told)] == [(35, down)]
    assert of("grows", told)[0].size == pytest.approx(2.5, rel=0.05)


def test_growth_below_the_factor_is_none() -> None:
    weights = steady(np.random.default_rng(0)) * np.linspace(1, 1.8, 60)[:, None, None]
    assert of("grows", found(weights)) == []


def test_a_fan_that_becomes_all_positive_and_is_mixed_again_is_told_both_times() -> None:
    weights = steady(np.random.default_rng(1))
    weights[20:40, 4] = np.abs(weights[20:40, 4])
    told = found(weights)
    assert [
        (e.kind, e.checkpoint, e.where["unit"]) for e in told if e.kind in ("all positive", "mixed signs")
    ] == [
        ("all positive", 20, 4),
        ("mixed signs", 40, 4),
    ]
    assert of("all positive", told)[0].sentence == "all 8 weights into unit 5 of fc are positive"


def test_one_sided_for_a_single_checkpoint_is_noise() -> None:
    weights = steady(np.random.default_rng(1))
    weights[20, 4] = -np.abs(weights[20, 4])
    assert of("all negative", found(weights)) == []


def test_nan_and_infinities_are_told_with_their_first_entry_and_their_end() -> None:
    weights = steady(np.random.default_rng(0))
    weights[30:33, 2, 5] = np.nan
    weights[50:, 0, 0] = np.inf
    told = found(weights)
    assert [(e.checkpoint, e.where["index"]) for e in of("NaN or Inf", told)] == [(30, [2, 5]), (50, [0, 0])]
    assert [e.checkpoint for e in of("finite again", told)] == [33]


def test_a_norm_that_explodes_is_told_once_for_each_tenfold() -> None:
    weights = steady(np.random.default_rng(0))
    weights[40:] *= 15
    weights[50:] *= 15
    assert [e.checkpoint for e in of("norm explodes", found(weights))] == [40, 50]


def plateau(rng: np.random.Generator, noise: float, n: int = 300) -> np.ndarray:
    """Falls, stays for a third of the run, and falls again."""
    t = np.linspace(0, 1, n)
    fall = np.interp(t, [0, 0.25, 0.6, 0.85, 1], [1.0, 0.55, 0.55, 0.05, 0.0])
    return fall + noise * rng.standard_normal(n)


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("seed", range(3))
def test_a_plateau_of_a_noisy_curve_is_entered_and_left_once(noise: float, seed: int) -> None:
    told = list(curve_events("loss", plateau(np.random.default_rng(seed), noise)))
    begins, ends = of("plateau begins", told), of("plateau ends", told)
    assert len(begins) >= 1
    assert len(ends) == 1
    assert begins[0].checkpoint == pytest.approx(75, abs=20)
    assert ends[0].checkpoint == pytest.approx(180, abs=20)


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
def test_a_curve_that_turns_is_told_at_its_lowest_point(noise: float) -> None:
    t = np.linspace(0, 1, 200)
    curve = (t - 0.4) ** 2 + noise * np.random.default_rng(0).standard_normal(200)
    turns = of("turning point", list(curve_events("val_loss", curve)))
    assert len(turns) == 1
    assert turns[0].checkpoint == pytest.approx(80, abs=12)
    assert "lowest" in turns[0].sentence


@pytest.mark.parametrize("seed", range(5))
def test_pure_noise_and_plain_decay_have_neither_plateau_nor_turn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert list(curve_events("loss", 0.5 + 0.1 * rng.standard_normal(200))) == []
    decay = np.exp(-np.linspace(0, 2, 200)) + 0.005 * rng.standard_normal(200)
    assert of("turning point", list(curve_events("loss", decay))) == []
    assert of("plateau ends", list(curve_events("loss", decay))) == []


def test_events_of_metrics_are_placed_at_checkpoints_by_their_steps() -> None:
    history = history_of(steady(np.random.default_rng(0), n=10))
    for step in range(90):
        history.log(step=step, loss=abs(step - 45) / 45)
    (turn,) = of("turning point", events(history, nwv.as_network(history[0].state)))
    assert turn.metric == "loss"
    assert turn.checkpoint == 4


def test_units_die_and_revive_by_what_they_put_out() -> None:
    weights = steady(np.random.default_rng(0), n=6, shape=(3, 2))
    history = history_of(weights)
    network: Network = nwv.as_network(history[0].state)
    peaks = np.ones((6, 3))
    peaks[2:5, 1] = 0
    peaks[:, 2] = 0
    told = events(history, network, outputs={"fc": peaks})
    assert [(e.kind, e.checkpoint, e.where["unit"]) for e in told if e.kind.startswith("unit")] == [
        ("unit dies", 0, 2),
        ("unit dies", 2, 1),
        ("unit revives", 5, 1),
    ]


def test_a_unit_of_which_nothing_is_known_stays_as_it_was() -> None:
    history = history_of(steady(np.random.default_rng(0), n=6, shape=(2, 2)))
    peaks = np.array([[1, np.nan], [0, np.nan], [np.nan, 0], [np.nan, np.nan], [0, 1], [np.nan, np.nan]])
    told = events(history, nwv.as_network(history[0].state), outputs={"fc": peaks})
    assert [(e.kind, e.checkpoint, e.where["unit"]) for e in told if e.kind.startswith("unit")] == [
        ("unit dies", 1, 0),
        ("unit dies", 2, 1),
        ("unit revives", 4, 1),
    ]


def test_too_many_of_a_kind_are_counted_and_the_largest_told() -> None:
    rng = np.random.default_rng(0)
    weights = steady(rng, n=20, shape=(40, 8))
    for j in range(40):
        weights[1 + j % 19 :, j, 2 + j % 6] *= -1
    history = history_of(weights)
    told = events(history, nwv.as_network(history[0].state), most=10)
    assert len(of("sign flip", told)) == 10
    assert told.n_left_out == {"sign flip": 30}
    assert [e.checkpoint for e in told] == sorted(e.checkpoint for e in told)


def test_the_history_is_streamed(tmp_path: object) -> None:
    history = nwv.History(f"{tmp_path}/run")
    rng = np.random.default_rng(0)
    base = rng.standard_normal((100, 500)).astype(np.float32)
    for k in range(40):
        history.record({"fc.weight": base * (1 + k / 100)}, step=k)
    history.flush()
    network = nwv.as_network(history[0].state)
    tracemalloc.start()
    events(history, network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    history.close()
    assert peak < 0.9 * 40 * base.nbytes


def test_every_sentence_is_about_the_place_it_points_to() -> None:
    weights = steady(np.random.default_rng(0))
    weights[20:, 3, 2:5] *= -1
    weights[25:, 1] *= 2.5
    for event in found(weights):
        assert f"unit {event.where['unit'] + 1} of fc" in event.sentence
        assert event.layer == "fc"
