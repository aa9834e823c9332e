"""The HTML around what a page holds: our own, or a template of the author's with places to fill.

Not for what fills the places (see ``export``).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnweightviz.words import in_a_word
from nnweightviz.written import DIGITS

NEEDED = ("style", "body", "code")
PLACE = re.compile(r"\$(?:(title|policy|style|body|code)\b|\{(title|policy|style|body|code)\})")

PAGE = """<!doctype html>
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
p { max-width: 46em; margin: 14px 14px 28px; }
@media (max-width: 600px) { body { padding: 8px; } }
body:has(> main > [data-chrome]) { background: none; max-width: none; padding: 0; }
$style
</style>
</head>
<body>
<main>
$body
</main>
$code
</body>
</html>
"""

CODE = """<script type="application/octet-stream" id="nnweightviz-code">%s</script>
<script>
(async () => {
  const text = document.getElementById("nnweightviz-code").textContent;
  const digits = new Map([..."%s"].map((digit, i) => [digit.charCodeAt(), i]));
  const numbers = new Uint32Array((text.length - 2) / 5);
  for (let i = 0, at = 6; i < numbers.length; i++, at += 10)
    for (let k = 0; k < 5; k++) numbers[i] = numbers[i] * 85 + digits.get(text.charCodeAt(at--));
  const bytes = new Uint8Array(numbers.buffer, 0, 4 * numbers.length - text[1]);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
})();
</script>"""


def code_of(packed: str) -> str:
    """Return the elements that hold packed code and run it."""
    before, between, after = CODE.split("%s")
    return "".join([before, packed, between, DIGITS, after])


def as_template(template: Any) -> str:
    """Return the text of a template: of a file, or what was given if it is HTML.

    A string is HTML if there is a ``<`` in it, else a path.

    Raises
    ------
    TypeError
        If it is neither a string nor a path.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not UTF-8, or if a place is missing or there twice: the message names it.
    """
    if template is None:
        return PAGE
    if not isinstance(template, (str, os.PathLike)):
        raise TypeError(
            f"template is {in_a_word(template)}; it takes HTML as a string, or the path of a file"
        )
    is_html = isinstance(template, str) and "<" in template
    name = "the template" if is_html else f"the template {os.fspath(template)}"
    text = str(template) if is_html else _read(Path(template))
    there = Counter(a or b for a, b in PLACE.findall(text))
    missing = [f"${place}" for place in NEEDED if place not in there]
    if missing:
        raise ValueError(
            f"{name} has no {' and no '.join(missing)}: put $style inside a <style> element, $body where prose and "
            "diagrams go, and $code after it; $title and $policy are optional (docs/pages.md has an example)"
        )
    twice = [f"${place}" for place in NEEDED if there[place] > 1]
    if twice:
        raise ValueError(f"{name} has {' and '.join(twice)} more than once; each goes to one place")
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there is no template {path}; it takes the path of an HTML file, or HTML as a string"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"the template {path} is not UTF-8; save it as UTF-8") from None


def filled(template: str, places: Mapping[str, str]) -> str:
    """Fill the places of a template; every other ``$`` stays as it is, formulas and scripts among them."""
    return PLACE.sub(lambda found: places[found[1] or found[2]], template)
