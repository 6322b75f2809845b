"""A kernel's process as jupyter_client launches it: any kernel that is installed, and nbflow's own by a start of its interpreter."""

from __future__ import annotations

import contextlib
import subprocess
from typing import Any

from nbflow.core.errors import KernelError
from nbflow.core.results import ErrorKind
from nbflow.run.kernels.process import LOG_FILE, KernelSpec, kernel_environment
from nbflow.run.processes import describe_end, wait_gone


class LaunchedProcess:
    """Keeps the promise of ``KernelProcess``. ``manager`` is jupyter_client's, which has started the kernel."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._process: subprocess.Popen[bytes] = manager.provisioner.process
        self.pid: int = self._process.pid

    @classmethod
    async def start(cls, spec: KernelSpec, manager: Any) -> LaunchedProcess:
        """Launch the kernel that ``spec`` names. Raises ``KernelError`` (KERNEL_START)."""
        try:
            with (spec.private / LOG_FILE).open("wb") as stderr:
                await manager.start_kernel(
                    cwd=str(spec.folder), env=kernel_environment(spec.token, spec.environment),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                )  # fmt: skip
        except Exception as error:  # jupyter_client and provisioners of other people raise what they like here
            msg = f"kernel {spec.name!r} could not be started: {error}"
            raise KernelError(ErrorKind.KERNEL_START, msg) from error
        return cls(manager)

    async def listening(self) -> None:
        """At once: nothing tells when the kernel has its sockets."""

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    async def gone(self) -> str:
        """Return how it ended, as soon as it has."""
        await wait_gone(self.pid)
        return describe_end(self._process.wait())

    async def interrupt(self) -> None:
        """By a signal to its group or by a message, as its kernelspec wants it."""
        if self.is_running():
            await self._manager.interrupt_kernel()

    async def release(self) -> None:
        """Leave nothing of it."""
        self._process.wait()
        self._manager._close_control_socket()  # one that stayed open would hold up whoever lets the manager go
        with contextlib.suppress(Exception):  # a provisioner's clean-up must not hide how the attempt ended
            await self._manager.provisioner.cleanup(restart=False)
