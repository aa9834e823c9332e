"""A history that grows while it is displayed in JupyterLab: what the reader sees is what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Diagram
from browser.jupyter import Jupyter, ask, execute

SETUP = """
import time
import ipywidgets, numpy as np
import nnweightviz as nwv
def state(k):
    weight = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
    return {"fc.weight": weight * (1 + k / 1000), "fc.bias": np.full(4, k / 1000, "float32")}
history = nwv.History()
def record(k, **about):
    history.record(state(k), step=10 * k, loss=1 / (k + 1), **about)
record(0)
record(1)
viz = nwv.WeightViz(None, history)
slider = ipywidgets.IntSlider(max=10**9)
"""
LIMIT_MSGS_PER_S = 20


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = Jupyter("lab", tmp_path_factory.mktemp("live"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def strict_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A server that drops messages beyond twenty a second."""
    limit = f"--ZMQChannelsWebsocketConnection.iopub_msg_rate_limit={LIMIT_MSGS_PER_S}"
    server = Jupyter("lab", tmp_path_factory.mktemp("strict"), limit)
    yield server
    server.close()


def show(jupyter: Jupyter, page: Page) -> Diagram:
    page.set_viewport_size({"width": 1200, "height": 1000})
    jupyter.write("net.ipynb", SETUP, "viz")
    jupyter.open(page, "net.ipynb")
    jupyter.run_all(page)
    page.locator(".nnweightviz[data-links-drawn]").wait_for(timeout=60_000)
    return Diagram(page)


def expect_recorded(diagram: Diagram, checkpoint: int, k: int) -> None:
    """The picture, a weight and the loss of a checkpoint are those that record(k) gave."""
    diagram.wait_for("checkpoint", checkpoint)
    picture = diagram.root.locator(f".nwv-canvas[data-picture='{checkpoint}']")
    expect(picture).to_have_count(1, timeout=15_000)
    diagram.hover_link(("input", 2), ("fc", 3))
    expect(diagram.tooltip).to_contain_text("fc.weight[3, 2]")
    shown = diagram.tooltip.locator(".nwv-value").inner_text().replace("−", "-")
    assert float(shown.lstrip("≈ ")) == pytest.approx(1 + k / 1000, rel=2e-3)
    diagram.page.mouse.move(5, 5)
    loss = diagram.root.get_by_role("button", name="loss").inner_text().removeprefix("loss")
    assert float(loss.replace("−", "-")) == pytest.approx(1 / (k + 1), rel=1e-2)


def curve_of(diagram: Diagram) -> list[tuple[float, float]]:
    """The points of the drawn loss curve, as shares of its width and height."""
    path = diagram.slider.locator("svg svg path").first.get_attribute("d")
    assert path is not None
    numbers = [
        tuple(map(float, pair.split(","))) for pair in path.replace("h0", "").replace("L", "M").split("M")[1:]
    ]
    (x0, y0), (x1, y1) = numbers[0], numbers[-1]
    return [((x - x0) / (x1 - x0), (y - y0) / (y1 - y0)) for x, y in numbers]


def expect_curve(diagram: Diagram, n: int) -> None:
    """The curve is that of 1/(k + 1) over n checkpoints."""
    for x, y in curve_of(diagram):
        k = x * (n - 1)
        expected = (1 - 1 / (k + 1)) / (1 - 1 / n)
        assert y == pytest.approx(expected, abs=0.06), f"at checkpoint {k:.0f}"


def test_a_thousand_checkpoints_recorded_in_one_cell_are_seen_while_it_runs_and_right_afterwards(
    jupyter: Jupyter, page: Page
) -> None:
    diagram = show(jupyter, page)
    kernel = jupyter.kernel()
    kernel.execute("for k in range(2, 1002):\n    record(k); time.sleep(0.004)\ntime.sleep(4)")
    seen = set()
    for _ in range(12):
        page.wait_for_timeout(250)
        seen.add(int(diagram.data("n-checkpoints")))
    assert len(seen) > 4, f"during the cell the browser saw {sorted(seen)}"
    diagram.wait_for("n-checkpoints", 1002)
    expect_recorded(diagram, 1001, 1001)  # although the cell still runs
    kernel.get_shell_msg(timeout=30)
    expect_curve(diagram, 1002)
    assert ask(kernel, "viz.checkpoint") == 1001
    for k in (500, 0):
        execute(kernel, f"viz.checkpoint = {k}")
        expect_recorded(diagram, k, k)


def test_a_reader_who_went_elsewhere_is_left_there_while_the_kernel_is_busy(
    jupyter: Jupyter, page: Page
) -> None:
    diagram = show(jupyter, page)
    kernel = jupyter.kernel()
    execute(kernel, "for k in range(2, 30): record(k)")
    diagram.wait_for("checkpoint", 29)
    kernel.execute("for k in range(30, 60):\n    record(k); time.sleep(0.1)")
    page.wait_for_timeout(500)
    diagram.scrub_to(4)
    diagram.wait_for("n-checkpoints", 60)
    assert diagram.checkpoint == 4
    kernel.get_shell_msg(timeout=30)
    page.wait_for_timeout(500)
    assert diagram.checkpoint == ask(kernel, "viz.checkpoint") == 4


def test_what_the_server_dropped_is_noticed_and_fetched(strict_jupyter: Jupyter, page: Page) -> None:
    diagram = show(strict_jupyter, page)
    kernel = strict_jupyter.kernel()
    execute(
        kernel,
        "sent = []; send = viz.send\nviz.send = lambda m, b=None: (sent.append(m['type']), send(m, b))",
    )
    flood = "for k in range(2, 302):\n    record(k)\n    for _ in range(5): slider.value += 1\n    time.sleep(0.01)"
    kernel.execute(flood + "\ntime.sleep(1)")
    kernel.get_shell_msg(timeout=60)
    assert "rate exceeded" in (strict_jupyter.folder / "server.log").read_text()
    diagram.page.wait_for_function(
        "root => root.getAttribute('data-n-checkpoints') === '302'",
        arg=diagram.root.element_handle(),
        timeout=30_000,
    )
    expect_recorded(diagram, 301, 301)
    expect_curve(diagram, 302)
    execute(kernel, "viz.checkpoint = 150")
    expect_recorded(diagram, 150, 150)


def test_traits_that_were_set_while_the_server_dropped_messages_arrive(
    strict_jupyter: Jupyter, page: Page
) -> None:
    diagram = show(strict_jupyter, page)
    kernel = strict_jupyter.kernel()
    flood = "for _ in range(200): slider.value += 1; time.sleep(0.001)"
    log = strict_jupyter.folder / "server.log"
    n_before = log.read_text().count("rate exceeded")
    # What was lost last but one is told too, though a later message of another trait comes through.
    execute(
        kernel, f"{flood}\nviz.title = 'lost'; viz.options = {{'order': 'correlation'}}; viz.checkpoint = 0"
    )
    execute(kernel, "time.sleep(4); viz.speed = 9.0")
    assert log.read_text().count("rate exceeded") > n_before
    diagram.wait_for("checkpoint", 0)
    expect(diagram.root).to_contain_text("lost", timeout=15_000)
    expect(diagram.root.get_by_label("order", exact=True)).to_have_value("correlation")
    diagram.scrub_to(1)
    page.wait_for_timeout(5000)  # what the reader does afterwards stays
    assert diagram.checkpoint == ask(kernel, "viz.checkpoint") == 1


def test_going_back_to_an_earlier_step_shows_what_is_there_now(jupyter: Jupyter, page: Page) -> None:
    diagram = show(jupyter, page)
    kernel = jupyter.kernel()
    execute(kernel, "for k in range(2, 20): record(k)")
    diagram.wait_for("checkpoint", 19)
    diagram.scrub_to(5)
    select = "viz.selection = {'group': 'fc', 'unit': 3}"
    execute(kernel, f"viz.options = {{'scale': 'global'}}; {select}")
    expect(diagram.root.locator(".nwv-inspector")).to_be_visible()
    execute(kernel, "history.record(state(700), step=80, loss=1 / 701, overwrite=True)")
    diagram.wait_for("n-checkpoints", 9)
    assert diagram.checkpoint == 5
    expect(diagram.root.locator(".nwv-inspector")).to_be_visible()
    assert diagram.root.get_by_label("scale", exact=True).input_value() == "global"
    expect_recorded(diagram, 5, 5)
    execute(kernel, "viz.checkpoint = -1")
    expect_recorded(diagram, 8, 700)
    execute(kernel, "history.record(state(800), step=80, loss=1 / 801, overwrite=True)")
    page.wait_for_timeout(1500)
    expect_recorded(diagram, 8, 800)
    execute(kernel, "for k in range(9, 12): record(k)")
    diagram.wait_for("checkpoint", 11)
    expect_recorded(diagram, 11, 11)


def test_a_policy_that_drops_checkpoints_is_followed(jupyter: Jupyter, page: Page) -> None:
    diagram = show(jupyter, page)
    kernel = jupyter.kernel()
    execute(
        kernel,
        "from nnweightviz.keep import Best\nhistory._keep = Best('loss', 3)\n"
        "for k in range(2, 40): record(k); time.sleep(0.05)",
    )
    expect(diagram.root.locator("output").filter(has_text="390")).to_be_visible()
    page.wait_for_timeout(500)
    expect_recorded(diagram, 3, 39)
    assert ask(kernel, "[c.step for c in history]") == [0, 370, 380, 390]


def test_updates_come_at_most_four_times_a_second(jupyter: Jupyter, page: Page) -> None:
    diagram = show(jupyter, page)
    kernel = jupyter.kernel()
    execute(
        kernel,
        "sent = []; send = viz.send\nviz.send = lambda m, b=None: (sent.append((m['type'], time.time())), send(m, b))",
    )
    kernel.execute("for k in range(2, 400):\n    record(k); time.sleep(0.005)")
    kernel.get_shell_msg(timeout=30)
    diagram.wait_for("n-checkpoints", 400)
    sent = [at for kind, at in ask(kernel, "sent") if kind == "append"]
    assert len(sent) <= 4 * (sent[-1] - sent[0]) + 2
