"""The report in a real browser: nothing asked of anybody, nothing foreign done, readable by all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    notebook_file(root / "fails.ipynb", "x = 1", f"for _ in range(2):\n    raise ValueError({HOSTILE!r})")
    (root / "nbflow.toml").write_text('engine = "none"\n')
    (root / "odd.yml").write_text(
        f"name: {json.dumps(HOSTILE)}\nparameters: {{text: {json.dumps(HOSTILE)}}}\ntasks:\n"
        "  - {task_key: shows, notebook: shows, parameters: {more: 1}}\n"
        "  - {task_key: fails, notebook: fails, depends_on: [shows], max_retries: 1}\n"
        "  - {task_key: never, notebook: shows, depends_on: [fails]}\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NBFLOW_")}

    def nbflow(*words: str) -> int:
        return subprocess.run([sys.executable, "-m", "nbflow", *words], cwd=root, env=environment, check=False).returncode

    assert nbflow("run", "odd.yml", "--quiet") == 1
    assert nbflow("report", "last", "-o", "run.html") == 0
    assert nbflow("report", "odd.yml", "-o", "matrix.html") == 0
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
    """The page at ``place``, all that can be opened open."""
    page.goto(place.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for frame in page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return page


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
    assert len(documents) == 2
    page.goto("about:blank")
    page.set_content(documents[1].replace("<head>", "<head><meta http-equiv='Content-Security-Policy' content=\"img-src data:\">"))
    assert faults(page) == []


def test_the_report_on_a_telephone_and_by_keyboard(page: Any, workspace: Path) -> None:
    """At 380 pixels nothing is wider than the screen, and the graph goes downwards. The first Tab leads past the head, Enter opens a task,
    a box of the graph leads to its task. Printed, it is all opened."""
    page.set_viewport_size({"width": 380, "height": 800})
    opened(page, workspace / "run.html")
    assert page.evaluate("document.documentElement.scrollWidth") == 380
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
    assert page.url.endswith("#task-2")
    page.goto((workspace / "run.html").as_uri())
    page.emulate_media(media="print")
    assert page.get_by_text("Parameters of shows").is_visible()


def test_the_matrix(page: Any, workspace: Path) -> None:
    """Runs and tasks with a sign and a word for each state; axe-core finds nothing; nothing is asked of anybody."""
    opened(page, workspace / "matrix.html")
    assert page.asked == [] and page.locator("#foreign").count() == 0
    assert page.get_by_role("row", name="fails").get_by_role("cell", name="FAILED", exact=True).inner_text() == "✗"
    assert faults(page) == []
