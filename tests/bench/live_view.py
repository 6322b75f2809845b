"""What it costs to watch a run from a cell of JupyterLab, and how soon an event of the run is on the screen.

``python -m tests.bench.live_view``; prints milliseconds from the record of a cell's start to its painting (median and the worst of those that
were painted, and of how many: what is over before the next picture is never on the screen), the run's time watched and not watched (median of 3
each), the bytes that 100 tasks with long keys, three parents and values leave in the notebook, and for how long the page at most did not answer
while 1,000 tasks ran.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.conftest import FLAGS, Notebook
from tests.browser.test_live_view import Server, notebook_file, saved

WATCH = """
window.painted = {};
new MutationObserver(() => requestAnimationFrame(() => {
  const said = document.querySelector("[data-task='0'] .w")?.textContent ?? "";
  const cell = said.match(/^cell (\\d+) of/);
  if (cell && !(cell[1] in window.painted)) window.painted[cell[1]] = Date.now();
})).observe(document, {subtree: true, childList: true, characterData: true});
"""
VALUES = """printf '%s\\n' '{"key": "rows", "value": 123456}' '{"key": "table", "value": "silver.orders"}' >> $NBFLOW_TASK/values.jsonl"""
TIMES = 3


def records(server: Server) -> sqlite3.Connection:
    """The workspace's records."""
    return sqlite3.connect(server.root / ".nbflow/nbflow.db")


def to_the_screen(server: Server, notebook: Notebook) -> tuple[list[float], int]:
    """Milliseconds from a cell's start to its painting, of those that were painted, and how many there were."""
    notebook.run(0)
    with records(server) as database:
        run_id = database.execute("select max(run_id) from runs").fetchone()[0]
        rows = database.execute("select at, payload from events where run_id = ? and kind = 'CellStarted'", (run_id,)).fetchall()
    started = {str(json.loads(payload)["cell"]): at / 1000 for at, payload in rows}
    painted: dict[str, Any] = notebook.page.evaluate("window.painted")
    return [painted[cell] - at for cell, at in started.items() if cell in painted], len(started)


def durations(server: Server, notebook: Notebook) -> tuple[float, float]:
    """The run's seconds, watched and not, in turn."""
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(TIMES):
        for cell, found in times.items():
            notebook.run(cell)
            with records(server) as database:
                found.append(database.execute("select duration_s from runs order by run_id desc limit 1").fetchone()[0])
    return statistics.median(times[1]), statistics.median(times[2])


def left(server: Server, notebook: Notebook, name: str) -> int:
    """The bytes of the outputs and the metadata that a run of 100 tasks leaves in the file."""
    notebook.run(3)
    document = saved(notebook, server, name)
    return len(json.dumps(document["cells"][3]["outputs"])) + len(json.dumps(document["metadata"]))


def longest_pause(notebook: Notebook) -> float:
    """The longest time that the page was busy with one thing while the last cell ran, in milliseconds."""
    notebook.page.evaluate(
        "() => { window.pauses = [0]; new PerformanceObserver(list => window.pauses.push(...list.getEntries().map(entry => entry.duration)))"
        ".observe({entryTypes: ['longtask']}); }"
    )
    notebook.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 4 }")
    notebook.command("notebook:run-cell")
    notebook.wait(600)
    return float(notebook.page.evaluate("Math.max(...window.pauses)"))


def pipeline_of(count: int, width: int, name: str = "task", parents: int = 1, command: str = "true") -> str:
    """A pipeline of tasks that do no more than the command, in layers."""
    keys = [f"{name}_{at:04}" for at in range(count)]
    tasks = []
    for at, key in enumerate(keys):
        above = (at // width - 1) * width
        before = [keys[above + (at + 3 * step) % width] for step in range(parents)] if above >= 0 else []
        tasks.append(f"  - task_key: {key}\n    depends_on: {before}\n    command: |\n      {command}\n")
    return "name: many\ntasks:\n" + "".join(tasks)


def main() -> None:
    """Print the figures."""
    from playwright.sync_api import sync_playwright

    folder = Path(tempfile.mkdtemp())
    server = Server(folder)
    try:
        notebook_file(server.root / "tasks/many.ipynb", *["import time\ntime.sleep(0.15)"] * 30)
        (server.root / "pipelines/hundred.yml").write_text(pipeline_of(100, 10, "load_customer_orders_of_day", 3, VALUES))
        (server.root / "pipelines/thousand.yml").write_text(pipeline_of(1000, 40))
        watched = "from nbflow import run_pipeline\nrun = run_pipeline('/w/tasks/many.ipynb')".replace("/w", str(server.root))
        alone = watched.replace("ipynb')", "ipynb', wait=False).wait()")
        notebook_file(
            server.root / "bench.ipynb", watched, watched, alone, "run = run_pipeline('hundred')", "run = run_pipeline('thousand')"
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
            page = browser.new_page()
            page.add_init_script(WATCH)
            notebook = Notebook(page, server, "bench.ipynb")  # type: ignore[arg-type]
            shown, sent = to_the_screen(server, notebook)
            print(
                f"event to screen: median {statistics.median(shown):.0f} ms, worst {max(shown):.0f} ms, {len(shown)} drawn of {sent} sent"
            )
            with_view, without = durations(server, notebook)
            print(f"run: {with_view:.2f} s watched, {without:.2f} s not, {100 * (with_view / without - 1):+.1f} %")
            print(f"left in the notebook by 100 tasks: {left(server, notebook, 'bench')} bytes")
            print(f"1,000 tasks: the page was busy for {longest_pause(notebook):.0f} ms at most")
            browser.close()
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
