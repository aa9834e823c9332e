"""What units put out and what happened: probes, events, and playing a deep LSTM net with pictures of its units."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import sync_playwright
from torch import nn

import nnweightviz as nwv
from benchmarks.browser import launch
from benchmarks.nets import HEIGHT, SPEED, WIDTH
from benchmarks.pages import opening_ms, timed
from benchmarks.playback import SURROUND, frame_rows, played
from benchmarks.playback import Goals as FrameGoals
from benchmarks.results import Row, Section
from nnweightviz.probe import outputs_of

N_ITEMS, N_STEPS, N_CHECKPOINTS = 400, 20, 20
N_LONG, LONG_SIZES = 1500, (784, 124, 10)
TEXT = f"""\
A probe of {N_ITEMS} sequences of {N_STEPS} time steps at {N_CHECKPOINTS} checkpoints of an LSTM net, and its page with
pictures of its units, strips and events; the events of {N_LONG:,} checkpoints of a 784-124-10 net that walks at random;
and L16-L16-L12-L12-L8-D8-D4 with pictures of its units, played in a loop at ten checkpoints a second."""


class Study(nn.Module):
    """LSTM layers, then dense ones with ReLU on the last time step, then one output."""

    def __init__(self, recurrent: Sequence[int], dense: Sequence[int], n_inputs: int = 4) -> None:
        super().__init__()
        sizes = [n_inputs, *recurrent]
        self.lstms = nn.ModuleList([nn.LSTM(a, b, batch_first=True) for a, b in pairwise(sizes)])
        self.dense = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise([recurrent[-1], *dense])])
        self.out = nn.Linear(dense[-1], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for lstm in self.lstms:
            x = lstm(x)[0]
        x = x[:, -1]
        for layer in self.dense:
            x = torch.relu(layer(x))
        result: torch.Tensor = self.out(x)
        return result


@cache
def study(recurrent: tuple[int, ...], dense: tuple[int, ...]) -> tuple[nn.Module, nwv.History, Any]:
    """A net that has learned to foresee waves, its checkpoints, and items to probe it with."""
    torch.manual_seed(0)
    t = torch.linspace(0, 60, N_ITEMS + N_STEPS)
    waves = torch.stack([torch.sin(t), torch.cos(1.3 * t), torch.sin(0.4 * t), torch.cos(2.1 * t)], 1)
    items = torch.stack([waves[i : i + N_STEPS] for i in range(N_ITEMS)])
    y = (waves[N_STEPS:, :1] + waves[N_STEPS:, 1:2]) / 2
    model, history = Study(recurrent, dense), nwv.History()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(N_CHECKPOINTS):
        loss = nn.functional.mse_loss(model(items), y)
        history.record(model, epoch=epoch, loss=loss.item())
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(items), y).backward()
            optimizer.step()
    return model, history, (items[:300], y[:300], items[300:], y[300:])


def long_history() -> tuple[nwv.Network, nwv.History]:
    """A dense net of 98 590 weights that walks at random."""
    torch.manual_seed(0)
    a, b, c = LONG_SIZES
    model, history = nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c)), nwv.History()
    with torch.no_grad():
        for k in range(N_LONG):
            history.record(model, step=k, loss=1 / (k + 1))
            for p in model.parameters():
                p += 0.003 * torch.randn_like(p)
    return nwv.as_network(model), history


def studies_section() -> Section:
    """The probe, the page, the events, and playing."""
    model, history, probe = study((8, 8), (8, 4))
    network = nwv.as_network(model, example_input=probe[0][:1])
    probing = [timed(lambda: outputs_of(model, history, network, probe)) / 1000 for _ in range(5)]
    long_network, long = long_history()
    finding = [timed(lambda: nwv.events(long, long_network)) / 1000 for _ in range(3)]
    rows = [
        Row("probe of the LSTM study", "s", probing, goal=3),
        Row(f"events of {N_LONG:,} checkpoints of 98 590 weights", "s", finding, goal=5),
    ]
    deep_model, deep_history, deep_probe = study((16, 16, 12, 12, 8), (8, 4))
    with tempfile.TemporaryDirectory() as temp, sync_playwright() as playwright:
        viz = nwv.WeightViz(model, history, probe=probe)
        viz.options = {"strips": True}
        page = viz.to_html(Path(temp) / "study.html")
        deep = nwv.WeightViz(deep_model, deep_history, probe=deep_probe)
        deep.options = {"height": HEIGHT}
        deep.checkpoint, deep.loop, deep.speed = 0, True, SPEED
        deep_page = deep.to_html(Path(temp) / "deep.html")
        browser = launch(playwright)
        pictures, _ = opening_ms(browser, page)
        rows += [
            Row("page of the LSTM study: size", "kB", [page.stat().st_size / 1000], goal=2000),
            Row("page of the LSTM study: first picture", "ms", pictures, goal=700),
        ]
        tab = browser.new_page(viewport={"width": WIDTH + SURROUND, "height": HEIGHT + 300})
        tab.goto(deep_page.as_uri())
        tab.locator(".nnweightviz[data-ready][data-links-drawn]").wait_for()
        tab.wait_for_timeout(1000)
        seen = played(browser, tab, Path(temp), has_later=True)
        rows += frame_rows("playing pictures, first round", seen.frames, goals=FrameGoals(p95=25))
        rows += frame_rows("playing pictures, later rounds", seen.later, goals=FrameGoals(p95=25))
        browser.close()
    return Section("Probes and events", TEXT, rows)
