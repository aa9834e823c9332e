"""A Jupyter server with one notebook, driven as a reader would, and a line into its kernel."""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Page

APPS = {
    "lab": ("lab", "--LabApp.expose_app_in_browser=True", "lab/tree"),
    "notebook": ("notebook", "--JupyterNotebookApp.expose_app_in_browser=True", "notebooks"),
}
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Jupyter:
    """A running JupyterLab or Notebook 7 in a folder of its own."""

    def __init__(self, app: str, folder: Path, *more: str) -> None:
        command, expose, self.route = APPS[app]
        self.folder = folder
        self.runtime = folder / ".runtime"
        settings = folder / ".settings"
        settings.mkdir()
        (settings / "overrides.json").write_text(json.dumps(QUIET))
        self.url = f"http://127.0.0.1:{(port := _free_port())}"
        env = {
            **os.environ,
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_CONFIG_DIR": str(folder / ".config"),
            # Or servers wait for each other's signatures, and a notebook is not trusted by the one that gave up.
            "JUPYTER_DATA_DIR": str(folder / ".data"),
        }
        options = [
            f"--port={port}", "--ip=127.0.0.1", "--no-browser", "--allow-root", expose,
            "--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password=",
            "--ServerApp.disable_check_xsrf=True",
            f"--LabServerApp.app_settings_dir={settings}", f"--ServerApp.root_dir={folder}",
            *more,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", command, *options],
            env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=(folder / "server.log").open("w"),
        )  # fmt: skip
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=2)
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"Jupyter did not start:\n{(self.folder / 'server.log').read_text()[-2000:]}")

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.folder / name)

    def open(self, page: Page, name: str) -> None:
        page.goto(f"{self.url}/{self.route}/{name}?reset")  # without the tabs of the page before
        self._wait_until_ready(page, name)

    def _wait_until_ready(self, page: Page, name: str) -> None:
        page.wait_for_function(
            """(name) => {
              const panel = window.jupyterapp?.shell?.currentWidget;
              const kernel = panel?.sessionContext?.session?.kernel;
              return panel?.context?.path === name && kernel?.connectionStatus === 'connected';
            }""",
            arg=name,
            timeout=60_000,
        )

    def run_all(self, page: Page) -> None:
        """Run all cells and wait for the last to end."""
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def reload(self, page: Page, name: str) -> None:
        """Save and load the page until it shows its diagram.

        ipywidgets 8.1.9 waits two seconds for a model; where it has been reading the kernel's answer while
        they ran out, it says "model not found" of one that is there. A reader loads the page again, as is done here.
        """
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        for _ in range(3):
            page.goto(f"{self.url}/{self.route}/{name}")
            self._wait_until_ready(page, name)
            shown = page.locator(".nnweightviz[data-links-drawn]")
            missed = page.get_by_text("Error displaying widget: model not found")
            shown.or_(missed).first.wait_for(timeout=60_000)
            if shown.count():
                return

    def kernel(self, name: str = "net.ipynb") -> BlockingKernelClient:
        """A second client of a notebook's kernel: what Python sees, without touching the page."""
        sessions = json.load(urllib.request.urlopen(f"{self.url}/api/sessions"))
        kernel = next(session["kernel"]["id"] for session in sessions if session["path"] == name)
        file = self.runtime / f"kernel-{kernel}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        return client

    def kill_kernel(self) -> None:
        """SIGKILL the kernel and keep the server from starting another."""
        kernels = json.load(urllib.request.urlopen(f"{self.url}/api/kernels"))
        for kernel in kernels:
            request = urllib.request.Request(f"{self.url}/api/kernels/{kernel['id']}", method="DELETE")
            urllib.request.urlopen(request)

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def ask(client: BlockingKernelClient, expression: str) -> Any:
    """Evaluate an expression in the kernel and return its value (plain data)."""
    reply = client.execute_interactive(
        "", user_expressions={"answer": f"__import__('json').dumps({expression})"}, timeout=30, silent=True
    )
    answer = reply["content"]["user_expressions"]["answer"]
    assert answer["status"] == "ok", answer
    return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


def execute(client: BlockingKernelClient, code: str) -> None:
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda _message: None)
    assert reply["content"]["status"] == "ok", reply["content"]
