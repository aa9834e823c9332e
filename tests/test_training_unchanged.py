"""Training gives the same bits with and without recording: nothing draws random numbers, nothing is left behind."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nnweightviz.history import History
from nnweightviz.keep import Best

torch.set_num_threads(1)


class Net(nn.Module):
    """Dropout and batch norm, and noise from all three generators that a model may draw from."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(16, 3)

    def forward(self, x: Any) -> Any:
        if self.training:
            x = x + 0.01 * random.random() + 0.01 * float(np.random.random())
        return self.head(self.body(x))


def train(seed: int, optimiser: str, history: History | None) -> dict[str, bytes]:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    x, y = torch.randn(120, 8), torch.randint(3, (120,))
    model = Net()
    optimizer = getattr(torch.optim, optimiser)(model.parameters(), lr=0.05)
    step = 0
    for _ in range(3):
        for batch, target in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(batch), target)
            loss.backward()
            optimizer.step()
            if history is not None:
                history.record(model, step=step, loss=loss.item())
                history.log(step=step, twice=2 * loss)
            step += 1
    left = {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
    left |= {f"grad.{name}": p.grad.numpy().tobytes() for name, p in model.named_parameters()}  # type: ignore[union-attr]
    return left | {
        "random": torch.rand(4).numpy().tobytes()
        + np.random.rand(4).tobytes()
        + repr(random.random()).encode()
    }


@pytest.mark.parametrize("where", ["memory", "disk", "policy"])
@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_gives_the_same_bits_with_and_without_recording(
    seed: int, optimiser: str, where: str, tmp_path: Path
) -> None:
    path = None if where == "memory" else tmp_path
    with History(path, keep=Best("loss", 3) if where == "policy" else None) as history:
        recorded = train(seed, optimiser, history)
    assert recorded == train(seed, optimiser, None)
    assert len(history.log_metrics["loss"][0]) == 24
    assert history[-1].state["head.weight"].tobytes() == recorded["head.weight"]
