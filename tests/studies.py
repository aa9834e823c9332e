"""Small histories that several tests look at: an LSTM with a head, dense layers, gaps, odd values. Not for changing."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

import nnweightviz as nwv


class Study(torch.nn.Module):
    """An LSTM of 4 inputs and 8 units, and a linear layer of 2."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = torch.nn.LSTM(4, 8, batch_first=True)
        self.fc = torch.nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.fc(self.rnn(x)[0][:, -1])
        return result


@cache
def recurrent_network() -> nwv.Network:
    return nwv.as_network(Study(), example_input=torch.zeros(1, 3, 4))


@cache
def recurrent_history(seed: int = 0, n: int = 7) -> nwv.History:
    torch.manual_seed(seed)
    model, history = Study(), nwv.History()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    for k in range(n):
        history.record(model, step=10 * k, epoch=k)
        optimiser.zero_grad()
        model(torch.randn(16, 3, 4)).square().mean().backward()
        optimiser.step()
    return history


@cache
def dense_history(n: int = 9, *, seed: int = 0) -> nwv.History:
    """Two dense layers, 5 -> 6 -> 3, whose steps are ever further apart."""
    rng, history = np.random.default_rng(seed), nwv.History()
    shapes = {"fc1.weight": (6, 5), "fc1.bias": (6,), "fc2.weight": (3, 6), "fc2.bias": (3,)}
    weights = {name: rng.normal(0, 0.3, shape) for name, shape in shapes.items()}
    for k in range(n):
        history.record({name: w.astype(np.float32) for name, w in weights.items()}, step=100 * k * k)
        weights = {name: 1.05 * w + rng.normal(0, 0.1, w.shape) for name, w in weights.items()}
    return history


@cache
def spoilt_history() -> nwv.History:
    """The dense one with NaN and infinities from checkpoint 5 on, and without fc2.weight at checkpoint 3."""
    history = nwv.History()
    for k, checkpoint in enumerate(dense_history()):
        state = {name: np.array(array) for name, array in checkpoint.state.items()}
        if k >= 5:
            state["fc1.weight"][0, :3] = np.nan, np.inf, -np.inf
        if k == 3:
            del state["fc2.weight"]
        history.record(state, step=checkpoint.step)
    return history
