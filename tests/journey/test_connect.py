"""Notebooks on a Spark Connect server: what PySpark is there, whose sessions are whose, and what is said when it is gone.

The server is Sail's, so that no test here needs Java. What holds for both engines is tried on both.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

pytestmark = pytest.mark.long

ENDLESS = "spark.sql('select count(*) from range(1000000) a, range(100000000) b where (a.id * b.id) % 7 = 3').collect()"


@pytest.fixture(params=["connect", "sail"])
def served(request: pytest.FixtureRequest) -> Any:
    """Each engine behind Spark Connect."""
    return request.getfixturevalue(request.param)


def test_a_plain_builder_gives_the_attempts_session(served: Any) -> None:
    """Whatever the builder says of master, name, Hive or settings; ``F`` is that of Connect; ``stop`` ends the session, and the next works."""
    told = served.run(
        """
        from pyspark.sql import SparkSession, functions as F
        first = SparkSession.builder.master("local[*]").appName("x").config("spark.sql.shuffle.partitions", "3").enableHiveSupport().getOrCreate()
        tell([type(first).__module__, first.conf.get("spark.sql.shuffle.partitions")])
        tell([row.x for row in first.range(3).withColumn("x", F.col("id") * 2).orderBy("x").collect()])
        import nbflow
        tell(nbflow.spark is first and SparkSession.getActiveSession() is first)
        first.range(1).createOrReplaceTempView("mine")
        tell(first.newSession().catalog.tableExists("mine"))
        first.stop()
        second = SparkSession.builder.getOrCreate()
        tell([second is first, second.range(4).count(), second.catalog.tableExists("mine")])
        """
    )
    assert told == [["pyspark.sql.connect.session", "3"], [0, 2, 4], True, False, [False, 4, False]]


def test_relative_paths_start_at_the_notebook(served: Any, tmp_path: Path) -> None:
    """On readers, writers and in SQL, one path or several, in a folder with a name as people give them."""
    told = served.run(
        """
        spark = session()
        open("a.csv", "w").write("x\\n1\\n")
        tell([row.x for row in spark.read.option("header", True).csv("a.csv").collect()])
        tell(spark.read.option("header", True).csv(["a.csv", "./a.csv"]).count())
        tell(spark.sql("select * from csv.`a.csv`").count())
        spark.range(3).write.format("delta").save("out")
        tell([os.path.isdir("out/_delta_log"), spark.read.format("delta").load("out").count(), spark.sql("select * from delta.`out`").count()])
        """,
        tmp_path / ("shop ä {1} [x]" if served.engine.name == "sail" else "shop"),
    )
    assert told == [["1"], 2, 2, [True, 3, 3]]


def test_what_only_a_driver_has_is_refused_in_words(served: Any) -> None:
    """RDDs and the context name the engine that has them; nothing is started in secret."""
    told = served.run(
        """
        from pyspark import SparkContext
        spark = session()
        outcome(lambda: spark.sparkContext)
        outcome(lambda: spark.range(1).rdd)
        outcome(SparkContext.getOrCreate)
        tell(hasattr(spark, "sparkContext"))
        """
    )
    assert all("--engine spark" in each for each in told[:3]) and told[3] is False


def test_children_of_the_notebook_get_nothing_of_the_connection(served: Any) -> None:
    """No variable leads to the server, so that no process of another kind takes it for its own."""
    told = served.run("session().range(1).count(); tell({k: v for k, v in os.environ.items() if 'SPARK' in k or 'sc://' in v})")
    assert told == [{name: value for name, value in os.environ.items() if "SPARK" in name}]


def test_an_interrupt_ends_the_call_and_the_notebook_goes_on(served: Any) -> None:
    """SIGINT while a call waits raises KeyboardInterrupt, and the session is as good as before."""
    client = served.client(
        f"""
        spark = session()
        spark.range(1).count()
        tell("ready")
        try:
            {ENDLESS}
        except KeyboardInterrupt:
            tell("interrupted")
        tell(spark.range(5).count())
        """
    )
    assert client.told() == "ready"
    import time

    time.sleep(1)
    client.process.send_signal(signal.SIGINT)
    assert client.end() == ["interrupted", 5]


def test_the_end_of_an_attempt_ends_its_queries_and_no_others(served: Any) -> None:
    """What runs when its attempt is cancelled fails, nothing begins after that, and another attempt goes on."""
    ours = served.client(
        f"spark = session(); spark.range(1).count(); tell('ready'); outcome(lambda: {ENDLESS}); wait(); outcome(lambda: spark.range(1).count())"
    )
    other = served.client("spark = session(); tell(spark.range(2).count()); wait(); tell(spark.range(3).count())")
    assert (ours.told(), other.told()) == ("ready", 2)
    served.do(served.engine.cancel(ours.tag))
    assert ours.told() != "done"
    ours.go()
    assert ours.end() != ["done"]
    other.go()
    assert other.end() == [3]


def test_sessions_made_later_end_with_the_attempt_too(connect: Any) -> None:
    """A session after ``stop()`` and one by ``newSession()`` are the attempt's as the first is."""
    client = connect.client(
        """
        session().stop()
        spark = session()
        further = spark.newSession()
        tell([spark.range(1).count(), further.range(2).count()])
        wait()
        outcome(lambda: spark.range(1).count())
        outcome(lambda: further.range(1).count())
        """
    )
    assert client.told() == [1, 2]
    connect.do(connect.engine.cancel(client.tag))
    client.go()
    assert all(each != "done" for each in client.end())


def test_a_server_that_is_gone_is_told_within_seconds(served: Any) -> None:
    """Calls fail with a sentence that says so, also in the middle of a query; the process ends without waiting."""
    client = served.client(
        f"spark = session(); tell(spark.range(2).count()); outcome(lambda: {ENDLESS}); outcome(lambda: spark.range(1).count())"
    )
    assert client.told() == 2
    pid = served.server.pid if served.server else served.engine.pids[0]
    os.kill(pid, signal.SIGKILL)
    assert ["server is gone" in each for each in client.end()] == [True, True]


def test_a_server_that_is_sail_is_guarded(connect: Any, tmp_path: Path) -> None:
    """Found out by its answers: what would lose data is refused as on the engine sail, columns take nulls, functions find their modules."""
    folder = tmp_path / "nb"
    folder.mkdir()
    (folder / "rules.py").write_text("def of(x):\n    return 3 * x\n")
    told = connect.run(
        """
        import rules
        from pyspark.sql import functions as F
        spark = session()
        spark.range(3).selectExpr("id", "id % 2 AS k").write.format("delta").save("t")
        outcome(lambda: spark.range(1).selectExpr("id", "'x' AS k").write.format("delta").mode("append").save("t"))
        outcome(lambda: spark.read.csv("nowhere").count())
        outcome(lambda: spark.sql("VACUUM delta.`t`"))
        spark.range(1).write.format("delta").saveAsTable("n")
        outcome(lambda: spark.sql("SELECT 1L AS id, 2 AS z").write.format("delta").mode("append").saveAsTable("n"))
        tell(spark.range(1, 2).select(F.udf(lambda x: rules.of(x), "long")("id")).first()[0])
        """,
        folder,
    )
    assert [next(word for word in ("--engine spark", "PATH_NOT_FOUND") if word in each) for each in told[:4]] == [
        "--engine spark", "PATH_NOT_FOUND", "--engine spark", "--engine spark",
    ]  # fmt: skip
    assert told[4] == 3
    assert '"nullable":false' not in DeltaTable(folder / "t").schema().to_json()


def test_sail_elsewhere_is_refused(connect: Any) -> None:
    """Where its files are not at hand there are no guards, and so there is no session; what helps is said."""
    told = connect.run(
        """
        import nbflow.surface.inside.connect.connection as connection
        connection._is_here = lambda host: False
        outcome(session)
        """
    )
    assert "is Sail, not Spark" in told[0] and "--engine sail" in told[0]


def test_functions_find_what_lies_beside_the_notebook(sail: Any, tmp_path: Path) -> None:
    """Modules at the top and inside of a function, data files, and for each notebook its own module of one name."""
    code = """
        import rules
        from pyspark.sql.functions import pandas_udf, udf
        import pandas
        spark = session()

        def inside(x):
            import rules
            return rules.of(x) + len(open("data.txt").read())

        @pandas_udf("long")
        def many(s: pandas.Series) -> pandas.Series:
            return s.map(rules.of)

        tell(spark.range(1, 2).select(udf(lambda x: rules.of(x), "long")("id"), udf(inside, "long")("id"), many("id")).first())
        tell([row.id for row in spark.range(1, 2).mapInPandas(lambda parts: (part.assign(id=part.id.map(rules.of)) for part in parts), "id long").collect()])
    """
    for factor in (2, 5):
        folder = tmp_path / f"at-{factor}"
        folder.mkdir()
        (folder / "rules.py").write_text(f"def of(x):\n    return {factor} * x\n")
        (folder / "data.txt").write_text("four")
        assert sail.run(code, folder) == [[factor, factor + 4, factor], [factor]]


def test_the_coordinator_does_without_pyspark() -> None:
    """Neither engine imports PySpark or gRPC, which take a second, into the process that runs the pipeline."""
    code = "import json, sys, nbflow.run.engines.sail, nbflow.run.engines.connect; print(json.dumps([m for m in ('pyspark', 'grpc', 'pysail') if m in sys.modules]))"
    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) == []
