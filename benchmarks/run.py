"""Measures what the project promises and writes ``benchmarks/RESULTS.md``; what ``make bench`` runs.

``python -m benchmarks.run pages playback-98456`` measures some sections alone and only prints them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks.browser import ROOT, chromium_version
from benchmarks.nets import NETS
from benchmarks.results import Section, to_markdown

RESULTS = ROOT / "benchmarks" / "RESULTS.md"


def python() -> list[Section]:
    from benchmarks.construct import python_section

    return [python_section()]


def pages() -> list[Section]:
    from benchmarks.pages import pages_section

    return [pages_section()]


def many() -> list[Section]:
    from benchmarks.many import many_section

    return [many_section()]


def large() -> list[Section]:
    from benchmarks.large import large_section

    return [large_section()]


def folder() -> list[Section]:
    from benchmarks.folder import folder_section

    return [folder_section()]


def recording() -> list[Section]:
    from benchmarks.recording import recording_sections

    return recording_sections()


def studies() -> list[Section]:
    from benchmarks.studies import studies_section

    return [studies_section()]


def views() -> list[Section]:
    from benchmarks.views import views_section

    return [views_section()]


def printing() -> list[Section]:
    from benchmarks.printing import printing_section

    return [printing_section()]


def scrubbing() -> list[Section]:
    from benchmarks.scrubbing import scrubbing_section

    return [scrubbing_section()]


def playback(*names: str) -> list[Section]:
    from benchmarks.playback import playback_section

    return [playback_section(name) for name in names or NETS]


def peers(*names: str) -> list[Section]:
    from benchmarks.peers import peers_section

    return [peers_section(names or tuple(NETS))]


SECTIONS: dict[str, Callable[..., list[Section]]] = {
    f.__name__: f
    for f in (
        python,
        recording,
        pages,
        many,
        large,
        folder,
        studies,
        views,
        printing,
        scrubbing,
        playback,
        peers,
    )
}


def chosen(arguments: list[str]) -> list[Callable[[], list[Section]]]:
    """What is to be measured: sections by name, ``playback`` and ``peers`` with a net's number of links if wanted."""
    actions = []
    for argument in arguments or SECTIONS:
        name, _, net = argument.partition("-")
        if name not in SECTIONS or (net and (net not in NETS or name not in ("playback", "peers"))):
            sys.exit(
                f"there is nothing to measure by the name {argument!r}; there are {', '.join(SECTIONS)}, "
                f"and playback and peers of one net, such as playback-{next(iter(NETS))} ({', '.join(NETS)})"
            )
        actions.append(lambda section=SECTIONS[name], nets=([net] if net else []): section(*nets))
    return actions


def main(arguments: list[str]) -> None:
    """Measure, print, and, if all was measured, write."""
    begin, sections = time.monotonic(), []
    for action in chosen(arguments):
        for section in action():
            sections.append(section)
            print(f"{time.monotonic() - begin:4.0f} s  {section.title}", file=sys.stderr, flush=True)
    text = to_markdown(sections, chromium_version())
    if not arguments:
        RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
