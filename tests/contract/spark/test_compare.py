"""The suite's own measure: what it tells apart, and what it takes for the same."""

from __future__ import annotations

import ast
import datetime
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

from nbflow.plan.differences import Signs, found_in, known_differences
from tests.contract.spark.canonical import Canon
from tests.contract.spark.compare import bare, judged
from tests.contract.spark.register import Failure, topics

ERROR = {"error": "A", "condition": "X", "message": "one"}


def frame(rows: list[Any], kind: str = "integer", nullable: tuple[str, ...] = ()) -> dict[str, Any]:
    """A frame of one column as an answer."""
    return {"schema": {"type": "struct", "fields": [{"name": "a", "type": kind}]}, "nullable": list(nullable), "rows": rows}


def test_values_that_python_takes_for_one_are_told_apart() -> None:
    """By type and scale, also where ``==`` holds."""
    values = [
        1, 1.0, True, "1", Decimal("1"), Decimal("1.0"), None, "None", b"1", bytearray(b"2"), [1], (1,), {1}, {1: 1}, 0.0, -0.0, float("nan"),
        datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1), datetime.timedelta(days=1), "nan",
    ]  # fmt: skip
    canon = Canon({})
    for one, two in combinations(values, 2):
        assert repr(canon.answer(one)) != repr(canon.answer(two)), (one, two)


def test_paths_stand_for_themselves() -> None:
    """What differs from engine to engine is replaced, within errors too."""
    canon = Canon({"/tmp/x": "<place>"})
    assert canon.answer(["file:/tmp/x/a", Failure(ValueError("no /tmp/x"))]) == [
        "file:<place>/a", {"error": "ValueError", "message": "no <place>"},
    ]  # fmt: skip


def test_the_kinds_of_points() -> None:
    """Equal, refused, different; two errors are equal, and columns that may hold nulls and those that may not."""
    assert judged(frame([1]), frame([1], nullable=(".a",)), in_order=False) is None
    assert judged(ERROR, {"error": "B"}, in_order=False) is None
    kinds = [
        (judged(frame([1]), ERROR, in_order=False), "refused"),
        (judged(ERROR, frame([1]), in_order=False), "differs"),
        (judged(frame([1]), frame([2]), in_order=False), "differs"),
        (judged(frame([1]), frame([1], "long"), in_order=False), "differs"),
        (judged([1, 2], [1], in_order=False), "differs"),
        (judged([frame([1]), 2], [ERROR, 3], in_order=False), "differs"),
        (judged([frame([1]), 2], [ERROR, 3], in_order=True), "refused"),
    ]
    assert [point.kind if point else None for point, _ in kinds] == [kind for _, kind in kinds]


def test_messages_are_not_compared_and_conditions_are() -> None:
    """On the attached driver an error is the same by its class and condition."""
    assert bare([ERROR]) == bare([{**ERROR, "message": "two"}])
    assert bare([ERROR]) != bare([{**ERROR, "condition": "Y"}])


def test_the_suite_is_as_large_as_it_is_meant_to_be() -> None:
    """And is found without importing it, which would import pyspark."""
    assert len(topics()) >= 200
    assert "tests.contract.spark.programs.tables" not in sys.modules


def test_the_signs_find_the_programs_that_show_a_difference() -> None:
    """Of each difference that can be found by reading, in the text of one of its programs at least, or in what that takes from its module."""
    found = dict(_found_in_programs())
    for difference in known_differences():
        if difference.signs != Signs():
            assert any(difference.key in found[name] for name in difference.programs), difference.key


def _found_in_programs() -> Iterator[tuple[str, set[str]]]:
    """Each function of the suite's programs, with the differences that reading finds: in its Python, in its texts as SQL, and in the
    constants of its module that it uses."""
    for path in (Path(__file__).parent / "programs").glob("*.py"):
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        constants = {
            node.targets[0].id: node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for function in tree.body:
            if isinstance(function, ast.FunctionDef):
                used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                parts = [function, *(node for name, node in constants.items() if name in used)]
                sources = [(ast.get_source_segment(text, part) or "", "python") for part in parts]
                sources += [
                    (node.value, "sql") for node in ast.walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)
                ]
                yield function.name, {difference.key for source in sources for difference, _ in found_in(*source)}
