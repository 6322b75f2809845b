"""Values in a command of the shell."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbflow.run.tasks.shell import with_variables


@given(
    value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    command=st.sampled_from(["@", '"@"', "'@'", "'a\"'@", '"\\"@"']),
)
@settings(max_examples=40)
def test_a_value_is_one_word_whatever_it_holds(value: str, command: str) -> None:
    """Within quotes of either kind and without: nothing in it is taken for a part of the command."""
    at = command.index("@")
    text = f"printf %s {with_variables(command, [(at, at + 1)])}"
    done = subprocess.run(["sh", "-c", text], capture_output=True, check=True, env={"NBFLOW_VALUE_1": value, "PATH": "/usr/bin:/bin"})
    around = {"'a\"'@": 'a"', '"\\"@"': '"'}.get(command, "")
    assert done.stdout.decode() == around + value


@pytest.mark.parametrize(
    ("command", "places", "expected"),
    [
        ("ls 0 '1' \"2\"", [(3, 4), (6, 7), (10, 11)], 'ls "${NBFLOW_VALUE_1}" \'\'"${NBFLOW_VALUE_2}"\'\' "${NBFLOW_VALUE_3}"'),
        ("echo \\'0", [(7, 8)], 'echo \\\'"${NBFLOW_VALUE_1}"'),
    ],
)
def test_the_quotes_around_a_place_are_kept(command: str, places: list[tuple[int, int]], expected: str) -> None:
    """Each place by its own."""
    assert with_variables(command, places) == expected
