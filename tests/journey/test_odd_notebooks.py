"""Notebooks that do what no notebook should, as whole runs of the installed command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat


def write(path: Path, *sources: str, metadata: dict[str, Any] | None = None, cell_metadata: dict[str, Any] | None = None) -> None:
    """A notebook with these code cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": dict(cell_metadata or {}),
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def run(folder: Path, tasks: dict[str, dict[str, Any]], *options: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Run a pipeline of these tasks, whose notebooks bear their names; what the document says of each."""
    listed = [{"task_key": key, "notebook": f"{key}.ipynb", **fields} for key, fields in tasks.items()]
    (folder / "p.yml").write_text(json.dumps({"tasks": listed}), "utf-8")
    command = [sys.executable, "-m", "nbflow", "run", "p.yml", "--json", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr + done.stdout
    return {task["task_key"]: task for task in json.loads(done.stdout)["tasks"]}


LEAVES = "import os, pathlib\npathlib.Path(os.environ['NBFLOW_TASK'], 'values.jsonl').{}"


def test_what_a_task_leaves_disturbs_no_other(tmp_path: Path) -> None:
    """Bytes that are no text are no value, and a folder in place of the file is no place for any: both fail their own task, with what is wrong."""
    write(tmp_path / "bytes.ipynb", LEAVES.format('write_bytes(b\'\\xff\\n{"key": "a", "value": "x\\xe2\\x80\\xa8y"}\\n\')'))
    write(tmp_path / "folder.ipynb", LEAVES.format("mkdir()"))
    write(tmp_path / "fine.ipynb", "import time; time.sleep(1)")
    tasks = run(tmp_path, {"bytes": {}, "folder": {}, "fine": {}}, "--parallel", "3", code=1)
    assert {key: task["result"] for key, task in tasks.items()} == {"bytes": "FAILED", "folder": "FAILED", "fine": "SUCCESS"}
    assert tasks["bytes"]["values"] == {"a": "x\u2028y"}
    assert tasks["bytes"]["error"]["kind"] == "TASK_VALUE" and "line 1 of values.jsonl" in tasks["bytes"]["error"]["message"]
    assert tasks["folder"]["error"]["kind"] == "STORAGE" and "between nbflow and the notebook" in tasks["folder"]["error"]["message"]


BLOCKS = "import pathlib, shutil, time\nplace = pathlib.Path('runs/p')\nshutil.rmtree(place)\nplace.write_text('no folder')\n"


def test_only_a_success_needs_a_place_for_what_it_leaves(tmp_path: Path) -> None:
    """Where it cannot be kept, a success is a failure of storage, and every other end stays what it was."""
    for number, (end, ended, limit) in enumerate([("", "STORAGE", 60), ("1 / 0", "CELL_ERROR", 60), ("time.sleep(60)", "TASK_TIMEOUT", 4)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder / "notebook.ipynb", BLOCKS + end)
        (task,) = run(folder, {"notebook": {"timeout_seconds": limit}}, code=1).values()
        assert (task["error"]["kind"], task["result"]) == (ended, "TIMEDOUT" if limit < 60 else "FAILED")


def test_an_exit_that_the_notebook_caught_is_none(tmp_path: Path) -> None:
    """It ran on to its end, and gave no exit value."""
    write(
        tmp_path / "caught.ipynb",
        "try:\n    dbutils.notebook.exit('early')\nexcept BaseException as error:\n    print(type(error))",
        "print('on')",
    )
    (task,) = run(tmp_path, {"caught": {}}).values()
    assert (task["result"], task["exit_value"], task["ended_at_cell"]) == ("SUCCESS", None, None)


def test_the_limit_of_a_task_begins_with_its_attempt(tmp_path: Path) -> None:
    """What the interpreter takes to start is part of it."""
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\nsleep 3\nexec "{sys.executable}" "$@"\n')
    slow.chmod(0o755)
    write(tmp_path / "long.ipynb", "import time; time.sleep(3)")
    (task,) = run(tmp_path, {"long": {"timeout_seconds": 5}}, "--python", str(slow), code=1).values()
    assert (task["result"], task["error"]["kind"]) == ("TIMEDOUT", "TASK_TIMEOUT")


def test_metadata_that_is_null_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Other tools write it so."""
    write(
        tmp_path / "null.ipynb",
        "import ipywidgets; ipywidgets.IntSlider()",
        metadata={"widgets": None, "papermill": None},
        cell_metadata={"papermill": None},
    )
    (task,) = run(tmp_path, {"null": {}}).values()
    nbformat.validate(nbformat.read(task["notebook"], 4))


def test_a_cancelled_task_has_no_error(tmp_path: Path) -> None:
    """It says in which cell it was; no kind of error is its."""
    write(tmp_path / "sleep.ipynb", "1", "open('busy', 'w').close()\nimport time; time.sleep(60)")
    (tmp_path / "p.yml").write_text('{"tasks": [{"task_key": "sleep", "notebook": "sleep"}]}')
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "p.yml", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(tmp_path / "busy")
    process.send_signal(signal.SIGINT)
    out, progress = process.communicate(timeout=60)
    (task,) = json.loads(out)["tasks"]
    assert (process.returncode, task["result"], task["error"], task["ended_at_cell"]) == (130, "CANCELED", None, 2)
    assert "sleep: CANCELED in cell 2 of 2" in progress


def wait_for(path: Path) -> None:
    """Wait until there is such a file."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_papermill_can_be_interrupted(tmp_path: Path) -> None:
    """No process is left, and the notebook does not say that it goes on."""
    source = "import subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\nopen('child', 'w').write(str(child.pid)); open('busy', 'w').close()\ntime.sleep(600)"
    write(tmp_path / "n.ipynb", source, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    command = [sys.executable, "-m", "papermill", "--engine", "nbflow", "n.ipynb", "out.ipynb"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(tmp_path / "busy")
    child = int((tmp_path / "child").read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert not is_alive(child)
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells[0].metadata.papermill.status != "running"


def test_papermill_shows_a_display_that_is_updated_later(tmp_path: Path) -> None:
    """By the next cell, and by a thread when the cell is over."""
    first = "from IPython.display import display\nhandle = display({'text/plain': 'first'}, raw=True, display_id=True)\nother = display({'text/plain': 'one'}, raw=True, display_id=True)"
    second = "import threading, time\nhandle.update({'text/plain': 'second'}, raw=True)\ndef late():\n    time.sleep(0.3); other.update({'text/plain': 'two'}, raw=True)\nthreading.Thread(target=late).start()"
    write(
        tmp_path / "n.ipynb",
        first,
        second,
        "time.sleep(0.6)",
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    subprocess.run(
        [sys.executable, "-m", "papermill", "--engine", "nbflow", "n.ipynb", "out.ipynb"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=90,
    )
    assert [output.data["text/plain"] for output in nbformat.read(tmp_path / "out.ipynb", 4).cells[0].outputs] == ["second", "two"]


INNER = "import nbflow\nnbflow.run_pipeline('inner.yml', workspace='inside')"
LEAVER = "import subprocess, pathlib\nchild = subprocess.Popen(['sleep', '600'])\npathlib.Path('child').write_text(str(child.pid)); pathlib.Path('busy').touch()\nchild.wait()"


def test_a_run_inside_a_task_leaves_nothing_either(tmp_path: Path) -> None:
    """Though the outer nbflow is killed, and the inner one with it."""
    inside = tmp_path / "inside"
    inside.mkdir()
    write(inside / "leaver.ipynb", LEAVER)
    (tmp_path / "inner.yml").write_text('{"tasks": [{"task_key": "leaver", "notebook": "inside/leaver"}]}')
    write(tmp_path / "outer.ipynb", INNER)
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "outer.ipynb"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(inside / "busy")
    child = int((inside / "child").read_text())
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while is_alive(child):
        assert time.monotonic() < deadline, "the inner run's child is still there"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not merely its remains."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
