"""Situations from public bug reports, as whole runs of the installed command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from deltalake import DeltaTable


def write(path: Path, *sources: str, tagged: bool = False, metadata: dict[str, Any] | None = None) -> Path:
    """A notebook with these code cells; the first is tagged ``parameters`` where wanted."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": ["parameters"]} if tagged and n == 0 else {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}} if metadata is None else metadata
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


@dataclass
class Done:
    """How a call of nbflow ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document, which must be all of standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The tasks by key."""
        return {task["task_key"]: task for task in self.document["tasks"]}

    def printed(self, task_key: str) -> str:
        """All that a task's executed notebook holds of printed text."""
        notebook = nbformat.read(self.tasks[task_key]["notebook"], 4)
        nbformat.validate(notebook)
        return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


def nbflow(folder: Path, *arguments: str) -> Done:
    """Call nbflow in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "nbflow", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run(folder: Path, pipeline: str, *options: str) -> Done:
    """Run a pipeline of this text, written into ``folder``."""
    (folder / "p.yml").write_text(pipeline, "utf-8")
    return nbflow(folder, "run", "p.yml", "--json", *options)


def sessions(marker: str) -> set[int]:
    """The sessions of all processes whose environment has ``MARKER=marker``: our runs and whatever they left."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"MARKER={marker}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(os.getsid(int(entry.name)))
            except OSError:
                continue
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether ``condition`` becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_awkward_text_arrives_character_by_character(tmp_path: Path) -> None:
    """Quotes, backslashes, newlines, braces, control characters; and the executed notebook can be run again as it is."""
    texts = ["it's \"quoted\"", "back\\slash\\", "two\nlines\n", "tab\tbell\u0007", "🐍 é 你好", "'''\"\"\"", "{x} {0} %s $HOME", "", "  padded ", "a\u2028b", "# no = 1", "__import__('os')"]  # fmt: skip
    names = [f"p{n}" for n in range(len(texts))]
    write(
        tmp_path / "n.ipynb",
        "\n".join(f'{name} = ""' for name in names),
        f"import json\nprint(json.dumps([{', '.join(names)}]))",
        tagged=True,
    )
    done = run(tmp_path, yaml.safe_dump({"tasks": [{"task_key": "t", "notebook": "n", "parameters": dict(zip(names, texts))}]}))
    assert json.loads(done.printed("t")) == texts
    again = nbflow(tmp_path, "run", done.tasks["t"]["notebook"], "--json", "--workspace", str(tmp_path))
    assert json.loads(again.printed("t")) == texts


def test_ways_to_die(tmp_path: Path) -> None:
    """Each end has its kind; what follows a death is not started; the shell sees 1."""
    ends = {"killed": "import os; os.kill(os.getpid(), 9)", "left": "import os; os._exit(0)", "code": "import sys; sys.exit(3)", "words": "import sys; sys.exit('no data today')", "early": "import sys; sys.exit(0)", "raised": "1/0"}  # fmt: skip
    for name, code in ends.items():
        write(tmp_path / f"{name}.ipynb", "print('one')", code, "print('never')")
    write(tmp_path / "next.ipynb", "open('next.txt', 'w')")
    tasks = [{"task_key": name, "notebook": name} for name in ends]
    done = run(tmp_path, json.dumps({"tasks": [*tasks, {"task_key": "next", "notebook": "next", "depends_on": ["killed"]}]}))
    assert done.code == 1
    kinds = {name: (task["result"], (task["error"] or {}).get("kind")) for name, task in done.tasks.items()}
    assert kinds == {
        "killed": ("FAILED", "KERNEL_DIED"), "left": ("FAILED", "KERNEL_DIED"), "code": ("FAILED", "EXIT"), "words": ("FAILED", "EXIT"),
        "early": ("SUCCESS", None), "raised": ("FAILED", "CELL_ERROR"), "next": ("UPSTREAM_FAILED", None),
    }  # fmt: skip
    assert "no data today" in done.tasks["words"]["error"]["message"] and "3" in done.tasks["code"]["error"]["message"]
    assert done.tasks["raised"]["error"]["cell"] == 2
    assert not (tmp_path / "next.txt").exists()
    for name in ends:
        assert "never" not in done.printed(name)
        last = nbformat.read(done.tasks[name]["notebook"], 4).cells[2]
        assert last.metadata.papermill.status == "pending"


def test_the_terminal_tells_a_failure_whole(tmp_path: Path) -> None:
    """The failing cell's source, the error, the notebook's path, the command that shows more; and that command does."""
    write(tmp_path / "n.ipynb", "rows = 0\nprice = 1 / rows")
    done = nbflow(tmp_path, "run", "n.ipynb")
    assert done.code == 1
    for words in ("price = 1 / rows", "ZeroDivisionError: division by zero", "runs/n/1/n.ipynb", "nbflow runs show 1"):
        assert words in done.out + done.err
    shown = nbflow(tmp_path, "runs", "show", "last")
    assert "price = 1 / rows" in shown.out and "Traceback" in shown.out


def test_folders_and_names(tmp_path: Path) -> None:
    """Modules and files of the same name in several folders at once, names as people give them, called from anywhere."""
    folders = ["team a", "tëam b", "c {final} #2 100%"]
    for folder in folders:
        write(
            tmp_path / folder / "use – 1.ipynb",
            "import time; time.sleep(0.3)\nimport helpers, os",
            "print(helpers.WHO, open('data.txt').read(), os.path.basename(os.getcwd()))",
        )
        (tmp_path / folder / "helpers.py").write_text(f"WHO = {folder!r}", "utf-8")
        (tmp_path / folder / "data.txt").write_text(folder, "utf-8")
    (tmp_path / "pipelines").mkdir()
    tasks = [{"task_key": f"t{n}", "notebook": f"../{folder}/use – 1.ipynb"} for n, folder in enumerate(folders)]
    (tmp_path / "pipelines" / "p.yml").write_text(json.dumps({"tasks": tasks}), "utf-8")
    (tmp_path / "elsewhere").mkdir()
    done = nbflow(tmp_path / "elsewhere", "run", "../pipelines/p.yml", "--json", "--parallel", "3")
    assert [done.printed(f"t{n}").strip() for n in range(3)] == [f"{folder} {folder} {folder}" for folder in folders]


def test_kernels_that_are_not_named_and_kernels_that_are_not_there(tmp_path: Path) -> None:
    """Without metadata the default kernel runs; somebody else's is told by name with those that are, before anything starts."""
    for name, metadata in {"bare": {}, "lang": {"language_info": {"name": "python"}}}.items():
        write(tmp_path / f"{name}.ipynb", "n = 1", "print(n)", tagged=True, metadata=metadata)
    done = run(tmp_path, json.dumps({"tasks": [{"task_key": key, "notebook": key, "parameters": {"n": 4}} for key in ("bare", "lang")]}))
    assert (done.printed("bare"), done.printed("lang")) == ("4\n", "4\n")
    write(
        tmp_path / "foreign.ipynb", "1", metadata={"kernelspec": {"name": "conda-env-team-py", "display_name": "x", "language": "python"}}
    )
    refused = nbflow(tmp_path, "run", "foreign.ipynb", "--json")
    assert refused.code == 2
    assert "conda-env-team-py" in refused.out and "python3" in refused.out
    assert nbflow(tmp_path, "run", "foreign.ipynb", "--kernel", "python3").code == 0


def test_mistakes_of_the_file_its_notebooks_and_its_values_come_together(tmp_path: Path) -> None:
    """Unknown parameter, wrong type, missing notebook, misspelt task: one call tells all, exit 2, nothing is started."""
    write(
        tmp_path / "x.ipynb",
        "from nbflow import widgets\ncolour = widgets.dropdown('colour', 'red', ['red', 'blue'])\nn: int = 1\nopen('started', 'w')",
        tagged=True,
    )
    pipeline = (
        "tasks:\n  - task_key: a\n    notebook: missing\n  - task_key: b\n    notebook: x\n    depends_on: [aa]\n"
        "    parameters:\n      colour: green\n      n: many\n      clour: red\n"
    )
    done = run(tmp_path, pipeline)
    assert done.code == 2
    found = {(error["line"], error["key"].rpartition(".")[2]) for error in done.document["errors"]}
    assert found == {(3, "notebook"), (6, "depends_on[0]"), (8, "colour"), (9, "n"), (10, "clour")}
    assert not (tmp_path / "started").exists() and not (tmp_path / "runs").exists()


def test_parallel_appends_lose_nothing(tmp_path: Path) -> None:
    """Rows in the table are rows that were acknowledged, none twice."""
    append = "import pyarrow as pa, deltalake\nfor i in range(3):\n    deltalake.write_deltalake('t', pa.table({'who': [who] * 5, 'n': list(range(i * 5, i * 5 + 5))}), mode='append')"
    write(
        tmp_path / "init.ipynb",
        "import pyarrow as pa, deltalake\ndeltalake.write_deltalake('t', pa.table({'who': pa.array([], pa.string()), 'n': pa.array([], pa.int64())}))",
    )
    write(tmp_path / "append.ipynb", "who = ''", append, tagged=True)
    writers = [{"task_key": f"w{n}", "notebook": "append", "depends_on": ["init"], "parameters": {"who": f"w{n}"}} for n in range(4)]
    done = run(tmp_path, json.dumps({"tasks": [{"task_key": "init", "notebook": "init"}, *writers]}), "--parallel", "4")
    good = [key for key, task in done.tasks.items() if key != "init" and task["result"] == "SUCCESS"]
    rows = DeltaTable(str(tmp_path / "t")).to_pyarrow_table().to_pylist()
    assert len(good) >= 1
    assert sorted((row["who"], row["n"]) for row in rows if row["who"] in good) == sorted((who, n) for who in good for n in range(15))


@pytest.fixture
def marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A mark that every process of this test inherits."""
    value = f"{os.getpid()}-{tmp_path.name}"
    monkeypatch.setenv("MARKER", value)
    yield value
    monkeypatch.delenv("MARKER")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_in_the_middle_of_a_cell(tmp_path: Path, marker: str, number: signal.Signals, code: int) -> None:
    """The cell's clean-up runs, the run is CANCELED, what waited is told apart, and no process is left."""
    busy = "import subprocess, time, pathlib\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\npathlib.Path('ready').touch()\ntry:\n    time.sleep(600)\nfinally:\n    print('cleaned up')"
    write(tmp_path / "busy.ipynb", busy, "print('never')")
    (tmp_path / "p.yml").write_text("tasks:\n  - {task_key: a, notebook: busy}\n  - {task_key: b, notebook: busy, depends_on: [a]}\n")
    with subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "p.yml", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert eventually((tmp_path / "ready").exists)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    done = Done(process.returncode, out, err)
    assert done.code == code, err
    assert (done.document["result"], done.tasks["a"]["result"], done.tasks["b"]["result"]) == ("CANCELED", "CANCELED", "UPSTREAM_CANCELED")
    assert "cleaned up" in done.printed("a")
    assert sessions(marker) - {os.getsid(0)} == set()


def test_nothing_is_left_when_nbflow_itself_is_killed(tmp_path: Path, marker: str) -> None:
    """The guard ends the kernel and its children; the run is told as interrupted; the notebook is valid."""
    write(
        tmp_path / "busy.ipynb",
        "print('before', flush=True)",
        "import subprocess, time, pathlib\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\npathlib.Path('ready').touch()\ntime.sleep(600)",
    )
    with subprocess.Popen([sys.executable, "-m", "nbflow", "run", "busy.ipynb", "-q"], cwd=tmp_path) as process:
        assert eventually((tmp_path / "ready").exists)
        process.kill()
        process.wait(timeout=30)
    assert eventually(lambda: sessions(marker) - {os.getsid(0)} == set(), 5)
    nbformat.validate(nbformat.read(tmp_path / "runs" / "busy" / "1" / "busy.ipynb", 4))
    assert "INTERRUPTED" in nbflow(tmp_path, "runs").out


def test_a_run_and_a_task_over_their_time(tmp_path: Path) -> None:
    """TASK_TIMEOUT ends the attempt, the run's own limit the run, with 124."""
    write(tmp_path / "slow.ipynb", "import time; time.sleep(60)")
    done = run(tmp_path, "tasks:\n  - {task_key: a, notebook: slow, timeout_seconds: 1.5}\n")
    assert (done.code, done.tasks["a"]["result"], done.tasks["a"]["error"]["kind"]) == (1, "TIMEDOUT", "TASK_TIMEOUT")
    done = run(tmp_path, "timeout_seconds: 1.5\ntasks:\n  - {task_key: a, notebook: slow}\n")
    assert (done.code, done.document["result"]) == (124, "TIMEDOUT")


def test_retries_keep_the_notebooks_of_all_attempts(tmp_path: Path) -> None:
    """The newest is the task's, the earlier ones stand beside it."""
    write(tmp_path / "n.ipynb", "from nbflow import task\nassert task.attempt == 2, f'attempt {task.attempt}'")
    done = run(tmp_path, "tasks:\n  - {task_key: a, notebook: n, max_retries: 3}\n")
    assert done.code == 0
    assert [attempt["result"] for attempt in done.tasks["a"]["attempts"]] == ["FAILED", "SUCCESS"]
    assert sorted(path.name for path in (tmp_path / "runs" / "p" / "1").glob("*.ipynb")) == ["a.attempt-1.ipynb", "a.ipynb"]


def test_papermill_runs_it_through_the_same_engine(tmp_path: Path) -> None:
    """``papermill --engine nbflow`` gives papermill's result: values injected, a failing cell reported, the file written."""
    write(tmp_path / "n.ipynb", "n = 1", "print(n)", tagged=True)
    command = [sys.executable, "-m", "papermill", "--engine", "nbflow", "n.ipynb", "out.ipynb", "-p", "n", "5"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=90).returncode == 0
    out = nbformat.read(tmp_path / "out.ipynb", 4)
    nbformat.validate(out)
    assert out.cells[-1].outputs[0].text == "5\n" and out.metadata.papermill.exception is None
    write(tmp_path / "bad.ipynb", "1/0")
    failed = subprocess.run(
        [sys.executable, "-m", "papermill", "--engine", "nbflow", "bad.ipynb", "o.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert failed.returncode == 1 and "ZeroDivisionError" in failed.stderr


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    """Byte-identical and readable though its mode is 0444, after a run that fails."""
    path = write(tmp_path / "n.ipynb", "a = 1", "1/0", tagged=True)
    path.chmod(0o444)
    before, stat = path.read_bytes(), path.stat()
    nbflow(tmp_path, "run", "n.ipynb", "-p", "a=2")
    after = path.stat()
    assert (path.read_bytes(), after.st_mtime_ns, after.st_mode, after.st_ino) == (before, stat.st_mtime_ns, stat.st_mode, stat.st_ino)


def test_a_notebook_of_another_language_gets_its_parameters(tmp_path: Path) -> None:
    """bash: text that it would replace or run arrives as it is, a list as its words; what it cannot hold is told before anything
    starts, or, where only the run knows it, before the kernel does."""
    write(
        tmp_path / "n.ipynb",
        "who=nobody",
        'echo "hello $who"; printf "<%s>" "${more[@]}"',
        tagged=True,
        metadata={"kernelspec": {"name": "bash", "display_name": "Bash", "language": "bash"}},
    )
    write(tmp_path / "give.ipynb", "from nbflow import dbutils\ndbutils.jobs.taskValues.set('m', {'a': 1})")
    text = "tasks: [{{task_key: n, notebook: n, parameters: {{who: {who}, more: {more}}}}}]\n"
    (tmp_path / "p.yml").write_text(text.format(who='"it\'s me, $HOME `date`"', more="['a b', $HOME]"))
    done = nbflow(tmp_path, "run", "p.yml", "--json")
    assert done.code == 0, done.err
    assert done.printed("n") == "hello it's me, $HOME `date`\n<a b><$HOME>\n"
    (tmp_path / "p.yml").write_text(text.format(who="{a: 1}", more="[]"))
    done = nbflow(tmp_path, "run", "p.yml")
    assert done.code == 2 and "p.yml:1: tasks[0].parameters.who: parameter 'who': bash has no literal for a map" in done.err
    (tmp_path / "p.yml").write_text(
        "tasks:\n  - {task_key: give, notebook: give}\n"
        '  - {task_key: n, notebook: n, depends_on: [give], parameters: {who: "{{tasks.give.values.m}}"}}\n'
    )
    done = nbflow(tmp_path, "run", "p.yml", "--json")
    error = done.tasks["n"]["error"]
    assert (error["kind"], error["message"]) == ("PARAMETER", "parameter 'who': bash has no literal for a map: give it as JSON text")
