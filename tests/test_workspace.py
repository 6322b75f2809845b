"""Definitions as the workspace joins them: the file's mistakes, its notebooks', and those of its values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from nbflow.core.errors import DefinitionError
from nbflow.workspace import Workspace

NOTEBOOK = '# %% tags=["parameters"]\nday: str = "x"\nlimit: int = 3\n'


def mistakes(
    root: Path, pipeline: str, given: Mapping[str, str] | None = None, only: tuple[str, ...] = ()
) -> list[tuple[int | None, str | None]]:
    """Line and key of every mistake that the pipeline of this text has in a workspace with one notebook."""
    (root / "pipelines").mkdir()
    (root / "pipelines" / "p.yml").write_text(pipeline)
    (root / "pipelines" / "n.py").write_text(NOTEBOOK)
    workspace = Workspace.find(root)
    with pytest.raises(DefinitionError) as caught:
        workspace.plan("p", given or {}, root, only)
    return [(mistake.line, mistake.key) for mistake in caught.value.mistakes]


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Keys, kinds of tasks, missing notebooks, values, dependencies; a task that cannot be run is told once."""
    text = (
        "tasks:\n  - task_key: one\n    pipeline_task: {pipeline_id: X}\n  - task_key: two\n    depends_on: [one]\n    notebook: n\n"
        "    parameters:\n      limit: many\n      dya: 3\n  - task_key: three\n    notebook: missing\n  - task_kye: four\n    depends_on: [tow]\n    notebook: n\n"
    )
    assert mistakes(tmp_path, text) == [
        (3, "tasks[0].pipeline_task"), (8, "tasks[1].parameters.limit"), (9, "tasks[1].parameters.dya"), (11, "tasks[2].notebook"),
        (12, "tasks[3].task_kye"), (13, "tasks[3].depends_on[0]"),
    ]  # fmt: skip


def test_a_circle_does_not_hide_other_mistakes(tmp_path: Path) -> None:
    """Nor is it told twice."""
    text = "tasks:\n  - {task_key: a, notebook: n, depends_on: [b]}\n  - {task_key: b, notebook: n, depends_on: [a], parameters: {x: 1}}\n"
    assert mistakes(tmp_path, text) == [(2, "tasks[0].depends_on[0]"), (3, "tasks[1].parameters.x")]


def test_mistakes_of_notebooks_and_values_share_one_order(tmp_path: Path) -> None:
    """Also where the file itself has none."""
    text = "tasks:\n  - {task_key: a, notebook: n, parameters: {limit: x}}\n  - {task_key: b, notebook: gone}\n  - {task_key: c, notebook: n, parameters: {y: 1}}\n"
    assert mistakes(tmp_path, text) == [(2, "tasks[0].parameters.limit"), (3, "tasks[1].notebook"), (4, "tasks[2].parameters.y")]


def test_mistakes_of_the_call_come_with_those_of_the_file(tmp_path: Path) -> None:
    """Unknown parameters, wrong values and selectors are told in the same breath as an unknown key."""
    text = "tsks: 3\ntasks:\n  - {task_key: a, notebook: n}\n"
    assert mistakes(tmp_path, text, {"limit": "x", "none": "1"}, ("b",)) == [
        (1, "tsks"), (None, "--only b"), (None, "-p none"), (None, "-p limit"),
    ]  # fmt: skip


BUNDLE = """
resources:
  jobs:
    one: {tasks: [{task_key: a, notebook: n}]}
    two: {name: second, tasks: [{task_key: b, notebook: n, parameters: {limit: x}}]}
"""


def test_one_of_several_jobs_of_a_bundle_is_named(tmp_path: Path) -> None:
    """By its key; without one the message says how, and for a file that has no such job what there is."""
    (tmp_path / "b.yml").write_text(BUNDLE)
    (tmp_path / "n.py").write_text(NOTEBOOK)
    workspace = Workspace.find(tmp_path)
    assert workspace.jobs("b.yml", tmp_path) == ["one", "two"]
    assert workspace.plan("b.yml", {}, tmp_path, job="one").pipeline == "one"
    for job, words in ((None, "--job"), ("tow", "did you mean 'two'?"), ("two", "'limit'")):
        with pytest.raises(DefinitionError) as caught:
            workspace.plan("b.yml", {}, tmp_path, job=job)
        assert words in str(caught.value)
