"""Which tables a run's tasks wrote: told by records, documents and the command line, held against Delta's own history."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from nbflow.core.exchange import Mark
from nbflow.surface.jupyter.run import Run
from nbflow.surface.jupyter.where import Where

pytestmark = pytest.mark.long

SPARK = "from nbflow import spark, task\n"
MEET = (
    SPARK
    + """
from pyspark.sql import functions as F

def meet(value, here=task.task_key, folder=str(task.workspace)):
    import glob, os, time
    kind = here.rpartition("_")[0]
    open(f"{folder}/{here}.met", "w").close()
    end = time.monotonic() + 100
    while len(glob.glob(f"{folder}/{kind}_*.met")) < {"merging": 2, "waiting": 2, "appending": 4}[kind]:
        assert time.monotonic() < end, "the others did not come"
        time.sleep(0.05)
    return value

met = spark.range(0, 1, 1, 1).select(F.udf(meet, "long")("id").alias("id"))
"""
)
"""A row that is there when all tasks of a kind have begun to read it: none of them commits before all have begun."""

MERGE = 'spark.sql("merge into b.counted t using met s on t.id = s.id when matched then update set n = t.n + 1")'
MERGING = MEET + 'met.createOrReplaceTempView("met")\n' + MERGE
APPENDING = (
    MEET
    + """
met.selectExpr(f"if(id = 0, '{task.task_key}', null) as who").write.mode("append").saveAsTable("b.kept")
"""
)
CONTESTED = """
spark.sql("create table b.counted as select 0L as id, 0L as n")
spark.sql("create table b.kept (who string)")
"""
APPENDS = [f"appending_{number}" for number in (1, 2, 3, 4)]
CONFLICTS = {"merging_1": MERGING, "merging_2": MERGING, **dict.fromkeys(APPENDS, APPENDING)}
"""Tasks that write to the same tables at the same time."""

CELLS = {
    "make": SPARK
    + """
spark.sql("create schema b")
spark.range(10).write.saveAsTable("b.grown")
spark.range(10).selectExpr("id", "id % 2 as k").coalesce(1).write.saveAsTable("b.merged")
spark.range(30).write.saveAsTable("b.replaced")
spark.range(1).write.saveAsTable("b.shared")
spark.range(60).repartition(60).write.saveAsTable("b.many_files")
spark.range(9).write.mode("append").saveAsTable("b.many_files")
spark.range(3).write.format("delta").save(f"{task.workspace}/warehouse/by_path")
""" + CONTESTED,
    "two": SPARK
    + """
spark.range(5).write.mode("append").saveAsTable("b.grown")
spark.range(7).write.mode("append").saveAsTable("b.grown")
spark.sql('''merge into b.merged t using (select id, 9 as k from range(8, 12)) s on t.id = s.id
when matched then update set k = s.k when not matched then insert *''')
spark.sql("update b.merged set k = 7 where id = 0")
spark.sql("delete from b.merged where id in (1, 2, 3)")
""",
    "whole": SPARK + 'spark.range(4).write.mode("overwrite").saveAsTable("b.replaced")',
    "part": SPARK + 'spark.range(2).selectExpr("id", "5L as k").write.mode("overwrite").option("replaceWhere", "id < 4").saveAsTable("b.merged")',
    "bad": SPARK
    + """
spark.range(2).write.mode("append").saveAsTable("b.grown")
if task.attempt == 2:
    spark.range(1).write.mode("append").saveAsTable("b.replaced")
raise ValueError("after writing")
""",
    "killed": SPARK
    + """
spark.range(8).write.mode("append").saveAsTable("b.many_files")
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
""",
    "left": SPARK + "".join(f'\nspark.range({n}, {n} + 2).write.mode("append").saveAsTable("b.shared")' for n in range(3)),
    "right": SPARK + "".join(f'\nspark.range({n}, {n} + 3).write.mode("append").saveAsTable("b.shared")' for n in range(3)),
    "plain": "print(1)",
    "unmarked": """
from nbflow import spark
import os
import pyarrow as pa
from deltalake import write_deltalake
write_deltalake(os.path.abspath("warehouse/b/foreign"), pa.table({"x": [1]}))
""",
    **CONFLICTS,
}  # fmt: skip
AFTER = {
    "make": [],
    "two": ["make"],
    "whole": ["make"],
    "part": ["two"],
    "bad": ["part", "whole"],
    "killed": ["make"],
    "left": ["make"],
    "right": ["make"],
    "unmarked": ["make"],
    **{key: ["part", "left", "right"] for key in CONFLICTS},
}


@dataclass
class Ran:
    """A workspace in which a run ended: its exit code, its document, and what was printed."""

    folder: Path
    code: int
    document: dict[str, Any]
    told: str

    def task(self, key: str) -> dict[str, Any]:
        """What the document says of a task."""
        return next(task for task in self.document["tasks"] if task["task_key"] == key)

    def nbflow(self, *words: str) -> str:
        """What a command prints in the workspace."""
        done = subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The run that these tests look at: tables made, appended to, merged, overwritten; by two tasks at once; by one that fails."""
    return run_of(tmp_path_factory.mktemp("written"), CELLS, AFTER, {"bad", *CONFLICTS})


def run_of(folder: Path, cells: dict[str, str], after: dict[str, list[str]], retried: set[str], *words: str) -> Ran:
    """A run of these notebooks, six at once; ``after`` names the tasks before each, ``retried`` those that have a second attempt."""
    (folder / "nbflow.toml").write_text('parallel = 6\n[spark_conf]\n"spark.master" = "local[6]"\n')
    for key, source in cells.items():
        cell = {"cell_type": "code", "id": "c", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        (folder / f"{key}.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    tasks = [
        {"task_key": key, "notebook": f"{key}.ipynb", "depends_on": after.get(key, []), "max_retries": int(key in retried)} for key in cells
    ]
    (folder / "p.yml").write_text(json.dumps({"tasks": tasks}))
    command = [sys.executable, "-m", "nbflow", "run", "p.yml", "--json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    return Ran(folder, done.returncode, json.loads(done.stdout), done.stderr)


def history(table: Path) -> dict[Mark | None, list[dict[str, Any]]]:
    """The commits of a table as delta-rs reads them, the oldest first, by who made them."""
    found: dict[Mark | None, list[dict[str, Any]]] = {}
    for commit in reversed(DeltaTable(table).history()):
        said = json.loads(commit["userMetadata"])["nbflow"] if "userMetadata" in commit else None
        found.setdefault(said and Mark(said["run_id"], said["task_key"], said["attempt"]), []).append(commit)
    return found


def rows(table: Path, version: int) -> int:
    """How many rows a table had at a version, counted."""
    return DeltaTable(table, version=version).to_pyarrow_table().num_rows


def test_each_attempt_has_the_commits_that_bear_its_mark(ran: Ran) -> None:
    """First and last version, number of commits and operations are those of Delta's history, the rows those that are there;
    no attempt's commit is missing and none is somebody else's."""
    assert ran.code == 1
    places = {"by_path": ran.folder / "warehouse" / "by_path"}
    places |= {
        f"b.{name}": ran.folder / "warehouse" / "b" / name
        for name in ("grown", "merged", "replaced", "shared", "many_files", "foreign", "counted", "kept")
    }
    expected = {
        (mark, name): (
            commits[0]["version"],
            commits[-1]["version"],
            len(commits),
            list(dict.fromkeys(item["operation"] for item in commits)),
        )
        for name, place in places.items()
        for mark, commits in history(place).items()
        if mark is not None
    }
    told = {
        (Mark(ran.document["run_id"], task["task_key"], attempt["number"]), write["table"]): write
        for task in ran.document["tasks"]
        for attempt in task["attempts"]
        for write in attempt["tables"]
    }
    parts = ("first_version", "last_version", "commits", "operations")
    assert {key: tuple(write[part] for part in parts) for key, write in told.items()} == expected
    assert {key: write["rows"] for key, write in told.items()} == {
        (mark, name): rows(places[name], write["last_version"]) for (mark, name), write in told.items()
    }


def test_rows_are_counted_as_they_changed(ran: Ran) -> None:
    """Appends, MERGE, UPDATE, DELETE and the two kinds of overwrite, each as the notebook did it."""
    changed = {
        (task["task_key"], write["table"]): (write["inserted"], write["updated"], write["deleted"])
        for task in ran.document["tasks"]
        for write in task["tables"]
    }
    assert changed == {
        ("make", "b.grown"): (10, 0, 0), ("make", "b.merged"): (10, 0, 0), ("make", "b.replaced"): (30, 0, 0),
        ("make", "b.shared"): (1, 0, 0), ("make", "b.many_files"): (69, 0, 0), ("make", "by_path"): (3, 0, 0),
        ("two", "b.grown"): (12, 0, 0), ("two", "b.merged"): (2, 2 + 1, 3),
        ("whole", "b.replaced"): (4, 0, None), ("part", "b.merged"): (2, 0, 1),
        ("killed", "b.many_files"): (8, 0, 0), ("bad", "b.grown"): (4, 0, 0), ("bad", "b.replaced"): (1, 0, 0),
        ("left", "b.shared"): (6, 0, 0), ("right", "b.shared"): (9, 0, 0),
        ("make", "b.counted"): (1, 0, 0), ("make", "b.kept"): (0, 0, 0),
        ("merging_1", "b.counted"): (0, 1, 0), ("merging_2", "b.counted"): (0, 1, 0), **{(key, "b.kept"): (1, 0, 0) for key in APPENDS},
    }  # fmt: skip


def test_a_failed_task_tells_what_all_its_attempts_wrote(ran: Ran) -> None:
    """What each wrote stands with the attempt, what they wrote together with the task; also where the kernel was killed."""
    bad = ran.task("bad")
    assert [[write["table"] for write in attempt["tables"]] for attempt in bad["attempts"]] == [["b.grown"], ["b.grown", "b.replaced"]]
    assert [(write["table"], write["commits"], write["inserted"]) for write in bad["tables"]] == [("b.grown", 2, 4), ("b.replaced", 1, 1)]
    assert (bad["result"], ran.task("killed")["error"]["kind"]) == ("FAILED", "KERNEL_DIED")


def test_the_same_is_read_again(ran: Ran) -> None:
    """The document that is shown later is the one that the run printed."""
    assert json.loads(ran.nbflow("runs", "show", "last", "--json"))["tasks"] == ran.document["tasks"]


def test_people_are_told_too(ran: Ran) -> None:
    """When a task ends, when the run does, and later; a table whose commits tell of nobody is told as such."""
    assert "two: SUCCESS in " in ran.told
    assert "; wrote b.grown v2 (+12 rows, now 22), b.merged v3 (+2 rows, 3 updated, 3 deleted, now 9)\n" in ran.told
    written, meanwhile = ran.told.split("Delta tables written\n")[1].split("Delta tables that changed meanwhile\n")
    shown = ran.nbflow("runs", "show", "last")
    lines = [line.split("  ") for line in written.rstrip().splitlines()]
    assert len(lines) == sum(len(task["tables"]) for task in ran.document["tasks"])
    assert written.rstrip() in shown
    assert meanwhile.split("\n\n")[0].split() == ["b.foreign", "version", "0"]
    one = ran.nbflow("runs", "show", "last", "bad")
    assert [" ".join(line.split()) for line in one.split("Delta tables written\n")[1].splitlines()[:3]] == [
        "b.grown version 3 +2 rows, now 24 attempt 1",
        "b.grown version 4 +2 rows, now 26 attempt 2",
        "b.replaced version 2 +1 row, now 5 attempt 2",
    ]


def results(ran: Ran, kind: str) -> list[list[str]]:
    """The results of the attempts of each task of a kind, in order."""
    return sorted(
        [attempt["result"] for attempt in task["attempts"]] for task in ran.document["tasks"] if task["task_key"].startswith(kind)
    )


def contents(ran: Ran, table: str) -> list[dict[str, Any]]:
    """The rows of a table, as delta-rs reads them."""
    return DeltaTable(ran.folder / "warehouse" / "b" / table).to_pyarrow_table().to_pylist()


def test_a_conflict_fails_the_attempt_and_the_next_succeeds(ran: Ran) -> None:
    """Of two tasks that merge into one row at the same time one is the first, the other fails by Delta's error and is done again:
    no change is lost. Appends at the same time are all kept without a second attempt."""
    assert results(ran, "merging") == [["FAILED", "SUCCESS"], ["SUCCESS"]]
    (error,) = [ran.task(key)["attempts"][0]["error"] for key in ("merging_1", "merging_2") if len(ran.task(key)["attempts"]) == 2]
    assert (error["kind"], "DELTA_CONCURRENT" in error["message"]) == ("CELL_ERROR", True)
    assert contents(ran, "counted") == [{"id": 0, "n": 2}]
    assert results(ran, "appending") == [["SUCCESS"]] * 4
    assert sorted(row["who"] for row in contents(ran, "kept")) == APPENDS


def test_conflicts_on_sail(tmp_path: Path) -> None:
    """A row that delta-rs changes while it is merged into fails the attempt, the next succeeds; tasks that merge by SQL at the same time
    wait for each other, and appends at the same time are all kept, each at its first attempt."""
    foreign = """
import os, time
from deltalake import DeltaTable
while not os.path.exists("merging_1.met"):
    time.sleep(0.05)
DeltaTable("warehouse/b/counted").update(updates={"n": "n + 10"}, predicate="id = 0")
open("merging_2.met", "w").close()
"""
    waiting = MEET + "meet(0)\nspark.range(1).createOrReplaceTempView('met')\n" + MERGE
    cells = {
        "make": SPARK + "spark.sql('create schema b')" + CONTESTED,
        **CONFLICTS,
        "merging_2": foreign,
        "waiting_1": waiting,
        "waiting_2": waiting,
    }
    after = {key: ["make"] for key in cells if key != "make"} | {key: ["merging_1"] for key in ("waiting_1", "waiting_2")}
    ran = run_of(tmp_path, cells, after, {"merging_1"}, "--engine", "sail")
    assert (ran.code, results(ran, "merging"), results(ran, "waiting")) == (0, [["FAILED", "SUCCESS"], ["SUCCESS"]], [["SUCCESS"]] * 2)
    error = ran.task("merging_1")["attempts"][0]["error"]
    assert error["kind"] == "CELL_ERROR" and "commit" in error["message"]
    assert contents(ran, "counted") == [{"id": 0, "n": 1 + 10 + 1 + 1}]
    assert results(ran, "appending") == [["SUCCESS"]] * 4
    assert sorted(row["who"] for row in contents(ran, "kept")) == APPENDS


def test_what_a_run_wrote_is_previewed(ran: Ran) -> None:
    """By the run and by its tasks, without an engine: each table as this run left it, or as this task did."""
    run = Run(ran.document, Where(ran.folder))
    assert set(run.tables) == {write["table"] for task in ran.document["tasks"] for write in task["tables"]}
    for name, frame in run.tables.items():
        place = ran.folder / "warehouse" / name.replace(".", "/")
        last = max(write["last_version"] for task in ran.document["tasks"] for write in task["tables"] if write["table"] == name)
        expected = DeltaTable(place, version=last).to_pyarrow_table().to_pylist()
        assert sorted(frame.to_dict("records"), key=str) == sorted(expected, key=str), name
    assert sorted(run.tasks["whole"].table["id"]) == [0, 1, 2, 3]
    assert sorted(run.tasks["part"].table["k"]) == sorted(
        DeltaTable(ran.folder / "warehouse/b/merged", version=ran.task("part")["tables"][0]["last_version"])
        .to_pyarrow_table()["k"]
        .to_pylist()
    )
