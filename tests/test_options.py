"""The table of looks: what is accepted, what is refused with which words, and that both sides have the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnweightviz.options import OPTIONS, defaults, validated

TWIN = Path(__file__).parent.parent / "js" / "src" / "options.ts"


def test_nothing_given_is_all_defaults() -> None:
    assert validated(None) == validated({}) == defaults()


def test_none_stands_for_the_default() -> None:
    assert validated({"scale": None, "height": None}) == defaults()


def test_every_default_is_accepted() -> None:
    assert validated(defaults()) == defaults()


def test_what_is_given_is_merged_with_the_defaults() -> None:
    assert validated({"threshold": 0.25, "gates": ["f"]}) == defaults() | {"threshold": 0.25, "gates": ["f"]}


def test_changing_what_comes_back_changes_no_default() -> None:
    validated({})["unfolded"]["lstm"] = "f"
    validated({})["signs"].clear()
    assert validated({})["unfolded"] == {}
    assert validated({})["signs"] == ["+", "-"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("height", 300.0, 300),
        ("reference", np.int64(4), 4),
        ("threshold", 1, 1.0),
        ("threshold", np.float32(0.5), 0.5),
        ("signs", ("-",), ["-"]),
        ("signs", [], []),
        ("roles", {"bias", "input"}, ["input", "bias"]),
        ("metrics", (), []),
        ("unfolded", {"lstm": "f", "gru": True}, {"lstm": "f", "gru": True}),
        ("open_bands", {"fc1": np.int64(3)}, {"fc1": 3}),
        ("expanded", ("h.1", "h.0", "h.1"), ["h.1", "h.0"]),
        ("expanded", {"h"}, ["h"]),
        ("expanded", [], []),
    ],
)
def test_a_good_value_is_taken_in_its_plain_form(name: str, value: Any, expected: Any) -> None:
    taken = validated({name: value})[name]
    assert taken == expected
    assert type(taken) is type(expected)
    json.dumps(taken)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("scale", "log", "option 'scale' is 'log'; it takes 'layer' or 'global' or 'checkpoint'"),
        ("scale", ["layer"], "option 'scale' is ['layer']; it takes 'layer' or"),
        ("reference", -1, "option 'reference' is -1; it takes a whole number of at least 0"),
        ("reference", True, "option 'reference' is True; it takes a whole number"),
        ("height", 100, "option 'height' is 100; it takes a whole number from 240 to 2000"),
        ("height", 300.5, "option 'height' is 300.5; it takes a whole number from 240 to 2000"),
        ("threshold", 1.5, "option 'threshold' is 1.5; it takes a number from 0.0 to 1.0"),
        ("threshold", float("nan"), "option 'threshold' is nan; it takes a number from 0.0 to 1.0"),
        ("threshold", "0.5", "option 'threshold' is '0.5'; it takes a number"),
        ("signs", ["*"], "option 'signs' is ['*']; it takes a list of some of '+', '-'"),
        ("signs", "+", "option 'signs' is '+'; it takes a list of some of"),
        ("signs", [["+"]], "option 'signs' is [['+']]; it takes a list of some of"),
        ("gates", "f", "option 'gates' is 'f'; it takes a list of names, or None for all"),
        ("metrics", [1], "option 'metrics' is [1]; it takes a list of names"),
        ("labels", 1, "option 'labels' is 1; it takes True or False"),
        (
            "expanded",
            "h.0",
            "option 'expanded' is 'h.0'; it takes a list of names of blocks and layers, or None",
        ),
        ("expanded", [0], "option 'expanded' is [0]; it takes a list of names of blocks and layers"),
        ("open_bands", {"fc1": -1}, "option 'open_bands' is {'fc1': -1}; it takes a dict of group id"),
        ("open_bands", {"fc1": True}, "option 'open_bands' is {'fc1': True}; it takes a dict of group id"),
        ("fold_above", 3, "option 'fold_above' is 3; it takes"),
        ("unfolded", {"lstm": 2}, "option 'unfolded' is {'lstm': 2}; it takes a dict of group id"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_accepted(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        validated({name: value})


def test_an_unknown_option_is_refused_with_the_names_there_are() -> None:
    sentence = f"there is no option 'colour'; the options are {', '.join(OPTIONS)}"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        validated({"colour": "red"})


def test_options_that_are_no_dict_are_refused() -> None:
    with pytest.raises(TypeError, match="options is a list; it takes a dict such as"):
        validated(["labels"])  # type: ignore[arg-type]


def test_the_browser_has_the_same_names_and_defaults() -> None:
    text = TWIN.read_text()
    literal = re.search(r"export const DEFAULTS: Options = (\{.*?\n\});", text, re.DOTALL)
    assert literal is not None
    assert json.loads(literal[1]) == defaults()
    assert list(json.loads(literal[1])) == list(OPTIONS)


def test_the_browser_has_the_same_choices() -> None:
    interface = re.search(r"export interface Options \{(.*?)\n\}", TWIN.read_text(), re.DOTALL)
    assert interface is not None
    types = dict(re.findall(r"^  (\w+): (.*);$", interface[1], re.MULTILINE))
    assert list(types) == list(OPTIONS)
    for name, option in OPTIONS.items():
        if option["type"] in ("choice", "subset"):
            own = ["against"] if name == "quantity" else []  # what the browser makes of `compare`
            assert re.findall(r'"(.*?)"', types[name]) == [*option["accepted"], *own]


def test_the_table_is_ready_for_json() -> None:
    assert json.loads(json.dumps(OPTIONS)) == OPTIONS


def test_every_option_is_told_in_the_documents_with_its_choices() -> None:
    text = (Path(__file__).parent.parent / "docs" / "options.md").read_text()
    rows = {row.split("`")[1]: row for row in text.splitlines() if row.startswith("| `")}
    assert list(rows) == list(OPTIONS)
    for name, option in OPTIONS.items():
        choices = option["accepted"] if option["type"] == "choice" else []
        for choice in choices:
            assert f'"{choice}"' in rows[name] or f"{choice}" in rows[name], (name, choice)
