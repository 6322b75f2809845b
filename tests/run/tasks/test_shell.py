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


def printed(command: str, *values: str) -> str:
    """What ``command`` prints with ``values`` in place of each ``@``."""
    places = [(at, at + 1) for at, letter in enumerate(command) if letter == "@"]
    given = {f"NBFLOW_VALUE_{at}": value for at, value in enumerate(values, 1)}
    text = "w() { printf '<%s>' \"$@\"; }\n" + with_variables(command, places)
    return subprocess.run(["sh", "-c", text], capture_output=True, check=True, text=True, env={**given, "PATH": "/usr/bin:/bin"}).stdout


@pytest.mark.parametrize(
    ("command", "values", "expected"),
    [
        ("w @ # it's\nw @", ["a b", "* c"], "<a b><* c>"),
        ('w "$(w "@")"', ["a  *"], "<<a  *>>"),
        ('w "$(w @ \'(\')" "@"', ["a  *", "b c"], "<<a  *><(>><b c>"),
        ('w "`w @`" @', ["a  *", "b c"], "<<a  *>><b c>"),
        ("(w '@'); w a#@", ["a b", "c d"], "<a b><a#c d>"),
        ("w $((@ + (1 << 2))) @", ["1", "a b"], "<5><a b>"),
        ("cat <<E; cat <<-\\F; w @\n@ '\nE\n\tit's\n\tF\nw @", ["a b", "c  d", "e f"], "c  d '\nit's\n<a b><e f>"),
    ],
)
def test_a_value_is_one_word_in_substitutions_comments_and_documents(command: str, values: list[str], expected: str) -> None:
    """As by the shell's own rules of where quotes begin and end."""
    assert printed(command, *values) == expected


def test_a_value_that_the_shell_would_not_look_for_is_refused() -> None:
    """Within a here-document whose word is quoted."""
    with pytest.raises(ValueError, match="write <<E"):
        printed("cat <<'E'\n@\nE", "a")
