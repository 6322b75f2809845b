"""How long Sail takes: from the start of its process to the first Delta write, and until a notebook is attached.

    python tests/bench/sail_start.py [rounds]

Prints medians; asserts nothing. The client's process is started together with the server's, as a run does it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from deltalake import write_deltalake
from pyarrow import table

from nbflow.define.settings import Settings
from nbflow.run.engines.sail import SailEngine

CLIENT = """
import json, sys, time
from nbflow.core.exchange import SparkAddress
from nbflow.surface.inside.spark import install, session

address = json.loads(sys.stdin.readline())
told = {}
install(SparkAddress(**address), sys.argv[1], "bench")
begin = time.time()
import pyspark.sql.connect.session
told["imports"] = time.time() - begin
begin = time.time()
spark = session()
spark.version
told["attached"] = time.time() - begin
begin = time.time()
spark.range(100).write.mode("overwrite").saveAsTable("first")
told["first write"] = time.time() - begin
told["written at"] = time.time()
begin = time.time()
spark.range(100).write.mode("overwrite").saveAsTable("first")
told["second write"] = time.time() - begin
begin = time.time()
spark.table("many.t7").count()
told["one of 200 tables read"] = time.time() - begin
begin = time.time()
spark.table("many.t8").count()
told["another of them"] = time.time() - begin
begin = time.time()
spark.catalog.listTables("many")
told["200 tables listed"] = time.time() - begin
print(json.dumps(told))
"""


async def once(folder: Path) -> dict[str, float]:
    """The seconds of one round."""
    engine = SailEngine(Settings(), folder / "warehouse", folder / "state", lambda text: None)
    begin = time.time()
    client = subprocess.Popen([sys.executable, "-c", CLIENT, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        await engine.start()
        listens = time.time() - begin
        output, _ = client.communicate(json.dumps(asdict(await engine.address("t"))) + "\n", timeout=60)
    finally:
        await engine.stop()
    told: dict[str, float] = json.loads(output)
    return {"listens": listens, "process start to first write": told.pop("written at") - begin, **told}


def main() -> None:
    """Print the figures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_deltalake(folder / "model", table({"x": [1]}))
        for number in range(200):
            shutil.copytree(folder / "model", folder / "warehouse" / "many" / f"t{number}")
        found = [asyncio.run(once(folder)) for _ in range(rounds)]
    for key in found[0]:
        print(f"{key:32} {statistics.median(each[key] for each in found):.3f} s")


if __name__ == "__main__":
    main()
