"""``nbflow report``: what is in the file, and what is told when there can be none."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

HOSTILE = '</script><b>"x"</b>'


class Page(HTMLParser):
    """A page read: its elements with their attributes, its text, and what stands in its frames."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of that name."""
        return [attributes for found, attributes in self.elements if found == tag]


@pytest.fixture
def hostile(workspace: Path, write_notebook: Any) -> Path:
    """The workspace with a pipeline whose names of values, values and outputs are markup, and whose last task fails."""
    show = f"from IPython.display import HTML\nprint({HOSTILE!r})\nHTML('<img src=https://example.com/x.png><script>1</script>')"
    write_notebook(workspace / "notebooks/odd.ipynb", [("parameters", 'text: str = ""'), ("", show)])
    write_notebook(workspace / "notebooks/fails.ipynb", [("", f"raise ValueError({HOSTILE!r})")])
    (workspace / "pipelines/odd.yml").write_text(
        f"name: odd\ndescription: {HOSTILE!r}\ntasks:\n"
        f"  - {{task_key: shows, notebook: ../notebooks/odd.ipynb, parameters: {{text: {HOSTILE!r}}}}}\n"
        "  - {task_key: fails, notebook: ../notebooks/fails.ipynb, depends_on: [shows], max_retries: 1}\n"
        "  - {task_key: never, notebook: ../notebooks/odd.ipynb, depends_on: [fails]}\n"
    )
    return workspace


def test_the_report_of_a_run_that_failed(hostile: Path, nbflow: Any) -> None:
    """``run --report`` writes it also then, and says where: errors first, all of the run, no foreign markup, no address to load from."""
    done = nbflow("run", "odd", "--report")
    assert (done.code, done.out.splitlines()[-1]) == (1, "report: runs/odd/1/report.html")
    text = (hostile / "runs/odd/1/report.html").read_text("utf-8")
    page = Page(text)
    assert not page.all("script") and not page.all("b") and not page.all("link") and not page.all("img")
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none';") and "http" not in policy
    assert not [value for _, attributes in page.elements for name, value in attributes.items() if name == "src"]
    assert all((link["href"] or "").startswith("#") for link in page.all("a"))
    assert page.text.index("Errors") < page.text.index("Graph") < page.text.index("Timeline") < page.text.index("How it ran")
    assert page.text.count(f"ValueError: {HOSTILE}") >= 2
    for told in ("task 'fails' ended FAILED", "2 attempts", "Parameters of shows", HOSTILE, "UPSTREAM_FAILED", "nbflow run odd --report"):
        assert told in page.text, told
    frames = page.all("iframe")
    assert [frame["sandbox"] for frame in frames] == ["", ""]
    inner = Page(frames[0]["srcdoc"] or "")
    assert "show code" in inner.text and "ValueError" in Page(frames[1]["srcdoc"] or "").text + inner.text
    assert "Traceback" in page.text


def test_the_report_of_a_run_that_went_well(workspace: Path, nbflow: Any) -> None:
    """Values, where parameters come from, logs; ``-o`` names the place, ``last`` the run, ``--open`` shows it."""
    assert nbflow("run", "small", "-p", "times=4").code == 0
    done = nbflow("report", "last", "-o", "mine.html", "--open", BROWSER="echo opened %s")
    assert (done.code, done.out, done.err) == (0, f"mine.html\nopened file://{workspace}/mine.html\n", "")
    text = Page((workspace / "mine.html").read_text("utf-8")).text
    assert "Errors" not in text
    words = re.sub(r"\s+", " ", text)
    assert "who world pipeline" in words and "times 4 given" in words and "words 8 task, {{tasks.greet.values.words}}" in words
    assert "hello world" in words and "SUCCESS" in words


def test_the_report_of_a_pipeline(workspace: Path, nbflow: Any) -> None:
    """Its runs beside one another, the oldest first; a task that was not in a run leaves its place free; runs with a report are links."""
    nbflow("run", "small", "--report")
    nbflow("run", "small", "--only", "greet")
    nbflow("run", "broken")
    done = nbflow("report", "small")
    assert (done.code, done.out) == (0, "runs/small/report.html\n")
    page = Page((workspace / "runs/small/report.html").read_text("utf-8"))
    assert [link["href"] for link in page.all("a")][1:] == ["1/report.html"]
    assert [cell["aria-label"] for cell in page.all("td") if "aria-label" in cell] == ["SUCCESS"] * 5 + ["not in it"]
    assert re.search(r"greet\s*✓\s*✓\s*after\s*✓\s*✓ SUCCESS", page.text)
    assert nbflow("report", "pipelines/broken.yml", "-o", str(workspace / "b.html")).code == 0
    assert "ZeroDivisionError" in (workspace / "b.html").read_text("utf-8")


def test_what_can_have_no_report(workspace: Path, nbflow: Any) -> None:
    """A run that is not there, a pipeline that never ran or is none, a place that can hold no file: a sentence and code 2."""
    assert "nothing has been run" in nbflow("report", "last").err
    nbflow("run", "small", "--only", "greet")
    notebook = (workspace / "notebooks/greet.ipynb").read_bytes()
    os.mkfifo(workspace / "pipe.html")
    told = {
        ("99",): "there is no run 99",
        ("smal",): "did you mean 'small'?",
        ("lost",): "did you mean 'last'?",
        ("broken",): "broken has not run yet",
        ("last-failed",): "no run has failed",
        ("1", "-o", "notebooks"): "notebooks is a folder",
        ("1", "-o", "nowhere/x.html"): "there is no folder",
        ("small", "-o", "nbflow.toml/x.html"): "there is no folder",
        ("small", "-o", "notebooks/greet.ipynb"): "greet.ipynb is there already, and is no page",
        ("1", "-o", "nbflow.toml"): "nbflow.toml is there already, and is no page",
        ("1", "-o", "x" * 300): "x cannot be written: file name too long",
        ("1", "-o", "pipe.html"): "pipe.html is there already, and is no page",
        ("small", "-o", "/proc/x.html"): "/proc/x.html cannot be written: ",
    }
    for words, sentence in told.items():
        done = nbflow("report", *words)
        assert (done.code, done.out, sentence in done.err) == (2, "", True), (words, done.err)
        assert "fault" not in done.err
    assert (workspace / "notebooks/greet.ipynb").read_bytes() == notebook


def test_a_page_takes_the_place_of_a_page(workspace: Path, nbflow: Any) -> None:
    """Whatever its name is, a report is written again where one is; an empty file, as ``mktemp`` makes it, is room for one, too."""
    nbflow("run", "small", "--only", "greet")
    (workspace / "made").touch()
    for name in ("made", "made", "page.html", "page.html"):
        assert nbflow("report", "1", "-o", name).code == 0
        assert (workspace / name).read_text("utf-8").startswith("<!doctype html>")


def test_what_was_removed_meanwhile(workspace: Path, nbflow: Any) -> None:
    """Notebooks that are gone or broken are told in the report; a run whose record is gone is no run any more."""
    nbflow("run", "small")
    (workspace / "runs/small/1/greet.ipynb").unlink()
    (workspace / "runs/small/1/after.ipynb").write_text("{}}")
    assert nbflow("report", "1").code == 0
    text = (workspace / "runs/small/1/report.html").read_text("utf-8")
    assert "greet.ipynb is not there any more" in text and "after.ipynb cannot be read" in text and "<iframe" not in text
    shutil.rmtree(workspace / "runs/small")
    done = nbflow("report", "1")
    assert (done.code, "there is no folder" in done.err, "-o names" in done.err) == (2, True, True)
    assert nbflow("report", "1", "-o", "kept.html").code == 0
    with sqlite3.connect(workspace / ".nbflow/nbflow.db") as database:
        database.execute("pragma foreign_keys = on")
        database.execute("delete from runs")
    assert nbflow("report", "1").code == 2


def test_a_report_that_cannot_be_written_changes_nothing_of_the_run(workspace: Path, nbflow: Any, write_notebook: Any) -> None:
    """The run's exit code stays; a warning says why there is no report."""
    place = "from pathlib import Path\nimport os\n"
    write_notebook(workspace / "notebooks/inway.ipynb", [("", f"{place}Path({str(workspace)!r}, 'runs/inway/1/report.html').mkdir()")])
    done = nbflow("run", "notebooks/inway.ipynb", "--report")
    assert (done.code, "warning: no report: " in done.err, "is a folder" in done.err) == (0, True, True)
