"""A bundle's file with several jobs, as a person at the shell meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BUNDLE = """
resources:
  jobs:
    one: {tasks: [{task_key: a, notebook: n}]}
    two: {name: second, tasks: [{task_key: b, notebook: n, parameters: {limit: LIMIT}}]}
"""


def nbflow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run in this folder."""
    return subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False)


def test_a_job_is_named_by_its_key_and_all_are_checked(tmp_path: Path) -> None:
    """``run`` asks which one, ``plan`` and ``run`` take ``--job``, ``validate`` looks at each."""
    (tmp_path / "n.py").write_text('# %% tags=["parameters"]\nlimit: int = 3\n# %%\nprint(limit)\n')
    (tmp_path / "b.yml").write_text(BUNDLE.replace("LIMIT", "7"))
    asked = nbflow(tmp_path, "run", "b.yml")
    assert asked.returncode == 2 and "holds several jobs: one, two" in asked.stderr and "--job" in asked.stderr
    planned = nbflow(tmp_path, "plan", "b.yml", "--job", "two", "--format", "json")
    assert [task["task_key"] for task in json.loads(planned.stdout)["tasks"]] == ["b"]
    ran = nbflow(tmp_path, "run", "b.yml", "--job", "two", "--json")
    document = json.loads(ran.stdout)
    assert (ran.returncode, document["pipeline"], document["tasks"][0]["parameters"]) == (0, "second", {"limit": 7})
    assert nbflow(tmp_path, "validate", "b.yml").returncode == 0
    (tmp_path / "b.yml").write_text(BUNDLE.replace("LIMIT", "many"))
    wrong = nbflow(tmp_path, "validate", "b.yml")
    assert wrong.returncode == 2 and "b.yml:5: resources.jobs.two.tasks[0].parameters.limit" in wrong.stderr


def test_the_files_that_mistakes_stand_in_are_counted(tmp_path: Path) -> None:
    """Those of a bundle, whichever of them was named; a mistake of the call stands in none."""
    (tmp_path / "n.py").write_text("# %%\nprint(1)\n")
    (tmp_path / "databricks.yml").write_text("bundle: {nam: b}\ninclude: [jobs.yml]\nvariables: {x: {}}\n")
    (tmp_path / "jobs.yml").write_text("resources: {jobs: {j: {tasks: [{task_key: a, notebok: n}]}}}\n")
    assert nbflow(tmp_path, "validate").stderr.splitlines()[-1] == "2 mistakes in 2 files"
    assert nbflow(tmp_path, "validate", "--var", "y=1").stderr.splitlines()[-1] == "3 mistakes in 2 files"
    (tmp_path / "jobs.yml").write_text("resources: {jobs: {j: {tasks: [{task_key: a, notebook: n}]}}}\n")
    (tmp_path / "databricks.yml").write_text("include: [jobs.yml]\nvariables: {x: {}}\n")
    assert nbflow(tmp_path, "validate", "--var", "y=1").stderr.splitlines()[-1] == "1 mistake, 1 file checked"
