"""Spark's driver: one JVM for a run, started as plain java, to which every Python notebook attaches through py4j."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from nbflow.core.errors import EngineError
from nbflow.core.exchange import FAMILY_VARIABLE, SparkAddress
from nbflow.core.results import ErrorKind
from nbflow.run.engines.control import Control, read_connection, write_connection
from nbflow.run.engines.jars import delta_jars
from nbflow.run.engines.java import find_java
from nbflow.run.processes import describe_end, end_group, wait_gone

_START_SECONDS = 90.0
_STOP_SECONDS = 3.0
_LOG_LINES = 20
_GATEWAY = "org.apache.spark.api.python.PythonGatewayServer"
_UNWANTED = ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_LOCAL_REMOTE", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET",
             "JAVA_TOOL_OPTIONS", "SPARK_API_MODE", "SPARK_CONF_DIR")  # fmt: skip


class DriverSettings(Protocol):
    """What a driver takes from the workspace's settings."""

    @property
    def driver_memory(self) -> str:
        """The heap, as Java writes it: ``1g``."""
        ...

    @property
    def spark_conf(self) -> Mapping[str, Any]:
        """Spark's settings, over nbflow's."""
        ...


class SparkEngine:
    """A Spark driver of this run's own. Keeps the promise of ``core.ports.Engine``.

    ``warehouse`` is the folder of the tables; ``state`` a folder for the connection's file and the log, made private;
    ``announce`` is told what takes time; ``token`` marks the driver as the run's.
    """

    name = "spark"

    def __init__(
        self, settings: DriverSettings, warehouse: Path, state: Path, announce: Callable[[str], None], token: str = ""
    ) -> None:
        self._settings, self._warehouse, self._state, self._announce = settings, warehouse, state, announce
        self._token = token
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Control | None = None
        self._starting = asyncio.Lock()
        self.version = ""

    @property
    def _connection(self) -> Path:
        return self._state / "connection.json"

    @property
    def log(self) -> Path:
        """The file that takes the driver's output."""
        return self._state / "driver.log"

    async def start(self) -> None:
        """Make the driver take work; see ``core.ports.Engine``."""
        async with self._starting:
            if self._process is not None and self._process.poll() is None and self._control is not None:
                return
            await self._end()
            await asyncio.shield(self._begin())

    async def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._state.mkdir(parents=True, exist_ok=True)
        self._state.chmod(0o700)
        self._warehouse.mkdir(parents=True, exist_ok=True)
        information = self._state / "gateway"
        information.unlink(missing_ok=True)
        command = await loop.run_in_executor(None, self._command)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self._state, start_new_session=True,
                env=self._environment(information),
            )  # fmt: skip
        try:
            await self._wait_for(information)
            port, secret = read_connection(information)
            information.unlink()
            write_connection(self._connection, port, secret)
            self._control = await loop.run_in_executor(None, Control, port, secret)
            self.version = await loop.run_in_executor(None, self._control.begin, {}, self._warehouse)
        except EngineError:
            await self._end()
            raise
        except Exception as error:  # py4j and Java raise what they like while a driver starts
            words = self._last_words()
            await self._end()
            raise EngineError(ErrorKind.ENGINE_START, f"the Spark driver did not start: {error}", words) from error

    def _command(self) -> list[str]:
        java = find_java(os.environ)
        home = spark_home()
        jars = [*sorted((home / "jars").glob("*.jar")), *delta_jars(java, home, os.environ, self._announce)]
        settings = {**_settings(self._warehouse), **{name: _conf_text(value) for name, value in self._settings.spark_conf.items()}}
        return [
            str(java.program), *java.options(self._settings.driver_memory),
            *(f"-D{name}={value}" for name, value in settings.items()),
            "-cp", os.pathsep.join(map(str, jars)), _GATEWAY,
        ]  # fmt: skip

    def _environment(self, information: Path) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        home = str(spark_home())
        environment.update({"SPARK_HOME": home, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(information), "SPARK_LOCAL_IP": "127.0.0.1"})
        if self._token:
            environment[FAMILY_VARIABLE] = self._token
        return environment

    async def _wait_for(self, information: Path) -> None:
        """Wait until the gateway has written where it listens, or the driver is gone, or it takes too long."""
        process = self._process
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not information.exists():
            if process is None or process.poll() is not None:
                how = describe_end(process.returncode) if process is not None else "not started"
                raise EngineError(ErrorKind.ENGINE_START, f"the Spark driver ended while it started ({how})", self._last_words())
            if asyncio.get_running_loop().time() > deadline:
                msg = f"the Spark driver did not answer within {_START_SECONDS:g} s"
                raise EngineError(ErrorKind.ENGINE_START, msg, self._last_words())
            await asyncio.sleep(0.02)

    def address(self, tag: str) -> SparkAddress:
        """What a notebook needs in order to attach."""
        return SparkAddress(str(self._connection), str(self._warehouse), tag)

    async def lost(self) -> str:
        """Return when the driver that runs now is gone; waits for one that is only about to start."""
        while self._process is None:
            await asyncio.sleep(0.05)
        process = self._process
        await wait_gone(process.pid)
        how = describe_end(process.wait())
        words = self._last_words()
        return f"the driver ended ({how})" + (f"; its log ends with:\n{words}" if words else "")

    async def cancel(self, tag: str) -> None:
        """Cancel the jobs with ``tag``; no error when the driver is gone."""
        control = self._control
        if control is None or self._process is None or self._process.poll() is not None:
            return
        with contextlib.suppress(Exception):  # the driver may go in the very moment; then its jobs are gone too
            await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, control.cancel, tag), 5)

    async def stop(self) -> None:
        """End the driver and all it left."""
        async with self._starting:
            await self._end()
            shutil.rmtree(self._state / "artifacts", ignore_errors=True)

    async def _end(self) -> None:
        process, control = self._process, self._control
        self._process = self._control = None
        self._connection.unlink(missing_ok=True)
        if control is not None:
            with contextlib.suppress(Exception):  # its other end may be gone
                control.close()
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(wait_gone(process.pid), _STOP_SECONDS)
        end_group(process.pid)
        process.wait()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
        return ""


def spark_home() -> Path:
    """pyspark's folder, found without importing it. Raises ``EngineError``."""
    found = importlib.util.find_spec("pyspark")
    if found is None or not found.submodule_search_locations:
        raise EngineError(ErrorKind.ENGINE_START, "pyspark is not installed; 'pip install pyspark' brings it")
    return Path(next(iter(found.submodule_search_locations)))


def _settings(warehouse: Path) -> dict[str, str]:
    """Spark's settings for a driver on one machine, with Delta, quick to start."""
    cores = max(2, os.cpu_count() or 2)
    return {
        "spark.master": f"local[{cores}]",
        "spark.app.name": "nbflow",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.sources.default": "delta",
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.sql.shuffle.partitions": str(cores),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(cores),
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.mode": "FAIR",
    }


def _conf_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
