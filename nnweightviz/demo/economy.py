"""The LSTM study: two LSTM layers and three dense ones forecast inflation from quarterly series.

Not a forecasting method: 202 quarters are few, and the test error says so.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from nnweightviz.demo.study import Study
from nnweightviz.history import History

SEED, N_EPOCHS, LEARNING_RATE, BATCH = 2, 60, 3e-3, 16
N_QUARTERS = 12  # what one forecast looks back on
TRAIN_SHARE = 0.75  # the earlier quarters; the later ones are the test
SERIES = ("GDP", "consumption", "investment", "money M1", "interest", "unemployment", "inflation")


class Forecaster(nn.Module):
    """LSTM 8, LSTM 8, Flatten, Dense 8 ReLU, Dense 4 ReLU, Dense 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm1 = nn.LSTM(len(SERIES), 8, batch_first=True)
        self.lstm2 = nn.LSTM(8, 8, batch_first=True)
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(N_QUARTERS * 8, 8)
        self.relu1 = nn.ReLU()
        self.dense2 = nn.Linear(8, 4)
        self.relu2 = nn.ReLU()
        self.out = nn.Linear(4, 1)

    def forward(self, windows: Tensor) -> Tensor:
        hidden, _ = self.lstm1(windows)  # (N, T, 8)
        hidden, _ = self.lstm2(hidden)
        hidden = self.relu1(self.dense1(self.flatten(hidden)))
        forecast: Tensor = self.out(self.relu2(self.dense2(hidden)))
        return forecast


def quarterly_series() -> NDArray[np.float32]:
    """Quarter-to-quarter movements of the United States' economy, 1959 to 2009, ``(202, 7)``.

    Growth in percent a year where a series grows, change in percentage points of interest and unemployment.
    """
    from statsmodels.datasets import macrodata

    table = macrodata.load_pandas().data
    grown = [400 * np.diff(np.log(table[name])) for name in ("realgdp", "realcons", "realinv", "m1")]
    changed = [np.diff(table[name]) for name in ("tbilrate", "unemp")]
    return np.stack([*grown, *changed, table["infl"].to_numpy()[1:]], axis=1).astype(np.float32)


def forecasting_task() -> tuple[Tensor, Tensor, int]:
    """Windows ``(N, 12, 7)``, the inflation that followed each ``(N, 1)``, how many are for training.

    All series are standardised by the mean and deviation of the training quarters only.
    """
    series = quarterly_series()
    n_windows = len(series) - N_QUARTERS
    n_train = int(TRAIN_SHARE * n_windows)
    seen = series[: n_train + N_QUARTERS]
    series = (series - seen.mean(0)) / seen.std(0)
    windows = np.stack([series[k : k + N_QUARTERS] for k in range(n_windows)])
    return torch.tensor(windows), torch.tensor(series[N_QUARTERS:, -1:]), n_train


def train_economy() -> Study:
    """Train with Adam for 60 epochs; 31 checkpoints with the MSE on training and test quarters."""
    torch.manual_seed(SEED)
    windows, targets, n_train = forecasting_task()
    model, history, loss = Forecaster(), History(), nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    step = 0
    for epoch in tqdm(range(N_EPOCHS + 1), desc="LSTM study", unit="epoch"):
        with torch.no_grad():
            squared = (model(windows) - targets) ** 2  # (N, 1)
        metrics = {"loss": squared[:n_train].mean().item(), "test_loss": squared[n_train:].mean().item()}
        if epoch % 2 == 0:
            history.record(model, epoch=epoch, step=step, **metrics)
        else:
            history.log(step=step, **metrics)
        for batch in torch.split(torch.randperm(n_train), BATCH) if epoch < N_EPOCHS else ():
            optimizer.zero_grad()
            loss(model(windows[batch]), targets[batch]).backward()
            optimizer.step()
            step += 1
    text = describe(history, targets[:n_train], targets[n_train:])
    return Study("LSTM study: next quarter's inflation", model, history, text, {"input_names": SERIES})


def describe(history: History, train_targets: Tensor, test_targets: Tensor) -> str:
    """What this run shows, with its own numbers."""
    loss, test_loss = history.metrics["loss"], history.metrics["test_loss"]
    best = int(test_loss.argmin())
    guess = ((test_targets - train_targets.mean()) ** 2).mean().item()
    kernels = np.concatenate([history[name] for name in ("lstm1.weight_ih_l0", "lstm1.weight_hh_l0")], axis=2)
    flipped = np.sign(kernels[-1]) != np.sign(kernels[0])
    early = np.sign(kernels[best]) != np.sign(kernels[0])
    strength = np.linalg.norm(history["lstm1.weight_ih_l0"][-1], axis=0)  # (series,)
    strongest, weakest = SERIES[int(strength.argmax())], SERIES[int(strength.argmin())]
    return (
        "Twelve quarters of seven series go in, the next quarter's inflation comes out. Drag along the "
        f"two error curves: both fall until epoch {history.epochs[best]:.0f}; from there the training "
        f"error goes on from {loss[best]:.2f} to {loss[-1]:.2f}, but the test error turns and rises from "
        f"{test_loss[best]:.2f} to {test_loss[-1]:.2f} (always guessing the mean: {guess:.2f}). The net "
        "begins to learn its training quarters by heart. Watch the links meanwhile: of the "
        f"{flipped.size} weights of the first LSTM layer, {early.sum()} have changed sign by the turn "
        f"and {flipped.sum()} by the end. Switch its gates one by one; over all four, {strongest} has "
        f"the strongest links into it at the end and {weakest} the weakest. The dashed units below a "
        "layer are its own outputs one quarter earlier."
    )
