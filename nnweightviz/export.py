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
from string import Template
from typing import Any, Protocol, runtime_checkable

from nnweightviz.words import in_a_word
from nnweightviz.written import DIGITS, written

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

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
body { margin: 0 auto; padding: 16px; max-width: 1280px; font: 15px/1.6 system-ui, sans-serif; }
body { background: Canvas; color: CanvasText; }
h1 { font-size: 22px; margin: 8px 0 16px; }
p { max-width: 46em; margin: 8px 14px 28px; }
$style
</style>
</head>
<body>
$body
<script type="application/octet-stream" id="nnweightviz-code">$code</script>
<script>
(async () => {
  const text = document.getElementById("nnweightviz-code").textContent;
  const digits = new Map([..."$digits"].map((digit, i) => [digit.charCodeAt(), i]));
  const numbers = new Uint32Array((text.length - 2) / 5);
  for (let i = 0, at = 6; i < numbers.length; i++, at += 10)
    for (let k = 0; k < 5; k++) numbers[i] = numbers[i] * 85 + digits.get(text.charCodeAt(at--));
  const bytes = new Uint8Array(numbers.buffer, 0, 4 * numbers.length - text[1]);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
})();
</script>
</body>
</html>
""")


@runtime_checkable
class Showable(Protocol):
    """What a page can show: something that gives its whole state as plain data and bytes."""

    def page_state(self) -> tuple[dict[str, Any], list[bytes]]:
        """Return the traits by name, and the parts that hold all blocks."""
        ...


def to_html(
    items: Sequence[Showable | str] | Showable, path: str | os.PathLike[str], title: str | None = None
) -> Path:
    """Write widgets, and paragraphs of plain text between them, to one HTML file; return its path.

    The page is fully interactive, needs no kernel and asks no network. The code is in it once, the weights at the
    precision of each widget.

    Parameters
    ----------
    items
        One widget, or several with strings between them; a string becomes a paragraph, as text.
    path
        Where to write; an existing file is replaced at once, never half.
    title
        Of the page; also its heading. A page of a single widget has the widget's title instead, or shows the
        widget under this one. Plain text.

    Raises
    ------
    TypeError
        If an item is neither a widget nor a string, or ``path`` is no path.
    ValueError
        If there are no items.
    FileNotFoundError
        If the folder is not there, or if the browser bundle was not built.
    IsADirectoryError
        If ``path`` is a folder.
    """
    target = _target(path)
    if title is not None and not isinstance(title, str):
        raise TypeError(f"title is {in_a_word(title)}; it takes a string")
    listed = _listed(items)
    pieces = [_paragraph(i) if isinstance(i, str) else _state(i, k) for k, i in enumerate(listed)]
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        state = pieces[0]["state"]
        state["title"] = title = state.get("title", "") if title is None else title
        body = []
    else:
        body = [f"<h1>{escape(title)}</h1>"] if title else []
    body += [piece if isinstance(piece, str) else _widget(piece, k) for k, piece in enumerate(pieces)]
    _write(target, _page("\n".join(body), title, POLICY))
    return target


def followed_page(state: Mapping[str, Any], parts: Sequence[bytes], address: str) -> str:
    """Return a page with one diagram that asks the server it came from, at ``address``, for what is new; no other."""
    body = _widget({"state": state, "parts": parts}, 0, f' data-live="{escape(address)}"')
    return _page(body, state["title"], f"{POLICY}; connect-src 'self'")


def _page(body: str, title: str | None, policy: str) -> str:
    return PAGE.substitute(
        policy=policy,
        title=escape(title or "nnweightviz"),
        style=read_static("nnweightviz.css"),
        body=body,
        digits=DIGITS,
        code=written(read_static("embed.js").encode()),
    )


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
