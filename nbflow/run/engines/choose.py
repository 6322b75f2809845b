"""From the name of an engine to the engine: what ``auto`` comes to here, and the adapter that keeps ``core.ports.Engine``."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbflow.core.errors import EngineError
from nbflow.core.ports import Engine
from nbflow.define.engines import is_address
from nbflow.run.engines.examine import examine
from nbflow.run.engines.holder import read_address
from nbflow.run.engines.parts import find_parts, find_spark

_MATTERS = re.compile(r"(TZ|JAVA_HOME|PYTHONPATH|LANG|LC_.*|HADOOP_.*|AWS_.*|AZURE_.*|GOOGLE_.*)\Z")
"""Variables of the environment that change what an engine answers, or what it may read."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an engine is given: ``driver_memory`` is the heap of a driver as Java writes it, ``spark_conf`` Spark's settings,
    ``python`` the interpreter of notebooks (``None``: the one that runs nbflow), ``warehouse`` the folder of the tables,
    ``state`` a folder for its files and log, made private; ``announce`` is told what takes time; ``token`` marks its processes."""

    driver_memory: str
    spark_conf: Mapping[str, Any]
    python: str | None
    warehouse: Path
    state: Path
    announce: Callable[[str], None]
    token: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What ``auto`` came to: ``spark`` or ``sail``, and for the second why the first cannot start here."""

    name: str
    reason: str | None = None


async def choose(announce: Callable[[str], None]) -> Choice:
    """``spark`` where all that it needs is there or can be fetched, otherwise ``sail``; where that cannot start either,
    ``spark``, whose attempts then tell what is missing."""
    try:
        await find_parts(announce)
    except EngineError as error:
        if all(check.good for check in examine("sail")):
            return Choice("sail", str(error))
    return Choice("spark")


def fingerprint(name: str, needs: Needs) -> str:
    """A digest of all that makes an engine what it is: who has the same may share one."""
    parts = [
        name, needs.driver_memory, sorted((key, str(value)) for key, value in needs.spark_conf.items()),
        needs.python or sys.executable, str(needs.warehouse), getattr(sys.modules.get("nbflow"), "__version__", ""), find_spark().version,
        sorted(item for item in os.environ.items() if _MATTERS.match(item[0])),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def join_or_make(name: str, needs: Needs, warm: Path) -> Engine:
    """The engine whose address stands in the folder ``warm``, where it is what is needed; otherwise one of the run's own."""
    address = read_address(warm)
    if address is None or is_address(name):
        return make_engine(name, needs)
    if address.fingerprint != fingerprint(name, needs):
        needs.announce("the workspace's warm engine has other settings: this run starts its own")
        return make_engine(name, needs)
    from nbflow.run.engines.warm import WarmEngine

    return WarmEngine(address, lambda: make_engine(name, needs), needs.announce)


def make_engine(name: str, needs: Needs) -> Engine:
    """The engine of that name, neither ``auto`` nor ``none``, not yet started."""
    if is_address(name):
        from nbflow.run.engines.connect import ConnectEngine

        return ConnectEngine(name, needs, needs.state, needs.announce, needs.token)
    if name == "sail":
        from nbflow.run.engines.sail import SailEngine

        return SailEngine(needs, needs.warehouse, needs.state, needs.announce, needs.token)
    from nbflow.run.engines.spark import SparkEngine

    return SparkEngine(needs, needs.warehouse, needs.state, needs.announce, needs.token)
