"""A kernel: one process in a session of its own, the client that talks to it, and its end.

With ``installed``, which looks kernels up, the door to jupyter_client. Sockets are files in a private folder where the system has them (no ports, so no race
for ports); the process's own standard output goes nowhere, its standard error to a log, its standard input is empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbflow.core.errors import KernelError
from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.core.results import ErrorKind
from nbflow.plan.kernels import NATIVE
from nbflow.run.processes import descendants, describe_end, end_all, end_family, end_group, wait_gone

_LOG_LINES = 20
_QUIET_EXIT_SECONDS = 1.0
_WAKE_SECONDS = 0.3
_WAKE_SECONDS_AT_MOST = 5.0


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """What to start: the kernel's ``name``, the interpreter for python3 (``None``: the one that runs nbflow), where,
    with which environment on top of the own one, and how long it may take. ``private`` is a folder for its files."""

    name: str
    folder: Path
    private: Path
    token: str
    python: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    start_timeout: float = 60.0


class Kernel:
    """A running kernel. ``client`` is jupyter_client's asynchronous client, its channels open."""

    def __init__(self, spec: KernelSpec, manager: Any) -> None:
        self.spec = spec
        self._manager = manager
        self._process: subprocess.Popen[bytes] = manager.provisioner.process
        self.pid: int = self._process.pid
        self.client: Any = None
        self.language: Mapping[str, Any] = {}

    @classmethod
    async def start(cls, spec: KernelSpec) -> Kernel:
        """Start the kernel that ``spec`` names and wait until it answers. Raises ``KernelError`` (KERNEL_START)."""
        manager = _manager(spec)
        log = spec.private / "kernel.log"
        environment = {**os.environ, **spec.environment, FAMILY_VARIABLE: spec.token}
        environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else debugpy warns in the first cell of some kernels
        if environment.get("NBFLOW_ENGINE", "").startswith("sc:"):
            del environment["NBFLOW_ENGINE"]  # a token may stand in it, and what a notebook prints is kept
        environment.pop("PYTEST_CURRENT_TEST", None)  # with it ipykernel does not take the output of child processes
        try:
            with log.open("wb") as stderr:
                await manager.start_kernel(
                    cwd=str(spec.folder), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
                )
        except Exception as error:  # jupyter_client and provisioners of other people raise what they like here
            msg = f"kernel {spec.name!r} could not be started: {error}"
            raise KernelError(ErrorKind.KERNEL_START, msg) from error
        kernel = cls(spec, manager)
        try:
            await kernel._connect()
        except BaseException:
            await kernel.end(0)
            raise
        return kernel

    async def _connect(self) -> None:
        """Open the channels, and wait until the kernel answers and its broadcast reaches us."""
        import zmq

        client = self._manager.client()
        client.context.setsockopt(zmq.RCVHWM, 0)  # a kernel that prints faster than we read must not lose messages
        client.start_channels(stdin=False, hb=False)
        self.client = client
        gone = asyncio.ensure_future(wait_gone(self.pid))
        answered = asyncio.ensure_future(self._answered())
        try:
            await asyncio.wait({gone, answered}, timeout=self.spec.start_timeout, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()
                return
            if gone.done():
                status = describe_end(self._process.wait())
                msg = f"kernel {self.spec.name!r} ended while it started ({status})"
            else:
                msg = f"kernel {self.spec.name!r} did not answer within {self.spec.start_timeout:g} s"
            raise KernelError(ErrorKind.KERNEL_START, msg, self.last_words())
        finally:
            for task in (gone, answered):
                task.cancel()
            await asyncio.gather(gone, answered, return_exceptions=True)

    async def _answered(self) -> None:
        """Ask until both the reply and the broadcast for one question have come."""
        replied = heard = False
        while not (replied and heard):
            self.client.kernel_info()
            with contextlib.suppress(queue.Empty):
                while not heard:
                    await self.client.iopub_channel.get_msg(timeout=0.1)
                    heard = True
            with contextlib.suppress(queue.Empty):
                while not replied:
                    message = await self.client.shell_channel.get_msg(timeout=0.5)
                    replied = message["header"]["msg_type"] == "kernel_info_reply"
                    self.language = message["content"].get("language_info", {})

    async def broadcast(self, *, taken_up: bool) -> dict[str, Any]:
        """The next message that the kernel broadcasts. Until it has ``taken_up`` the request that was sent to it last, it is
        woken from time to time.

        ipykernel 7.0 to 7.3, the newest for Python 3.10, may leave a request unread that comes while it sends the reply to
        another (ipython/ipykernel#1554): until somebody connects to the channel.
        """
        pause = _WAKE_SECONDS
        while True:
            try:
                message: dict[str, Any] = await self.client.iopub_channel.get_msg(timeout=None if taken_up else pause)
            except queue.Empty:
                self._wake()
                pause = min(2 * pause, _WAKE_SECONDS_AT_MOST)
            else:
                return message

    def _wake(self) -> None:
        """Connect to the kernel's channel of requests for a moment."""
        socket = self.client.connect_shell()
        asyncio.get_running_loop().call_later(_WAKE_SECONDS, socket.close, 0)

    async def gone(self) -> str:
        """Return how the kernel's process ended, as soon as it has."""
        await wait_gone(self.pid)
        return describe_end(self._process.wait())

    async def interrupt(self) -> None:
        """Interrupt what runs in the kernel, by a signal to its group or by a message, as its kernelspec wants it."""
        if self._process.poll() is None:
            await self._manager.interrupt_kernel()

    def last_words(self) -> str:
        """The last lines of the kernel's own log."""
        with contextlib.suppress(OSError):
            text = (self.spec.private / "kernel.log").read_text("utf-8", "replace")
            return "\n".join(text.splitlines()[-_LOG_LINES:])
        return ""

    async def end(self, quiet_seconds: float = _QUIET_EXIT_SECONDS) -> None:
        """End the kernel and all that it left: ask it, wait at most ``quiet_seconds``, then kill.

        Some kernels hang when they are asked to shut down; the deadline is ours.
        """
        below = await asyncio.get_running_loop().run_in_executor(None, descendants, self.pid)
        try:
            if self.client is not None and self._process.poll() is None and quiet_seconds > 0:
                self.client.shutdown()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wait_gone(self.pid), quiet_seconds)
        finally:
            end_group(self.pid)
            end_all(below)
            await asyncio.get_running_loop().run_in_executor(None, end_family, self.spec.token)
            self._process.wait()
            if self.client is not None:
                self.client.stop_channels()
            with contextlib.suppress(Exception):  # a provisioner's clean-up must not hide how the attempt ended
                await self._manager.provisioner.cleanup(restart=False)
            self._manager.cleanup_connection_file()


def _manager(spec: KernelSpec) -> Any:
    from jupyter_client.kernelspec import KernelSpec as JupyterSpec
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name=spec.name, connection_file=str(spec.private / "kernel.json"))
    if sys.platform != "win32":
        manager.transport = "ipc"
        manager.ip = str(spec.private / "k")
    if spec.name == NATIVE:
        interpreter = spec.python or sys.executable
        manager._kernel_spec = JupyterSpec(
            argv=[interpreter, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}",
                  "--HistoryManager.hist_file=:memory:"],
            display_name="Python 3 (ipykernel)", language="python",
        )  # fmt: skip
    return manager
