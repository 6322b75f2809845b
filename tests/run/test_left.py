"""What a task left in its exchange folder, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.run.endings import Ending
from nbflow.run.left import read_left


def left(folder: Path, values: bytes, exit_file: bytes | None = None) -> tuple[dict[str, object], str | None, int]:
    """Values, exit value and the number of troubles."""
    (folder / "values.jsonl").write_bytes(values)
    (folder / "exit.json").unlink(missing_ok=True)
    if exit_file is not None:
        (folder / "exit.json").write_bytes(exit_file)
    found = read_left(folder)
    return found.values, found.exit_value, len(found.troubles)


def test_what_is_no_value_has_no_effect_and_is_told(tmp_path: Path) -> None:
    """Bytes of another encoding, another shape, nested without end; the values around count. A torn last line is nothing."""
    good = b'{"key": "a", "value": 1}\n'
    deep = b'{"key": "d", "value": ' + b"[" * 500 + b"]" * 500 + b"}\n"
    deeper = b'{"key": "d", "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    assert left(tmp_path, b"\xff\n" + good + b'{"key": 1}\n[]\n' + deep + deeper + b"\n" + b'{"key": "b", "va') == ({"a": 1}, None, 5)
    assert left(tmp_path, good + b'{"key": "b", "value": 2}') == ({"a": 1, "b": 2}, None, 0)
    assert left(tmp_path, b"", b'{"value": "done"}') == ({}, "done", 0)
    assert left(tmp_path, b"", b"\xff") == ({}, None, 1)
    assert left(tmp_path, b"", b'{"value": null}') == ({}, None, 0)


def test_a_success_holds_only_with_all_that_was_set(tmp_path: Path) -> None:
    """What cannot be taken fails it, also a last line that was never finished; a failure stays what it was, and so does a success without."""
    good, failed = Ending(Result.SUCCESS, ended_at_cell=3), Ending(Result.FAILED, TaskError(ErrorKind.EXIT, "x"))
    values = tmp_path / "values.jsonl"
    for text, told in [
        ("x\n[]\n", "line 1 of values.jsonl is no task value (Expecting value: line 1 column 1 (char 0)) (and 1 more)"),
        ('{"key": 5, "value": 1}\n', 'it must be {"key": text, "value": anything that JSON holds}'),
        ('{"key": "a", "va', "line 1 of values.jsonl is no task value, and has no end"),
    ]:
        values.write_text(text)
        ended = read_left(tmp_path).held_to(good)
        assert (ended.result, ended.ended_at_cell) == (Result.FAILED, 3) and ended.error is not None
        assert ended.error.kind is ErrorKind.TASK_VALUE and told in ended.error.message
        assert read_left(tmp_path).held_to(failed) == failed
    values.write_text('{"key": "a", "value": null}')
    assert read_left(tmp_path).held_to(good) == good


def test_what_json_does_not_hold_is_refused_whoever_wrote_it(tmp_path: Path) -> None:
    """NaN and infinities, which Python reads and ``dbutils`` refuses."""
    for constant in ("NaN", "[1, Infinity]", '{"a": -Infinity}'):
        (tmp_path / "values.jsonl").write_text(f'{{"key": "n", "value": {constant}}}\n')
        found = read_left(tmp_path)
        assert found.values == {} and "is nothing that JSON holds" in found.troubles[0]


def test_a_value_over_the_cap_is_refused_whoever_wrote_it(tmp_path: Path) -> None:
    """With the way out: a table, and its name. One byte less is good."""
    (tmp_path / "values.jsonl").write_text(json.dumps({"key": "big", "value": "x" * 99}) + "\n")
    assert read_left(tmp_path, 101).values == {"big": "x" * 99}
    found = read_left(tmp_path, 100)
    assert found.values == {} and "'big' has 101 bytes as JSON, 100 are allowed: write a table" in found.troubles[0]


@given(st.dictionaries(st.text(min_size=1), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)))
def test_whatever_json_holds_arrives(values: dict[str, object]) -> None:
    """Also with the line ends of other alphabets, written as they are."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lines = [json.dumps({"key": key, "value": value}, ensure_ascii=False) for key, value in values.items()]
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
        assert left(Path(folder), text)[0] == values
