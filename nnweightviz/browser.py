"""Shows an address in the reader's browser. Not for writing pages (see ``export``)."""

from __future__ import annotations

import os
import sys
import webbrowser


def show(address: str) -> bool:
    """Open an address; False where there is no browser, or no screen to show one on."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    return webbrowser.open(address)
