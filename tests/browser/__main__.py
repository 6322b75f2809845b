"""Takes all of the README's pictures of JupyterLab anew: ``python -m tests.browser``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, ROOT, Lab, Notebook
from tests.browser.test_live_view import begin, notebook_file

PICTURES = ROOT / ".pictures"
LIVE = ('from nbflow import run_pipeline\nrun = run_pipeline("medallion", brands=5)', 'run.tables["gold.top_brands"]')


def take_form(lab: Lab, page: Any) -> None:
    """The form of the repository's notebook, opened as a task, with a wrong value; in both themes."""
    notebook = Notebook(page, lab, "notebooks/layer.ipynb")
    cell = notebook.run(1)
    notebook.ask("get_ipython().run_line_magic('nbflow', 'open silver')")
    brands = cell.get_by_label("Brands in the ranking")
    brands.fill("0")
    brands.press("Tab")
    cell.get_by_role("alert").wait_for()
    page.evaluate("() => document.activeElement.blur()")
    for theme in ("Light", "Dark"):
        change_theme(notebook, theme)
        cell.screenshot(path=str(PICTURES / f"form-{theme.lower()}.png"))


def take_run(lab: Lab, page: Any) -> None:
    """A cell while its run goes on, with the one below, in the light theme; what stays of the run, in the dark one."""
    notebook_file(lab.root / "run.ipynb", *LIVE)
    notebook = Notebook(page, lab, "run.ipynb")
    change_theme(notebook, "Light")
    cell = begin(notebook, 0)
    cell.locator("[data-task='1'].run .w", has_text="cell").wait_for(timeout=300_000)
    first, second = cell.bounding_box(), notebook.cell(1).bounding_box()
    whole = {**first, "height": second["y"] + second["height"] - first["y"]}
    page.screenshot(path=str(PICTURES / "live.png"), clip=whole)
    cell.locator("img[alt*='SUCCESS: 3 SUCCESS']").wait_for(timeout=300_000)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    change_theme(notebook, "Dark")
    cell.screenshot(path=str(PICTURES / "kept.png"))


def change_theme(notebook: Notebook, theme: str) -> None:
    """Change the Lab's theme and the system's, and wait until both are seen."""
    notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
    notebook.page.emulate_media(color_scheme=theme.lower())
    notebook.page.wait_for_timeout(2000)


def main() -> None:
    """Start a Lab and a browser, take the pictures, end both."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
                take_form(lab, browser.new_page(viewport={"width": 1180, "height": 1000}))
                take_run(lab, browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5))
        finally:
            lab.close()


if __name__ == "__main__":
    main()
