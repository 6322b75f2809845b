"""A kernel: one process in a session of its own, the client that talks to it, and its end.

With ``installed``, which looks kernels up, the door to jupyter_client. Sockets are files in a private folder where the system has them (no ports, so no race
for ports); the process's own standard output goes nowhere, its standard error to a log, its standard input is empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
from collections.abc import Mapping
from typing import Any

from nbflow.core.errors import KernelError
from nbflow.core.results import ErrorKind
from nbflow.plan.kernels import NATIVE
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.launched import LaunchedProcess
from nbflow.run.kernels.process import CONNECTION_FILE, LOG_FILE, NATIVE_ARGUMENTS, KernelProcess, KernelSpec
from nbflow.run.processes import descendants, end_all, end_family, end_group

__all__ = ["Kernel", "KernelSpec"]

_LOG_LINES = 20
_QUIET_EXIT_SECONDS = 1.0
_WAKE_SECONDS = 0.3
_WAKE_SECONDS_AT_MOST = 5.0
_RECONNECT_MILLISECONDS = 10


class Kernel:
    """A running kernel. ``client`` is jupyter_client's asynchronous client, its channels open."""

    def __init__(self, spec: KernelSpec, manager: Any, process: KernelProcess) -> None:
        self.spec = spec
        self._manager, self._process = manager, process
        self.pid = process.pid
        self.client: Any = None
        self.language: Mapping[str, Any] = {}
        self._waking: list[Any] = []

    @classmethod
    async def start(cls, spec: KernelSpec, forks: Forks | None = None) -> Kernel:
        """Start the kernel that ``spec`` names and wait until it answers; ``forks`` may have it quicker. Raises ``KernelError``
        (KERNEL_START)."""
        if forks is not None and spec.name == NATIVE:
            manager = _manager(spec)
            manager.write_connection_file()
            process = await forks.fork(spec)
            if process is not None:
                with contextlib.suppress(_EndedEarlyError):  # it may do better by a start of its own
                    return await cls(spec, manager, process)._ready()
            manager.cleanup_connection_file()
        manager = _manager(spec)
        return await cls(spec, manager, await LaunchedProcess.start(spec, manager))._ready()

    async def _ready(self) -> Kernel:
        try:
            await self._connect()
        except BaseException:
            await self.end(0)
            raise
        return self

    async def _connect(self) -> None:
        """Open the channels, and wait until the kernel answers and its broadcast reaches us."""
        gone = asyncio.ensure_future(self._process.gone())
        answered = asyncio.ensure_future(self._answered())
        try:
            await asyncio.wait({gone, answered}, timeout=self.spec.start_timeout, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()
                return
            if gone.done():
                msg = f"kernel {self.spec.name!r} ended while it started ({gone.result()})"
                raise _EndedEarlyError(ErrorKind.KERNEL_START, msg, self.last_words())
            msg = f"kernel {self.spec.name!r} did not answer within {self.spec.start_timeout:g} s"
            raise KernelError(ErrorKind.KERNEL_START, msg, self.last_words())
        finally:
            for task in (gone, answered):
                task.cancel()
            await asyncio.gather(gone, answered, return_exceptions=True)

    async def _answered(self) -> None:
        """Ask until both the reply and the broadcast for one question have come."""
        import zmq

        await self._process.listening()
        client = self._manager.client()
        client.context.setsockopt(zmq.RCVHWM, 0)  # a kernel that prints faster than we read must not lose messages
        client.context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MILLISECONDS)  # its sockets may not be there yet
        client.start_channels(stdin=False, hb=False)
        self.client = client
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

        ipykernel 7.0 to 7.3, which an environment may have that nbflow was not installed to, may leave a request unread that
        comes while it sends the reply to another (ipython/ipykernel#1554): until somebody connects to the channel.
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
        self._waking.append(self.client.connect_shell())
        asyncio.get_running_loop().call_later(_WAKE_SECONDS, self._close_waking, 1)

    def _close_waking(self, count: int) -> None:
        """Close the oldest connections that were made to wake the kernel. One that stayed open would hold up whoever lets the client go."""
        for _ in range(min(count, len(self._waking))):
            self._waking.pop(0).close(0)

    async def gone(self) -> str:
        """Return how the kernel's process ended, as soon as it has."""
        return await self._process.gone()

    async def interrupt(self) -> None:
        """Interrupt what runs in the kernel, by a signal to its group or by a message, as its kernelspec wants it."""
        await self._process.interrupt()

    def last_words(self) -> str:
        """The last lines of the kernel's own log."""
        with contextlib.suppress(OSError):
            text = (self.spec.private / LOG_FILE).read_text("utf-8", "replace")
            return "\n".join(text.splitlines()[-_LOG_LINES:])
        return ""

    async def end(self, quiet_seconds: float = _QUIET_EXIT_SECONDS) -> None:
        """End the kernel and all that it left: ask it, wait at most ``quiet_seconds``, then kill.

        Some kernels hang when they are asked to shut down; the deadline is ours.
        """
        below = await asyncio.get_running_loop().run_in_executor(None, descendants, self.pid)
        try:
            if self.client is not None and self._process.is_running() and quiet_seconds > 0:
                self.client.shutdown()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._process.gone(), quiet_seconds)
        finally:
            end_group(self.pid)
            end_all(below)
            await asyncio.get_running_loop().run_in_executor(None, end_family, self.spec.token)
            await self._process.release()
            self._close_waking(len(self._waking))
            if self.client is not None:
                self.client.stop_channels()
            self._manager.cleanup_connection_file()


class _EndedEarlyError(KernelError):
    """The kernel's process ended before it answered."""


def _manager(spec: KernelSpec) -> Any:
    from jupyter_client.kernelspec import KernelSpec as JupyterSpec
    from jupyter_client.manager import AsyncKernelManager

    manager = AsyncKernelManager(kernel_name=spec.name, connection_file=str(spec.private / CONNECTION_FILE))
    if sys.platform != "win32":
        manager.transport = "ipc"
        manager.ip = str(spec.private / "k")
    if spec.name == NATIVE:
        manager._kernel_spec = JupyterSpec(
            argv=[spec.interpreter, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", *NATIVE_ARGUMENTS],
            display_name="Python 3 (ipykernel)", language="python",
        )  # fmt: skip
    return manager
