"""A notebook developed by hand, in a real kernel: its form, opened as a task, what the magics tell, and Tab."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbflow.surface.jupyter.commands import options_of
from tests.surface.jupyter.test_in_a_kernel import Cells

WIDGETS = """\
from nbflow import dbutils, widgets
layer = widgets.dropdown("layer", "bronze", ["bronze", "silver"])
rows = widgets.number("rows", 0)
table = f"{layer}.events"
limit: int = 100
dbutils.widgets.text("region", "north")"""
PIPELINE = """\
name: two
parameters: {region: south}
tasks:
  - task_key: first
    notebook: ../notebooks/set.ipynb
  - task_key: shell
    command: "true"
  - task_key: mid
    notebook: ../notebooks/work.ipynb
    depends_on: [first]
    parameters: {layer: bronze}
  - task_key: last
    notebook: ../notebooks/work.ipynb
    depends_on: [mid]
    parameters: {layer: silver, limit: 7, rows: "{{tasks.first.values.rows}}"}
"""
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def project(workspace: Path, write_notebook: Any) -> Path:
    """The small workspace, with a pipeline in which two tasks run one notebook with widgets."""
    write_notebook(workspace / "notebooks/work.ipynb", [("parameters", WIDGETS), ("", "print(layer, rows, limit)")])
    write_notebook(
        workspace / "notebooks/set.ipynb",
        [("", "dbutils.jobs.taskValues.set('rows', 41)\ndbutils.jobs.taskValues.set('long', 'x' * 5000)")],
    )
    (workspace / "pipelines/two.yml").write_text(PIPELINE)
    return workspace


@pytest.fixture
def cells(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    """A kernel of the notebook ``work.ipynb``, as a Jupyter server starts it."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(project / "notebooks/work.ipynb"))
    kernel = Cells(project / "notebooks")
    kernel.run("%load_ext nbflow")
    yield kernel
    kernel.close()


def test_a_form_for_people_and_none_for_programs(cells: Cells) -> None:
    """Where a front end takes input the cell shows one form, with the values as text beside it; a program's kernel shows
    nothing; without ipywidgets there are the values and a sentence."""
    _, data, ename = cells.run(WIDGETS)
    assert ename is None
    assert set(data) == {VIEW, "text/plain"}
    assert data["text/plain"].splitlines() == ["layer  = 'bronze'", "rows   = 0", "region = 'north'"]
    assert cells.run("1")[1] == {"text/plain": "1"}
    assert cells.finish(str(cells.client.execute(WIDGETS, allow_stdin=False))) == ("", {}, None)
    cells.run("# Parameters\nrows = 4")
    field = "__import__('sys').modules['nbflow.surface.inside.parameters.form']._forms[0]._controls['rows'].watched[0]"
    assert cells.run(f"({field}.value, {field}.disabled)")[1]["text/plain"] == "(4.0, True)"  # an injected cell wins over the form
    cells.run("import sys\nsys.modules['ipywidgets'] = None")
    _, data, ename = cells.run(WIDGETS)
    assert (ename, VIEW in data) == (None, False)
    assert data["text/plain"].endswith("'pip install ipywidgets' gives a form to change the values in")


def test_opened_as_a_task(cells: Cells, project: Path, nbflow: Any) -> None:
    """Parameters come resolved, values of ancestors from the last run, each with its origin; the form and the variables have
    them before and after the cell runs; the file stays as it is."""
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in project.rglob("*.ipynb")}
    text, data, ename = cells.run("%nbflow open last")
    assert ename is None, text
    assert "no run has values of first yet" in data["text/plain"]
    assert "rows: {{tasks.first.values.rows}}" in data["text/plain"]
    assert "run the cell with the widgets" in data["text/plain"]
    assert nbflow("run", "two").code == 0
    _, data, ename = cells.run("%nbflow open two/last -p region=east")
    assert ename is None
    rows = [" ".join(line.split()) for line in data["text/plain"].splitlines()]
    assert rows[:6] == [
        "opened as two/last", 'layer = "silver" (task)', "rows = 41 (task, as in run 1)",
        'table = f"{layer}.events" (default, an expression)', "limit = 7 (task)", 'region = "east" (given)',
    ]  # fmt: skip
    told = next(row for row in rows if row.startswith("values of first from run 1: rows = 41, long = 'xxx"))
    assert len(told) < 400, "a long value is told by its beginning"
    _, data, _ = cells.run(WIDGETS)
    assert data["text/plain"].splitlines() == ["layer  = 'silver'", "rows   = 41", "region = 'east'"]
    seen = "(layer, rows, limit, table, dbutils.widgets.get('region'), dbutils.jobs.taskValues.get('first', 'rows', debugValue=0))"
    assert cells.run(seen)[1]["text/plain"] == "('silver', 41, 7, 'silver.events', 'east', 41)"
    cells.run("%nbflow open mid")
    assert cells.run(seen)[1]["text/plain"] == "('bronze', 0, 7, 'bronze.events', 'south', 41)"  # the form's cell has run: at once
    assert "own defaults hold" in cells.run("%nbflow close")[0]
    assert cells.run(seen.replace("first", "no"))[1]["text/plain"] == "('bronze', 0, 7, 'bronze.events', 'north', 0)"
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in before} == before


LOOPS = """\
name: loops
tasks:
  - task_key: first
    notebook: ../notebooks/set.ipynb
  - task_key: loop
    depends_on: [first]
    for_each_task:
      inputs: [bronze, silver]
      tasks:
        - {task_key: inner, notebook: ../notebooks/inner.ipynb, parameters: {layer: "{{input}}"}}
        - task_key: worker
          depends_on: [inner]
          notebook: ../notebooks/work.ipynb
          parameters: {layer: "{{input}}", rows: "{{tasks.inner.values.length}}", limit: "{{tasks.first.values.rows}}"}
  - task_key: late
    depends_on: [first]
    for_each_task: {inputs: "{{tasks.first.values.names}}", task: {task_key: named, notebook: ../notebooks/work.ipynb, parameters: {layer: "{{input}}"}}}
"""
BUNDLE = """\
bundle: {name: b}
variables: {region: {default: nowhere}}
targets: {dev: {default: true, variables: {region: dev}}, prod: {variables: {region: prod}}}
resources:
  jobs:
    one:
      name: one
      parameters: [{name: region, default: "${var.region}"}]
      tasks: [{task_key: bundled, notebook_task: {notebook_path: notebooks/work.ipynb, base_parameters: {layer: silver}}}]
    two:
      name: two
      tasks: [{task_key: bundled, notebook_task: {notebook_path: notebooks/work.ipynb}}]
"""

_JOB = """\
      name: {0}
      parameters: [{{name: count, default: "0"}}]
      tasks:
        - {{task_key: first, notebook_task: {{notebook_path: notebooks/set.ipynb}}}}
        - task_key: last
          depends_on: [{{task_key: first}}]
          notebook_task: {{notebook_path: notebooks/work.ipynb, base_parameters: {{rows: "{{{{tasks.first.values.rows}}}}"}}}}
"""
BUNDLE_OF_TWO = f"""\
bundle: {{name: b}}
targets: {{dev: {{default: true}}, prod: {{}}}}
resources:
  jobs:
    one:
{_JOB.format("one")}
    two:
{_JOB.format("two")}
"""


def test_opened_as_a_step_of_a_for_each(cells: Cells, project: Path, nbflow: Any, write_notebook: Any) -> None:
    """For the first item or that of ``--item``, with the values of the tasks before the loop, and of those before it in the same item, from
    the last run; items that only a run knows come from the last one, too."""
    write_notebook(
        project / "notebooks/inner.ipynb", [("parameters", "layer: str = ''"), ("", "dbutils.jobs.taskValues.set('length', len(layer))")]
    )
    write_notebook(
        project / "notebooks/set.ipynb",
        [("", "dbutils.jobs.taskValues.set('rows', 41)\ndbutils.jobs.taskValues.set('names', ['silver', 'bronze'])")],
    )
    (project / "pipelines/loops.yml").write_text(LOOPS)

    def opened(line: str) -> list[str]:
        _, data, ename = cells.run(f"%nbflow open {line}")
        assert ename is None, data
        return [" ".join(line.split()) for line in data["text/plain"].splitlines()]

    before = opened("loops/worker")
    assert before[0] == "opened as loops/worker, item 0: 'bronze'" and 'layer = "bronze" (task, as of now)' in before
    assert "no run has values of inner yet" in before
    assert any(line.startswith("the items of late are not known: ") for line in opened("named"))
    assert nbflow("run", "loops").code == 0
    rows = opened("worker --item 1")
    assert rows[:4] == ["opened as loops/worker, item 1: 'silver'", 'layer = "silver" (task, as in run 1)', "rows = 6 (task, as in run 1)",
                        'table = f"{layer}.events" (default, an expression)']  # fmt: skip
    assert "limit = 41 (task, as in run 1)" in rows and "values of inner from run 1: length = 6" in rows
    assert opened("named")[:2] == ["opened as loops/named, item 0: 'silver'", 'layer = "silver" (task, as in run 1)']
    assert cells.run("dbutils.jobs.taskValues.get('first', 'rows', debugValue=0)")[1]["text/plain"] == "41"
    for line, told in (("worker --item 2", "there is no item 2 (loop has 2, from 0 on)"), ("two/last --item 0", "stands in no for_each"),
                       ("worker --item x", "use: %nbflow open")):  # fmt: skip
        text, _, ename = cells.run(f"%nbflow open {line}")
        assert (told in text, "Traceback" in text, ename) == (True, False, "UsageError"), text


def test_opened_as_a_task_of_a_bundle(cells: Cells, project: Path) -> None:
    """It is found at the workspace's root, named from there, too; its job, target and variables are said as to ``nbflow run``."""
    (project / "databricks.yml").write_text(BUNDLE)
    for line, region in (("bundled --job one", "dev"), ("databricks.yml/bundled --job one --target prod", "prod"),
                         ("bundled --job one --var region=here", "here")):  # fmt: skip
        _, data, ename = cells.run(f"%nbflow open {line}")
        assert ename is None and f'region = "{region}" (pipeline)' in " ".join(data["text/plain"].split()), data
    text, _, ename = cells.run("%nbflow open bundled")
    assert ename == "UsageError"
    assert "say %nbflow open ../databricks.yml/bundled --job one, or %nbflow open ../databricks.yml/bundled --job two" in text
    assert "did you mean 'one'" in cells.run("%nbflow open databricks.yml/bundled --job oen")[0]
    offered = (
        "from nbflow.surface.jupyter.completion import completions\n[text for text in completions({!r}, {{}}) if text[:2] in ('..', 'on')]"
    )
    assert cells.run(offered.format("run ../d"))[1]["text/plain"] == "['../databricks.yml']"
    assert cells.run(offered.format("open ../databricks.yml/bundled --job "))[1]["text/plain"] == "['one']"


def test_a_task_of_a_bundle_is_opened_with_the_values_of_its_own_job_and_target(
    cells: Cells, project: Path, nbflow: Any, write_notebook: Any
) -> None:
    """Not with those of another target's run that came later, nor of another job whose task has the same key."""
    write_notebook(project / "notebooks/set.ipynb", [("parameters", "count: int = 0"), ("", "dbutils.jobs.taskValues.set('rows', count)")])
    (project / "databricks.yml").write_text(BUNDLE_OF_TWO)
    for asked, rows in (("--job one --target dev", 1), ("--job one --target prod", 2), ("--job two --target dev", 3)):
        assert nbflow("run", "databricks.yml", *asked.split(), "-p", f"count={rows}").code == 0
    for asked, rows in (("--job one", 1), ("--job one --target prod", 2), ("--job two", 3)):
        _, data, ename = cells.run(f"%nbflow open databricks.yml/last {asked}")
        assert ename is None and f"rows = {rows} (task, as in run {rows})" in " ".join(data["text/plain"].split()), data
        assert cells.run("dbutils.jobs.taskValues.get('first', 'rows', debugValue=0)")[1]["text/plain"] == str(rows)
    assert "no run has values of first yet" in cells.run("%nbflow open databricks.yml/last --job two --target prod")[1]["text/plain"]


def test_tab_offers_what_the_commands_have() -> None:
    """Each option that is offered behind a command is one of it, and of ``run`` and ``plan`` all that their help shows are offered."""
    for name in ("run", "plan", "params", "runs"):
        told = subprocess.run([sys.executable, "-m", "nbflow", name, "--help"], capture_output=True, text=True, check=True).stdout
        there = set(re.findall(r"^  (?:-\w, )?(--?[\w-]+)", told, re.MULTILINE)) | set(re.findall(r"^  (-\w),", told, re.MULTILINE))
        offered = set(options_of(name))
        assert offered <= there, name
        if name in ("run", "plan"):
            assert there - offered <= {"-h", "--parameter", "--json", "-q", "--quiet", "--run-id-file", "--debug"}, name


def test_which_task_is_asked_for(cells: Cells, project: Path) -> None:
    """A notebook of several tasks, a slip, a task of another notebook, a broken file: one line that says what to do, and no
    traceback."""
    (project / "pipelines/again.yml").write_text(PIPELINE.replace("name: two", "name: again"))
    (project / "work.yml").write_text(PIPELINE)
    for line, words in (
        ("open", "say %nbflow open again/mid, or %nbflow open again/last, or %nbflow open two/mid, or %nbflow open two/last"),
        ("open two", "several tasks are meant: say %nbflow open two/mid, or %nbflow open two/last"),
        ("open last", "say %nbflow open again/last, or %nbflow open two/last"),
        ("open lsat", "there is no task 'lsat' (did you mean 'last'?)"),
        ("open two/lsat", "two has no task 'lsat' (did you mean 'last'?)"),
        ("open zzz", "there is no task 'zzz' (there are"),
        ("open tow/last", "tow is no file and no pipeline's name (did you mean 'two'?)"),
        ("open two/first", "two/first runs set.ipynb, not work.ipynb (open it there)"),
        ("open two/shell", "two/shell runs no notebook of this workspace"),
        ("open two/last -p layer=sliver", "'sliver' is none of the choices bronze, silver; did you mean 'silver'?"),
        ("open two/last --nope", "use: %nbflow open [PIPELINE/]TASK"),
        ("opne two", "did you mean 'open'?"),
        ("logs last", "there is no %nbflow logs (there are"),
        ("run work.yml", "work.yml is no file and no pipeline's name (the workspace's root has it: say ../work.yml)"),
        ("rnus", "there is no %nbflow rnus (did you mean 'runs'?); use: %nbflow runs"),
        ("plan tow", "tow is no file and no pipeline's name (did you mean 'two'?)"),
        ("plan two --fromat text", "use: %nbflow plan PIPELINE"),
        ("runs show 7", "nothing has been run"),
        ("runs -n 0", "use: %nbflow runs"),
        ("params no.ipynb", "there is no notebook no.ipynb"),
        ("close now", "use: %nbflow close"),
    ):
        text, data, ename = cells.run(f"%nbflow {line}")
        assert (words in text, "Traceback" in text, data, ename is None) == (True, False, {}, False), (line, text)
        assert "\n" not in text.strip(), line
    (project / "pipelines/two.yml").write_text(PIPELINE.replace("depends_on: [mid]", "depends_on: [mdi]"))
    text, _, ename = cells.run("%nbflow open two/last")
    assert (ename, "two.yml:14" in text, "did you mean 'mid'?" in text) == ("DefinitionError", True, True)


def test_what_the_magics_tell(cells: Cells, nbflow: Any, project: Path) -> None:
    """``params`` of this notebook, ``plan`` and ``runs`` in the words of the commands; where a Jupyter server tells nothing of the notebook,
    VS Code does."""
    work = project / "notebooks"
    assert cells.run("%nbflow params")[0].strip() == nbflow("params", "work.ipynb", cwd=work).out.strip()
    assert cells.run("%nbflow plan two -p region=x")[0].strip() == nbflow("plan", "two", "-p", "region=x", cwd=work).out.strip()
    assert "no runs" in cells.run("%nbflow runs")[0]
    cells.run("import os\ndel os.environ['JPY_SESSION_NAME']\nget_ipython().user_ns.pop('__session__', None)")
    assert cells.run("%nbflow params")[2] == "UsageError"
    cells.run(f"__vsc_ipynb_file__ = {str(work / 'work.ipynb')!r}")
    assert cells.run("%nbflow params")[0].strip() == nbflow("params", "work.ipynb", cwd=work).out.strip()
    assert "say %nbflow open two/mid, or %nbflow open two/last" in cells.run("%nbflow open")[0]


def test_tab(cells: Cells) -> None:
    """Behind ``%nbflow`` it offers commands, options, pipelines, tasks, parameters and choices."""

    def tab(line: str) -> list[str]:
        cells.client.complete(line)
        while True:
            reply = cells.client.get_shell_msg(timeout=60)
            if reply["msg_type"] == "complete_reply":
                start: int = reply["content"]["cursor_start"]
                return [line[:start] + match for match in reply["content"]["matches"]]

    assert tab("%nbflow o") == ["%nbflow open"]
    assert tab("%nbflow run sm") == ["%nbflow run small"]
    assert tab("%nbflow open la") == ["%nbflow open last"]
    assert tab("%nbflow open two/") == ["%nbflow open two/last", "%nbflow open two/mid"]
    assert tab("%nbflow open two/last -p la") == ["%nbflow open two/last -p layer="]
    assert tab("%nbflow run two -p layer=s") == ["%nbflow run two -p layer=silver"]
    assert tab("%nbflow run two --only m") == ["%nbflow run two --only mid"]
    assert tab("%nbflow run two --from m") == ["%nbflow run two --from mid"]
    assert tab("%nbflow run two --tar") == ["%nbflow run two --target"]
    assert tab("%nbflow run two --engine sa") == ["%nbflow run two --engine sail"]
    assert tab("%nbflow plan two --form") == ["%nbflow plan two --format"]
    assert tab("%nbflow runs show la") == ["%nbflow runs show last", "%nbflow runs show last-failed"]
    assert tab("%nbflow params wo") == ["%nbflow params work.ipynb"]


READING = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for line in ("%load_ext nbflow", "%nbflow open last", "%nbflow runs", "%nbflow params work.ipynb", "%nbflow run two"):
    shell.run_cell(line)
"""


def test_in_a_workspace_that_cannot_be_written(project: Path, tmp_path: Path, environment: Any) -> None:
    """What only reads works; a run says what is in its way."""
    folders = [project, project / "notebooks", project / "pipelines"]
    plain = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []  # root may write anywhere
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = subprocess.run(
            [*plain, sys.executable, "-c", READING], cwd=project / "notebooks", capture_output=True, text=True, check=False,
            env=environment(IPYTHONDIR=str(tmp_path / "ipython"), JPY_SESSION_NAME=str(project / "notebooks/work.ipynb")),
        )  # fmt: skip
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert "opened as two/last" in done.stdout, done.stderr
    assert "no runs in" in done.stdout
    assert "region" in done.stdout
    assert f"{project}/runs cannot be made: permission denied" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_records_that_cannot_be_read(cells: Cells, project: Path) -> None:
    """Parameters are there all the same; what is wrong with the records is told."""
    (project / ".nbflow").mkdir()
    (project / ".nbflow/nbflow.db").write_bytes(b"no database" * 1000)
    _, data, ename = cells.run("%nbflow open last")
    assert ename is None
    assert "values of earlier runs cannot be read" in data["text/plain"]
    assert 'layer = "silver"' in " ".join(data["text/plain"].split())


def test_a_run_draws_nothing(project: Path, nbflow: Any, write_notebook: Any) -> None:
    """Neither a form nor ipywidgets is there in a batch run, and the magics change nothing of its values."""
    opening = "%load_ext nbflow\n%nbflow open last"
    asking = "import sys\nprint([layer, 'ipywidgets' in sys.modules, 'nbflow.surface.inside.parameters.form' in sys.modules])"
    write_notebook(project / "notebooks/work.ipynb", [("parameters", WIDGETS), ("", asking), ("", opening), ("", "print(layer)")])
    done = nbflow("run", "notebooks/work.ipynb", "-p", "layer=silver", "--json")
    assert done.code == 0, done.err
    notebook = json.loads(Path(done.document["tasks"][0]["notebook"]).read_text())
    outputs = [cell["outputs"] for cell in notebook["cells"]]
    assert outputs[0] == []
    printed = ["".join(output["text"]) for cell in outputs[1:] for output in cell]
    assert printed == ["['silver', False, False]\n", "in a run the run's own parameters hold: nothing is opened\n", "silver\n"]
