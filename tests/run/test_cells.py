"""The cell loop with real kernels: how notebooks end, and what the executed notebook then holds."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.errors import KernelError
from nbflow.core.exchange import FAMILY_VARIABLE
from nbflow.core.results import ErrorKind, Result
from nbflow.define.notebooks.file import read_notebook
from nbflow.run.bootstrap import prepare_kernel
from nbflow.run.cells import CellLoop, Limits
from nbflow.run.endings import Ending
from nbflow.run.kernels.forks import Forks
from nbflow.run.kernels.kernel import Kernel, KernelSpec
from nbflow.run.stop import Stop

FORKS: list[Forks] = []
"""What Python kernels come from here, as in a run; ``tests/contract/test_kernel.py`` holds that others are the same."""


@pytest.fixture(scope="module", autouse=True)
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One process for all of these tests."""
    FORKS.append(Forks(uuid.uuid4().hex, tmp_path_factory.mktemp("forks"), None))
    yield
    FORKS.pop().end()


@dataclass
class Notes:
    """A watcher that keeps what it is told."""

    started: list[int] = field(default_factory=list)
    ended: list[tuple[int, bool]] = field(default_factory=list)
    text: str = ""
    stop: Stop | None = None
    stop_at: str | None = None
    blind: Path | None = None

    def cell_started(self, index: int) -> None:
        self.started.append(index)

    def cell_changed(self, index: int, outputs: Callable[[], list[dict[str, Any]]]) -> None:
        pass

    def cell_printed(self, index: int, stream: str, text: str) -> None:
        self.text += text
        if self.stop is not None and self.stop_at is not None and self.stop_at in self.text:
            if self.blind is not None and not self.stop.asked.is_set():  # nobody looks until the cell is over
                limit = time.monotonic() + 60
                while not self.blind.exists() and time.monotonic() < limit:
                    time.sleep(0.05)
                time.sleep(0.5)  # for what the kernel says after that
            self.stop.ask("SIGINT", 2)

    def cell_ended(self, index: int, failed: bool) -> None:
        self.ended.append((index, failed))


@dataclass
class Executed:
    """How a notebook ended, and what became of it."""

    ending: Ending
    cells: list[dict[str, Any]]
    notes: Notes
    token: str

    def text(self, index: int) -> str:
        """All that the cell printed."""
        return "".join(output.get("text", "") for output in self.cells[index]["outputs"])


def cell(source: str, *tags: str) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, "outputs": [], "execution_count": None}


def execute(
    tmp_path: Path,
    *cells: str | dict[str, Any],
    kernel: str = "python3",
    limits: Limits | None = None,
    stop_at: str | None = None,
    blind: Path | None = None,
) -> Executed:
    """Execute the cells in a fresh kernel whose folder is ``tmp_path``."""
    document = {"cells": [item if isinstance(item, dict) else cell(item) for item in cells], "metadata": {}}
    return execute_document(tmp_path, document, kernel, limits, stop_at, blind)


def execute_document(
    tmp_path: Path,
    document: dict[str, Any],
    kernel: str = "python3",
    limits: Limits | None = None,
    stop_at: str | None = None,
    blind: Path | None = None,
) -> Executed:
    """Execute the document's cells, and change it as the loop does."""
    token, notes = uuid.uuid4().hex, Notes(stop_at=stop_at, blind=blind)

    async def work() -> Ending:
        private = Path("/tmp") / f"nbflow-test-{token[:8]}"
        private.mkdir(mode=0o700)
        notes.stop = stop = Stop()
        running = await Kernel.start(KernelSpec(kernel, tmp_path, private, token), *FORKS)
        try:
            return await CellLoop(document, running, limits or Limits(grace_seconds=1), notes, stop).run()
        finally:
            await running.end(0.5)
            for path in private.iterdir():
                path.unlink()
            private.rmdir()

    ending = asyncio.run(asyncio.wait_for(work(), 60))
    return Executed(ending, document["cells"], notes, token)


def family(token: str) -> list[str]:
    """The processes that are left of an attempt."""
    mark = f"{FAMILY_VARIABLE}={token}".encode()
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    left.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return left


@pytest.mark.parametrize(
    ("source", "result", "kind", "words"),
    [
        ("1/0", Result.FAILED, ErrorKind.CELL_ERROR, "ZeroDivisionError"),
        ("def broken(:", Result.FAILED, ErrorKind.CELL_ERROR, "SyntaxError"),
        ("%no_such_magic", Result.FAILED, ErrorKind.CELL_ERROR, "no_such_magic"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", Result.FAILED, ErrorKind.KERNEL_DIED, "SIGKILL"),
        ("import os; os._exit(0)", Result.FAILED, ErrorKind.KERNEL_DIED, "exit code 0"),
        ("import os; os._exit(7)", Result.FAILED, ErrorKind.KERNEL_DIED, "exit code 7"),
        ("import sys; sys.exit(3)", Result.FAILED, ErrorKind.EXIT, "sys.exit(3)"),
        ("import sys; sys.exit('no data')", Result.FAILED, ErrorKind.EXIT, "no data"),
        ("input('name? ')", Result.FAILED, ErrorKind.CELL_ERROR, "input"),
        ("import getpass; getpass.getpass()", Result.FAILED, ErrorKind.CELL_ERROR, "input"),
        ("import time; time.sleep(60)", Result.FAILED, ErrorKind.CELL_TIMEOUT, "limit of 0.5 s"),
    ],
)
def test_each_way_to_fail_is_told_as_what_it_is(tmp_path: Path, source: str, result: Result, kind: ErrorKind, words: str) -> None:
    """The cell's number and source are there, later cells did not run, and no process is left."""
    done = execute(tmp_path, "print('first')", source, "print('never')", limits=Limits(cell_seconds=0.5 if "sleep" in source else 0))
    error = done.ending.error
    assert error is not None
    assert (done.ending.result, error.kind, error.cell, error.source) == (result, kind, 2, source)
    assert words in error.message
    assert done.text(0) == "first\n"
    assert done.cells[2]["outputs"] == [] and done.cells[2]["execution_count"] is None
    assert done.notes.started == [0, 1] and done.notes.ended[-1] == (1, True)
    assert family(done.token) == []


@pytest.mark.parametrize(
    "source", ["import sys; sys.exit()", "import sys; sys.exit(0)", "raise SystemExit", "exit_ = SystemExit(0); raise exit_"]
)
def test_a_good_exit_ends_the_notebook_early_and_well(tmp_path: Path, source: str) -> None:
    """SUCCESS with the cell's number; later cells are not run; the notebook shows no error."""
    done = execute(tmp_path, source, "print('never')")
    assert (done.ending.result, done.ending.ended_at_cell, done.ending.error) == (Result.SUCCESS, 1, None)
    assert [cell["outputs"] for cell in done.cells] == [[], []]


def test_tags_await_and_warnings(tmp_path: Path) -> None:
    """Expected errors stay as outputs, a skipped cell is not touched, tasks go on across cells, warnings are output."""
    done = execute(
        tmp_path, "import asyncio\ntask = asyncio.create_task(asyncio.sleep(0.05, 42))", "await asyncio.sleep(0.3); print(task.result())",
        cell("1/0", "raises-exception"), cell("def broken(:", "raises-exception"), cell("raise SystemError", "skip-execution"),
        {"cell_type": "markdown", "source": "# text", "metadata": {}}, "", "import warnings; warnings.warn('careful')",
    )  # fmt: skip
    assert done.ending.result is Result.SUCCESS
    assert done.text(1) == "42\n"
    assert [done.cells[number]["outputs"][0]["ename"] for number in (2, 3)] == ["ZeroDivisionError", "SyntaxError"]
    assert done.cells[4]["outputs"] == [] and done.cells[4]["execution_count"] is None
    assert "careful" in done.text(7)
    assert done.notes.started == [0, 1, 2, 3, 7]


def test_a_cell_that_is_asked_to_stop_is_interrupted_first(tmp_path: Path) -> None:
    """The notebook's own clean-up runs, what it prints is kept, and the result is CANCELED."""
    source = "import time\ntry:\n    print('ready')\n    time.sleep(60)\nfinally:\n    print('cleaned up')"
    done = execute(tmp_path, source, stop_at="ready")
    assert done.ending.result is Result.CANCELED
    assert "cleaned up" in done.text(0)


def test_a_notebook_that_ended_by_itself_was_not_cancelled(tmp_path: Path) -> None:
    """Its end counts, where nobody had seen it yet when the end was asked for; where cells are left, they are not begun."""

    def ended(*cells: str) -> Executed:
        seen = tmp_path / f"ended-{len(cells)}-{len(cells[0])}"
        told = f"get_ipython().events.register('post_run_cell', lambda _: open({str(seen)!r}, 'w').close())\n"
        return execute(tmp_path, told + cells[0], *cells[1:], stop_at="ready", blind=seen)

    assert ended("print('ready')").ending == Ending(Result.SUCCESS)
    failed = ended("print('ready', flush=True); 1/0", "print('on')")
    assert failed.ending.error is not None and failed.ending.error.kind is ErrorKind.CELL_ERROR
    left = ended("print('ready')", "print('on')", "")
    assert left.ending == Ending(Result.CANCELED, ended_at_cell=1) and left.notes.started == [0]


def test_a_cell_that_ignores_the_interrupt_is_killed(tmp_path: Path) -> None:
    """After the grace time nothing is left of it, not even a child in a session of its own."""
    source = (
        "import signal, subprocess, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '600'], start_new_session=True)\nprint('ready', flush=True)\nwhile True: time.sleep(1)"
    )
    done = execute(tmp_path, source, limits=Limits(grace_seconds=0.3), stop_at="ready")
    assert done.ending.result is Result.CANCELED
    assert family(done.token) == []


def test_the_task_s_limit_holds_over_all_cells(tmp_path: Path) -> None:
    """Many short cells together are over the limit: TIMEDOUT, not a failed cell."""
    done = execute(tmp_path, *["import time; time.sleep(0.2)"] * 20, limits=Limits(task_seconds=1, grace_seconds=1))
    assert done.ending.result is Result.TIMEDOUT
    assert done.ending.error is not None and done.ending.error.kind is ErrorKind.TASK_TIMEOUT


def test_children_that_stay_are_ended_and_waited_for_by_nobody(tmp_path: Path) -> None:
    """Children with our pipes, in the background, in a session of their own: all gone, the notebook a success."""
    done = execute(
        tmp_path, "import subprocess\nsubprocess.Popen(['sleep', '600'])", "subprocess.Popen(['sleep', '600'], stdout=subprocess.PIPE)",
        "subprocess.Popen(['sleep', '600'], start_new_session=True)", "%%bash\nsleep 600 > /dev/null 2>&1 &\necho started",
    )  # fmt: skip
    assert done.ending.result is Result.SUCCESS
    assert family(done.token) == []


def test_a_flood_is_kept_whole_in_few_outputs(tmp_path: Path) -> None:
    """Fifty thousand lines, a verbose child, a line of two megabytes: nothing is lost, nothing hangs."""
    child = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', \"for i in range(50000): print('child', i)\"])"
    done = execute(tmp_path, "for i in range(50_000): print('line', i)", child, "print('x' * 2_000_000)")
    assert done.text(0) == "".join(f"line {number}\n" for number in range(50_000))
    assert done.text(1).split("\n")[-2] == "child 49999"
    assert done.text(2) == "x" * 2_000_000 + "\n"
    assert all(len(item["outputs"]) < 5 for item in done.cells)


def test_nobody_s_input_is_read(tmp_path: Path) -> None:
    """A child that reads standard input finds its end at once."""
    done = execute(
        tmp_path, "import subprocess; print(subprocess.run(['cat'], capture_output=True).stdout)", "%%bash\nread -r line || echo eof"
    )
    assert (done.text(0), done.text(1)) == ("b''\n", "eof\n")


def test_a_kernel_of_another_language(tmp_path: Path) -> None:
    """A bash kernel runs through the same loop, and its failing cell is a failure."""
    done = execute(tmp_path, "greeting=hello", 'echo "$greeting from $(basename "$PWD")"', kernel="bash")
    assert done.ending.result is Result.SUCCESS
    assert done.text(1) == f"hello from {tmp_path.name}\n"


def test_a_kernel_that_cannot_start_says_why(tmp_path: Path) -> None:
    """An interpreter without ipykernel: KERNEL_START with its own words, and quickly."""
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'no module named ipykernel' >&2\nexit 1\n")
    script.chmod(0o755)

    async def start() -> None:
        await Kernel.start(KernelSpec("python3", tmp_path, tmp_path, "t", str(script)))

    with pytest.raises(KernelError, match="exit code 1") as caught:
        asyncio.run(start())
    assert caught.value.kind is ErrorKind.KERNEL_START
    assert "no module named ipykernel" in caught.value.log


def test_eight_notebooks_at_once_in_eight_folders(tmp_path: Path) -> None:
    """Each sees its own folder, module and file, although all run in one process of nbflow."""

    async def one(number: int) -> str:
        folder = tmp_path / f"team {number}"
        folder.mkdir()
        (folder / "helpers.py").write_text(f"WHO = {number}")
        private, document = (
            Path(f"/tmp/nbflow-test-{uuid.uuid4().hex[:8]}"),
            {"cells": [cell("import helpers, os; print(helpers.WHO, os.path.basename(os.getcwd()))")], "metadata": {}},
        )
        private.mkdir()
        kernel = await Kernel.start(KernelSpec("python3", folder, private, uuid.uuid4().hex), *FORKS)
        try:
            await CellLoop(document, kernel, Limits(), Notes(), Stop()).run()
        finally:
            await kernel.end()
        return str(document["cells"][0]["outputs"][0]["text"])  # type: ignore[index]

    async def together() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(8)))

    assert asyncio.run(together()) == [f"{number} team {number}\n" for number in range(8)]


DEAF = """
import sys, time
from ipykernel.subshell_manager import SubshellManager

def send(self, message):
    time.sleep(0.5)  # what comes meanwhile is not noticed, since the send takes the mark that it has come
    stream = getattr(self, "_shell_stream", None)
    (stream.socket if stream is not None else self._shell_socket).send_multipart(message)

SubshellManager._send_on_shell_channel = send
sys.argv[:1] = ["ipykernel_launcher"]
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""


async def begin_in_kernel(kernel: Kernel, folder: Path) -> None:
    """Send the first lines of a run."""
    (folder / "n.py").write_text("# Databricks notebook source\nx = 1\n")
    notebook = read_notebook(folder / "n.py")
    await prepare_kernel(kernel, notebook, folder)


async def cells_in_kernel(kernel: Kernel, _: Path) -> None:
    """Send a cell."""
    document = {"cells": [cell("print('done')")], "metadata": {}}
    await CellLoop(document, kernel, Limits(), Notes(), Stop()).run()
    assert document["cells"][0]["outputs"][0]["text"] == "done\n"  # type: ignore[index]


@pytest.mark.parametrize("ask", [begin_in_kernel, cells_in_kernel])
def test_a_request_that_the_kernel_overlooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Any) -> None:
    """A kernel that overlooks what comes while it sends a reply, as some of ipykernel do, is woken: nothing waits for ever."""
    pytest.importorskip("ipykernel.subshell_manager", reason="older kernels do not send from a thread of their own")
    folder = tmp_path / "kernels" / "deaf"
    folder.mkdir(parents=True)
    (tmp_path / "deaf.py").write_text(DEAF)
    argv = [sys.executable, str(tmp_path / "deaf.py"), "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "deaf", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    private = Path(f"/tmp/nbflow-test-{uuid.uuid4().hex[:8]}")
    private.mkdir(mode=0o700)

    async def work() -> None:
        kernel = await Kernel.start(KernelSpec("deaf", tmp_path, private, uuid.uuid4().hex))
        try:
            kernel.client.kernel_info()
            await asyncio.sleep(0.2)
            await ask(kernel, tmp_path)
        finally:
            await kernel.end(0)

    asyncio.run(asyncio.wait_for(work(), 60))


CHATTY = "import threading, time\ndef talk():\n    while True:\n        print('x', flush=True)\n        time.sleep(0.004)\nthreading.Thread(target=talk, daemon=True).start()"


def test_a_thread_that_prints_for_ever_does_not_keep_the_notebook(tmp_path: Path) -> None:
    """What comes after the last cell is taken for a moment only."""
    done = execute(tmp_path, CHATTY, "1 + 1")
    assert done.ending.result is Result.SUCCESS
    assert "x" in done.text(0)


def test_a_child_without_an_environment_dies_too(tmp_path: Path) -> None:
    """One that threw away what marks it as the attempt's, in a session of its own."""
    source = "import subprocess\nchild = subprocess.Popen(['setsid', 'env', '-i', 'sleep', '600'])\nprint(child.pid)"
    done = execute(tmp_path, source)
    assert done.ending.result is Result.SUCCESS
    assert not Path(f"/proc/{done.text(0).strip()}").exists() or "Z" in Path(f"/proc/{done.text(0).strip()}/stat").read_text()


def test_an_exception_that_is_only_called_like_an_exit_is_an_error(tmp_path: Path) -> None:
    """A class of the notebook's own."""
    done = execute(tmp_path, "class NotebookExit(Exception): pass\nraise NotebookExit('no data')", "1")
    assert done.ending.error is not None
    assert (done.ending.result, done.ending.error.kind, done.ending.error.evalue) == (Result.FAILED, ErrorKind.CELL_ERROR, "no data")


def test_the_records_take_only_the_beginning_of_a_long_error(tmp_path: Path) -> None:
    """Thirty megabytes of message are no message."""
    done = execute(tmp_path, "raise ValueError('x' * 30_000_000)", limits=Limits(output_characters=100_000))
    assert done.ending.error is not None
    assert len(done.ending.error.message) < 25_000 and len(str(done.ending.error.evalue)) < 12_000
    assert "more characters" in done.ending.error.message
    assert sum(len(str(value)) for value in done.cells[0]["outputs"][-1].values()) < 200_000


WIDGETS = """
import ipywidgets
out = ipywidgets.Output()
image = ipywidgets.Image(value=b"\\x89PNG rest")
slider = ipywidgets.IntSlider(3)
display(out, image)
with out:
    print("inside")
    display({"text/plain": "shown"}, raw=True)
slider.value = 7
print("outside")
"""


def by_nbclient(source: str) -> Any:
    """A notebook of one cell as nbclient executes it. It has been seen to wait for ever on an idle kernel, and to lose
    its kernel's ports to another one: then it begins anew."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    for _ in range(5):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        try:
            asyncio.run(asyncio.wait_for(NotebookClient(notebook, kernel_name="python3").async_execute(), 30))
        except (asyncio.TimeoutError, DeadKernelError):
            continue
        return notebook
    raise AssertionError("nbclient did not come to an end")


def test_widgets_are_kept_as_nbclient_keeps_them(tmp_path: Path) -> None:
    """Their states, binary parts, and what an Output widget took in; nbclient is the oracle."""
    other = by_nbclient(WIDGETS)
    document: dict[str, Any] = {"cells": [cell(WIDGETS)], "metadata": {"widgets": None}}
    done = execute_document(tmp_path, document)
    assert done.ending.result is Result.SUCCESS
    assert done.text(0) == "outside\n" == "".join(output.get("text", "") for output in other.cells[0].outputs)
    ours, theirs = (states(metadata) for metadata in (document["metadata"], other.metadata))
    assert ours == theirs
    assert any(entry[1] for entry in ours) and any("inside" in entry[2] for entry in ours)


def states(metadata: Any) -> list[tuple[str, str, str]]:
    """Each widget's model, its binary parts, and its outputs and value, without ids."""
    found = metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    return sorted(
        (
            entry["model_name"],
            str([(part["path"], part["encoding"], part["data"]) for part in entry.get("buffers", [])]),
            str([[(out.get("text"), out.get("data")) for out in entry["state"].get("outputs", ())], entry["state"].get("value")]),
        )
        for entry in found.values()
    )
