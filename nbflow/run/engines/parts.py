"""What a Spark driver needs of the machine it starts on: pyspark, a Java, Delta's jars."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.results import ErrorKind
from nbflow.run.engines.jars import cached_jars, jar_folder, jars_for
from nbflow.run.engines.java import Java, find_java

_FULLEST = ("spark-", "delta-", "scala-library", "scala-reflect")


@dataclass(frozen=True, slots=True)
class SparkInstallation:
    """The pyspark package that is installed: its folder and its version."""

    home: Path
    version: str

    @property
    def ivy(self) -> Path:
        """The jar of Ivy that pyspark brings. Raises ``EngineError``."""
        found = sorted((self.home / "jars").glob("ivy-*.jar"))
        if not found:
            raise EngineError(ErrorKind.ENGINE_START, f"pyspark in {self.home} has no Ivy; install pyspark again")
        return found[0]


@dataclass(frozen=True, slots=True)
class Parts:
    """All that is needed, found: a Java, pyspark, and Delta's jars as files."""

    java: Java
    spark: SparkInstallation
    jars: tuple[Path, ...]

    @property
    def class_path(self) -> list[Path]:
        """The jars of Spark and of Delta, each named. Java looks for each class in one after another: first those that have most of them."""
        jars = [*sorted((self.spark.home / "jars").glob("*.jar")), *self.jars]
        return sorted(jars, key=lambda jar: not jar.name.startswith(_FULLEST))


def find_spark() -> SparkInstallation:
    """The pyspark beside nbflow, found without importing it. Raises ``EngineError``."""
    found = importlib.util.find_spec("pyspark")
    if found is None or not found.submodule_search_locations:
        raise EngineError(ErrorKind.ENGINE_START, "pyspark is not installed; 'pip install pyspark delta-spark' brings it")
    home = Path(next(iter(found.submodule_search_locations)))
    version = re.search(r"__version__[^=]*=\s*['\"]([^'\"]+)", (home / "version.py").read_text("utf-8"))
    if version is None or not (home / "jars").is_dir():
        raise EngineError(ErrorKind.ENGINE_START, f"pyspark in {home} is not whole; install pyspark again (not pyspark-client)")
    return SparkInstallation(home, version.group(1))


async def find_parts(announce: Callable[[str], None]) -> Parts:
    """All that a driver needs, Delta's jars fetched where they are not there; ``announce`` is told what takes time.

    Raises ``EngineError`` that says what is missing and how to get it.
    """
    java = await asyncio.get_running_loop().run_in_executor(None, find_java, os.environ)
    spark = find_spark()
    jars = await cached_jars(jars_for(spark.version), java, spark.ivy, jar_folder(os.environ), announce)
    return Parts(java, spark, tuple(jars))
