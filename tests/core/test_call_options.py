"""What a call may choose of a run, as words of the command line."""

from __future__ import annotations

import inspect
from datetime import date, datetime
from typing import Any

import pytest

from nbflow import run_pipeline
from nbflow.core.call_options import CALL_OPTIONS, call_words
from nbflow.core.errors import UsageError


def test_each_is_an_argument_of_run_pipeline() -> None:
    """By its name; each has a sentence of help."""
    arguments = inspect.signature(run_pipeline).parameters
    assert all(option.name in arguments and option.help.endswith(".") for option in CALL_OPTIONS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ""),
        ({"only": "+silver"}, "--only +silver"),
        ({"only": ["a", "b"], "from_": ("c",), "until": "d"}, "--only a --only b --from c --until d"),
        ({"job": "orders", "target": "dev"}, "--job orders --target dev"),
        ({"variables": {"x": 1, "y": "a=b"}}, "--var x=1 --var y=a=b"),
        ({"logical_date": "2026-01-31"}, "--logical-date 2026-01-31"),
        ({"logical_date": date(2026, 1, 31)}, "--logical-date 2026-01-31"),
        (
            {"logical_date": (datetime(2026, 1, 31, 6), date(2026, 2, 1))},
            "--logical-date 2026-01-31T06:00:00/2026-02-01",
        ),
    ],
)
def test_values_become_words(given: dict[str, Any], words: str) -> None:
    """Each value as it is said at the shell; what was not given is not there."""
    assert call_words(given) == words.split()


@pytest.mark.parametrize(
    "given",
    [{"only": 3}, {"from_": [1]}, {"until": {"a": 1}}, {"job": 1}, {"target": ["dev"]}, {"variables": "x=1"}, {"logical_date": 20260131},
     {"logical_date": (1, 2)}],
)  # fmt: skip
def test_a_value_of_another_kind(given: dict[str, Any]) -> None:
    """It is refused, with where a parameter of that name goes."""
    [name] = given
    with pytest.raises(UsageError, match=rf"run_pipeline: {name}=.* goes into parameters=\{{'{name}': ...\}}"):
        call_words(given)
