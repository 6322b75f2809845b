"""One name, one table: in every notebook, driver and later run, whatever was done to the warehouse meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from nbflow.define.settings import Settings
from nbflow.run.engines.spark import SparkEngine
from nbflow.store.dropped import DroppedTables
from nbflow.warehouse.trash import dropped

pytestmark = pytest.mark.long

LISTEN = """
    spark = session()
    def ask(statement):
        try:
            tell([row.asDict() for row in spark.sql(statement).collect()])
        except Exception as error:
            tell(type(error).__name__ + " " + str(error)[:400])
    tell("ready")
    while line := sys.stdin.readline():
        ask(json.loads(line))
    """
"""A notebook that answers with what a statement gives."""


class Notebook:
    """A notebook that answers statements: rows, or the error as text."""

    def __init__(self, bench: Any) -> None:
        self._client = bench.client(LISTEN)
        assert self._client.told() == "ready"

    def sql(self, statement: str) -> Any:
        """What the statement gives."""
        self._client.process.stdin.write(json.dumps(statement) + "\n")
        self._client.process.stdin.flush()
        return self._client.told()

    def values(self, statement: str) -> list[Any]:
        """The values of a statement that gives one column, in order."""
        rows = self.sql(statement)
        assert isinstance(rows, list), rows
        return sorted(value for row in rows for value in row.values())

    def tables(self, schema: str) -> set[str]:
        """The names of tables and views in a schema."""
        return {row["tableName"] for row in self.sql(f"SHOW TABLES IN {schema}")}

    def is_missing(self, name: str) -> bool:
        """Whether the name means nothing."""
        answer = self.sql(f"SELECT * FROM {name}")
        return isinstance(answer, str) and "TABLE_OR_VIEW_NOT_FOUND" in answer


@pytest.fixture(scope="module")
def second_bench(shared_bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Another driver on the warehouse of the first, as a second run has it."""
    bench = type(shared_bench)(tmp_path_factory.mktemp("second"))
    bench.warehouse = shared_bench.warehouse
    bench.engine = SparkEngine(Settings(), bench.warehouse, bench.state, bench.said.append)
    yield bench
    bench.close()


@pytest.fixture
def pair(bench: Any, second_bench: Any) -> Iterator[tuple[Notebook, Notebook]]:
    """A notebook on either driver, both there before anything happens."""
    yield Notebook(bench), Notebook(second_bench)
    second_bench.clear()


def test_what_others_do_to_the_warehouse_is_known_at_once(bench: Any, pair: tuple[Notebook, Notebook]) -> None:
    """Schemas and tables that another driver, delta-rs or a hand makes, changes, renames, makes anew or removes, in both ways."""
    one, two = pair
    one.sql("CREATE SCHEMA live")
    one.sql("CREATE TABLE live.a AS SELECT 1 AS x")
    assert two.values("SELECT * FROM spark_catalog.live.a") == [1]
    two.sql("INSERT INTO live.a VALUES (2)")
    assert one.values("SELECT x FROM live.a") == [1, 2]
    two.sql("ALTER TABLE live.a RENAME TO live.b")
    assert (one.is_missing("live.a"), one.values("SELECT x FROM live.b")) == (True, [1, 2])
    one.sql("DROP TABLE live.b")
    assert two.is_missing("live.b")
    one.sql("CREATE TABLE live.b (word STRING) USING delta")
    two.sql("INSERT INTO live.b VALUES ('w')")
    assert (one.values("SELECT word FROM live.b"), two.values("SELECT word FROM live.b")) == (["w"], ["w"])

    write_deltalake(bench.warehouse / "live" / "rs", pa.table({"n": [7]}))
    assert (one.values("SELECT n FROM live.rs"), two.values("SELECT n FROM live.rs")) == ([7], [7])
    shutil.rmtree(bench.warehouse / "live" / "rs")
    assert one.is_missing("live.rs") and two.is_missing("live.rs")
    write_deltalake(bench.warehouse / "live" / "rs", pa.table({"other": ["x"]}))
    assert (one.values("SELECT other FROM live.rs"), two.values("SELECT other FROM live.rs")) == (["x"], ["x"])

    (bench.warehouse / "empty_one" / "later").mkdir(parents=True)
    assert one.tables("empty_one") == set()
    write_deltalake(bench.warehouse / "empty_one" / "later", pa.table({"n": [1]}))
    assert (one.tables("empty_one"), two.tables("empty_one")) == ({"later"}, {"later"})
    shutil.rmtree(bench.warehouse / "empty_one")
    assert "SCHEMA_NOT_FOUND" in one.sql("SHOW TABLES IN empty_one") and "SCHEMA_NOT_FOUND" in two.sql("SHOW TABLES IN empty_one")


def test_an_anew_made_table_is_the_new_one_for_a_new_notebook(bench: Any, pair: tuple[Notebook, Notebook]) -> None:
    """A notebook that starts after another driver dropped a table and made it anew reads the new one on its old driver."""
    one, two = pair
    one.sql("CREATE SCHEMA anew")
    one.sql("CREATE TABLE anew.t AS SELECT 1 AS x")
    one.sql("INSERT INTO anew.t VALUES (2)")
    assert one.values("SELECT x FROM anew.t") == [1, 2]
    two.sql("DROP TABLE anew.t")
    two.sql("CREATE TABLE anew.t AS SELECT 'w' AS word")
    assert Notebook(bench).sql("SELECT * FROM anew.t") == [{"word": "w"}]


def test_a_dropped_table_is_in_the_trash_and_comes_back(bench: Any, pair: tuple[Notebook, Notebook]) -> None:
    """Each drop is kept by itself, whole; what fails moves nothing; PURGE and files elsewhere are as Spark has them."""
    one, two = pair
    one.sql("CREATE SCHEMA bin")
    for value in (1, 2):
        one.sql(f"CREATE TABLE bin.t AS SELECT {value} AS x")
        one.sql("DROP TABLE spark_catalog.bin.`t`")
        assert not (bench.warehouse / "bin" / "t").exists()
    one.sql("DROP TABLE IF EXISTS bin.t")
    assert "TABLE_OR_VIEW_NOT_FOUND" in one.sql("DROP TABLE bin.t")
    assert [item.name for item in dropped(bench.warehouse)][:2] == ["bin.t", "bin.t"]
    assert DroppedTables(bench.warehouse).restore("bin.t")[0] == "bin.t"
    assert DroppedTables(bench.warehouse).restore("bin.t", "bin.older")[0] == "bin.older"
    for notebook in (one, two):
        assert (notebook.values("SELECT x FROM bin.t"), notebook.values("SELECT x FROM bin.older")) == ([2], [1])

    before = len(dropped(bench.warehouse))
    one.sql("CREATE VIEW bin.v AS SELECT x FROM bin.t")
    assert "AnalysisException" in one.sql("DROP VIEW bin.t")
    assert "SCHEMA_NOT_EMPTY" in one.sql("DROP SCHEMA bin")
    one.sql("CREATE OR REPLACE TEMPORARY VIEW t AS SELECT 1")
    one.sql("DROP VIEW t")
    one.sql(f"CREATE TABLE bin.out USING delta LOCATION '{bench.root}/elsewhere' AS SELECT 5 AS x")
    assert two.values("SELECT x FROM bin.out") == [5]
    one.sql("DROP TABLE bin.out")
    assert two.is_missing("bin.out")
    assert (bench.root / "elsewhere" / "_delta_log").is_dir()
    one.sql("DROP TABLE bin.older PURGE")
    assert not (bench.warehouse / "bin" / "older").exists()
    assert len(dropped(bench.warehouse)) == before
    assert [notebook.values("SELECT x FROM bin.v") for notebook in pair] == [[2], [2]]


@pytest.mark.parametrize(("drop", "statement"), [("TableDrop", "DROP TABLE cut.t"), ("SchemaDrop", "DROP SCHEMA cut CASCADE")])
def test_a_notebook_that_is_killed_in_a_drop_leaves_all_as_it_was(bench: Any, drop: str, statement: str) -> None:
    """The next notebook of the driver reads the table, makes others where they belong, and drops it as ever."""
    bench.run("spark = session(); spark.sql('CREATE SCHEMA IF NOT EXISTS cut'); spark.sql('CREATE TABLE cut.t AS SELECT 1 AS x')")
    client = bench.client(
        f"""
        import signal
        import nbflow.surface.inside.driver.drops as drops
        prepare = drops.{drop}.__init__
        def killed(*given):
            prepare(*given)
            os.kill(os.getpid(), signal.SIGKILL)
        drops.{drop}.__init__ = killed
        session().sql("{statement}")
        """
    )
    assert client.process.wait(120) == -9
    bench.clear()
    later = Notebook(bench)
    later.sql("CREATE TABLE cut.more AS SELECT 2 AS x")
    assert later.values("SELECT x FROM cut.t UNION ALL SELECT x FROM cut.more") == [1, 2]
    assert {path.name for path in (bench.warehouse / "cut").iterdir()} == {"t", "more"}
    later.sql("DROP TABLE cut.t")
    later.sql("DROP TABLE cut.more")
    assert [item.name for item in dropped(bench.warehouse)[:2]] == ["cut.more", "cut.t"]


def test_schemas_that_are_dropped_at_once_do_not_meet(bench: Any) -> None:
    """What is saved in a schema whose drop therefore fails is not deleted by the end of another schema's drop."""
    slow = bench.client(
        """
        import nbflow.surface.inside.driver.drops as drops
        prepare = drops.SchemaDrop.__init__
        def prepared(*given):
            prepare(*given)
            tell("prepared")
            wait()
        spark = session()
        spark.sql("CREATE SCHEMA slow_drop")
        drops.SchemaDrop.__init__ = prepared
        outcome(lambda: spark.sql("DROP SCHEMA slow_drop"))
        tell([row.id for row in spark.sql("SELECT id FROM slow_drop.late").collect()])
        """
    )
    assert slow.told() == "prepared"
    bench.run("session()._jsparkSession.sql('CREATE TABLE slow_drop.late AS SELECT 7 AS id')")
    bench.run("spark = session(); spark.sql('CREATE SCHEMA quick_drop'); spark.sql('DROP SCHEMA quick_drop')")
    slow.go()
    refused, rows = slow.end()
    assert ("SCHEMA_NOT_EMPTY" in refused, rows) == (True, [7])


def test_a_dropped_schema_goes_table_by_table(bench: Any, pair: tuple[Notebook, Notebook]) -> None:
    """CASCADE puts each table into the trash by its name and what else lay there as one; both drivers have no such schema."""
    one, two = pair
    one.sql("CREATE SCHEMA gone")
    one.sql("CREATE TABLE gone.a AS SELECT 1 AS x")
    one.sql("CREATE TABLE gone.p USING parquet AS SELECT 2 AS x")
    (bench.warehouse / "gone" / "notes.txt").write_text("mine")
    assert two.tables("gone") == {"a", "p"}
    two.sql("DROP SCHEMA IF EXISTS gone CASCADE")
    assert {item.name for item in dropped(bench.warehouse)} >= {"gone.a", "gone.p", "gone.*"}
    assert not (bench.warehouse / "gone").exists()
    assert all("SCHEMA_NOT_FOUND" in notebook.sql("SHOW TABLES IN gone") for notebook in pair)
    for name in ("gone.*", "gone.p", "gone.a"):
        DroppedTables(bench.warehouse).restore(name)
    assert (bench.warehouse / "gone" / "notes.txt").read_text() == "mine"
    assert [notebook.values("SELECT x FROM gone.a UNION ALL SELECT x FROM gone.p") for notebook in pair] == [[1, 2], [1, 2]]
    two.sql("CREATE SCHEMA hollow")
    two.sql("DROP SCHEMA hollow")
    assert "SCHEMA_NOT_FOUND" in one.sql("SHOW TABLES IN hollow")


def test_however_a_table_is_made_its_folder_is_its_name(bench: Any, second_bench: Any) -> None:
    """Every call that makes, fills or changes a table leaves it at warehouse/schema/table, and another driver reads it there."""
    bench.run(
        """
        from delta.tables import DeltaTable
        spark = session()
        spark.catalog.createDatabase("forms")
        rows = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "k"])
        for mode in ("errorifexists", "append", "overwrite", "ignore"):
            rows.write.mode(mode).saveAsTable("forms.saved")
        rows.write.insertInto("forms.saved")
        rows.write.partitionBy("k").saveAsTable("forms.parted")
        spark.sql("INSERT OVERWRITE forms.parted VALUES (7, 'z')")
        rows.writeTo("forms.v2").using("delta").create()
        rows.writeTo("forms.v2").append()
        DeltaTable.createIfNotExists(spark).tableName("forms.built").addColumn("id", "BIGINT").execute()
        spark.catalog.createTable("forms.asked", schema=rows.schema, source="delta")
        spark.sql("CREATE TABLE forms.copied LIKE forms.saved USING delta")
        spark.sql("USE forms")
        spark.sql("CREATE TABLE short AS SELECT 1 AS id")
        spark.sql("CREATE OR REPLACE TABLE short AS SELECT 'x' AS other, 2 AS more")
        spark.sql("ALTER TABLE short ADD COLUMN third INT")
        spark.sql("ALTER TABLE short RENAME TO shorter")
        spark.sql("USE default")
        rows.write.saveAsTable("forms_loose")
        rows.write.format("delta").mode("append").save(json.loads(sys.argv[1])["warehouse"] + "/forms/bypath")
        rows.write.mode("append").saveAsTable("forms.bypath")
        spark.readStream.table("forms.saved").writeStream.option("checkpointLocation", "check").trigger(
            availableNow=True).toTable("forms.streamed").awaitTermination()
        tell(DeltaTable.forName(spark, "forms.streamed").toDF().count())
        """
    )
    expected = {"saved": 4, "parted": 1, "v2": 4, "built": 0, "asked": 0, "copied": 0, "shorter": 1, "bypath": 4, "streamed": 4}
    folders = {path.name for path in (bench.warehouse / "forms").iterdir() if (path / "_delta_log").is_dir()}
    assert folders == set(expected)
    assert (bench.warehouse / "default" / "forms_loose" / "_delta_log").is_dir()
    other = Notebook(second_bench)
    assert {name: other.values(f"SELECT count(*) FROM forms.{name}")[0] for name in expected} == expected
    assert other.sql("SELECT * FROM forms.shorter") == [{"other": "x", "more": 2, "third": None}]
    assert other.values("SELECT id FROM forms_loose") == [1, 2]
    second_bench.clear()


def test_names_that_no_folder_tells_are_kept_in_files(bench: Any, pair: tuple[Notebook, Notebook]) -> None:
    """Views, tables of other formats and tables that lie elsewhere are known to the other driver, as they are now."""
    one, two = pair
    one.sql("CREATE SCHEMA kept")
    one.sql("CREATE TABLE kept.t AS SELECT 1 AS x UNION ALL SELECT 2")
    one.sql("USE kept")
    one.sql("CREATE VIEW v (doubled COMMENT 'twice') AS SELECT x * 2 AS y FROM t")
    one.sql("CREATE TABLE p (a INT, k STRING) USING parquet PARTITIONED BY (k) COMMENT 'of parquet'")
    one.sql("INSERT INTO p VALUES (5, 'y')")
    one.sql(f"CREATE TABLE c USING csv OPTIONS (header true, sep ';') LOCATION '{bench.root}/csv' AS SELECT 'q' AS word, 3 AS n")
    assert two.sql("SELECT * FROM kept.v ORDER BY 1") == [{"doubled": 2}, {"doubled": 4}]
    assert two.sql("SELECT * FROM kept.p") == [{"a": 5, "k": "y"}]
    assert two.sql("SELECT * FROM kept.c") == [{"word": "q", "n": 3}]
    two.sql("INSERT INTO kept.p VALUES (6, 'z')")
    one.sql("REFRESH TABLE kept.p")  # Spark remembers the files of a table that is no Delta table
    assert one.values("SELECT a FROM kept.p") == [5, 6]
    two.sql("CREATE OR REPLACE VIEW kept.v AS SELECT 'new' AS word")
    assert one.sql("SELECT * FROM kept.v") == [{"word": "new"}]
    two.sql("ALTER VIEW kept.v RENAME TO kept.w")
    assert one.is_missing("kept.v") and one.values("SELECT word FROM kept.w") == ["new"]
    two.sql("CREATE OR REPLACE VIEW kept.w AS SELECT 'newer' AS word")
    assert Notebook(bench).values("SELECT word FROM kept.w") == ["newer"]
    two.sql("DROP VIEW kept.w")
    assert Notebook(bench).is_missing("kept.w")
    two.sql("DROP TABLE kept.p")
    assert one.is_missing("kept.p")
    DroppedTables(bench.warehouse).restore("kept.p")
    assert (one.values("SELECT a FROM kept.p"), two.values("SELECT a FROM kept.p")) == ([5, 6], [5, 6])


def test_a_foreign_catalog_is_told_with_the_name_to_use(bench: Any) -> None:
    """The same error as Spark's, with one sentence more, from SQL and from calls."""
    told = bench.run(
        """
        from delta.tables import DeltaTable
        spark = session()
        for job in (
            lambda: spark.sql("SELECT * FROM main.bronze.t"),
            lambda: spark.sql("DROP TABLE IF EXISTS main.bronze.t"),
            lambda: spark.table("main.bronze.t"),
            lambda: spark.range(1).write.saveAsTable("main.bronze.t"),
            lambda: spark.catalog.tableExists("main.bronze.t"),
            lambda: DeltaTable.forName(spark, "main.bronze.t"),
        ):
            outcome(job)
        """
    )
    assert len(told) == 6
    assert all(
        "There is no catalog 'main' here: use bronze.t or spark_catalog.bronze.t, or say that it means this workspace" in text
        for text in told[:5]
    )
    assert "There is no catalog 'main' here" in told[5]
    assert [text.split()[0] for text in told] == ["AnalysisException"] * 5 + ["Py4JJavaError"]


def test_a_table_is_not_taken_from_who_makes_it(bench: Any) -> None:
    """While one notebook makes tables, others on its driver that look at the schema all the time do not disturb it."""
    bench.run("session().sql('CREATE SCHEMA busy')")
    watchers = [
        bench.client(
            """
            spark = session()
            tell("ready")
            seen = 0
            while seen < 12:
                seen = len(spark.sql("SHOW TABLES IN busy").collect())
            tell(seen)
            """
        )
        for _ in range(2)
    ]
    assert [client.told() for client in watchers] == ["ready", "ready"]
    assert bench.run(
        """
        spark = session()
        for number in range(6):
            spark.range(3).write.saveAsTable(f"busy.saved{number}")
            spark.sql(f"CREATE TABLE busy.made{number} AS SELECT 1 AS x")
        tell("made")
        """
    ) == ["made"]
    assert [client.end() for client in watchers] == [[12], [12]]


def test_the_next_driver_knows_it_all(bench: Any, own_bench: Any) -> None:
    """A driver that starts later has tables, views and other formats; what was dropped it has not."""
    first = Notebook(bench)
    for statement in (
        "CREATE SCHEMA nextone",
        "CREATE TABLE nextone.t AS SELECT 1 AS x",
        "CREATE TABLE nextone.gone AS SELECT 1 AS x",
        "CREATE VIEW nextone.v AS SELECT x + 1 AS y FROM nextone.t",
        "CREATE TABLE nextone.p USING json AS SELECT 'a' AS s",
        "DROP TABLE nextone.gone",
    ):
        assert isinstance(first.sql(statement), list), statement
    shutil.copytree(bench.warehouse / "nextone", own_bench.warehouse / "nextone")
    later = Notebook(own_bench)
    assert later.tables("nextone") == {"t", "v", "p"}
    assert (later.values("SELECT y FROM nextone.v"), later.values("SELECT s FROM nextone.p")) == ([2], ["a"])


def test_a_schema_elsewhere_is_told(bench: Any) -> None:
    """Later runs will not know it, and the notebook is told so when it makes it; its tables are as Spark has them."""
    assert bench.run(
        """
        import warnings
        spark = session()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            spark.sql("CREATE SCHEMA inside_it")
            spark.sql("CREATE SCHEMA elsewhere LOCATION 'its_place'")
        tell([str(warning.message).partition(" only")[0] for warning in told if "schema" in str(warning.message)])
        spark.range(2).write.saveAsTable("elsewhere.t")
        spark.sql("DROP TABLE elsewhere.t")
        tell(os.path.exists("its_place/t"))
        """
    ) == [["the schema elsewhere is known to this run"], False]


def test_a_name_whose_file_is_damaged_is_told(bench: Any) -> None:
    """The notebook is warned of it, and all other names are there."""
    assert bench.run(
        """
        import warnings
        spark = session()
        spark.sql("CREATE SCHEMA damaged")
        spark.sql("CREATE VIEW damaged.good AS SELECT 1 AS x")
        with open(json.loads(sys.argv[1])["warehouse"] + "/damaged/.names/bad.json", "w") as file:
            file.write("{")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            tell([row.tableName for row in spark.sql("SHOW TABLES IN damaged").collect()])
        tell([str(warning.message) for warning in told if "damaged" in str(warning.message)])
        """
    ) == [["good"], ["damaged.bad could not be made known: its file cannot be read"]]


def test_what_a_script_drops_is_in_the_trash(bench: Any) -> None:
    """A statement of a script that is not reached drops nothing; a script may make anew what it drops."""
    assert bench.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA script")
        for name in "abcde":
            spark.sql(f"CREATE TABLE script.{name} AS SELECT 1 AS x")
        spark.sql("BEGIN DROP TABLE script.a; IF 1 = 2 THEN DROP TABLE script.b; END IF; END")
        spark.sql("EXECUTE IMMEDIATE 'DROP TABLE script.c'")
        spark.sql("DROP TABLE IDENTIFIER(:name)", args={"name": "script.d"})
        spark.sql("INSERT INTO script.b VALUES (2)")
        spark.sql("BEGIN DROP TABLE script.e; CREATE TABLE script.e AS SELECT 'new' AS y; END")
        tell([spark.table("script.b").count(), spark.table("script.e").first().y])
        """
    ) == [[2, "new"]]
    assert {item.name for item in dropped(bench.warehouse) if item.name.startswith("script.")} == {"script.a", "script.c", "script.d"}
    assert {path.name for path in (bench.warehouse / "script").iterdir()} == {"b", "e"}


def test_the_trash_tells_which_task_of_which_run_dropped_a_table(tmp_path: Path) -> None:
    """A run's drop is listed with its run and task, and comes back; a driver by hand, started meanwhile, knows it at once."""
    source = "from nbflow import spark\nspark.sql('create schema s')\nspark.range(3).write.saveAsTable('s.t')\nspark.sql('drop table s.t')"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    (tmp_path / "p.yml").write_text("tasks: [{task_key: dropping, notebook: n.ipynb}]")
    by_hand = subprocess.Popen(
        [sys.executable, "-c", BY_HAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "NBFLOW_TASK"},
    )  # fmt: skip
    assert by_hand.stdin is not None and by_hand.stdout is not None
    assert by_hand.stdout.readline() == "False\n"
    nbflow(tmp_path, "run", "p.yml")
    (item,) = json.loads(nbflow(tmp_path, "tables", "trash", "--json"))["dropped"]
    assert (item["name"], item["run_id"], item["task_key"]) == ("s.t", 1, "dropping")
    nbflow(tmp_path, "tables", "restore", "s.t")
    assert by_hand.communicate("go\n", timeout=60)[0] == "3\n"


BY_HAND = """
from nbflow import spark
print(spark.catalog.tableExists("s.t"), flush=True)
input()
print(spark.table("s.t").count())
"""


def nbflow(folder: Path, *words: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_two_hundred_tables_are_no_burden(own_bench: Any) -> None:
    """With 200 tables in the warehouse a statement asks the driver no more than with none, once the notebook has looked."""
    first = own_bench.warehouse / "many" / "t0"
    write_deltalake(str(_made(first)), pa.table({"n": [1]}))
    for number in range(1, 200):
        shutil.copytree(first, own_bench.warehouse / "many" / f"t{number}")
    assert own_bench.run(
        """
        spark = session()
        tell(spark.sql("SHOW TABLES IN many").count())
        client = spark.sparkContext._gateway._gateway_client
        original, calls = client.send_command, []
        client.send_command = lambda *args, **kwargs: calls.append(args) or original(*args, **kwargs)
        spark.catalog.currentDatabase()
        tell(len(calls) < 10)
        """
    ) == [200, True]


def _made(folder: Path) -> Path:
    folder.parent.mkdir(parents=True)
    return folder
