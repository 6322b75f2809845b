"""The line that gives widgets their values back."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.injection import restore_line

_values = st.dictionaries(st.text(), st.tuples(st.just("any"), st.text() | st.integers() | st.none() | st.lists(st.text())), max_size=4)


@given(_values)
def test_it_is_one_line_that_carries_its_values_unharmed(values: dict[str, tuple[str, object]]) -> None:
    """Whatever the names and values are, the line is ASCII, parses, and hands exactly these values to the code in it."""
    line = restore_line(values)
    assert line.isascii()
    assert "\n" not in line
    seen: list[dict[str, str]] = []
    exec(line, {"exec": lambda code, namespace: seen.append(namespace)})  # in place of Python's own
    assert json.loads(seen[0]["values"]) == {name: list(value) for name, value in values.items()}


def test_it_is_harmless_where_nbflow_is_not_there() -> None:
    """A Python that does not find nbflow runs the line and leaves the names as they are."""
    line = restore_line({"a": ("int", 5)})
    code = f"import sys\nsys.modules['nbflow'] = None\nbefore = set(globals())\n{line}\nprint(set(globals()) - before)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'before'}"
