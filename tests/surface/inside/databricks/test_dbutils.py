"""What notebooks call inside a run, and the same calls by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.inside.databricks.dbutils import DBUtils, InputWidgetNotDefined, NotebookExit, NotSupportedHere


def notebook(path: Path, *sources: str) -> None:
    """A notebook with these cells."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def run(folder: Path, pipeline: str, code: int = 0) -> dict[str, Any]:
    """Run a pipeline of this text; its tasks by key."""
    (folder / "p.yml").write_text(pipeline, "utf-8")
    command = [sys.executable, "-m", "nbflow", "run", "p.yml", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr + done.stdout
    return {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}


def test_values_go_from_task_to_task_with_their_types(tmp_path: Path) -> None:
    """Set in one task, read by dbutils and by reference in the next; the newest value of a key counts."""
    notebook(
        tmp_path / "a.ipynb",
        "import numpy\ndbutils.jobs.taskValues.set('n', 1)",
        "dbutils.jobs.taskValues.set('n', numpy.int64(5))\ndbutils.jobs.taskValues.set('l', ['ä', None])",
    )
    notebook(
        tmp_path / "b.ipynb", "dbutils.widgets.text('t', '')\nget = dbutils.jobs.taskValues.get\nassert get('a', 'n') == 5\nassert get('a', 'l') == ['ä', None]\n"
        "assert get('a', 'zz', default=7) == 7\nassert dbutils.widgets.get('t') == 'n is 5'\ndbutils.notebook.exit('done')", "raise SystemError",
    )  # fmt: skip
    tasks = run(
        tmp_path,
        "tasks:\n  - {task_key: a, notebook: a}\n  - {task_key: b, notebook: b, depends_on: [a], parameters: {t: 'n is {{tasks.a.values.n}}'}}\n",
    )
    assert tasks["a"]["values"] == {"n": 5, "l": ["ä", None]}
    assert (tasks["b"]["result"], tasks["b"]["exit_value"], tasks["b"]["ended_at_cell"]) == ("SUCCESS", "done", 2)  # 1 is the injected cell
    assert tasks["b"]["parameters"] == {"t": "n is 5"}


def test_a_late_value_that_does_not_fit_or_is_missing_starts_no_kernel(tmp_path: Path) -> None:
    """PARAMETER, with the parameter's name: the value is of the wrong type for a typed parameter, or nobody has set it."""
    python, started = tmp_path / "python", tmp_path / "started"
    python.write_text(f'#!/bin/sh\necho "$@" >> {started}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "nbflow.toml").write_text(f'python = "{python}"\nkernel_start = "spawn"\n')
    notebook(tmp_path / "a.ipynb", "dbutils.jobs.taskValues.set('n', 'many')")
    notebook(tmp_path / "b.ipynb", "n = 1")
    document = json.loads((tmp_path / "b.ipynb").read_text())
    document["cells"][0]["metadata"]["tags"] = ["parameters"]
    (tmp_path / "b.ipynb").write_text(json.dumps(document))
    late = "  - {{task_key: {0}, notebook: b, depends_on: [a], parameters: {{n: '{{{{tasks.a.values.{1}}}}}'}}}}\n"
    tasks = run(tmp_path, "tasks:\n  - {task_key: a, notebook: a}\n" + late.format("wrong", "n") + late.format("missing", "zz"), 1)
    assert [tasks[key]["error"]["kind"] for key in ("wrong", "missing")] == ["PARAMETER", "PARAMETER"]
    assert "'n'" in tasks["wrong"]["error"]["message"] and "many" in tasks["wrong"]["error"]["message"]
    assert "'n'" in tasks["missing"]["error"]["message"] and "'zz'" in tasks["missing"]["error"]["message"]
    assert started.read_text().count("ipykernel_launcher") == 1


def test_how_large_a_value_may_be_is_a_setting(tmp_path: Path) -> None:
    """For what notebooks set, and for what any program leaves."""
    (tmp_path / "nbflow.toml").write_text("max_value_bytes = 40\n")
    notebook(tmp_path / "a.ipynb", "set = dbutils.jobs.taskValues.set\nset('k', 'x' * 38)", "set('k', 'x' * 39)")
    leaves = '  - {{task_key: {0}, command: "printf \'{{\\"key\\": \\"k\\", \\"value\\": %0{1}d}}\\\\n\' 0 | sed s/00/10/ >> $NBFLOW_TASK/values.jsonl"}}\n'
    tasks = run(tmp_path, "tasks:\n  - {task_key: a, notebook: a}\n" + leaves.format("fits", 40) + leaves.format("more", 41), 1)
    assert "has 41 bytes as JSON, 40 are allowed" in tasks["a"]["error"]["evalue"] and tasks["a"]["values"] == {"k": "x" * 38}
    assert tasks["fits"]["values"] == {"k": 10**39}
    assert tasks["more"]["error"]["kind"] == "TASK_VALUE" and "has 41 bytes as JSON, 40 are allowed" in tasks["more"]["error"]["message"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("dbutils.jobs.taskValues.set('k', 'x' * 50_000)", "write a table"),
        ("dbutils.jobs.taskValues.set('k', float('nan'))", "cannot be given on"),
        ("dbutils.jobs.taskValues.set('k', object())", "nothing that JSON holds"),
        ("dbutils.jobs.taskValues.get('a', 'k')", "has no value"),
        ("dbutils.widgets.get('none')", "no widget 'none'"),
        ("dbutils.fs.mount('s3://a', '/mnt/a')", "dbutils.fs.mount is not supported"),
        ("dbutils.fs.ls('s3://a/b')", "only dbfs:/, file:/ and paths of this machine"),
        ("dbutils.jobs.taskValues.set('k', [1, float('inf')])", "JSON has no NaN and no infinity"),
        ("dbutils.jobs.taskValues.set('k', {1, 2})", "a set is nothing that JSON holds"),
        ("dbutils.jobs.taskValues.set('k', {(1, 2): 3})", "cannot be given on"),
        ("dbutils.jobs.taskValues.set('k', b'x')", "a bytes is nothing that JSON holds"),
        ("a = []; a.append(a); dbutils.jobs.taskValues.set('k', a)", "cannot be given on"),
        ("dbutils.jobs.taskValues.set('', 1)", "the key of a task value must be text"),
        ("dbutils.jobs.taskValues.list('a')", "dbutils.jobs.taskValues.list is not supported"),
        ("dbutils.notebook.getContext()", "dbutils.notebook.getContext is not supported"),
        ("dbutils.widgets.help()", "dbutils.widgets.help is not supported"),
        ("dbutils.notebook.exit({1})", "the exit value must be text"),
        ("dbutils.widgets.dropdown('d', 'x', ['a', 'b'])", "'x' is none of the choices a, b"),
        ("dbutils.widgets.multiselect('d', 'a,x', ['a', 'b'])", "'x' is none of the choices a, b"),
        ("dbutils.widgets.text('', 'x')", "the name of a widget must be text"),
        ("dbutils.notebook.run('x', 0)", "there is no notebook x"),
    ],
)
def test_what_cannot_be_done_says_so_in_one_sentence(code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the call, or says what to do instead."""
    (tmp_path / "context.json").write_text(
        json.dumps({"run_id": 1, "task_run_id": 1, "pipeline": "p", "task_key": "t", "attempt": 1, "started": "2026-01-01T00:00:00+00:00",
                    "workspace": "/", "notebook": "/n", "folder": "/"})
    )  # fmt: skip
    monkeypatch.setenv("NBFLOW_TASK", str(tmp_path))
    with pytest.raises(Exception, match=words) as caught:
        exec(code, {"dbutils": DBUtils()})
    assert "\n" not in str(caught.value)


def test_by_hand_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databricks' rules outside of a job: debugValue counts, a widget keeps its first form, exit ends the notebook."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    hand = DBUtils()
    hand.widgets.removeAll()
    hand.widgets.text("a", "1")
    hand.widgets.text("a", "2")
    hand.widgets.multiselect("m", "x", ["x", "y"])
    assert (hand.widgets.get("a"), hand.widgets.getAll(), hand.widgets.getArgument("z", "q")) == ("1", {"a": "1", "m": "x"}, "q")
    hand.widgets.remove("a")
    with pytest.raises(InputWidgetNotDefined):
        hand.widgets.get("a")
    with pytest.raises(InputWidgetNotDefined):
        hand.widgets.remove("a")
    hand.jobs.taskValues.set("k", 1)
    assert hand.jobs.taskValues.get("t", "k", default=1, debugValue=2) == 2
    with pytest.raises(TypeError, match="debugValue"):
        hand.jobs.taskValues.get("t", "k", default=1)
    with pytest.raises(NotebookExit) as caught:
        hand.notebook.exit(5)
    assert str(caught.value) == "5" and not isinstance(caught.value, Exception)
    with pytest.raises(NotSupportedHere):
        hand.secrets.get("a", "b")
    hand.widgets.removeAll()


def test_a_value_of_48_kib_is_taken_and_one_byte_more_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is Databricks', measured as JSON; what was refused leaves nothing behind."""
    exchange(tmp_path, monkeypatch)
    values = DBUtils().jobs.taskValues
    values.set("fits", "x" * (48 * 1024 - 2))
    with pytest.raises(ValueError, match="has 49153 bytes as JSON, 49152 are allowed: write a table, and give its name"):
        values.set("more", "x" * (48 * 1024 - 1))
    lines = [json.loads(line) for line in (tmp_path / "values.jsonl").read_text().splitlines()]
    assert lines == [{"key": "fits", "value": "x" * (48 * 1024 - 2)}]


def exchange(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """Make this process a task's, as a run does it."""
    facts = {"run_id": 7, "task_run_id": 8, "pipeline": "p", "task_key": "t", "attempt": 2, "started": "2026-01-01T00:00:00+00:00"}
    (folder / "context.json").write_text(json.dumps({**facts, "workspace": "/w", "notebook": "/n/n.ipynb", "folder": "/n", **more}))
    monkeypatch.setenv("NBFLOW_TASK", str(folder))


def test_in_a_run_widgets_are_there_before_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters of the run win over defaults, are known without a declaration, and are text, whatever they were."""
    given = {
        "day": {"type": "date", "value": "2026-01-31"}, "n": {"type": "int", "value": 5}, "on": {"type": "bool", "value": True},
        "picks": {"type": "list", "value": ["a", "b"]}, "my-layer": {"type": "str", "value": "gold"},
    }  # fmt: skip
    exchange(tmp_path, monkeypatch, parameters=given)
    widgets = DBUtils().widgets
    widgets.removeAll()
    texts = {"day": "2026-01-31", "n": "5", "on": "true", "picks": "a,b", "my-layer": "gold"}
    assert {name: widgets.get(name) for name in texts} == texts == widgets.getAll()
    widgets.dropdown("my-layer", "silver", ["silver", "gold"])
    widgets.text("other", "default")
    assert (widgets.get("my-layer"), widgets.get("other"), widgets.getArgument("n", "9")) == ("gold", "default", "5")
    with pytest.raises(ValueError, match="widget 'n': '5' is none of the choices 1, 2"):
        widgets.dropdown("n", "1", ["1", "2"])
    for name in ("my-layer", "picks"):  # declared, and only given
        widgets.remove(name)
    assert (widgets.get("my-layer"), widgets.get("picks")) == ("gold", "a,b")
    with pytest.raises(InputWidgetNotDefined):
        widgets.remove("nobody")
    widgets.removeAll()


def test_a_widget_made_again_after_its_removal_has_its_new_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only remove makes room for another default; combobox takes any text; a missing name without default is an error."""
    monkeypatch.delenv("NBFLOW_TASK", raising=False)
    widgets = DBUtils().widgets
    widgets.removeAll()
    widgets.combobox("c", "free", ["a"])
    widgets.combobox("c", "again", ["a"])
    assert widgets.get("c") == "free"
    widgets.remove("c")
    widgets.combobox("c", "again", ["a"])
    assert widgets.get("c") == "again"
    widgets.multiselect("m", "a,b", ["a", "b", "c"])
    assert widgets.getAll() == {"c": "again", "m": "a,b"}
    with pytest.raises(InputWidgetNotDefined, match="no widget 'zz' is defined; there are c, m"):
        widgets.getArgument("zz")
    widgets.removeAll()
    assert widgets.getAll() == {}


def test_exit_ends_well_whatever_catches_exceptions(tmp_path: Path) -> None:
    """``except Exception`` does not swallow it, ``finally`` runs, later cells do not, and the value is kept as text."""
    notebook(
        tmp_path / "a.ipynb", "try:\n    dbutils.notebook.exit(12)\nexcept Exception:\n    raise SystemError('swallowed')\nfinally:\n    print('finally')",
        "raise SystemError('must not run')",
    )  # fmt: skip
    notebook(tmp_path / "b.ipynb", "print('never')")
    (task,) = run(tmp_path, "tasks:\n  - {task_key: a, notebook: a}\n").values()
    assert (task["result"], task["error"], task["exit_value"], task["ended_at_cell"]) == ("SUCCESS", None, "12", 1)
    cells = json.loads(Path(task["notebook"]).read_text())["cells"]
    texts = ["".join(output.get("text", "")) for output in cells[0]["outputs"] if output["output_type"] == "stream"]
    assert texts == ["finally\n"]
    assert cells[1]["outputs"] == [] and cells[1]["execution_count"] is None


def test_by_hand_exit_is_quiet(tmp_path: Path) -> None:
    """In a kernel without a run, exit stops the cell with one line and no traceback."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook(tmp_path / "a.ipynb", "from nbflow import dbutils\ndbutils.notebook.exit('done')", "1")
    document = nbformat.read(tmp_path / "a.ipynb", 4)
    with pytest.raises(CellExecutionError):
        NotebookClient(document, kernel_name="python3", timeout=60).execute()
    (output,) = document.cells[0].outputs
    assert output.traceback == ["Notebook exited: done"]
    assert document.cells[1].execution_count is None
