"""Plain widget state to one self-contained HTML page: no kernel, no network, no second file.

Not for pictures (see ``plots``), and not for what is in the state (see ``payload``).
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from nnweightviz.playhead import shared_by
from nnweightviz.template import PAGE, as_template, code_of, filled
from nnweightviz.words import in_a_word
from nnweightviz.written import written

STATIC = Path(__file__).parent / "static"
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'unsafe-inline' 'wasm-unsafe-eval'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "worker-src blob:",
    ]
)

CHROMES = {True: None, False: "timeline", "none": "none"}
LENGTH = re.compile(r"\d+(\.\d+)?(px|%|em|rem|vh|vw|ch|cm|mm|in|pt)")


@runtime_checkable
class Showable(Protocol):
    """What a page can show: something that gives its whole state as plain data and bytes."""

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return the traits by name, and the parts that hold all blocks."""
        ...


def to_html(
    items: Sequence[Showable | str] | Showable,
    path: str | os.PathLike[str],
    title: str | None = None,
    *,
    template: str | os.PathLike[str] | None = None,
    linked: bool = False,
    chrome: bool | Literal["none"] = True,
) -> Path:
    """Write widgets, and paragraphs of plain text between them, to one HTML file; return its path.

    The page is fully interactive, needs no kernel and asks no network. The code is in it once, the weights at the
    precision of each widget. Links to a moment, embedding and printing are in ``docs/pages.md``.

    Parameters
    ----------
    items
        One widget, or several with strings between them; a string becomes a paragraph, as text.
    path
        Where to write; an existing file is replaced at once, never half.
    title
        Of the page; also its heading. A page of a single widget has the widget's title instead, or shows the
        widget under this one. Plain text.
    template
        HTML around it, as a string or the path of a file, with the places ``$style``, ``$body`` and ``$code``, and
        ``$title`` and ``$policy`` if you like. Every other ``$`` stays as it is.
    linked
        Whether the diagrams share one playhead, with play, speed and loop: by step if there is one that all have,
        else by number if all have as many checkpoints.
    chrome
        True for all of a diagram, False for the picture and the timeline, ``"none"`` for the picture alone; without
        chrome the paper and the font are those of the page around it.

    Raises
    ------
    TypeError
        If an item is neither a widget nor a string, or ``path`` is no path, or ``template`` neither path nor string.
    ValueError
        If there are no items, the template lacks a place, or the diagrams cannot be linked; the message says why.
    FileNotFoundError
        If the folder or the template is not there, or if the browser bundle was not built.
    IsADirectoryError
        If ``path`` is a folder.
    """
    target = _target(path)
    _write(target, _page_of(items, title, template, linked, chrome)[0])
    return target


def frame_of(item: Showable, width: int | str, height: int | str, title: str | None) -> str:
    """Return a frame with a page of one widget in it, on one line; lengths in pixels or as CSS has them.

    Raises
    ------
    TypeError, ValueError
        If a length or the title is not accepted.
    """
    style = f"width:{_length('width', width)};height:{_length('height', height)};border:0"
    page, named = _page_of(item, title)
    inside = escape(page).replace("{", "&#123;").replace("\n", "&#10;")  # neither template nor Markdown
    about = escape(f"{named}: a diagram of weights").replace("{", "&#123;").replace("\n", " ")
    return (
        f'<div class="nnweightviz-frame"><iframe title="{about}" style="{style}" sandbox="allow-scripts" '
        f'allow="fullscreen" loading="lazy" srcdoc="{inside}"></iframe></div>'
    )


def _length(name: str, given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise TypeError(
            f"{name} is {in_a_word(given)}; it is pixels, such as 640, or a string such as '100%'"
        )
    length = f"{given}px" if isinstance(given, int) else given
    if not LENGTH.fullmatch(length):
        raise ValueError(
            f"{name} is {given!r}; it is pixels, such as 640, or a CSS length such as '100%' or '40em'"
        )
    return length


def _page_of(
    items: Any, title: str | None, template: Any = None, linked: bool = False, chrome: Any = True
) -> tuple[str, str]:
    """Return a page as text, and its title."""
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is {in_a_word(title)}; it takes a string")
    looks = _chrome(chrome)
    around = as_template(template)
    listed = _listed(items)
    pieces = [_paragraph(i) if isinstance(i, str) else _state(i, k) for k, i in enumerate(listed)]
    if linked:
        by = shared_by([piece["state"] for piece in pieces if not isinstance(piece, str)])
        looks += f' data-linked="{by}"'
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        state = pieces[0]["state"]
        state["title"] = title = state.get("title", "") if title is None else title
        body = []
    else:
        body = [f"<h1>{escape(title)}</h1>"] if title else []
    body += [piece if isinstance(piece, str) else _widget(piece, k, looks) for k, piece in enumerate(pieces)]
    return _page("\n".join(body), title, POLICY, around), title or "nnweightviz"


def followed_page(state: Mapping[str, Any], parts: Sequence[bytes], address: str) -> str:
    """Return a page with one diagram that asks the server it came from, at ``address``, for what is new; no other."""
    body = _widget({"state": state, "parts": parts}, 0, f' data-live="{escape(address)}"')
    return _page(body, state["title"], f"{POLICY}; connect-src 'self'")


def _page(body: str, title: str | None, policy: str, template: str = PAGE) -> str:
    places = {
        "policy": policy,
        "title": escape(title or "nnweightviz"),
        "style": read_static("nnweightviz.css") + read_static("page.css"),
        "body": body,
        "code": code_of(written(read_static("embed.js").encode())),
    }
    return filled(template, places)


def _chrome(chrome: Any) -> str:
    if not isinstance(chrome, bool) and chrome != "none":
        raise ValueError(
            f"chrome is {chrome!r}; it takes True (all of a diagram), False (the picture and the timeline) or "
            '"none" (the picture alone)'
        )
    shown = CHROMES[chrome]
    return f' data-chrome="{shown}"' if shown else ""


def _target(path: Any) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path is {in_a_word(path)}; it takes a string or a Path, such as 'weights.html'")
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(
            f"cannot write {target}: it is a folder; name a file in it, such as {target / 'weights.html'}"
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {target}: the folder {target.parent} is not there; create it first"
        )
    return target


def _listed(items: Any) -> list[Any]:
    if isinstance(items, (Showable, str)):
        return [items]
    if not isinstance(items, Iterable):
        raise TypeError(f"a page holds WeightViz widgets and strings; got {in_a_word(items)}")
    listed = list(items)
    if not listed:
        raise ValueError("there is nothing to put on the page: give at least one WeightViz widget or string")
    return listed


def read_static(name: str) -> str:
    """Return a file of the browser bundle as text.

    Raises
    ------
    FileNotFoundError
        If the bundle was not built; the message says how to build it.
    """
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"the browser bundle nnweightviz/static/{name} is not there: in a checkout, run "
            "`npm --prefix js ci && npm --prefix js run build`, or install the package again"
        ) from None


def _paragraph(text: str) -> str:
    return "\n".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def _state(item: Any, k: int) -> dict[str, Any]:
    if not isinstance(item, Showable) or isinstance(item, type):
        raise TypeError(
            f"item {k} of the page is {in_a_word(item)}; a page holds WeightViz widgets and strings"
        )
    state, parts = item.page_state()
    return {"state": state, "parts": parts}


def _widget(data: Mapping[str, Any], k: int, more: str = "") -> str:
    name = f"nnweightviz-state-{k}"
    packed = {"state": written(_json(data["state"]).encode()), "parts": [*map(written, data["parts"])]}
    return (
        f'<div class="nnweightviz-embed" data-state="{name}"{more}></div>\n'
        f'<script type="application/json" id="{name}">{json_text(packed)}</script>'
    )


def _json(data: Any) -> str:
    """Return JSON that is UTF-8: half characters, as of file names in other encodings, are written as escapes."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def json_text(data: Any) -> str:
    """Return JSON that is safe inside a script element: no ``<``, ``>``, ``&`` or line separators in it."""
    text = _json(data)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _write(target: Path, page: str) -> None:
    """Write as a whole or not at all; whatever goes wrong is told of the target, not of a file beside it."""
    try:
        _replace(target, page)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(target)) from None


def _replace(target: Path, page: str) -> None:
    """Write beside the target, then rename: a reader sees the old page or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", errors="backslashreplace", dir=target.parent, suffix=".part", delete=False
    ) as file:
        try:
            file.write(page)
            file.close()
            umask = os.umask(0)  # temporary files are private; a page is as readable as any other file
            os.umask(umask)
            os.chmod(file.name, 0o666 & ~umask)
            os.replace(file.name, target)
        except BaseException:
            os.unlink(file.name)
            raise
