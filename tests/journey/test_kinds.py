"""One pipeline with work of several kinds, done for real: values, tables and results go from one to the next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.long

PIPELINE = """\
parameters: {day: 2026-01-02}
tasks:
  - task_key: make
    sql: ../sql/make.sql
    parameters: {count: 5}
  - task_key: etl
    depends_on: [make]
    script: ../src/etl.py
    parameters: ["{{tasks.make.output.first_row.v}}", "{{job.parameters.day}}", 7]
  - task_key: report
    depends_on: [etl]
    python_wheel_task: {package_name: shop-report, entry_point: report, named_parameters: {rows: "{{tasks.etl.values.rows}}"}}
    libraries: [{whl: ../dist/*.whl}]
  - task_key: note
    depends_on: [etl]
    notebook: ../src/note.ipynb
    libraries: [{whl: ../dist/*.whl}]
  - task_key: publish
    depends_on: [report]
    command: |-
      echo "{{tasks.report.values.total}} {{tasks.make.output.rows}}"
  - task_key: wrong
    depends_on: [make]
    sql_task: {file: {path: ../sql/wrong.sql}}
"""

MAKE = """\
CREATE SCHEMA IF NOT EXISTS bronze;  -- a; comment
CREATE OR REPLACE TABLE bronze.t USING delta AS SELECT id AS n, concat('v;', id) AS v, :day AS day FROM range(99) WHERE id < :count;
DELETE FROM bronze.t WHERE n = 0;
SELECT n, v, day FROM bronze.t WHERE n >= 3 ORDER BY n
"""

ETL = """\
import json, os, sys
import beside
from pyspark.sql import functions as F
print(json.dumps([sys.argv[1:], os.getcwd(), __name__, beside.NAME]))
spark.sql("CREATE SCHEMA IF NOT EXISTS silver")
frame = spark.table("bronze.t").withColumn("twice", F.udf(lambda n: n * 2, "long")("n"))
frame.write.format("delta").mode("overwrite").saveAsTable("silver.t")
frame.write.mode("overwrite").json("../out")
dbutils.jobs.taskValues.set("rows", frame.count())
"""

PACKAGE = """\
import sys
from pyspark.sql import SparkSession
from nbflow import task

def main():
    spark = SparkSession.builder.getOrCreate()
    total = spark.table("silver.t").groupBy().sum("twice").first()[0]
    print(sys.argv, task.task_key, total)
    __import__("builtins").dbutils.jobs.taskValues.set("total", total)
"""


TABLES = """from pyspark.sql import SparkSession, functions as F

def thrice(n):
    return 3 * n

def total(name):
    spark = SparkSession.builder.getOrCreate()
    return spark.table(name).select(F.udf(thrice, "long")("n").alias("n")).groupBy().sum("n").first()[0]
"""


def wheel(path: Path) -> None:
    """A wheel ``shop-report`` with the entry point ``report``, as an installer would take it."""
    path.parent.mkdir(parents=True)
    info = "shop_report-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("shop_report/__init__.py", "")
        archive.writestr("shop_report/main.py", PACKAGE)
        archive.writestr("shop_report/tables.py", TABLES)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: shop-report\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/entry_points.txt", "[shop]\nreport = shop_report.main:main\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A workspace with that pipeline and its sources."""
    files = {
        "pipelines/shop.yml": PIPELINE, "sql/make.sql": MAKE, "sql/wrong.sql": "SELECT 1;\n\nSELECT nope\nFROM bronze.t",
        "src/etl.py": ETL, "src/beside.py": "NAME = 'beside'",
    }  # fmt: skip
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    cell = nbformat.v4.new_code_cell("from shop_report import tables\ndbutils.jobs.taskValues.set('total', tables.total('silver.t'))")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "src/note.ipynb")
    wheel(tmp_path / "dist/shop_report-1.0-py3-none-any.whl")
    return tmp_path


def nbflow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call nbflow in ``folder``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}
    return subprocess.run(
        [sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300, env=environment
    )


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_a_pipeline_of_several_kinds(project: Path, engine: str) -> None:
    """On Spark's driver and on the embedded engine: SQL with parameters and a result, a script with arguments in its own folder, an
    entry point of a wheel, a notebook whose Spark is in a module of that wheel, a command; what each wrote is recorded, and SQL that fails is told with statement and line."""
    done = nbflow(project, "run", "shop", "--engine", engine, "--json")
    assert done.returncode == 1, done.stderr
    tasks: dict[str, Any] = {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}
    logs = {key: Path(task["log"]).read_text() for key, task in tasks.items() if task["log"]}
    assert {key: task["result"] for key, task in tasks.items()} == {
        "make": "SUCCESS", "etl": "SUCCESS", "report": "SUCCESS", "note": "SUCCESS", "publish": "SUCCESS", "wrong": "FAILED",
    }, logs  # fmt: skip
    rows = [{"n": n, "v": f"v;{n}", "day": "2026-01-02"} for n in (3, 4)]
    assert tasks["make"]["output"] == {"columns": ["n", "v", "day"], "rows": rows}
    assert json.loads(logs["etl"].splitlines()[0]) == [["v;3", "2026-01-02", "7"], str(project / "src"), "__main__", "beside"]
    assert sum(len(path.read_text().splitlines()) for path in (project / "out").glob("*.json")) == 4
    assert tasks["etl"]["values"] == {"rows": 4}
    assert tasks["report"]["values"] == {"total": 20}
    assert tasks["note"]["values"] == {"total": 30}
    assert "['report', '--rows=4', '--day=2026-01-02'] report 20" in logs["report"]
    assert logs["publish"] == f"20 {json.dumps(rows)}\n"
    parts = ("table", "first_version", "last_version", "commits", "inserted", "deleted", "rows")
    written = {key: [tuple(write[part] for part in parts) for write in task["tables"]] for key, task in tasks.items() if task["tables"]}
    assert written == {"make": [("bronze.t", 0, 1, 2, 5, 1, 4)], "etl": [("silver.t", 0, 0, 1, 4, 0, 4)]}
    assert 'first row  {"n": 3, "v": "v;3"' in nbflow(project, "runs", "show", "last", "make").stdout
    error = tasks["wrong"]["error"]
    assert (error["kind"], error["source"]) == ("SQL_ERROR", "SELECT nope\nFROM bronze.t")
    assert error["message"].startswith("statement 2 of 2 (line 3) failed: ") and "nope" in error["message"]


def left(marker: str) -> list[int]:
    """The processes whose environment has this marker."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"MARKER={marker}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_of_a_program_outlives_its_run(tmp_path: Path, number: signal.Signals) -> None:
    """Interrupted, it may clean up, and its log is followed to the end; where nbflow is killed, the guard ends it."""
    (tmp_path / "work.py").write_text(
        "import subprocess, time\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "try:\n    print('begun')\n    time.sleep(600)\nfinally:\n    print('cleaned up')\n"
    )
    (tmp_path / "p.yml").write_text("tasks:\n  - {task_key: work, script: work.py}\n")
    (tmp_path / "nbflow.toml").write_text('engine = "none"\n')
    marker = f"kinds-{os.getpid()}-{number}"
    run = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "p.yml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env={**os.environ, "MARKER": marker}
    )
    log = tmp_path / "runs/p/1/work.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_text() == "begun\n"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    follow = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "logs", "last", "work", "-f"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    run.send_signal(number)
    assert run.wait(60) == (130 if number is signal.SIGINT else -number)
    while left(marker):
        assert time.monotonic() < deadline + 30
        time.sleep(0.05)
    told = follow.communicate(timeout=60)[0].splitlines()
    assert told[0] == "begun" and (told[1:2] == ["cleaned up"]) == (number is signal.SIGINT)
