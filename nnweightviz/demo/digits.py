"""A 64-16-10 net that reads handwritten digits of 8 x 8 pixels, the images that ship with scikit-learn.

Not tuned: a minute of training on a laptop would do better, a second shows how the weights move.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from tqdm import tqdm

from nnweightviz.demo.study import Study
from nnweightviz.history import History

SEED, N_EPOCHS, LEARNING_RATE, BATCH = 0, 30, 3e-3, 32


class Reader(nn.Module):
    """64 pixels, 16 hidden ReLU units, 10 digits."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 16)
        self.relu = nn.ReLU()
        self.digits = nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.digits(self.relu(self.hidden(images)))
        return scores


def reading_task() -> list[Tensor]:
    """Training images ``(N, 64)`` in 0 to 1, test images, training digits ``(N,)``, test digits."""
    images, digits = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, digits, test_size=0.25, random_state=SEED, stratify=digits)
    kinds = (torch.float32, torch.float32, torch.int64, torch.int64)
    return [torch.tensor(part, dtype=kind) for part, kind in zip(parts, kinds, strict=True)]


def train_digits() -> Study:
    """Train with Adam for 30 epochs; a checkpoint before the first, after each of ten, then after every other."""
    torch.manual_seed(SEED)
    images, test_images, digits, test_digits = reading_task()
    model, history, loss = Reader(), History(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    step = 0
    for epoch in tqdm(range(N_EPOCHS + 1), desc="64-16-10 digits", unit="epoch"):
        with torch.no_grad():
            scores = model(test_images)
            metrics = {
                "loss": loss(model(images), digits).item(),
                "test_loss": loss(scores, test_digits).item(),
            }
        accuracy = (scores.argmax(1) == test_digits).double().mean().item()
        if epoch <= 10 or epoch % 2 == 0:  # later ones differ little
            history.record(model, epoch=epoch, step=step, **metrics, accuracy=accuracy)
        for batch in torch.split(torch.randperm(len(images)), BATCH) if epoch < N_EPOCHS else ():
            optimizer.zero_grad()
            loss(model(images[batch]), digits[batch]).backward()
            optimizer.step()
            step += 1
    names = {"input_grid": (8, 8), "output_names": [str(digit) for digit in range(10)]}
    text = describe(history, images.numpy())
    return Study("64-16-10 on handwritten digits", model, history, text, names)


def describe(history: History, images: NDArray[np.float32]) -> str:
    """What this run shows, with its own numbers."""
    accuracy = history.metrics["accuracy"]
    hidden = history["hidden.weight"]  # (checkpoint, 16, 64)
    is_empty = ~images.any(axis=0)  # (64,)
    is_still = (hidden == hidden[0]).all(axis=(0, 1))
    norms = np.sqrt((np.delete(hidden, np.flatnonzero(is_empty), axis=2) ** 2).sum((1, 2)))
    target, source = np.unravel_index(abs(history["digits.weight"][-1]).argmax(), (10, 16))
    sign = "for" if history["digits.weight"][-1][target, source] > 0 else "against"
    blank = ", ".join(str(k + 1) for k in np.flatnonzero(is_empty & is_still))
    ninety = int((accuracy >= 0.9).argmax())
    return (
        "The 64 inputs are the pixels of an 8 x 8 image, row by row; the ten outputs are the digits. "
        f"The test accuracy starts at {accuracy[0]:.0%}, passes 90 % by epoch "
        f"{history.epochs[ninety]:.0f} and ends at {accuracy[-1]:.1%}. Each hidden unit is a "
        "portrait, the image of its 64 incoming weights: ink on a blue pixel excites it, ink on a red one "
        "holds it down. Click one to see it large at the input, or switch the portraits off to see lines. "
        f"Pixels {blank} are blank in every training image; no gradient reaches their weights, and they "
        "keep the values they began with, while all others together grow from a norm of "
        f"{norms[0]:.1f} to {norms[-1]:.1f}. The strongest link of the last layer, from hidden unit "
        f"{source + 1} to the digit {target}, speaks {sign} that digit."
    )
