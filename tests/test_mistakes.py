"""One wrong thing in a definition is told as one mistake: what only follows from it is not told besides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from nbflow.core.errors import DefinitionError
from nbflow.workspace import Workspace

NOTEBOOK = '# %% tags=["parameters"]\nn: int = 1\nday: str = "x"\n'
CHILD = "parameters: {a: 1}\ntasks: [{task_key: t, notebook: n, parameters: {day: '{{job.parameters.a}}'}}]\n"
JOB: dict[str, Any] = {
    "name": "p", "description": "d", "timeout_seconds": 100, "timezone": "UTC", "engine": "spark",
    "parameters": {"start": "2026-01-01", "rate": 3},
    "job_clusters": [{"job_cluster_key": "c", "new_cluster": {"num_workers": 1, "spark_conf": {"spark.sql.ansi.enabled": "true"}}}],
    "tasks": [
        {
            "task_key": "nb", "notebook": "n", "parameters": {"n": 3, "day": "{{job.parameters.start}}"}, "max_retries": 1, "kernel": "python3",
            "min_retry_interval_millis": 5, "retry_on_timeout": True, "timeout_seconds": 5, "cell_timeout_seconds": 4, "job_cluster_key": "c",
        },
        {
            "task_key": "long", "depends_on": [{"task_key": "nb"}],
            "notebook_task": {"notebook_path": "n", "base_parameters": {"day": "{{tasks.nb.values.k}}"}},
        },
        {"task_key": "prog", "spark_python_task": {"python_file": "s.py", "parameters": ["--x", "{{job.parameters.rate}}"]}},
        {"task_key": "short", "script": "s.py", "parameters": ["a"]},
        {"task_key": "sh", "command": "echo {{task.name}}", "expect": {"values": ["x"]}},
        {"task_key": "sql", "sql": "q.sql", "parameters": {"lim": "{{job.run_id}}"}},
        {
            "task_key": "cond", "depends_on": "prog",
            "condition_task": {"left": "{{tasks.prog.values.k}}", "op": "GREATER_THAN", "right": "3"},
        },
        {"task_key": "yes", "notebook": "n", "depends_on": [{"task_key": "cond", "outcome": "true"}], "run_if": "ALL_DONE"},
        {
            "task_key": "loop",
            "for_each_task": {"inputs": ["1"], "concurrency": 2, "task": {"task_key": "inner", "notebook": "n", "parameters": {"n": "{{input}}"}}},
        },
        {"task_key": "child", "run_job_task": {"job_name": "child", "job_parameters": {"a": 1}}},
        {
            "task_key": "steps",
            "for_each_task": {
                "inputs": "[1, 2]",
                "tasks": [{"task_key": "s1", "notebook": "n"}, {"task_key": "s2", "command": "echo {{tasks.s1.values.q}}", "depends_on": ["s1"]}],
            },
        },
    ],
}  # fmt: skip

Change = Callable[[Any, Any], None]


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], list[str]]:
    """What is wrong in a job, or in the job ``j`` of a bundle."""
    root = tmp_path_factory.mktemp("mistakes")
    (root / "pipelines").mkdir()
    for name, text in {"n.py": NOTEBOOK, "s.py": "print(1)\n", "q.sql": "select :lim as x\n", "child.yml": CHILD}.items():
        (root / "pipelines" / name).write_text(text)

    def told(document: Any, **call: Any) -> list[str]:
        (root / "pipelines/p.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        try:
            Workspace.find(root).plan("p", call.pop("given", {}), root, **call)
        except DefinitionError as error:
            return list(map(str, error.mistakes))
        return []

    return told


def _places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every entry of every map and list below ``node``."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*at, key)
        yield from _places(value, (*at, key))


def _rename(parent: Any, key: Any) -> None:
    pairs = [(f"{name}zzq" if name == key else name, value) for name, value in parent.items()]
    parent.clear()
    parent.update(pairs)


def _set(value: Any) -> Change:
    return lambda parent, key: parent.__setitem__(key, value)


CHANGES: dict[str, tuple[Change, Callable[[Any, Any], bool]]] = {
    "misspelt": (_rename, lambda parent, _: isinstance(parent, dict)),
    "nothing": (_set(None), lambda *_: True),
    "a list": (_set([[3]]), lambda *_: True),
    "unknown reference": (_set("{{nope}}"), lambda parent, key: key != "task_key"),
    "half a reference": (_set("{{job.parameters.}}"), lambda parent, key: key != "task_key" and isinstance(parent[key], str)),
    "out of the calendar": (
        _set("{{job.start_time.iso_date | plus_days(99999999)}}"), lambda parent, key: key != "task_key" and isinstance(parent[key], str),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_one_wrong_thing_is_one_mistake(mistakes: Callable[[Any], list[str]], change: str) -> None:
    """Each entry of a job with all kinds of tasks, made wrong in this way: what other places say of it is not wrong besides."""
    assert mistakes(JOB) == []
    apply, fits = CHANGES[change]
    counts = {}
    for at in list(_places(JOB)):
        document: Any = copy.deepcopy(JOB)
        parent = document
        for step in at[:-1]:
            parent = parent[step]
        if fits(parent, at[-1]):
            apply(parent, at[-1])
            counts[at] = mistakes(document)
    assert {at: told for at, told in counts.items() if len(told) > 1} == {}
    assert sum(len(told) for told in counts.values()) > len(counts) / 2  # most of them are wrong, and told


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start": "{{nope}}"}, ["-p start"]),
        ({"rate": "{{tasks.nb.values.k}}", "start": "{{job.parameters.rate}}"}, ["-p start"]),
        ({"n": "{{nope}}"}, ["-p n"]),
        ({"n": "many"}, ["-p n"]),
        ({"start": "{{job.start_time.iso_date | plus_days(99999999)}}"}, ["-p start"]),
    ],
)
def test_a_wrong_value_of_the_call_is_one_mistake(mistakes: Any, given: dict[str, str], expected: list[str]) -> None:
    """Told where it was given, and not where tasks refer to it."""
    assert [told.partition(":")[0] for told in mistakes(JOB, given=given)] == expected


def _bundle(**more: Any) -> dict[str, Any]:
    tasks = [
        {"task_key": "a", "max_retries": "${var.v}", "notebook_task": {"notebook_path": "n", "base_parameters": {"n": "${var.v}"}}},
        {"task_key": "b", "notebook_task": {"notebook_path": "${var.v}"}, "timeout_seconds": "${var.v}"},
        {"task_key": "c", "depends_on": [{"task_key": "${var.v}"}], "notebook_task": {"notebook_path": "n"}},
    ]
    job = {"name": "j", "parameters": [{"name": "n", "default": "${var.v}"}], "tasks": tasks}
    return {"bundle": {"name": "b"}, "variables": {"v": {}}, "resources": {"jobs": {"j": job}}, **more}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"v": {}}, "the variable 'v' has no value"),
        ({"v": None}, "the variable 'v' has no value"),
        ({"v": {"lookup": {"cluster": "x"}}}, "the variable 'v' has no value"),
        ({"v": 3}, "variables.v: takes a map"),
        ({"v": {"default": "${var.w}"}}, "has no variable 'w'"),
        (3, "variables: takes a map"),
    ],
)
def test_a_variable_without_a_value_is_one_mistake(mistakes: Any, variables: Any, expected: str) -> None:
    """However many places use it, and whatever these take: numbers, paths, keys of tasks, typed parameters."""
    told = mistakes(_bundle(variables=variables))
    assert len(told) == 1 and expected in told[0], told


def test_a_wrong_target_is_one_mistake(mistakes: Any) -> None:
    """Of which it may be the default one."""
    good = {"dev": {"default": True, "variables": {"v": "n"}}, "prod": {}}
    for key, value in {"default": "yes", "defaultt": True, "resources": 3}.items():
        targets = {**good, "dev": {"variables": {"v": 1}, **({} if key == "defaultt" else {"default": True}), key: value}}
        document = _bundle(targets=targets)
        del document["resources"]["jobs"]["j"]["tasks"][1:]
        told = mistakes(document)
        assert len(told) == 1 and f"targets.dev.{key}" in told[0], told


def test_a_step_that_depends_on_nobody_is_told(mistakes: Any) -> None:
    """Inside of a for_each: it was a fault of nbflow, where a reference stood beside it."""
    document = copy.deepcopy(JOB)
    document["tasks"][-1]["for_each_task"]["tasks"][1]["depends_on"] = ["s0"]
    assert [told.partition(": ")[2].partition(" (")[0] for told in mistakes(document)] == [
        "tasks[10].for_each_task.tasks[1].depends_on[0]: there is no task 's0' inside of 'steps'"
    ]


def test_a_circle_inside_hides_nothing(mistakes: Any) -> None:
    """Steps that depend on one another in a circle are told with what is wrong elsewhere."""
    document = copy.deepcopy(JOB)
    document["tasks"][0]["parameters"]["n"] = "many"
    document["tasks"][-1]["for_each_task"]["tasks"][0]["depends_on"] = ["s2"]
    told = mistakes(document)
    assert len(told) == 2 and "expected a whole number" in told[0] and "in a circle: s1 -> s2 -> s1" in told[1], told
