"""The histories that are played: 3 000 links, a trained net of 98 456, a million. Seeded, made anew in each run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np

import nnweightviz as nwv

N_CHECKPOINTS = 30
WIDTH, HEIGHT = 900, 600
SPEED = 10.0  # checkpoints a second
State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Net:
    """A chain of fully connected layers and thirty checkpoints of it.

    ``sizes`` are the units of each column, ``states`` hold one weight matrix (target, source) a layer, in order,
    float32, and may hold biases, which only our diagram shows.
    """

    title: str
    sizes: tuple[int, ...]
    states: list[State]
    model: Any = None
    grid: tuple[int, int] | None = None

    @cached_property
    def n_links(self) -> int:
        return sum(a * b for a, b in pairwise(self.sizes))

    def matrices(self, k: int) -> list[np.ndarray]:
        """Weight matrices of checkpoint k, from the first layer to the last."""
        return [array for array in self.states[k].values() if array.ndim == 2]

    def history(self) -> nwv.History:
        history = nwv.History()
        for k, state in enumerate(self.states):
            history.record(state, epoch=k, loss=1 / (k + 1))
        return history

    def widget(self) -> nwv.WeightViz:
        """Our widget as it opens: at the last checkpoint, with the looks that it chooses."""
        names = {"input_grid": self.grid} if self.grid else {}
        return nwv.WeightViz(self.model, self.history(), **names)

    def player(self) -> nwv.WeightViz:
        """Our widget with all links as lines, ready to be played in a loop from the first checkpoint."""
        viz = self.widget()
        viz.options = as_lines(viz)
        viz.checkpoint, viz.loop, viz.speed = 0, True, SPEED
        return viz


def as_lines(viz: nwv.WeightViz) -> dict[str, Any]:
    """Options with which every link is drawn as a line, however large its layer: the one place that asks for it."""
    layers = [layer.name for layer in viz.network.layers]
    return {"height": HEIGHT, "portraits": False, "expanded": layers, "fold_above": 10_000}


@cache
def small_net() -> Net:
    """A 50-30-50 net that drifts from small to heavy-tailed weights: 3 000 links."""
    rng = np.random.default_rng(0)
    shapes = {"hidden.weight": (30, 50), "out.weight": (50, 30)}
    first = {name: rng.normal(0, 0.1, shape) for name, shape in shapes.items()}
    last = {name: rng.standard_t(4, shape) * 0.3 for name, shape in shapes.items()}
    states = [
        {name: ((1 - s) * first[name] + s * last[name]).astype(np.float32) for name in shapes}
        for s in np.linspace(0, 1, N_CHECKPOINTS)
    ]
    return Net("3 000 links", (50, 30, 50), states)


@cache
def trained_net() -> Net:
    """A 784-124-10 net that learns handwritten digits, scikit-learn's 8 x 8 ones enlarged to 28 x 28."""
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    pixels, labels = load_digits(return_X_y=True)
    small = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    images = nn.functional.interpolate(small, size=(28, 28), mode="bilinear").flatten(1)  # (N, 784)
    digits = torch.tensor(labels, dtype=torch.int64)
    model = nn.Sequential(nn.Linear(784, 124), nn.ReLU(), nn.Linear(124, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    states = []
    for _ in range(N_CHECKPOINTS):
        states.append({name: value.numpy().copy() for name, value in model.state_dict().items()})
        for batch in torch.split(torch.randperm(len(images)), 64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), digits[batch]).backward()
            optimizer.step()
    return Net("98 456 links of a trained net", (784, 124, 10), states, model, (28, 28))


@cache
def million_net() -> Net:
    """A 1000-1000 net whose weights walk at random from small ones: a million links."""
    rng = np.random.default_rng(0)
    weights = rng.normal(0, 0.03, (1000, 1000)).astype(np.float32)
    states = []
    for _ in range(N_CHECKPOINTS):
        states.append({"wide.weight": weights.copy()})
        weights += rng.normal(0, 0.01, weights.shape).astype(np.float32)
    return Net("1 000 000 links", (1000, 1000), states)


NETS: dict[str, Callable[[], Net]] = {"3000": small_net, "98456": trained_net, "1000000": million_net}
"""What a selection by name, such as ``playback-98456``, plays."""
