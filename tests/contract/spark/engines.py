"""The engines of the suite, each started once for all programs, and the answers that they give."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbflow.define.settings import Settings
from nbflow.run.engines.parts import find_parts
from nbflow.run.engines.sail import SailEngine
from nbflow.run.engines.spark import SparkEngine
from tests.contract.spark.register import topics

ROOT = Path(__file__).parents[3]
LOST = {"error": "EngineLost"}

Answers = dict[str, Any]
QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.files.openCostInBytes": "0",
}
"""Settings of both of Spark's drivers that save a third of the time and change no answer (each task that reads a log of Delta's writes code for
two hundred columns, so there is one): ``--usual`` does without them, as a
program does that Spark cannot answer so (``child.NEEDED``)."""
USUAL = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.files.minPartitionNum": "2",
    "spark.sql.files.openCostInBytes": "4194304",
}
"""What notebooks have instead: some programs of each topic are run so on the attached driver, and must answer as plain sessions without."""
_OF_EACH_TOPIC = 2


def run_as_usual() -> list[str]:
    """The programs that are run with usual settings: of each topic a choice that is the same each time, and a matter of chance."""
    by_topic: dict[str, list[str]] = {}
    for name in sorted(topics(), key=lambda name: zlib.crc32(name.encode())):
        by_topic.setdefault(topics()[name], []).append(name)
    return [name for names in by_topic.values() for name in names[:_OF_EACH_TOPIC]]


async def answers_of(
    engine: str, names: Iterable[str], root: Path, conf: Mapping[str, str] = QUICK, usual: Iterable[str] = ()
) -> tuple[Answers, dict[str, float]]:
    """The answers of ``names`` on an engine, and the seconds that each took. Files go into ``root``; ``conf`` is for Spark's, of which
    the programs ``usual`` go without.

    A program whose process ends under it has lost its engine; those after it get a new one.
    """
    folder, waiting = root / engine, list(names)
    (folder / "place").mkdir(parents=True)
    answers: Answers = {}
    seconds: dict[str, float] = {}
    lines = folder / "answers.jsonl"
    while waiting:
        async with _started(engine, folder, conf) as task:
            lines.write_text("")
            given = {
                "engine": engine, "programs": waiting, "answers": str(lines), "warehouse": str(folder / "warehouse"),
                "settings": dict.fromkeys(usual, USUAL), **task,
            }  # fmt: skip
            with (folder / "child.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.contract.spark.child", json.dumps(given), stdout=log, stderr=log,
                    cwd=folder / "place", env=_environment(),
                )  # fmt: skip
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
        begun = ""
        for told in map(json.loads, lines.read_text("utf-8").splitlines()):
            begun = told.get("begun", begun)
            if "program" in told:
                answers[told["program"]], seconds[told["program"]] = told["answer"], told["seconds"]
        if not begun:
            raise RuntimeError(f"{engine} did not start: {(folder / 'child.log').read_text('utf-8')[-3000:]}")
        answers.setdefault(begun, LOST)
        waiting = [name for name in waiting if name not in answers]
    return answers, seconds


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return {**kept, "TZ": "UTC", "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable}


@asynccontextmanager
async def _started(engine: str, folder: Path, conf: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """What a child must know in order to open its session, while the engine is there."""
    if engine == "plain":
        yield {"jars": list(map(str, (await find_parts(print)).jars)), "conf": dict(conf)}
        return
    settings = Settings(spark_conf=conf if engine == "attached" else {})
    adapter = {"attached": SparkEngine, "sail": SailEngine}[engine](settings, folder / "warehouse", folder / "state", print)
    try:
        await adapter.start()
        yield {"address": asdict(await adapter.address("conformance"))}
    finally:
        await adapter.stop()
