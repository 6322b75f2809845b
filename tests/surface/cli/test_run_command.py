"""``nbflow run`` as a process: exit codes, documents, progress and reports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def test_a_run_that_succeeds(nbflow: Any, workspace: Path) -> None:
    """Exit code 0; the first line names pipeline, run and engine; each task has a line with its executed notebook."""
    done = nbflow("run", "small", "-p", "who=moon")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "small: run 1, 2 tasks, Spark engine: none (not needed)"
    assert re.search(r"^greet +SUCCESS +\d+\.\d s +runs/small/1/greet\.ipynb$", done.out, re.MULTILINE)
    assert re.search(r"^after +SUCCESS +\d+\.\d s +runs/small/1/after\.ipynb$", done.out, re.MULTILINE)
    assert re.search(r"^small: run 1 SUCCESS in \d+\.\d s$", done.out.splitlines()[-1])
    assert (workspace / "runs/small/1/after.ipynb").is_file()


def test_a_run_as_a_document(nbflow: Any) -> None:
    """With --json stdout is one document with every documented key, and progress goes to stderr."""
    done = nbflow("run", "small", "--json", "-p", "times=1", "-p", "times=21")
    assert done.code == 0
    document = done.document
    assert {
        "version",
        "run_id",
        "pipeline",
        "result",
        "error",
        "started",
        "ended",
        "duration_s",
        "parameters",
        "tasks",
    } <= set(document)
    greet, after = document["tasks"]
    assert {
        "task_key", "result", "error", "started", "ended", "duration_s", "notebook", "parameters", "values",
        "exit_value", "attempts",
    } <= set(greet)  # fmt: skip
    assert greet["values"] == {"words": 42}
    assert after["parameters"] == {"words": 42}
    assert done.err.startswith("small: run 1, 2 tasks")


def test_a_failure_tells_what_mends_it(nbflow: Any) -> None:
    """Exit code 1; the failing cell's source, its line marked, the error, the notebook, and what shows more."""
    done = nbflow("run", "broken")
    assert done.code == 1
    told = done.out[done.out.index("bad FAILED") :]
    assert "bad FAILED in cell 1 of" in told
    assert re.search(r"^ +> 4  a / b$", told, re.MULTILINE)
    assert "ZeroDivisionError: division by zero" in told
    assert "notebook: runs/broken/1/bad.ipynb" in told
    assert "more: nbflow runs show 1 bad" in told
    assert re.search(r"^after +UPSTREAM_FAILED +- ", done.out, re.MULTILINE)


def test_mistakes_start_nothing(nbflow: Any, workspace: Path) -> None:
    """Unknown parameters and values of the wrong type are exit code 2, all at once, one per line, with a suggestion."""
    done = nbflow("run", "small", "-p", "whom=x", "-p", "times=many")
    assert (done.code, done.out) == (2, "")
    unknown, wrong = done.err.splitlines()
    assert "-p whom" in unknown
    assert "did you mean 'who'?" in unknown
    assert "-p times" in wrong
    assert "a whole number" in wrong
    assert not (workspace / "runs").exists()


def test_mistakes_as_a_document(nbflow: Any) -> None:
    """With --json code 2 prints a document of errors too, for wrong calls as for wrong definitions."""
    wrong_calls = [
        ("run", "small", "--json", "-p", "whom=x"),
        ("run", "small", "--json", "-p", "nothing"),
        ("run", "small", "--json", "-p", "=x"),
        ("run", "smal", "--json"),
        ("run", "--json"),
        ("run", "small", "--json", "--no-such-option"),
        ("run", "small", "--json", "--only", "gret"),
        ("runs", "show", "7", "--json"),
        ("plan", "smal", "--format", "json"),
    ]
    for call in wrong_calls:
        done = nbflow(*call)
        assert (done.code, done.document["version"]) == (2, 1), call
        assert [set(error) for error in done.document["errors"]] == [{"file", "line", "key", "message", "hint"}], call


def test_a_selection_runs_alone(nbflow: Any) -> None:
    """--only takes the tasks that its selectors name, and no others."""
    done = nbflow("run", "small", "--json", "--only", "greet")
    assert [task["task_key"] for task in done.document["tasks"]] == ["greet"]
    done = nbflow("run", "small", "--json", "--only", "+after")
    assert [task["task_key"] for task in done.document["tasks"]] == ["greet", "after"]


def test_a_notebook_is_a_pipeline_of_one_task(nbflow: Any, workspace: Path) -> None:
    """A notebook runs by its path, from any folder, and its workspace is the one around it."""
    done = nbflow("run", str(workspace / "notebooks/greet.ipynb"), "-p", "times=4", "--json", cwd=workspace.parent)
    assert (done.code, done.document["tasks"][0]["values"]) == (0, {"words": 8})
    assert (workspace / "runs/greet/1/greet.ipynb").is_file()


def test_quiet_prints_failures_only(nbflow: Any) -> None:
    """--quiet says nothing of a success, and tells a failure on stderr."""
    assert nbflow("run", "small", "--quiet") == (nbflow("run", "small", "-q"))
    done = nbflow("run", "broken", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "ZeroDivisionError" in done.err


def test_the_document_has_the_notes_of_the_run_whatever_is_shown(nbflow: Any, workspace: Path) -> None:
    """--quiet keeps them from the screen only."""
    sets = json.dumps("""echo '{"key": "n", "value": 1}' >> $NBFLOW_TASK/values.jsonl""")
    tasks = f"[{{task_key: a, command: {sets}}}, {{task_key: b, depends_on: [a], command: 'true'}}]"
    (workspace / "pipelines/two.yml").write_text(f"tasks: {tasks}\n")
    nbflow("run", "two")
    loud, quiet = (nbflow("run", "two", "--only", "b", "--json", *more).document["notes"] for more in ((), ("--quiet",)))
    assert quiet == loud and any("run 1" in note for note in quiet)


def test_values_from_a_file_give_way_to_p(nbflow: Any, workspace: Path) -> None:
    """Values of a JSON file keep their types, and -p wins over them; a file that is none is a mistake."""
    (workspace / "values.json").write_text('{"times": 3, "who": "file"}')
    done = nbflow("run", "small", "--json", "--parameters-file", "values.json", "-p", "who=shell")
    assert done.document["tasks"][0]["parameters"] == {"who": "shell", "times": 3}
    (workspace / "values.json").write_text('{"times": 3,\n oops}')
    done = nbflow("run", "small", "--json", "--parameters-file", "values.json")
    assert done.code == 2
    assert (done.document["errors"][0]["file"], done.document["errors"][0]["line"]) == ("values.json", 2)


def test_foreign_text_is_told_as_it_is_without_escapes(nbflow: Any, workspace: Path, write_notebook: Any) -> None:
    """Markup in an error is printed literally, and terminal escapes in it are not."""
    write_notebook(workspace / "notebooks/rude.ipynb", [("", 'raise ValueError("[red]x[/red] \\x1b]0;title\\x07\\x1b[2Jend")')])
    for arguments in (("run", "notebooks/rude.ipynb"), ("runs", "show", "last"), ("runs", "show", "last", "rude")):
        done = nbflow(*arguments)
        assert "ValueError: [red]x[/red] end" in done.out
        assert "\x1b" not in done.out


def test_odd_surroundings_break_nothing(nbflow: Any) -> None:
    """ASCII streams, no colours, a dumb terminal and a narrow one give the same result."""
    for more in (
        {"PYTHONIOENCODING": "ascii"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"COLUMNS": "3"}, {"LC_ALL": "C"},
    ):  # fmt: skip
        done = nbflow("run", "small", "--json", "-p", "who=naïve 表", **more)
        assert done.code == 0, done.err
        assert done.document["parameters"]["who"] == "naïve 表"


def test_a_reader_who_leaves_does_not_end_the_run(workspace: Path, environment: Any) -> None:
    """The run goes on to its end and its exit code when whoever read its progress is gone."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "broken"], cwd=workspace, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline().startswith(b"broken: run 1")
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait(60) == 1


def test_a_full_disk_is_told(workspace: Path, environment: Any) -> None:
    """A document that could not be written is not called a success."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nbflow", "run", "small", "--json"], cwd=workspace, env=environment(), stdout=full,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"cannot write the output" in done.stderr


def test_a_terminal_is_drawn_on(workspace: Path, environment: Any) -> None:
    """On a terminal the progress is drawn, at any width, and what is left is the same report."""
    for size in ((24, 80), (3, 20)):
        code, text = _on_a_terminal(workspace, environment(TERM="xterm-256color"), ["run", "broken"], size)
        assert code == 1
        assert "bad: FAILED" in re.sub(r"\s+", " ", text)
        assert "ZeroDivisionError: division by zero" in text


def _on_a_terminal(workspace: Path, env: dict[str, str], arguments: list[str], size: tuple[int, int]) -> tuple[int, str]:
    """The exit code and all that a terminal of ``size`` (rows, columns) was sent."""
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", *arguments], cwd=workspace, env=env, stdin=theirs,
        stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:
        pass  # Linux tells the end of a terminal so
    os.close(ours)
    return process.wait(60), b"".join(pieces).decode()


def test_the_run_id_is_told_when_it_begins(workspace: Path, write_notebook: Any, environment: Any) -> None:
    """--run-id-file holds the id while the run goes on; SIGINT then ends it with exit code 130 and a document."""
    write_notebook(workspace / "notebooks/slow.ipynb", [("", "import time; time.sleep(600)")])
    process = subprocess.Popen(
        [sys.executable, "-m", "nbflow", "run", "notebooks/slow.ipynb", "--json", "--run-id-file", "id"], cwd=workspace,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (workspace / "id").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (workspace / "id").read_text() == "1\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["result"] == "CANCELED"
