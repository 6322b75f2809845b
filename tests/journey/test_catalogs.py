"""``main.bronze.events`` as the workspace's ``bronze.events``, on Spark's driver and on Sail, and refused without the setting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

CELLS = """\
# Databricks notebook source
import json
answers = {}
spark.sql("CREATE SCHEMA IF NOT EXISTS main.bronze")
spark.range(3).write.format("delta").saveAsTable("main.bronze.events")
answers["table"] = spark.table("main.bronze.events").count()
answers["short"] = spark.table("bronze.events").count()
answers["sql"] = spark.sql("SELECT max(main.bronze.events.id) AS m FROM main.bronze.events").first()["m"]
spark.sql("CREATE TABLE main.bronze.made USING delta AS SELECT 1 AS a")
spark.sql("INSERT INTO main.bronze.made VALUES (2)")
answers["made"] = sorted(row.a for row in spark.table("main.bronze.made").collect())
spark.range(2).writeTo("main.bronze.again").using("delta").createOrReplace()
answers["exists"] = spark.catalog.tableExists("main.bronze.again")
spark.sql("DROP TABLE main.bronze.made")

# COMMAND ----------

# MAGIC %sql
# MAGIC USE CATALOG main;
# MAGIC SELECT count(*) AS n FROM main.bronze.events

# COMMAND ----------

answers["magic"] = _sqldf.first()["n"]
if engine == "spark":
    from delta.tables import DeltaTable

    DeltaTable.createIfNotExists(spark).tableName("main.bronze.built").addColumn("x", "INT").execute()
    answers["delta"] = DeltaTable.forName(spark, "main.bronze.built").toDF().columns
    spark.sql("ALTER TABLE main.bronze.again RENAME TO main.bronze.renamed")
try:
    spark.table("other.bronze.events").count()
except Exception as error:
    answers["other"] = str(error)
dbutils.notebook.exit(json.dumps(answers))
"""


@pytest.mark.parametrize("engine", ["spark", "sail"])
def test_a_mapped_catalog_is_the_workspaces(tmp_path: Path, engine: str) -> None:
    """Read, made, written and dropped by its three-part names; the folders are those of the short ones."""
    (tmp_path / "nbflow.toml").write_text('catalogs = ["main"]\n')
    (tmp_path / "n.py").write_text(CELLS.replace("answers = {}", f'answers, engine = {{}}, "{engine}"', 1), "utf-8")
    command = [sys.executable, "-m", "nbflow", "run", "n.py", "--json", "--engine", engine]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(json.loads(done.stdout)["tasks"][0]["exit_value"])
    other = answers.pop("other")
    assert answers.pop("delta", ["x"]) == ["x"]
    assert answers == {"table": 3, "short": 3, "sql": 2, "made": [1, 2], "exists": True, "magic": 3}
    assert "There is no catalog 'other' here" in other and 'catalogs = ["other"]' in other
    there = {path.name for path in (tmp_path / "warehouse/bronze").iterdir() if (path / "_delta_log").is_dir()}
    assert there == ({"events", "renamed", "built"} if engine == "spark" else {"events", "again"})
    assert any("made" in path.name for path in (tmp_path / "warehouse/.trash").iterdir())
