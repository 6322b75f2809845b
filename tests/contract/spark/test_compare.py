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
from tests.contract.spark import table
from tests.contract.spark.canonical import Canon
from tests.contract.spark.compare import Point, bare, points, telling
from tests.contract.spark.engines import run_as_usual
from tests.contract.spark.register import Collected, Failure, topics

ERROR = {"error": "A", "condition": "X", "message": "one"}


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


def kinds(spark: Any, other: Any) -> dict[str, str]:
    """The kinds of the points of two answers by their places."""
    return {place: point.kind for place, point in points(spark, other).items()}


def wide(*rows: tuple[Any, ...], first: str = "integer") -> dict[str, Any]:
    """A frame of columns a, b and so on as an answer; ``first`` is the type of a."""
    fields = [{"name": name, "type": first if name == "a" else "integer"} for name, _ in zip("abcd", rows[0])]
    told = [{"row": [[name, value] for name, value in zip("abcd", row)]} for row in rows]
    return {"schema": {"type": "struct", "fields": fields}, "nullable": [], "rows": sorted(told, key=repr)}


def test_the_kinds_of_points() -> None:
    """Equal, refused, different; two errors are equal, and columns that may hold nulls and those that may not."""
    assert kinds(wide((1, 2)), {**wide((1, 2)), "nullable": [".a"]}) == {}
    assert kinds(ERROR, {"error": "B"}) == {}
    assert kinds(wide((1, 2)), ERROR) == {"": "refused"}
    assert kinds(ERROR, wide((1, 2))) == {"": "differs"}
    assert kinds([1, 2], [1]) == {"": "differs"}


def test_a_breakdown_is_no_refusal() -> None:
    """A call that broke, a process that ended and one that hung are told apart from errors, also where Spark has an error."""
    broken = {
        "error": "SparkConnectGrpcException",
        "message": '<_MultiThreadedRendezvous of RPC that terminated with: details = "Stream removed"',
    }
    for crash in (broken, {"error": "EngineLost"}, {"error": "TooLongError", "message": ""}):
        assert kinds(wide((1, 2)), crash) == kinds(ERROR, crash) == {"": "crashed"}
        assert kinds([1, ERROR], [1, crash]) == {"[1]": "crashed"}


def test_each_part_of_an_answer_has_a_point_of_its_own() -> None:
    """Elements of lists and maps, columns of rows, their types beside their values, names of columns, rows that are more or stand otherwise."""
    assert kinds([wide((1, 2)), 2, 3], [ERROR, 3, 3]) == {"[0]": "refused", "[1]": "differs"}
    assert kinds({"tuple": [1, [2, 3]]}, {"tuple": [1, [2, 4]]}) == {"[1][1]": "differs"}
    assert kinds({"map": [["k", 1], ["l", 1]]}, {"map": [["k", 1], ["l", 2]]}) == {"{l}": "differs"}
    assert kinds(wide((1, 2), (3, 4)), wide((1, 2), (3, 5))) == {".b": "differs"}
    assert kinds(wide((1, 2)), wide((1, 3), first="long")) == {".a:type": "differs", ".b": "differs"}
    assert kinds(wide((1, 2)), wide((1, 2), (1, 2))) == {":rows": "differs"}
    assert kinds(wide((1, 2), (3, 4)), wide((1, 4), (3, 2))) == {":rows": "differs"}
    assert kinds(wide((1, 2, 7), (3, 4, 7)), wide((1, 4, 8), (3, 2, 7))) == {".c": "differs", ":rows": "differs"}
    rows = [{"row": [["a", 1], ["b", 2]]}, {"row": [["a", 3], ["b", 4]]}]
    assert kinds(rows, rows[::-1]) == {":rows": "differs"}
    assert kinds(rows[0], {"row": [["a", 1], ["c", 2]]}) == {":columns": "differs"}
    assert kinds(rows[0], {"row": [["a", 1], ["c", 3]]}) == {":columns": "differs", ".b": "differs"}
    assert kinds(rows[0], {"row": [["b", 2], ["a", 0]]}) == {":columns": "differs", ".a": "differs"}
    described = {"schema": {"fields": [{"name": "a", "type": "integer", "metadata": {"comment": "x"}}]}, "rows": []}
    assert kinds(described, {"schema": {"fields": [{"name": "a", "type": "integer"}]}, "rows": []}) == {".a:metadata": "differs"}
    assert kinds({"pandas": [["a", "int64", [1]]]}, {"pandas": [["a", "object", [1]]]}) == {".a:type": "differs"}


def test_the_telling_point() -> None:
    """The first where all follows from it, else one that differs without an error."""
    refused, differs = Point("refused", 1, ERROR), Point("differs", 1, 2)
    assert telling([refused, differs], in_order=True) == refused
    assert telling([refused, differs], in_order=False) == differs
    assert telling([refused], in_order=False) == refused


def test_what_a_point_answers_is_kept_whole() -> None:
    """A difference beyond what is told in a few words is news, and so are a kind, a place that is new, and one that is gone."""
    before = {name: table.as_known(Point("differs", 1, [*range(9), last]), "key") for name, last in (("x", 1), ("y", 2))}
    point = Point("differs", 1, [*range(9), 1])
    assert before["x"].sail == before["y"].sail
    assert table.news({"x": point}, {"x": before["x"]}) == []
    assert [line.partition("\n")[0] for line in table.news({"x": point, "z": point}, before)] == [
        "z (differs), which was equal",
        "y is equal, and was differs",
    ]
    assert (
        len(table.news({"x": point}, {"x": before["y"]}))
        == len(table.news({"x": Point("refused", 1, point.other)}, {"x": before["x"]}))
        == 1
    )


def test_every_known_point_is_told_by_an_entry_of_the_table() -> None:
    """And every entry tells points of just the programs that it names, with the answer of one of the first of these."""
    kept, entries = table.known(), table.stored()
    assert {point.entry for places in kept.values() for point in places.values()} == {entry["key"] for entry in entries}
    assert set(kept) <= set(topics())
    for entry in entries:
        assert sorted(entry["programs"]) == sorted(table.showing(entry["key"], kept)), entry["key"]
        own = [(point.kind, point.sail) for point in kept[entry["programs"][0]].values() if point.entry == entry["key"]]
        assert any(entry["kind"] == kind and entry["sail"].startswith(sail) for kind, sail in own), entry["key"]
    assert len({entry["key"] for entry in entries}) == len(entries)


def test_rows_that_were_asked_for_keep_their_types() -> None:
    """A query that was attempted is compared as the frame that it was."""

    class Schema:
        def jsonValue(self) -> Any:  # noqa: N802  (Spark's name)
            return {"type": "struct", "fields": [{"name": "a", "type": "long", "nullable": True, "metadata": {}}]}

    told = Canon({}).answer([Collected(Schema(), [2, 1])])
    assert told == [{"schema": {"type": "struct", "fields": [{"name": "a", "type": "long"}]}, "nullable": [], "rows": [1, 2]}]


def test_some_programs_of_each_topic_are_run_with_usual_settings() -> None:
    """The same each time."""
    chosen = run_as_usual()
    assert {topics()[name] for name in chosen} == set(topics().values())
    assert chosen == run_as_usual()


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
