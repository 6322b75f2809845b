"""Columns, durations, paths and numbered source."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbflow.surface.cli.layout import columns, duration, numbered, short_path


def test_columns_stand_below_one_another() -> None:
    """Wide letters count as the two columns they take, combining accents as none."""
    lines = columns([("a", "x"), ("表", "y"), ("e\u0301", "z"), ("abc", "w")])
    assert lines == ["a    x", "表   y", "e\u0301    z", "abc  w"]


def test_durations_read_well() -> None:
    """A duration has the unit that fits it, and never sixty of the smaller one."""
    given_told = {
        0.04: "0.0 s",
        12.34: "12.3 s",
        59.94: "59.9 s",
        59.96: "1 min 00 s",
        184: "3 min 04 s",
        3599.7: "1 h 00 min",
    }
    assert {seconds: duration(seconds) for seconds in given_told} == given_told
    assert duration(None) == "-"


def test_paths_are_told_the_short_way() -> None:
    """A path is told from the folder where that is shorter, and whole where it is not."""
    assert short_path("/w/runs/p/1/a.ipynb", "/w") == "runs/p/1/a.ipynb"
    assert short_path(Path("/x/y"), "/very/deep/folder/somewhere") == "/x/y"


@given(st.integers(1, 60), st.integers(1, 60), st.integers(3, 30))
def test_the_failing_line_is_always_shown(count: int, failing: int, most: int) -> None:
    """However long the cell, its failing line is among the lines shown, marked, and no more than ``most`` are."""
    failing = min(failing, count)
    source = "\n".join(f"line {at}" for at in range(1, count + 1))
    lines = numbered(source, f"Cell In[1], line {failing}\n---> {failing} line {failing}\n", most)
    shown = [line for line in lines if "more" not in line]
    assert [line.split()[1:] for line in shown if line.startswith(">")] == [[str(failing), "line", str(failing)]]
    assert len(shown) == min(count, most)
