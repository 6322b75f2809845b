"""Databricks' notebooks as they are, run for real: sources, an export, SQL, a bundle, and what they call."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

BUNDLE = Path(__file__).parents[1] / "data" / "databricks"
HEAD = "# Databricks notebook source\n"
BETWEEN = "\n\n# COMMAND ----------\n\n"


def nbflow(folder: Path, *words: str, code: int = 0) -> str:
    """What the command prints."""
    done = subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def ran(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """The record of a run."""
    document: dict[str, Any] = json.loads(nbflow(folder, "run", "--json", *words, code=code))
    return {**document, "tasks": {task["task_key"]: task for task in document["tasks"]}}


def failed_run(folder: Path) -> str:
    """What is said of the last run that failed: one that a notebook started is none."""
    command = [sys.executable, "-m", "nbflow", "runs", "show", "last-failed"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr


def outputs(task: dict[str, Any]) -> str:
    """Everything that the executed notebook shows, as text."""
    texts = []
    for cell in json.loads(Path(task["notebook"]).read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            texts.append("".join(output.get("text", "") or output.get("data", {}).get("text/plain", "")))
    return "\n".join(texts)


def source(folder: Path, name: str, *cells: str) -> None:
    """A notebook in Databricks' source format."""
    (folder / name).write_text(HEAD + BETWEEN.join(cells), "utf-8")


@pytest.mark.parametrize(("engine", "target"), [("spark", "prod"), ("sail", "dev")])
def test_a_bundle_with_notebooks_of_all_kinds_runs_unchanged(
    tmp_path: Path, engine: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source with %run and %sql, an export and a SQL notebook, in a target: their tables, values and displays."""
    monkeypatch.setenv("USER", "ann.lee")
    folder = tmp_path / "bundle"
    shutil.copytree(BUNDLE, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found = ran(folder, "databricks.yml", "--job", "orders", "--target", target, "--engine", engine, "--logical-date", "2026-01-31")
    assert (found["pipeline"], found["result"]) == ("orders" if target == "prod" else "[dev ann_lee] orders", "SUCCESS")
    tasks = found["tasks"]
    assert tasks["ingest"]["parameters"]["env"] == target and tasks["ingest"]["parameters"]["day"] == "2026-01-31"
    assert tasks["ingest"]["values"] == {"regions": ["north", "south", "west"], "bad_rows": 2}
    assert (tasks["ingest"]["exit_value"], tasks["clean"]["values"], tasks["daily"]["values"]) == (
        "4 rows",
        {"good_rows": 2},
        {"best": "north"},
    )
    shown = outputs(tasks["ingest"])
    assert "orders of the day" in shown and "region  orders  amount\nnorth   2       17.5" in shown
    assert (folder / f"dbfs/landing/{target}/orders.csv").is_file()
    rows = json.loads(nbflow(folder, "tables", "show", "gold.daily", "--json"))
    assert "17.5" in json.dumps(rows) and "2026-01-31" in json.dumps(rows)
    assert {path: path.read_bytes() for path in before} == before
    runs = json.loads(nbflow(folder, "runs", "show", "2", "--json"))
    assert (runs["pipeline"], runs["result"], runs["tasks"][0]["exit_value"]) == ("check", "SUCCESS", "4 rows")
    assert f'"run_id": {found["run_id"]}' in nbflow(folder, "runs", "show", "last", "--json")


def test_a_notebook_runs_another_and_is_told_how_it_went(tmp_path: Path) -> None:
    """Arguments arrive as widgets, the exit value comes back; a failure, a timeout and a refusal raise, with the run that shows more."""
    (tmp_path / "nbflow.toml").write_text('engine = "none"\n')
    source(
        tmp_path,
        "child.py",
        'dbutils.widgets.text("n", "0")\ndbutils.widgets.text("t", "")\nn = int(dbutils.widgets.get("n"))',
        "1 / n",
        "dbutils.notebook.exit(f'{n * 2} {dbutils.widgets.get(\"t\")}')",
    )
    source(tmp_path, "slow.py", "import time\ntime.sleep(60)")
    caught = "try:\n    dbutils.notebook.run({})\nexcept Exception as error:\n    print(type(error).__name__, getattr(error, 'result', ''), error)"
    source(
        tmp_path,
        "parent.py",
        'print(repr(dbutils.notebook.run("./child", 0, {"n": 21, "t": "{{job.name}} {{nope}}"})))',
        caught.format('"child"'),
        caught.format('"/slow", 1'),
        caught.format('"gone"'),
        caught.format('"child", 0, {"n": "2", "x": [1, {}]}'),
    )
    found = ran(tmp_path, "parent.py")
    told = [line for line in outputs(found["tasks"]["parent"]).splitlines() if line.strip()]
    assert told[0] == "'42 {{job.name}} {{nope}}'"
    assert told[1].startswith("NotebookRunFailed FAILED dbutils.notebook.run('child') ended FAILED: ") and "nbflow runs show 3" in told[1]
    assert told[2].startswith("NotebookRunFailed TIMEDOUT dbutils.notebook.run('/slow') ended TIMEDOUT")
    assert told[3].startswith("NotebookNotFound") and "there is no notebook gone" in told[3]
    child = json.loads(nbflow(tmp_path, "runs", "show", "2", "--json"))
    assert child["tasks"][0]["parameters"] == {"n": "21", "t": "{{job.name}} {{nope}}"}
    assert "parent" in nbflow(tmp_path, "runs", "show", "2")
    assert "no run has failed" in failed_run(tmp_path)


def test_a_notebook_on_sail_runs_another_beside_its_own_session(tmp_path: Path) -> None:
    """The other one's record tells the engine, and each has the tables that it wrote: also those of the first that came later.
    Widgets in SQL, whose choices are a query's rows, are widgets."""
    write = 'spark.range(3).write.format("delta").mode("overwrite").saveAsTable("{}")'
    source(tmp_path, "child.py", write.format("theirs"), "dbutils.notebook.exit(spark.table('before').count())")
    source(
        tmp_path, "parent.py", write.format("before"), 'print(dbutils.notebook.run("child", 0))', write.format("after"),
        "# MAGIC %sql CREATE WIDGET DROPDOWN one DEFAULT '1' CHOICES SELECT id FROM before;\n"
        "# MAGIC CREATE WIDGET COMBOBOX any DEFAULT 'x' CHOICES SELECT id FROM before;\n"
        "# MAGIC CREATE WIDGET MULTISELECT some DEFAULT '2' CHOICES SELECT id FROM before;\n"
        "# MAGIC CREATE WIDGET TEXT gone DEFAULT ''; REMOVE WIDGET gone",
        "# MAGIC %sql SELECT id, :any AS named, '${some}' AS legacy FROM before WHERE id = :one",
        "print(_sqldf.collect(), dbutils.widgets.getAll())",
        "# MAGIC %sql CREATE WIDGET DROPDOWN bad DEFAULT '9' CHOICES SELECT id FROM before",
    )  # fmt: skip
    found = ran(tmp_path, "parent.py", "--engine", "sail", code=1)
    shown = outputs(found["tasks"]["parent"])
    assert shown.split()[0] == "3"
    assert "[Row(id=1, named='x', legacy='2')] {'one': '1', 'any': 'x', 'some': '2'}" in shown
    assert "widget 'bad': '9' is none of the choices 0, 1, 2" in found["tasks"]["parent"]["error"]["message"]
    assert [table["table"] for table in found["tasks"]["parent"]["tables"]] == ["default.after", "default.before"]
    child = json.loads(nbflow(tmp_path, "runs", "show", "2", "--json"))
    assert (child["engine"], [table["table"] for table in child["tasks"][0]["tables"]]) == ("sail", ["default.theirs"])


def test_a_notebook_runs_inside_of_another(tmp_path: Path) -> None:
    """%run shares names and widgets, its values win over the run's; its error is the cell's, and ends the notebook's run."""
    (tmp_path / "nbflow.toml").write_text('engine = "none"\n')
    (tmp_path / "lib").mkdir()
    source(
        tmp_path / "lib",
        "setup.py",
        'dbutils.widgets.text("a", "1")\ndbutils.widgets.text("b", "2")',
        "# MAGIC %run ./deep",
        "both = deep + dbutils.widgets.get('a')",
    )
    source(tmp_path / "lib", "deep.py", 'deep = dbutils.widgets.get("b") * 2', "def helper(x):\n    return f'<{x}>'")
    source(tmp_path / "lib", "bad.py", "x = 1", "1 / 0", "y = 2")
    source(
        tmp_path,
        "main.py",
        '# MAGIC %run ./lib/setup $a="run"',
        "print(helper(both), dbutils.widgets.getAll())",
        "try:\n    get_ipython().run_line_magic('run', './lib/bad')\nexcept ZeroDivisionError:\n    print(x, 'y' in globals())",
        "# MAGIC %run ./lib/bad",
        "print('never')",
    )
    found = ran(tmp_path, "main.py", "-p", "a=given", "-p", "b=5", code=1)
    task = found["tasks"]["main"]
    assert (task["error"]["kind"], task["error"]["ename"]) == ("CELL_ERROR", "ZeroDivisionError")
    shown = outputs(task)
    assert "<55run> {'a': 'run', 'b': '5'}" in shown and "1 False" in shown and "never" not in shown


def test_a_variable_of_a_widgets_name_does_not_take_its_value_away(tmp_path: Path) -> None:
    """IPython puts variables in the place of ``$day``, not so in Databricks' %run; what it cannot read is an error, not IPython's %run."""
    (tmp_path / "nbflow.toml").write_text('engine = "none"\n')
    source(tmp_path, "other.py", 'dbutils.widgets.text("day", "1")\ngot = dbutils.widgets.get("day")')
    (tmp_path / "own.py").write_text("import sys\nprint('own', sys.argv[1])\n")
    source(
        tmp_path,
        "main.py",
        'day = "zz"',
        '# MAGIC %run ./other $day="{day} $day"',
        "print('got', got)",
        "# MAGIC %run own.py --$day",
        '# MAGIC %run ./other $day="it\'s \\"so\\""',
    )
    task = ran(tmp_path, "main.py", code=1)["tasks"]["main"]
    assert "got {day} $day" in outputs(task) and "own --zz" in outputs(task)
    assert "cannot be read: values of widgets are" in task["error"]["evalue"]


def test_by_hand_the_same_notebook_has_all_of_it(tmp_path: Path) -> None:
    """After %load_ext nbflow, in a kernel that no run started: %run, display, dbutils, and a %sql of somebody else stays."""
    import nbformat
    from nbclient import NotebookClient

    source(tmp_path, "setup.py", 'dbutils.widgets.text("a", "1")\nx = int(dbutils.widgets.get("a"))')
    sources = [
        "def sql(line, cell=None):\n    return 'mine'\nget_ipython().register_magic_function(sql, 'line_cell', 'sql')",
        "%load_ext nbflow",
        '%run ./setup $a="5"',
        "print(x)\ndisplay('shown')\ndisplayHTML('<b>h</b>')\nspark",
        "%sql SELECT 1",
        "from pyspark.dbutils import DBUtils\nDBUtils(spark).widgets.getAll()",
        f"%fs ls file:{tmp_path}",
    ]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    NotebookClient(document, kernel_name="python3", timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    texts = [[output.get("text", "") or output["data"].get("text/plain", "") for output in cell.outputs] for cell in document.cells]
    assert texts[3][:2] == ["5\n", "'shown'"] and "made when it is first used" in texts[3][-1]
    assert texts[4] == ["'mine'"] and texts[5] == ["{'a': '5'}"] and "setup.py" in texts[6][0]
