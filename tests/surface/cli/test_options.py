"""Options and their texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError
from nbflow.define.settings import NAMES
from nbflow.surface.cli.commands import run
from nbflow.surface.cli.options import read_parameters
from nbflow.surface.cli.session import asks_json


def test_every_setting_is_an_option_of_run() -> None:
    """No setting of the workspace is without its option, and no option of that kind without its setting."""
    options = {name for parameter in run.command.params for name in parameter.opts}
    assert {f"--{name.replace('_', '-')}" for name in NAMES} <= options


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_.-]*", fullmatch=True), st.text()))
def test_whatever_stands_behind_the_first_sign_is_the_value(values: dict[str, str]) -> None:
    """``-p name=value`` cuts at the first ``=`` and nowhere else."""
    assert read_parameters([f"{name}={value}" for name, value in values.items()]) == values


def test_the_later_wins() -> None:
    """Of two values for one name the later is taken; an empty value is a value."""
    assert read_parameters(["a=1", "b=x", "a="]) == {"a": "", "b": "x"}


def test_all_wrong_values_are_told_at_once() -> None:
    """A missing sign, an empty name and an empty text are three mistakes."""
    with pytest.raises(DefinitionError) as caught:
        read_parameters(["a", "=x", "", "b=1"])
    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize("text", ["[]", "7", "not json", "\ufeff{"])
def test_a_file_of_values_is_an_object(tmp_path: Path, text: str) -> None:
    """A file that holds no JSON object is a mistake with its name."""
    file = tmp_path / "v.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        read_parameters([], file)
    assert caught.value.mistakes[0].file == str(file)


def test_json_is_asked_for_in_every_spelling() -> None:
    """``--json`` and ``--format json`` are seen before the line is parsed; other formats are none."""
    assert asks_json(["run", "x", "--json"])
    assert asks_json(["plan", "x", "--format", "json"])
    assert asks_json(["plan", "x", "--format=json"])
    assert not asks_json(["plan", "x", "--format", "text"])
