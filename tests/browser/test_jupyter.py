"""The widget in JupyterLab and Notebook 7, with a real kernel: both sides see what the other does."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Diagram, until
from browser.jupyter import Jupyter, ask, execute

SETUP = """
import numpy as np, torch, ipywidgets
import nnweightviz as nwv
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
history = nwv.History()
rng = np.random.default_rng(0)
def record(k):
    state = {n: rng.normal(size=tuple(p.shape)).astype("float32") for n, p in net.state_dict().items()}
    history.record(state, epoch=k, loss=1 / (k + 1))
for k in range(6):
    record(k)
viz = nwv.WeightViz(net, history)
viz.checkpoint = 0
slider = ipywidgets.IntSlider(max=20)
link = ipywidgets.jslink((viz, "checkpoint"), (slider, "value"))
"""


@pytest.fixture(scope="module", params=["lab", "notebook"])
def jupyter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = Jupyter(request.param, tmp_path_factory.mktemp(request.param))
    yield server
    server.close()


def run_notebook(
    jupyter: Jupyter, page: Page, *cells: str, name: str = "net.ipynb", height: int = 1000
) -> None:
    """Write a notebook, open it in a window so high, and run all of it."""
    page.set_viewport_size({"width": 1200, "height": height})
    jupyter.write(name, *cells)
    jupyter.open(page, name)
    jupyter.run_all(page)


@pytest.fixture
def diagram(jupyter: Jupyter, page: Page) -> Diagram:
    run_notebook(jupyter, page, SETUP, "viz", "slider")
    page.locator(".nnweightviz[data-links-drawn]").wait_for(timeout=60_000)
    return Diagram(page)


def test_python_and_browser_see_each_other_scrub(jupyter: Jupyter, diagram: Diagram, page: Page) -> None:
    kernel = jupyter.kernel()
    execute(kernel, "seen = []; viz.observe(lambda change: seen.append(change['new']), 'checkpoint')")
    diagram.scrub_to(4)
    until(lambda: ask(kernel, "viz.checkpoint") == 4)
    assert 4 in ask(kernel, "seen")
    expect(page.locator(".widget-readout")).to_have_text("4")
    execute(kernel, "viz.checkpoint = 2")
    diagram.wait_for("checkpoint", 2)
    execute(kernel, "viz.loop = False; viz.speed = 30; viz.checkpoint = 0; viz.playing = True")
    diagram.wait_for("checkpoint", 5)
    until(lambda: ask(kernel, "[viz.playing, viz.checkpoint]") == [False, 5])


def test_a_displayed_widget_grows_while_a_cell_trains(jupyter: Jupyter, diagram: Diagram) -> None:
    kernel = jupyter.kernel()
    assert diagram.data("n-checkpoints") == "6"
    kernel.execute("import time\nfor k in range(6, 14):\n    record(k); time.sleep(0.15)\ntime.sleep(3)")
    diagram.wait_for("n-checkpoints", 14)  # arrives although the cell still runs
    drawn = diagram.n_drawn
    assert drawn == 3 * 4 + 4 + 4 * 2 + 2
    kernel.get_shell_msg(timeout=20)


def test_playing_sends_no_payload_in_either_direction(jupyter: Jupyter, page: Page) -> None:
    sizes: list[int] = []
    watch = lambda frame: sizes.append(len(frame))  # noqa: E731 - both events want the same callable
    page.on("websocket", lambda socket: (socket.on("framesent", watch), socket.on("framereceived", watch)))
    run_notebook(jupyter, page, SETUP, "viz")
    diagram = Diagram(page)
    page.wait_for_timeout(1000)
    sizes.clear()
    diagram.button("Loop").click()
    diagram.button("Play").click()
    page.wait_for_timeout(4000)
    assert diagram.data("playing") == "true"
    # At most four messages of state a second go out, each with its replies; weights would weigh far more.
    assert max(sizes) < 2000
    assert sum(sizes) < 4 * 4 * 4 * 2000


LARGE = """
import numpy as np
import nnweightviz as nwv
rng = np.random.default_rng(0)
states = [{"fc.weight": rng.normal(size=(100, 100)).astype("float32")} for _ in range(480)]
viz = nwv.WeightViz(None, states, precision="float32")
"""


def test_large_histories_are_fetched_in_windows_as_they_are_needed(jupyter: Jupyter, page: Page) -> None:
    run_notebook(jupyter, page, LARGE, "viz")
    diagram = Diagram(page)
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text("401 of 480 checkpoints fetched so far")
    execute(jupyter.kernel(), "viz.checkpoint = 470")
    diagram.wait_for("checkpoint", 470)
    expect(caption).not_to_contain_text("fetched so far")
    weight = ask(jupyter.kernel(), "float(states[470]['fc.weight'][7, 3])")
    execute(jupyter.kernel(), "viz.selection = {'bundle': 'fc.weight', 'target': 7, 'source': 3}")
    shown = diagram.root.locator(".nwv-inspector .nwv-value")
    expect(shown).to_be_visible()
    expect(shown).not_to_contain_text("≈")  # until the exact history has come
    expect(shown).not_to_contain_text("kernel")
    assert float(shown.inner_text().replace("−", "-")) == pytest.approx(weight, rel=1e-3)


SMALL_STEPS = """
import numpy as np
import nnweightviz as nwv
rng = np.random.default_rng(0)
w = rng.normal(size=(40, 30))
states = [{"fc.weight": w + 1e-4 * k * np.sign(w)} for k in range(12)]
viz = nwv.WeightViz(None, states, precision="int8")
"""


def test_updates_far_below_the_rounding_of_weights_are_seen(jupyter: Jupyter, page: Page) -> None:
    run_notebook(jupyter, page, SMALL_STEPS, "viz")
    diagram = Diagram(page)
    caption = diagram.root.locator(".nwv-caption")
    expect(caption).to_contain_text("int8")
    kernel = jupyter.kernel()
    for options in ({"quantity": "update"}, {"quantity": "difference", "reference": 10}):
        execute(kernel, f"viz.options = {options}")
        expect(caption).to_contain_text("changes of the exact weights")
        expect(caption).not_to_contain_text("fetched so far")
        scales = diagram.root.locator(".nwv-legend")
        expect(scales).to_contain_text("0.0001" if options["quantity"] == "update" else "0.001")


WIDE = """
import numpy as np
import nnweightviz as nwv
from nnweightviz import payload
payload.STATE_BYTES = 1000
rng = np.random.default_rng(0)
states = [{"fc.weight": rng.normal(size=(40, 30)).astype("float32")} for _ in range(3)]
viz = nwv.WeightViz(None, states)
"""


def test_weights_too_large_for_the_state_are_fetched_as_they_are_drawn(jupyter: Jupyter, page: Page) -> None:
    run_notebook(jupyter, page, WIDE, "viz")
    diagram = Diagram(page)
    expect(diagram.root).to_have_attribute("data-links-drawn", "1200", timeout=30_000)
    kernel = jupyter.kernel()
    assert ask(kernel, "viz._payload.entries") == []
    execute(kernel, "viz.checkpoint = 0")
    diagram.wait_for("checkpoint", 0)
    expect(diagram.root).to_have_attribute("data-links-drawn", "1200")


def test_two_displays_share_one_playhead(jupyter: Jupyter, page: Page) -> None:
    # JupyterLab does not render what is out of sight.
    run_notebook(jupyter, page, SETUP, "viz", "viz", name="two.ipynb", height=2400)
    expect(page.locator(".nnweightviz[data-links-drawn]")).to_have_count(2, timeout=60_000)
    first, second = Diagram(page, 0), Diagram(page, 1)
    first.scrub_to(3)
    second.wait_for("checkpoint", 3)


def test_reloading_the_page_brings_everything_back(jupyter: Jupyter, page: Page) -> None:
    # In a kernel of its own: the widgets of all tests before, some 20 MB, would be sent again, too.
    run_notebook(jupyter, page, SETUP, "viz", "slider", name="reloaded.ipynb")
    diagram, kernel = Diagram(page), jupyter.kernel("reloaded.ipynb")
    execute(kernel, "record(6); record(7)")
    diagram.wait_for("n-checkpoints", 8)
    diagram.scrub_to(3)
    until(lambda: ask(kernel, "viz.checkpoint") == 3)
    jupyter.reload(page, "reloaded.ipynb")
    again = Diagram(page)
    again.wait_for("n-checkpoints", 8)
    again.wait_for("checkpoint", 3)


def test_playing_scrubbing_and_hovering_go_on_without_a_kernel(jupyter: Jupyter, diagram: Diagram) -> None:
    jupyter.kill_kernel()
    diagram.scrub_to(2)
    diagram.hover_link(("input", 1), ("0", 3))
    expect(diagram.tooltip).to_contain_text("0.weight[3, 1]")
    diagram.button("Play").click()
    diagram.wait_for("checkpoint", 5)


def test_the_diagram_follows_the_theme_of_its_host(diagram: Diagram, page: Page) -> None:
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    page.evaluate(change, "JupyterLab Dark")
    diagram.wait_for("theme", "dark")
    page.evaluate(change, "JupyterLab Light")
    diagram.wait_for("theme", "light")


def test_an_output_that_was_scrolled_away_is_not_blank(jupyter: Jupyter, page: Page) -> None:
    jupyter.write("long.ipynb", SETUP, "viz", *["print('line\\n' * 40)"] * 12)
    jupyter.open(page, "long.ipynb")
    jupyter.run_all(page)
    Diagram(page)
    for _ in range(3):
        page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(13)")
        page.wait_for_timeout(300)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(1)")
        page.wait_for_timeout(300)
    ink = page.evaluate(
        """() => {
          const canvas = document.querySelector('.nwv-canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((value, p) => p % 4 === 3 && value > 60).length;
        }"""
    )
    assert ink > 500


def test_the_quickstart_notebook_runs_and_shows_its_widgets(jupyter: Jupyter, page: Page) -> None:
    shutil.copy(
        Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb", jupyter.folder / "quickstart.ipynb"
    )
    jupyter.open(page, "quickstart.ipynb")
    jupyter.run_all(page)
    page.locator(".nnweightviz[data-links-drawn]").first.wait_for(timeout=120_000)
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count() == 0


def test_the_kernel_orders_the_units_when_either_side_asks(jupyter: Jupyter, diagram: Diagram) -> None:
    kernel = jupyter.kernel()
    caption = diagram.root.locator(".nwv-caption")
    diagram.root.get_by_label("order", exact=True).select_option("correlation")
    expect(caption).to_contain_text("units ordered by correlation of incoming weights at checkpoint 6")
    units = ask(kernel, "viz._payload.orders['correlation']['groups']['0']")
    diagram.page.wait_for_timeout(600)  # they move there
    assert sorted(range(4), key=lambda unit: diagram.unit("0", unit)[1]) == units
    kernel.execute("viz.options |= {'order': 'crossings'}\nimport time; time.sleep(3)")
    expect(caption).to_contain_text(
        "units ordered so that strong links cross less, at checkpoint 6", timeout=2500
    )


def test_history_strips_come_when_they_are_asked_for_and_grow(jupyter: Jupyter, diagram: Diagram) -> None:
    diagram.button("strips").click()
    tracks = diagram.root.locator(".nwv-strip-track")
    expect(tracks).to_have_count(2)
    kernel = jupyter.kernel()
    until(lambda: ask(kernel, "viz.options['strips']") is True)
    diagram.scrub_to(5)

    def is_at(share: float) -> bool:
        track, line = tracks.first.bounding_box(), tracks.first.locator("div").bounding_box()
        return bool(track and line and abs((line["x"] - track["x"]) / track["width"] - share) < 0.02)

    until(lambda: is_at(5.5 / 6))
    execute(kernel, "for k in range(6, 9): record(k)")
    diagram.wait_for("checkpoint", 8)
    until(lambda: is_at(8.5 / 9))
    drawn = "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert diagram.root.locator(".nwv-strips > canvas").evaluate(drawn)


def test_the_widget_is_shown_and_its_picture_stays_in_the_file(jupyter: Jupyter, page: Page) -> None:
    run_notebook(jupyter, page, SETUP, "viz", name="kept.ipynb")
    Diagram(page)
    assert page.locator(".jp-OutputArea-output img").count() == 0
    sizes, path = [], jupyter.folder / "kept.ipynb"
    for _ in range(2):
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        until(lambda: "image/png" in path.read_text())
        (kept,) = [o for cell in nbformat.read(path, 4).cells for o in cell.outputs if "data" in o]
        assert {"image/png", "text/plain", "application/vnd.jupyter.widget-view+json"} == set(kept.data)
        assert kept.metadata["image/png"]["alt"].startswith("Weights of Sequential, 26 parameters")
        sizes.append(len(kept.data["image/png"]))
        jupyter.run_all(page)
        Diagram(page)
    assert sizes[0] == sizes[1]


def test_the_views_beside_the_graph_fetch_what_they_show_and_tell_numpys_numbers(
    jupyter: Jupyter, page: Page
) -> None:
    run_notebook(jupyter, page, LARGE, "viz", name="views.ipynb")
    diagram, kernel = Diagram(page), jupyter.kernel("views.ipynb")
    execute(
        kernel,
        "viz.view, viz.checkpoint = 'matrix', 470; viz.selection = {'parameter': 'fc.weight', 'index': [7, 3]}",
    )
    expect(diagram.root.locator(".nwv-figure")).to_have_attribute("data-picture", "470")
    cell = diagram.root.locator(".nwv-matrix-cell")
    expect(cell).to_contain_text("fc.weight[7, 3] = ")
    weight = ask(kernel, "float(states[470]['fc.weight'][7, 3])")
    assert float(cell.inner_text().split("= ")[1].replace("−", "-")) == pytest.approx(weight, rel=1e-3)
    execute(kernel, "viz.options = {'bins': [-6, 6, 4]}; viz.view, viz.checkpoint = 'distribution', 455")
    diagram.wait_for("checkpoint", 455)
    figure, told = diagram.root.locator(".nwv-figure"), diagram.root.locator(".nwv-bin-told > div").nth(1)
    expect(diagram.root.locator(".nwv-caption")).not_to_contain_text("checkpoints are here", timeout=30_000)
    counts = ask(kernel, "np.histogram(states[455]['fc.weight'], np.linspace(-6, 6, 5))[0].tolist()")
    figure.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    for count in counts:
        expect(told).to_contain_text(re.compile("weights? of 10.000 "))
        assert int(re.sub(r"\D", "", told.inner_text().split(" weight")[0])) == count
        page.keyboard.press("ArrowRight")
