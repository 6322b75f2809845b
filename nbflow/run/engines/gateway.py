"""The driver's process: a JVM with Spark's gateway for Python, in a session of its own, bound to the life of its owner."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nbflow.core.errors import EngineError
from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.core.results import ErrorKind
from nbflow.run.engines.conf import DriverOptions, argument_file
from nbflow.run.engines.java import Java, step_back
from nbflow.run.engines.private_files import write_private
from nbflow.run.processes import describe_end, end_family, end_group, wait_gone

_START_SECONDS = 90.0
_STOP_SECONDS = 3.0
_LOG_LINES = 20
_HEAP_FULL = 52
"""Spark's own exit code where a task found no memory in the heap."""

_MAIN = "org.apache.spark.api.python.PythonGatewayServer"
_WORKER_MODULES = Path(__file__).parent / "worker"
_UNWANTED = (
    "SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_LOCAL_REMOTE", "SPARK_API_MODE", "SPARK_CONF_DIR", "SPARK_HOME",
    "SPARK_MASTER", "SPARK_LOCAL_DIRS", "MASTER", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "PYSPARK_SUBMIT_ARGS", "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
)  # fmt: skip
"""What would make another Spark of it, or Java options beside those that the settings give."""


class Gateway:
    """A driver's process. ``state`` is a private folder for its files, ``token`` marks it and the workers it starts.

    ``python`` is the interpreter that runs the functions of who does not attach and bring its own (``None``: nbflow's);
    ``password`` is what clients of Spark Connect need. It stands in the environment, where settings that a notebook prints
    do not show it. ``niceness`` is how far it steps back behind others, as the system counts it. Without ``own_log`` the driver's output goes where that of this process goes; it starts in ``folder``
    (``None``: in ``state``).
    """

    def __init__(
        self, state: Path, token: str, python: str | None = None, *, own_log: bool = True, folder: Path | None = None, niceness: int = 0,
    ) -> None:  # fmt: skip
        self._state, self._token, self._python = state, token, python or sys.executable
        self._own_log, self._folder, self._niceness = own_log, folder or state, niceness
        self.password = secrets.token_hex(32)
        self._process: subprocess.Popen[bytes] | None = None
        self._memory = ""

    @property
    def log(self) -> Path:
        """The file that takes the driver's output."""
        return self._state / "driver.log"

    @property
    def scratch(self) -> Path:
        """The folder of the driver's temporary files."""
        return self._state / "tmp"

    @property
    def arguments(self) -> Path:
        """The file of its arguments, among which secrets of a storage may stand."""
        return self._state / "driver.args"

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process's number; 0 where there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def status(self) -> int:
        """How the process ended, as ``Popen.returncode`` tells it; 0 where there is none."""
        return self._process.wait() if self._process is not None else 0

    def close_input(self) -> None:
        """Let the process end by itself: it reads the end of its input."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    async def start(self, java: Java, options: DriverOptions, class_path: list[Path]) -> tuple[int, str]:
        """Start the process and wait until it listens; returns its port and secret. Raises ``EngineError``.

        Its standard input is a pipe of ours: when we are gone, however that came, it reads the end and goes too.
        """
        self._memory = options.memory
        _empty(self.scratch)
        information = self.scratch / "gateway"
        write_private(self.arguments, argument_file(_arguments(java, options, class_path, self.scratch)))
        with self.log.open("wb") if self._own_log else contextlib.nullcontext() as log:
            self._process = subprocess.Popen(
                [str(java.program), f"@{self.arguments}", _MAIN], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self._folder,
                start_new_session=True, env=self._environment(information, os.environ),
            )  # fmt: skip
        if self._niceness:
            with contextlib.suppress(OSError):  # it may have ended
                os.setpriority(os.PRIO_PGRP, self._process.pid, self._niceness)
        await self._wait_for(information)
        step_back(self.pid)
        data = information.read_bytes()
        information.unlink()
        port, length = struct.unpack(">ii", data[:8])  # as the gateway writes it: two lengths in network order, then text
        return port, data[8 : 8 + length].decode("utf-8")

    def _environment(self, information: Path, own: Mapping[str, str]) -> dict[str, str]:
        environment = {name: value for name, value in own.items() if name not in _UNWANTED}
        environment["_PYSPARK_DRIVER_CONN_INFO_PATH"] = str(information)
        environment["PYSPARK_PIN_THREAD"] = "true"  # both ends must agree; the kernel's side sets it, too
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
        environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = self.password
        environment["PYSPARK_PYTHON"] = self._python
        # Hadoop calls the system's chmod, which a bare path, such as cron's, may not lead to
        environment["PATH"] = os.pathsep.join(filter(None, [own.get("PATH", ""), os.defpath]))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_WORKER_MODULES), own.get("PYTHONPATH", "")]))
        environment[FAMILY_VARIABLE] = self._token
        return environment

    async def _wait_for(self, information: Path) -> None:
        """Wait until the gateway has written where it listens, or the driver is gone, or it takes too long."""
        process = self._process
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not information.exists():
            if process is None or process.poll() is not None:
                how = describe_end(process.returncode) if process is not None else "not started"
                raise EngineError(ErrorKind.ENGINE_START, f"the Spark driver ended while it started ({how})", self.last_words())
            if asyncio.get_running_loop().time() > deadline:
                msg = f"the Spark driver did not answer within {_START_SECONDS:g} s"
                raise EngineError(ErrorKind.ENGINE_START, msg, self.last_words())
            await asyncio.sleep(0.02)

    async def gone(self) -> str:
        """Return, with a sentence, as soon as the process has ended; with the log's last lines where it did not end well."""
        process = self._process
        if process is None:
            return "there is no driver"
        await wait_gone(process.pid)
        how = describe_end(process.wait())
        if process.returncode == 0:
            return f"the driver ended ({how}): somebody stopped the engine, or a notebook called System.exit"
        words = self.last_words()
        if process.returncode == _HEAP_FULL:
            how += f": its heap of {self._memory} was full; driver_memory, or spark.driver.memory of spark_conf, gives it more"
        return f"the driver ended ({how})" + (f"; its log ends with:\n{words}" if words else "")

    async def end(self) -> None:
        """End the process and its workers: close its input, wait a moment, then kill whatever is left."""
        process = self._process
        if process is None:
            return
        self.close_input()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(wait_gone(process.pid), _STOP_SECONDS)
        end_group(process.pid)
        await asyncio.get_running_loop().run_in_executor(None, end_family, self._token)  # Python workers have groups of their own
        process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.arguments.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last lines of the log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:])
        return ""


def _arguments(java: Java, options: DriverOptions, class_path: list[Path], scratch: Path) -> list[str]:
    """The arguments of Java before the main class."""
    own = java.options(options.memory, lasting=options.lasting)
    if any(option.startswith("-XX:+Use") and option.endswith("GC") for option in options.java_options):
        own.remove("-XX:+UseSerialGC")
    settings = {**options.settings, "spark.python.daemon.module": options.settings.get("spark.python.daemon.module", "nbflow_daemon")}
    return [
        *own, f"-Djava.io.tmpdir={scratch}", *options.java_options,
        *(f"-D{name}={value}" for name, value in settings.items()),
        "-cp", os.pathsep.join([*map(str, class_path), *options.class_path]),
    ]  # fmt: skip


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
