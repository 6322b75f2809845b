"""The report in a real browser: nothing asked of anybody, nothing foreign done, readable by all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from nbflow.core.results import ErrorKind, Result, TaskError
from nbflow.core.writes import TableWrite
from nbflow.store.printed import LogLine
from nbflow.surface.report.matrix_page import matrix_page
from nbflow.surface.report.run_page import run_page
from tests.surface.report.test_run_page import START, a_run, a_task

pytestmark = pytest.mark.long

HOSTILE = '</script><b id="foreign">x</b><script>document.title = "taken"</script>'
SHOWS = f"""\
from IPython.display import HTML, Markdown
import pandas
print({HOSTILE!r})
display(HTML('<img src="https://example.com/a.png"><link rel="stylesheet" href="https://example.com/b.css">'
             '<script src="https://example.com/c.js"></script><iframe src="https://example.com/d"></iframe>'
             '<meta http-equiv="refresh" content="0; url=https://example.com/e"><p>shown all the same</p>'
             '<style>@import "https://example.com/f.css"; p {{ background: url(https://example.com/g.png) }}</style>'
             '<script>parent.document.title = "taken"</script>'))
pandas.DataFrame({{"a": [1, 2]}})
"""
PLAIN = """\
import sys
from base64 import b64decode
import pandas
from IPython.display import HTML, Image, Markdown
display(HTML("<p>some <b>HTML</b></p>"), Markdown("## A heading\\n\\n- `code`, a [link](#here)\\n\\n| a | b |\\n|--|--|\\n| 1 | 2 |"))
display(pandas.DataFrame({"a": [1, 2]}))
print("\\x1b[31mred\\x1b[0m")
print("a warning", file=sys.stderr)
Image(b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
"""
LONG = "a_task_whose_key_" + "is_long_" * 12


def notebook_file(path: Path, *sources: str) -> None:
    """Write a notebook with a heading and these code cells."""
    head = {"cell_type": "markdown", "id": "h", "metadata": {}, "source": "# A notebook\n\n![far](https://example.com/far.png)"}
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for at, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": [head, *cells]}))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the report of a run that failed, and of its pipeline."""
    root = tmp_path_factory.mktemp("report")
    notebook_file(root / "shows.ipynb", SHOWS)
    notebook_file(root / "plain.ipynb", PLAIN)
    notebook_file(root / "fails.ipynb", "x = 1", f"for _ in range(2):\n    raise ValueError({HOSTILE!r})")
    (root / "nbflow.toml").write_text('engine = "none"\n')
    (root / "odd.yml").write_text(
        f"name: {json.dumps(HOSTILE)}\nparameters: {{text: {json.dumps(HOSTILE)}}}\ntasks:\n"
        "  - {task_key: shows, notebook: shows, parameters: {more: 1}}\n"
        "  - {task_key: fails, notebook: fails, depends_on: [shows], max_retries: 1}\n"
        "  - {task_key: never, notebook: shows, depends_on: [fails]}\n"
        "  - {task_key: plain, notebook: plain}\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}

    def nbflow(*words: str) -> int:
        return subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=root, env=environment, check=False).returncode

    assert nbflow("run", "odd.yml", "--quiet") == 1
    assert nbflow("report", "last", "-o", "run.html") == 0
    assert nbflow("report", "odd.yml", "-o", "matrix.html") == 0
    return root


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of records by hand: a run with a for_each that goes on, a large one that was cut off, and many runs of a pipeline."""
    root, error = tmp_path_factory.mktemp("records"), TaskError(ErrorKind.CELL_ERROR, "no", 1, "ValueError", "no", "raise")
    items = [a_task(f"loop/{at}", result, parent="loop", index=at) for at, result in enumerate((Result.SUCCESS, Result.CANCELED, None))]
    asked = a_task(LONG, Result.SUCCESS, output={"columns": ["day", "sum"], "rows": [{"day": 1, "sum": 2.5}]},
                   tables=(TableWrite("gold.daily", 2, 4, 3, ("MERGE",), 7, 1, None, 40),), parameters={"day": "x" * 300})  # fmt: skip
    failed = a_task("failed", Result.FAILED, error=error, cells=3)
    later = replace(
        failed.attempts[0], number=2, result=Result.TIMEDOUT, started=START + timedelta(seconds=3), ended=START + timedelta(seconds=4)
    )
    failed = replace(failed, attempts=(failed.attempts[0], later))
    planned = [{"task_key": LONG, "depends_on": []}, {"task_key": "failed", "depends_on": [LONG]},
               {"task_key": "loop", "depends_on": [LONG], "steps": [{"task_key": "each", "depends_on": []}]}]  # fmt: skip
    going = a_run(asked, failed, a_task("loop", None), *items, result=None, ended=None, definition={"tasks": planned})
    (root / "going.html").write_text(run_page(going, [LogLine("failed", 1, "stdout", "w" * 500)]), "utf-8")
    many = [a_task(f"t{at}", None if at > 150 else Result.SUCCESS) for at in range(160)]
    (root / "killed.html").write_text(run_page(a_run(*many, result=None, ended=None, interrupted=True), []), "utf-8")
    runs = [replace(going, run_id=at, result=Result.FAILED) for at in range(30, 0, -1)]
    (root / "matrix.html").write_text(matrix_page("p", runs, {}, root / "matrix.html"), "utf-8")
    return root


@pytest.fixture(params=["light", "dark"])
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page in either theme that refuses every request but that for the file itself; ``page.asked`` holds the others."""
    context = browser.new_context(viewport={"width": 1100, "height": 900}, color_scheme=request.param)
    page = context.new_page()
    page.asked = []

    def decide(route: Any) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            page.asked.append(route.request.url)
            route.abort()

    context.route("**/*", decide)
    yield page
    context.close()


def opened(page: Any, place: Path) -> Any:
    """The page at ``place``, all that can be opened open, and all that its frames ask for asked."""
    page.goto(place.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for frame in page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
        frame.content_frame.locator("main").wait_for()
        frame.element_handle().content_frame().wait_for_load_state("load")
    return page


def width(page: Any) -> int:
    """How wide the page is that one can scroll to."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def faults(page: Any) -> list[tuple[str, str]]:
    """What axe-core finds, each with the first element."""
    from axe_playwright_python.sync_playwright import Axe

    return [(found["id"], found["nodes"][0]["html"][:200]) for found in Axe().run(page).response["violations"]]


def test_the_report_asks_nobody_and_does_nothing_foreign(page: Any, workspace: Path) -> None:
    """No request leaves it, whatever outputs want; markup in names, values and outputs is text, or stays in its frame, where no script
    runs; axe-core finds nothing, in the page and in its notebooks."""
    opened(page, workspace / "run.html")
    assert page.asked == []
    assert page.title().startswith(HOSTILE) and page.locator("#foreign").count() == 0
    frame = page.frame_locator("iframe").first
    assert frame.locator(".output_area p").get_by_text("shown all the same").count() == 1
    assert page.get_by_role("heading", name="Errors").count() == 1
    assert page.get_by_text("ValueError: </script>").first.is_visible()
    assert faults(page) == []
    documents = [frame.get_attribute("srcdoc") for frame in page.locator("iframe").all()]
    assert len(documents) == 3 and [document.count("<h1") for document in documents] == [2, 2, 2], "the file's name, and its own heading"
    page.goto("about:blank")
    for document in documents[1:]:
        page.set_content(document.replace("<head>", "<head><meta http-equiv='Content-Security-Policy' content=\"img-src data:\">"))
        page.evaluate("document.querySelectorAll('.dataframe thead th:empty').forEach(corner => corner.remove())")  # a fault of pandas' own
        assert faults(page) == []


def test_the_report_on_a_telephone_and_by_keyboard(page: Any, workspace: Path) -> None:
    """At 380 pixels nothing is wider than the screen, and the graph goes downwards. The first Tab leads past the head, Enter opens a task,
    a box of the graph leads to its task; the code of an executed notebook can be hidden. Printed, it is all opened, but for the executed
    notebooks, of which it tells where they are."""
    page.set_viewport_size({"width": 380, "height": 800})
    opened(page, workspace / "run.html")
    assert width(page) == 380
    shown = page.frame_locator("iframe").first
    for checked in (False, True):
        shown.get_by_label("show code").set_checked(checked)
        assert shown.locator(".input").first.is_visible() == checked
        assert shown.get_by_text("shown all the same", exact=True).is_visible()
    assert page.locator(".graph-down svg").is_visible() and not page.locator(".graph-wide svg").is_visible()
    page.goto((workspace / "run.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to what happened"
    task = page.locator("#task-1 > summary")
    task.focus()
    page.keyboard.press("Enter")
    assert page.locator("#task-1").get_attribute("open") is not None
    page.locator(".graph-down a").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#task-2")
    page.goto((workspace / "run.html").as_uri())
    kept = page.get_by_text(re.compile(r"executed notebook: /.*/fails\.ipynb, which is not printed here"))
    page.emulate_media(media="print")
    assert page.get_by_text("Parameters of shows").is_visible() and kept.is_visible()
    assert not page.get_by_text("Executed notebook of fails").is_visible() and not page.locator("iframe").first.is_visible()


def test_runs_that_go_on_were_cut_off_or_are_large(page: Any, records: Path) -> None:
    """A for_each, results of SQL, tables and groups: axe-core finds nothing; nothing is wider than a telephone or a sheet of paper, however
    long a key is. Bars tell how an attempt ended by their pattern, too."""
    for name in ("going", "killed"):
        opened(page, records / f"{name}.html")
        assert faults(page) == []
        page.set_viewport_size({"width": 380, "height": 800})
        assert width(page) == 380
        page.set_viewport_size({"width": 700, "height": 900})
        page.emulate_media(media="print")
        assert width(page) == 700
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1100, "height": 900})
    opened(page, records / "going.html")
    grounds = page.evaluate(PATTERNS)
    assert set(grounds) == {"waits", "ok", "bad", "warn", "run"} and len(set(grounds.values())) == 5, grounds


PATTERNS = """() => Object.fromEntries([...document.querySelectorAll('.track .bar')].map(bar => [
  bar.classList[1], getComputedStyle(bar).backgroundImage.replace(/rgba?\\([^)]*\\)/g, 'colour')]))"""
"""The ground of each kind of bar, without its colours."""


def test_the_matrix(page: Any, workspace: Path, records: Path) -> None:
    """Runs and tasks with a sign and a word for each state; axe-core finds nothing; nothing is asked of anybody. Many runs and long keys
    scroll in their table, beside their keys, on a telephone as well."""
    opened(page, workspace / "matrix.html")
    assert page.asked == [] and page.locator("#foreign").count() == 0
    table = page.get_by_role("region", name="Table of runs and tasks")
    assert table.get_by_role("row", name="fails").get_by_role("cell", name="FAILED", exact=True).inner_text() == "✗"
    assert faults(page) == []
    page.set_viewport_size({"width": 380, "height": 800})
    opened(page, records / "matrix.html")
    assert width(page) == 380 and faults(page) == []
    page.get_by_role("columnheader", name="30", exact=True).scroll_into_view_if_needed()
    key, last = (page.get_by_role("row", name=LONG).locator(part).bounding_box() for part in ("th", "td:last-child"))
    assert key["x"] + key["width"] <= last["x"] < 380
