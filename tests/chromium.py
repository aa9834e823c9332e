"""Finds the Chromium that the browser tests drive; as a script, installs one where there is none.

Not a driver: that is Playwright, which is handed the path found here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

VARIABLE = "NNWEIGHTVIZ_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NO_CHROMIUM = (
    f"No Chromium found (looked for {', '.join(NAMES)} on the PATH): install one with the system's "
    f"package manager, or set {VARIABLE} to the path of its executable."
)
# Without these a machine whose network is closed spends its time on refused background connections.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Path of the executable, or None."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


def install_chromium() -> None:
    """Install Debian's package where there is ``apt-get``, through ``sudo`` unless root."""
    if shutil.which("apt-get") is None:
        sys.exit(NO_CHROMIUM)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
        if subprocess.run([*sudo, "apt-get", *arguments], env=environment).returncode:
            sys.exit(f"`apt-get {' '.join(arguments)}` failed. {NO_CHROMIUM}")


if __name__ == "__main__":
    if find_chromium() is None:
        install_chromium()
    print(find_chromium() or sys.exit(NO_CHROMIUM))
