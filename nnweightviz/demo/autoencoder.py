"""An 8-3-8 autoencoder that invents a binary code, trained by plain gradient descent.

Not for comparing optimisers or weight decays: one run, one seed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from nnweightviz.demo.study import Study
from nnweightviz.history import History

SEED, N_STEPS, LEARNING_RATE = 2, 6000, 0.5
RECORD_EVERY, LOG_EVERY = 150, 10
PLATEAU = 7 / 64  # mean squared error of answering 1/8 everywhere


class Autoencoder(nn.Module):
    """Eight inputs, three hidden units, eight outputs, all sigmoid; it starts from N(0, variance 0.01)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(8, 3)
        self.decoder = nn.Linear(3, 8)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.1)

    def forward(self, patterns: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(torch.sigmoid(self.encoder(patterns))))


def train_autoencoder() -> Study:
    """Train on the eight one-hot patterns, 41 checkpoints, the loss at every tenth step."""
    torch.manual_seed(SEED)
    model, history, patterns = Autoencoder(), History(), torch.eye(8)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    for step in tqdm(range(N_STEPS + 1), desc="8-3-8 autoencoder", unit="step"):
        answers = model(patterns)
        errors = (answers - patterns) ** 2  # (pattern, output)
        metrics = {"loss": errors.mean().item(), "accuracy": n_right(answers) / 8}
        if step % RECORD_EVERY == 0:
            history.record(model, step=step, **metrics)
        elif step % LOG_EVERY == 0:
            history.log(step=step, **metrics)
        optimizer.zero_grad()
        errors.sum(1).mean().backward()
        optimizer.step()
    return Study("8-3-8 autoencoder", model, history, describe(model, history))


def n_right(answers: Tensor) -> int:
    """How many of the eight patterns come out strongest where they went in."""
    return int((answers.argmax(1) == torch.arange(8)).sum())


def codes(model: Autoencoder) -> list[str]:
    """The hidden units' outputs for each pattern, rounded to 0 or 1: ``["010", ...]``."""
    with torch.no_grad():
        hidden = torch.sigmoid(model.encoder(torch.eye(8)))  # (pattern, 3)
    return ["".join(str(int(value > 0.5)) for value in row) for row in hidden]


def describe(model: Autoencoder, history: History) -> str:
    """What this run shows, with its own numbers."""
    steps, losses = history.log_metrics["loss"]
    _, accuracies = history.log_metrics["accuracy"]
    start = next(s for s, loss in zip(steps, losses, strict=True) if loss <= 1.02 * PLATEAU)
    leave = next(s for s, loss in zip(steps, losses, strict=True) if loss < 0.98 * PLATEAU)
    solved = next(s for s, share in zip(steps, accuracies, strict=True) if share == 1)
    code = codes(model)
    links = model.encoder.weight.detach().T  # (pattern, 3)
    bound = np.abs(history["encoder.bias"]).max()
    n_telling = sum((links[k, h] > 0) == (code[k][h] == "1") for k in range(8) for h in range(3))
    return (
        "Eight patterns, each a single 1, must pass through three hidden units and come out again. "
        f"Press play. Within {start:.0f} steps the output biases have turned negative and every output "
        f"answers about 1/8: the error stands on a plateau near 7/64 = {PLATEAU:.3f} until step {leave:.0f}. "
        'The links are faint till then, beside what they will be (scale "per checkpoint" shows them); only the '
        f"hidden units' biases, never far above {bound:.2f}, are blue already. Then the links from the inputs "
        f"grow, some blue and some red, and from step {solved:.0f} on all eight patterns are right. Read the "
        f"end as a code: the hidden units' outputs, rounded to 0 or 1, write pattern 1 as {code[0]}, pattern 2 "
        f"as {code[1]}, pattern 3 as {code[2]}; {len(set(code))} of 8 codes are different. You can see the digits: "
        f"click an input, and its three links are blue for 1 and red for 0 ({n_telling} of the 24 links tell)."
    )
