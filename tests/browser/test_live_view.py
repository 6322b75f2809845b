"""A run watched from a cell of a real JupyterLab, and what of it stays in the notebook."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from nbflow.core.progress import RunProgress, TaskProgress
from nbflow.plan.export.graph import graph_svg
from nbflow.plan.export.marks import MARKS
from nbflow.surface.jupyter import live
from tests.browser.conftest import SETTINGS, TOKEN, Notebook

pytestmark = pytest.mark.long

SLOW = "import time\nfor _ in range(600):\n    time.sleep(0.1)"
STEP = "import time\ntime.sleep(0.8)"


def notebook_file(path: Path, *sources: str) -> None:
    """Write a notebook with these code cells."""
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for at, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}))


class Server:
    """JupyterLab in a workspace without Spark, whose pipelines wait a little, fail, or wait for ever."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "ws"
        notebook_file(self.root / "tasks/step.ipynb", STEP, "print('done')")
        notebook_file(self.root / "tasks/fails.ipynb", "x = 1", "raise ValueError('</script><b>no</b>')")
        notebook_file(self.root / "tasks/slow.ipynb", SLOW)
        notebook_file(self.root / "tasks/gated.ipynb", "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.1)")
        (self.root / "nbflow.toml").write_text('engine = "none"\n')
        (self.root / "pipelines").mkdir()
        for name, last in (("good", "step"), ("bad", "fails"), ("endless", "slow"), ("gated", "gated")):
            (self.root / f"pipelines/{name}.yml").write_text(
                f"name: {name}\ntasks:\n  - {{task_key: first, notebook: ../tasks/step}}\n"
                f"  - {{task_key: last, notebook: ../tasks/{last}, depends_on: [first]}}\n"
            )
        (self.root / "pipelines/each.yml").write_text(
            "name: each\ntasks:\n"
            "  - {task_key: loop, for_each_task: {inputs: [1, 2], task: "
            "{task_key: step, command: 'until test -e go-{{input}}; do sleep 0.1; done'}}}\n"
            "  - {task_key: last, command: 'true', depends_on: [loop]}\n"
        )
        (self.root / "pipelines/mixed.yml").write_text(
            "name: mixed\ntasks:\n  - {task_key: fails, notebook: ../tasks/fails}\n"
            "  - {task_key: again, max_retries: 1, command: 'test -e ran || { touch ran; exit 1; }; until test -e go-mixed; do sleep 0.1; done'}\n"
        )
        for name in ("left", "blocked", "lost"):
            (self.root / f"pipelines/{name}.yml").write_text(
                f"name: {name}\ntasks:\n  - {{task_key: only, command: 'until test -e go-{name}; do sleep 0.1; done'}}\n"
            )
        many = [
            f"  - {{task_key: task_{at:03}, command: '{'true' if at else 'until test -e go-many; do sleep 0.1; done'}', "
            f"depends_on: {[f'task_{at - 20:03}'] if at >= 20 else []}}}\n"
            for at in range(200)
        ]
        (self.root / "pipelines/many.yml").write_text("name: many\ntasks:\n" + "".join(many))
        own = {
            name: str(folder / name.lower())
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        }
        for name, content in SETTINGS.items():
            settings = Path(own["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / f"{name}.jupyterlab-settings"
            settings.parent.mkdir(parents=True)
            settings.write_text(json.dumps(content))
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            port = place.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
        ]  # fmt: skip
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 90
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text("utf-8")[-4000:]
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/api/status?token={TOKEN}", timeout=5).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End it with its kernels."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here."""
    started = Server(tmp_path_factory.mktemp("server"))
    yield started
    started.close()


@pytest.fixture
def open_cells(browser: Any, server: Server) -> Iterator[Callable[..., Notebook]]:
    """Opens a new notebook with these cells; its kernel ends with the test."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(30_000)
    opened: list[Notebook] = []

    def open_one(name: str, *sources: str) -> Notebook:
        notebook_file(server.root / f"{name}.ipynb", *sources)
        opened.append(Notebook(context.new_page(), server, f"{name}.ipynb"))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for notebook in opened:
        notebook.command("kernelmenu:shutdown")
    context.close()


def begin(notebook: Notebook, at: int) -> Any:
    """Run one cell without waiting for its end; the cell."""
    notebook.page.evaluate(
        "at => { const app = window.jupyterapp; app.shell.currentWidget.content.activeCellIndex = at;"
        " app.commands.execute('notebook:run-cell'); }",
        at,
    )
    return notebook.cell(at)


def saved(notebook: Notebook, server: Server, name: str) -> dict[str, Any]:
    """The notebook's file after it was saved."""
    notebook.command("docmanager:save")
    document: dict[str, Any] = json.loads((server.root / f"{name}.ipynb").read_text("utf-8"))
    return document


def test_a_run_watched_to_its_end_and_kept(open_cells: Callable[..., Notebook], server: Server, browser: Any) -> None:
    """The cell draws where each task is, in the Lab's theme; at the end the picture and a table whose links open the executed notebooks.
    Saved, that is all there is: no widget, no state; a copy that nobody trusts shows it, too."""
    notebook = open_cells("watched", "from nbflow import run_pipeline\nrun = run_pipeline('good')", "run.tasks['last'].result")
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    cell = begin(notebook, 0)
    expect(cell.locator("[data-task='0'].run .w")).to_have_text("cell 1 of 2", timeout=60_000)
    expect(cell.locator("[data-task='1'].idle .w")).to_have_text("waits")
    expect(cell.locator(".nbf-head b")).to_have_text("good: run 1 RUNNING")
    expect(cell.locator(".nbf-row b")).to_have_text("first")
    assert cell.locator("svg.nbf.nbf-dark").count() == 1
    ground = cell.locator(".nbf-live").evaluate("view => getComputedStyle(view).backgroundColor")
    assert ground == "rgb(13, 17, 23)", "its own, whatever a front end lays behind widgets"
    expect(cell.locator("[data-task='0'].ok .w")).to_contain_text("SUCCESS", timeout=60_000)
    picture = cell.locator("img[alt='Graph of run 1 of good, SUCCESS: 2 SUCCESS']")
    expect(picture).to_be_visible(timeout=60_000)
    assert picture.evaluate("image => image.naturalWidth") > 300
    expect(cell.locator(".nbf-live")).to_have_count(0)
    notebook.wait()
    there = "[type(each).__name__ for each in __import__('ipywidgets.widgets.widget', fromlist=[''])._instances.values()]"
    assert "LiveRun" not in notebook.ask(there), "the kernel keeps nothing of it"
    document = saved(notebook, server, "watched")
    assert "widgets" not in document["metadata"]
    picture_output, widget_output = document["cells"][0]["outputs"]
    assert (set(picture_output["data"]), widget_output["data"]) == ({"text/html", "text/plain"}, {"text/plain": []})
    cell.get_by_role("link", name="last").click()
    notebook.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.title.label === 'last.ipynb'")
    assert notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path") == "runs/good/1/last.ipynb"
    document["cells"][1]["source"] = "another text, so that nobody has signed it"
    (server.root / "copy.ipynb").write_text(json.dumps(document))
    page = browser.new_context().new_page()
    page.goto(f"{server.url}/lab/tree/copy.ipynb?reset&token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    again = page.locator("img[alt='Graph of run 1 of good, SUCCESS: 2 SUCCESS']")
    expect(again).to_be_visible(timeout=30_000)
    assert again.evaluate("image => image.naturalWidth") > 300
    trusted = "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(0).trusted"
    assert page.evaluate(trusted) is False
    page.context.close()
    html, _ = HTMLExporter().from_filename(str(server.root / "watched.ipynb"))
    assert re.search(r"<img alt=\"Graph of run 1 of good, SUCCESS: 2 SUCCESS\"[^>]* src=\"data:image/svg\+xml;base64,", html)


def test_what_fails_is_told_while_others_go_on(open_cells: Callable[..., Notebook], server: Server) -> None:
    """The error stands above the graph as soon as it is there, attempts are counted, and stay told; tasks that are too
    many for boxes are drawn in groups."""
    notebook = open_cells("goes_on", "from nbflow import run_pipeline\nrun_pipeline('mixed')", "run_pipeline('many')")
    cell = begin(notebook, 0)
    expect(cell.locator(".nbf-error b")).to_have_text("fails FAILED in cell 2 of 2", timeout=60_000)
    expect(cell.locator("[data-task='1'].run .w")).to_have_text("attempt 2, runs")
    expect(cell.locator(".nbf-head b")).to_have_text(re.compile(r"^mixed: run \d+ RUNNING$"))
    expect(cell.locator(".nbf-head .nbf-engine")).to_have_text("Spark engine: none (not needed)")
    assert cell.locator(".nbf-errors").bounding_box()["y"] < cell.locator(".nbf-graph").bounding_box()["y"]
    (server.root / "pipelines/go-mixed").touch()
    expect(cell.locator("img[alt$='of mixed, FAILED: 1 FAILED, 1 SUCCESS']")).to_be_visible(timeout=60_000)
    expect(cell.get_by_role("cell", name="SUCCESS (attempt 2)")).to_be_visible()
    notebook.wait()
    cell = begin(notebook, 1)
    expect(cell.locator(".nbf-live .nbf-graph text").first).to_have_text("step 1: 20 tasks", timeout=60_000)
    expect(cell.locator(".nbf-live .nbf-graph .t")).to_have_count(10)
    (server.root / "pipelines/go-many").touch()
    expect(cell.locator("img[alt$='of many, SUCCESS: 200 SUCCESS']")).to_be_visible(timeout=60_000)


def test_a_run_that_fails_and_one_that_is_interrupted(open_cells: Callable[..., Notebook], server: Server) -> None:
    """The failing cell's error stands first, foreign text in it is text. Interrupting the cell cancels the run: CANCELED is what stays,
    no process of it does; later cells run. Who saves the notebook before that keeps the picture of then."""
    notebook = open_cells(
        "failing", "%load_ext nbflow", "%nbflow run bad", "from nbflow import run_pipeline\nrun_pipeline('endless')", "print(6 * 7)"
    )
    notebook.run(0)
    cell = begin(notebook, 1)
    expect(cell.locator("img[alt$='FAILED: 1 FAILED, 1 SUCCESS']")).to_be_visible(timeout=60_000)
    expect(cell.locator(".jp-RenderedHTML pre")).to_contain_text("raise ValueError('</script><b>no</b>')")
    order = cell.locator(".jp-RenderedHTML").first.evaluate(
        "node => [...node.querySelectorAll('pre, img, table')].map(part => part.tagName).join(' ')"
    )
    assert order == "PRE IMG TABLE"
    for theme in ("Dark", "Light"):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        expect(notebook.page.locator(f"body[data-jp-theme-light='{str(theme == 'Light').lower()}']")).to_have_count(1)
        found = cell.locator(".jp-RenderedHTML [style*='color-mix']").evaluate_all(CONTRASTS)
        assert len(found) == 2 and min(found) >= 4.5, (theme, found)
    cell = begin(notebook, 2)
    expect(cell.locator("[data-task='1'] .w")).to_have_text("cell 1 of 1", timeout=60_000)
    expect(cell.locator("img[alt^='Graph of run']")).to_be_hidden()
    early = saved(notebook, server, "failing")["cells"][2]["outputs"][0]["data"]["text/html"]
    assert 'alt="Graph of run' in "".join(early) and "endless: run" in "".join(early) and "RUNNING" in "".join(early)
    notebook.command("notebook:interrupt-kernel")
    expect(cell.locator("img[alt*='CANCELED']")).to_be_visible(timeout=60_000)
    expect(cell.get_by_text("interrupted: the run was asked to end", exact=True)).to_be_visible()
    notebook.wait()
    expect(notebook.run(3).get_by_text("42")).to_be_visible()
    left = [place for place in Path("/proc").glob("[0-9]*/cwd") if _target(place) == str(server.root / "tasks")]
    assert left == []


CONTRASTS = """nodes => {
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const paint = (...colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = part => part.map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  return nodes.map(node => {
    const grounds = [];
    for (let part = node; part; part = part.parentElement) grounds.unshift(getComputedStyle(part).backgroundColor);
    const [low, high] = [light(paint('white', ...grounds)), light(paint('white', ...grounds, getComputedStyle(node).color))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
}"""
"""The contrast of each element's text to what is behind it, as WCAG has it."""


def test_the_older_notebook(browser: Any, server: Server) -> None:
    """In Notebook 7 the same cells do the same: the form takes a choice and tells a wrong value, a run of a for_each is drawn live with its
    steps hanging at it, and kept with links."""
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    widgets = "from nbflow import widgets\nlayer = widgets.dropdown('layer', 'a', ['a', 'b'], label='Layer')\n"
    widgets += "rows = widgets.number('rows', 10, min=1, label='Rows')"
    notebook_file(server.root / "seven.ipynb", f"%load_ext nbflow\n{widgets}", "%nbflow run each", "print(layer, rows)")
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(30_000)
    notebook = Notebook(context.new_page(), server, "seven.ipynb", under="/notebooks/")  # type: ignore[arg-type]
    form = notebook.run(0)
    form.get_by_label("Layer").select_option("b")
    form.get_by_label("Rows").fill("0")
    form.get_by_label("Rows").press("Tab")
    expect(form.get_by_role("alert")).to_have_text("✖ 0 is less than 1; it stays 10")
    cell = begin(notebook, 1)
    for done in (0, 1):
        for box in (0, 2):
            expect(cell.locator(f"[data-task='{box}'].run .w")).to_have_text(f"{done} of 2 done", timeout=60_000)
        (server.root / f"pipelines/go-{done + 1}").touch()
    expect(cell.locator("img[alt$='of each, SUCCESS: 2 SUCCESS']")).to_be_visible(timeout=60_000)
    expect(cell.locator(".nbf-live")).to_have_count(0)
    assert "loop/1.log" in (cell.get_by_role("link", name="loop/1").get_attribute("href") or "")
    notebook.wait()
    expect(notebook.run(2).get_by_text("b 10")).to_be_visible()
    context.close()


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def test_what_is_said_of_a_task_stays_inside_its_box(browser: Any) -> None:
    """The word of each state, at the second attempt and with a long time, too: where it was drawn so, and where the live view puts it."""
    page = browser.new_page()
    for state in MARKS:
        tasks = {"a": TaskProgress("a", state=state, attempt=1), "b": TaskProgress("b", state=state, attempt=1, seconds=3723.0)}
        run = RunProgress(1, "p", "none", "FAILED", None, None, None, tasks)
        for titles in (True, False):
            page.set_content(graph_svg(run, titles=titles))
            over = page.evaluate(
                "() => [...document.querySelectorAll('text')].map(node => node.getComputedTextLength()).filter(wide => wide > 160 - 34)"
            )
            assert over == [], (state, titles)
    waiting = RunProgress(1, "p", "none", "RUNNING", None, None, None, {"a": TaskProgress("a")})
    page.set_content(graph_svg(waiting))
    script = Path(live.__file__).with_suffix(".js").read_text("utf-8").replace("export default", "window.live =")
    page.add_script_tag(content=f"{{ {script} }}")
    said = page.evaluate(
        "words => words.map(word => { const node = document.querySelector('.w'); window.live.fit(node, word, 124);"
        " return [node.textContent, node.getComputedTextLength()]; })",
        [*MARKS, "3 of 12 UPSTREAM_CANCELED", "SUCCESS"],
    )
    assert max(wide for _, wide in said) <= 124 and said[-1][0] == "SUCCESS"
    assert "UPSTREAM_CANCELED" in [text for text, _ in said], "it is told whole"
    page.close()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("vscode-dark", "nbf-dark"),
        ("vscode-light", "nbf-light"),
        ("vscode-high-contrast", "nbf-dark"),
        ("vscode-high-contrast-light vscode-high-contrast", "nbf-light"),
        ("", ""),
    ],
)
def test_the_colours_are_those_of_an_editor(browser: Any, kinds: str, expected: str) -> None:
    """VS Code tells its theme by the page's classes; where nothing is told the system's choice holds."""
    page = browser.new_page()
    page.set_content(f"<body class='{kinds}'></body>")
    script = Path(live.__file__).with_suffix(".js").read_text("utf-8").replace("export default", "window.live =")
    page.add_script_tag(content=f"{{ {script} }}")
    taken = "() => { const node = document.createElement('div'); window.live.theme(node); return node.className; }"
    assert page.evaluate(taken) == expected
    page.close()


def test_two_views_of_a_run_that_nobody_waits_for(open_cells: Callable[..., Notebook], server: Server) -> None:
    """Each shows the run while other cells are executed, and both end as pictures; the run object reads what came of it."""
    notebook = open_cells(
        "twice", "from nbflow import run_pipeline\nrun = run_pipeline('gated', wait=False)\nrun", "run", "run.wait().to_frame()"
    )
    first, second = notebook.run(0), notebook.run(1)
    for cell in (first, second):
        expect(cell.locator("[data-task='1'].run .w")).to_have_text("cell 1 of 1", timeout=60_000)
    (server.root / "tasks/go").touch()
    frame = notebook.run(2)
    expect(frame.get_by_role("cell", name="SUCCESS").first).to_be_visible()
    for cell in (first, second):
        expect(cell.locator("img[alt$='SUCCESS: 2 SUCCESS']")).to_be_visible(timeout=30_000)


def test_a_page_that_is_loaded_again_while_the_run_goes_on(open_cells: Callable[..., Notebook], server: Server) -> None:
    """What is saved meanwhile says of which moment it is, and who tells the end. In the page the widget tells the end itself, and stays: of a
    run that nobody waits for at once, of one that its cell waits for when the cell is over."""
    name = "again"
    notebook = open_cells(
        name, "from nbflow import run_pipeline\nrun = run_pipeline('left', wait=False)\nrun", "run = run_pipeline('blocked')"
    )
    for at, pipeline in enumerate(("left", "blocked")):
        cell = begin(notebook, at)
        expect(cell.locator("[data-task='0'].run .w")).to_have_text("runs", timeout=60_000)
        outputs = saved(notebook, server, name)["cells"][at]["outputs"]
        [kept] = [output["data"] for output in outputs if "text/html" in output.get("data", {})]
        for text in ("".join(kept["text/html"]), "".join(kept["text/plain"])):
            assert re.search(r"RUNNING.*, as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d; `nbflow runs show \d+` tells how the run ended", text), text
        notebook.page.reload()
        notebook.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        cell = notebook.cell(at)
        if pipeline == "left":
            expect(cell.locator(".nbf-head b")).to_have_text(re.compile(r"^left: run \d+ RUNNING$"))
        expect(cell.locator("img[alt^='Graph of run']")).to_have_count(1)
        (server.root / f"pipelines/go-{pipeline}").touch()
        expect(cell.locator(".nbf-head b")).to_have_text(re.compile(rf"^{pipeline}: run \d+ SUCCESS$"), timeout=60_000)
        expect(cell.locator(".nbf-stays")).to_be_visible()
        expect(cell.locator("img[alt*='RUNNING']")).to_be_hidden()
        notebook.wait()
    assert "widgets" not in saved(notebook, server, name)["metadata"]


def test_what_was_saved_while_a_run_went_on(open_cells: Callable[..., Notebook], server: Server) -> None:
    """Opened when its kernel is gone it shows the picture, and no word of a widget that is not found."""
    name, left = "unfinished", "from nbflow import run_pipeline\nrun = run_pipeline('endless', wait=False)\nrun"
    notebook = open_cells(name, left)
    cell = begin(notebook, 0)
    expect(cell.locator("[data-task='1'].run .w")).to_have_text("cell 1 of 1", timeout=60_000)
    saved(notebook, server, name)
    page = notebook.page.context.new_page()
    (server.root / "later.ipynb").write_bytes((server.root / f"{name}.ipynb").read_bytes())
    later = Notebook(page, server, "later.ipynb")  # type: ignore[arg-type]
    expect(later.cell(0).locator("img[alt^='Graph of run']")).to_be_visible(timeout=60_000)
    lost = later.cell(0).get_by_text("model not found")
    expect(lost).to_have_count(1, timeout=60_000)
    expect(lost).to_be_hidden()
    later.command("kernelmenu:shutdown")
    page.close()
    notebook.ask("run.cancel()")


def test_a_kernel_that_is_gone(open_cells: Callable[..., Notebook], server: Server) -> None:
    """The view of a run says so where its kernel was restarted or killed, its clocks stand, and nothing claims that the run goes on."""
    notebook = open_cells(
        "gone", "from nbflow import run_pipeline\nrun = run_pipeline('lost', wait=False)\nrun", "import os\nos.kill(os.getpid(), 9)"
    )
    cell = notebook.run(0)
    expect(cell.locator("[data-task='0'].run .w")).to_have_text("runs", timeout=60_000)
    expect(cell.locator(".nbf-clock").first).to_be_visible()
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    said = re.compile(r"^the kernel is gone: `nbflow runs show \d+` tells how the run ended$")
    expect(cell.locator(".nbf-gone")).to_have_text(said, timeout=60_000)
    expect(cell.locator(".nbf-clock")).to_have_count(0)
    expect(cell.locator(".nbf-head")).not_to_contain_text("RUNNING")
    notebook.page.screenshot(path="/tmp/rev/f3/gone.png")
    notebook.wait()
    cell = notebook.run(0)
    expect(cell.locator("[data-task='0'].run .w")).to_have_text("runs", timeout=60_000)
    begin(notebook, 1)
    expect(cell.locator(".nbf-gone")).to_have_text(re.compile("^the kernel is gone"), timeout=60_000)
    expect(cell.locator(".nbf-clock")).to_have_count(0)
    (server.root / "pipelines/go-lost").touch()
