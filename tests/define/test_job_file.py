"""Pipeline files: what they mean, and every mistake at once with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.core.errors import DefinitionError, Mistake
from nbflow.define.job_file import read_job_file
from nbflow.define.order import find_cycle
from nbflow.define.pipeline import Pipeline


def read(tmp_path: Path, text: str | bytes) -> Pipeline:
    """The pipeline of a file with this text."""
    path = tmp_path / "p.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return read_job_file(path, shown="p.yml")


def mistakes(tmp_path: Path, text: str | bytes) -> list[Mistake]:
    """The mistakes in a file with this text."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    return list(caught.value.mistakes)


TASK = "  - task_key: one\n    notebook: n.ipynb\n"


def test_the_shorthands_mean_the_long_form(tmp_path: Path) -> None:
    """notebook, parameters and depends_on in short are exactly notebook_task, base_parameters and {task_key}."""
    short = read(
        tmp_path,
        "parameters: {day: monday}\ntasks:\n" + TASK + "  - task_key: two\n    notebook: m\n    parameters: {a: 1}\n    depends_on: [one]\n",
    )
    long = read(
        tmp_path,
        "parameters: [{name: day, default: monday}]\ntasks:\n  - task_key: one\n    notebook_task: {notebook_path: n.ipynb}\n"
        "  - task_key: two\n    depends_on: [{task_key: one}]\n    notebook_task:\n      notebook_path: m\n      base_parameters: {a: 1}\n",
    )
    assert short == long


def test_a_job_of_a_databricks_bundle_is_a_valid_file(tmp_path: Path) -> None:
    """Known keys without effect are one warning each; the job's key is its name."""
    pipeline = read(
        tmp_path,
        "resources:\n  jobs:\n    orders:\n      schedule: {quartz_cron_expression: '0 0 5 * * ?', timezone_id: UTC}\n"
        "      queue: {enabled: true}\n      tasks:\n        - task_key: a\n          job_cluster_key: main\n          max_retries: 2\n"
        "          run_if: ALL_SUCCESS\n          notebook_task: {notebook_path: ../src/a.ipynb, source: WORKSPACE}\n",
    )
    assert (pipeline.name, pipeline.tasks[0].max_retries) == ("orders", 2)
    assert [warning.split()[1] for warning in pipeline.warnings] == [
        "resources.jobs.orders.schedule", "resources.jobs.orders.queue", "resources.jobs.orders.tasks[0].job_cluster_key",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"), ("on", "on"), ("yes", "yes"), ("012", 12), ("0o14", 12), ("0x1F", 31), ("12:30", "12:30"), ("12:30:45", "12:30:45"),
        ("1e5", 100000.0), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"), ("~", None), ("null", None), ("true", True),
        ("False", False), (".5", 0.5), ("-3", -3), ("'007'", "007"), ('"true"', "true"), (".inf", float("inf")), ("a: b", {"a": "b"}),
        ("[1, x]", [1, "x"]), ("=", "="), ("!!str 5", "5"),
    ],
)  # fmt: skip
def test_scalars_are_what_they_look_like(tmp_path: Path, written: str, value: Any) -> None:
    """YAML 1.2's core schema: NO is a country, 12:30 a time of day, 1e5 a number."""
    indented = f"\n        {written}" if ": " in written else f" {written}"
    pipeline = read(tmp_path, f"tasks:\n{TASK}    parameters:\n      x:{indented}\n")
    assert pipeline.tasks[0].parameters["x"] == value


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    """Own keys win over merged ones, earlier merges over later ones."""
    text = (
        "tasks:\n  - task_key: one\n    notebook_task: &nb\n      notebook_path: n\n      base_parameters: &p {a: 1, b: 2}\n"
        "  - task_key: two\n    notebook_task:\n      <<: *nb\n      base_parameters:\n        <<: [*p, {b: 9, c: 3}]\n        a: 7\n"
    )
    assert dict(read(tmp_path, text).tasks[1].parameters) == {"a": 7, "b": 2, "c": 3}


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Each with file, line, key, and a suggestion where one is near."""
    found = mistakes(
        tmp_path,
        "nam: x\ntasks:\n  - task_key: bronze\n    notebook: n\n    max_retries: many\n  - task_key: silver\n    notebook: n\n"
        "    depends_on: [brnze]\n  - task_key: silver\n    notebook: n\n    timeout_seconds: -1\n  - notebook: n\n",
    )
    assert [(item.file, item.line, item.key) for item in found] == [
        ("p.yml", 1, "nam"), ("p.yml", 5, "tasks[0].max_retries"), ("p.yml", 8, "tasks[1].depends_on[0]"),
        ("p.yml", 9, "tasks[2].task_key"), ("p.yml", 11, "tasks[2].timeout_seconds"), ("p.yml", 12, "tasks[3]"),
    ]  # fmt: skip
    assert found[0].hint == "did you mean 'name'?"
    assert found[2].hint == "did you mean 'bronze'?"
    assert "first in line 6" in found[3].message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "empty"),
        ("# nothing\n", None, "empty"),
        ("- a\n", 1, "a list"),
        ("text", 1, "text"),
        ("tasks: []\n", 1, "no tasks"),
        ("tasks:\n  - task_key: a\n\tnotebook: n\n", 3, "tab"),
        ("tasks: [\n", 2, "no YAML"),
        ("a: 1\n---\nb: 2\n", 3, "more than one document"),
        ("tasks: 1\n".encode("utf-16"), 1, "UTF-16"),
        ("name: é\n".encode("latin-1"), 1, "not UTF-8"),
        (f"name: a\nname: b\ntasks:\n{TASK}", 2, "twice, first in line 1"),
        (f"tasks:\n{TASK}    notebook_task: {{notebook_path: n}}\n", 3, "beside notebook_task"),
        ("tasks:\n  - task_key: a b\n    notebook: n\n", 2, "no key for a task"),
        ("tasks:\n  - task_key: a\n", 2, "no notebook"),
        ("tasks:\n  - task_key: a\n    spark_jar_task: {main_class_name: X}\n", 3, "cannot be run"),
        (f"tasks:\n{TASK}    run_if: ALL_DONE\n", 4, "cannot be run"),
        ("a: &a\n  b: *a\n", None, "an alias refers to what it stands in"),
        ("resources: {jobs: {a: {tasks: []}, b: {tasks: []}}}\n", 1, "several jobs: a, b"),
    ],
)
def test_each_mistake_is_told_where_it_is(tmp_path: Path, text: str | bytes, line: int | None, words: str) -> None:
    """One mistake, one sentence: no traceback, and no noise that follows from it."""
    found = mistakes(tmp_path, text)
    assert len(found) == 1, found
    assert words in found[0].message
    assert line is None or found[0].line == line


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Files from Windows tools are read."""
    assert read(tmp_path, b"\xef\xbb\xbftasks:\n" + TASK.encode()).tasks[0].task_key == "one"


def test_an_alias_bomb_is_refused_quickly(tmp_path: Path) -> None:
    """Ten lines that expand to billions of values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
    assert "expand to more than a million" in mistakes(tmp_path, "\n".join(lines))[0].message


def test_a_cycle_is_told_as_a_path(tmp_path: Path) -> None:
    """The path follows the data and comes back to where it began."""
    tasks = "".join(f"  - {{task_key: {key}, notebook: n, depends_on: [{parent}]}}\n" for key, parent in ("ac", "ba", "cb"))
    found = mistakes(tmp_path, f"tasks:\n{tasks}")
    assert len(found) == 1
    path = found[0].message.rpartition(": ")[2].split(" -> ")
    assert path[0] == path[-1] and sorted(path[1:]) == ["a", "b", "c"]
    assert all((child, parent) in {("a", "c"), ("b", "a"), ("c", "b")} for parent, child in zip(path, path[1:]))


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3), max_size=6))
def test_a_cycle_is_found_exactly_when_there_is_one(edges: dict[str, list[str]]) -> None:
    """Against an oracle that removes what depends on nothing until nothing changes."""
    left = {key: {parent for parent in parents if parent in edges} for key, parents in edges.items()}
    while True:
        free = [key for key, parents in left.items() if not parents]
        if not free:
            break
        for key in free:
            del left[key]
        left = {key: parents - set(free) for key, parents in left.items()}
    found = find_cycle(edges)
    assert (found is not None) == bool(left)
    if found:
        assert all(found[place - 1] in edges[key] for place, key in enumerate(found))


def test_ten_thousand_tasks_are_read(tmp_path: Path) -> None:
    """A long chain is read without a stack of its length."""
    tasks = "".join(f"  - {{task_key: t{n}, notebook: n, depends_on: [{f't{n - 1}' if n else ''}]}}\n" for n in range(10_000))
    assert len(read(tmp_path, f"tasks:\n{tasks}").tasks) == 10_000
