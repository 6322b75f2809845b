"""Names on Sail: what lies in the warehouse's folders is what ``schema.table`` means, in every task, at every moment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from nbflow.warehouse.folders import keep
from nbflow.warehouse.trash import dropped

pytestmark = pytest.mark.long


def table_at(folder: Path, **columns: list[Any]) -> None:
    """A table made by nobody that Sail knows."""
    write_deltalake(folder, pyarrow.table(columns), mode="overwrite", schema_mode="overwrite")


def test_tables_are_known_by_name_however_they_were_made(sail: Any) -> None:
    """With two and three parts, in SQL and in Python, from another process and from another session of this one."""
    table_at(sail.warehouse / "bronze" / "theirs", x=[1, 2])
    first = sail.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA IF NOT EXISTS silver")
        spark.range(3).write.saveAsTable("silver.saved")
        spark.sql("CREATE TABLE silver.queried AS SELECT 1 AS x")
        spark.sql("CREATE TABLE silver.declared (x BIGINT)")
        spark.sql("INSERT INTO silver.declared VALUES (7)")
        spark.range(4).write.saveAsTable("plain")
        tell(spark.table("bronze.theirs").count())
        """
    )
    assert first == [2]
    assert sorted(path.parent.name for path in sail.warehouse.glob("*/*/_delta_log")) == ["declared", "plain", "queried", "saved", "theirs"]
    second = sail.run(
        """
        spark = session()
        count = lambda name: spark.sql(f"SELECT * FROM {name}").count()
        tell([count(name) for name in ("silver.saved", "spark_catalog.silver.queried", "`silver`.`declared`", "plain", "bronze.theirs")])
        other = spark.newSession()
        tell([other.table("silver.saved").count(), other.catalog.tableExists("silver.queried"), other.catalog.tableExists("silver.no")])
        tell(sorted(row.tableName for row in spark.sql("SHOW TABLES IN silver").collect()))
        spark.sql("USE silver")
        tell(spark.table("saved").count())
        """
    )
    assert second == [[3, 1, 1, 4, 2], [3, True, False], ["declared", "queried", "saved"], 3]


def test_what_another_changes_is_seen_at_once(sail: Any) -> None:
    """Rows, another schema, a table that is gone and one that is new."""
    client = sail.client(
        """
        spark = session()
        read = lambda: sorted(list(row.asDict().items()) for row in spark.table("b.t").collect())
        tell(read()); wait()
        tell(read()); wait()
        outcome(read)
        tell(spark.table("b.u").count())
        """
    )
    table_at(sail.warehouse / "b" / "t", x=[1])
    assert client.told() == [[["x", 1]]]
    table_at(sail.warehouse / "b" / "t", y=["a"])
    client.go()
    assert client.told() == [[["y", "a"]]]
    (sail.warehouse / "b" / "t").rename(sail.warehouse / "b" / "u")
    client.go()
    gone, count = client.end()
    assert "TABLE_OR_VIEW_NOT_FOUND" in gone and count == 1


def test_a_dropped_table_is_gone_and_lies_in_the_trash(sail: Any) -> None:
    """By SQL and by the catalog, with its schema too; a table of the name can be made again with other columns."""
    told = sail.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA s")
        for name in ("a", "b", "c"):
            spark.range(2).write.saveAsTable(f"s.{name}")
        spark.sql("DROP TABLE s.a")
        spark.catalog.dropTable("s.b")
        spark.sql("SELECT 'x' AS other").write.saveAsTable("s.a")
        tell(spark.table("s.a").columns)
        outcome(lambda: spark.table("s.b").count())
        outcome(lambda: spark.sql("DROP SCHEMA s"))
        spark.sql("DROP SCHEMA s CASCADE")
        tell(spark.catalog.databaseExists("s"))
        """
    )
    assert told[0] == ["other"] and "NOT_FOUND" in told[1] and "non-empty" in told[2] and told[3] is False
    assert not (sail.warehouse / "s").exists()
    assert sorted(item.name for item in dropped(sail.warehouse)) == ["s.a", "s.a", "s.b", "s.c"]


def test_a_renamed_table_is_its_folder_renamed(sail: Any) -> None:
    """The old name is unknown afterwards, the new one holds the rows, and a name that is taken is refused."""
    told = sail.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA s")
        spark.range(2).write.saveAsTable("s.old")
        spark.range(5).write.saveAsTable("s.taken")
        outcome(lambda: spark.sql("ALTER TABLE s.old RENAME TO s.taken"))
        spark.sql("ALTER TABLE s.old RENAME TO s.new")
        tell([spark.table("s.new").count(), spark.catalog.tableExists("s.old"), spark.table("s.taken").count()])
        """
    )
    assert "already" in told[0] and told[1] == [2, False, 5]
    assert DeltaTable(sail.warehouse / "s" / "new").version() == 0


def test_many_tables_are_no_burden(sail: Any) -> None:
    """A task that reads one of many tables makes this one known, not all."""
    table_at(sail.warehouse / "s" / "t0", x=[1])
    log = (sail.warehouse / "s" / "t0").rename(sail.warehouse / "model")
    for number in range(200):
        shutil.copytree(log, sail.warehouse / "s" / f"t{number}")
    told = sail.run(
        """
        from nbflow.surface.inside.sail.names import Names
        statements, original = [], Names.__init__
        def init(self, warehouse, run):
            original(self, warehouse, lambda text: (statements.append(text), run(text)))
        Names.__init__ = init
        spark = session()
        tell(spark.table("s.t7").count())
        tell(len(statements))
        """
    )
    assert told[0] == 1 and told[1] < 10


def test_columns_are_told_of_tables_that_sail_did_not_make(sail: Any) -> None:
    """DESCRIBE and SHOW COLUMNS have those of the table itself; what would answer with nothing is refused."""
    table_at(sail.warehouse / "bronze" / "theirs", x=[1, 2], **{"it's": ["a", "b"]})
    told = sail.run(
        """
        spark = session()
        rows = [[list(row) for row in spark.sql(text).collect()] for text in (
            "DESCRIBE bronze.theirs", "desc table spark_catalog.bronze.theirs", "SHOW COLUMNS IN bronze.theirs")]
        refused = []
        for call in (lambda: spark.catalog.listColumns("bronze.theirs"), lambda: spark.sql("DESCRIBE EXTENDED bronze.theirs").collect()):
            try:
                call()
            except Exception as error:
                refused.append("--engine spark" in str(error))
        tell([rows, refused])
        """
    )
    described = [["x", "bigint", None], ["it's", "string", None]]
    assert told == [[[described, described, [["x"], ["it's"]]], [True, True]]]


def test_a_name_that_spark_would_not_take_is_taken_by_nobody(sail: Any) -> None:
    """Nor one that Sail takes for another table than Spark does, in other capitals than the table that there is: in SQL, by frames, by the
    catalog, to make, to replace and to drop; on folders nbflow renames by itself. What is there stays as it is."""
    table_at(sail.warehouse / "default" / "customers", x=[1, 2, 3])
    told = sail.run(
        """
        from pyspark.errors import PySparkException
        spark = session()
        names = ("default.Customers", "CUSTOMERS", "spark_catalog.default.Customers", "default.`a-b`", "default.`größe`", "`100%20x`")
        makes = (
            lambda name: spark.sql(f"CREATE TABLE IF NOT EXISTS {name} (x BIGINT) USING delta"),
            lambda name: spark.sql(f"CREATE OR REPLACE TABLE {name} USING delta AS SELECT 1 AS x"),
            lambda name: spark.range(1).write.mode("append").saveAsTable(name),
            lambda name: spark.range(1).writeTo(name).createOrReplace(),
            lambda name: spark.catalog.createTable(name, schema=spark.range(1).schema, source="delta"),
            lambda name: spark.sql(f"DROP TABLE IF EXISTS {name}"),
        )
        kinds = []
        for make in makes:
            for name in names:
                try:
                    make(name)
                    kinds.append("done")
                except PySparkException as error:
                    kinds.append(next((word for word in ("other capitals", "INVALID_SCHEMA") if word in str(error)), str(error)))
        tell(kinds)
        kinds = []
        for name in ("`my schema`", "_hidden"):
            try:
                spark.sql(f"CREATE SCHEMA {name}")
            except PySparkException as error:
                kinds.append("INVALID_SCHEMA" in str(error) or "no later task would know it" in str(error))
        tell(kinds)
        spark.range(1).write.saveAsTable("default.Mixed")
        spark.range(1).write.saveAsTable("default.other")
        spark.sql("ALTER TABLE default.OTHER RENAME TO default.renamed")
        tell([spark.table(name).count() for name in ("customers", "mixed", "renamed")])
        """
    )
    refused = [*["other capitals"] * 3, *["INVALID_SCHEMA"] * 3]
    assert told == [[*refused * 5, *["other capitals"] * 3, *["done"] * 3], [True, True], [3, 1, 1]]
    assert sorted(path.parent.name.lower() for path in sail.warehouse.glob("*/*/_delta_log")) == ["customers", "mixed", "renamed"]
    assert dropped(sail.warehouse) == []


def test_a_write_that_failed_leaves_the_table_as_it_was(sail: Any) -> None:
    """In the session, too, which would hold the columns of the rows that were never written for the table's, and a table that was never made;
    by an error as by an interrupt."""
    table_at(sail.warehouse / "bronze" / "t", a=[1], b=["x"])
    told = sail.run(
        """
        from pyspark.sql import functions as F
        spark = session()
        broken = F.udf(lambda value: 1 // 0, "int")
        wrong = spark.table("bronze.t").select("b", "a", broken("a").alias("c"))
        for write in (
            lambda: wrong.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("bronze.t"),
            lambda: spark.sql("CREATE OR REPLACE TABLE bronze.t AS SELECT 1 AS a, raise_error('no') AS b"),
        ):
            try:
                write()
                tell("written")
            except Exception:
                tell([list(row) for row in spark.sql("SELECT * FROM bronze.t").collect()])
        import signal, threading, time
        slow = F.udf(lambda value: time.sleep(30) or 1, "int")
        threading.Timer(2, signal.raise_signal, [signal.SIGINT]).start()
        try:
            wrong.withColumn("c", slow("a")).write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("bronze.t")
        except KeyboardInterrupt:
            tell([list(row) for row in spark.sql("SELECT * FROM bronze.t").collect()])
        for make in (
            lambda: spark.sql("CREATE TABLE bronze.n AS SELECT 1 AS a, CAST(raise_error('no') AS STRING) AS b"),
            lambda: wrong.write.saveAsTable("bronze.n"),
        ):
            try:
                make()
            except Exception:
                tell(spark.catalog.tableExists("bronze.n"))
        spark.range(2).write.saveAsTable("bronze.n")
        tell(spark.table("bronze.n").count())
        spark.sql("UPDATE bronze.t SET b = 'y' WHERE a = 1")
        tell([row.asDict() for row in spark.table("bronze.t").collect()])
        """
    )
    assert told == [*[[[1, "x"]]] * 3, False, False, 2, [{"a": 1, "b": "y"}]]


def test_a_first_write_that_was_cut_off_is_no_table(sail: Any) -> None:
    """Spark's driver leaves files and a log without a commit where it was killed: the next write makes the table, and the files are none of
    its rows. Where the commit itself was cut off the write is refused, with what to do."""
    logs = {name: sail.warehouse / "default" / name / "_delta_log" for name in "abcdefg"}
    for name, log in logs.items():
        (log if name == "a" else log / "_staged_commits").mkdir(parents=True)
        pq.write_table(pyarrow.table({"id": [7]}), log.parent / "part-0.parquet")
    (logs["g"] / ".00000000000000000000.json.tmp").write_text("{")
    for path in sail.warehouse.rglob("*"):
        if path.parent not in (sail.warehouse, logs["a"].parent):  # what was begun this moment is waited for
            os.utime(path, (0, 0))
    sail.run(
        f"""
        spark = session()
        spark.range(3).write.mode("append").saveAsTable("a")
        spark.range(3).writeTo("b").createOrReplace()
        spark.range(3).write.format("delta").mode("overwrite").save({str(logs["c"].parent)!r})
        spark.sql("CREATE TABLE d AS SELECT id FROM range(3)")
        spark.sql("CREATE TABLE e (id BIGINT)")
        spark.sql("CREATE TABLE IF NOT EXISTS f (id BIGINT)")
        for name in "ef":
            spark.sql(f"INSERT INTO {{name}} SELECT id FROM range(3)")
        for _ in range(2):
            try:
                spark.range(3).write.saveAsTable("g")
            except Exception as error:
                assert "default/g" in str(error) and "DROP TABLE IF EXISTS" in str(error), error
            else:
                raise AssertionError("a log that is not empty was taken")
        spark.sql("DROP TABLE IF EXISTS g")
        spark.range(3).write.saveAsTable("g")
        assert [spark.table(name).count() for name in "abcdefg"] == [3] * 7
        """
    )
    assert [DeltaTable(log.parent).version() for log in logs.values()] == [0, 0, 0, 0, 1, 1, 0]


def test_a_first_write_that_goes_on_is_waited_for(sail: Any) -> None:
    """A log without a commit may be another's that begins this moment: its rows come first, and none is lost."""
    sail.run(
        f"""
        import shutil, threading
        from pathlib import Path
        spark = session()
        spark.range(1).write.saveAsTable("first")
        place = Path({str(sail.warehouse / "default")!r})
        (place / "t" / "_delta_log" / "_staged_commits").mkdir(parents=True)
        (place / "t" / "_delta_log" / ".begun.tmp").touch()
        def commit():
            for file in [*(place / "first").rglob("*.parquet"), *(place / "first").rglob("*.json")]:
                shutil.copy(file, place / "t" / file.relative_to(place / "first"))
        threading.Timer(1, commit).start()
        spark.range(3).write.mode("append").saveAsTable("t")
        assert sorted(row.id for row in spark.table("t").collect()) == [0, 0, 1, 2]
        """
    )
    assert DeltaTable(sail.warehouse / "default" / "t").version() == 1


def test_schemas_are_the_folders_that_spark_knows(sail: Any) -> None:
    """A folder ``x.db``, one with capitals and a table's folder with capitals bear the names that they have on Spark's driver; what is new
    in such a schema lies in its folder, and no further folder is made that would hide it."""
    table_at(sail.warehouse / "bronze.db" / "old", x=[1])
    table_at(sail.warehouse / "Silver" / "Events", x=[1, 2])
    told = sail.run(
        """
        spark = session()
        spark.range(3).write.saveAsTable("bronze.new")
        spark.sql("CREATE SCHEMA IF NOT EXISTS bronze")
        spark.sql("CREATE TABLE spark_catalog.silver.queried AS SELECT 1 AS x")
        spark.sql("INSERT INTO silver.events VALUES (3)")
        tell([spark.table(name).count() for name in ("bronze.old", "bronze.new", "silver.events", "silver.queried")])
        tell(sorted(row.tableName for row in spark.sql("SHOW TABLES IN bronze").collect()))
        spark.sql("DROP TABLE silver.events")
        """
    )
    assert told == [[1, 3, 3, 1], ["new", "old"]]
    found = sorted(str(path.parent.relative_to(sail.warehouse)) for path in sail.warehouse.glob("*/*/_delta_log"))
    assert found == ["Silver/queried", "bronze.db/new", "bronze.db/old"]
    assert [item.name for item in dropped(sail.warehouse)] == ["silver.events"]


def test_a_schema_without_tables_is_known_to_later_tasks(sail: Any) -> None:
    """However it was made, and until it is dropped."""
    sail.run('spark = session(); spark.sql("CREATE SCHEMA made"); spark.catalog.createDatabase("called"); spark.sql("CREATE SCHEMA gone")')
    told = sail.run(
        """
        spark = session()
        spark.sql("DROP SCHEMA gone")
        tell([spark.catalog.databaseExists(name) for name in ("made", "called", "gone")])
        spark.range(1).write.saveAsTable("made.t")
        """
    )
    assert told == [[True, True, False]]
    assert sorted(path.name for path in sail.warehouse.iterdir() if path.is_dir() and path.name != ".trash") == ["called", "made"]


def test_a_dropped_schema_leaves_nothing_behind(sail: Any) -> None:
    """What else its folder holds goes to the trash too, as Spark's driver does it; what only Spark knows keeps it without CASCADE, and
    the default schema stays."""
    table_at(sail.warehouse / "s" / "t", x=[1])
    (sail.warehouse / "s" / "notes.txt").write_text("mine")
    keep(sail.warehouse / "v", "view", {"version": 1, "type": "VIEW"})
    told = sail.run(
        """
        spark = session()
        outcome(lambda: spark.sql("DROP SCHEMA v"))
        outcome(lambda: spark.sql("DROP SCHEMA default CASCADE"))
        spark.sql("DROP SCHEMA s CASCADE")
        spark.sql("CREATE SCHEMA s")
        tell(spark.catalog.tableExists("s.t"))
        """
    )
    assert "SCHEMA_NOT_EMPTY" in told[0] and "default" in told[1] and told[2] is False
    assert (sail.warehouse / "v").is_dir() and list((sail.warehouse / "s").iterdir()) == []
    lies = {item.name: item.files for item in dropped(sail.warehouse)}
    assert set(lies) == {"s.t", "s.*"} and (lies["s.*"] / "notes.txt").read_text() == "mine"


def test_purge_deletes_for_good_and_names_in_texts_are_names(sail: Any) -> None:
    """By SQL and by the catalog; IDENTIFIER means the table that its text or parameter names."""
    sail.run(
        """
        spark = session()
        for name in "abcd":
            spark.range(2).write.saveAsTable(name)
        spark.sql("DROP TABLE a PURGE")
        spark.catalog.dropTable("b", purge=True)
        """
    )
    told = sail.run(
        """
        spark = session()
        tell(spark.sql("SELECT * FROM IDENTIFIER(:t)", args={"t": "default.c"}).count())
        spark.sql("DROP TABLE IDENTIFIER(:t)", args={"t": "default.c"})
        spark.sql("DROP TABLE IDENTIFIER('d')")
        tell([spark.catalog.tableExists(name) for name in "abcd"])
        """
    )
    assert told == [2, [False] * 4]
    assert sorted(item.name for item in dropped(sail.warehouse)) == ["default.c", "default.d"]
    assert list((sail.warehouse / "default").iterdir()) == []


def test_what_only_spark_knows_is_neither_hidden_nor_replaced(sail: Any) -> None:
    """A name that is kept for Spark's driver is refused to writers and to reads by its full name."""
    keep(sail.warehouse / "s", "p", {"version": 1, "type": "MANAGED", "provider": "parquet"})
    keep(sail.warehouse / "s", "v", {"version": 1, "type": "VIEW"})
    told = sail.run(
        """
        spark = session()
        for job in (
            lambda: spark.range(1).write.mode("overwrite").saveAsTable("s.p"), lambda: spark.range(1).writeTo("s.v").createOrReplace(),
            lambda: spark.sql("CREATE OR REPLACE TABLE s.v AS SELECT 1 AS x"), lambda: spark.sql("DROP TABLE IF EXISTS s.p"),
            lambda: spark.table("s.v").count(),
        ):
            outcome(job)
        """
    )
    assert ["--engine spark" in each for each in told] == [True] * 5
    assert not list(sail.warehouse.glob("s/*/_delta_log"))


def test_what_later_tasks_would_not_know_is_not_made(sail: Any) -> None:
    """Views and tables of other formats, by SQL, by both writers and by the catalog, are refused by name; temporary views are not, and
    files without a name are not."""
    told = sail.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA s")
        spark.range(2).createOrReplaceTempView("quiet")
        spark.sql("CREATE OR REPLACE TEMPORARY VIEW also AS SELECT * FROM quiet")
        spark.range(2).write.parquet("files")
        spark.sql("CREATE TABLE s.t USING delta AS SELECT 1 AS x")
        for job in (
            lambda: spark.sql("CREATE VIEW s.v AS SELECT 1 AS x"), lambda: spark.sql("create or replace view s.v as select * from s.t"),
            lambda: spark.range(2).write.format("parquet").saveAsTable("s.p"), lambda: spark.range(2).write.format("csv").mode("append").saveAsTable("p"),
            lambda: spark.range(2).writeTo("s.p").using("parquet").create(), lambda: spark.sql("CREATE TABLE s.p (x INT) USING parquet"),
            lambda: spark.sql("CREATE TABLE IF NOT EXISTS s.p USING CSV OPTIONS (header true) LOCATION '/nowhere'"),
            lambda: spark.sql("CREATE TABLE s.p STORED AS PARQUET AS SELECT 1 AS x"), lambda: spark.catalog.createTable("s.p", source="json", path="files"),
            lambda: (spark.conf.set("spark.sql.sources.default", "parquet"), spark.sql("CREATE TABLE s.p (x INT)")),
        ):
            outcome(job)
        spark.conf.set("spark.sql.sources.default", "delta")
        tell([spark.table("also").count(), spark.read.parquet("files").count()])
        tell(sorted(row.tableName for row in spark.sql("SHOW TABLES IN s").collect() if not row.isTemporary))
        """
    )
    *refusals, counts, names = told
    assert [("--engine spark" in each, "s.v" in each or "s.p" in each or "default.p" in each) for each in refusals] == [(True, True)] * 10
    assert (counts, names) == ([2, 2], ["t"])


def test_a_table_that_lies_elsewhere_is_known_to_later_tasks(sail: Any, tmp_path: Path) -> None:
    """By a location in SQL and by a writer's path; it is changed where it lies, renamed and dropped by its name alone."""
    folder = tmp_path / "nb"
    sail.run(
        """
        spark = session()
        spark.sql("CREATE SCHEMA s")
        spark.range(3).write.save("one")
        spark.sql("CREATE TABLE s.one USING delta LOCATION 'one'")
        spark.range(2).write.option("path", "two").saveAsTable("s.two")
        """,
        folder,
    )
    told = sail.run(
        """
        spark = session()
        spark.sql("INSERT INTO s.one VALUES (7)")
        tell([spark.table("s.one").count(), spark.sql("SELECT * FROM spark_catalog.s.two").count()])
        tell(sorted(row.tableName for row in spark.sql("SHOW TABLES IN s").collect()))
        spark.range(1).write.mode("append").saveAsTable("s.one")
        spark.sql("ALTER TABLE s.one RENAME TO s.other")
        spark.sql("DROP TABLE s.two")
        tell([spark.table("s.other").count(), spark.catalog.tableExists("s.one"), spark.catalog.tableExists("s.two")])
        """
    )
    assert told == [[4, 2], ["one", "two"], [5, False, False]]
    assert (DeltaTable(folder / "one").version(), DeltaTable(folder / "two").version()) == (2, 0)
    assert [path.name for path in (sail.warehouse / "s").rglob("*") if path.is_file()] == ["other.json"]
    assert dropped(sail.warehouse) == []


def test_describe_tells_of_partitions(sail: Any) -> None:
    """As Spark does, below the columns, also of a table whose first commits are only in a checkpoint."""
    folder = sail.warehouse / "b" / "t"
    write_deltalake(folder, pyarrow.table({"x": [1], "k": ["a"]}), partition_by=["k"])
    DeltaTable(folder).create_checkpoint()
    told = [sail.run('tell([list(row) for row in session().sql("DESCRIBE b.t").collect()])')[0]]
    (folder / "_delta_log" / f"{0:020}.json").unlink()
    told += [sail.run('tell([list(row) for row in session().sql("DESCRIBE b.t").collect()])')[0]]
    columns = [["x", "bigint", None], ["k", "string", None]]
    assert told == [[*columns, ["# Partition Information", "", ""], ["# col_name", "data_type", "comment"], columns[1]]] * 2
