"""The one cell loop: executes a notebook's cells in a kernel, in order, and gathers what they put out.

Used by ``nbflow run`` and, through the papermill engine, by ``papermill --engine nbflow``. Cells tagged
``skip-execution`` are not run, errors of cells tagged ``raises-exception`` are expected, as nbclient has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.run.endings import Ending, ended_early, judge
from nbflow.run.kernels.kernel import Kernel
from nbflow.run.memory import memory_kills
from nbflow.run.outputs import CellOutputs
from nbflow.run.stop import Stop
from nbflow.run.tracebacks import readable
from nbflow.run.widget_states import WidgetStates

_SILENT_SECONDS = 10.0
"""How long the broadcast may be silent after a cell's reply before its end is taken as lost."""

_LAST_WORDS_SECONDS = 0.05
"""How long the last messages of a kernel are waited for that is dead, or about to be interrupted."""

_LATE_SECONDS = 0.02
"""How long the broadcast must be silent after the last cell: what child processes print comes by another way, and late."""

_LATEST_SECONDS = 0.5
"""How long what comes late is taken at most: a thread of the notebook may go on printing for ever."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a notebook's execution: seconds for each cell and for the whole attempt (0: none), seconds that an
    interrupted cell has to end, and characters kept of one cell's output. ``deadline`` is the moment of the running
    loop's clock at which ``task_seconds`` are over, where the attempt began before the first cell."""

    cell_seconds: float = 0
    task_seconds: float = 0
    grace_seconds: float = 5
    output_characters: int = 20_000_000
    deadline: float | None = None


class Watcher(Protocol):
    """Who is told as cells go. ``index`` counts the notebook's cells from 0."""

    def cell_started(self, index: int) -> None:
        """A code cell is sent to the kernel."""
        ...

    def cell_changed(self, index: int, outputs: Callable[[], list[dict[str, Any]]]) -> None:
        """The outputs of the cell have changed; ``outputs`` makes them, which takes time when they are large."""
        ...

    def cell_printed(self, index: int, stream: str, text: str) -> None:
        """The cell printed."""
        ...

    def cell_ended(self, index: int, failed: bool) -> None:
        """The cell is done; ``failed`` where it ended the notebook as a failure."""
        ...


class CellLoop:
    """Executes the code cells of ``document`` (nbformat 4 as dicts, changed in place) in ``kernel``.

    ``node`` makes each output from a plain dict; papermill has objects of its own. Outputs are shared by cells that
    show the same display, so that they are made once.
    """

    def __init__(
        self, document: dict[str, Any], kernel: Kernel, limits: Limits, watcher: Watcher, stop: Stop,
        node: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> None:  # fmt: skip
        self._document, self._kernel, self._limits, self._watcher, self._stop = document, kernel, limits, watcher, stop
        self._displays: dict[str, list[dict[str, Any]]] = {}
        self._widgets = WidgetStates(limits.output_characters, self._displays)
        self._heard = 0
        self._sent: dict[str, tuple[int, dict[str, Any], CellOutputs]] = {}
        self._node = node
        self._memory_kills = memory_kills()
        begun = asyncio.get_running_loop().time()
        self._deadline = limits.deadline or (begun + limits.task_seconds if limits.task_seconds else None)

    async def run(self, lost: Callable[[], Awaitable[str]] | None = None) -> Ending:
        """Execute all cells; returns how it ended and raises nothing on account of the notebook's code.

        ``lost`` makes an awaitable that ends, with a sentence, when something that the notebook cannot do without is gone.
        """
        watches: dict[str, asyncio.Future[Any]] = {
            "gone": asyncio.ensure_future(self._kernel.gone()),
            "asked": asyncio.ensure_future(self._stop.asked.wait()),
        }
        if lost is not None:
            watches["lost"] = asyncio.ensure_future(lost())
        try:
            for index, cell in enumerate(self._document["cells"]):
                if not _runs(cell):
                    continue
                ending = await self._cell(index, cell, watches)
                if ending is not None:
                    return ending
            return Ending(Result.SUCCESS)
        finally:
            await self._take_late(watches["gone"])
            self._widgets.keep(self._document["metadata"])
            for watch in watches.values():
                watch.cancel()
            await asyncio.gather(*watches.values(), return_exceptions=True)

    async def _cell(self, index: int, cell: dict[str, Any], watches: dict[str, asyncio.Future[Any]]) -> Ending | None:
        """Execute one cell; ``None`` when the notebook goes on."""
        outputs = CellOutputs(self._limits.output_characters, self._displays, self._node)
        cell["outputs"], cell["execution_count"] = [], None
        self._watcher.cell_started(index)
        work = asyncio.ensure_future(self._execute(index, cell, outputs))
        try:
            ending = await self._wait(index, cell, work, watches)
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            if ended_early(work):
                outputs.drop_exit()
            outputs.closed = True
            cell["outputs"] = outputs.as_list()
        self._watcher.cell_ended(index, ending is not None and ending.result is not Result.SUCCESS)
        return ending

    async def _wait(
        self, index: int, cell: dict[str, Any], work: asyncio.Future[dict[str, Any]], watches: dict[str, asyncio.Future[Any]]
    ) -> Ending | None:
        """Wait for the cell's reply or for what ends it before; whatever comes first decides."""
        seconds, kind = self._patience()
        await asyncio.wait({work, *watches.values()}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        number, source = index + 1, cell["source"]
        if watches["asked"].done():  # what the kernel has said by now is taken first: a cell may have ended by itself
            await asyncio.wait({work}, timeout=_LAST_WORDS_SECONDS)
        if work.done():
            ending = judge(work.result(), cell, number)
            goes_on = ending is None and any(map(_runs, self._document["cells"][number:]))
            return Ending(Result.CANCELED, ended_at_cell=number) if goes_on and watches["asked"].done() else ending
        if watches["gone"].done():
            await asyncio.wait({work}, timeout=_LAST_WORDS_SECONDS)
            return self._died(watches["gone"].result(), number, source)
        if "lost" in watches and watches["lost"].done():
            await self._interrupt(work, watches)
            message = f"the Spark engine was lost in cell {number}: {watches['lost'].result()}"
            return Ending(Result.FAILED, TaskError(ErrorKind.ENGINE_LOST, message, number, source=source))
        await self._interrupt(work, watches)
        if watches["asked"].done():
            return Ending(Result.CANCELED, ended_at_cell=number)
        if kind is ErrorKind.TASK_TIMEOUT:
            message = f"the task's limit of {self._limits.task_seconds:g} s was over in cell {number}"
            return Ending(Result.TIMEDOUT, TaskError(kind, message, number, source=source))
        message = f"cell {number} was over its limit of {self._limits.cell_seconds:g} s"
        return Ending(Result.FAILED, TaskError(ErrorKind.CELL_TIMEOUT, message, number, source=source))

    def _patience(self) -> tuple[float | None, ErrorKind]:
        """Seconds that the next cell may take, and which limit it is."""
        left = None if self._deadline is None else max(0.0, self._deadline - asyncio.get_running_loop().time())
        cell = self._limits.cell_seconds or None
        if left is not None and (cell is None or left <= cell):
            return left, ErrorKind.TASK_TIMEOUT
        return cell, ErrorKind.CELL_TIMEOUT

    def _died(self, how: str, number: int, source: str) -> Ending:
        kind, hint = ErrorKind.KERNEL_DIED, ""
        if how == "signal SIGKILL":
            kills = memory_kills()
            starved = kills is not None and self._memory_kills is not None and kills > self._memory_kills
            kind = ErrorKind.OUT_OF_MEMORY if starved else kind
            hint = ": memory ran out" if starved else "; the system kills processes so when memory runs out"
        words = self._kernel.last_words()
        message = f"the kernel died in cell {number} ({how}){hint}"
        return Ending(Result.FAILED, TaskError(kind, message, number, source=source, traceback=words or None))

    async def _interrupt(self, work: asyncio.Future[Any], watches: dict[str, asyncio.Future[Any]]) -> None:
        """Interrupt the cell and wait for its end: for the grace time, or until the end is asked for a second time."""
        if work.done():
            return
        await self._kernel.interrupt()
        now = asyncio.ensure_future(self._stop.now.wait())
        try:
            waits = {work, watches["gone"], now}
            await asyncio.wait(waits, timeout=self._limits.grace_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            now.cancel()

    async def _execute(self, index: int, cell: dict[str, Any], outputs: CellOutputs) -> dict[str, Any]:
        """Send the cell and take its messages until the kernel says it is idle; returns the reply's content."""
        client = self._kernel.client
        request = client.execute(cell["source"], allow_stdin=False, stop_on_error=False)
        self._sent[request] = index, cell, outputs
        heard = asyncio.ensure_future(self._listen(request))
        try:
            reply = await self._reply(request)
            cell["execution_count"] = reply.get("execution_count", cell["execution_count"])
            while not heard.done():
                before = self._heard
                await asyncio.wait({heard}, timeout=_SILENT_SECONDS)
                if self._heard == before:
                    break  # the message that says idle is lost; the reply is what counts
            return reply
        finally:
            heard.cancel()
            await asyncio.gather(heard, return_exceptions=True)

    async def _reply(self, request: str) -> dict[str, Any]:
        while True:
            with contextlib.suppress(queue.Empty):
                message = await self._kernel.client.shell_channel.get_msg(timeout=3600)
                if message["parent_header"].get("msg_id") == request:
                    content: dict[str, Any] = message["content"]
                    return content

    async def _listen(self, request: str) -> None:
        """Take broadcast messages until the one that says that this request is done."""
        taken_up = done = False
        while not done:
            message = await self._kernel.broadcast(taken_up=taken_up)
            taken_up = taken_up or message["parent_header"].get("msg_id") == request
            done = self._receive(message, request)

    async def _take_late(self, gone: asyncio.Future[Any]) -> None:
        """Take what still comes after the last cell."""
        now = asyncio.get_running_loop().time
        end = now() + _LATEST_SECONDS
        with contextlib.suppress(queue.Empty):
            while now() < end and not gone.done() and not self._stop.now.is_set():
                self._receive(await self._kernel.client.iopub_channel.get_msg(timeout=_LATE_SECONDS), "")

    def _receive(self, message: dict[str, Any], request: str) -> bool:
        """Give one message to the cell that it belongs to; whether it says that ``request`` is done."""
        self._heard += 1
        kind, content, parent = message["msg_type"], message["content"], message["parent_header"].get("msg_id")
        if kind == "status":
            return bool(parent == request and content["execution_state"] == "idle")
        if kind.startswith("comm_"):
            self._widgets.take(kind, content, message.get("buffers") or ())
        if not self._sent:
            return False
        index, cell, outputs = self._sent.get(parent) or next(reversed(self._sent.values()))
        if kind == "execute_input":
            cell["execution_count"] = content.get("execution_count")
            return False
        taken = self._widgets.outputs_of(parent)
        if self._take(kind, content, outputs if taken is None else taken):
            if kind in ("stream", "error"):
                name, text = (content["name"], content["text"]) if kind == "stream" else (kind, readable(content))
                self._watcher.cell_printed(index, name, text)
            if taken is None:
                self._changed(index, cell, outputs)
        return False

    def _changed(self, index: int, cell: dict[str, Any], outputs: CellOutputs) -> None:
        if outputs.closed:  # a late message: the cell's outputs are in the notebook already
            cell["outputs"] = outputs.as_list()
        self._watcher.cell_changed(index, outputs.as_list)

    def _take(self, kind: str, content: dict[str, Any], outputs: CellOutputs) -> bool:
        """Apply one message to the outputs; whether it was one of theirs."""
        display_id = content.get("transient", {}).get("display_id")
        if kind == "stream":
            outputs.printed(content["name"], content["text"])
        elif kind == "clear_output":
            outputs.clear(content.get("wait", False))
        elif kind == "update_display_data" and display_id:
            outputs.update(display_id, content)
        elif (output := _output(kind, content)) is not None:
            outputs.add(output, display_id)
        else:
            return False
        return True


def _runs(cell: dict[str, Any]) -> bool:
    tags = cell.get("metadata", {}).get("tags", [])
    return cell["cell_type"] == "code" and bool(cell["source"].strip()) and "skip-execution" not in tags


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
    """The output that a message of this kind tells, as nbformat has it; ``None`` where it tells none, or a stream's."""
    if kind == "error":
        return {"output_type": "error", **{name: content[name] for name in ("ename", "evalue", "traceback")}}
    if kind not in ("display_data", "execute_result"):
        return None
    output = {"output_type": kind, "data": content["data"], "metadata": content.get("metadata", {})}
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output
