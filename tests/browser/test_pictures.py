"""Units as pictures of what they put out: they follow the playhead, are enlarged, and an item is marked in all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, expect
from torch import nn

import nnweightviz as nwv
from browser.conftest import Diagram, until

N_TRAIN, N_TEST, N_STEPS = 40, 20, 6
# The colours of a box of the pictures' canvas: how many pixels are not transparent, and their mean colour.
PIXELS = """(canvas, [x, y, width, height]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const at = [x, y, width, height].map((length) => Math.round(length * ratio));
  const { data } = canvas.getContext("2d").getImageData(...at);
  const sums = [0, 0, 0, 0];
  data.forEach((value, i) => (sums[i % 4] += value));
  return sums.map((sum) => sum / (data.length / 4));
}"""
CONTENT = "(canvas) => canvas.toDataURL()"


class Recurrent(nn.Module):
    """LSTM 3, Linear 4 with ReLU, Linear 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 3, batch_first=True)
        self.dense, self.relu, self.out = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self.relu(self.dense(self.lstm(x)[0][:, -1])))
        return found


def study(n: int = 5) -> tuple[nn.Module, nwv.History, tuple[torch.Tensor, ...]]:
    """A net whose second dense unit dies at the third checkpoint, and whose first one puts out what is told it."""
    torch.manual_seed(4)
    model, history = Recurrent(), nwv.History()
    for k in range(n):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
            model.dense.weight[0] = 0
            model.dense.bias[0] = k
            if k >= 2:
                model.dense.weight[1] = 0
                model.dense.bias[1] = -1
        history.record(model, epoch=k, step=10 * k, loss=1 / (k + 1))
    x = torch.randn(N_TRAIN + N_TEST, N_STEPS, 2)
    y = x.sum((1, 2))
    return model, history, (x[:N_TRAIN], y[:N_TRAIN], x[N_TRAIN:], y[N_TRAIN:])


def widget(**options: Any) -> nwv.WeightViz:
    model, history, probe = study()
    viz = nwv.WeightViz(model, history, probe=probe)
    viz.options = options
    return viz


@pytest.fixture
def shown(show: Callable[..., Diagram]) -> Diagram:
    diagram = show(widget())
    diagram.root.locator(".nwv-pictures").wait_for(state="attached")
    return diagram


def canvas(diagram: Diagram) -> Locator:
    return diagram.root.locator(".nwv-pictures")


def box(diagram: Diagram, group: str, unit: int) -> tuple[float, float, float, float]:
    """Where a unit's frame is on the stage."""
    frame = diagram.root.locator(f"[data-group='{group}'][data-unit='{unit}']").bounding_box()
    stage = diagram.root.locator(".nwv-stage").bounding_box()
    assert frame is not None
    assert stage is not None
    return frame["x"] - stage["x"], frame["y"] - stage["y"], frame["width"], frame["height"]


def colour(diagram: Diagram, group: str, unit: int) -> list[float]:
    x, y, width, height = box(diagram, group, unit)
    inside = [x + width * 0.25, y + 3, width * 0.6, height - 6]
    return list(canvas(diagram).evaluate(PIXELS, inside))


def content(diagram: Diagram) -> str:
    return str(canvas(diagram).evaluate(CONTENT))


def click(diagram: Diagram, group: str, unit: int) -> None:
    diagram.page.mouse.click(*diagram.unit(group, unit))
    diagram.page.mouse.move(1, 1)  # no item is pointed at


def test_units_with_room_are_pictures_and_inputs_are_not(shown: Diagram) -> None:
    for group, unit in (("lstm.l0", 0), ("lstm.l0", 2), ("dense", 0), ("dense", 3), ("out", 0)):
        assert colour(shown, group, unit)[3] == 255, f"{group} {unit} is no picture"
        assert box(shown, group, unit)[3] > 24
    x, y, width, height = box(shown, "input", 0)
    assert canvas(shown).evaluate(PIXELS, [x, y, width, height])[3] == 0


def test_pictures_follow_the_playhead(shown: Diagram) -> None:
    at_each: list[str] = []
    for k in range(5):
        shown.scrub_to(k)
        until(lambda: content(shown) not in at_each)  # a frame later
        at_each.append(content(shown))
    shown.scrub_to(1)
    until(lambda: bool(content(shown) == at_each[1]))


def test_pictures_change_while_playing(shown: Diagram, errors: list[str]) -> None:
    shown.scrub_to(0)
    before = content(shown)
    shown.button("Play").click()
    shown.wait_for("checkpoint", 4)
    until(lambda: bool(content(shown) != before))
    assert errors == []


def test_a_heat_map_is_blue_where_a_unit_puts_out_more_than_0_and_red_below(
    show: Callable[..., Diagram],
) -> None:
    model, history, (x, *_) = study(1)
    viz = nwv.WeightViz(model, history, probe=x)
    assert viz.outputs is not None
    means = viz.outputs.groups["lstm.l0"].values[0].mean((0, 1))
    diagram = show(viz)
    canvas(diagram).wait_for(state="attached")
    for unit, mean in enumerate(means):
        red, _, blue, _ = colour(diagram, "lstm.l0", unit)
        if abs(mean) > 0.05:
            assert (blue > red) == (mean > 0), f"unit {unit} puts out {mean} on average"


def test_a_dead_unit_is_counted_and_named(shown: Diagram) -> None:
    caption = shown.root.locator(".nwv-caption")
    shown.scrub_to(1)
    expect(caption).to_contain_text(f"{viz_dead(1)} of 8 units dead")
    shown.scrub_to(2)
    expect(caption).to_contain_text(f"{viz_dead(2)} of 8 units dead")
    click(shown, "dense", 1)
    expect(shown.root.locator(".nwv-inspector")).to_contain_text("dead: it puts out 0 for every item")


def viz_dead(k: int) -> int:
    outputs = widget().outputs
    assert outputs is not None
    return sum(int(group.is_dead[k].sum()) for group in outputs.groups.values())


def test_the_error_of_the_prediction_stands_below_it(shown: Diagram) -> None:
    outputs = widget().outputs
    assert outputs is not None
    for k in (0, 4):
        shown.scrub_to(k)
        score = shown.root.locator(".nwv-score")
        expect(score).to_contain_text("MSE")
        numbers = [float(text) for text in re.findall(r"(?:train|test) ([\d.]+)", score.inner_text())]
        expected = [outputs.loss[split][k] for split in ("train", "test")]
        assert numbers == pytest.approx(expected, rel=1e-3)


def test_what_is_said_of_a_unit_is_of_the_playhead(show: Callable[..., Diagram]) -> None:
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Linear(1, 1))
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    states = [
        {**state, "0.weight": np.array([[w]], np.float32), "0.bias": np.zeros(1, np.float32)}
        for w in (0.1, 9)
    ]
    viz = nwv.WeightViz(net, states, probe=(torch.linspace(-1, 1, 40)[:, None], torch.zeros(40)))
    viz.checkpoint = 1
    diagram = show(viz)
    diagram.root.locator(".nwv-pictures").wait_for(state="attached")
    click(diagram, "0", 0)
    panel = diagram.root.get_by_label("Selection")
    share = round(100 * float(viz.outputs.groups["0"].saturated[1, 0]))
    expect(panel).to_contain_text(f"saturated (|output| > 0.99) in {share} % of its outputs")
    diagram.scrub_to(0)
    expect(panel).not_to_contain_text("saturated")
    diagram.scrub_to(1)
    expect(panel).to_contain_text(f"in {share} % of its outputs")


def test_the_error_does_not_cover_the_pictures_of_a_full_column(show: Callable[..., Diagram]) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 12))
    x, y = torch.randn(48, 4), torch.arange(48) % 12
    diagram = show(nwv.WeightViz(net, [net.state_dict()], probe=(x[:36], y[:36], x[36:], y[36:])))
    score = diagram.root.locator(".nwv-score")
    expect(score).to_contain_text("accuracy")
    told, stage = score.bounding_box(), diagram.root.locator(".nwv-stage").bounding_box()
    assert told is not None
    assert stage is not None
    _, top, _, height = box(diagram, "2", 11)
    assert top + height <= told["y"] - stage["y"]
    assert told["y"] + told["height"] <= stage["y"] + stage["height"]


def test_clicking_a_picture_enlarges_it_and_a_dot_tells_its_item(shown: Diagram) -> None:
    click(shown, "out", 0)
    large = shown.root.locator(".nwv-enlarged canvas")
    expect(large).to_be_visible()
    expect(shown.root.locator(".nwv-enlarged")).to_contain_text("prediction")
    expect(large).to_have_attribute("aria-label", re.compile(r"out.*: prediction \(.*\) over target \("))
    before = content(shown)
    large.focus()
    shown.page.keyboard.press("ArrowDown")
    spot = shown.root.locator(".nwv-enlarged-spot")
    expect(spot).to_contain_text(re.compile(r"(training|test) item \d+: target "))
    until(lambda: bool(content(shown) != before))
    _, _, (_, y, _, y_test) = study()
    lowest = float(min(y.min(), y_test.min()))
    told = re.findall(r"target (−?[\d.]+)", spot.inner_text())[0].replace("−", "-")
    assert float(told) == pytest.approx(lowest, rel=1e-3)
    shown.page.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_pointing_at_a_row_of_a_heat_map_marks_its_item_everywhere(shown: Diagram) -> None:
    click(shown, "lstm.l0", 1)
    large = shown.root.locator(".nwv-enlarged canvas")
    spot = shown.root.locator(".nwv-enlarged-spot")
    before = content(shown)
    place = large.bounding_box()
    assert place is not None
    shown.page.mouse.move(place["x"] + place["width"] - 3, place["y"] + place["height"] - 2)
    expect(spot).to_contain_text(f"at time step {N_STEPS}")
    _, _, (_, y, _, y_test) = study()
    told = float(re.findall(r"target (−?[\d.]+)", spot.inner_text())[0].replace("−", "-"))
    assert told == pytest.approx(float(max(y.max(), y_test.max())), rel=1e-3)
    until(lambda: bool(content(shown) != before))
    shown.page.mouse.move(1, 1)
    expect(spot).to_contain_text("Point at a row")
    until(lambda: bool(content(shown) == before))


def test_the_enlarged_picture_follows_the_playhead(shown: Diagram) -> None:
    click(shown, "dense", 0)
    large = shown.root.locator(".nwv-enlarged canvas")
    shown.scrub_to(4)
    last = large.evaluate(CONTENT)
    shown.scrub_to(1)
    until(lambda: bool(large.evaluate(CONTENT) != last))


def test_pictures_can_be_switched_off_and_need_a_probe(show: Callable[..., Diagram]) -> None:
    diagram = show(widget(pictures="off"))
    assert canvas(diagram).count() == 0
    assert "pictures:" not in diagram.root.locator(".nwv-caption").inner_text()
    assert box(diagram, "dense", 0)[3] < 20


def test_normalised_pictures_say_so(show: Callable[..., Diagram]) -> None:
    diagram = show(widget(pictures="normalised"))
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("each on its own range")


def test_a_checkpoint_without_outputs_says_so(show: Callable[..., Diagram]) -> None:
    model, history, probe = study()
    viz = nwv.WeightViz(model, history, probe=probe)
    history.record(model, epoch=5, step=50, loss=0.1)
    diagram = show(viz)
    canvas(diagram).wait_for(state="attached")
    diagram.scrub_to(5)
    expect(diagram.root.locator(".nwv-caption")).to_contain_text(
        "no outputs at this checkpoint: the probe was run at 1 to 5"
    )
    assert colour(diagram, "dense", 0)[3] == 0


def test_a_reason_why_there_are_no_outputs_is_told(show: Callable[..., Diagram]) -> None:
    model, history, (x, y, *_) = study()
    with pytest.warns(UserWarning, match="no outputs"):
        viz = nwv.WeightViz(model, history, probe=(x[:, :, :1], y))
    diagram = show(viz)
    expect(diagram.root.locator(".nwv-caption")).to_contain_text("no outputs: ")
    assert canvas(diagram).count() == 0


def test_sixteen_recurrent_units_have_room(show: Callable[..., Diagram]) -> None:
    torch.manual_seed(0)

    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.out = nn.LSTM(4, 16, batch_first=True), nn.Linear(16, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.out(self.lstm(x)[0][:, -1])
            return found

    model, history = Wide(), nwv.History()
    history.record(model)
    diagram = show(nwv.WeightViz(model, history, probe=(torch.randn(30, 5, 4), torch.randn(30))))
    canvas(diagram).wait_for(state="attached")
    for unit in (0, 15):
        assert colour(diagram, "lstm.l0", unit)[3] == 255
    tops = [box(diagram, "lstm.l0", unit)[1] for unit in range(16)]
    assert np.diff(tops).min() > 24


def test_pictures_of_classes_are_over_the_true_class_with_the_accuracy(show: Callable[..., Diagram]) -> None:
    torch.manual_seed(0)
    model, history = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)), nwv.History()
    history.record(model)
    x, y = torch.randn(60, 3), torch.randint(3, (60,))
    viz = nwv.WeightViz(model, history, probe=(x, y), output_names=["ant", "bee", "<b>cat"])
    diagram = show(viz)
    expect(diagram.root.locator(".nwv-score")).to_contain_text("accuracy")
    click(diagram, "2", 2)
    expect(diagram.root.locator(".nwv-enlarged")).to_contain_text("true class")
    expect(diagram.root.locator(".nwv-enlarged")).to_contain_text("<b>cat")
    expect(diagram.root.locator(".nwv-enlarged")).to_contain_text("probability")
