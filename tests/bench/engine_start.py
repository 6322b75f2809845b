"""How long a Spark driver takes to its first Delta write, without and with the class-data archive; a user's own PySpark session, and Spark's
own server for Connect, started by hand with the same options of Java; and a notebook to attach: a process that begins with nothing, and one that is forked where its imports are done, as the kernels of a run are.

``python tests/bench/engine_start.py [--rounds N]`` prints seconds (the least of N rounds, taken in turns) and the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from nbflow.core.exchange import SparkAddress
from nbflow.define.notebooks.file import parse_notebook
from nbflow.define.settings import Settings
from nbflow.plan.preload import preloads
from nbflow.run.engines.archive import archive_path, make_archive
from nbflow.run.engines.parts import Parts, find_parts
from nbflow.run.engines.spark import SparkEngine

ATTACH = """
import importlib, os, sys, time
from nbflow.core.exchange import SparkAddress
from nbflow.surface.inside.spark import install
for module in {modules!r}:
    importlib.import_module(module)
if {modules!r} and (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
began = time.perf_counter()
install(SparkAddress(**{address!r}), {folder!r}, "bench")
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
attached = time.perf_counter()
spark.range(3).write.mode("overwrite").saveAsTable("default.bench")
print(attached - began, time.perf_counter() - attached, flush=True)
"""

PLAIN = """
import sys
from pyspark.sql import SparkSession
spark = (
    SparkSession.builder.config("spark.jars", sys.argv[1])
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .getOrCreate()
)
spark.range(3).write.format("delta").mode("overwrite").saveAsTable("bench")
print("written", flush=True)
spark.stop()
"""
"""The session of Delta's own introduction, its jars at hand."""

SERVER = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
spark.range(3).write.mode("overwrite").saveAsTable("bench")
print("written", flush=True)
"""

FORKS = 5
WARM = preloads(parse_notebook(b"# Databricks notebook source\nfrom pyspark.sql import SparkSession\n", Path("n.py"), "n.py"), "spark")
"""What the process has imported from which a run forks the kernel of such a notebook."""


def attach(address: SparkAddress, folder: Path, modules: Sequence[str] = ()) -> tuple[float, float]:
    """Seconds of a process, its imports included but for ``modules``, until it is attached, and of its first write."""
    code = ATTACH.format(address=asdict(address), folder=str(folder), modules=list(modules))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    attached, wrote = map(float, done.stdout.split())
    return attached, wrote


def plain(jars: Sequence[Path]) -> float:
    """Seconds of a process that builds a session of its own, until its first write."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-c", PLAIN, ",".join(map(str, jars))]
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as own:
            told = own.stdout.readline() if own.stdout else ""
            took = time.perf_counter() - began
        time.sleep(2)  # its driver ends after it
        if told != "written\n":
            raise RuntimeError("the session of its own has written nothing")
    return took


def server(parts: Parts) -> float:
    """Seconds of Spark's own server for Connect, started with Delta, few partitions and nbflow's options of Java, until its first write."""
    with tempfile.TemporaryDirectory() as place, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        settings = {
            "master": "local[*]", "driver.host": "127.0.0.1", "ui.enabled": "false", "connect.grpc.binding.address": "127.0.0.1",
            "connect.grpc.binding.port": str(port), "sql.warehouse.dir": place, "sql.sources.default": "delta",
            "sql.extensions": "io.delta.sql.DeltaSparkSessionExtension", "databricks.delta.snapshotPartitions": "1",
            "sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog", "sql.shuffle.partitions": "2",
            "sql.sources.parallelPartitionDiscovery.parallelism": "2", "local.dir": place,
        }  # fmt: skip
        command = [
            str(parts.java.program), *parts.java.options("1g"), *(f"-Dspark.{name}={value}" for name, value in settings.items()),
            "-cp", os.pathsep.join(map(str, sorted(parts.class_path))), "org.apache.spark.sql.connect.service.SparkConnectServer",
        ]  # fmt: skip
        began = time.perf_counter()
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=place, stdout=quiet, stderr=quiet, env={**os.environ, "SPARK_HOME": str(parts.spark.home)}
        ) as java:
            try:
                while not listens(port) and java.poll() is None:
                    time.sleep(0.05)
                if java.poll() is not None:
                    raise RuntimeError("the server by hand has ended")
                client = [sys.executable, "-c", SERVER, f"sc://127.0.0.1:{port}"]
                with subprocess.Popen(client, stdout=subprocess.PIPE, stderr=quiet, text=True) as own:
                    told = own.stdout.readline() if own.stdout else ""
                    took = time.perf_counter() - began
                    own.kill()  # it would wait long for a server that is gone
            finally:
                java.kill()
        if told != "written\n":
            raise RuntimeError("the server by hand has written nothing")
    return took


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


async def one() -> dict[str, float]:
    """One driver from its start to its end."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        engine = SparkEngine(Settings(), folder / "warehouse", folder / "state", print)
        began = time.perf_counter()
        try:
            await engine.start()
            started = time.perf_counter() - began
            first, wrote = await asyncio.to_thread(attach, await engine.address("one"), folder)
            to_write = time.perf_counter() - began
            again, _ = await asyncio.to_thread(attach, await engine.address("two"), folder)
            forked = [(await asyncio.to_thread(attach, await engine.address(f"f{n}"), folder, WARM))[0] for n in range(FORKS)]
        finally:
            await engine.stop()
    return {
        "driver takes work": started, "first Delta write": to_write, "attach": first, "write": wrote, "attach, second": again,
        "attach, forked": statistics.median(forked),
    }  # fmt: skip


async def main() -> None:
    """All ways, in turns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    parts = await find_parts(print)
    path = archive_path(parts)
    if not path.is_file():
        await make_archive(parts)
    hidden, taken = path.with_suffix(".hidden"), {"without": [], "with": []}  # type: ignore[var-annotated]
    own, hand = [], []
    for _ in range(rounds):
        own.append(plain(parts.jars))
        hand.append(server(parts))
        os.replace(path, hidden)
        try:
            taken["without"].append(await one())
        finally:
            os.replace(hidden, path)
        taken["with"].append(await one())
    least = {name: [min(each[name] for each in taken[way]) for way in ("without", "with")] for name in taken["with"][0]}
    for name, (without, with_) in least.items():
        print(f"{name:20} {without:6.2f} s   with the archive {with_:6.2f} s   {without / with_:5.2f} x")
    for who, seconds in (("a session of its own", min(own)), ("a server by hand", min(hand))):
        without, with_ = (seconds / nbflow for nbflow in least["first Delta write"])
        print(f"{who:20} {seconds:6.2f} s to its first write: {without:.2f} x nbflow's, with the archive {with_:.2f} x")


if __name__ == "__main__":
    asyncio.run(main())
