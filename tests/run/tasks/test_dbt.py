"""Commands of dbt: their words, and dbt itself where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbflow.run.tasks.dbt import words_of

pytestmark = pytest.mark.long

PYTHON = os.environ.get("NBFLOW_TEST_DBT") or (sys.executable if importlib.util.find_spec("dbt") else "")
"""A Python with dbt: that of the variable, or this one."""


@given(st.text())
def test_a_value_never_makes_two_words(value: str) -> None:
    """Whatever it holds, within quotes and without."""
    command = 'dbt run --vars \'{"day": "{{job.parameters.day}}"}\' -s {{ job.name }}x'
    assert words_of(command, lambda text: value) == ["dbt", "run", "--vars", f'{{"day": "{value}"}}', "-s", f"{value}x"]


def project(folder: Path, python: str) -> None:
    """A workspace with a project of one model, and a pipeline with its commands."""
    files = {
        "shop/dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
        "shop/models/m.sql": "select {{ var('n') }} as n\n",
        "profiles/profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n",
        "pipelines/p.yml": "parameters: {n: 5}\ntasks:\n  - task_key: t\n    dbt_task:\n      project_directory: ../shop\n"
        "      profiles_directory: ../profiles\n      commands:\n        - 'dbt run --vars \"{n: {{job.parameters.n}}}\"'\n"
        "        - 'dbt show --inline \"select n * 2 as twice from {{ ref(''m'') }}\" --vars \"{n: 1}\"'\n        - dbt run --select nothing --bad\n"
        + (f"    python: {python}\n" if python else ""),
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def run(folder: Path) -> dict[str, object]:
    """The one task of its run."""
    done = subprocess.run([sys.executable, "-m", "nbflow", "run", "p", "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    (task,) = json.loads(done.stdout)["tasks"]
    return dict(task)


@pytest.mark.skipif(not PYTHON, reason="dbt is not installed: pip install 'nbflow[dbt]', or NBFLOW_TEST_DBT=a Python that has it")
def test_commands_of_dbt_run_for_real(tmp_path: Path) -> None:
    """One after another, in the project, with the profiles that are named; the first that fails ends the task."""
    project(tmp_path, PYTHON)
    task = run(tmp_path)
    log = Path(str(task["log"])).read_text()
    assert "PASS=1" in log and "twice" in log and "10" in log
    assert isinstance(task["error"], dict) and task["error"]["message"] == "the program ended with exit code 2"
    assert "--bad" in log


@pytest.mark.skipif(bool(importlib.util.find_spec("dbt")), reason="dbt is installed")
def test_without_dbt_the_way_to_it_is_named(tmp_path: Path) -> None:
    """The extra, and the other way."""
    project(tmp_path, "")
    error = run(tmp_path)["error"]
    assert isinstance(error, dict) and error["kind"] == "PROCESS_START"
    assert "pip install 'nbflow[dbt]'" in error["message"]
