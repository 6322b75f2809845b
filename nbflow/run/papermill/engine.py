"""nbflow as a papermill engine: ``papermill --engine nbflow`` executes cells through the same loop as ``nbflow run``.

papermill itself imports this module, in the middle of its own import: see ``call.py`` for the way in from our side.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import Engine
from papermill.log import logger

from nbflow.core.errors import KernelError
from nbflow.core.results import ErrorKind
from nbflow.run.cells import CellLoop, Limits
from nbflow.run.endings import Ending
from nbflow.run.guard import Guard
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.stop import Stop


class NbflowEngine(Engine):  # type: ignore[misc]  # papermill has no types
    """papermill's engine that runs notebooks through nbflow's cell loop."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float = 60,
        execution_timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Execute the notebook of papermill's manager ``nb_man``; called by papermill.

        ``execution_timeout`` limits each cell, in seconds. The kernel starts in ``cwd`` of papermill's call, else in the
        current folder. Raises ``CellTimeoutError`` and ``DeadKernelError`` as papermill's own engine does; a failing cell
        is left to papermill, which finds it in the outputs.
        """
        watcher = _PapermillWatcher(nb_man, log_output, stdout_file, stderr_file)
        limits = Limits(cell_seconds=execution_timeout or 0)
        ending = _in_own_loop(lambda stop: _execute(nb_man.nb, kernel_name, start_timeout, limits, watcher, kwargs, stop))
        error = ending.error
        if error is not None and error.kind is ErrorKind.CELL_TIMEOUT:
            raise CellTimeoutError(error.message)
        if error is not None and error.kind in (ErrorKind.KERNEL_DIED, ErrorKind.OUT_OF_MEMORY):
            raise DeadKernelError(error.message)


class _PapermillWatcher:
    """Carries what the cell loop tells to papermill's manager, which keeps its marks and saves."""

    def __init__(self, nb_man: Any, log_output: bool, stdout_file: Any, stderr_file: Any) -> None:
        self._manager, self._log_output = nb_man, log_output
        self._files = {"stdout": stdout_file, "stderr": stderr_file}

    def _cell(self, index: int) -> Any:
        return self._manager.nb.cells[index]

    def cell_started(self, index: int) -> None:
        self._manager.cell_start(self._cell(index), index)

    def cell_changed(self, index: int, outputs: Callable[[], list[dict[str, Any]]]) -> None:
        pass  # papermill saves by itself, after each cell and from time to time

    def cell_printed(self, index: int, stream: str, text: str) -> None:
        file = self._files.get(stream)
        if file is not None:
            file.write(text)
            file.flush()
        if self._log_output and stream in self._files:
            level = logger.info if stream == "stdout" else logger.warning
            level(text.rstrip("\n"))

    def cell_ended(self, index: int, failed: bool) -> None:
        cell = self._cell(index)
        if failed:
            self._manager.cell_exception(cell, index)
        self._manager.cell_complete(cell, index)


def _as_node(output: dict[str, Any]) -> Any:
    from nbformat import from_dict

    return from_dict(output)


async def _execute(
    document: Any, kernel_name: str, start_timeout: float, limits: Limits, watcher: _PapermillWatcher, options: dict[str, Any], stop: Stop
) -> Ending:
    folder = Path(options.get("kernel_cwd") or Path.cwd())
    with Guard() as guard:
        spec = KernelSpec(kernel_name, folder, guard.folder, guard.token, None, options.get("kernel_env") or {}, start_timeout)
        try:
            kernel = await Kernel.start(spec)
            try:
                return await CellLoop(document, kernel, limits, watcher, stop, _as_node).run()
            finally:
                await kernel.end(0.0 if stop.asked.is_set() else 1.0)
        except KernelError as error:
            raise RuntimeError(f"{error}\n{error.log}".rstrip()) from error


def _in_own_loop(make: Callable[[Stop], Coroutine[Any, Any, Ending]]) -> Ending:
    """Run a coroutine in a thread with a loop of its own: papermill may be called where a loop runs already.

    An interrupt is passed on to the coroutine, which ends in good order, and raised when it has.
    """
    stop, loop, over = Stop(), asyncio.new_event_loop(), threading.Event()
    endings: list[Ending] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            endings.append(loop.run_until_complete(make(stop)))
        except BaseException as error:  # it is raised again, in the thread of the caller
            errors.append(error)
        finally:
            loop.close()
            over.set()

    threading.Thread(target=work, name="nbflow-engine").start()
    interrupted = False
    while not over.is_set():
        try:
            over.wait()  # and no join: until Python 3.13 an interrupted join takes the thread for ended
        except KeyboardInterrupt:
            interrupted = True
            with contextlib.suppress(RuntimeError):  # it may have ended in this very moment
                loop.call_soon_threadsafe(stop.ask, "interrupt")
    if errors:
        raise errors[0]
    if interrupted:
        raise KeyboardInterrupt
    return endings[0]
