"""A plan as text, as JSON and as Mermaid."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.flow import Operator, RunIf
from nbflow.core.values import ValueType
from nbflow.define.notebooks.notebook import Notebook
from nbflow.define.notebooks.parameters import Parameter
from nbflow.define.pipelines.flow import Dependency, Expectation
from nbflow.plan.engines import PlannedEngine
from nbflow.plan.export.document import plan_document
from nbflow.plan.export.mermaid import plan_mermaid
from nbflow.plan.export.text import plan_text
from nbflow.plan.plan import Argument, Plan, PlannedTask, Stored
from nbflow.plan.work import ConditionWork, ForEachWork, NotebookWork


def _task(key: str, arguments: tuple[Argument, ...] = (), after: tuple[str, ...] = (), spark: bool = False) -> PlannedTask:
    notebook = Notebook(Path("/w/notebooks/layer.ipynb"), {}, "ab" * 32, uses_spark=spark)
    return PlannedTask(key, NotebookWork(notebook), arguments, after)


def _plan(*tasks: PlannedTask, **more: object) -> Plan:
    return Plan("medallion", tasks, Path("/w/pipelines/medallion.yml"), **more)  # type: ignore[arg-type]


DAY = Argument("day", date(2026, 1, 31), ValueType("date"), "run")
LATE = Argument("rows", "{{tasks.a.values.rows}}", ValueType("int"), "task", late=True)
WORKED_OUT = Argument(
    "end", "day + 1", ValueType("any"), "notebook",
    declared=Parameter("end", ValueType("any"), None, "day + 1", default_is_expression=True),
)  # fmt: skip


def test_text_tells_every_value_with_its_origin() -> None:
    """Each parameter stands in the text with its value and its origin, late ones and expressions as written."""
    text = plan_text(_plan(_task("a", (DAY, WORKED_OUT)), _task("b", (LATE,), ("a",)), left_out=("c",)))
    assert re.search(r'day\s+= "2026-01-31"\s+\(given\)', text)
    assert re.search(r"end\s+= day \+ 1\s+\(default, an expression\)", text)
    assert re.search(r"rows = \{\{tasks\.a\.values\.rows\}\}\s+\(task, known when the task starts\)", text)
    assert re.search(r"^2\. b .* after a$", text, re.MULTILINE)
    assert "left out: c" in text


def test_control_flow_is_told_in_every_form() -> None:
    """What is asked of parents, the steps of a for_each, what is disabled; conditions have a shape and their branches a word."""
    gate = PlannedTask("gate", ConditionWork(Operator.LESS_THAN, "{{x}} < 3", Path("/w")), (), ("a",))
    yes = replace(_task("yes", (), ("gate",)), edges=(Dependency("gate", "true"),))
    loop = PlannedTask("loop", ForEachWork((_task("one", (LATE,)),), 2, "[1, 2]", Path("/w")), (), ("yes",))
    tidy = replace(_task("tidy", (), ("loop",)), run_if=RunIf.ALL_DONE)
    off = replace(_task("off"), disabled="the task is disabled", expect=Expectation({"a.b": 1}))
    plan = _plan(_task("a"), gate, yes, loop, tidy, off, left_out=("z",), stored={"z": Stored(7, {"k": 1})})
    text = plan_text(plan)
    for line in (
        r"2\. gate  \{\{x\}\} < 3  after a", r"3\. yes .* after gate \(true\)", r"   for_each, 2 at a time", r"   1\. one .*layer\.ipynb",
        r"5\. tidy .* after loop, run_if ALL_DONE", r"   disabled, kernel python3", r"left out: z \(values of run 7\)",
    ):  # fmt: skip
        assert re.search(f"^{line}$", text, re.MULTILINE), line
    tasks = {task["task_key"]: task for task in plan_document(plan)["tasks"]}
    assert (tasks["gate"]["kind"], tasks["gate"]["operator"]) == ("condition", "LESS_THAN")
    assert tasks["yes"]["edges"] == [{"task_key": "gate", "outcome": "true", "run_if": None}]
    assert (tasks["loop"]["concurrency"], [step["task_key"] for step in tasks["loop"]["steps"]]) == (2, ["one"])
    assert (tasks["tidy"]["run_if"], tasks["off"]["disabled"], tasks["off"]["expect"]) == (
        "ALL_DONE", "the task is disabled", {"tables": {"a.b": 1}, "values": []},
    )  # fmt: skip
    drawn = plan_mermaid(plan)
    assert 't2{"gate' in drawn and "t2 -->|true| t3" in drawn and "t4 -->|ALL_DONE| t5" in drawn
    two = replace(loop, depends_on=(), work=replace(loop.work, steps=(_task("one", (LATE,)), _task("two", (), ("one",)))))
    lines = [line.strip() for line in plan_mermaid(_plan(two)).splitlines()]
    assert [line for line in lines if ">" in line and not line.startswith(("t1[", "t1s1[", "t1s2["))] == [
        "t1 -.->|each item| t1s1",
        "t1s1 --> t1s2",
    ]
    assert any(line.startswith('t1s2["two') for line in lines)


def test_text_names_the_engine_and_whether_it_is_needed() -> None:
    """The Spark engine stands in the heading, with a word where no task needs it."""
    assert "Spark engine: spark (not needed)" in plan_text(_plan(_task("a")))
    assert "Spark engine: spark\n" in plan_text(_plan(_task("a", spark=True)))


def test_clusters_are_shown_without_what_is_secret() -> None:
    """A cluster with its engine, the names of its settings, and its workers; neither their values nor a token."""
    task = replace(_task("a", spark=True), engine="far")
    far = PlannedEngine("far", "sc://h:1/;token=hush", {"fs.s3a.secret.key": "hush"}, (("far", 8),))
    plan = _plan(task, _task("b", spark=True), engines=(PlannedEngine(), far, PlannedEngine("unused", "sail")))
    text, document = plan_text(plan), plan_document(plan)
    assert "Spark engine: spark, sc://h:1\n" in text
    assert "cluster far: sc://h:1; Spark settings fs.s3a.secret.key; 8 workers on Databricks, none here" in text
    assert "uses Spark on cluster far" in text
    assert "unused" not in text
    assert document["engines"][1] == {
        "key": "far",
        "engine": "sc://h:1",
        "spark_conf": ["fs.s3a.secret.key"],
        "clusters": [{"key": "far", "num_workers": 8}],
    }
    assert [item["engine"] for item in document["tasks"]] == ["far", ""]
    assert "hush" not in text + json.dumps(document)


def test_document_is_json_whatever_the_values_are() -> None:
    """The document is JSON although values are dates, sets, paths, numbers that JSON has not, or strangers."""
    strange = [{1, 2}, Path("/x"), float("nan"), 1 + 2j, [date(2026, 1, 1)], {"k": object}]
    arguments = tuple(Argument(f"p{at}", value, ValueType("any"), "task") for at, value in enumerate(strange))
    document = plan_document(_plan(_task("a", (DAY, *arguments)), parameters={"x": complex(1)}))
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again == document
    assert again["version"] == 1
    assert again["tasks"][0]["parameters"][0] == {
        "name": "day", "type": "date", "value": "2026-01-31", "origin": "run", "late": False, "expression": False,
    }  # fmt: skip


def test_mermaid_draws_each_task_and_each_dependency_once() -> None:
    """The flowchart has one node for each task and one edge for each dependency."""
    text = plan_mermaid(_plan(_task("a"), _task("b", (), ("a",)), _task("c", (), ("a", "b"))))
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "flowchart TD"
    assert [line for line in lines if "-->" in line] == ["t1 --> t2", "t1 --> t3", "t2 --> t3"]
    assert sum(line.startswith("t") and "[" in line for line in lines) == 3


@given(st.text(min_size=1))
def test_mermaid_labels_cannot_break_out(text: str) -> None:
    """Whatever a value holds, its label stays within its quotes and reads back as that value."""
    drawn = plan_mermaid(_plan(_task("a", (Argument("x", text, ValueType("str"), "task"),))))
    [line] = [line for line in drawn.split("\n") if line.strip().startswith("t1[")]
    label = re.fullmatch(r'\s*t1\["([^"]*)"\]', line)
    assert label
    told = label.group(1).split("<br/>", 2)[2]
    assert not set(told) & set('<>"\n`[]{}()')
    back = re.sub(r"#(\d+);", lambda found: chr(int(found.group(1))), told)
    whole = f"x = {json.dumps(text, ensure_ascii=False)}"
    assert back == whole or (back.endswith("...") and whole.startswith(back[:-3]))
