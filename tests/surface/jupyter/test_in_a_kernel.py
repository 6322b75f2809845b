"""``run_pipeline`` and ``%nbflow`` in a cell of a real kernel."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


class Cells:
    """A kernel in which cells are executed one after the other."""

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def begin(self, code: str) -> str:
        """Send a cell; the message's id."""
        return str(self.client.execute(code))

    def finish(self, message: str) -> tuple[str, dict[str, Any], str | None]:
        """The text, the data of the last result, and the exception's name of that cell."""
        text, data, ename = "", {}, None
        self.shown: list[tuple[str, dict[str, Any]]] = []  # all that is displayed, in its order
        while True:
            got = self.client.get_iopub_msg(timeout=90)
            if got["parent_header"].get("msg_id") != message:
                continue
            content = got["content"]
            if got["msg_type"] == "stream":
                text += content["text"]
            elif got["msg_type"] in ("execute_result", "display_data", "update_display_data"):
                data = content["data"]
                self.shown.append((got["msg_type"], data))
            elif got["msg_type"] == "error":
                ename, text = content["ename"], text + "\n".join(content["traceback"])
            elif got["msg_type"] == "status" and content["execution_state"] == "idle":
                return text, data, ename

    def run(self, code: str) -> tuple[str, dict[str, Any], str | None]:
        """Execute a cell to its end."""
        return self.finish(self.begin(code))

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def cells(workspace: Path) -> Iterator[Cells]:
    """A kernel in the folder ``notebooks`` of the workspace."""
    kernel = Cells(workspace / "notebooks")
    yield kernel
    kernel.close()


WIDGET = "application/vnd.jupyter.widget-view+json"


def test_every_cell_is_taken_up(cells: Cells) -> None:
    """The kernels that nbflow brings leave no cell unread that comes while the reply to the one before goes out, as ipykernel 7.0 to
    7.3 did."""
    for number in range(300):
        assert cells.run(str(number))[1] == {"text/plain": str(number)}


def test_a_run_in_a_cell_shows_itself(cells: Cells, workspace: Path) -> None:
    """The picture and the table are there from the beginning, for a widget draws the run only while it goes on; they stay, with links from the notebook's folder. The
    cell's result is then one line; in a later cell it is all of the run. While another program locks the records it is read all the same,
    and a run that begins waits until it may be recorded."""
    text, data, ename = cells.run("from nbflow import run_pipeline\nrun = run_pipeline('small', times=2)\nrun")
    assert (text, ename, data) == ("", None, {"text/plain": data["text/plain"]})
    assert re.fullmatch(r"small: run 1 SUCCESS in [0-9.]+ s, Spark engine: none \(not needed\)", data["text/plain"])
    (first, early), (second, live), *updates, (result, _) = cells.shown
    assert (first, set(early), early["text/plain"][:18]) == ("display_data", {"text/html", "text/plain"}, "small: run 1 RUNNI")
    assert (second, set(live), live["text/plain"]) == ("display_data", {WIDGET, "text/plain"}, "")
    assert {kind for kind, _ in updates} == {"update_display_data"} and result == "execute_result"
    assert updates[-1][1] == {"text/plain": ""}  # nothing of the widget
    kept = updates[-2][1]
    assert "href='../runs/small/1/greet.ipynb'" in kept["text/html"]
    assert kept["text/plain"].startswith("small: run 1 SUCCESS")
    _, later, _ = cells.run("run")
    assert (later["text/plain"], later["text/html"] in kept["text/html"]) == (kept["text/plain"], True)
    [picture] = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', kept["text/html"])
    drawn = ET.fromstring(base64.b64decode(picture))
    words = [node.text or "" for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert words[::2] == ["greet", "after"] and all(word.startswith("SUCCESS ") for word in words[1::2])
    other = sqlite3.connect(workspace / ".nbflow/nbflow.db", isolation_level=None)
    other.execute("begin exclusive")
    assert cells.run("run.wait().state")[1]["text/plain"] == "'SUCCESS'"
    message = cells.begin("run_pipeline('small', only='greet').state")
    time.sleep(1)
    other.execute("rollback")
    other.close()
    assert cells.finish(message)[1]["text/plain"] == "'SUCCESS'"


def test_a_run_that_nobody_waits_for_is_shown_live(cells: Cells, workspace: Path) -> None:
    """As long as it goes on, each look at it is a view of its own; all of them end as pictures; a kernel in which the widget cannot be
    drawn, and a task of a run, print plain lines."""
    cells.run("from nbflow import run_pipeline\nrun = run_pipeline('small', wait=False)")
    message = cells.begin("from IPython.display import display\ndisplay(run)\ndisplay(run)\nrun.wait()\nimport time; time.sleep(1)")
    _, _, ename = cells.finish(message)
    assert ([WIDGET in data for kind, data in cells.shown if kind == "display_data"], ename) == ([False, True, False, True], None)
    last = [data["text/plain"].partition(" in ")[0] for kind, data in cells.shown if kind == "update_display_data"]
    assert (last.count("small: run 1 SUCCESS"), last.count("")) == (2, 2)
    text, data, _ = cells.run("import sys; sys.modules['anywidget'] = None\nrun_pipeline('small', only='greet')")
    assert text == ""  # it was imported before
    cells.run("from nbflow.surface.jupyter import widget; widget.widget_class.cache_clear()")
    text, data, _ = cells.run("run_pipeline('small', only='greet')")
    assert text.startswith("small: run 3, 1 task") and "text/html" in data
    cells.run("del sys.modules['anywidget']; import os; os.environ['NBFLOW_TASK'] = '/nowhere'")
    text, _, _ = cells.run("run_pipeline('small', only='greet')")
    assert text.startswith("small: run 4, 1 task")


def test_a_view_belongs_to_its_cell(cells: Cells, workspace: Path, write_notebook: Any) -> None:
    """What a view tells while other cells are executed is an answer to its own cell, what a page asks of it one to the page; links start
    at the folder of the notebook that the front end names, wherever the kernel is."""
    write_notebook(workspace / "notebooks/gated.ipynb", [("", "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.05)")])
    (workspace / "pipelines/gated.yml").write_text("name: gated\ntasks: [{task_key: gated, notebook: ../notebooks/gated}]\n")
    cells.run("from nbflow import run_pipeline\nrun = run_pipeline('gated', wait=False)")
    shown = cells.begin("run")
    cells.finish(shown)
    [model] = [data[WIDGET]["model_id"] for _, data in cells.shown if WIDGET in data]
    cells.run("import time; time.sleep(4)")  # in which it tells that it is there
    asked = cells.client.session.msg("comm_msg", {"comm_id": model, "data": {"method": "request_state"}})
    cells.client.shell_channel.send(asked)
    (workspace / "notebooks/go").touch()
    told: list[str] = []
    answered: dict[str, set[str]] = {"update_display_data": set(), "comm_msg": set()}  # the picture, and what the widget draws
    while not told or told[-1] != "":  # the widget's place is empty at the end
        message = cells.client.get_iopub_msg(timeout=90)
        if message["msg_type"] in answered:
            answered[message["msg_type"]].add(message["parent_header"]["msg_id"])
        if message["msg_type"] == "update_display_data":
            told.append(message["content"]["data"]["text/plain"])
    assert told[-2].startswith("gated: run 1 SUCCESS")
    assert answered == {"update_display_data": {shown}, "comm_msg": {shown, asked["header"]["msg_id"]}}
    links = "import os, re\nos.chdir('..')\nre.findall('href=.(.*?gated.ipynb)', run._repr_mimebundle_()['text/html'])[0]"
    assert cells.run(links)[1]["text/plain"] == "'runs/gated/1/gated.ipynb'"
    cells.run(f"__vsc_ipynb_file__ = {str(workspace / 'notebooks/new.ipynb')!r}")
    assert cells.run(links.replace("os.chdir('..')", ""))[1]["text/plain"] == "'../runs/gated/1/gated.ipynb'"


def test_a_run_that_was_removed_while_it_was_watched(cells: Cells, workspace: Path) -> None:
    """The view ends with a sentence in the place of the picture; reading the run again tells the same."""
    cells.run("from nbflow import run_pipeline\nrun = run_pipeline('small', wait=False)")
    remove = (
        "import sqlite3, time\nfrom IPython.display import display\ndisplay(run)\nrun.wait()\n"
        "with sqlite3.connect('../.nbflow/nbflow.db') as records:\n"
        "    records.execute('pragma foreign_keys = on')\n    records.execute('delete from runs')\ntime.sleep(1)"
    )
    cells.run(remove.replace("run.wait()\n", "time.sleep(0.2)\n"))
    shown = list(cells.shown)
    text, _, ename = cells.run("time.sleep(2)\nrun.refresh()")
    told = [
        data["text/plain"] for kind, data in [*shown, *cells.shown] if kind == "update_display_data" and "RUNNING" not in data["text/plain"]
    ]
    assert ename == "UsageError" and "nothing has been run" in text
    assert told == ["nothing has been run in this workspace yet (`nbflow run PIPELINE` makes the first run)", ""]


def test_the_magic(cells: Cells) -> None:
    """``%nbflow run`` runs and shows; a variable of the notebook stands in the place of its name, references stay; mistakes and wrong calls
    fail the cell, with a line and no traceback."""
    cells.run("%load_ext nbflow")
    _, data, ename = cells.run("%nbflow run small -p times=3 -p 'who=two words'")
    assert (ename, "SUCCESS" in data["text/plain"], WIDGET in cells.shown[1][1]) == (None, True, True)
    cells.run("name = '2 words'")
    cells.run("%nbflow run small --only greet -p who={name}")
    cells.run("%nbflow run small --only greet -p who={{job.run_id}}_{other}_$HOME_$name")
    _, data, _ = cells.run("[Out[at].tasks['greet'].parameters['who'] for at in (4, 5)]")
    assert data["text/plain"] == "['2 words', '3_{other}_$HOME_2 words']"
    text, data, ename = cells.run("%nbflow run small -p whom=x")
    assert ("did you mean 'who'?" in text, "Traceback" in text, data, ename) == (True, False, {}, "DefinitionError")
    text, data, ename = cells.run("%nbflow run small -p x")
    assert ("write -p name=value" in text, "Traceback" in text, data, ename) == (True, False, {}, "DefinitionError")
    for wrong in ("", "walk small", "run", "run small -p", "run 'small", "run small --nope"):
        text, data, ename = cells.run(f"%nbflow {wrong}")
        assert ("use: %nbflow run PIPELINE" in text, "Traceback" in text, data, ename) == (True, False, {}, "UsageError"), wrong


def test_the_magic_has_all_that_the_command_has(cells: Cells, workspace: Path, write_notebook: Any) -> None:
    """Each option of ``nbflow run``, where its report is or why there is none; ``--help`` shows them, and how each other command is used."""
    cells.run("%load_ext nbflow")
    _, _, ename = cells.run("%nbflow run small --from greet --until greet --engine none --parallel 1 --logical-date 2026-01-31 --report")
    assert ename is None and "href='../runs/small/1/report.html'>report.html</a>" in cells.shown[-3][1]["text/html"]
    told = "list(_.tasks), _.engine, _.refresh().report.read_text()[:15]"
    assert cells.run(told)[1]["text/plain"] == "(['greet'], 'none', '<!doctype html>')"
    in_the_way = f"import pathlib\nnext(pathlib.Path({str(workspace)!r}, 'runs/inway').iterdir()).joinpath('report.html').mkdir()"
    write_notebook(workspace / "notebooks/inway.ipynb", [("", in_the_way)])
    _, _, ename = cells.run("%nbflow run inway.ipynb --report")
    kept = cells.shown[-3][1]
    assert ename is None and "report.html is a folder" in kept["text/plain"] and "<div>no report: " in kept["text/html"]
    assert cells.run("_.ok, _.report, len(_.notes)")[1]["text/plain"] == "(True, None, 1)"
    text, _, ename = cells.run("%nbflow run --help")
    assert ename is None and text.startswith("Usage: %nbflow run [OPTIONS] PIPELINE")
    for option in ("--var", "--target", "--from", "--until", "--logical-date", "--engine", "--driver-memory"):
        assert option in text, option
    for command, words in (
        ("open", "Develop this notebook"),
        ("close", "own defaults"),
        ("plan", "--format"),
        ("runs show", "Tell RUN whole"),
    ):
        assert words in cells.run(f"%nbflow {command} --help")[0], command


INTERRUPTING = """\
import os, signal
seen = []
def hook(message):
    seen.append(message['content']['data']['text/plain'])
    if len(seen) == 1 or ' CANCELED ' in seen[-1]:
        os.kill(os.getpid(), signal.SIGINT)
    return message
get_ipython().display_pub.register_hook(hook)
"""


def test_an_interrupted_cell_cancels_the_run(cells: Cells, workspace: Path, write_notebook: Any) -> None:
    """Interrupting the cell cancels the run in good order; the record says CANCELED, no process of it is left. So it is when the interrupt
    comes while the view is being made, and another one while it is taken away: the picture stays, nothing of the widget does."""
    write_notebook(workspace / "notebooks/slow.ipynb", [("", "import time\nprint('here', flush=True)\ntime.sleep(600)")])
    tasks = [f"  - {{task_key: {key}, notebook: ../notebooks/slow.ipynb}}\n" for key in ("slow", "again")]
    (workspace / "pipelines/slow.yml").write_text("name: slow\ntasks:\n" + "".join(tasks))
    message = cells.begin("from nbflow import run_pipeline\nrun_pipeline('slow')")
    deadline = time.monotonic() + 60
    while _cells_begun(workspace) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    there = _family(cells)
    assert any("nbflow_kernels.py" in command for command in there.values()), "the server of forks is there"
    cells.manager.interrupt_kernel()
    _, _, ename = cells.finish(message)
    assert (ename, cells.shown[-2][1]["text/plain"].startswith("slow: run 1 CANCELED")) == ("KeyboardInterrupt", True)
    notebook = json.loads((workspace / "runs/slow/1/slow.ipynb").read_text())
    assert notebook["nbformat"] == 4
    _until(lambda: not there.keys() & _family(cells).keys())
    assert not there.keys() & _family(cells).keys()
    cells.run(INTERRUPTING)
    text, _, ename = cells.run("run_pipeline('slow')")
    assert (ename, text) == ("KeyboardInterrupt", "interrupted: the run was asked to end")
    assert cells.shown[-2][1]["text/plain"].startswith("slow: run 2 CANCELED") and cells.shown[-1][1] == {"text/plain": ""}
    assert _family(cells) == {}


def test_a_second_interrupt_ends_it_at_once(cells: Cells, workspace: Path, write_notebook: Any) -> None:
    """A task that takes no notice of the first does not hold the cell; the record says CANCELED, and no process of it is left."""
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        print('no', flush=True)"
    write_notebook(workspace / "notebooks/stubborn.ipynb", [("", stubborn)])
    (workspace / "nbflow.toml").write_text('engine = "none"\ngrace_seconds = 600\n')
    message = cells.begin("from nbflow import run_pipeline\nrun_pipeline('stubborn.ipynb')")
    _until(lambda: _cells_begun(workspace) > 0)
    cells.manager.interrupt_kernel()
    _until(lambda: _told(workspace, "CancelRequested") > 0)
    there = _family(cells)
    cells.manager.interrupt_kernel()
    _, _, ename = cells.finish(message)
    assert (ename, cells.shown[-2][1]["text/plain"].startswith("stubborn: run 1 CANCELED")) == ("KeyboardInterrupt", True)
    _until(lambda: not there.keys() & _family(cells).keys())
    assert not there.keys() & _family(cells).keys()


def _family(cells: Cells) -> dict[tuple[str, str], str]:
    """The processes below the kernel by id and start, with their command lines; where there are any, all that a run has."""
    below = {str(cells.manager.provisioner.pid)}
    stats = {place.parent.name: text.rpartition(")")[2].split() for place in Path("/proc").glob("[0-9]*/stat") if (text := _read(place))}
    while more := {pid for pid, stat in stats.items() if stat[1] in below and stat[0] != "Z"} - below:
        below |= more
    found = {(pid, stats[pid][19]): _read(Path(f"/proc/{pid}/cmdline")) for pid in below - {str(cells.manager.provisioner.pid)}}
    told = " ".join(found.values())
    assert not found or "--begun-file" in told and "guard.py" in told and ("ipykernel_launcher" in told or "nbflow_kernels.py" in told), (
        told
    )
    return found


def _read(place: Path) -> str:
    try:
        return place.read_text("utf-8", "replace")
    except OSError:
        return ""


def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not there() and time.monotonic() < deadline:
        time.sleep(0.1)


def _cells_begun(workspace: Path) -> int:
    """How many cells have begun, by the record."""
    return _told(workspace, "CellStarted")


def _told(workspace: Path, kind: str) -> int:
    """How many events of that kind there are."""
    try:
        with sqlite3.connect(f"file:{workspace}/.nbflow/nbflow.db?mode=ro", uri=True) as database:
            return int(database.execute("select count(*) from events where kind = ?", (kind,)).fetchone()[0])
    except sqlite3.Error:
        return 0
