"""Control flow as whole runs of the installed command: branches, items, clean-ups, other pipelines, promises."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.journey.test_situations import nbflow, run, write

FLOW = """
name: flow
parameters: {regions: '["eu", "us", "bad"]', limit: "3"}
tasks:
  - {task_key: count, command: "echo '{\\"key\\": \\"files\\", \\"value\\": 4}' >> $NBFLOW_TASK/values.jsonl"}
  - task_key: gate
    depends_on: [count]
    condition_task: {op: GREATER_THAN, left: "{{tasks.count.values.files}}", right: "{{job.parameters.limit}}"}
  - task_key: load
    depends_on: [{task_key: gate, outcome: "true"}]
    for_each_task:
      inputs: "{{job.parameters.regions}}"
      concurrency: 2
      task: {task_key: one, notebook: load.ipynb, max_retries: 1, parameters: {region: "{{input}}"}}
  - {task_key: nothing, depends_on: [{task_key: gate, outcome: "false"}], command: "exit 3"}
  - {task_key: report, depends_on: [load], notebook: report.ipynb}
  - {task_key: mend, depends_on: [{task_key: load, run_if: FAILED}], command: "echo mending"}
  - task_key: tidy
    depends_on: [report, nothing, mend]
    run_if: ALL_DONE
    notebook: report.ipynb
    parameters: {loaded: "{{tasks.load.values.loaded}}", state: "{{tasks.load.result_state}}"}
  - {task_key: off, disabled: true, command: "exit 1"}
  - task_key: pairs
    for_each_task:
      inputs: [5, 7]
      concurrency: 2
      tasks:
        - {task_key: first, command: "printf '{\\"key\\": \\"%s\\", \\"value\\": %d}\\n' n {{input}} own {{input}} >> $NBFLOW_TASK/values.jsonl"}
        - task_key: then
          depends_on: [first]
          command: "echo '{\\"key\\": \\"n\\", \\"value\\": '$(({{tasks.first.values.n}} * 2))'}' >> $NBFLOW_TASK/values.jsonl"
  - {task_key: sum, depends_on: [pairs], command: "echo got {{tasks.pairs.values.n}} of {{tasks.pairs.values.own}}"}
"""
LOAD = ("region = ''", "from nbflow import dbutils\nassert region != 'bad'\ndbutils.jobs.taskValues.set('loaded', region.upper())")
REPORT = ("loaded: list = []\nstate = ''", "from nbflow import dbutils\nprint(loaded, state)\ndbutils.jobs.taskValues.set('got', loaded)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with the notebooks of the pipeline above."""
    write(tmp_path / "load.ipynb", *LOAD, tagged=True)
    write(tmp_path / "report.ipynb", *REPORT, tagged=True)
    (tmp_path / "pipelines").mkdir()
    return tmp_path


def results(done: Any) -> dict[str, str]:
    """Each task's result."""
    return {key: task["result"] for key, task in done.tasks.items()}


def test_a_condition_items_a_failure_and_a_clean_up(folder: Path) -> None:
    """One item fails, after one more try; the others go on, the clean-up reads what they gave, and the run tells the failure as
    masked. A branch that is not taken and a disabled task start no process."""
    done = run(folder, FLOW)
    assert (done.code, done.document["result"]) == (3, "SUCCESS_WITH_FAILURES")
    assert results(done) == {
        "count": "SUCCESS", "off": "DISABLED", "gate": "SUCCESS", "load": "FAILED", "load/0": "SUCCESS", "load/1": "SUCCESS",
        "load/2": "FAILED", "nothing": "EXCLUDED", "report": "UPSTREAM_FAILED", "mend": "SUCCESS", "tidy": "SUCCESS",
        "pairs": "SUCCESS", "pairs/0/first": "SUCCESS", "pairs/0/then": "SUCCESS", "pairs/1/first": "SUCCESS", "pairs/1/then": "SUCCESS",
        "sum": "SUCCESS",
    }  # fmt: skip
    tasks = done.tasks
    assert (tasks["gate"]["outcome"], tasks["gate"]["parameters"]) == ("true", {"left": 4, "op": "GREATER_THAN", "right": "3"})
    assert [(tasks[f"load/{at}"]["parent"], tasks[f"load/{at}"]["index"], tasks[f"load/{at}"]["input"]) for at in range(3)] == [
        ("load", 0, "eu"), ("load", 1, "us"), ("load", 2, "bad"),
    ]  # fmt: skip
    assert tasks["load"]["values"] == {"loaded": ["EU", "US", None]}
    assert tasks["pairs"]["values"] == {"n": [10, 14], "own": [5, 7]}
    assert Path(tasks["sum"]["log"]).read_text() == "got [10, 14] of [5, 7]\n"
    assert tasks["load"]["error"]["kind"] == "ITERATION" and tasks["load"]["error"]["message"] == "1 of 3 items failed: load/2"
    assert (len(tasks["load/2"]["attempts"]), tasks["load/2"]["error"]["ename"]) == (2, "AssertionError")
    assert (tasks["tidy"]["parameters"]["state"], tasks["tidy"]["values"]) == ("failed", {"got": ["EU", "US", None]})
    runs = folder / "runs/flow/1"
    kept = sorted(str(path.relative_to(runs)) for path in runs.rglob("*.ipynb"))
    assert kept == ["load/0.ipynb", "load/1.ipynb", "load/2.attempt-1.ipynb", "load/2.ipynb", "tidy.ipynb"]
    assert nbformat.read(runs / "load/0.ipynb", 4).metadata["papermill"]["parameters"]["region"] == "eu"
    shown = nbflow(folder, "runs", "show", "last", "load/2").out
    assert "load/2.attempt-1.ipynb" in shown and "assert region != 'bad'" in shown
    assert "mending" in nbflow(folder, "logs", "last", "mend").out

    part = run(folder, FLOW, "--from", "tidy")
    assert (part.code, results(part)) == (0, {"tidy": "SUCCESS"})
    assert part.tasks["tidy"]["values"] == {"got": ["EU", "US", None]}
    assert "load (run 1, FAILED)" in part.err

    again = run(folder, FLOW, "--only", "+tidy", "-p", "regions=[]", "-p", "limit=9")
    assert results(again) == {
        "count": "SUCCESS", "gate": "SUCCESS", "load": "EXCLUDED", "nothing": "FAILED", "report": "EXCLUDED", "mend": "EXCLUDED",
        "tidy": "FAILED",
    }  # fmt: skip
    assert again.tasks["tidy"]["error"]["kind"] == "PARAMETER" and again.tasks["tidy"]["notebook"] is not None
    later = run(folder, FLOW, "--from", "tidy")
    assert (later.code, results(later)) == (1, {"tidy": "FAILED"}) and "load (run 3, EXCLUDED)" in later.err


GATED = """
parameters: {go: "no"}
tasks:
  - {task_key: gate, condition_task: {op: EQUAL_TO, left: "{{job.parameters.go}}", right: "yes"}}
  - {task_key: load, depends_on: [{task_key: gate, outcome: "true"}], notebook: one.ipynb}
  - {task_key: more, depends_on: [load], notebook: one.ipynb}
  - task_key: skip
    depends_on: [{task_key: gate, outcome: "false"}]
    command: "echo '{\\"key\\": \\"k\\", \\"value\\": \\"skipped\\"}' >> $NBFLOW_TASK/values.jsonl"
  - {task_key: join, depends_on: [load, skip], command: "echo took {{tasks.load.values.k ?? tasks.skip.values.k}}"}
"""
NOTED = """
import os, sys
with open(os.path.join(os.path.dirname(__file__), "started"), "a") as file:
    file.write(os.path.basename(next((word for word in sys.orig_argv[1:] if word[:1] == "/"), sys.orig_argv[-1])) + "\\n")
"""


def test_a_branch_that_is_not_taken_costs_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the process from which kernels are forked, nor an attempt: every Python that starts leaves a line. What joins the branches takes
    the value of the one that ran; where the condition says yes the kernels are forked as ever."""
    write(tmp_path / "one.ipynb", "from nbflow import dbutils\ndbutils.jobs.taskValues.set('k', 'loaded')")
    noted = tmp_path / "noted"
    noted.mkdir()
    (noted / "sitecustomize.py").write_text(NOTED)
    monkeypatch.setenv("PYTHONPATH", str(noted))
    without = run(tmp_path, GATED)
    started = (noted / "started").read_text().split()
    assert (without.code, results(without)) == (0, {
        "gate": "SUCCESS", "load": "EXCLUDED", "more": "EXCLUDED", "skip": "SUCCESS", "join": "SUCCESS",
    })  # fmt: skip
    assert {key for key, task in without.tasks.items() if task["attempts"]} == {"gate", "skip", "join"}
    assert Path(without.tasks["join"]["log"]).read_text() == "took skipped\n"
    assert len(started) == 1, started

    having = run(tmp_path, GATED, "-p", "go=yes")
    assert results(having) == {"gate": "SUCCESS", "load": "SUCCESS", "more": "SUCCESS", "skip": "EXCLUDED", "join": "SUCCESS"}
    assert Path(having.tasks["join"]["log"]).read_text() == "took loaded\n"
    assert (noted / "started").read_text().split()[1:].count("nbflow_kernels.py") == 1
    assert not any("ipykernel" in name for name in (noted / "started").read_text().split())


def test_a_pipeline_runs_another_which_has_a_record_of_its_own(folder: Path) -> None:
    """With values that only the run knows; the child's values come back, its failure is the task's, and both runs are linked."""
    (folder / "pipelines/inner.yml").write_text(
        "name: inner\nparameters: {rows: 0, day: none, free: ''}\ntasks:\n"
        "  - {task_key: work, notebook: ../inner.ipynb}\n"
        '  - {task_key: more, depends_on: [work], command: "test {{job.parameters.rows}} -lt 9"}\n'
        '  - {task_key: tell, depends_on: [work], command: "echo {{job.trigger.type}} {{job.parameters.free}}"}\n'
    )
    write(
        folder / "inner.ipynb",
        "rows: int = 0\nday = ''",
        "from nbflow import dbutils\ndbutils.jobs.taskValues.set('twice', [rows * 2, day])",
        tagged=True,
    )
    outer = """
name: outer
parameters: {day: monday}
tasks:
  - {task_key: first, command: "echo '{\\"key\\": \\"n\\", \\"value\\": %d}' >> $NBFLOW_TASK/values.jsonl"}
  - {task_key: text, command: "cat text.jsonl >> $NBFLOW_TASK/values.jsonl; echo {{job.trigger.type}}"}
  - {task_key: inner, depends_on: [first, text], run_job_task: {job_name: inner, job_parameters: {rows: "{{tasks.first.values.n}}", free: "{{tasks.text.values.t}}"}}}
  - {task_key: after, depends_on: [inner], command: "echo got {{tasks.inner.values.twice}}"}
"""
    (folder / "text.jsonl").write_text('{"key": "t", "value": "{{job.name}} {{nope}}"}\n')
    done = run(folder, outer % 4)
    assert (done.code, results(done)) == (0, {"first": "SUCCESS", "text": "SUCCESS", "inner": "SUCCESS", "after": "SUCCESS"})
    told = [
        Path(log).read_text() for log in (done.tasks["text"]["log"], nbflow(folder, "runs", "show", "2", "--json").tasks["tell"]["log"])
    ]
    assert told == ["one_time\n", "run_job_task {{job.name}} {{nope}}\n"]
    assert (done.tasks["inner"]["child_run_id"], done.tasks["inner"]["values"]) == (2, {"twice": [8, "monday"]})
    assert Path(done.tasks["after"]["log"]).read_text() == 'got [8, "monday"]\n'
    child = nbflow(folder, "runs", "show", "2", "--json").document
    assert (child["pipeline"], child["parent_run_id"], child["parameters"], child["facts"]["how"]) == (
        "inner",
        1,
        {"rows": 4, "day": "monday", "free": "{{job.name}} {{nope}}"},
        "run_job",
    )
    assert "outer: run 1 SUCCESS" in nbflow(folder, "runs", "show", "last").out

    failed = run(folder, outer % 10)
    assert (failed.code, results(failed)) == (1, {"first": "SUCCESS", "text": "SUCCESS", "inner": "FAILED", "after": "UPSTREAM_FAILED"})
    assert failed.tasks["inner"]["error"]["kind"] == "CHILD_RUN"
    assert failed.tasks["inner"]["error"]["message"] == "run 4 ended FAILED: more FAILED"

    wrong = run(folder, outer.replace('rows: "{{tasks.first.values.n}}"', "rws: 3").replace("%d", "1"))
    assert (wrong.code, [(error["line"], error["message"]) for error in wrong.document["errors"]]) == (
        2,
        [(7, "inner has no parameter 'rws'")],
    )


@pytest.mark.parametrize("pipeline", ["loop", "child"])
def test_an_interrupted_run_ends_its_items_and_its_other_pipelines(folder: Path, until: Callable[..., Any], pipeline: str) -> None:
    """Everything is told as cancelled, in every run, and no process is left."""
    (folder / "pipelines/slow.yml").write_text("tasks: [{task_key: slow, command: 'echo $$ > pid-child; exec sleep 600'}]\n")
    (folder / "pipelines/loop.yml").write_text(
        "tasks: [{task_key: loop, for_each_task: {inputs: [1, 2, 3], concurrency: 2, "
        "task: {task_key: slow, command: 'echo $$ > pid-{{input}}; exec sleep 600'}}}]\n"
    )
    (folder / "pipelines/child.yml").write_text("tasks: [{task_key: sub, run_job_task: {job_name: slow}}]\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", pipeline, "--json"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    count = 2 if pipeline == "loop" else 1
    pids = until(
        lambda: len(found := [path.read_text() for path in folder.rglob("pid-*")]) == count and all(found) and list(map(int, found))
    )
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(out)
    assert document["result"] == "CANCELED"
    assert {task["result"] for task in document["tasks"]} == {"CANCELED"}
    assert len(document["tasks"]) == (4 if pipeline == "loop" else 1)
    if pipeline == "child":
        assert nbflow(folder, "runs", "show", "2", "--json").document["result"] == "CANCELED"
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_failure_that_another_pipeline_hides_is_told(folder: Path) -> None:
    """Its run went well with failures, and so did the one that began it."""
    (folder / "pipelines/hides.yml").write_text(
        "tasks:\n  - {task_key: bad, command: 'false'}\n  - {task_key: tidy, depends_on: [bad], run_if: ALL_DONE, command: 'true'}\n"
    )
    done = run(folder, "tasks: [{task_key: other, run_job_task: {job_name: hides}}]\n")
    assert (done.code, done.document["result"], results(done)) == (3, "SUCCESS_WITH_FAILURES", {"other": "SUCCESS"})
    assert done.document["error"] == "other with failures inside of it"


def test_a_task_that_succeeds_and_writes_nothing_has_broken_its_promise(folder: Path) -> None:
    """What it wrote is held against what it promised, on a real engine and real Delta tables; another pipeline shares the engine, and
    what its tasks write counts as well."""
    write(
        folder / "fill.ipynb",
        "rows: int = 0",
        "spark.sql('CREATE SCHEMA IF NOT EXISTS s')\nspark.range(rows).write.mode('overwrite').saveAsTable('s.t')",
        tagged=True,
    )
    (folder / "pipelines/kid.yml").write_text("tasks: [{task_key: two, notebook: ../fill.ipynb, parameters: {rows: 2}}]\n")
    done = run(
        folder,
        "tasks:\n"
        "  - {task_key: kid, depends_on: other, run_if: ALL_DONE, run_job_task: {job_name: kid}, expect: {tables: {s.t: 2}}}\n"
        "  - {task_key: full, notebook: fill.ipynb, parameters: {rows: 3}, expect: {tables: {S.T: 3}}}\n"
        "  - {task_key: empty, notebook: fill.ipynb, depends_on: full, expect: {tables: {s.t: 1}}}\n"
        "  - {task_key: other, notebook: fill.ipynb, depends_on: empty, run_if: ALL_DONE, expect: {tables: [s.u], values: [rows]}}\n",
        "--engine", "sail",
    )  # fmt: skip
    assert results(done) == {"full": "SUCCESS", "empty": "FAILED", "other": "FAILED", "kid": "SUCCESS"}
    assert len(list((folder / ".nbflow/engines").iterdir())) == 1
    assert {done.tasks[key]["error"]["kind"] for key in ("empty", "other")} == {"EXPECTATION"}
    assert "s.t has 0 rows, and 1 are expected at least" in done.tasks["empty"]["error"]["message"]
    assert "it did not write s.u; it did not set the task value 'rows'" in done.tasks["other"]["error"]["message"]


def test_what_masks_a_failure_is_refused_where_that_is_wanted(folder: Path) -> None:
    """``validate`` warns, and ``--strict`` makes it an error, before anything starts."""
    (folder / "pipelines/p.yml").write_text(
        "tasks:\n  - {task_key: a, command: 'true'}\n  - {task_key: tidy, depends_on: [a], run_if: ALL_DONE, command: 'true'}\n"
    )
    kind = nbflow(folder, "validate", "p")
    assert (kind.code, "'tidy' masks failures of a" in kind.err) == (0, True)
    strict = nbflow(folder, "validate", "--strict", "p")
    assert (strict.code, "pipelines/p.yml:3: tasks[1].run_if: 'tidy' masks failures of a" in strict.err) == (2, True)


BUNDLE = """
bundle: {name: retail}
include: [resources/*.yml]
variables:
  catalog: {description: Unity Catalog to write to}
  worst: {default: "1"}
  warehouse: {lookup: {warehouse: Shared}}
targets:
  dev: {mode: development, default: true, variables: {catalog: dev_retail}}
  prod:
    mode: production
    variables: {catalog: retail, worst: "100"}
    resources: {jobs: {orders: {tasks: [{task_key: gold_daily, max_retries: 1}]}}}
resources:
  schemas: {gold: {catalog_name: "${var.catalog}", name: gold}}
  volumes: {landing: {catalog_name: "${var.catalog}", schema_name: "${resources.schemas.gold.name}", name: landing}}
  pipelines: {stream: {catalog: "${var.catalog}", schema: "${resources.schemas.gold.id}"}}
  dashboards: {sales: {display_name: "Sales of ${bundle.target}", warehouse_id: "${var.warehouse}"}}
  jobs:
    nightly:
      parameters: [{name: warehouse, default: "${var.warehouse}"}]
      tasks: [{task_key: refresh, pipeline_task: {pipeline_id: "${resources.pipelines.stream.id}"}}]
"""
ORDERS = """
resources:
  jobs:
    orders:
      name: orders
      parameters: [{name: catalog, default: "${var.catalog}"}, {name: max_bad_rows, default: "${var.worst}"}, {name: table, default: "${resources.schemas.gold.id}.daily"}]
      tags: {volume: "${resources.volumes.landing.id}", dashboard: "${resources.dashboards.sales.id}"}
      tasks:
        - {task_key: list_regions, notebook_task: {notebook_path: ../src/list_regions.py}}
        - task_key: bronze_per_region
          depends_on: [{task_key: list_regions}]
          for_each_task:
            inputs: "{{tasks.list_regions.values.regions}}"
            concurrency: 2
            task:
              task_key: bronze_one_region
              notebook_task: {notebook_path: ../src/bronze.py, base_parameters: {region: "{{input.name}}"}}
        - task_key: quality_gate
          depends_on: [{task_key: bronze_per_region}]
          condition_task: {left: "{{tasks.list_regions.values.bad_rows}}", op: LESS_THAN_OR_EQUAL, right: "{{job.parameters.max_bad_rows}}"}
        - task_key: gold_daily
          depends_on: [{task_key: quality_gate, outcome: "true"}]
          spark_python_task: {python_file: ../src/gold.py, parameters: [--catalog, "{{job.parameters.catalog}}"]}
        - task_key: quarantine
          depends_on: [{task_key: quality_gate, outcome: "false"}]
          notebook_task: {notebook_path: ../src/bronze.py, base_parameters: {region: none}}
        - task_key: tidy_up
          depends_on: [{task_key: gold_daily}, {task_key: quarantine}]
          run_if: ALL_DONE
          existing_cluster_id: ${resources.clusters.small.id}
          notebook_task: {notebook_path: ../src/tidy.py, base_parameters: {gold_state: "{{tasks.gold_daily.result_state}}"}}
"""
SOURCES = {
    "list_regions": "# Databricks notebook source\ndbutils.jobs.taskValues.set(key='regions', value=[{'name': 'eu'}, {'name': 'us'}])\n"
    "\n# COMMAND ----------\n\ndbutils.jobs.taskValues.set(key='bad_rows', value=7)\n",
    "bronze": "# Databricks notebook source\ndbutils.widgets.text('region', '')\nprint(dbutils.widgets.get('region'))\n",
    "gold": "import sys\nprint(sys.argv[1:])\nsys.exit(sys.argv[-1] == 'retail')\n",
    "tidy": "# Databricks notebook source\ndbutils.widgets.text('table', '')\ndbutils.widgets.text('gold_state', '')\ndbutils.jobs.taskValues.set(key='saw', value=dbutils.widgets.get('gold_state'))\n",
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [("dev", {"gold_daily": "EXCLUDED", "quarantine": "SUCCESS"}), ("prod", {"gold_daily": "FAILED", "quarantine": "EXCLUDED"})],
)
def test_a_bundle_of_databricks_runs_as_it_is(
    tmp_path: Path, target: str, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With items, a condition and two targets; in one of them a failure that a clean-up masks, after the retry that the target adds.
    Its resources refer to one another, one target has values of this machine, and what only a deployment knows stops nothing."""
    monkeypatch.setenv("USER", "ann.lee")
    for name, text in {
        "databricks.yml": BUNDLE,
        "resources/orders.job.yml": ORDERS,
        ".databricks/bundle/dev/variable-overrides.json": '{"catalog": "mine"}',
        **{f"src/{key}.py": source for key, source in SOURCES.items()},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = nbflow(tmp_path, "run", "databricks.yml", "--job", "orders", "--target", target, "--json")
    told = results(done)
    assert {key: told[key] for key in expected} == expected
    assert (done.code, done.document["result"]) == ((0, "SUCCESS") if target == "dev" else (3, "SUCCESS_WITH_FAILURES"))
    items = [done.tasks[f"bronze_per_region/{at}"]["parameters"] for at in (0, 1)]
    assert [each["region"] for each in items] == ["eu", "us"] and all(
        each.keys() == {"region", *done.document["parameters"]} for each in items
    )
    assert done.tasks["tidy_up"]["values"] == {"saw": expected["gold_daily"].lower()}
    table = {"dev": "mine.dev_ann_lee_gold.daily", "prod": "retail.gold.daily"}[target]
    given = {**done.document["parameters"], "table": table, "gold_state": expected["gold_daily"].lower()}
    assert done.tasks["tidy_up"]["parameters"] == given and given.keys() == {"catalog", "max_bad_rows", "table", "gold_state"}
    assert len(done.tasks["gold_daily"]["attempts"]) == (0 if target == "dev" else 2)
    assert "'tidy_up' masks failures of" in done.err


READINGS = """
parameters: {word: from the job}
tasks:
  - {task_key: slow, command: "test -e again || { touch again; sleep 600; }", timeout_seconds: 5, max_retries: 1, retry_on_timeout: true}
  - {task_key: text, command: "echo '{\\"key\\": \\"n\\", \\"value\\": \\"many\\"}' >> $NBFLOW_TASK/values.jsonl"}
  - {task_key: order, depends_on: [text], condition_task: {op: GREATER_THAN, left: "{{tasks.text.values.n}}", right: "3"}}
  - {task_key: off, disabled: true, command: "exit 1"}
  - {task_key: fed, depends_on: [off], run_if: ALL_DONE, condition_task: {op: EQUAL_TO, left: "{{tasks.off.values.n}}", right: x}}
  - {task_key: unfed, depends_on: [off], condition_task: {op: EQUAL_TO, left: "{{tasks.off.values.n}}", right: x}}
  - task_key: each
    depends_on: [off]
    run_if: ALL_DONE
    for_each_task: {inputs: "{{tasks.off.values.items}}", task: {task_key: one, command: "echo {{input}}"}}
  - task_key: pushed
    for_each_task: {inputs: [1], task: {task_key: inner, notebook: word.ipynb}}
"""


def test_the_readings_where_databricks_rules_are_open(folder: Path) -> None:
    """A limit is each attempt's own; text that only the run knows has no order; what feeds a condition or a for_each is disabled; a
    parameter of the pipeline reaches the tasks inside of a for_each."""
    write(folder / "word.ipynb", "word = ''", "print(word)", tagged=True)
    done = run(folder, READINGS)
    assert (done.code, results(done)) == (1, {
        "slow": "SUCCESS", "text": "SUCCESS", "order": "FAILED", "off": "DISABLED", "fed": "FAILED", "unfed": "DISABLED", "each": "FAILED",
        "pushed": "SUCCESS", "pushed/0": "SUCCESS",
    })  # fmt: skip
    assert [attempt["result"] for attempt in done.tasks["slow"]["attempts"]] == ["TIMEDOUT", "SUCCESS"]
    assert "GREATER_THAN compares numbers, and 'many' is none" in done.tasks["order"]["error"]["message"]
    assert done.tasks["fed"]["error"]["kind"] == done.tasks["each"]["error"]["kind"] == "PARAMETER"
    assert done.printed("pushed/0") == "from the job\n"
