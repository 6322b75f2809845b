"""From the name of an engine to the engine: what ``auto`` comes to here, and the adapter that keeps ``core.ports.Engine``."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.ports import Engine
from nbflow.define.pipelines.engines import is_address
from nbflow.run.engines.conf import setting_text
from nbflow.run.engines.examine import examine
from nbflow.run.engines.holder import read_address
from nbflow.run.engines.interpreter import identity_of
from nbflow.run.engines.jars import are_cached, jar_folder, jars_for
from nbflow.run.engines.java import find_java
from nbflow.run.engines.parts import find_parts, find_spark
from nbflow.run.guard import Guard

_MATTERS = re.compile(r"(TZ|JAVA_HOME|PYTHONPATH|LANG|LC_.*|HADOOP_.*|AWS_.*|AZURE_.*|GOOGLE_.*)\Z")
"""Variables of the environment that change what an engine answers, or what it may read."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an engine is given: ``driver_memory`` is the heap of a driver as Java writes it (``None``: a share of what the machine has), ``spark_conf`` Spark's settings,
    ``python`` the interpreter of notebooks (``None``: the one that runs nbflow), ``warehouse`` the folder of the tables,
    ``state`` a folder for its files and log, made private; ``announce`` is told what takes time; ``token`` marks its processes, and ``guard`` clears up where nbflow is killed; ``parallel`` is how many tasks run at once (``None``: one for each core). A ``lasting`` engine serves many runs."""

    driver_memory: str | None
    spark_conf: Mapping[str, Any]
    python: str | None
    warehouse: Path
    state: Path
    announce: Callable[[str], None]
    token: str = ""
    guard: Guard | None = None
    parallel: int | None = None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``auto`` came to: ``spark`` or ``sail``, and for the second why the first cannot start here."""

    name: str
    reason: str | None = None


async def choose(announce: Callable[[str], None], python: str | None = None) -> Choice:
    """What ``auto`` comes to for notebooks of the interpreter ``python`` (``None``: nbflow's own): ``spark`` where all that it needs is there or can be fetched, otherwise ``sail``; where that cannot start either,
    ``spark``, whose attempts then tell what is missing."""
    try:
        await find_parts(announce)
    except EngineError as error:
        if all(check.good for check in examine("sail", python)):
            return Choice("sail", str(error))
    return Choice("spark")


def foresee(python: str | None = None) -> Choice:
    """What ``choose`` would come to, as far as it can be told at once, without fetching anything: ``reason`` then says also
    what is still to be fetched."""
    try:
        find_java(os.environ)
        wanted = jars_for(find_spark().version)
    except EngineError as error:
        if all(check.good for check in examine("sail", python)):
            return Choice("sail", f"spark cannot start here: {error}")
        return Choice("spark", str(error))
    return Choice("spark", None if are_cached(wanted, jar_folder(os.environ)) else "where Delta's jars can be fetched, otherwise sail")


def fingerprint(name: str, needs: Needs) -> dict[str, str]:
    """A digest of each thing that makes an engine what it is, by its name: who has the same may share one."""
    parts = {
        "engine": name,
        "driver_memory": needs.driver_memory or "",  # who says nothing takes what the other found the machine to have
        "python": identity_of(needs.python),
        "warehouse": str(needs.warehouse),
        "nbflow": getattr(sys.modules.get("nbflow"), "__version__", ""),
        "pyspark": find_spark().version,
        **{key: setting_text(value) for key, value in needs.spark_conf.items()},
        **{f"the variable {key}": value for key, value in os.environ.items() if _MATTERS.match(key)},
    }
    return {key: hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:16] for key, value in parts.items()}


def other_settings(one: Mapping[str, str], two: Mapping[str, str]) -> list[str]:
    """The names of what differs between two fingerprints."""
    return [key for key in dict.fromkeys((*one, *two)) if one.get(key) != two.get(key)]


def join_or_make(name: str, needs: Needs, warm: Path) -> Engine:
    """The engine whose address stands in the folder ``warm``, where it is what is needed; otherwise one of the run's own."""
    address = read_address(warm)
    if address is None or is_address(name):
        return make_engine(name, needs)
    if others := other_settings(address.fingerprint, fingerprint(name, needs)):
        needs.announce(f"the workspace's warm engine has other settings ({', '.join(others)}): this run starts its own")
        return make_engine(name, needs)
    from nbflow.run.engines.warm import WarmEngine

    return WarmEngine(address, lambda: make_engine(name, needs), needs.announce)


def make_engine(name: str, needs: Needs) -> Engine:
    """The engine of that name, neither ``auto`` nor ``none``, not yet started."""
    if is_address(name):
        from nbflow.run.engines.connect import ConnectEngine

        return ConnectEngine(name, needs, needs.state, needs.announce, needs.token, needs.guard)
    if name == "sail":
        from nbflow.run.engines.sail import SailEngine

        return SailEngine(needs, needs.warehouse, needs.state, needs.announce, needs.token, needs.guard)
    from nbflow.run.engines.spark import SparkEngine

    return SparkEngine(needs, needs.warehouse, needs.state, needs.announce, needs.token, needs.guard, lasting=needs.lasting)
