"""What a kernel's process is to its kernel, however it was begun; and what it is begun with."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nbflow.run.processes import own_environment

CONNECTION_FILE = "kernel.json"
LOG_FILE = "kernel.log"
NATIVE_ARGUMENTS = ("-f", "{connection_file}", "--HistoryManager.hist_file=:memory:")
"""What ``ipykernel_launcher`` is told of a Python kernel of nbflow's own."""


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """What to start: the kernel's ``name``, the interpreter for python3 (``None``: the one that runs nbflow), where,
    with which environment on top of the own one, and how long it may take. ``private`` is a folder for its files; ``preload`` are
    modules that its notebook will import."""

    name: str
    folder: Path
    private: Path
    token: str
    python: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    start_timeout: float = 60.0
    preload: tuple[str, ...] = ()

    @property
    def interpreter(self) -> str:
        """The interpreter of a python3 kernel."""
        return self.python or sys.executable


def kernel_environment(token: str, more: Mapping[str, str]) -> dict[str, str]:
    """All variables of a kernel that bears ``token``: the own ones and ``more``."""
    environment = own_environment(token, more)
    environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else debugpy warns in the first cell of some kernels
    environment.pop("PYTEST_CURRENT_TEST", None)  # with it ipykernel does not take the output of child processes
    return environment


class KernelProcess(Protocol):
    """A kernel's process, which leads a session and a group of its own. Whoever holds it kills the group, then calls ``release``."""

    pid: int

    async def listening(self) -> None:
        """Return when it is worth while to connect to the kernel; never where it ends before."""
        ...

    def is_running(self) -> bool:
        """Whether it has not ended, as far as that is known without waiting."""
        ...

    async def gone(self) -> str:
        """Return how it ended, as soon as it has: ``signal SIGKILL`` or ``exit code 3``."""
        ...

    async def interrupt(self) -> None:
        """Interrupt what it does, as its kernel wants it; no error when it has ended."""
        ...

    async def release(self) -> None:
        """Leave nothing of a process that was killed, not even its number."""
        ...
