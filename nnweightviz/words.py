"""How messages name what was given and how much of it: articles and plurals.

Not for whole sentences: each is written where it is raised.
"""

from __future__ import annotations

from typing import Any


def in_a_word(thing: Any) -> str:
    """Return what a thing is, with its article.

    Examples
    --------
    >>> in_a_word(3), in_a_word([]), in_a_word(None), in_a_word(dict)
    ('an int', 'a list', 'None', 'the class dict, not an instance')
    """
    if thing is None:
        return "None"
    if isinstance(thing, type):
        return f"the class {thing.__name__}, not an instance"
    name = type(thing).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def counted(n: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "value"), counted(2, "value")
    ('1 value', '2 values')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def printable(text: str) -> str:
    r"""Return a text on one line with whatever a terminal or a page would obey, or not show, as Python writes it.

    Spaces of other widths and the joiners that scripts and emoji need stay as they are.

    Examples
    --------
    >>> printable("fc\x1b[31m é \u202e")
    'fc\\x1b[31m é \\u202e'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else ascii(c)[1:-1] for c in text)


_KEPT = "\u00a0\u2009\u202f\u3000\u200c\u200d"
